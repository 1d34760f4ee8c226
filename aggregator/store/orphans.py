"""Rows whose counterpart is missing, and their repair where it is beyond doubt."""

# ruff: noqa: S608 - of constants, and of names in our own schema
from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from aggregator.store.textindex import is_current


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """Something that holds between rows: the rows that break it, and what mends them."""

    what: str
    """What these rows are."""
    wrong: str
    """A query for them."""
    repair: str | None = None
    """A statement that mends them; None where a person must decide."""


_BY_HAND = frozenset({"posts"})
"""Tables that hold what nobody else has: their rows are not deleted."""

_SAID = "SELECT entries.id, value FROM entries, json_each(entries.tags) WHERE dropped = 0"
_NOT_INDEXED = f"{_SAID} EXCEPT SELECT entry_id, tag FROM entry_tags"
_INDEXED_ONLY = f"SELECT entry_id, tag FROM entry_tags EXCEPT {_SAID}"
_OF_NO_SOURCE = "identities WHERE source_id <> 0 AND source_id NOT IN (SELECT id FROM sources)"

_RELATIONS = (
    Relation(
        what="entries without a source",
        wrong="SELECT id FROM entries WHERE id NOT IN (SELECT entry_id FROM entry_sources)",
    ),
    Relation(
        what="keys of sources that are gone",
        wrong=f"SELECT 1 FROM {_OF_NO_SOURCE}",
        repair=f"DELETE FROM {_OF_NO_SOURCE}",
    ),
    Relation(
        what="tags that the index of tags lacks",
        wrong=_NOT_INDEXED,
        repair="INSERT INTO entry_tags (tag, surfaced, entry_id)"
        f" SELECT t.value, e.surfaced, e.id FROM ({_NOT_INDEXED}) AS t JOIN entries AS e ON e.id = t.id",
    ),
    Relation(
        what="tags in the index of tags that their entries do not have",
        wrong=_INDEXED_ONLY,
        repair=f"DELETE FROM entry_tags WHERE (entry_id, tag) IN ({_INDEXED_ONLY})",
    ),
)

_SEARCH = (
    Relation(
        what="entries that a search does not find",
        wrong="SELECT id FROM entries WHERE dropped = 0 AND id NOT IN (SELECT entry_id FROM search_entries)",
    ),
    Relation(
        what="entries that a search finds although they are gone",
        wrong="SELECT entry_id FROM search_entries"
        " WHERE entry_id NOT IN (SELECT id FROM entries WHERE dropped = 0)",
    ),
    Relation(
        what="rows of the search index without their other half",
        wrong="SELECT seq FROM search_entries WHERE seq NOT IN (SELECT seq FROM search_words)"
        " UNION ALL SELECT seq FROM search_words WHERE seq NOT IN (SELECT seq FROM search_entries)",
    ),
)
_REBUILD_SEARCH = "UPDATE search_version SET number = 0, built_at = NULL, built_id = NULL"


def relations(conn: sqlite3.Connection) -> list[Relation]:
    """Return what must hold in this database: what its tables declare, and what they cannot."""
    found = [*_declared(conn), *_RELATIONS]
    if is_current(conn):  # else it is about to be built
        found += [Relation(what=one.what, wrong=one.wrong, repair=_REBUILD_SEARCH) for one in _SEARCH]
    return found


def count_wrong(conn: sqlite3.Connection, relation: Relation) -> int:
    """Return how many rows break a relation."""
    (count,) = conn.execute(f"SELECT count(*) FROM ({relation.wrong})").fetchone()
    return int(count)


def repair(conn: sqlite3.Connection, relation: Relation) -> None:
    """Mend the rows that break a relation. Must run in a write transaction."""
    if relation.repair is not None:
        conn.execute(relation.repair)


def _declared(conn: sqlite3.Connection) -> list[Relation]:
    """Return a relation for each column that refers to rows of another table."""
    found = []
    rows = conn.execute(
        'SELECT t.name, f."from", f."table", f."to" FROM sqlite_master AS t'
        " JOIN pragma_foreign_key_list(t.name) AS f WHERE t.type = 'table' ORDER BY 1, 2"
    ).fetchall()
    for table, column, parent, key in rows:
        broken = f'{table} WHERE "{column}" IS NOT NULL AND "{column}" NOT IN (SELECT {key} FROM {parent})'
        found.append(
            Relation(
                what=f"rows of {table} whose {parent} are gone",
                wrong=f"SELECT 1 FROM {broken}",
                repair=None if table in _BY_HAND else f"DELETE FROM {broken}",
            )
        )
    return found
