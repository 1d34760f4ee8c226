"""EntryQuery → entries, within the cost that a search may have.

no expression ─► memberships
expression ─► SQL (rules.sql) over the index, newest first ─┬► without tags, sources, feed: as it comes
                                                            ├► few found ─► which of them are members
                                                            └► many found ─► members, asked one by one
    ─► where SQL is but an upper bound: the predicate, on each entry
    ─► per_source, limit, window, cap
"""

from __future__ import annotations

import heapq
import json
import sqlite3
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from itertools import dropwhile, islice, takewhile

from aggregator.model import And, Entry, EntryQuery, Expression, Field, Or, Text
from aggregator.rules.folding import fold, fold_tag
from aggregator.rules.predicate import compiled
from aggregator.rules.sql import HOLDS_MATCH, Condition, condition_for, holds_match
from aggregator.rules.subject import Subject
from aggregator.store.costs import UNLIMITED, Meter
from aggregator.store.memberships import Member, Membership, start_of
from aggregator.store.select import read_entries

_FOUND = 5000
"""Entries that an expression finds are looked up among the members; of more, the newest members are asked."""

_FIRST_RANGE = 5000
"""Entries that are searched first, of an expression whose parts are to be searched one by one."""

_ASKED_TOGETHER = 200
_ASKED_MORE = 5
"""Each time so many times as many members are asked for: FTS5 goes through its lists once for all of them."""

_VERIFIED_TOGETHER = 50

_BEGINNING, _END = -(1 << 62), 1 << 62
"""Come before and after each number of the index."""


def select_entries(conn: sqlite3.Connection, query: EntryQuery, meter: Meter = UNLIMITED) -> list[Entry]:
    """Return the selected entries, newest surfaced first, equal ones by falling ID.

    In a feed with conditions an entry surfaces when it first met them all: a story that gets the feed's tag
    from a second source is as new there as any other, and the instant is the one that it has here. Raises
    `CostError` when the meter says so.
    """
    with ExitStack() as reading:
        rows = _members(conn, query, meter, reading)
        if query.per_source is not None:
            rows = _capped(conn, rows, query.per_source, meter)
        if (before := query.before) is not None:
            rows = dropwhile(lambda row: row >= before, rows)
        members = _taken(rows, query)
    return [
        entry if entry.surfaced == members[entry.id] else replace(entry, surfaced=members[entry.id])
        for entry in meter.timed(read_entries(conn, list(members)))
    ]


def _taken(rows: Iterator[Member], query: EntryQuery) -> dict[int, int]:
    """Return, by ID, when the entries surfaced that the query's limits let through."""
    members: dict[int, int] = {}
    newest: int | None = None
    for at, entry_id in islice(rows, max(query.limit, query.cap if query.window else 0)):
        newest = at if newest is None else newest
        if len(members) >= query.limit and at < newest - query.window:
            break
        members[entry_id] = at
    return members


def walk_ids(conn: sqlite3.Connection, query: EntryQuery) -> list[int]:
    """Return the IDs of all entries that meet the query's conditions, rising; its limits do not count."""
    with ExitStack() as reading:
        return sorted(entry_id for _, entry_id in _members(conn, query, UNLIMITED, reading))


def _members(
    conn: sqlite3.Connection, query: EntryQuery, meter: Meter, reading: ExitStack
) -> Iterator[Member]:
    """Return the members, to be taken before `reading` ends: it ends the statements that give them.

    Left to themselves, those of a selection that is broken off last as long as the error that tells of it:
    beyond the loan of the connection, by then another's or closed.
    """
    membership = Membership(conn, query)
    if query.match is None:
        rows = meter.timed(reading.enter_context(closing(membership.members())))
    else:
        rows = _matching(conn, query, query.match, membership, meter, reading=reading)
    since = query.surfaced_since
    return rows if since is None else takewhile(lambda row: row[0] >= since, rows)


