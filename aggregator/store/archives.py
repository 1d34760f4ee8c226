"""The history of published feeds, cut into pages that hold for ever.

Entries are put on pages in the order in which they joined a series, not in that of their instants: a late
one goes to the end, and no page that somebody has read changes. A page is closed when an entry has joined
that the series' current document does not hold, or not any more: that document and the pages hold everything.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass

from aggregator.model import ArchivePage, FrozenDocument, Series
from aggregator.store.select import read_entries

PAGE = 100
"""Entries of a page, at most."""

_Position = tuple[int, int]
"""When an entry joined a series: its number in the order of writing, then its ID."""

_BEGINNING: _Position = (-1, 0)


@dataclass(frozen=True, slots=True)
class _Members:
    """Where the entries of a series stand, as SQL: `joined` and `id` in the order of an index."""

    columns: str
    rest: str
    params: tuple[str | int, ...]

    def positions(self, conn: sqlite3.Connection, after: _Position) -> list[_Position]:
        rows = conn.execute(
            f"SELECT {self.columns} FROM {self.rest} AND ({self.columns}) > (?, ?) ORDER BY {self.columns}",  # noqa: S608 - constants
            (*self.params, *after),
        )
        return [(joined, entry_id) for joined, entry_id in rows]

    def first(self, conn: sqlite3.Connection) -> _Position | None:
        row = conn.execute(
            f"SELECT {self.columns} FROM {self.rest} ORDER BY {self.columns} LIMIT 1",  # noqa: S608 - constants
            self.params,
        ).fetchone()
        return None if row is None else (row[0], row[1])

    def between(self, conn: sqlite3.Connection, after: _Position, through: _Position) -> list[int]:
        rows = conn.execute(
            f"SELECT {self.columns} FROM {self.rest} AND ({self.columns}) > (?, ?)"  # noqa: S608 - constants
            f" AND ({self.columns}) <= (?, ?)",
            (*self.params, *after, *through),
        )
        return [entry_id for _, entry_id in rows]


def _members(conn: sqlite3.Connection, series: Series) -> _Members | None:
    """Return where the entries of a series stand; None while a feed is not known or still being filled."""
    if series.tag is not None:
        return _Members("joined, entry_id", "entry_tags WHERE tag = ?", (series.tag,))
    if series.feed is None:
        return _Members("joined, id", "entries WHERE dropped = 0", ())
    row = conn.execute("SELECT id FROM feeds WHERE slug = ? AND filled = 1", (series.feed,)).fetchone()
    return None if row is None else _Members("joined, entry_id", "feed_entries WHERE feed_id = ?", (row[0],))


def _key(series: Series) -> str:
    if series.tag is not None:
        return f"tag/{series.tag}"
    return "all" if series.feed is None else f"feed/{series.feed}"


class SqliteArchives:
    """`protocols.Archives`, on connections that are lent for reading and for one transaction."""

    def __init__(
        self,
        read: Callable[[], AbstractContextManager[sqlite3.Connection]],
        write: Callable[[], AbstractContextManager[sqlite3.Connection]],
    ) -> None:
        self._read = read
        self._write = write

    def latest(self, series: Series, current: Collection[int]) -> int | None:
        """See `protocols.Archives.latest`."""
        with self._read() as conn:
            members = _members(conn, series)
            if members is None:
                return None
            if not _is_incomplete(conn, series, members, current):
                return _latest(conn, series, members)
        with self._write() as conn:
            members = _members(conn, series)
            if members is None:
                return None
            if _is_incomplete(conn, series, members, current):
                _close_pages(conn, series, members)
            return _latest(conn, series, members)

    def page(self, series: Series, number: int) -> ArchivePage | None:
        """See `protocols.Archives.page`."""
        with self._read() as conn:
            end = _end(conn, series, number)
            members = _members(conn, series)
            if end is None or members is None:
                return None
            before = _end(conn, series, number - 1)
            ids = members.between(conn, before or _BEGINNING, end)
            first = members.first(conn)
            entries = sorted(read_entries(conn, ids), key=lambda entry: (-entry.surfaced, -entry.id))
            return ArchivePage(
                number=number,
                entries=tuple(entries),
                previous=number - 1 if before is not None and first is not None and before >= first else None,
                following=number + 1 if _end(conn, series, number + 1) else None,
            )

    def frozen(self, series: Series, number: int, suffix: str) -> FrozenDocument | None:
        """See `protocols.Archives.frozen`."""
        with self._read() as conn:
            return _frozen(conn, series, number, suffix)

    def freeze(self, series: Series, number: int, suffix: str, document: FrozenDocument) -> FrozenDocument:
        """See `protocols.Archives.freeze`."""
        with self._write() as conn:
            conn.execute(
                "INSERT OR IGNORE INTO archive_documents (series, number, suffix, body, content_type,"
                " last_modified) VALUES (?, ?, ?, ?, ?, ?)",
                (
                    *(_key(series), number, suffix, zlib.compress(document.body)),
                    *(document.content_type, document.last_modified),
                ),
            )
            return _frozen(conn, series, number, suffix) or document


def _frozen(conn: sqlite3.Connection, series: Series, number: int, suffix: str) -> FrozenDocument | None:
    row = conn.execute(
        "SELECT body, content_type, last_modified FROM archive_documents"
        " WHERE series = ? AND number = ? AND suffix = ?",
        (_key(series), number, suffix),
    ).fetchone()
    if row is None:
        return None
    return FrozenDocument(body=zlib.decompress(row[0]), content_type=row[1], last_modified=row[2])


def _is_incomplete(
    conn: sqlite3.Connection, series: Series, members: _Members, current: Collection[int]
) -> bool:
    """Tell whether an entry of the series is neither on a page nor in its current document."""
    _, end = _last_page(conn, series)
    shown = set(current)
    return any(entry_id not in shown for _, entry_id in members.positions(conn, end))


def _close_pages(conn: sqlite3.Connection, series: Series, members: _Members) -> None:
    """Put every entry of the series that is on no page yet on one."""
    number, end = _last_page(conn, series)
    waiting = members.positions(conn, end)
    ends = [*waiting[PAGE - 1 :: PAGE], waiting[-1]] if waiting else []
    conn.executemany(
        "INSERT INTO archive_pages (series, number, joined, entry_id) VALUES (?, ?, ?, ?)",
        [
            (_key(series), number + place, joined, entry_id)
            for place, (joined, entry_id) in enumerate(dict.fromkeys(ends), start=1)
        ],
    )


def _latest(conn: sqlite3.Connection, series: Series, members: _Members) -> int | None:
    """Return the newest page that belongs to the series as it is: one that began anew has none at first."""
    number, end = _last_page(conn, series)
    first = members.first(conn)
    return number if number and first is not None and end >= first else None


def _last_page(conn: sqlite3.Connection, series: Series) -> tuple[int, _Position]:
    row = conn.execute(
        "SELECT number, joined, entry_id FROM archive_pages WHERE series = ? ORDER BY number DESC LIMIT 1",
        (_key(series),),
    ).fetchone()
    return (0, _BEGINNING) if row is None else (row[0], (row[1], row[2]))


def _end(conn: sqlite3.Connection, series: Series, number: int) -> _Position | None:
    row = conn.execute(
        "SELECT joined, entry_id FROM archive_pages WHERE series = ? AND number = ?", (_key(series), number)
    ).fetchone()
    return None if row is None else (row[0], row[1])
