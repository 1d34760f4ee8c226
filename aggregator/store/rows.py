"""What every part of the store writes rows with."""

from __future__ import annotations

import json
import sqlite3

from aggregator.exceptions import StoreError


def to_json(value: object) -> str:
    """Return compact JSON that keeps every script readable in the database."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def bump_revision(conn: sqlite3.Connection) -> int:
    """Tell readers that what feeds hold may have changed; return the number that says so from now on."""
    (number,) = only_row(conn, "UPDATE revision SET number = number + 1 RETURNING number")
    return int(number)


def only_row(conn: sqlite3.Connection, statement: str) -> sqlite3.Row:
    """Return what a statement gives of a table that holds one row; `StoreError` when that has been lost."""
    row: sqlite3.Row | None = conn.execute(statement).fetchone()
    if row is None:
        raise StoreError(
            "the database has lost a number of its own: `aggregator doctor` says which, --repair mends that"
        )
    return row


class Joined:
    """The number under which one transaction's rows join: greater than that of any transaction before."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        self._number: int | None = None

    @property
    def number(self) -> int:
        """The number; asking for it makes it the store's revision, so that no other transaction gets it."""
        if self._number is None:
            self._number = bump_revision(self._conn)
        return self._number

    def tell(self) -> None:
        """Let readers know that something is no longer there, which needs no number."""
        _ = self.number
