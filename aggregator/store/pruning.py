"""Entries that retention lets go are deleted, some in each transaction.

    limits ─► entries before a bound, page by page ─► judged in a reader ─► judged and purged in a transaction

Where a run came to its end is remembered: the next one looks at what has passed a bound since, and at what
has changed. What was broken off was not remembered, and is looked at again.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from itertools import chain
from pathlib import Path

from aggregator.model import DueEntry, Retention, Source
from aggregator.store import textindex
from aggregator.store.folders import SqliteFolders
from aggregator.store.locks import lock_schedule
from aggregator.store.retention import (
    BEGINNING,
    Judge,
    Limits,
    Position,
    entries_between,
    keeps_by_the_clock,
    limits_at,
)
from aggregator.store.roles import Lender, Role
from aggregator.store.rows import bump_revision
from aggregator.store.tombstones import bury

PRUNING_SCHEMA = (
    # Where the last run came to its end: under which limits, before which changes, and in each ledger.
    "CREATE TABLE pruned (policy TEXT NOT NULL, number INTEGER NOT NULL)",
    """
    CREATE TABLE pruned_to (
        ledger   INTEGER PRIMARY KEY,                -- ID of a source; 0 for the whole store
        surfaced INTEGER NOT NULL,
        entry_id INTEGER NOT NULL
    )
    """,
)

_LOOKED_AT_ONCE = 500
"""Entries that are judged together when nothing is deleted."""

_OF_ENTRIES = (
    ("archive_entries", "entry_id"),
    ("feed_entries", "entry_id"),
    ("entry_tags", "entry_id"),
    ("entry_sources", "entry_id"),
    ("identities", "entry_id"),
    ("fingerprints", "entry_id"),
    ("wanted_pages", "entry_id"),
    ("entries", "id"),
)
"""Tables that hold what is known of entries, beside the search index. The ids that they were published under
stay taken."""


class SqlitePruning(Role):
    """`protocols.Pruning`, on connections that are lent for reading and for one transaction."""

    def __init__(
        self,
        read: Lender,
        write: Lender,
        *,
        folders: SqliteFolders,
        path: Path,
    ) -> None:
        super().__init__(read, write)
        self._folders = folders
        self._path = path

    def due(self, retention: Retention, sources: Sequence[Source], *, now: int) -> Iterator[DueEntry]:
        """See `protocols.Pruning.due`."""
        with self._read() as conn:
            limits = limits_at(conn, retention, sources, now)
        judge = Judge(retention, limits, now=now)
        told: set[int] = set()  # what several sources carry is before the bound of each
        for ids in self._passed(limits, {}, _LOOKED_AT_ONCE):
            with self._read() as conn:
                entries = judge.due(conn, [entry_id for entry_id in ids if entry_id not in told])
            told.update(entry.id for entry in entries)
            yield from entries

    def purge(
        self, retention: Retention, sources: Sequence[Source], *, now: int, limit: int
    ) -> Iterator[Sequence[DueEntry]]:
        """See `protocols.Pruning.purge`."""
        number = (
            self._folders.number()
        )  # before anything is read: what changes from now on is for the next run
        with self._read() as conn:
            limits = limits_at(conn, retention, sources, now)
            since, reached = (None, {}) if keeps_by_the_clock(retention) else _reached(conn, limits)
        judge = Judge(retention, limits, now=now)
        changed = () if since is None or not limits.bounds else self._changed(since, limit)
        for ids in chain(changed, self._passed(limits, reached, limit)):
            with self._read() as conn:
                due = judge.due(conn, ids)
            if due:
                with self._write() as conn:
                    due = judge.due(conn, [entry.id for entry in due])  # nobody else writes now
                    purge(conn, [entry.id for entry in due], now=now)
            yield due
        if (since, reached) != (number, {ledger: bound.place for ledger, bound in limits.bounds.items()}):
            with self._write() as conn:
                _remember(conn, limits, number)

    def are_applied(self, retention: Retention, sources: Sequence[Source]) -> bool:
        """See `protocols.Pruning.are_applied`."""
        with self._read() as conn:
            return _reached(conn, limits_at(conn, retention, sources, 0))[0] is not None

    def compact(self) -> None:
        """See `protocols.Pruning.compact`."""
        schedule = lock_schedule(self._path)
        try:
            with self._write() as conn:
                conn.execute("INSERT INTO search_text (search_text) VALUES ('optimize')")
                conn.execute("COMMIT")  # VACUUM has transactions of its own; nobody else writes meanwhile
                conn.execute("VACUUM")
                conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                conn.execute("BEGIN")
        finally:
            os.close(schedule)

    def _passed(self, limits: Limits, reached: Mapping[int, Position], limit: int) -> Iterator[Sequence[int]]:
        """Yield the entries before the bounds, some at a time; of a ledger those after what it reached."""
        for ledger, bound in sorted(limits.bounds.items(), reverse=True):  # the whole store's last
            start = reached.get(ledger, BEGINNING)
            while True:
                with self._read() as conn:
                    page = entries_between(conn, ledger, start, bound.place, limit)
                if page:
                    yield [entry_id for _, entry_id in page]
                    start = page[-1]
                if len(page) < limit:
                    break

    def _changed(self, since: int, limit: int) -> Iterator[Sequence[int]]:
        """Yield the entries that have changed, or come, after a number, some at a time."""
        while True:
            with self._read() as conn:
                rows = conn.execute(
                    "SELECT number, key FROM changes WHERE number > ? AND kind = 'entry'"
                    " AND EXISTS (SELECT 1 FROM entries WHERE id = key) ORDER BY number LIMIT ?",
                    (since, limit),
                ).fetchall()
            if rows:
                yield [row["key"] for row in rows]
                since = rows[-1]["number"]
            if len(rows) < limit:
                return


def purge(conn: sqlite3.Connection, ids: Sequence[int], *, now: int) -> None:
    """Delete entries for good, with all that holds their texts; a tombstone of each stays.

    Pages of history that were published with them are made anew without them when they are asked for next.
    Must run in a write transaction.
    """
    bury(conn, ids, now=now)
    for entry_id in ids:
        textindex.remove(conn, entry_id)
    wanted = (json.dumps(ids),)
    conn.execute(
        "DELETE FROM archive_documents WHERE (series_id, number) IN (SELECT series_id, number"
        " FROM archive_entries WHERE entry_id IN (SELECT value FROM json_each(?)))",
        wanted,
    )
    for table, column in _OF_ENTRIES:
        conn.execute(f"DELETE FROM {table} WHERE {column} IN (SELECT value FROM json_each(?))", wanted)  # noqa: S608 - constants
    bump_revision(conn)


def _reached(conn: sqlite3.Connection, limits: Limits) -> tuple[int | None, dict[int, Position]]:
    """Return where the last run came to its end; None and nothing when that was under other limits."""
    row = conn.execute("SELECT policy, number FROM pruned").fetchone()
    if row is None or row["policy"] != limits.policy:
        return None, {}
    with closing(conn.execute("SELECT ledger, surfaced, entry_id FROM pruned_to")) as rows:
        return row["number"], {ledger: (surfaced, entry_id) for ledger, surfaced, entry_id in rows}


def _remember(conn: sqlite3.Connection, limits: Limits, number: int) -> None:
    conn.execute("DELETE FROM pruned")
    conn.execute("INSERT INTO pruned (policy, number) VALUES (?, ?)", (limits.policy, number))
    conn.execute("DELETE FROM pruned_to")
    conn.executemany(
        "INSERT INTO pruned_to (ledger, surfaced, entry_id) VALUES (?, ?, ?)",
        [(ledger, *bound.place) for ledger, bound in limits.bounds.items()],
    )
