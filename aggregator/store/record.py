"""One document's items → rows of SQLite, inside the transaction of its poll."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from aggregator.model import Dedupe, EntryDraft, PollCommit, PollTally, ReadFeed, StoryPolicy
from aggregator.store.about import about_to_json
from aggregator.store.columns import columns_of
from aggregator.store.firstcontact import is_first_contact, labelled
from aggregator.store.identities import ALL_SOURCES, forget, identify, known, renew_texts
from aggregator.store.ids import assign_ids, usable_instant
from aggregator.store.reconcile import (
    Candidate,
    Known,
    candidates,
    match,
    match_stories,
    shared_keys,
    surfaces_at,
)
from aggregator.store.rows import bump_revision, to_json
from aggregator.store.settle import Settler
from aggregator.store.stories import SimilarStories
from aggregator.store.texts import first_bringer, keep_further, published, republish
from aggregator.store.tombstones import Tombstones, taken_from
from aggregator.store.uris import take_name


@dataclass(frozen=True, slots=True, kw_only=True)
class _History:
    """What the source had before this document."""

    newest: int | None
    newest_published: int | None
    title: str | None
    site_url: str | None
    about: str | None


def record_feed(
    conn: sqlite3.Connection, commit: PollCommit, feed: ReadFeed, policy: StoryPolicy, now: int
) -> PollTally:
    """Write the entries that the document adds or changes; return how many.

    Must run in a write transaction. Entries that the document no longer holds stay as they are. Items of
    entries that were deleted are passed over, and so are those whose links are known from before.
    """
    source_id = commit.report.source_id
    history = _history(conn, source_id)
    tombstones = Tombstones(conn, source_id, now=now)
    items = candidates(feed.drafts)
    shared = shared_keys(feed.drafts, items)
    forget(conn, source_id, shared)
    tombstones.forget(shared)
    keys = [key for item in items for key in item.keys]
    found, gone = known(conn, source_id, source_id, keys), tombstones.known(source_id, keys)
    own = match(items, {**gone, **found})
    stories: Sequence[Known | None] = [None] * len(items)
    if policy.dedupe is not Dedupe.OFF:
        unknown = [item.story for item, entry in zip(items, own, strict=True) if entry is None and item.story]
        told = known(conn, source_id, ALL_SOURCES, unknown)
        stories = match_stories(items, own, {**tombstones.known(ALL_SOURCES, unknown), **told})
    similar = None
    if policy.dedupe is Dedupe.SIMILAR:
        similar = SimilarStories(conn, source_id, feed.title, now)
        stories = similar.find(items, own, stories)

    writer = _Writer(conn, source_id, history, policy, now, similar=similar)
    settled = tombstones.pass_over(list(zip(items, own, stories, strict=True)), found, gone)
    writer.note_passed_over(settled.passed_over)
    new = [item for item, mine, other in settled.rest if not (mine or other)]
    writer.add(new)
    updated = joined = 0
    for item, mine, other in settled.rest:
        if mine is not None and mine.revision != item.draft.revision:
            updated += writer.change(item, mine)
        elif mine is not None:
            renew_texts(conn, source_id, item, mine, found)
        elif other is not None:
            writer.join(item, other)
            joined += 1
    updated += joined
    about = about_to_json(feed.about)
    introduced = (feed.title, feed.site_url, about) != (history.title, history.site_url, history.about)
    if new or updated or introduced:
        bump_revision(conn)
    conn.execute(
        "UPDATE sources SET first_read_at = coalesce(first_read_at, ?), newest_published = ?,"
        " title = ?, site_url = ?, about = ? WHERE id = ?",
        (now, writer.newest_published, feed.title, feed.site_url, about, source_id),
    )
    return PollTally(new=len(new), updated=updated, joined=joined)


class _Writer:
    """Writes the items of one document of one source."""

    def __init__(
        self,
        conn: sqlite3.Connection,
        source_id: int,
        history: _History,
        policy: StoryPolicy,
        now: int,
        *,
        similar: SimilarStories | None,
    ) -> None:
        self._conn = conn
        self._source_id = source_id
        self._history = history
        self._policy = policy
        self._now = now
        self._similar = similar
        self._settler = Settler(conn, policy.rules, now=now)
        self.newest_published = history.newest_published

    def add(self, items: Sequence[Candidate]) -> None:
        dated = [usable_instant(item.draft.published, self._now) for item in items]
        instants = [self._now if instant is None else instant for instant in dated]
        ids = assign_ids(instants, partial(taken_from, self._conn))
        # From the bottom up, so that rows are written in the order of their IDs.
        for item, instant, entry_id in reversed(list(zip(items, dated, ids, strict=True))):
            self._insert(item, entry_id, instant)

    def note_passed_over(self, items: Sequence[Candidate]) -> None:
        """Go on as if these were entries: what is older than they are by far is backfill."""
        for item in items:
            self._note_published(usable_instant(item.draft.published, self._now))

    def change(self, item: Candidate, entry: Known) -> int:
        """Write a new version of an entry that the source carries; return 1 when subscribers can see it."""
        before, is_edit = published(self._conn, entry.id), not is_first_contact(entry)
        item = labelled(self._conn, self._source_id, item, entry.id)
        self._carry(item, entry.id, self._now)
        if first_bringer(self._conn, entry.id) == self._source_id:
            self._update(item.draft, entry.id)
        else:
            self._keep_further(item.draft, entry.id)
        changed = republish(self._conn, entry.id, before, edited=self._now if is_edit else None)
        settled = self._settler.settle(entry.id, self._retags_at(entry.id, is_edit=is_edit))
        if changed or settled:
            self._touch(entry.id)
        return int(changed or settled)

    def join(self, item: Candidate, story: Known) -> None:
        """Add this source to an entry that another source brought."""
        dated = usable_instant(item.draft.published, self._now)
        surfaced = self._surfaces_at(dated)
        before = published(self._conn, story.id)
        self._carry(item, story.id, surfaced)
        self._keep_further(item.draft, story.id)
        republish(self._conn, story.id, before, edited=self._now)
        self._settler.settle(story.id, surfaced)
        self._touch(story.id)
        self._note_published(dated)

    def _insert(self, item: Candidate, entry_id: int, dated: int | None) -> None:
        surfaced = self._surfaces_at(dated)
        self._conn.execute(
            """
            INSERT INTO entries (id, first_seen, surfaced, changed, published, source_published, date_text,
                updated, uri, guid, url, title, authors, tags, categories, language, summary, content_html,
                enclosures, episode, base_url, joined)
            VALUES (:id, :now, :surfaced, :now, :published, :source_published, :date_text,
                :updated, :uri, :guid, :url, :title, :authors, :tags, :categories, :language, :summary,
                :content_html, :enclosures, :episode, :base_url, :joined)
            """,
            {
                **columns_of(item.draft, dated),
                "id": entry_id,
                "uri": self._name(item, entry_id),
                "guid": item.draft.guid,
                "now": self._now,
                "surfaced": surfaced,
                "tags": to_json(item.tagged.tags),
                "joined": self._settler.joined,
            },
        )
        self._carry(item, entry_id, surfaced)
        if self._similar is not None:
            self._similar.remember(item.draft, entry_id)
        self._settler.settle(entry_id, surfaced)
        self._note_published(dated)

    def _name(self, item: Candidate, entry_id: int) -> str | None:
        guid = None if item.guid is None else item.draft.guid  # what several items share is none of theirs
        return take_name(self._conn, guid, entry_id=entry_id, first_seen=self._now)

    def _update(self, draft: EntryDraft, entry_id: int) -> None:
        """Write what the first bringer says now.

        The date follows the source, but never past the instant in which the entry had been seen. The guid
        stays the first one: readers know the entry by it.
        """
        before = self._conn.execute("SELECT * FROM entries WHERE id = ?", (entry_id,)).fetchone()
        dated = usable_instant(draft.published, before["first_seen"])
        self._note_published(dated)
        said = (draft.title, draft.content_html)
        if self._similar is not None and said != (before["title"], before["content_html"]):
            self._similar.change(before, draft, entry_id)
        self._conn.execute(
            """
            UPDATE entries SET guid = coalesce(guid, :guid),
                published = :published, source_published = :source_published, date_text = :date_text,
                url = :url, title = :title, authors = :authors, updated = :updated, categories = :categories,
                language = :language, summary = :summary, content_html = :content_html,
                enclosures = :enclosures, episode = :episode, base_url = :base_url
            WHERE id = :id
            """,
            {**columns_of(draft, dated), "id": entry_id, "guid": draft.guid},
        )

    def _keep_further(self, draft: EntryDraft, entry_id: int) -> None:
        said = {**columns_of(draft, None), "said_guid": draft.guid}
        keep_further(self._conn, entry_id, self._source_id, said)

    def _carry(self, item: Candidate, entry_id: int, surfaced: int) -> None:
        """Write what the source says of the entry; `surfaced` holds when it says so for the first time."""
        draft = item.draft
        self._conn.execute(
            """
            INSERT INTO entry_sources
                (entry_id, source_id, surfaced, revision, title, published, guid, link, categories, tags)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (entry_id, source_id) DO UPDATE SET
                revision = excluded.revision, title = excluded.title, published = excluded.published,
                guid = excluded.guid, link = excluded.link, categories = excluded.categories,
                tags = excluded.tags
            """,
            (
                entry_id,
                self._source_id,
                surfaced,
                draft.revision,
                draft.title,
                draft.published,
                draft.keys.guid,
                draft.keys.link,
                to_json(draft.categories),
                to_json(item.tagged.tags),
            ),
        )
        identify(self._conn, self._source_id, item, entry_id)

    def _retags_at(self, entry_id: int, *, is_edit: bool) -> int:
        """Return when the entry surfaces under a tag that it gets only now: an old one is no news there.

        How old it is counts from when it surfaced: an item that came days late is as new as any other.
        """
        (surfaced,) = self._conn.execute("SELECT surfaced FROM entries WHERE id = ?", (entry_id,)).fetchone()
        is_old = not is_edit or surfaced < self._now - self._policy.backfill_after
        return int(surfaced) if is_old else self._now

    def _touch(self, entry_id: int) -> None:
        self._conn.execute("UPDATE entries SET changed = ? WHERE id = ?", (self._now, entry_id))

    def _surfaces_at(self, dated: int | None) -> int:
        return surfaces_at(dated, newest=self._history.newest, policy=self._policy, now=self._now)

    def _note_published(self, instant: int | None) -> None:
        if instant is not None and (self.newest_published is None or instant > self.newest_published):
            self.newest_published = instant


def _history(conn: sqlite3.Connection, source_id: int) -> _History:
    first_read_at, newest, title, site_url, about = conn.execute(
        "SELECT first_read_at, newest_published, title, site_url, about FROM sources WHERE id = ?",
        (source_id,),
    ).fetchone()
    # A source that was empty until now has been followed since its first document.
    return _History(
        newest=first_read_at if newest is None else newest,
        newest_published=newest,
        title=title,
        site_url=site_url,
        about=about,
    )
