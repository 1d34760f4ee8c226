"""Entries that no poll would recognise: they have lost the keys that lead to them, and would be doubled.

An entry may well have no key of its own: one that was shared is believed of nobody, and what an entry was
recognised by leads to a later one that says the same. So what counts is whether any of its keys, made again
from what its source said, leads to something; if none does, they have been lost.
"""

# ruff: noqa: S608 - of constants
from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from aggregator.ingest.normalize import identity_keys
from aggregator.model import Enclosure, EntryDraft, IdentityKeys, RawHtml
from aggregator.store.identities import ALL_SOURCES
from aggregator.store.reconcile import UNPOLLED
from aggregator.store.relations import Relation


@dataclass(frozen=True, slots=True)
class _Keyless:
    """What a source said of an entry to which no key of the source leads."""

    entry_id: int
    source_id: int
    keys: tuple[bytes, ...]
    """Of texts and dates."""
    names: tuple[bytes, ...]
    """Of guid and link: these are believed only where they name one entry."""
    story: bytes | None = None
    from_archive: bool = False


_STORED = """
    SELECT s.entry_id, s.source_id, s.guid AS guid_hash, s.link, s.title, s.published, s.revision,
        p.text AS post_text,
        iif(f.first = s.rowid, e.url, s.url) AS url,
        iif(f.first = s.rowid, e.guid, s.said_guid) AS guid,
        iif(f.first = s.rowid, e.content_html, s.content_html) AS content_html,
        iif(f.first = s.rowid, e.enclosures, s.enclosures) AS enclosures
    FROM entry_sources AS s JOIN entries AS e ON e.id = s.entry_id
    JOIN (SELECT entry_id, min(rowid) AS first FROM entry_sources GROUP BY entry_id) AS f
        ON f.entry_id = s.entry_id
    LEFT JOIN posts AS p ON p.entry_id = s.entry_id AND p.source_id = s.source_id
    WHERE NOT EXISTS
        (SELECT 1 FROM identities AS i WHERE i.entry_id = s.entry_id AND i.source_id = s.source_id)
    ORDER BY s.rowid
"""
_PURGED = """
    SELECT s.entry_id, s.source_id, s.guid AS guid_hash, s.link FROM tombstone_sources AS s
    WHERE NOT EXISTS
        (SELECT 1 FROM tombstone_keys AS k WHERE k.entry_id = s.entry_id AND k.source_id = s.source_id)
"""


def _read(conn: sqlite3.Connection, query: str) -> Iterator[dict[str, object]]:
    rows = conn.execute(query)
    columns = [column[0] for column in rows.description]
    return (dict(zip(columns, row, strict=True)) for row in rows)


def _keyless_entries(conn: sqlite3.Connection) -> list[_Keyless]:
    found = []
    for row in _read(conn, _STORED):
        keys = identity_keys(_draft(row))
        text = row["post_text"] if row["revision"] == UNPOLLED else keys.text
        found.append(
            _Keyless(
                entry_id=int(str(row["entry_id"])),
                source_id=int(str(row["source_id"])),
                keys=tuple(_prefixed((b"t", text), (b"d", keys.title_date))),
                names=tuple(_prefixed((b"g", row["guid_hash"]), (b"l", row["link"]))),
                story=next(_prefixed((b"s", keys.story)), None),
                from_archive=row["revision"] == UNPOLLED,
            )
        )
    return found


def _keyless_tombstones(conn: sqlite3.Connection) -> list[_Keyless]:
    """Return those that had a name of their own: of the others no key can be made, texts being gone."""
    found = []
    rows = list(_read(conn, _PURGED))
    count = _names(conn, "entry_sources", "tombstone_sources") if rows else Counter[tuple[int, bytes]]()
    for row in rows:
        source_id = int(str(row["source_id"]))
        names = _prefixed((b"g", row["guid_hash"]), (b"l", row["link"]))
        own = tuple(name for name in names if count[source_id, name] == 1)
        if own:
            found.append(_Keyless(int(str(row["entry_id"])), source_id, (), own))
    return found


