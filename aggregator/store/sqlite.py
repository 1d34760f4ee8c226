"""The store in one SQLite file.

One connection writes, under a lock that also holds between processes, and so does everything that SQLite does
at commit and close: versions before 3.51.3 can corrupt a write-ahead log that several connections write and
checkpoint at once. Readers have connections of their own and never wait for the writer.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from sqlite_utils import Database

from aggregator.exceptions import StoreError
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
from aggregator.store.costs import limited, snapshot
from aggregator.store.curation import SqliteCuration
from aggregator.store.folders import SqliteFolders
from aggregator.store.incidents import read_incidents
from aggregator.store.locks import lock_schedule
from aggregator.store.migrations import migrations
from aggregator.store.record import record_feed
from aggregator.store.rows import bump_revision
from aggregator.store.schedule import due_rows, is_any_due, keep_host_pause, pause_host, spread_due
from aggregator.store.search import select_entries, walk_ids
from aggregator.store.select import read_entries
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

BUSY_TIMEOUT = 10.0
"""Seconds that a write waits for another process's; not so long when the store is being closed."""

_TRY = 0.25
"""Seconds that SQLite itself waits for a lock before it is asked again."""

_PAUSE = 0.005
"""Seconds between two tries to get the lock between processes."""

_PATIENCE = 1.0
"""Seconds that closing waits for a write under way."""

_IDLE_READERS = 4
"""Reading connections that are kept open for the next reader."""