def _matching(
    conn: sqlite3.Connection,
    query: EntryQuery,
    match: Expression,
    membership: Membership,
    meter: Meter,
    *,
    reading: ExitStack,
) -> Iterator[Member]:
    names = dict(conn.execute("SELECT id, name FROM sources").fetchall())
    index = _Index(conn, condition_for(match, now=query.now, sources=names))
    rows: Iterator[Member]
    if membership.is_plain:
        found = index.in_order(query.surfaced_since, start_of(query))
        rows = meter.timed(reading.enter_context(closing(found)))
        if query.none or query.published_since is not None:
            rows = _among(membership, rows)
    else:
        narrowed = condition_for(And((match, *_labels(query))), now=query.now, sources=names)
        few = _Index(conn, narrowed).all_up_to(_FOUND)
        if few is None:
            members = reading.enter_context(closing(membership.members()))
            rows = index.of(meter.timed(members))
        else:
            rows = iter(membership.among(few))
    return rows if index.is_exact else _verified(conn, rows, match, query.now, meter)


def _labels(query: EntryQuery) -> Iterator[Expression]:
    """Yield what is true of each member, as the index has it: it knows tags folded, and words of names."""
    yield from (Text(Field.TAG, tag) for tag in query.all if fold_tag(tag))
    if query.any and all(map(fold_tag, query.any)):
        yield Or(tuple(Text(Field.TAG, tag) for tag in query.any))
    if query.sources and all(map(fold, query.sources)):
        yield Or(tuple(Text(Field.SOURCE, name) for name in query.sources))


def _among(membership: Membership, rows: Iterator[Member]) -> Iterator[Member]:
    while some := list(islice(rows, _ASKED_TOGETHER)):
        yield from membership.among([entry_id for _, entry_id in some])


def _verified(
    conn: sqlite3.Connection, rows: Iterator[Member], match: Expression, now: int, meter: Meter
) -> Iterator[Member]:
    meets = compiled(match)
    while some := list(islice(rows, _VERIFIED_TOGETHER)):
        entries = {entry.id: entry for entry in read_entries(conn, [entry_id for _, entry_id in some])}
        for at, entry_id in some:
            meter.look()
            if entry_id in entries and meets(Subject(entries[entry_id], now)):
                yield at, entry_id


def _capped(
    conn: sqlite3.Connection, rows: Iterable[Member], per_source: int, meter: Meter
) -> Iterator[Member]:
    """Leave out what comes behind the newest so many of each source that brought entries first."""
    taken: Counter[int] = Counter()
    for at, entry_id in rows:
        meter.look()
        (source_id,) = conn.execute(
            "SELECT source_id FROM entry_sources WHERE entry_id = ? ORDER BY rowid LIMIT 1", (entry_id,)
        ).fetchone()
        taken[source_id] += 1
        if taken[source_id] <= per_source:
            yield at, entry_id


