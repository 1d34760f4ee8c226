"""The search index: what `rules.sql` looks at, brought up to date as entries come and change.

    Subject ─► folded words and labels ─► search_text (FTS5)       which entries say this
            ─► facts                   ─► search_entries           numbers and addresses
            ─► words, packed           ─► search_words             to take them out again: FTS5 keeps no texts

An entry's number here, `seq`, is the first free one from the instant on at which it surfaced: so FTS5, which
reads by number, finds the newest first. Dropped entries are not here.
"""

from __future__ import annotations

import logging
import sqlite3
import zlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from hashlib import blake2b

from aggregator.model import Entry
from aggregator.rules.labels import labels_of
from aggregator.rules.subject import Subject
from aggregator.store.rows import only_row
from aggregator.store.select import read_entries

log = logging.getLogger(__name__)

VERSION = 1
"""Of what the index holds: to be raised with each change of how texts are folded and labels made."""

_BATCH = 500
"""Entries that are indexed in one transaction when the index is built anew."""

_INSERT = (
    "INSERT INTO search_text (rowid, title, authors, summary, content, labels) VALUES (?, ?, ?, ?, ?, ?)"
)
_DELETE = (
    "INSERT INTO search_text (search_text, rowid, title, authors, summary, content, labels)"
    " VALUES ('delete', ?, ?, ?, ?, ?, ?)"
)
_NO_TEXTS = (None, None, None, None)


def put(conn: sqlite3.Connection, subject: Subject) -> None:
    """Bring an entry into the index, or what the index has of it up to date.

    Must run in a write transaction, once the entry's rows are as they are to be. Several new entries are best
    put in the order in which they surfaced: FTS5 writes out what it has gathered whenever numbers fall.
    """
    entry = subject.entry
    (surfaced,) = conn.execute("SELECT surfaced FROM entries WHERE id = ?", (entry.id,)).fetchone()
    rows = conn.execute("SELECT source_id FROM entry_sources WHERE entry_id = ?", (entry.id,))
    labels = labels_of(subject, [source_id for (source_id,) in rows])
    digest = _digest(entry)
    before = _stored(conn, entry.id)
    if before is not None and before["surfaced"] != surfaced:
        remove(conn, entry.id)
        before = None
    if before is None:
        seq = _free(conn, surfaced)
        _write_words(conn, seq, subject, digest, labels)
    else:
        seq = before["seq"]
        if before["digest"] != digest:
            _delete_words(conn, before)
            _write_words(conn, seq, subject, digest, labels)
        elif before["labels"] != labels:
            conn.execute(_DELETE, (seq, *_NO_TEXTS, before["labels"]))
            conn.execute(_INSERT, (seq, *_NO_TEXTS, labels))
            conn.execute("UPDATE search_words SET labels = ? WHERE seq = ?", (labels, seq))
    words = before["count"] if before is not None and before["digest"] == digest else subject.words
    facts = (seq, entry.id, surfaced, subject.published, words, subject.urls)
    if before is None or facts[3:] != (before["dated"], before["count"], before["urls"]):
        conn.execute(
            "REPLACE INTO search_entries (seq, entry_id, surfaced, dated, words, urls)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            facts,
        )


def remove(conn: sqlite3.Connection, entry_id: int) -> None:
    """Take an entry out of the index, where it is in it, as when a rule drops it."""
    before = _stored(conn, entry_id)
    if before is not None:
        _delete_words(conn, before)
        conn.execute("DELETE FROM search_words WHERE seq = ?", (before["seq"],))
        conn.execute("DELETE FROM search_entries WHERE seq = ?", (before["seq"],))


def is_current(conn: sqlite3.Connection) -> bool:
    """Return whether the index holds every entry in the form of this version."""
    return bool(conn.execute("SELECT 1 FROM search_version WHERE number = ?", (VERSION,)).fetchone())


