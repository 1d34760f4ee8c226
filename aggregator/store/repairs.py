"""Repairs that are beyond doubt: what can be made again from what is there, or belongs to nothing.

What sources said, and what it is recognised by, stays."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from aggregator.exceptions import StoreError
from aggregator.store import orphans, textindex
from aggregator.store.access import reading
from aggregator.store.connections import Connections
from aggregator.store.doctor import is_whole, missing_objects
from aggregator.store.relations import Relation
from aggregator.store.rows import bump_revision


def repair(database: Path) -> list[str]:
    """Mend what `doctor.examine` says can be; return what was done, a sentence each.

    Safe while the service runs. A damaged file is left alone: a repair would make it worse. Raises
    `StoreError`.
    """
    if not _is_whole(database):
        return []
    done = []
    with closing(Connections(database)) as connections:
        with connections.write() as conn:
            for name, statement in missing_objects(conn):
                conn.execute(statement)
                done.append(f"{name} was made again")
            mended = ((relation.what, _mend(conn, relation)) for relation in orphans.relations(conn))
            done += [f"{what}: {count:,}, mended" for what, count in mended if count]
            if done:
                bump_revision(conn)
        textindex.build(connections.write)
        connections.checkpoint()
    return done


def _mend(conn: sqlite3.Connection, relation: Relation) -> int:
    """Mend a relation; return how many rows no longer break it.

    Those of the search index are through when it is built.
    """
    before = _count(conn, relation)
    if not before or relation.mend is None:
        return 0
    changes = conn.total_changes
    relation.mend(conn)
    if conn.total_changes == changes:
        return 0
    return before - _count(conn, relation) or before


def _count(conn: sqlite3.Connection, relation: Relation) -> int:
    """Return how many rows break a relation; 0 where that cannot be told, as a look at the database says."""
    with suppress(sqlite3.Error, ValueError):
        return len(relation.find(conn))
    return 0


def _is_whole(database: Path) -> bool:
    try:
        with reading(database) as conn:
            return is_whole(conn)
    except StoreError:  # which a look at the database tells
        return False
