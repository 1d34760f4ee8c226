"""Posts of an archive as rows: entries, what they are recognised by, and their files, whole."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterable

from aggregator.model import Dedupe, ImportedPost, StoryPolicy, post_digest
from aggregator.rules.tagging import tags_for, union
from aggregator.store.columns import columns_of
from aggregator.store.identities import ALL_SOURCES
from aggregator.store.ids import EARLIEST
from aggregator.store.postsources import KnownSource, PostSources
from aggregator.store.reconcile import UNPOLLED, Candidate, Known
from aggregator.store.rows import to_json
from aggregator.store.settle import Settler
from aggregator.store.stories import SimilarStories
from aggregator.store.texts import first_bringer, keep_further, published, republish
from aggregator.store.uris import take_name

_LEVEL = 3
"""Of compression: most of the space for a third of the time."""

_LARGEST = 2**63 - 1
"""SQLite's integers end here."""


def name_bytes(name: str) -> bytes:
    """Return a file's name as it is stored: any bytes."""
    return name.encode("utf-8", "surrogateescape")


class PostWriter:
    """Writes posts within one write transaction, at the instant `now` (ms)."""

    def __init__(
        self, conn: sqlite3.Connection, policy: StoryPolicy, sources: PostSources, *, now: int
    ) -> None:
        self._conn = conn
        self._policy = policy
        self._sources = sources
        self._now = now
        self._settler = Settler(conn, policy.rules, now=now)
        self._similar: dict[int, SimilarStories] = {}

    def insert(self, post: ImportedPost, item: Candidate, source: KnownSource, entry_id: int) -> None:
        """Make an entry of its own of a post."""
        dated = publication(post, self._now)
        surfaced = EARLIEST if dated is None else dated  # what nobody knows the age of is no news
        first_seen = self._now if dated is None else dated
        self._conn.execute(
            """
            INSERT INTO entries (id, first_seen, surfaced, changed, published, source_published, date_text,
                updated, uri, guid, url, title, authors, tags, categories, language, summary, content_html,
                enclosures, episode, base_url, joined)
            VALUES (:id, :first_seen, :surfaced, :now, :published, :source_published, :date_text,
                :updated, :uri, NULL, :url, :title, :authors, :tags, :categories, :language, :summary,
                :content_html, :enclosures, :episode, :base_url, :joined)
            """,
            {
                **self._columns(post, item),
                "id": entry_id,
                "uri": take_name(self._conn, None, entry_id=entry_id, first_seen=first_seen),
                "first_seen": first_seen,
                "surfaced": surfaced,
                "now": self._now,
                "tags": to_json(item.tagged.tags),
                "joined": self._settler.joined,
            },
        )
        self._carry(item, source.id, entry_id, surfaced)
        self._identify(post, item, source.id, entry_id)
        if self._policy.dedupe is Dedupe.SIMILAR:
            self._similar_of(source).remember(item.draft, entry_id)
        self._keep(post, item, source.id, entry_id)
        self._settler.settle(entry_id, surfaced)

    def join(self, post: ImportedPost, item: Candidate, source: KnownSource, entry: Known) -> None:
        """Let a post be an entry: what the source itself has said of it stays."""
        surfaced = self._surfaced(entry.id)
        if entry.revision is None:  # other sources have brought it
            before = published(self._conn, entry.id)
            self._carry(item, source.id, entry.id, surfaced)
            self._identify(post, item, source.id, entry.id)
            said = {**columns_of(item.draft, None), "said_guid": None}
            keep_further(self._conn, entry.id, source.id, said)
            republish(self._conn, entry.id, before, edited=None)
        (categories,) = self._conn.execute(
            "SELECT categories FROM entry_sources WHERE entry_id = ? AND source_id = ?", (entry.id, source.id)
        ).fetchone()
        self._label(item, source.id, entry.id, kept=json.loads(categories))
        self._keep(post, item, source.id, entry.id)
        self._settler.settle(entry.id, surfaced)
        self._touch(entry.id)

    def update(self, post: ImportedPost, item: Candidate, row: sqlite3.Row) -> None:
        """Write what a file says now that was edited: it is the entry's word until its source has another."""
        entry_id, source_id = int(row["entry_id"]), int(row["source_id"])
        carried = self._conn.execute(
            "SELECT revision, categories FROM entry_sources WHERE entry_id = ? AND source_id = ?",
            (entry_id, source_id),
        ).fetchone()
        before = published(self._conn, entry_id)
        columns = self._columns(post, item)
        if first_bringer(self._conn, entry_id) == source_id:
            self._conn.execute(
                """
                UPDATE entries SET published = :published, source_published = :source_published,
                    date_text = :date_text, url = :url, title = :title, authors = :authors,
                    updated = :updated, language = :language, summary = :summary,
                    content_html = :content_html, enclosures = :enclosures, episode = :episode,
                    base_url = :base_url
                WHERE id = :id
                """,
                {**columns, "id": entry_id},
            )
        else:
            keep_further(self._conn, entry_id, source_id, {**columns, "said_guid": None})
        if carried["revision"] == UNPOLLED:
            self._carry(item, source_id, entry_id, surfaced=0)
            self._unidentify(source_id, entry_id)
            self._identify(post, item, source_id, entry_id)
        gone = set(json.loads(row["categories"])).difference(item.draft.categories)
        kept = [category for category in json.loads(carried["categories"]) if category not in gone]
        self._label(item, source_id, entry_id, kept=() if carried["revision"] == UNPOLLED else kept)
        republish(self._conn, entry_id, before, edited=self._now)
        self._settler.settle(entry_id, self._surfaced(entry_id))
        self._touch(entry_id)
        self._conn.execute("DELETE FROM posts WHERE id = ?", (row["id"],))
        self._keep(post, item, source_id, entry_id)

    def _columns(self, post: ImportedPost, item: Candidate) -> dict[str, object]:
        said = post.said if post.said is not None and abs(post.said) <= _LARGEST else None
        return {**columns_of(item.draft, publication(post, self._now)), "source_published": said}

    def _carry(self, item: Candidate, source_id: int, entry_id: int, surfaced: int) -> None:
        draft = item.draft
        self._conn.execute(
            "INSERT INTO entry_sources"
            " (entry_id, source_id, surfaced, revision, title, published, link, categories, tags)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (entry_id, source_id) DO UPDATE SET"
            " title = excluded.title, published = excluded.published, link = excluded.link",
            (
                *(entry_id, source_id, surfaced, UNPOLLED, draft.title, draft.published, draft.keys.link),
                *(to_json(draft.categories), to_json(item.tagged.tags)),
            ),
        )

    def _label(self, item: Candidate, source_id: int, entry_id: int, *, kept: Iterable[str]) -> None:
        """Let the entry have the categories that its post says, and those of its source that are kept."""
        categories = union(kept, item.draft.categories)
        source = self._sources.by_id(source_id)
        self._conn.execute(
            "UPDATE entry_sources SET categories = ?, tags = ? WHERE entry_id = ? AND source_id = ?",
            (to_json(categories), to_json(tags_for(source, categories)), entry_id, source_id),
        )
        if first_bringer(self._conn, entry_id) == source_id:
            self._conn.execute(
                "UPDATE entries SET categories = ? WHERE id = ?", (to_json(categories), entry_id)
            )

    def _identify(self, post: ImportedPost, item: Candidate, source_id: int, entry_id: int) -> None:
        """Make the post's keys lead to its entry, where they do not lead to one that was polled.

        Of posts that share a key the one that was taken last has it: posts come in the order of their dates.
        """
        keys = [(source_id, key) for key in item.keys if key != item.story]
        keys += [(source_id, b"l" + key) for key in post.further_links]
        keys += [(ALL_SOURCES, story) for story in stories(post, item)]
        self._conn.executemany(
            "INSERT INTO identities (source_id, key, entry_id) VALUES (?1, ?2, ?3)"
            " ON CONFLICT (source_id, key) DO UPDATE SET entry_id = ?3 WHERE EXISTS"
            " (SELECT 1 FROM entry_sources WHERE entry_id = identities.entry_id AND source_id = ?4"
            " AND revision = ?5)",
            [(owner, key, entry_id, source_id, UNPOLLED) for owner, key in keys],
        )

    def _unidentify(self, source_id: int, entry_id: int) -> None:
        self._conn.execute(
            "DELETE FROM identities WHERE entry_id = ?1 AND (source_id = ?2 OR source_id = ?3 AND NOT EXISTS"
            " (SELECT 1 FROM entry_sources WHERE entry_id = ?1 AND source_id <> ?2))",
            (entry_id, source_id, ALL_SOURCES),
        )

    def _keep(self, post: ImportedPost, item: Candidate, source_id: int, entry_id: int) -> None:
        self._conn.execute(
            "INSERT INTO posts (entry_id, source_id, file_name, digest, said, link, text, categories, edited,"
            " body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, (SELECT edited FROM entries WHERE id = ?1), ?9)",
            (
                *(entry_id, source_id, name_bytes(post.file_name), post_digest(post.body)),
                *(self._columns(post, item)["source_published"], post.draft.keys.link, post.draft.keys.text),
                *(to_json(post.draft.categories), zlib.compress(post.body, _LEVEL)),
            ),
        )

    def _similar_of(self, source: KnownSource) -> SimilarStories:
        if source.id not in self._similar:
            self._similar[source.id] = SimilarStories(self._conn, source.id, None, self._now)
        return self._similar[source.id]

    def _surfaced(self, entry_id: int) -> int:
        (surfaced,) = self._conn.execute("SELECT surfaced FROM entries WHERE id = ?", (entry_id,)).fetchone()
        return int(surfaced)

    def _touch(self, entry_id: int) -> None:
        self._conn.execute("UPDATE entries SET changed = ? WHERE id = ?", (self._now, entry_id))


def stories(post: ImportedPost, item: Candidate) -> list[bytes]:
    """Return the keys that a post is recognised by across sources; none where its page is no story."""
    return [] if item.story is None else [item.story, *(b"s" + key for key in post.further_stories)]


def publication(post: ImportedPost, now: int) -> int | None:
    """Return when a post was published, as its archive has it: its date, else what else there is of one."""
    return first_usable((post.dated, post.said, post.name_date), now)


def first_usable(dates: Iterable[int | None], now: int) -> int | None:
    """Return the first date (ms) from 1990 until now; None where there is none.

    Unlike an item of a poll, a post of the future was not published when it was first seen: it is mistaken.
    """
    return next((date for date in dates if date is not None and EARLIEST <= date <= now), None)