class SqliteStore:
    """`protocols.Store` on the file at `path`, which is made, or brought up to date, when needed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._write_lock = threading.RLock()
        self._readers: list[sqlite3.Connection] = []
        self._readers_lock = threading.Lock()
        self._closing = False
        self._closed = False
        self._schedule_lock: int | None = None
        self.archives = SqliteArchives(self._read, self._writing)
        self.curation = SqliteCuration(self._read, self._writing)
        self.lists = SqliteLists(self._read, self._writing)
        self.folders = SqliteFolders(self._read, self._writing)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock_file = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            what = "opened for writing" if path.exists() else "created"
            raise StoreError(
                f"{path}: cannot be {what}: {error.strerror} ({error.filename});"
                " make its folder writable or choose another in [service] database"
            ) from error
        writer = None
        try:
            writer = self._connect()
            self._writer = Database(writer)
            self._migrate()
        except BaseException:
            os.close(self._lock_file)
            if writer is not None:
                writer.close()
            raise

    # --- sources and polls ----------------------------------------------------------------------------

    def sync_sources(self, sources: Sequence[Source], *, now: int, policy: StoryPolicy = NO_POLICY) -> None:
        """See `protocols.Store.sync_sources`."""
        with self._write() as db:
            sync(db.conn, sources, policy, now)
            bump_revision(db.conn)

    def take_schedule(self) -> None:
        """See `protocols.Store.take_schedule`."""
        self._schedule_lock = lock_schedule(self._path)
        with self._write() as db:
            db.execute("UPDATE sources SET leased_until = 0 WHERE leased_until > 0")

    def spread_due(self, *, now: int, apart: int, over: int = 0) -> None:
        """See `protocols.Store.spread_due`."""
        with self._write() as db:
            spread_due(db.conn, now=now, apart=apart, over=over)

    def claim_due(
        self, *, now: int, limit: int, lease: int, busy: Collection[str] | None = None
    ) -> list[PollJob]:
        """See `protocols.Store.claim_due`."""
        with self._read() as conn:  # most ticks find nothing: they need not write
            if not is_any_due(conn, now=now, busy=busy):
                return []
        with self._write() as db:
            rows = due_rows(db.conn, now=now, limit=limit, busy=busy)
            lease_rows(db.conn, [row["id"] for row in rows], now + lease)
        return [read_job(row) for row in rows]

    def claim(self, names: Sequence[str], *, now: int, lease: int) -> list[PollJob]:
        """See `protocols.Store.claim`."""
        with self._write() as db:
            rows = [
                row
                for name in names
                for row in db.execute(
                    "SELECT * FROM sources WHERE name = ? AND position IS NOT NULL", (name,)
                ).fetchall()
            ]
            lease_rows(db.conn, [row["id"] for row in rows], now + lease)
        return [read_job(row) for row in rows]

    def release(self, jobs: Sequence[PollJob]) -> None:
        """See `protocols.Store.release`."""
        with self._write() as db:
            lease_rows(db.conn, [job.source_id for job in jobs], 0)

    def record(self, commit: PollCommit, policy: StoryPolicy, *, now: int) -> PollTally:
        """See `protocols.Store.record`."""
        with self._write() as db:
            tally = PollTally()
            if commit.feed is not None:
                before = articles.last_carried(db.conn)
                tally = record_feed(db.conn, commit, commit.feed, policy, now)
                if commit.full_text:
                    articles.want_pages(db.conn, commit.report.source_id, after=before)
            is_news = tally.new or tally.joined
            state = commit.state_if_new if is_news and commit.state_if_new else commit.state
            if write_state(db.conn, commit, state):
                bump_revision(db.conn)
            keep_host_pause(db.conn, commit, now)
            write_poll(db.conn, commit.report, tally)
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
            return int(conn.execute("SELECT number FROM revision").fetchone()[0])

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
        with self._write() as db:
            articles.keep_article(db.conn, entry_id, article, policy, now)

    def note_page_failure(self, entry_id: int, problem: str, *, final: bool) -> bool:
        """See `protocols.Store.note_page_failure`."""
        with self._write() as db:
            return articles.note_failure(db.conn, entry_id, problem, final=final)

    def pause_host(self, host: str, *, until: int, now: int) -> None:
        """See `protocols.Store.pause_host`."""
        with self._write() as db:
            pause_host(db.conn, host, until=until, now=now)

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
        """See `protocols.Store.close`. A long write under way is broken off, whole; a short one ends.

        While another process holds the database, the connections are left to the end of this process.
        """
        self._closing = True
        patience = time.monotonic() + _PATIENCE
        while not self._write_lock.acquire(timeout=0.01):
            if time.monotonic() > patience:
                self._writer.conn.interrupt()
        try:
            if self._closed:
                return
            self._closed = True
            # SQLite may checkpoint at close, which must not meet another process's write.
            with suppress(StoreError), self._between_processes():
                with self._readers_lock:
                    for conn in self._readers:
                        conn.close()
                    self._readers.clear()
                self._writer.close()
            if self._schedule_lock is not None:
                os.close(self._schedule_lock)
            os.close(self._lock_file)
        finally:
            self._write_lock.release()

    # --- connections ----------------------------------------------------------------------------------

    def _connect(self) -> sqlite3.Connection:
        with self._translated():
            conn = sqlite3.connect(self._path, timeout=_TRY, isolation_level=None, check_same_thread=False)
            try:
                conn.row_factory = sqlite3.Row
                # NORMAL: a power cut can take back the last polls, which are repeated; it corrupts nothing.
                conn.execute("PRAGMA synchronous = NORMAL")
            except BaseException:
                conn.close()
                raise
        return conn

    def _migrate(self) -> None:
        with self._write_lock, self._between_processes(), self._translated():
            self._writer.execute("PRAGMA journal_mode = WAL")
            unknown = {step.name for step in migrations.applied(self._writer)} - _known_steps()
            if unknown:
                self._writer.close()
                raise StoreError(
                    f"{self._path}: was written by a newer aggregator (it has {', '.join(sorted(unknown))});"
                    " upgrade this one, or choose another file in [service] database"
                )
            migrations.apply(self._writer)
        if not textindex.is_current(self._writer.conn):
            textindex.build(self._writing)

    @contextmanager
    def _write(self) -> Iterator[Database]:
        """Run the block in one transaction: all of it is committed, or nothing."""
        with self._write_lock:
            if self._closed:
                raise StoreError(f"{self._path}: is closed")
            with self._between_processes(), self._translated():
                self._begin()
                try:
                    yield self._writer
                    self._writer.execute("COMMIT")
                except BaseException:
                    self._writer.rollback()
                    raise

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._write() as db:
            yield db.conn

    def _begin(self) -> None:
        """Begin a write, waiting for programs that write to the file without our locks."""
        deadline = time.monotonic() + BUSY_TIMEOUT
        while True:
            try:
                self._writer.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                busy = error.sqlite_errorcode == sqlite3.SQLITE_BUSY
                if not busy or self._closing or time.monotonic() > deadline:
                    raise
            else:
                return

    @contextmanager
    def _read(self) -> Iterator[sqlite3.Connection]:
        """Lend a reading connection to the block."""
        with self._readers_lock:
            if self._closed:
                raise StoreError(f"{self._path}: is closed")
            conn = self._readers.pop() if self._readers else None
        conn = conn or self._connect()
        try:
            with self._translated():
                yield conn
        finally:
            with self._readers_lock:
                keep = not self._closed and len(self._readers) < _IDLE_READERS
                if keep:
                    self._readers.append(conn)
            if not keep:
                conn.close()

    @contextmanager
    def _between_processes(self) -> Iterator[None]:
        deadline = time.monotonic() + BUSY_TIMEOUT
        while True:
            try:
                fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if self._closing or time.monotonic() > deadline:
                    message = f"{self._path}: another process is writing to it for a long time"
                    raise StoreError(f"{message} ([service] database)") from error
                time.sleep(_PAUSE)
            except OSError as error:
                message = f"{self._path}.lock: cannot be locked: {error.strerror} ([service] database)"
                raise StoreError(message) from error
        try:
            yield
        finally:
            fcntl.flock(self._lock_file, fcntl.LOCK_UN)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(f"{self._path}: {error} ([service] database)") from error


def _known_steps() -> set[str]:
    with closing(sqlite3.connect(":memory:")) as nothing:
        return {step.name for step in migrations.pending(Database(nothing))}
