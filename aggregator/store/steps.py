"""Which steps of the schema a database has taken, and taking those it lacks."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlite_utils import Database

from aggregator.exceptions import StoreError
from aggregator.store.migrations import migrations


def known_steps() -> list[str]:
    """Return the names of all steps that this version knows, in their order."""
    with closing(sqlite3.connect(":memory:")) as nothing:
        return [step.name for step in migrations.pending(Database(nothing))]


def applied_steps(conn: sqlite3.Connection) -> list[str]:
    """Return the names of the steps that a database has taken; none when it is empty, or not ours."""
    return [step.name for step in migrations.applied(Database(conn))]


def take_steps(conn: sqlite3.Connection, *, before: str | None = None) -> None:
    """Take every step that the database lacks, up to the one `before` which to stop.

    Each is one transaction, which also notes that it was taken: what is broken off leaves whole steps.
    """
    migrations.apply(Database(conn), stop_before=before)


def refuse_unknown(
    conn: sqlite3.Connection, path: Path, *, otherwise: str = "choose another file in [service] database"
) -> None:
    """Raise `StoreError` when a newer version has written the database; `otherwise` is what else helps."""
    unknown = set(applied_steps(conn)) - set(known_steps())
    if unknown:
        raise StoreError(
            f"{path}: was written by a newer aggregator (it has {', '.join(sorted(unknown))});"
            f" upgrade this one, or {otherwise}"
        )