def _draft(row: dict[str, object]) -> EntryDraft:
    """Return what a source said, as far as keys are made of it."""
    files = json.loads(str(row["enclosures"] or "[]"))
    html = row["content_html"]
    return EntryDraft(
        keys=IdentityKeys(text=b""),
        revision=b"",
        guid=_text(row["guid"]),
        url=_text(row["url"]),
        title=str(row["title"]),
        published=None if row["published"] is None else int(str(row["published"])),
        content_html=None if html is None else RawHtml(str(html)),
        enclosures=tuple(Enclosure(url=url, type=kind, length=length) for url, kind, length in files),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _prefixed(*keys: tuple[bytes, object]) -> Iterator[bytes]:
    return (kind + key for kind, key in keys if isinstance(key, bytes))


def _lost(conn: sqlite3.Connection, keyless: Iterable[_Keyless]) -> list[_Keyless]:
    """Return those of which every key leads nowhere."""
    return [
        each
        for each in keyless
        if not any(_leads_somewhere(conn, each.source_id, key) for key in (*each.keys, *each.names))
    ]


def _leads_somewhere(conn: sqlite3.Connection, source_id: int, key: bytes) -> bool:
    row = conn.execute(
        "SELECT EXISTS (SELECT 1 FROM identities WHERE source_id = ?1 AND key = ?2)"
        " OR EXISTS (SELECT 1 FROM tombstone_keys WHERE source_id = ?1 AND key = ?2)",
        (source_id, key),
    ).fetchone()
    return bool(row[0])


def _restore(conn: sqlite3.Connection, lost: Sequence[_Keyless], table: str) -> None:
    """Make the keys again, each leading to the last entry that said it; what exists stays.

    A name that several entries of a source have may have been shared by items, and is left out: to take one
    article for another loses it. An archive has each page once, so that the last post of it has its link.
    """
    names = _names(conn, "entry_sources", "tombstone_sources")
    shared = Counter((each.source_id, key) for each in lost for key in each.keys if key[:1] == b"d")
    for each in reversed(lost):
        usable = [key for key in each.keys if shared[each.source_id, key] <= 1]
        usable += [key for key in each.names if each.from_archive or names[each.source_id, key] == 1]
        _insert(conn, table, [(each.source_id, key, each.entry_id) for key in usable])
    told = Counter(story for _, story in {(each.entry_id, each.story) for each in lost})
    for each in reversed(lost):
        if each.story is not None and (each.from_archive or told[each.story] == 1):
            owners = (ALL_SOURCES,) if each.from_archive else (ALL_SOURCES, each.source_id)
            _insert(conn, table, [(owner, each.story, each.entry_id) for owner in owners])


def _insert(conn: sqlite3.Connection, table: str, rows: Iterable[tuple[int, bytes, int]]) -> None:
    conn.executemany(f"INSERT OR IGNORE INTO {table} (source_id, key, entry_id) VALUES (?, ?, ?)", rows)


def _names(conn: sqlite3.Connection, *tables: str) -> Counter[tuple[int, bytes]]:
    """Return how many entries each source has said each guid and link of."""
    found: Counter[tuple[int, bytes]] = Counter()
    for table, (kind, column) in product(tables, ((b"g", "guid"), (b"l", "link"))):
        rows = conn.execute(
            f"SELECT source_id, {column}, count(*) FROM {table} WHERE {column} IS NOT NULL GROUP BY 1, 2"
        )
        found.update({(source_id, kind + key): count for source_id, key, count in rows})
    return found


def _relation(what: str, read: Callable[[sqlite3.Connection], list[_Keyless]], table: str) -> Relation:
    return Relation(
        what=what,
        find=lambda conn: [each.entry_id for each in _lost(conn, read(conn))],
        mend=lambda conn: _restore(conn, _lost(conn, read(conn)), table),
    )


RECOGNITION = (
    _relation("entries that no poll would recognise", _keyless_entries, "identities"),
    _relation("deleted entries that no poll would recognise", _keyless_tombstones, "tombstone_keys"),
)
