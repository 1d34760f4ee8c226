"""Which entries retention lets go: by position, so that an index finds them, then by what they are.

    limits of each source, of the store ─► bounds ─► entries before a bound ─► Judge: all its sources? kept?

Entries stand in the order in which they surfaced. A bound is the place before which a limit lets them go: all
that a limit says is told by one, whether it is of age or of number.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from aggregator.model import DueEntry, Field, PurgeReason, Retention, Source
from aggregator.rules.grammar import written
from aggregator.rules.membership import mentions
from aggregator.rules.predicate import compiled
from aggregator.rules.subject import Subject
from aggregator.rules.tagging import predecessors
from aggregator.store.rows import to_json
from aggregator.store.select import read_entries

Position = tuple[int, int]
"""When an entry surfaced (ms), and its ID."""

BEGINNING: Position = (-(1 << 62), 0)

WHOLE_STORE = 0
"""The ledger of all entries; those of sources have the sources' IDs."""


@dataclass(frozen=True, slots=True)
class Bound:
    """The place in a ledger before which entries are let go."""

    by_age: Position
    by_number: Position

    @property
    def place(self) -> Position:
        """The later one of both."""
        return max(self.by_age, self.by_number)


@dataclass(frozen=True, slots=True)
class Limits:
    """What is allowed at one instant, in a database's own terms."""

    bounds: Mapping[int, Bound]
    """By ledger; what has none keeps everything."""
    names: Mapping[int, str]
    """Of all sources, by ID."""
    policy: str
    """What is configured, as JSON, to notice another."""


def limits_at(conn: sqlite3.Connection, retention: Retention, sources: Sequence[Source], now: int) -> Limits:
    """Return the bounds as they are now. A source is the one that it will be when the config is in force."""
    rows = conn.execute("SELECT id, name, url FROM sources").fetchall()
    before = predecessors(sources, {row["name"]: row["url"] for row in rows})
    configured = {before[source.name]: source for source in sources if source.name in before}
    bounds, limits = {}, []
    for source_id, name, _ in rows:
        source = configured.get(name)
        own = (None, None) if source is None else (source.max_age, source.max_entries)
        max_age = retention.max_age if own[0] is None else own[0]
        number = retention.per_source if own[1] is None else own[1]
        limits.append((source_id, max_age, number))
        bounds[source_id] = Bound(_by_age(max_age, now), _by_number(conn, source_id, number))
    bounds[WHOLE_STORE] = Bound(BEGINNING, _by_number(conn, WHOLE_STORE, retention.max_entries))
    keep = None if retention.keep is None else written(retention.keep)
    return Limits(
        bounds={ledger: bound for ledger, bound in bounds.items() if bound.place > BEGINNING},
        names={row["id"]: row["name"] for row in rows},
        policy=to_json([retention.max_entries, sorted(retention.keep_tags), keep, limits]),
    )


def keeps_by_the_clock(retention: Retention) -> bool:
    """Return whether entries stop being kept as time goes by."""
    return retention.keep is not None and mentions(retention.keep, Field.AGE)


def entries_between(
    conn: sqlite3.Connection, ledger: int, start: Position, end: Position, limit: int
) -> list[Position]:
    """Return the first entries of a ledger after a position, and before another; read in an index."""
    table, entry, where = _ledger(ledger)
    rows = conn.execute(
        f"SELECT surfaced, {entry} FROM {table} WHERE {where} AND (surfaced, {entry}) > (?, ?)"  # noqa: S608 - constants
        f" AND (surfaced, {entry}) < (?, ?) ORDER BY surfaced, {entry} LIMIT ?",
        (ledger, *start, *end, limit),
    )
    return [(surfaced, entry_id) for surfaced, entry_id in rows]


def _by_age(max_age: int | None, now: int) -> Position:
    return BEGINNING if max_age is None else (now - max_age, 0)


def _by_number(conn: sqlite3.Connection, ledger: int, number: int | None) -> Position:
    """Return the position of the last entry that is one of the newest so many."""
    if number is None:
        return BEGINNING
    table, entry, where = _ledger(ledger)
    row = conn.execute(
        f"SELECT surfaced, {entry} FROM {table} WHERE {where}"  # noqa: S608 - constants
        f" ORDER BY surfaced DESC, {entry} DESC LIMIT 1 OFFSET ?",
        (ledger, number - 1),
    ).fetchone()
    return BEGINNING if row is None else (row[0], row[1])


def _ledger(ledger: int) -> tuple[str, str, str]:
    """Return table, column of the ID and condition (of one parameter, the ledger), as SQL."""
    if ledger == WHOLE_STORE:
        return "entries", "id", "? = 0"
    return "entry_sources", "entry_id", "source_id = ?"


class Judge:
    """Tells which entries go."""

    def __init__(self, retention: Retention, limits: Limits, *, now: int) -> None:
        self._limits = limits
        self._keep_tags = frozenset(retention.keep_tags)
        self._keeps = None if retention.keep is None else compiled(retention.keep)
        self._now = now

    def due(self, conn: sqlite3.Connection, ids: Sequence[int]) -> list[DueEntry]:
        """Return those of the entries that go, in the given order."""
        wanted = json.dumps(ids)
        carried: dict[int, list[tuple[int, int]]] = {}
        for entry_id, *said in conn.execute(
            "SELECT entry_id, source_id, surfaced FROM entry_sources"
            " WHERE entry_id IN (SELECT value FROM json_each(?)) ORDER BY rowid",
            (wanted,),
        ):
            carried.setdefault(entry_id, []).append((said[0], said[1]))
        rows = conn.execute(
            "SELECT id, title, surfaced, tags FROM entries WHERE id IN (SELECT value FROM json_each(?))",
            (wanted,),
        )
        found = {}
        for entry_id, title, surfaced, tags in rows:
            sources = carried.get(entry_id, [])
            reason = self._reason(entry_id, surfaced, sources)
            if reason is not None and self._keep_tags.isdisjoint(json.loads(tags)):
                name = self._limits.names[sources[0][0]] if sources else ""
                found[entry_id] = DueEntry(
                    id=entry_id, title=title, source=name, surfaced=surfaced, reason=reason
                )
        let_go = [found[entry_id] for entry_id in ids if entry_id in found]
        kept = set(self._kept(conn, [entry.id for entry in let_go]))
        return [entry for entry in let_go if entry.id not in kept]

    def _reason(self, entry_id: int, surfaced: int, sources: Sequence[tuple[int, int]]) -> PurgeReason | None:
        reasons = [self._let_go(source_id, (at, entry_id)) for source_id, at in sources]
        if reasons and None not in reasons:
            return reasons[0]
        return self._let_go(WHOLE_STORE, (surfaced, entry_id))

    def _let_go(self, ledger: int, position: Position) -> PurgeReason | None:
        bound = self._limits.bounds.get(ledger)
        if bound is None or position >= bound.place:
            return None
        if position < bound.by_age:
            return PurgeReason.AGE
        return PurgeReason.STORE if ledger == WHOLE_STORE else PurgeReason.SOURCE

    def _kept(self, conn: sqlite3.Connection, ids: Sequence[int]) -> Iterator[int]:
        if self._keeps is not None:
            for entry in read_entries(conn, ids):
                if self._keeps(Subject(entry, self._now)):
                    yield entry.id
