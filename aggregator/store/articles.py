"""Which entries want their own page, and what came of it.

want_pages (in the transaction that adds the entry) ─► wanted_pages ─┬► keep_article: the row goes
                                                                     └► note_failure, MOST_TRIES times
"""

from __future__ import annotations

import sqlite3
from itertools import islice

from aggregator.model import RawHtml, StoryPolicy, WantedPage, host_of
from aggregator.store.rows import bump_revision
from aggregator.store.settle import Settler
from aggregator.store.texts import PUBLISHED_FROM

MOST_WANTED = 50
"""Pages of a source that wait to be fetched: of more, the newest entries' ones."""
MOST_TRIES = 3
"""Failures after which a page is given up."""


def last_carried(conn: sqlite3.Connection) -> int:
    """Return a mark: what sources carry from now on comes after it."""
    return int(conn.execute("SELECT coalesce(max(rowid), 0) FROM entry_sources").fetchone()[0])


def want_pages(conn: sqlite3.Connection, source_id: int, *, after: int) -> None:
    """Note that the pages of entries which the source carries since that mark are wanted.

    Those that have an article, or no link, are not; and beyond `MOST_WANTED` of the source, those of its
    oldest entries are wanted no longer.
    """
    conn.execute(
        "INSERT OR IGNORE INTO wanted_pages (entry_id, source_id, url)"
        " SELECT e.id, c.source_id, e.url FROM entry_sources AS c JOIN entries AS e ON e.id = c.entry_id"
        " WHERE c.rowid > ? AND +c.source_id = ?"  # the plus: by rowid, not through all of the source
        " AND e.article IS NULL AND (e.url LIKE 'http://_%' OR e.url LIKE 'https://_%')",
        (after, source_id),
    )
    conn.execute(
        "DELETE FROM wanted_pages WHERE source_id = ?1 AND tries < ?2 AND entry_id <= (SELECT entry_id"
        " FROM wanted_pages WHERE source_id = ?1 AND tries < ?2 ORDER BY entry_id DESC LIMIT 1 OFFSET ?3)",
        (source_id, MOST_TRIES, MOST_WANTED),
    )


def wanted_pages(conn: sqlite3.Connection, source_id: int, *, now: int, limit: int) -> list[WantedPage]:
    """Return the pages of a source that may be fetched at `now`, those of the newest entries first."""
    paused = {host for (host,) in conn.execute("SELECT host FROM host_pauses WHERE until > ?", (now,))}
    rows = conn.execute(
        "SELECT w.entry_id, w.url, coalesce(t.content_html, e.content_html, e.summary)"  # noqa: S608 - a constant
        f" FROM wanted_pages AS w JOIN {PUBLISHED_FROM}"
        " WHERE w.entry_id = e.id AND w.source_id = ? AND w.tries < ? ORDER BY w.entry_id DESC",
        (source_id, MOST_TRIES),
    )
    pages = (
        WantedPage(entry_id=entry_id, url=url, said=None if said is None else RawHtml(said))
        for entry_id, url, said in rows
        if _host(url) not in paused
    )
    return list(islice(pages, limit))


def keep_article(
    conn: sqlite3.Connection, entry_id: int, article: RawHtml, policy: StoryPolicy, now: int
) -> None:
    """Write an entry's article, and ask the rules about it, which may look for what it says.

    What its source says of it stays, and so do its dates: it is no edit.
    """
    row = conn.execute(
        "UPDATE entries SET article = ?, changed = ? WHERE id = ? RETURNING surfaced, first_seen",
        (article, now, entry_id),
    ).fetchone()
    if row is None:
        return
    # What surfaced at its publication, or long ago, is no news where it belongs only now.
    is_news = row["surfaced"] >= max(row["first_seen"], now - policy.backfill_after)
    Settler(conn, policy.rules, now=now).settle(entry_id, now if is_news else row["surfaced"])
    conn.execute("DELETE FROM wanted_pages WHERE entry_id = ?", (entry_id,))
    bump_revision(conn)


def note_failure(conn: sqlite3.Connection, entry_id: int, problem: str, *, final: bool) -> bool:
    """Count a failed try, the last one when `final`; return whether the page is given up."""
    row = conn.execute(
        "UPDATE wanted_pages SET tries = CASE WHEN ? THEN ? ELSE tries + 1 END, problem = ?"
        " WHERE entry_id = ? RETURNING tries",
        (final, MOST_TRIES, problem, entry_id),
    ).fetchone()
    return row is None or row[0] >= MOST_TRIES


def _host(url: str) -> str | None:
    try:
        return host_of(url)
    except ValueError:  # brackets or a port that are none: fetching it says so
        return None
