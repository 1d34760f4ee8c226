"""The entries of configured feeds, noted as they come, so that a feed is read in the time of its own length.

    register (config) ─► feeds: unfilled where conditions are new ─► fill, in batches, newest surfaced first
    an entry that is settled ─► note: in the feeds whose conditions it meets, out of the others

What is noted while a feed is being filled is right at once; what was not looked at yet stands as before.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from aggregator.model import Entry, FeedSpec, Field
from aggregator.rules.keys import feed_keys
from aggregator.rules.membership import Conditions, Standing, from_text, mentions, to_text
from aggregator.rules.subject import Subject
from aggregator.store.rows import Joined, bump_revision, to_json
from aggregator.store.select import read_entries

LEFT_COUNTED = 100_000
"""Entries that are still to be looked at are counted up to this many."""

_FIRST = 1 << 62
"""Comes before every instant, in the order of falling ones."""

_NEVER = 0
"""Comes before every instant at which an entry surfaced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredFeed:
    """A feed of the config in force."""

    id: int
    conditions: Conditions


def register(conn: sqlite3.Connection, feeds: Sequence[FeedSpec], *, sources_renamed: bool) -> None:
    """Make the feeds those of the config.

    One whose conditions are new, or say names of sources while some of these have got others, is to be filled
    again; what it holds stays until then. One that is no longer configured stays known, without its entries.
    """
    known = {row["slug"]: row for row in conn.execute("SELECT * FROM feeds").fetchall()}
    conn.execute("UPDATE feeds SET position = NULL")
    for position, feed in enumerate(feeds):
        conditions = to_text(feed)
        conn.execute(
            "INSERT INTO feeds (slug, position, conditions, said) VALUES (?, ?, ?, ?) ON CONFLICT (slug)"
            " DO UPDATE SET position = excluded.position, conditions = excluded.conditions,"
            " said = excluded.said",
            (feed.slug, position, conditions, to_json(feed_keys(feed))),
        )
        row = known.get(feed.slug)
        renamed = sources_renamed and _names_sources(feed)
        if row is not None and (row["conditions"] != conditions or renamed):
            _unfill(conn, "slug = ?", feed.slug)
    _unfill(conn, "position IS NULL")


def _names_sources(feed: FeedSpec) -> bool:
    return bool(feed.sources) or (feed.match is not None and mentions(feed.match, Field.SOURCE))


def _unfill(conn: sqlite3.Connection, where: str, *params: str) -> None:
    conn.execute(
        f"UPDATE feeds SET filled = 0, filled_at = NULL, filled_id = NULL WHERE {where}",  # noqa: S608 - constants
        params,
    )


def registered(conn: sqlite3.Connection) -> list[RegisteredFeed]:
    """Return the feeds of the config in force."""
    rows = conn.execute("SELECT id, conditions FROM feeds WHERE position IS NOT NULL ORDER BY position")
    return [RegisteredFeed(id=row["id"], conditions=from_text(row["conditions"])) for row in rows]


def standing(conn: sqlite3.Connection, entry_id: int, subject: Callable[[], Subject]) -> Standing:
    """Return what an entry's conditions are judged by, as its rows say."""
    (surfaced,) = conn.execute("SELECT surfaced FROM entries WHERE id = ?", (entry_id,)).fetchone()
    tags = conn.execute("SELECT tag, surfaced FROM entry_tags WHERE entry_id = ?", (entry_id,))
    sources = conn.execute(
        "SELECT s.name, c.surfaced FROM entry_sources AS c JOIN sources AS s ON s.id = c.source_id"
        " WHERE c.entry_id = ?",
        (entry_id,),
    )
    return Standing(
        surfaced=surfaced,
        tags=dict(tuple(row) for row in tags),
        sources=dict(tuple(row) for row in sources),
        subject=subject,
    )


def note(
    conn: sqlite3.Connection,
    feeds: Iterable[RegisteredFeed],
    entry_id: int,
    where: Standing | None,
    *,
    at: int,
    joined: Callable[[], int],
) -> bool:
    """Put an entry into the feeds whose conditions it meets, and take it from the others.

    `where` is None for an entry that is published nowhere. In a feed that it was not in it surfaces at `at`
    (ms), or later where one of the conditions was met later. Returns whether anything changed.
    """
    rows = conn.execute("SELECT feed_id FROM feed_entries WHERE entry_id = ?", (entry_id,))
    held = {feed_id for (feed_id,) in rows}
    changed = False
    for feed in feeds:
        meets = where is not None and feed.conditions.met_by(where)
        if meets is (feed.id in held):
            continue
        changed = True
        if where is not None and meets:
            conn.execute(
                "INSERT INTO feed_entries (feed_id, surfaced, entry_id, joined) VALUES (?, ?, ?, ?)",
                (feed.id, max(at, feed.conditions.met_since(where)), entry_id, joined()),
            )
        else:
            conn.execute("DELETE FROM feed_entries WHERE feed_id = ? AND entry_id = ?", (feed.id, entry_id))
    return changed


