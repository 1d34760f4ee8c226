"""What stays of entries that were deleted, so that no source brings them back: IDs and hashes, no texts.

    entry that is purged ─► bury ─► tombstones, what its sources said of it as hashes, its keys
    link known from before ─► know_links ─► known_links
    item of a poll ─► known (beside what is stored) ─► reconcile.match ─► pass_over

A tombstone follows its source as an entry does: what it is recognised by becomes what the source says now. A
link that is known from before is all that is known of its page: the first item of each source that has it is
passed over, and its tombstone is what the source's further items are compared with.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from aggregator.store.identities import Register, batches, forget, identify, known
from aggregator.store.reconcile import Candidate, Known, title_hash
from aggregator.store.sketch import Sketch

TOMBSTONES_SCHEMA = (
    # An ID is never given again. Those below 0 are of no entry, but of items that known links hold off.
    """
    CREATE TABLE tombstones (
        entry_id  INTEGER PRIMARY KEY,
        purged_at INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE tombstone_sources (
        entry_id  INTEGER NOT NULL REFERENCES tombstones (entry_id),
        source_id INTEGER NOT NULL REFERENCES sources (id),
        revision  BLOB NOT NULL,
        title     BLOB NOT NULL,                     -- hash; empty for none
        published INTEGER,
        guid      BLOB,                              -- hash
        link      BLOB,                              -- hash
        sketch    BLOB,                              -- of the text's words; NULL for none
        PRIMARY KEY (entry_id, source_id)
    ) WITHOUT ROWID
    """,
    # As `identities`, of entries that are gone.
    """
    CREATE TABLE tombstone_keys (
        source_id INTEGER NOT NULL,
        key       BLOB NOT NULL,
        entry_id  INTEGER NOT NULL REFERENCES tombstones (entry_id),
        PRIMARY KEY (source_id, key)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX tombstone_keys_by_entry ON tombstone_keys (entry_id, source_id)",
    # Hashes of canonical links, of any source.
    "CREATE TABLE known_links (key BLOB PRIMARY KEY) WITHOUT ROWID",
    # What is deleted must be found by its entry.
    "CREATE INDEX archive_entries_by_entry ON archive_entries (entry_id)",
    "CREATE INDEX fingerprints_by_entry ON fingerprints (entry_id)",
)

_TAKEN_AT_ONCE = 500
_LINKS_AT_ONCE = 10_000


def know_links(conn: sqlite3.Connection, keys: Iterable[bytes]) -> int:
    """Make links known from before: items of any source that have one are passed over.

    Returns how many were not known yet.

    Keys are those that `ingest.normalize` makes of an item's link (`IdentityKeys.link`). An entry that is
    stored is found as ever. Must run in a write transaction.
    """
    before = conn.total_changes
    rest = iter(keys)
    while some := list(islice(rest, _LINKS_AT_ONCE)):
        conn.executemany("INSERT OR IGNORE INTO known_links (key) VALUES (?)", [(key,) for key in some])
    return conn.total_changes - before


def taken_from(conn: sqlite3.Connection, first: int) -> list[int]:
    """Return the IDs from that one on that entries have or had, up to the first free one; see `ids`."""
    rows = conn.execute(
        "SELECT id FROM (SELECT id FROM entries WHERE id >= ?1 ORDER BY id LIMIT ?2)"
        " UNION SELECT entry_id FROM (SELECT entry_id FROM tombstones WHERE entry_id >= ?1"
        " ORDER BY entry_id LIMIT ?2) ORDER BY 1",
        (first, _TAKEN_AT_ONCE if _is_taken(conn, first) else 0),
    )
    return [entry_id for place, (entry_id,) in enumerate(rows) if entry_id == first + place]


def _is_taken(conn: sqlite3.Connection, entry_id: int) -> bool:
    row = conn.execute(
        "SELECT EXISTS (SELECT 1 FROM entries WHERE id = ?1)"
        " OR EXISTS (SELECT 1 FROM tombstones WHERE entry_id = ?1)",
        (entry_id,),
    ).fetchone()
    return bool(row[0])


def bury(conn: sqlite3.Connection, entry_ids: Sequence[int], *, now: int) -> None:
    """Keep what entries are recognised by. To be called before their rows go, in the same transaction."""
    for entry_id in entry_ids:
        conn.execute("INSERT INTO tombstones (entry_id, purged_at) VALUES (?, ?)", (entry_id, now))
        rows = conn.execute(
            "SELECT s.source_id, s.revision, s.title, s.published, s.guid, s.link,"
            " coalesce(s.content_html, e.content_html) FROM entry_sources AS s"
            " JOIN entries AS e ON e.id = s.entry_id WHERE s.entry_id = ?",
            (entry_id,),
        ).fetchall()
        for source_id, revision, title, published, guid, link, html in rows:
            _say(conn, entry_id, source_id, (revision, title_hash(title), published, guid, link), html)
        conn.execute(
            "INSERT OR REPLACE INTO tombstone_keys (source_id, key, entry_id)"
            " SELECT source_id, key, entry_id FROM identities WHERE entry_id = ?",
            (entry_id,),
        )


Matched = tuple[Candidate, Known | None, Known | None]
"""An item, the entry of its source that it is, and that of another source."""


@dataclass(frozen=True, slots=True)
class PassedOver:
    """What becomes of a document's items."""

    rest: Sequence[Matched]
    """In the document's order."""
    passed_over: Sequence[Candidate]
    """Those that say something else than they last did, or are here for the first time."""


class Tombstones:
    """What one source's document meets of entries that were deleted, and of links known from before."""

    def __init__(self, conn: sqlite3.Connection, source_id: int, *, now: int) -> None:
        self._conn = conn
        self._source_id = source_id
        self._now = now

    def known(self, owner: int, keys: Sequence[bytes]) -> Mapping[bytes, Known]:
        """Return what the keys of `owner` (the source, or all) lead to, as `identities.known` does."""
        return known(self._conn, self._source_id, owner, keys, _PURGED)

    def forget(self, keys: Iterable[bytes]) -> None:
        """Make these keys of the source lead to no tombstone."""
        forget(self._conn, self._source_id, list(keys), _PURGED)

    def pass_over(
        self, matched: Sequence[Matched], own: Mapping[bytes, Known], purged: Mapping[bytes, Known]
    ) -> PassedOver:
        """Take out the items that were entries, or whose links are known from before, and note what they say.

        `own` and `purged` are what the items' keys lead to within the source. What the document says again as
        it was costs no write.
        """
        links = self._known_links(matched, own, purged)
        rest, passed_over = [], []
        for item, mine, other in matched:
            entry = mine or other
            if (entry is None and item.link in links) or (entry is not None and entry.purged):
                if entry is None or entry.revision != item.draft.revision:
                    self._note(item, self._bury_link() if entry is None else entry.id)
                    passed_over.append(item)
            else:
                rest.append((item, mine, other))
        return PassedOver(rest, passed_over)

    def _known_links(
        self, matched: Sequence[Matched], own: Mapping[bytes, Known], purged: Mapping[bytes, Known]
    ) -> set[bytes]:
        """Return the keys of new items' links that are known from before, and of which no more is known.

        A stored entry without a guid may have come from elsewhere than the source's document.
        """
        keys = [
            item.link
            for item, mine, other in matched
            if not (mine or other)
            and item.link is not None
            and item.link not in purged
            and ((entry := own.get(item.link)) is None or entry.guid is None)
        ]
        found: set[bytes] = set()
        for some in batches(keys):
            marks = ",".join("?" * len(some))
            rows = self._conn.execute(
                f"SELECT key FROM known_links WHERE key IN ({marks})",  # noqa: S608 - question marks
                [key[1:] for key in some],
            )
            found |= {b"l" + key for (key,) in rows}
        return found

    def _note(self, item: Candidate, entry_id: int) -> None:
        draft = item.draft
        keys = draft.keys
        said = (draft.revision, title_hash(draft.title), draft.published, keys.guid, keys.link)
        _say(self._conn, entry_id, self._source_id, said, draft.content_html)
        identify(self._conn, self._source_id, item, entry_id, _PURGED)

    def _bury_link(self) -> int:
        row = self._conn.execute(
            "INSERT INTO tombstones (entry_id, purged_at)"
            " SELECT min(0, coalesce(min(entry_id), 0)) - 1, ? FROM tombstones RETURNING entry_id",
            (self._now,),
        ).fetchone()
        return int(row[0])


def _say(
    conn: sqlite3.Connection, entry_id: int, source_id: int, said: tuple[object, ...], html: str | None
) -> None:
    conn.execute(
        "INSERT OR REPLACE INTO tombstone_sources"
        " (entry_id, source_id, revision, title, published, guid, link, sketch)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (entry_id, source_id, *said, Sketch.of(html).to_bytes() if html else None),
    )


def _sketch(conn: sqlite3.Connection, source_id: int, entry_id: int) -> Sketch | None:
    row = conn.execute(
        "SELECT sketch FROM tombstone_sources WHERE entry_id = ? AND source_id = ?", (entry_id, source_id)
    ).fetchone()
    return None if row is None or row[0] is None else Sketch.from_bytes(row[0])


_PURGED = Register("tombstone_keys", "tombstone_sources", _sketch, purged=True)
