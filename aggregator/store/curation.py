"""Rules and feeds over what is stored: filled, applied again, and told."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator

from aggregator.model import Applied, Given, InForce, Rule, StoredEntry
from aggregator.store import asked, feeds
from aggregator.store.reapply import apply_batch
from aggregator.store.roles import Role
from aggregator.store.select import read_entries

_READ_AT_ONCE = 200
"""Entries that are in memory at a time."""

_DATED_SINCE = "(?1 IS NULL OR coalesce(published, id) >= ?1)"


class SqliteCuration(Role):
    """`protocols.Curation`, on connections that are lent for reading and for one transaction."""

    def fill_feeds(self, *, limit: int) -> int:
        """See `protocols.Curation.fill_feeds`."""
        with self._read() as conn:
            if feeds.left_to_fill(conn) == 0:
                return 0
        with self._write() as conn:
            feeds.fill(conn, limit)
        with self._read() as conn:
            return feeds.left_to_fill(conn)

    def apply_rules(self, rules: tuple[Rule, ...], *, span: int | None, now: int, limit: int) -> Applied:
        """See `protocols.Curation.apply_rules`."""
        with self._write() as conn:
            return apply_batch(conn, rules, span=span, now=now, limit=limit)

    def in_force(self) -> InForce:
        """See `protocols.Curation.in_force`."""
        with self._read() as conn:
            rules = conn.execute("SELECT name, said FROM rules ORDER BY position").fetchall()
            slugs = conn.execute(
                "SELECT slug, said FROM feeds WHERE position IS NOT NULL ORDER BY position"
            ).fetchall()
            lists = asked.read(conn)
        return InForce(
            rules=tuple((name, json.loads(said)) for name, said in rules),
            feeds=tuple((slug, json.loads(said)) for slug, said in slugs),
            asked=lists,
        )

    def stored(self, *, since: int | None = None) -> Iterator[StoredEntry]:
        """See `protocols.Curation.stored`."""
        with self._read() as conn:
            rows = conn.execute(f"SELECT id FROM entries WHERE {_DATED_SINCE} ORDER BY id DESC", (since,))  # noqa: S608 - a constant
            ids = [entry_id for (entry_id,) in rows]
        for start in range(0, len(ids), _READ_AT_ONCE):
            with self._read() as conn:
                some = _read_stored(conn, ids[start : start + _READ_AT_ONCE])
            yield from some

    def count_stored(self, *, since: int | None = None) -> int:
        """See `protocols.Curation.count_stored`."""
        with self._read() as conn:
            row = conn.execute(f"SELECT count(*) FROM entries WHERE {_DATED_SINCE}", (since,)).fetchone()  # noqa: S608 - a constant
        return int(row[0])

    def stored_entry(self, entry_id: int) -> StoredEntry | None:
        """See `protocols.Curation.stored_entry`."""
        with self._read() as conn:
            return next(iter(_read_stored(conn, [entry_id])), None)


def _read_stored(conn: sqlite3.Connection, ids: list[int]) -> list[StoredEntry]:
    given: dict[int, list[Given]] = {}
    rows = conn.execute(
        "SELECT c.entry_id, s.name, c.categories, c.tags FROM entry_sources AS c"
        " JOIN sources AS s ON s.id = c.source_id"
        " WHERE c.entry_id IN (SELECT value FROM json_each(?)) ORDER BY c.rowid",
        (json.dumps(ids),),
    )
    for entry_id, name, categories, tags in rows:
        given.setdefault(entry_id, []).append(
            Given(
                source=name,
                categories=tuple(json.loads(categories)),
                tags=tuple(json.loads(tags)),
            )
        )
    return [StoredEntry(entry=entry, given=tuple(given[entry.id])) for entry in read_entries(conn, ids)]
