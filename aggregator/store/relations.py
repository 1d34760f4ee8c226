"""What must hold between rows: how those that break it are found, and what mends them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Find = Callable[[sqlite3.Connection], Sequence[object]]
"""Returns the names of the rows that break a relation, one for each."""

Mend = Callable[[sqlite3.Connection], object]
"""Mends them; runs in a write transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """Something that holds between rows."""

    what: str
    """What the rows are that break it."""
    find: Find
    mend: Mend | None = None
    """None where a person must decide."""
    names_rows: bool = False
    """Whether the names of these rows help who reads of them."""


def rows_of(query: str) -> Find:
    """Return what finds the rows of a query, by their first columns."""
    return lambda conn: [row[0] for row in conn.execute(query)]


def running(*statements: str) -> Mend:
    """Return what runs these statements, one after the other."""

    def run(conn: sqlite3.Connection) -> None:
        for statement in statements:
            conn.execute(statement)

    return run
