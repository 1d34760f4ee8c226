"""Rows whose counterpart is missing, and their repair where it is beyond doubt.

What sources said, and what entries are recognised by, is never deleted while there is an entry that it is of.
"""

# ruff: noqa: S608 - of constants, and of names in our own schema
from __future__ import annotations

import sqlite3

from aggregator.store.jsonrows import JSON_RELATIONS, WHOLE_TAGS
from aggregator.store.recognition import RECOGNITION
from aggregator.store.relations import Relation, rows_of, running
from aggregator.store.singlerows import SINGLE_ROWS
from aggregator.store.textindex import is_current

_BY_HAND = frozenset({"posts"})
"""Tables that hold what nobody else has: their rows are not deleted."""

_OF_SOURCES = ("entry_sources", "posts", "tombstone_sources", "incidents", "identities", "tombstone_keys")
"""Tables that hold what sources said, or what is known of them: who lacks its source gets another one."""

_GONE_SOURCES = " UNION ".join(
    f"SELECT source_id AS id FROM {table} WHERE source_id <> 0 AND source_id NOT IN (SELECT id FROM sources)"
    for table in _OF_SOURCES
)
_PLACEHOLDERS = (
    "INSERT INTO sources (id, name, url, tags, keep_categories, enabled, next_poll_at)"
    " SELECT id, iif(EXISTS (SELECT 1 FROM sources AS s WHERE s.name = 'lost source ' || g.id),"
    " 'lost source ' || id || ' ' || lower(hex(randomblob(4))), 'lost source ' || id), '', '[]', 1, 1, 0"
    f" FROM ({_GONE_SOURCES}) AS g"
)

_GONE_TOMBSTONES = " UNION ".join(
    f"SELECT entry_id FROM {table} WHERE entry_id NOT IN (SELECT entry_id FROM tombstones)"
    for table in ("tombstone_sources", "tombstone_keys")
)

_NO_SOURCE = "NOT EXISTS (SELECT 1 FROM entry_sources AS s WHERE s.entry_id = e.id)"
_SOURCES_BY_KEYS = (
    "SELECT e.id, i.source_id, e.surfaced, iif(p.id IS NOT NULL AND max(substr(i.key, 1, 1) = x'67') = 0,"
    " x'', x'00'), e.title, e.source_published,"
    " max(iif(substr(i.key, 1, 1) = x'67', substr(i.key, 2), NULL)),"
    " max(iif(substr(i.key, 1, 1) = x'6c', substr(i.key, 2), NULL)), e.categories, e.tags"
    " FROM entries AS e JOIN identities AS i ON i.entry_id = e.id AND i.source_id <> 0"
    " LEFT JOIN posts AS p ON p.entry_id = e.id AND p.source_id = i.source_id"
    f" WHERE {_NO_SOURCE} GROUP BY e.id, i.source_id ORDER BY e.id, i.source_id"
)
"""Which sources brought an entry, by the keys that lead to it from there (`g` of a guid, `l` of a link).

The revision is that of nothing they said (of a post, `reconcile.UNPOLLED`), so that polls
say it anew.
"""

_SAID = f"SELECT entries.id, value FROM entries, json_each({WHOLE_TAGS}) WHERE dropped = 0"
_TOLD = "SELECT entry_id, tag FROM entry_tags"
_NOT_INDEXED = f"{_SAID} EXCEPT {_TOLD}"
_INDEXED_ONLY = (
    f"{_TOLD} WHERE entry_id NOT IN (SELECT id FROM entries WHERE {WHOLE_TAGS} IS NULL) EXCEPT {_SAID}"
)

