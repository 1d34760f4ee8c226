"""Posts of an archive → rows of SQLite, inside one write transaction; or what they would become.

    file name and bytes known ─► unchanged
    file name known           ─► its entry is brought up to date
    link or text known        ─► it is that entry, if a poll brought it and no other post is it
    anything else             ─► an entry of its own

What a post says is a draft like any item's, but its row in `entry_sources` has the revision `UNPOLLED` until
the source's own document has it: see `firstcontact`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from aggregator.model import (
    Dedupe,
    Fate,
    ImportedPost,
    Source,
    StoryPolicy,
    TaggedDraft,
    TakenPost,
    post_digest,
)
from aggregator.rules.tagging import tags_for
from aggregator.store.identities import ALL_SOURCES, known
from aggregator.store.ids import EARLIEST
from aggregator.store.postrows import PostWriter, first_usable, name_bytes, publication, stories
from aggregator.store.postsources import KnownSource, PostSources
from aggregator.store.reconcile import Candidate, Known, candidates, match
from aggregator.store.rows import bump_revision
from aggregator.store.tombstones import taken_from

_CLOSE = 3 * 86_400_000
"""Milliseconds between a page's dates, at most, when a post and a polled item with that link are one."""


def take_posts(
    conn: sqlite3.Connection,
    posts: Sequence[ImportedPost],
    policy: StoryPolicy,
    *,
    now: int,
    given: set[int] | None = None,
) -> list[TakenPost]:
    """Return what becomes of posts, and make it so; with `given`, see `protocols.Posts.rehearse`."""
    taker = _Taker(conn, policy, now, given)
    taken = [taker.take(post) for post in posts]
    if given is None and any(post.fate not in {Fate.UNCHANGED, Fate.PURGED} for post in taken):
        bump_revision(conn)
    return taken


class _Taker:
    """Takes posts, one after the other, in one transaction."""

    def __init__(
        self, conn: sqlite3.Connection, policy: StoryPolicy, now: int, given: set[int] | None
    ) -> None:
        self._conn = conn
        self._policy = policy
        self._now = now
        self._given = set[int]() if given is None else given
        self._rehearsed = given is not None
        self._free_from: dict[int, int] = {}
        self._sources = PostSources(conn, now, rehearsed=self._rehearsed)
        self._writer = PostWriter(conn, policy, self._sources, now=now)

    def take(self, post: ImportedPost) -> TakenPost:
        """Return what becomes of a post, and make it so."""
        digest = post_digest(post.body)
        named = self._conn.execute(
            "SELECT id, entry_id, source_id, digest, said, link, text, categories FROM posts"
            " WHERE file_name = ?",
            (name_bytes(post.file_name),),
        ).fetchall()
        row = next((row for row in named if row["digest"] == digest), None)
        if row is None:
            row = next((row for row in named if _is_version(post, row)), None)
        if row is not None and row["entry_id"] is None:
            return TakenPost(file_name=post.file_name, fate=Fate.PURGED, entry_id=None)
        if row is not None and row["digest"] == digest:
            return TakenPost(file_name=post.file_name, fate=Fate.UNCHANGED, entry_id=row["entry_id"])
        source = self._sources.of(post)
        item = _item(post, source.source)
        if row is not None:
            fate, entry_id = Fate.UPDATED, int(row["entry_id"])
            if not self._rehearsed:
                self._writer.update(post, item, row)
        elif (polled := self._polled(post, item, source)) is not None:
            fate, entry_id = Fate.JOINED, polled.id
            if not self._rehearsed:
                self._writer.join(post, item, source, polled)
        else:
            fate, entry_id = Fate.NEW, self._free_id(post)
            if not self._rehearsed:
                self._writer.insert(post, item, source, entry_id)
        self._given.add(entry_id)
        return TakenPost(
            file_name=post.file_name,
            fate=fate,
            entry_id=entry_id,
            source=source.source.name,
            dated=publication(post, self._now),
        )

    # --- what it is -----------------------------------------------------------------------------------

    def _polled(self, post: ImportedPost, item: Candidate, source: KnownSource) -> Known | None:
        """Return the entry that a source has brought and that the post is; None when there is none."""
        links = [b"l" + key for key in (post.draft.keys.link, *post.further_links) if key is not None]
        mine = self._free(known(self._conn, source.id, source.id, [*item.keys, *links]))
        (entry,) = match([item], mine)
        if entry is None:
            linked = (mine[link] for link in links if link in mine)
            entry = next((each for each in linked if _are_close(post.draft.published, each.published)), None)
        if entry is None and self._policy.dedupe is not Dedupe.OFF:
            told = self._free(known(self._conn, source.id, ALL_SOURCES, stories(post, item)))
            entry = next((story for story in told.values() if story.revision is None), None)
        return entry

    def _free(self, found: Mapping[bytes, Known]) -> dict[bytes, Known]:
        """Return those that are no posts."""
        return {
            key: entry
            for key, entry in found.items()
            if entry.id not in self._given
            and not self._conn.execute("SELECT 1 FROM posts WHERE entry_id = ?", (entry.id,)).fetchone()
        }

    def _free_id(self, post: ImportedPost) -> int:
        said = post.said
        if said is not None and EARLIEST <= said <= self._now and not self._taken_from(said):
            return said
        dated = first_usable((post.dated, post.name_date), self._now)
        return self._first_free(self._now if dated is None else dated)

    def _first_free(self, first: int) -> int:
        free = self._free_from.get(first, first)
        while taken := self._taken_from(free):
            free += taken
        self._free_from[first] = free  # many have one date, or none at all
        return free

    def _taken_from(self, first: int) -> int:
        """Return how many IDs from that one on are taken, at least; 0 when it is free."""
        return len(taken_from(self._conn, first)) or int(first in self._given)


def _item(post: ImportedPost, source: Source) -> Candidate:
    """Return the post as an item of its source."""
    tagged = TaggedDraft(draft=post.draft, tags=tags_for(source, post.draft.categories))
    (item,) = candidates([tagged])
    return item


def _is_version(post: ImportedPost, row: sqlite3.Row) -> bool:
    """Return whether a file of the same name and other bytes is that post: archives may share names."""
    keys = post.draft.keys
    asks_for_the_same = post.said is not None and post.said == row["said"]
    is_linked_alike = keys.link is not None and keys.link == row["link"]
    return bool(asks_for_the_same or is_linked_alike or keys.text == row["text"])


def _are_close(one: int | None, other: int | None) -> bool:
    return one is None or other is None or abs(one - other) <= _CLOSE
