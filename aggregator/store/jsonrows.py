"""Columns that hold JSON: rows in which they do not, and what other rows say of the same."""

# ruff: noqa: S608 - of constants
from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping

from aggregator.model import Source
from aggregator.rules.tagging import tags_for, union
from aggregator.store.relations import Mend, Relation, rows_of, running
from aggregator.store.rows import to_json

WHOLE_TAGS = "iif(json_valid(entries.tags), entries.tags, NULL)"
"""The tags of `entries` as JSON; NULL where they are none."""


def _lists(conn: sqlite3.Connection, query: str, *params: object) -> list[list[str]]:
    """Return the JSON lists that a query finds, those left out that are none."""
    found = []
    for (text,) in conn.execute(query, params):
        try:
            value = json.loads(text)
        except (TypeError, ValueError):
            continue
        if isinstance(value, list):
            found.append(value)
    return found


def _mend_entries_tags(conn: sqlite3.Connection) -> None:
    """Give entries the tags that they have in the index, in the order in which their sources give them.

    The index has none of a dropped entry, which is published nowhere: it gets those of its sources until its
    rules are asked again.
    """
    for entry_id, dropped in conn.execute(_query("entries", "tags", "id, dropped")).fetchall():
        given = union(
            *_lists(conn, "SELECT tags FROM entry_sources WHERE entry_id = ? ORDER BY rowid", entry_id)
        )
        rows = conn.execute("SELECT tag FROM entry_tags WHERE entry_id = ? ORDER BY joined, tag", (entry_id,))
        indexed = [tag for (tag,) in rows]
        tags = given if dropped else union((tag for tag in given if tag in indexed), indexed)
        conn.execute("UPDATE entries SET tags = ? WHERE id = ?", (to_json(tags), entry_id))


def _mend_given_tags(conn: sqlite3.Connection) -> None:
    """Give the rows of `entry_sources` the tags that their sources' own, and their categories, make."""
    rows = conn.execute(_query("entry_sources", "tags", "rowid, source_id, categories")).fetchall()
    for row_id, source_id, categories in rows:
        source = conn.execute(
            "SELECT name, url, keep_categories, tags FROM sources WHERE id = ?", (source_id,)
        ).fetchone()
        own, said = _lists(conn, "SELECT ?", source[3]), _lists(conn, "SELECT ?", categories)
        if own and said:
            configured = Source(
                name=source[0], url=source[1], keep_categories=bool(source[2]), tags=tuple(own[0])
            )
            tags = tags_for(configured, said[0])
            conn.execute("UPDATE entry_sources SET tags = ? WHERE rowid = ?", (to_json(tags), row_id))


_FIRST = "SELECT min(rowid) FROM entry_sources GROUP BY entry_id"


def _bad(column: str, kind: str) -> str:
    """Return SQL that is true where a column holds no JSON of that kind."""
    return (
        f"{column} IS NOT NULL AND CASE WHEN json_valid({column})"
        f" THEN '{kind}' NOT IN ('', json_type({column})) ELSE 1 END"
    )


def _query(table: str, column: str, result: str) -> str:
    return f"SELECT {result} FROM {table} WHERE {_bad(column, _KINDS.get(column, ''))}"


def _forgetting(table: str, column: str) -> Mend:
    """Return what takes out what a poll, or the rules, will tell again."""
    return running(f"UPDATE {table} SET {column} = NULL WHERE {_bad(column, _KINDS.get(column, ''))}")


_KINDS = dict.fromkeys(("tags", "categories", "authors", "enclosures", "rhythm", "rulings"), "array")

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "sources": ("tags", "pace", "rhythm", "selectors", "about"),
    "entry_sources": ("categories", "tags", "authors", "enclosures", "episode"),
    "entries": ("categories", "tags", "authors", "enclosures", "episode", "rulings"),
    "posts": ("categories",),
    "feeds": ("conditions", "said"),
    "followed_lists": ("sources", "missing"),
}
_NAMES = {"entry_sources": "entry_id", "feeds": "slug", "followed_lists": "url"}

_REPAIRS: Mapping[tuple[str, str], Mend] = {
    **{
        ("sources", column): _forgetting("sources", column)
        for column in ("pace", "rhythm", "selectors", "about")
    },
    ("entries", "rulings"): _forgetting("entries", "rulings"),
    ("sources", "tags"): running(  # the config has them, and is compared with these
        f"UPDATE sources SET tags = '[]' WHERE position IS NOT NULL AND {_bad('tags', 'array')}"
    ),
    # What the first bringer says stands in both.
    ("entry_sources", "categories"): running(
        "UPDATE entry_sources AS s SET categories = e.categories FROM entries AS e WHERE e.id = s.entry_id"
        f" AND s.rowid IN ({_FIRST}) AND {_bad('s.categories', 'array')}"
        f" AND NOT ({_bad('e.categories', 'array')})"
    ),
    ("entries", "categories"): running(
        "UPDATE entries AS e SET categories = s.categories FROM entry_sources AS s WHERE e.id = s.entry_id"
        f" AND s.rowid IN ({_FIRST}) AND {_bad('e.categories', 'array')}"
        f" AND NOT ({_bad('s.categories', 'array')})"
    ),
    ("entry_sources", "tags"): _mend_given_tags,
    ("entries", "tags"): _mend_entries_tags,
}

JSON_RELATIONS = tuple(
    Relation(
        what=f"rows of {table} whose {column} cannot be read",
        find=rows_of(_query(table, column, _NAMES.get(table, "id"))),
        mend=_REPAIRS.get((table, column)),
        names_rows=True,
    )
    for table, columns in _COLUMNS.items()
    for column in columns
)
