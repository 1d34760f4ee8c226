"""Which guids are their entries' names in the feeds that we publish: decided when an entry is stored."""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from collections.abc import Iterable
from hashlib import blake2b

from aggregator.identity import another_uri, holds_credentials, own_uri, uri_of

_LONGEST = 2_000
_SCRIPT = re.compile("(?:javascript|vbscript|data):", re.IGNORECASE)
"""What a reader that takes an id for an address would run."""


def take_name(conn: sqlite3.Connection, guid: str | None, *, entry_id: int, first_seen: int) -> str | None:
    """Return what `entries.uri` of a new entry is, and note all its ids, so that no other entry gets one.

    That is its guid, when every format can carry that to the letter and it is not, nor becomes, an id that
    some entry has. Else it is None, for the UUID that is made of ID and first-seen time; another UUID where a
    source has given that one to an entry before. Must run in a write transaction.
    """
    own = own_uri(entry_id, first_seen)
    if guid is not None and is_name(guid) and _take(conn, ids_of(guid, own)):
        return guid
    if _take(conn, {own}):
        return None
    while not _take(conn, {own := another_uri(own)}):
        pass
    return own


def note_stored(conn: sqlite3.Connection) -> None:
    """Note the ids of all entries that are stored, which keep them."""
    rows = conn.execute("SELECT uri, id, first_seen FROM entries")
    conn.executemany(
        "INSERT OR IGNORE INTO published_ids (hash) VALUES (?)",
        ((id_hash(one),) for uri, *made_of in rows for one in ids_of(uri, own_uri(*made_of))),
    )


def is_name(guid: str) -> bool:
    """Return whether a guid can be an id to the letter: of one line, seen whole, not too long, no threat."""
    return (
        0 < len(guid) <= _LONGEST
        and " ".join(guid.split()) == guid
        and not any(unicodedata.category(char).startswith("C") for char in guid)
        and not _SCRIPT.match(guid)
        and not holds_credentials(guid)
    )


def ids_of(name: str | None, own: str) -> set[str]:
    """Return the ids that an entry with this `uri` has in any format; `own` is the UUID made for it."""
    return {own} if name is None else {name, uri_of(name) or own}


def id_hash(uri: str) -> bytes:
    """Return what is alike for ids that some program might take for one: case and widths do not count."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", uri).casefold())
    return blake2b(folded.encode(), digest_size=16).digest()


def _take(conn: sqlite3.Connection, ids: Iterable[str]) -> bool:
    """Note these ids, unless one of them is taken; return whether they were free."""
    hashes = [(id_hash(one),) for one in ids]
    for one in hashes:
        if conn.execute("SELECT 1 FROM published_ids WHERE hash = ?", one).fetchone():
            return False
    conn.executemany("INSERT INTO published_ids (hash) VALUES (?)", set(hashes))
    return True
