"""Tables that hold one row, always: numbers of the whole store."""

# ruff: noqa: S608 - of constants
from __future__ import annotations

from aggregator.store.relations import Relation, rows_of, running

_FAR = 1_000_000
"""More changes than any store has seen since an entry joined: no reader takes the number for one it knows."""

_JOINED = " UNION ALL ".join(
    f"SELECT max(joined) AS joined FROM {table}"
    for table in ("entries", "entry_tags", "feed_entries", "archive_series")
)
_RIGHT = {
    "revision": f"INSERT INTO revision (number) SELECT coalesce(max(joined), 0) + {_FAR} FROM ({_JOINED})",
    # The next change gets a number that nobody has looked at.
    "changes_seen": "INSERT INTO changes_seen (number) SELECT coalesce(max(number), 0) FROM changes",
    "search_version": "INSERT INTO search_version (number) VALUES (0)",  # which is built anew
    "about_store": "INSERT INTO about_store (mark) VALUES (lower(hex(randomblob(16))))",
}

SINGLE_ROWS = tuple(
    Relation(
        what=f"the one row of {table} is missing, or is not the only one",
        find=rows_of(f"SELECT 1 WHERE (SELECT count(*) FROM {table}) <> 1"),
        mend=running(f"DELETE FROM {table}", row),
    )
    for table, row in _RIGHT.items()
)
