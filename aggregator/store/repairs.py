"""Repairs that are beyond doubt: what can be made again from what is there, or belongs to nothing."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from aggregator.exceptions import StoreError
from aggregator.store import orphans, textindex
from aggregator.store.access import reading
from aggregator.store.connections import Connections
from aggregator.store.doctor import is_whole, missing_objects


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
            for relation in orphans.relations(conn):
                count = orphans.count_wrong(conn, relation)
                if count and relation.repair is not None:
                    orphans.repair(conn, relation)
                    done.append(f"{relation.what}: {count:,}, mended")
        textindex.build(connections.write)
        connections.checkpoint()
    return done


def _is_whole(database: Path) -> bool:
    try:
        with reading(database) as conn:
            return is_whole(conn)
    except StoreError:  # which a look at the database tells
        return False
