"""What entries are recognised by, in the database: keys that lead to them, for each source and for all."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from aggregator.store.reconcile import Candidate, Known
from aggregator.store.sketch import Sketch

ALL_SOURCES = 0
"""The owner of keys that are shared by all sources: stories."""


@dataclass(frozen=True, slots=True)
class Register:
    """Tables that tell which entry a key leads to, and what sources last said of it."""

    keys: str
    said: str
    text: Callable[[sqlite3.Connection, int, int], str | Sketch | None]
    """Reads what a source said of an entry, by their IDs: source first."""
    purged: bool


_VARIABLES = 900
"""How many values one statement is given: SQLite's oldest limit is 999."""


def _text(conn: sqlite3.Connection, source_id: int, entry_id: int) -> str | None:
    """Return the HTML that a source last said of an entry: the first bringer's stands with the entry."""
    row = conn.execute(
        "SELECT coalesce(s.content_html, e.content_html) FROM entry_sources AS s JOIN entries AS e"
        " ON e.id = s.entry_id WHERE s.entry_id = ? AND s.source_id = ?",
        (entry_id, source_id),
    ).fetchone()
    return None if row is None else row[0]


STORED = Register("identities", "entry_sources", _text, purged=False)


def known(
    conn: sqlite3.Connection, source_id: int, owner: int, keys: Sequence[bytes], register: Register = STORED
) -> Mapping[bytes, Known]:
    """Return what the keys of `owner` (a source, or all) lead to, as `source_id` knows it."""
    found: dict[bytes, Known] = {}
    for some in batches(keys):
        marks = ",".join("?" * len(some))
        rows = conn.execute(
            "SELECT i.key, i.entry_id, s.revision, s.title, s.published, s.guid, s.link"  # noqa: S608 - constants, and question marks
            f" FROM {register.keys} AS i LEFT JOIN {register.said} AS s"
            " ON s.entry_id = i.entry_id AND s.source_id = ?"
            f" WHERE i.source_id = ? AND i.key IN ({marks})",
            (source_id, owner, *some),
        )
        for key, entry_id, revision, title, published, guid, link in rows:
            found[key] = Known(
                id=entry_id,
                revision=revision,
                title=title,
                published=published,
                guid=guid,
                link=link,
                text=partial(register.text, conn, source_id, entry_id),
                purged=register.purged,
            )
    return found


def forget(
    conn: sqlite3.Connection, source_id: int, keys: Collection[bytes], register: Register = STORED
) -> None:
    """Make these keys of a source lead nowhere."""
    conn.executemany(
        f"DELETE FROM {register.keys} WHERE source_id = ? AND key = ?",  # noqa: S608 - a constant
        [(source_id, key) for key in keys],
    )


def identify(
    conn: sqlite3.Connection, source_id: int, item: Candidate, entry_id: int, register: Register = STORED
) -> None:
    """Make the item's keys lead to the entry, in place of those of its last version.

    One key of a kind at most: a source that changes its guids at each request must not fill the disk.
    """
    table = register.keys
    kinds = {key[:1] for key in item.keys}
    before = conn.execute(
        f"SELECT key FROM {table} WHERE entry_id = ? AND source_id = ?",  # noqa: S608 - a constant
        (entry_id, source_id),
    )
    stale = [key for (key,) in before if key[:1] in kinds and key not in item.keys]
    forget(conn, source_id, stale, register)
    conn.executemany(  # a story's key goes when none of its sources says it any more
        f"DELETE FROM {table} WHERE source_id = ?1 AND key = ?2 AND entry_id = ?3 AND NOT EXISTS"  # noqa: S608 - a constant
        f" (SELECT 1 FROM {table} WHERE entry_id = ?3 AND source_id <> ?1 AND key = ?2)",
        [(ALL_SOURCES, key, entry_id) for key in stale],
    )
    conn.executemany(
        f"INSERT OR REPLACE INTO {table} (source_id, key, entry_id) VALUES (?, ?, ?)",  # noqa: S608 - a constant
        [(source_id, key, entry_id) for key in item.keys],
    )
    if item.story is not None:
        # The first entry with a link is the story of that link, until its own source gives the link to
        # another.
        conn.execute(
            f"INSERT INTO {table} (source_id, key, entry_id) VALUES (?1, ?2, ?3)"  # noqa: S608 - constants
            " ON CONFLICT (source_id, key) DO UPDATE SET entry_id = ?3 WHERE EXISTS"
            f" (SELECT 1 FROM {register.said} WHERE entry_id = {table}.entry_id AND source_id = ?4)",
            (ALL_SOURCES, item.story, entry_id, source_id),
        )


def renew_texts(
    conn: sqlite3.Connection, source_id: int, item: Candidate, entry: Known, found: Mapping[bytes, Known]
) -> None:
    """Make the texts of an item that says nothing new lead to its entry, where they lead nowhere yet.

    Entries that an earlier version of this program wrote have these keys in another form.
    """
    missing = [key for key in (item.text, item.title_date) if key is not None and key not in found]
    conn.executemany(
        "INSERT OR IGNORE INTO identities (source_id, key, entry_id) VALUES (?, ?, ?)",
        [(source_id, key, entry.id) for key in missing],
    )


def batches(keys: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """Yield the keys in lists that one statement can take."""
    for start in range(0, len(keys), _VARIABLES):
        yield keys[start : start + _VARIABLES]
