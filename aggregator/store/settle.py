"""What follows from an entry's rows, brought up to date whenever these changed.

entry_sources.tags ─► base tags ─► rules ─► entries: tags, dropped, rulings ─┬► entry_tags
                                                                             └► feed_entries
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence

from aggregator.model import Entry, Rule
from aggregator.rules.engine import Verdict, judge_of
from aggregator.rules.subject import Subject
from aggregator.rules.tagging import union
from aggregator.store import asked, feeds, textindex
from aggregator.store.rows import Joined, to_json
from aggregator.store.rulings import rulings_to_json
from aggregator.store.select import read_entries


class Settler:
    """Settles entries within one write transaction, at the instant `now` (ms)."""

    def __init__(self, conn: sqlite3.Connection, rules: tuple[Rule, ...], *, now: int) -> None:
        self._conn = conn
        self._rules = rules
        self._noted = False
        self._judge = judge_of(rules) if rules else None
        self._now = now
        self._feeds = feeds.registered(conn)
        self._joined = Joined(conn)

    @property
    def joined(self) -> int:
        """The number under which what is written in this transaction joins."""
        return self._joined.number

    def settle(self, entry_id: int, surfaced: int) -> bool:
        """Let an entry have the tags that sources and rules give it now, and be in the feeds that it meets.

        Where it has not been it surfaces at `surfaced` (ms): under a tag, in a feed, and altogether when a
        rule had dropped it. Returns whether its tags or feeds, or whether it is published, have changed: then
        the store's revision is another one.
        """
        if not self._noted:
            asked.note(self._conn, self._rules)
            self._noted = True
        before = self._conn.execute(
            "SELECT tags, dropped, rulings, surfaced FROM entries WHERE id = ?", (entry_id,)
        ).fetchone()
        subject = _once(lambda: Subject(self._entry(entry_id), self._now))
        base = union(*given_tags(self._conn, entry_id))
        verdict = self._judge(subject(), base) if self._judge else Verdict(tags=base)
        changed = self._write(entry_id, before, verdict)
        if before["dropped"] and not verdict.dropped:
            self._surface(entry_id, surfaced)
        self._index_tags(entry_id, () if verdict.dropped else verdict.tags, surfaced)
        if verdict.dropped:
            textindex.remove(self._conn, entry_id)
        else:
            textindex.put(self._conn, subject().with_tags(verdict.tags))
        standing = None
        if not verdict.dropped and self._feeds:
            standing = feeds.standing(self._conn, entry_id, lambda: subject().with_tags(verdict.tags))
        noted = feeds.note(
            self._conn, self._feeds, entry_id, standing, at=surfaced, joined=lambda: self._joined.number
        )
        if changed or noted:
            self._joined.tell()
        return changed or noted

    def _entry(self, entry_id: int) -> Entry:
        return next(read_entries(self._conn, [entry_id]))

    def _write(self, entry_id: int, before: sqlite3.Row, verdict: Verdict) -> bool:
        was = (tuple(json.loads(before["tags"])), bool(before["dropped"]))
        changed = was != (verdict.tags, verdict.dropped)
        rulings = rulings_to_json(verdict.rulings)
        if changed or rulings != before["rulings"]:
            self._conn.execute(
                "UPDATE entries SET tags = ?, dropped = ?, rulings = ? WHERE id = ?",
                (to_json(verdict.tags), verdict.dropped, rulings, entry_id),
            )
        if changed:
            self._conn.execute("UPDATE entries SET changed = ? WHERE id = ?", (self._now, entry_id))
        return changed

    def _surface(self, entry_id: int, surfaced: int) -> None:
        """Let an entry that comes back be as new as one that has just been found."""
        self._conn.execute(
            "UPDATE entries SET surfaced = max(surfaced, ?), joined = ? WHERE id = ?",
            (surfaced, self._joined.number, entry_id),
        )
        self._conn.execute(
            "UPDATE entry_sources SET surfaced = max(surfaced, ?) WHERE entry_id = ?", (surfaced, entry_id)
        )

    def _index_tags(self, entry_id: int, tags: Sequence[str], surfaced: int) -> None:
        rows = self._conn.execute("SELECT tag FROM entry_tags WHERE entry_id = ?", (entry_id,))
        before = {tag for (tag,) in rows}
        self._conn.executemany(
            "DELETE FROM entry_tags WHERE entry_id = ? AND tag = ?",
            [(entry_id, tag) for tag in before.difference(tags)],
        )
        new = [tag for tag in tags if tag not in before]
        self._conn.executemany(
            "INSERT INTO entry_tags (tag, surfaced, entry_id, joined) VALUES (?, ?, ?, ?)",
            [(tag, surfaced, entry_id, self._joined.number) for tag in new],
        )


def given_tags(conn: sqlite3.Connection, entry_id: int) -> list[list[str]]:
    """Return the tags that each source gives an entry, the first bringer's first."""
    rows = conn.execute("SELECT tags FROM entry_sources WHERE entry_id = ? ORDER BY rowid", (entry_id,))
    return [json.loads(said) for (said,) in rows]


def _once(make: Callable[[], Subject]) -> Callable[[], Subject]:
    made: list[Subject] = []

    def get() -> Subject:
        if not made:
            made.append(make())
        return made[0]

    return get
