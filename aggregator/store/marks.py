"""The mark that tells one database from another, wherever it lies: it is random, and its copies carry it."""

from __future__ import annotations

import sqlite3
from hashlib import blake2b
from pathlib import Path

from aggregator.exceptions import StoreError
from aggregator.store.access import reading

MARKS_SCHEMA = (
    "CREATE TABLE about_store (mark TEXT NOT NULL)",
    "INSERT INTO about_store VALUES (lower(hex(randomblob(16))))",
)


def mark_of(conn: sqlite3.Connection) -> str | None:
    """Return a database's mark; None where it has none.

    A database of a version that gave no marks is known by the instant at which it was made.
    """
    if _has_table(conn, "about_store"):
        row = conn.execute("SELECT mark FROM about_store").fetchone()
        return None if row is None else str(row[0])
    if _has_table(conn, "_sqlite_migrations"):
        row = conn.execute(
            "SELECT applied_at FROM _sqlite_migrations WHERE migration_set = 'aggregator' ORDER BY name"
        ).fetchone()
        return None if row is None else blake2b(str(row[0]).encode(), digest_size=16).hexdigest()
    return None


def read_mark(file: Path) -> str | None:
    """Return the mark of the database in a file; None where there is none, or it cannot be read."""
    try:
        with reading(file) as conn:
            return mark_of(conn)
    except StoreError:
        return None


def _has_table(conn: sqlite3.Connection, name: str) -> bool:
    found = conn.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,))
    return found.fetchone() is not None
