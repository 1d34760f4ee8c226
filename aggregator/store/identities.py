"""What entries are recognised by, in the database: keys that lead to them, for each source and for all."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial

from aggregator.store.reconcile import Candidate, Known

ALL_SOURCES = 0
"""The owner of keys that are shared by all sources: stories."""

_VARIABLES = 900
"""How many values one statement is given: SQLite's oldest limit is 999."""


def known(
    conn: sqlite3.Connection, source_id: int, owner: int, keys: Sequence[bytes]
) -> Mapping[bytes, Known]:
    """Return what the keys of `owner` (a source, or all) lead to, as `source_id` knows it."""
    found: dict[bytes, Known] = {}
    for some in batches(keys):
        marks = ",".join("?" * len(some))
        rows = conn.execute(
            "SELECT i.key, i.entry_id, s.revision, s.title, s.published, s.guid, s.link"  # noqa: S608 - only question marks are put in
            " FROM identities AS i LEFT JOIN entry_sources AS s"
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
                text=partial(_text, conn, source_id, entry_id),
            )
    return found


def forget(conn: sqlite3.Connection, source_id: int, keys: Collection[bytes]) -> None:
    """Make these keys of a source lead nowhere."""
    conn.executemany(
        "DELETE FROM identities WHERE source_id = ? AND key = ?", [(source_id, key) for key in keys]
    )


def identify(conn: sqlite3.Connection, source_id: int, item: Candidate, entry_id: int) -> None:
    """Make the item's keys lead to the entry, in place of those of its last version.

    One key of a kind at most: a source that changes its guids at each request must not fill the disk.
    """
    kinds = {key[:1] for key in item.keys}
    before = conn.execute(
        "SELECT key FROM identities WHERE entry_id = ? AND source_id = ?", (entry_id, source_id)
    )
    stale = [key for (key,) in before if key[:1] in kinds and key not in item.keys]
    forget(conn, source_id, stale)
    conn.executemany(  # a story's key goes when none of its sources says it any more
        "DELETE FROM identities WHERE source_id = ?1 AND key = ?2 AND entry_id = ?3 AND NOT EXISTS"
        " (SELECT 1 FROM identities WHERE entry_id = ?3 AND source_id <> ?1 AND key = ?2)",
        [(ALL_SOURCES, key, entry_id) for key in stale],
    )
    conn.executemany(
        "INSERT OR REPLACE INTO identities (source_id, key, entry_id) VALUES (?, ?, ?)",
        [(source_id, key, entry_id) for key in item.keys],
    )
    if item.story is not None:
        # The first entry with a link is the story of that link, until its own source gives the link to
        # another.
        conn.execute(
            "INSERT INTO identities (source_id, key, entry_id) VALUES (?1, ?2, ?3)"
            " ON CONFLICT (source_id, key) DO UPDATE SET entry_id = ?3 WHERE EXISTS"
            " (SELECT 1 FROM entry_sources WHERE entry_id = identities.entry_id AND source_id = ?4)",
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


def _text(conn: sqlite3.Connection, source_id: int, entry_id: int) -> str | None:
    """Return the HTML that a source last said of an entry: the first bringer's stands with the entry."""
    row = conn.execute(
        "SELECT coalesce(s.content_html, e.content_html) FROM entry_sources AS s JOIN entries AS e"
        " ON e.id = s.entry_id WHERE s.entry_id = ? AND s.source_id = ?",
        (entry_id, source_id),
    ).fetchone()
    return None if row is None else row[0]


def batches(keys: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """Yield the keys in lists that one statement can take."""
    for start in range(0, len(keys), _VARIABLES):
        yield keys[start : start + _VARIABLES]
