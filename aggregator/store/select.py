"""Rows → entries."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence

from aggregator.model import Enclosure, Entry, RawHtml, SourceRef
from aggregator.store.about import about_from_json
from aggregator.store.episodes import episode_from_json
from aggregator.store.rulings import rulings_from_json
from aggregator.store.texts import FURTHER_URL, PUBLISHED, PUBLISHED_FROM

_COLUMNS = (
    "e.id, e.uri, e.guid, e.source_published, e.date_text, e.first_seen, e.surfaced, e.changed, e.edited,"
    f" e.tags, e.dropped, e.rulings, e.article, w.problem AS article_problem, {PUBLISHED}"
)

_READ_AT_ONCE = 500
"""Rows that a long walk holds in memory at a time."""


def read_entries(conn: sqlite3.Connection, ids: Sequence[int]) -> Iterator[Entry]:
    """Yield the entries with these IDs, in the given order; IDs that are not there are passed over."""
    for start in range(0, len(ids), _READ_AT_ONCE):
        some = ids[start : start + _READ_AT_ONCE]
        wanted = json.dumps(some)
        sources = _sources_of(conn, wanted)
        rows = conn.execute(
            f"SELECT {_COLUMNS} FROM {PUBLISHED_FROM} LEFT JOIN wanted_pages AS w ON w.entry_id = e.id"  # noqa: S608 - constants
            " WHERE e.id IN (SELECT value FROM json_each(?))",
            (wanted,),
        )
        found = {row[0]: row for row in rows}
        yield from (_entry(found[entry_id], sources[entry_id]) for entry_id in some if entry_id in found)


def _sources_of(conn: sqlite3.Connection, wanted: str) -> dict[int, tuple[SourceRef, ...]]:
    rows = conn.execute(
        f"SELECT c.entry_id, s.name, s.url, s.site_url, s.about, {FURTHER_URL} FROM entry_sources AS c"  # noqa: S608 - a constant
        " JOIN sources AS s ON s.id = c.source_id JOIN entries AS e ON e.id = c.entry_id"
        " WHERE c.entry_id IN (SELECT value FROM json_each(?)) ORDER BY c.rowid",
        (wanted,),
    )
    found: dict[int, tuple[SourceRef, ...]] = {}
    for entry_id, name, url, site_url, about, entry_url in rows:
        source = SourceRef(
            name=name, url=url, site_url=site_url, entry_url=entry_url, about=about_from_json(about)
        )
        found[entry_id] = (*found.get(entry_id, ()), source)
    return found


def _entry(row: sqlite3.Row, sources: tuple[SourceRef, ...]) -> Entry:
    return Entry(
        id=row["id"],
        sources=sources,
        uri=row["uri"],
        guid=row["guid"],
        url=row["url"],
        title=row["title"],
        authors=_list(row["authors"]),
        published=row["published"],
        source_published=row["source_published"],
        date_text=row["date_text"],
        updated=row["updated"],
        first_seen=row["first_seen"],
        surfaced=row["surfaced"],
        changed=row["changed"],
        edited=row["edited"],
        tags=_list(row["tags"]),
        categories=_list(row["categories"]),
        language=row["language"],
        summary=None if row["summary"] is None else RawHtml(row["summary"]),
        content_html=None if row["content_html"] is None else RawHtml(row["content_html"]),
        article=None if row["article"] is None else RawHtml(row["article"]),
        article_problem=row["article_problem"],
        enclosures=tuple(
            Enclosure(url=url, type=kind, length=length)
            for url, kind, length in json.loads(row["enclosures"])
        ),
        episode=episode_from_json(row["episode"]),
        base_url=row["base_url"],
        dropped=bool(row["dropped"]),
        rulings=rulings_from_json(row["rulings"]),
    )


def _list(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))
