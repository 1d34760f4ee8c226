"""What a database of a given version consists of, and what of that one lacks."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from functools import lru_cache
from types import MappingProxyType

from aggregator.store.steps import applied_steps, known_steps, take_steps

ONE_ROW = ("revision", "search_version", "changes_seen", "about_store")
"""Tables that hold one row, always: no write makes it when it is missing."""


def objects(conn: sqlite3.Connection) -> dict[str, str | None]:
    """Return the SQL of each table, index and trigger of a database, by its name."""
    rows = conn.execute("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite^_%' ESCAPE '^'")
    return {name: None if sql is None else " ".join(sql.split()) for name, sql in rows}


def wanted() -> Mapping[str, str | None]:
    """Return what `objects` gives for a database of this version."""
    return _fresh(None)[0]


def unsound_tables(conn: sqlite3.Connection) -> list[str]:
    """Return what tables lack of what a database with the same steps has; nothing when it is sound."""
    _, expected = _fresh(_first_missing(conn))
    there = _columns(conn)
    found = []
    for table, columns in expected.items():
        if table not in there:
            found.append(f"the table {table} is missing")
        elif lost := columns - there[table]:
            found.append(f"the table {table} lacks {', '.join(sorted(lost))}")
        elif table in ONE_ROW:
            (count,) = conn.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - a constant
            if count != 1:
                found.append(f"the table {table} has {count} rows, and not one")
    return found


def lost_helpers(conn: sqlite3.Connection) -> list[str]:
    """Return which indexes and triggers are missing that a database with the same steps has.

    They can be made again from what is there.
    """
    expected, tables = _fresh(_first_missing(conn))
    return sorted(expected.keys() - tables.keys() - objects(conn).keys())


def _first_missing(conn: sqlite3.Connection) -> str | None:
    applied = set(applied_steps(conn))
    return next((name for name in known_steps() if name not in applied), None)


@lru_cache(maxsize=4)
def _fresh(
    before: str | None,
) -> tuple[MappingProxyType[str, str | None], MappingProxyType[str, frozenset[str]]]:
    """Return the objects, and the columns of each table, of a database that lacks the step `before`."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
        take_steps(fresh, before=before)
        return MappingProxyType(objects(fresh)), MappingProxyType(_columns(fresh))


def _columns(conn: sqlite3.Connection) -> dict[str, frozenset[str]]:
    rows = conn.execute(
        "SELECT t.name, c.name FROM sqlite_master AS t JOIN pragma_table_info(t.name) AS c"
        " WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite^_%' ESCAPE '^'"
    )
    found: dict[str, set[str]] = {}
    for table, column in rows:
        found.setdefault(table, set()).add(column)
    return {table: frozenset(columns) for table, columns in found.items()}
