"""The history of published feeds, cut into pages that hold for ever.

Entries are put on pages in the order in which they joined a series, not in that of their instants: a late
one goes to the end, and no page that somebody has read changes. What leaves a series and comes back joins it
anew, but stays on the page that it is on. Pages are closed when an entry has joined that the series' current
document does not hold, or not any more: that document and the pages hold everything.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from aggregator.model import ArchivePage, FrozenDocument, Series
from aggregator.store.roles import Role
from aggregator.store.select import read_entries

PAGE = 100
"""Entries of a page, at most."""

_Position = tuple[int, int]
"""When an entry joined a series: its number in the order of writing, then its ID."""

_BEGINNING: _Position = (-1, 0)


@dataclass(frozen=True, slots=True)
class _Members:
    """Where the entries of a series stand, as SQL: by `m.joined` and ID, which is the order of an index."""

    entry: str
    rest: str
    params: tuple[str | int, ...]

    def after(self, conn: sqlite3.Connection, position: _Position, limit: int) -> list[int]:
        """Return the first that joined after a position."""
        rows = conn.execute(
            f"SELECT {self.entry} FROM {self.rest} AND (m.joined, {self.entry}) > (?, ?)"  # noqa: S608 - constants
            f" ORDER BY m.joined, {self.entry} LIMIT ?",
            (*self.params, *position, limit),
        )
        return [entry_id for (entry_id,) in rows]

    def last(self, conn: sqlite3.Connection) -> _Position:
        row = conn.execute(
            f"SELECT m.joined, {self.entry} FROM {self.rest}"  # noqa: S608 - constants
            f" ORDER BY m.joined DESC, {self.entry} DESC LIMIT 1",
            self.params,
        ).fetchone()
        return _BEGINNING if row is None else (row[0], row[1])

    def on_page(self, conn: sqlite3.Connection, series_id: int, number: int) -> list[int]:
        """Return those on a page that are in the series now."""
        rows = conn.execute(
            "SELECT a.entry_id FROM archive_entries AS a WHERE a.series_id = ? AND a.number = ?"  # noqa: S608 - constants
            f" AND EXISTS (SELECT 1 FROM {self.rest} AND {self.entry} = a.entry_id) ORDER BY a.entry_id",
            (series_id, number, *self.params),
        )
        return [entry_id for (entry_id,) in rows]


def _members(conn: sqlite3.Connection, series: Series) -> _Members | None:
    """Return where the entries of a series stand; None while a feed is not known or still being filled."""
    if series.tag is not None:
        return _Members("m.entry_id", "entry_tags AS m WHERE m.tag = ?", (series.tag,))
    if series.feed is None:
        return _Members("m.id", "entries AS m WHERE m.dropped = 0", ())
    row = conn.execute("SELECT id FROM feeds WHERE slug = ? AND filled = 1", (series.feed,)).fetchone()
    return None if row is None else _Members("m.entry_id", "feed_entries AS m WHERE m.feed_id = ?", (row[0],))


@dataclass(frozen=True, slots=True)
class _Progress:
    """How far the pages of a series have come."""

    id: int
    pages: int
    seen: _Position
    """Of the last member that was looked at: all up to there are on a page, or have been."""


def _progress(conn: sqlite3.Connection, series: Series) -> _Progress | None:
    """Return how far a series has come; None when it has no pages yet."""
    row = conn.execute(
        "SELECT id, pages, joined, entry_id FROM archive_series WHERE name = ?", (_name(series),)
    ).fetchone()
    return None if row is None else _Progress(row[0], row[1], (row[2], row[3]))


def _name(series: Series) -> str:
    if series.tag is not None:
        return f"tag/{series.tag}"
    return "all" if series.feed is None else f"feed/{series.feed}"


class SqliteArchives(Role):
    """`protocols.Archives`, on connections that are lent for reading and for one transaction."""

    def latest(self, series: Series, current: Collection[int]) -> int | None:
        """See `protocols.Archives.latest`."""
        with self._read() as conn:
            members = _members(conn, series)
            if members is None:
                return None
            progress = _progress(conn, series)
            if not _is_incomplete(conn, members, progress, current):
                return None if progress is None else progress.pages
        with self._write() as conn:
            members = _members(conn, series)
            if members is None:
                return None
            progress = _progress(conn, series)
            if _is_incomplete(conn, members, progress, current):
                return _close_pages(conn, members, progress or _begun(conn, series))
            return None if progress is None else progress.pages

    def page(self, series: Series, number: int) -> ArchivePage | None:
        """See `protocols.Archives.page`."""
        with self._read() as conn:
            members, progress = _members(conn, series), _progress(conn, series)
            if members is None or progress is None or not 1 <= number <= progress.pages:
                return None
            entries = read_entries(conn, members.on_page(conn, progress.id, number))
            return ArchivePage(
                number=number,
                entries=tuple(sorted(entries, key=lambda entry: (-entry.surfaced, -entry.id))),
                previous=number - 1 or None,
                following=number + 1 if number < progress.pages else None,
            )

    def frozen(self, series: Series, number: int, suffix: str) -> FrozenDocument | None:
        """See `protocols.Archives.frozen`."""
        with self._read() as conn:
            row = conn.execute(
                "SELECT body, content_type, last_modified FROM archive_documents"
                " WHERE series_id = (SELECT id FROM archive_series WHERE name = ?)"
                " AND number = ? AND suffix = ?",
                (_name(series), number, suffix),
            ).fetchone()
        if row is None:
            return None
        return FrozenDocument(body=zlib.decompress(row[0]), content_type=row[1], last_modified=row[2])

    def freeze(self, series: Series, page: ArchivePage, documents: Mapping[str, FrozenDocument]) -> None:
        """See `protocols.Archives.freeze`."""
        packed = [
            (suffix, zlib.compress(each.body), each.content_type, each.last_modified)
            for suffix, each in documents.items()
        ]
        with self._write() as conn:
            members, progress = _members(conn, series), _progress(conn, series)
            if members is None or progress is None or not _settle(conn, members, progress, page):
                return
            conn.executemany(
                "INSERT OR IGNORE INTO archive_documents (series_id, number, suffix, body, content_type,"
                " last_modified) VALUES (?, ?, ?, ?, ?, ?)",
                [(progress.id, page.number, *values) for values in packed],
            )


def _is_incomplete(
    conn: sqlite3.Connection, members: _Members, progress: _Progress | None, current: Collection[int]
) -> bool:
    """Tell whether an entry of the series is neither on a page nor in its current document.

    Also when more have come back to their pages than are to be passed over each time.
    """
    shown = set(current)
    newcomers = members.after(conn, _seen(progress), len(shown) + PAGE + 1)
    missing = [entry_id for entry_id in newcomers if entry_id not in shown]
    if progress is None or not missing or len(missing) > PAGE:
        return bool(missing)
    (on_pages,) = conn.execute(
        "SELECT count(*) FROM archive_entries WHERE series_id = ?"
        " AND entry_id IN (SELECT value FROM json_each(?))",
        (progress.id, json.dumps(missing)),
    ).fetchone()
    return bool(on_pages < len(missing))


def _seen(progress: _Progress | None) -> _Position:
    return _BEGINNING if progress is None else progress.seen


def _begun(conn: sqlite3.Connection, series: Series) -> _Progress:
    added = conn.execute(
        "INSERT INTO archive_series (name, pages, joined, entry_id) VALUES (?, 0, ?, ?) RETURNING id",
        (_name(series), *_BEGINNING),
    ).fetchone()
    return _Progress(added[0], 0, _BEGINNING)


def _close_pages(conn: sqlite3.Connection, members: _Members, progress: _Progress) -> int:
    """Put every entry of the series that is on no page yet on one; return how many pages there are then."""
    conn.execute(
        "INSERT INTO archive_entries (series_id, entry_id, number)"  # noqa: S608 - constants
        f" SELECT ?, {members.entry}, ? + (row_number() OVER (ORDER BY m.joined, {members.entry}) - 1) / ?"
        f" FROM {members.rest} AND (m.joined, {members.entry}) > (?, ?)"
        " AND NOT EXISTS (SELECT 1 FROM archive_entries AS a"
        f" WHERE a.series_id = ? AND a.entry_id = {members.entry})",
        (progress.id, progress.pages + 1, PAGE, *members.params, *progress.seen, progress.id),
    )
    (last,) = conn.execute(
        "SELECT max(number) FROM archive_entries WHERE series_id = ?", (progress.id,)
    ).fetchone()
    pages = max(progress.pages, last or 0)
    conn.execute(
        "UPDATE archive_series SET pages = ?, joined = ?, entry_id = ? WHERE id = ?",
        (pages, *members.last(conn), progress.id),
    )
    return pages


def _settle(conn: sqlite3.Connection, members: _Members, progress: _Progress, page: ArchivePage) -> bool:
    """Take from a page what its documents will not hold; False when they would not hold what is on it now.

    What has left the series can so be put on another page if it comes back. Once there are documents, what
    they hold stays.
    """
    at = (progress.id, page.number)
    if conn.execute("SELECT 1 FROM archive_documents WHERE series_id = ? AND number = ?", at).fetchone():
        return True
    present = members.on_page(conn, *at)
    if present != sorted(entry.id for entry in page.entries):
        return False
    conn.execute(
        "DELETE FROM archive_entries WHERE series_id = ? AND number = ?"
        " AND entry_id NOT IN (SELECT value FROM json_each(?))",
        (*at, json.dumps(present)),
    )
    return True