def fill(conn: sqlite3.Connection, limit: int) -> None:
    """Look at up to `limit` stored entries for feeds that are not filled, in a write transaction.

    They surface as stored: what is old stays old. Of feeds that have left the config up to `limit` entries
    are forgotten.
    """
    conn.execute(
        "DELETE FROM feed_entries WHERE (feed_id, surfaced, entry_id) IN (SELECT m.feed_id, m.surfaced,"
        " m.entry_id FROM feeds AS f JOIN feed_entries AS m ON m.feed_id = f.id"
        " WHERE f.position IS NULL LIMIT ?)",
        (limit,),
    )
    unfilled = conn.execute(
        "SELECT id, conditions, served, coalesce(filled_at, ?1) AS at, coalesce(filled_id, ?1) AS entry_id"
        " FROM feeds WHERE filled = 0 AND position IS NOT NULL ORDER BY at DESC, entry_id DESC",
        (_FIRST,),
    ).fetchall()
    if not unfilled:
        return
    # All go on from where the last one is: those that are further look at some entries once more.
    batch = conn.execute(
        "SELECT surfaced, id, dropped FROM entries WHERE (surfaced, id) < (?, ?)"
        " ORDER BY surfaced DESC, id DESC LIMIT ?",
        (unfilled[0]["at"], unfilled[0]["entry_id"], limit),
    ).fetchall()
    _fill_with(conn, unfilled, batch)
    if len(batch) < limit:
        conn.execute("UPDATE feeds SET filled = 1, served = 1 WHERE filled = 0 AND position IS NOT NULL")
        bump_revision(conn)  # a feed that is filled links to its archives
    else:
        conn.execute(
            "UPDATE feeds SET filled_at = ?, filled_id = ? WHERE filled = 0 AND position IS NOT NULL",
            (batch[-1]["surfaced"], batch[-1]["id"]),
        )


def left_to_fill(conn: sqlite3.Connection) -> int:
    """Return how many entries `fill` has still to look at or to forget, counted up to `LEFT_COUNTED`."""
    unfilled, behind = conn.execute(
        "SELECT count(*), max(coalesce(filled_at, ?)) FROM feeds WHERE filled = 0 AND position IS NOT NULL",
        (_FIRST,),
    ).fetchone()
    (left,) = conn.execute(
        "SELECT count(*) FROM (SELECT 1 FROM entries WHERE surfaced <= ? LIMIT ?)", (behind, LEFT_COUNTED)
    ).fetchone()
    (gone,) = conn.execute(
        "SELECT count(*) FROM (SELECT 1 FROM feeds AS f JOIN feed_entries AS m ON m.feed_id = f.id"
        " WHERE f.position IS NULL LIMIT ?)",
        (LEFT_COUNTED,),
    ).fetchone()
    return max(int(left), 1 if unfilled else 0) + int(gone)


def _fill_with(
    conn: sqlite3.Connection, unfilled: Sequence[sqlite3.Row], batch: Sequence[sqlite3.Row]
) -> None:
    """Note each entry of a batch in the feeds of these rows."""
    new, refilled = (
        [
            RegisteredFeed(id=row["id"], conditions=from_text(row["conditions"]))
            for row in unfilled
            if bool(row["served"]) is served
        ]
        for served in (False, True)
    )
    joined = Joined(conn)
    entries: dict[int, Entry] = {}
    if any(feed.conditions.match is not None for feed in (*new, *refilled)):
        entries = {entry.id: entry for entry in read_entries(conn, [row["id"] for row in batch])}
    changed = False
    for row in batch:
        entry_id = row["id"]
        where = None if row["dropped"] else standing(conn, entry_id, _subject_of(entries, entry_id))
        # Nobody has read a new feed yet: its entries stand in their own order, before all that join later.
        changed |= note(conn, new, entry_id, where, at=_NEVER, joined=lambda: 0)
        changed |= note(conn, refilled, entry_id, where, at=_NEVER, joined=lambda: joined.number)
    if changed:
        bump_revision(conn)


def _subject_of(entries: Mapping[int, Entry], entry_id: int) -> Callable[[], Subject]:
    return lambda: Subject(entries[entry_id], now=0)  # conditions do not look at the clock
