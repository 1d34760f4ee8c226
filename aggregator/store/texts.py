"""Which source's words readers get of an entry that several sources tell.

What the first bringer says stands in `entries`, what each other source says in its row of `entry_sources`, so
that nothing is lost. `entries.text_source` is the source whose text is published; NULL for the first's.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from aggregator.ingest.text import plain_from_html

_TIMES = 2
_MORE = 200
"""A text is clearly fuller with so many times another's characters, and so many more, of plain text."""

_MARKUP = 100_000
"""Characters of a text's HTML that are measured: of two that are longer, neither is clearly fuller."""

PUBLISHED = (
    "e.url, e.title, e.published, e.updated, e.categories,"
    " iif(e.authors = '[]', coalesce(t.authors, '[]'), e.authors) AS authors,"
    " coalesce(t.language, e.language) AS language,"
    " iif(t.source_id IS NULL, e.summary, t.summary) AS summary,"
    " iif(t.source_id IS NULL, e.content_html, t.content_html) AS content_html,"
    " iif(t.source_id IS NULL, e.base_url, t.base_url) AS base_url,"
    " iif(e.enclosures = '[]', coalesce(t.enclosures, '[]'), e.enclosures) AS enclosures,"
    " iif(e.enclosures = '[]', coalesce(t.episode, e.episode), e.episode) AS episode"
)
"""The columns of `PUBLISHED_FROM` that readers get: authors and files, with what is said of
these, of the text's source where the first bringer names none."""

PUBLISHED_FROM = (
    "entries AS e LEFT JOIN entry_sources AS t ON t.entry_id = e.id AND t.source_id = e.text_source"
)

FURTHER_URL = (
    "iif(c.url IS NULL OR c.url = e.url OR c.link ="
    " (SELECT link FROM entry_sources WHERE entry_id = e.id ORDER BY rowid LIMIT 1), NULL, c.url)"
)
"""The link in row `c` of `entry_sources`; NULL where it is the entry's own, maybe written otherwise."""

_FURTHER = (
    *("said_guid", "url", "authors", "date_text", "updated", "language", "summary", "content_html"),
    *("enclosures", "episode", "base_url"),
)
"""Columns of `entry_sources` that hold what a further source says; NULL in the first bringer's row."""


_TEXTS = {"title", "summary", "content_html", "enclosures"}
"""What is published, of which another value is an edit that readers should know of."""


def first_bringer(conn: sqlite3.Connection, entry_id: int) -> int:
    """Return the ID of the source that brought the entry first."""
    (source_id,) = conn.execute(
        "SELECT source_id FROM entry_sources WHERE entry_id = ? ORDER BY rowid LIMIT 1", (entry_id,)
    ).fetchone()
    return int(source_id)


def keep_further(conn: sqlite3.Connection, entry_id: int, source_id: int, said: Mapping[str, object]) -> None:
    """Write what a source that is not the first says of the entry it carries, by the names of columns."""
    columns = ", ".join(f"{name} = :{name}" for name in _FURTHER)
    conn.execute(
        f"UPDATE entry_sources SET {columns} WHERE entry_id = :entry_id AND source_id = :source_id",  # noqa: S608 - constants
        {**{name: said[name] for name in _FURTHER}, "entry_id": entry_id, "source_id": source_id},
    )


def published(conn: sqlite3.Connection, entry_id: int) -> dict[str, object]:
    """Return what readers get of an entry, and `links`: its addresses at further sources."""
    links = f"SELECT json_group_array({FURTHER_URL}) FROM entry_sources AS c WHERE c.entry_id = e.id"  # noqa: S608 - constants
    row = conn.execute(
        f"SELECT {PUBLISHED}, ({links}) AS links FROM {PUBLISHED_FROM} WHERE e.id = ?",  # noqa: S608 - constants
        (entry_id,),
    ).fetchone()
    return dict(zip(row.keys(), row, strict=True))


def choose_text(conn: sqlite3.Connection, entry_id: int) -> None:
    """Let the entry be published with the text that is `fullest` of what its sources say now."""
    rows = conn.execute(
        "SELECT source_id, content_html FROM entry_sources WHERE entry_id = ? ORDER BY rowid", (entry_id,)
    ).fetchall()
    if len(rows) == 1:
        return
    (own,) = conn.execute("SELECT content_html FROM entries WHERE id = ?", (entry_id,)).fetchone()
    chosen = fullest([_length(html) for html in (own, *(row[1] for row in rows[1:]))])
    conn.execute(
        "UPDATE entries SET text_source = ? WHERE id = ?", (rows[chosen][0] if chosen else None, entry_id)
    )


def republish(
    conn: sqlite3.Connection, entry_id: int, before: Mapping[str, object], *, edited: int | None
) -> bool:
    """Choose the text to publish; return whether readers get anything else than `before`.

    Where that is another text, the entry was edited at that instant (ms), unless it is None.
    """
    choose_text(conn, entry_id)
    after = published(conn, entry_id)
    differing = {name for name in before if before[name] != after[name]}
    if edited is not None and not differing.isdisjoint(_TEXTS):
        conn.execute("UPDATE entries SET edited = ? WHERE id = ?", (edited, entry_id))
    return bool(differing)


def fullest(lengths: Sequence[int]) -> int:
    """Return which of an entry's texts to publish, by their lengths, in the order in which sources came.

    The first, until one is clearly fuller. It depends on nothing but what is said now; and sources that edit
    do not take turns, since a text that is but a little longer than the chosen one does not replace it.
    """
    chosen = 0
    for place, length in enumerate(lengths):
        if length >= max(_TIMES * lengths[chosen], lengths[chosen] + _MORE):
            chosen = place
    return chosen


def _length(html: str | None) -> int:
    return len(plain_from_html((html or "")[:_MARKUP]))
