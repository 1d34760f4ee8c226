"""The store in one SQLite file: what it is asked, over connections that `connections` lends."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from aggregator.model import (
    Budget,
    Entry,
    EntryQuery,
    Incident,
    PollCommit,
    PollJob,
    PollReport,
    PollTally,
    RawHtml,
    Source,
    SourceStatus,
    StoryPolicy,
    TagCount,
    WantedPage,
)
from aggregator.protocols import NO_POLICY
from aggregator.store import articles, textindex
from aggregator.store.archives import SqliteArchives
from aggregator.store.connections import Connections
from aggregator.store.costs import limited, snapshot
from aggregator.store.curation import SqliteCuration
from aggregator.store.folders import SqliteFolders
from aggregator.store.incidents import read_incidents
from aggregator.store.posts import SqlitePosts
from aggregator.store.pruning import SqlitePruning
from aggregator.store.record import record_feed
from aggregator.store.rows import bump_revision, only_row
from aggregator.store.schedule import due_rows, is_any_due, keep_host_pause, pause_host, spread_due
from aggregator.store.search import select_entries, walk_ids
from aggregator.store.select import read_entries
from aggregator.store.sites import SqliteSites
from aggregator.store.sources import (
    lease_rows,
    read_job,
    read_polls,
    read_status,
    sync,
    write_poll,
    write_state,
)
from aggregator.store.subscriptions import SqliteLists


class SqliteStore:
    """`protocols.Store` on the file at `path`, which is made, or brought up to date, when needed."""

    def __init__(self, path: Path) -> None:
        self._connections = Connections(path)
        self._read = self._connections.read
        self._write = self._connections.write
        self.archives = SqliteArchives(self._read, self._write)
        self.curation = SqliteCuration(self._read, self._write)
        self.lists = SqliteLists(self._read, self._write)
        self.folders = SqliteFolders(self._read, self._write)
        self.sites = SqliteSites(self._read, self._write)
        self.posts = SqlitePosts(self._read, self._write)
        self.pruning = SqlitePruning(self._read, self._write, folders=self.folders, path=path)
        try:
            with self._read() as conn:
                indexed = textindex.is_current(conn)
            if not indexed:
                textindex.build(self._write)
        except BaseException:
            self.close()
            raise

    # --- sources and polls ----------------------------------------------------------------------------

    def sync_sources(self, sources: Sequence[Source], *, now: int, policy: StoryPolicy = NO_POLICY) -> None:
        """See `protocols.Store.sync_sources`."""
        with self._write() as conn:
            sync(conn, sources, policy, now)
            bump_revision(conn)

    def take_schedule(self) -> None:
        """See `protocols.Store.take_schedule`."""
        self._connections.take_schedule()
        with self._write() as conn:
            conn.execute("UPDATE sources SET leased_until = 0 WHERE leased_until > 0")

    def spread_due(self, *, now: int, apart: int, over: int = 0) -> None:
        """See `protocols.Store.spread_due`."""
        with self._write() as conn:
            spread_due(conn, now=now, apart=apart, over=over)

    def claim_due(
        self, *, now: int, limit: int, lease: int, busy: Collection[str] | None = None
    ) -> list[PollJob]:
        """See `protocols.Store.claim_due`."""
        with self._read() as conn:  # most ticks find nothing: they need not write
            if not is_any_due(conn, now=now, busy=busy):
                return []
        with self._write() as conn:
            rows = due_rows(conn, now=now, limit=limit, busy=busy)
            lease_rows(conn, [row["id"] for row in rows], now + lease)
        return [read_job(row) for row in rows]

    def claim(self, names: Sequence[str], *, now: int, lease: int) -> list[PollJob]:
        """See `protocols.Store.claim`."""
        with self._write() as conn:
            rows = [
                row
                for name in names
                for row in conn.execute(
                    "SELECT * FROM sources WHERE name = ? AND position IS NOT NULL", (name,)
                ).fetchall()
            ]
            lease_rows(conn, [row["id"] for row in rows], now + lease)
        return [read_job(row) for row in rows]

    def release(self, jobs: Sequence[PollJob]) -> None:
        """See `protocols.Store.release`."""
        with self._write() as conn:
            lease_rows(conn, [job.source_id for job in jobs], 0)

    def record(self, commit: PollCommit, policy: StoryPolicy, *, now: int) -> PollTally:
        """See `protocols.Store.record`."""
        with self._write() as conn:
            tally = PollTally()
            if commit.feed is not None:
                before = articles.last_carried(conn)
                tally = record_feed(conn, commit, commit.feed, policy, now)
                if commit.full_text:
                    articles.want_pages(conn, commit.report.source_id, after=before)
            is_news = tally.new or tally.joined
            state = commit.state_if_new if is_news and commit.state_if_new else commit.state
            if write_state(conn, commit, state):
                bump_revision(conn)
            keep_host_pause(conn, commit, now)
            write_poll(conn, commit.report, tally)
            return tally

    def source_statuses(self) -> list[SourceStatus]:
        """See `protocols.Store.source_statuses`."""
        with self._read() as conn:
            rows = conn.execute(
                "SELECT *, (SELECT count(*) FROM entry_sources WHERE source_id = s.id) AS entries"
                " FROM sources AS s WHERE position IS NOT NULL ORDER BY position"
            ).fetchall()
        return [read_status(row) for row in rows]

    def polls(self, name: str, *, limit: int) -> list[tuple[PollReport, PollTally]]:
        """See `protocols.Store.polls`."""
        with self._read() as conn:
            return read_polls(conn, name, limit)

    def incidents(self, *, limit: int) -> list[Incident]:
        """See `protocols.Store.incidents`."""
        with self._read() as conn:
            return read_incidents(conn, limit)

    # --- entries --------------------------------------------------------------------------------------

    def revision(self) -> int:
        """See `protocols.Store.revision`."""
        with self._read() as conn:
            return int(only_row(conn, "SELECT number FROM revision")[0])

    def entries(self, query: EntryQuery, budget: Budget | None = None) -> list[Entry]:
        """See `protocols.Store.entries`."""
        with self._read() as conn, snapshot(conn), limited(conn, budget) as meter:
            return select_entries(conn, query, meter)

    def walk(self, query: EntryQuery) -> Iterator[Entry]:
        """See `protocols.Store.walk`."""
        with self._read() as conn:
            with snapshot(conn):
                ids = walk_ids(conn, query)
            yield from read_entries(conn, ids)

    def entry(self, entry_id: int) -> Entry | None:
        """See `protocols.Store.entry`."""
        with self._read() as conn:
            return next(read_entries(conn, [entry_id]), None)

    def wanted_pages(self, source_id: int, *, now: int, limit: int) -> list[WantedPage]:
        """See `protocols.Store.wanted_pages`."""
        with self._read() as conn:
            return articles.wanted_pages(conn, source_id, now=now, limit=limit)

    def keep_article(self, entry_id: int, article: RawHtml, policy: StoryPolicy, *, now: int) -> None:
        """See `protocols.Store.keep_article`."""
        with self._write() as conn:
            articles.keep_article(conn, entry_id, article, policy, now)

    def note_page_failure(self, entry_id: int, problem: str, *, final: bool) -> bool:
        """See `protocols.Store.note_page_failure`."""
        with self._write() as conn:
            return articles.note_failure(conn, entry_id, problem, final=final)

    def pause_host(self, host: str, *, until: int, now: int) -> None:
        """See `protocols.Store.pause_host`."""
        with self._write() as conn:
            pause_host(conn, host, until=until, now=now)

    def tag_counts(self) -> list[TagCount]:
        """See `protocols.Store.tag_counts`."""
        with self._read() as conn:
            rows = conn.execute(
                "SELECT tag, count(*), max(surfaced) FROM entry_tags GROUP BY tag ORDER BY 2 DESC, 1"
            ).fetchall()
        return [TagCount(tag=tag, entries=entries, surfaced=surfaced) for tag, entries, surfaced in rows]

    def entry_count(self) -> int:
        """See `protocols.Store.entry_count`."""
        with self._read() as conn:
            return int(conn.execute("SELECT count(*) FROM entries WHERE dropped = 0").fetchone()[0])

    def ping(self) -> None:
        """See `protocols.Store.ping`."""
        self.revision()

    def close(self) -> None:
        """See `protocols.Store.close` and `Connections.close`."""
        self._connections.close()