def build(writing: Callable[[], AbstractContextManager[sqlite3.Connection]]) -> None:
    """Index what is stored, in several write transactions; one that was broken off is taken up.

    Several processes may do so at once: each does a part.
    """
    done, said = 0, False
    while (indexed := _build_some(writing)) is not None:
        done += indexed
        if done > _BATCH and not said:
            log.info("The search index is being built; that takes a minute or two for 100,000 entries.")
            said = True
    if said:
        log.info("The search index is built: %s entries.", f"{done:,}")


def _build_some(writing: Callable[[], AbstractContextManager[sqlite3.Connection]]) -> int | None:
    """Index some more; return how many, None when the index was current."""
    with writing() as conn:
        number, at, entry_id = only_row(conn, "SELECT number, built_at, built_id FROM search_version")
        if number == VERSION:
            return None
        if number != -VERSION:
            conn.execute("INSERT INTO search_text (search_text) VALUES ('delete-all')")
            conn.execute("DELETE FROM search_words")
            conn.execute("DELETE FROM search_entries")
            at = entry_id = 0
        rows = conn.execute(
            "SELECT surfaced, id FROM entries WHERE dropped = 0 AND (surfaced, id) > (?, ?)"
            " ORDER BY surfaced, id LIMIT ?",
            (at, entry_id, _BATCH),
        ).fetchall()
        for entry in read_entries(conn, [row["id"] for row in rows]):
            put(conn, Subject(entry, now=0))
        last = rows[-1] if len(rows) == _BATCH else None
        conn.execute(
            "UPDATE search_version SET number = ?, built_at = ?, built_id = ?",
            (VERSION, None, None) if last is None else (-VERSION, last["surfaced"], last["id"]),
        )
        return len(rows)


def _stored(conn: sqlite3.Connection, entry_id: int) -> sqlite3.Row | None:
    row: sqlite3.Row | None = conn.execute(
        "SELECT f.seq, f.surfaced, f.dated, f.words AS count, f.urls, w.digest, w.labels, w.words"
        " FROM search_entries AS f JOIN search_words AS w ON w.seq = f.seq WHERE f.entry_id = ?",
        (entry_id,),
    ).fetchone()
    return row


def _write_words(conn: sqlite3.Connection, seq: int, subject: Subject, digest: bytes, labels: str) -> None:
    texts = (subject.title, subject.authors, subject.summary, subject.content)
    conn.execute(_INSERT, (seq, *texts, labels))
    conn.execute(
        "REPLACE INTO search_words (seq, words, digest, labels) VALUES (?, ?, ?, ?)",
        (seq, _packed(texts), digest, labels),
    )


def _delete_words(conn: sqlite3.Connection, before: sqlite3.Row) -> None:
    texts = zlib.decompress(before["words"]).decode().split("\n")
    conn.execute(_DELETE, (before["seq"], *texts, before["labels"]))


def _packed(texts: Sequence[str]) -> bytes:
    """Return what FTS5 must know to take texts out: each word once, in one of the columns that have it."""
    packed, before = [], set[str]()
    for text in texts:
        words = set(text.split()) - before
        packed.append(" ".join(words))
        before |= words
    return zlib.compress("\n".join(packed).encode(), 1)


def _digest(entry: Entry) -> bytes:
    said = (entry.title, entry.authors, entry.summary, entry.content_html, entry.article)
    return blake2b(repr(said).encode(), digest_size=8).digest()


def _free(conn: sqlite3.Connection, surfaced: int) -> int:
    """Return the first free number behind those that surfaced at that instant, or one not far from it."""
    row = conn.execute("SELECT max(seq) FROM search_entries WHERE surfaced = ?", (surfaced,)).fetchone()
    seq = surfaced if row[0] is None else int(row[0]) + 1
    step = 1
    while conn.execute("SELECT 1 FROM search_entries WHERE seq = ?", (seq,)).fetchone():
        seq += step
        step *= 2
    return seq