_RELATIONS = (
    Relation(
        what="sources that are gone, of which there still is something (--repair makes each again under the"
        " name `lost source ID`; a source of the config that is given this name goes on with it, and may be"
        " renamed then)",
        find=rows_of(_GONE_SOURCES),
        mend=running(_PLACEHOLDERS),
        names_rows=True,
    ),
    Relation(
        what="deleted entries without their tombstones, which hold their IDs",
        find=rows_of(_GONE_TOMBSTONES),
        mend=running(
            "INSERT INTO tombstones (entry_id, purged_at)"
            f" SELECT entry_id, CAST(strftime('%s', 'now') AS INTEGER) * 1000 FROM ({_GONE_TOMBSTONES})"
        ),
    ),
    Relation(
        what="entries without a source, with keys that tell which it was",
        find=rows_of(
            f"SELECT id FROM entries AS e WHERE {_NO_SOURCE} AND EXISTS"
            " (SELECT 1 FROM identities AS i WHERE i.entry_id = e.id AND i.source_id <> 0)"
        ),
        mend=running(
            "INSERT INTO entry_sources (entry_id, source_id, surfaced, revision, title, published, guid,"
            f" link, categories, tags) {_SOURCES_BY_KEYS}"
        ),
    ),
    Relation(
        what="entries without a source",
        find=rows_of(
            f"SELECT id FROM entries AS e WHERE {_NO_SOURCE} AND NOT EXISTS"
            " (SELECT 1 FROM identities AS i WHERE i.entry_id = e.id AND i.source_id <> 0)"
        ),
        names_rows=True,
    ),
    Relation(
        what="tags that the index of tags lacks",
        find=rows_of(_NOT_INDEXED),
        mend=running(
            "INSERT INTO entry_tags (tag, surfaced, entry_id, joined)"
            " SELECT t.value, e.surfaced, e.id, e.joined"
            f" FROM ({_NOT_INDEXED}) AS t JOIN entries AS e ON e.id = t.id"
        ),
    ),
    Relation(
        what="tags in the index of tags that their entries do not have",
        find=rows_of(_INDEXED_ONLY),
        mend=running(f"DELETE FROM entry_tags WHERE (entry_id, tag) IN ({_INDEXED_ONLY})"),
    ),
)

_REBUILD_SEARCH = running("UPDATE search_version SET number = 0, built_at = NULL, built_id = NULL")
_SEARCH = (
    Relation(
        what="entries that a search does not find",
        find=rows_of(
            "SELECT id FROM entries WHERE dropped = 0 AND id NOT IN (SELECT entry_id FROM search_entries)"
        ),
        mend=_REBUILD_SEARCH,
    ),
    Relation(
        what="entries that a search finds although they are gone",
        find=rows_of(
            "SELECT entry_id FROM search_entries"
            " WHERE entry_id NOT IN (SELECT id FROM entries WHERE dropped = 0)"
        ),
        mend=_REBUILD_SEARCH,
    ),
    Relation(
        what="rows of the search index without their other half",
        find=rows_of(
            "SELECT seq FROM search_entries WHERE seq NOT IN (SELECT seq FROM search_words)"
            " UNION ALL SELECT seq FROM search_words WHERE seq NOT IN (SELECT seq FROM search_entries)"
        ),
        mend=_REBUILD_SEARCH,
    ),
)


def relations(conn: sqlite3.Connection) -> list[Relation]:
    """Return what must hold in this database, in the order in which it is to be mended."""
    found = [*SINGLE_ROWS, *_RELATIONS[:2], *_declared(conn), *JSON_RELATIONS, *_RELATIONS[2:], *RECOGNITION]
    if is_current(conn):  # else it is about to be built
        found += _SEARCH
    return found


def _declared(conn: sqlite3.Connection) -> list[Relation]:
    """Return a relation for each column that refers to rows of another table, and is not looked at above.

    What is of an entry that is gone is of nothing: keys that led to it would hold off the item that brings it
    again.
    """
    found = []
    rows = conn.execute(
        'SELECT t.name, f."from", f."table", f."to" FROM sqlite_master AS t'
        " JOIN pragma_foreign_key_list(t.name) AS f WHERE t.type = 'table' ORDER BY 1, 2"
    ).fetchall()
    for table, column, parent, key in rows:
        if parent == "tombstones" or (parent == "sources" and table in _OF_SOURCES):
            continue
        broken = f'{table} WHERE "{column}" IS NOT NULL AND "{column}" NOT IN (SELECT {key} FROM {parent})'
        found.append(
            Relation(
                what=f"rows of {table} whose {parent} are gone",
                find=rows_of(f"SELECT 1 FROM {broken}"),
                mend=None if table in _BY_HAND else running(f"DELETE FROM {broken}"),
            )
        )
    return found