class _Index:
    """The entries that meet a condition, as the search index has them."""

    def __init__(self, conn: sqlite3.Connection, condition: Condition) -> None:
        self._conn = conn
        self._condition = condition
        conn.create_function(HOLDS_MATCH, 3, holds_match, deterministic=True)
        self.is_exact = condition.exact

    def in_order(self, surfaced_since: int | None, start: Member | None) -> Generator[Member, None, None]:
        """Yield them, newest surfaced first, equal ones by falling ID; read as they are taken.

        Of those that surfaced before `surfaced_since`, or after the instant of `start`, some may be left out.

        They come by falling numbers, which are not before the instant at which the entry surfaced: what is
        held has its place as soon as the number of what comes is less than its instant.
        """
        held: list[tuple[int, int]] = []
        with closing(self._by_number(surfaced_since, None if start is None else start[0])) as rows:
            for seq, found in rows:
                while held and -held[0][0] > seq:
                    at, entry_id = heapq.heappop(held)
                    yield -at, -entry_id
                if found is not None:
                    heapq.heappush(held, (-found[0], -found[1]))
        while held:
            at, entry_id = heapq.heappop(held)
            yield -at, -entry_id

    def all_up_to(self, number: int) -> list[int] | None:
        """Return the IDs of all of them; None when they are more than this number."""
        found: list[int] = []
        for low, high in self._ranges(self._lowest(None)):
            with closing(self._rows(low, high, limit=number + 1)) as rows:
                found += [entry_id for _, _, entry_id in rows]
            if len(found) > number:
                return None
        return found

    def of(self, members: Iterator[Member]) -> Iterator[Member]:
        """Yield those of the members that meet the condition."""
        number = _ASKED_TOGETHER
        while some := list(islice(members, number)):
            found = self._met_by([entry_id for _, entry_id in some])
            yield from (member for member in some if member[1] in found)
            number *= _ASKED_MORE

    def _met_by(self, ids: Sequence[int]) -> set[int]:
        among = json.dumps(ids)
        low, high = self._conn.execute(
            "SELECT min(seq), max(seq) FROM search_entries"
            " WHERE entry_id IN (SELECT value FROM json_each(?))",
            (among,),
        ).fetchone()
        if low is None:
            return set()
        with closing(self._rows(low, high, among=among)) as rows:
            return {entry_id for _, _, entry_id in rows}

    def _by_number(
        self, surfaced_since: int | None, surfaced_until: int | None
    ) -> Generator[tuple[int, Member | None], None, None]:
        """Yield them by falling numbers; and None with each number below which nothing was looked for yet."""
        for low, high in self._ranges(self._lowest(surfaced_since)):
            with closing(self._rows(low, high, until=surfaced_until)) as rows:
                for seq, surfaced, entry_id in rows:
                    yield seq, (surfaced, entry_id)
            yield low, None

    def _lowest(self, surfaced_since: int | None) -> int:
        """Return a number below which none of them is."""
        low = _BEGINNING if surfaced_since is None else surfaced_since
        since = self._condition.published_since
        if since is not None:
            lowest, rows = self._conn.execute(
                "SELECT min(seq), count(*) FROM (SELECT seq FROM search_entries WHERE dated >= ? LIMIT ?)",
                (since, _FOUND + 1),
            ).fetchone()
            if rows <= _FOUND:
                low = max(low, _END if lowest is None else lowest)
        return low

    def _ranges(self, lowest: int) -> Iterator[tuple[int, int]]:
        """Yield ranges of numbers, falling, that cover all from the lowest on.

        What is one search for FTS5 is read as far as needed, so there is one range. Else the newest are
        searched first: most often they are enough.
        """
        high = _END
        if self._condition.is_ranged:
            row = self._conn.execute(
                "SELECT surfaced FROM search_entries ORDER BY surfaced DESC LIMIT 1 OFFSET ?", (_FIRST_RANGE,)
            ).fetchone()
            if row is not None and row[0] > lowest:
                yield row[0], high
                high = row[0] - 1
        yield lowest, high

    def _rows(
        self, low: int, high: int, *, limit: int = -1, among: str | None = None, until: int | None = None
    ) -> sqlite3.Cursor:
        """Return number, instant and ID of those in a range, by falling numbers.

        Only `among` these IDs, as JSON; only those that surfaced `until` an instant (ms).
        """
        condition = self._condition
        params = {**condition.params, "lo": low, "hi": high, "limit": limit}
        tables, number = "search_entries AS f WHERE", "f.seq"
        if condition.match is not None:
            # A cross join, so that the full-text index is asked first.
            tables = "search_text AS s CROSS JOIN search_entries AS f ON f.seq = s.rowid"
            tables += " WHERE s.search_text MATCH :match AND"
            number = "s.rowid"
            params["match"] = condition.match
        if among is not None:
            tables += " f.entry_id IN (SELECT value FROM json_each(:among)) AND"
            params["among"] = among
        if until is not None:
            tables += " +f.surfaced <= :until AND"  # no index is read for it: rows come in their order
            params["until"] = until
        return self._conn.execute(
            f"SELECT f.seq, f.surfaced, f.entry_id FROM {tables} {number} BETWEEN :lo AND :hi"  # noqa: S608 - constants, and what rules.sql wrote
            f" AND ({condition.where}) ORDER BY {number} DESC LIMIT :limit",
            params,
        )
