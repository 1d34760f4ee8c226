"""Stories that several sources tell, in the database: found by what they say, where links do not show it."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Sequence

from aggregator.model import EntryDraft
from aggregator.store.alike import same_story
from aggregator.store.ids import usable_instant
from aggregator.store.reconcile import Candidate, Known
from aggregator.store.similar import SHARED, Said, fingerprint, said, source_names, title_number

_APART = 3 * 86_400_000
"""Milliseconds between two sources' items of one story, at most; IDs tell, as they are instants."""

_ROWS = 100
"""Entries that are looked at for each number: one that more entries share tells nothing."""

_COMPARED = 3
"""Entries that an item is compared with."""

_COMPARISONS = 1000
"""Per document: what is left after them is stored as it comes."""

_PLAYED = ("audio/", "video/")


class SimilarStories:
    """What one source's document, of the given title, shares with the entries of others."""

    def __init__(self, conn: sqlite3.Connection, source_id: int, title: str | None, now: int) -> None:
        self._conn = conn
        self._source_id = source_id
        self._now = now
        name, url = conn.execute("SELECT name, url FROM sources WHERE id = ?", (source_id,)).fetchone()
        self._names = source_names(name, title, url=url)
        self._comparisons = _COMPARISONS
        self._fingerprints: dict[bytes, frozenset[int]] = {}
        """By revision, of what was looked for."""

    def find(
        self, items: Sequence[Candidate], own: Sequence[Known | None], stories: Sequence[Known | None]
    ) -> list[Known | None]:
        """Return for each item the entry of another source that tells its story, or None.

        `own` and `stories` are what identity and links have found: they hold.
        """
        claimed = {entry.id for entry in (*own, *stories) if entry is not None}
        found = list(stories)
        for index, (item, mine, story) in enumerate(zip(items, own, stories, strict=True)):
            if mine is None and story is None and (entry_id := self._similar(item.draft, claimed)):
                found[index] = Known(
                    id=entry_id, revision=None, title=None, published=None, guid=None, link=None
                )
                claimed.add(entry_id)
        return found

    def remember(self, draft: EntryDraft, entry_id: int) -> None:
        """Make the new entry be found by what it says."""
        self._conn.executemany(
            "INSERT OR IGNORE INTO fingerprints (number, entry_id) VALUES (?, ?)",
            [(number, entry_id) for number in self._fingerprint(draft)],
        )

    def change(self, before: sqlite3.Row, draft: EntryDraft, entry_id: int) -> None:
        """Make an entry that says something else now be found by that. `before` is its row as it was."""
        old = fingerprint(_stored(before, self._names))
        self._conn.executemany(
            "DELETE FROM fingerprints WHERE number = ? AND entry_id = ?",
            [(number, entry_id) for number in old],
        )
        self.remember(draft, entry_id)

    def _fingerprint(self, draft: EntryDraft) -> frozenset[int]:
        known = self._fingerprints.get(draft.revision)
        return fingerprint(self._said(draft)) if known is None else known

    def _said(self, draft: EntryDraft) -> Said:
        played = [file.url for file in draft.enclosures if (file.type or "").startswith(_PLAYED)]
        return said(draft.title, draft.content_html, names=self._names, files=played)

    def _similar(self, draft: EntryDraft, claimed: set[int]) -> int | None:
        item = self._said(draft)
        numbers = self._fingerprints[draft.revision] = fingerprint(item)
        if not numbers:
            return None
        instant = usable_instant(draft.published, self._now) or self._now
        sharers = {number: self._sharers(number, instant) for number in numbers}
        titled = sharers.pop(title_number(item))
        if len(titled) > 1:  # a column's heading, which says nothing of what it is about this time
            return None
        shared = Counter(entry_id for some in sharers.values() for entry_id in some)
        shared.update(dict.fromkeys(titled, SHARED))
        for entry_id, count in shared.most_common(_COMPARED):
            if count < SHARED or self._comparisons == 0:
                break
            if entry_id in claimed:
                continue
            self._comparisons -= 1
            other = self._entry(entry_id)
            if other is not None and same_story(item, other):
                return entry_id
        return None

    def _sharers(self, number: int, instant: int) -> list[int]:
        rows = self._conn.execute(
            "SELECT entry_id FROM fingerprints WHERE number = ? AND entry_id BETWEEN ? AND ? LIMIT ?",
            (number, instant - _APART, instant + _APART, _ROWS),
        )
        return [entry_id for (entry_id,) in rows]

    def _entry(self, entry_id: int) -> Said | None:
        """Return what an entry says; None when this source carries it already."""
        row = self._conn.execute(
            "SELECT e.title, e.content_html, e.enclosures, s.name, s.title AS source_title, s.url"
            " FROM entries AS e JOIN entry_sources AS c ON c.entry_id = e.id JOIN sources AS s"
            " ON s.id = c.source_id WHERE e.id = ?1 AND NOT EXISTS"
            " (SELECT 1 FROM entry_sources WHERE entry_id = ?1 AND source_id = ?2) ORDER BY c.rowid LIMIT 1",
            (entry_id, self._source_id),
        ).fetchone()
        if row is None:
            return None
        return _stored(row, source_names(row["name"], row["source_title"], url=row["url"]))


def _stored(row: sqlite3.Row, names: frozenset[str]) -> Said:
    files = [url for url, kind, _ in json.loads(row["enclosures"]) if (kind or "").startswith(_PLAYED)]
    return said(row["title"], row["content_html"], names=names, files=files)
