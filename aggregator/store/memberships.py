"""Which entries have the tags and sources that a query asks for, or are in its feed, and since when.

    smallest condition with few rows ─► its entries, the other conditions looked up ─► sorted
    none with few rows ─► rows of all, merged in the order of their indexes, read as far as needed

Both give the same; the first is fast where conditions hardly meet, the second where they often do.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from aggregator.model import EntryQuery

Member = tuple[int, int]
"""When an entry surfaced under the conditions (ms), and its ID."""

_FEW = 1000
"""Rows of a condition that are looked up rather than merged."""

_MERGED = 100
"""Rows of so many tags and sources are merged at most; SQLite has a limit, too."""


class _Parameters(dict[str, object]):
    """The values of a statement, by names that stand for them in its text."""

    def add(self, value: object) -> str:
        name = f"p{len(self)}"
        self[name] = value
        return f":{name}"

    def several(self, values: Sequence[object]) -> str:
        return ", ".join(map(self.add, values))


@dataclass(frozen=True, slots=True)
class _Condition:
    """Rows of which an entry has at least one; it has met the condition since the first of them."""

    table: str
    column: str
    values: tuple[object, ...]

    def since(self, entry: str, said: _Parameters) -> str:
        """Return SQL for the instant at which an entry met it; NULL when it does not."""
        return (
            f"(SELECT min(surfaced) FROM {self.table} WHERE entry_id = {entry}"  # noqa: S608 - constants
            f" AND {self.column} IN ({said.several(self.values)}))"
        )

    def is_first(self, said: _Parameters) -> str:
        """Return SQL that holds for the first of an entry's rows (each of the first), which is called m."""
        if len(self.values) == 1:
            return "1"
        return (
            f"NOT EXISTS (SELECT 1 FROM {self.table} AS o WHERE o.entry_id = m.entry_id"  # noqa: S608 - constants
            f" AND o.{self.column} IN ({said.several(self.values)}) AND o.surfaced < m.surfaced)"
        )

    def has_few(self, conn: sqlite3.Connection) -> bool:
        said = _Parameters()
        rows = (
            f"SELECT 1 FROM {self.table} WHERE {self.column} IN ({said.several(self.values)})"  # noqa: S608 - constants
            f" LIMIT {_FEW + 1}"
        )
        return int(conn.execute(f"SELECT count(*) FROM ({rows})", said).fetchone()[0]) <= _FEW  # noqa: S608 - constants

    def entries(self, conn: sqlite3.Connection) -> list[int]:
        said = _Parameters()
        rows = conn.execute(
            f"SELECT DISTINCT entry_id FROM {self.table}"  # noqa: S608 - constants
            f" WHERE {self.column} IN ({said.several(self.values)})",
            said,
        )
        return [entry_id for (entry_id,) in rows]


def start_of(query: EntryQuery) -> Member | None:
    """Return what members need to come after; None where it takes those before to tell what comes after."""
    return query.before if query.per_source is None else None


