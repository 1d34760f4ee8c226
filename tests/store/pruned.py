"""Entries that are deleted, for tests of what stays of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from aggregator.model import DueEntry, EntryQuery, Retention, Source
from aggregator.protocols import Store
from tests.store.drafts import DAY, NOW

EVERYTHING = Retention(max_age=1)
"""Lets everything go that surfaced before."""

SOON = NOW + DAY


def prune(
    store: Store,
    retention: Retention = EVERYTHING,
    sources: Sequence[Source] = (),
    *,
    now: int = SOON,
    limit: int = 200,
) -> list[DueEntry]:
    """Delete what is due; return it."""
    return [each for some in store.pruning.purge(retention, sources, now=now, limit=limit) for each in some]


def ids(store: Store) -> list[int]:
    return [entry.id for entry in store.walk(EntryQuery())]


def rows(folder: Path, statement: str, *params: object) -> list[tuple[object, ...]]:
    """What another program reads in the test's database."""
    with closing(sqlite3.connect(folder / "aggregator.db")) as conn:
        return conn.execute(statement, params).fetchall()