class Membership:
    """What a query asks for of tags, sources, feed and date; `match` and limits aside."""

    def __init__(self, conn: sqlite3.Connection, query: EntryQuery) -> None:
        self._conn = conn
        self._none = query.none
        self._published_since = query.published_since
        self._start = start_of(query)
        self._conditions = [_Condition("entry_tags", "tag", (tag,)) for tag in query.all]
        if query.any:
            self._conditions.append(_Condition("entry_tags", "tag", tuple(dict.fromkeys(query.any))))
        if query.feed is not None:
            feeds = conn.execute("SELECT id FROM feeds WHERE slug = ?", (query.feed,))
            self._conditions.append(_Condition("feed_entries", "feed_id", tuple(row[0] for row in feeds)))
        # Only what is not dropped has tags and is in feeds; sources keep theirs.
        self._may_be_dropped = not self._conditions
        if query.sources:
            sources = conn.execute(
                "SELECT id FROM sources WHERE name IN (SELECT value FROM json_each(?))",
                (json.dumps(query.sources),),
            )
            ids = tuple(row[0] for row in sources)
            self._conditions.append(_Condition("entry_sources", "source_id", ids))

    @property
    def is_plain(self) -> bool:
        """Whether an entry surfaces when it surfaced at all: no condition has an instant of its own."""
        return not self._conditions

    def members(self) -> Generator[Member, None, None]:
        """Yield the members, newest surfaced first, equal ones by falling ID; read as they are taken.

        Those before `start_of` the query may be left out.
        """
        if not all(condition.values for condition in self._conditions):
            return
        few = self._few()
        if few is not None:
            yield from self.among(few)
            return
        said = _Parameters()
        arms = " UNION ALL ".join(self._arms(said))
        with closing(self._conn.execute(f"{arms} ORDER BY at DESC, id DESC", said)) as rows:
            before = None
            for row in map(tuple, rows):  # what met several conditions at one instant is in several arms
                if row != before:
                    yield row
                before = row

    def among(self, ids: Sequence[int]) -> list[Member]:
        """Return the members that are among these entries, in the same order."""
        said = _Parameters()
        since = [condition.since("m.entry_id", said) for condition in self._conditions]
        at = "m.surfaced" if not since else since[0] if len(since) == 1 else f"max({', '.join(since)})"
        rows = self._conn.execute(
            f"SELECT {at} AS at, m.entry_id AS id"  # noqa: S608 - constants
            " FROM (SELECT surfaced, id AS entry_id FROM entries"
            f" WHERE id IN (SELECT value FROM json_each({said.add(json.dumps(ids))}))) AS m"
            f" WHERE at IS NOT NULL{self._further('m.entry_id', said, certain=False)}"
            " ORDER BY at DESC, id DESC",
            said,
        )
        return [(surfaced, entry_id) for surfaced, entry_id in rows]

    def _few(self) -> list[int] | None:
        """Return the entries of a condition that few meet; None when there is none."""
        if self._published_since is not None:
            recent = self._conn.execute(
                "SELECT id FROM entries WHERE coalesce(published, id) >= ? LIMIT ?",
                (self._published_since, _FEW + 1),
            ).fetchall()
            if len(recent) <= _FEW:
                return [row[0] for row in recent]
        if len(self._conditions) > 1 or (self._conditions and self._none):
            for condition in self._conditions:
                if condition.has_few(self._conn):
                    return condition.entries(self._conn)
        if sum(len(condition.values) for condition in self._conditions) > _MERGED:
            return min(self._conditions, key=lambda condition: len(condition.values)).entries(self._conn)
        return None

    def _arms(self, said: _Parameters) -> Iterator[str]:
        """Yield a statement for each index that is read; a row of one is a member when it is the last needed.

        So each member is in them at the instant from which it has met all conditions, and at no other.
        """
        if not self._conditions:
            yield (
                "SELECT e.surfaced AS at, e.id AS id FROM entries AS e"  # noqa: S608 - constants
                f" WHERE e.dropped = 0{self._started('e.surfaced, e.id', said)}"
                f"{self._further('e.id', said, certain=True)}"
            )
        for place, condition in enumerate(self._conditions):
            needed = [condition.is_first(said)]
            for other_place, other in enumerate(self._conditions):
                if other_place != place:
                    needed.append(f"{other.since('m.entry_id', said)} <= m.surfaced")
            for value in condition.values:
                yield (
                    f"SELECT m.surfaced AS at, m.entry_id AS id FROM {condition.table} AS m"  # noqa: S608 - constants
                    f" WHERE m.{condition.column} = {said.add(value)} AND {' AND '.join(needed)}"
                    f"{self._started('m.surfaced, m.entry_id', said)}"
                    f"{self._further('m.entry_id', said, certain=False)}"
                )

    def _started(self, columns: str, said: _Parameters) -> str:
        """Return the condition that a row, of the columns of an index, comes after where the query starts."""
        return "" if self._start is None else f" AND ({columns}) < ({said.several(self._start)})"

    def _further(self, entry: str, said: _Parameters, *, certain: bool) -> str:
        """Return the conditions that have no instant; `certain` when dropped entries are left out already."""
        further = ""
        if self._none:
            further += (
                f" AND NOT EXISTS (SELECT 1 FROM entry_tags AS n WHERE n.entry_id = {entry}"  # noqa: S608 - constants
                f" AND n.tag IN ({said.several(self._none)}))"
            )
        if self._published_since is not None:
            dated = f"SELECT coalesce(published, id) FROM entries WHERE id = {entry}"  # noqa: S608 - constants
            further += f" AND ({dated}) >= {said.add(self._published_since)}"
        if self._may_be_dropped and not certain:
            further += f" AND EXISTS (SELECT 1 FROM entries WHERE id = {entry} AND dropped = 0)"  # noqa: S608 - constants
        return further
