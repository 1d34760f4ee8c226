"""Which pages the folders that hold a site have, and where entries stand in what is published.

A page has a place between two instants, and keeps it: what surfaces later comes behind it, what leaves makes
it shorter, and what surfaces in the past finds the page of its time.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Collection, Iterable, Sequence

from aggregator.model import Position, Series, SiteFeed, SitePage
from aggregator.store.costs import snapshot
from aggregator.store.roles import Role

SITES_SCHEMA = (
    """
    CREATE TABLE site_feeds (
        id       INTEGER PRIMARY KEY,
        mark     TEXT NOT NULL,                      -- of the folder
        name     TEXT NOT NULL,                      -- all, tag/…, feed/…
        look     TEXT NOT NULL DEFAULT '',
        contents TEXT NOT NULL DEFAULT '',
        entries  INTEGER NOT NULL DEFAULT 0,
        UNIQUE (mark, name)
    )
    """,
    """
    CREATE TABLE site_pages (
        feed_id   INTEGER NOT NULL REFERENCES site_feeds (id),
        name      TEXT NOT NULL,                     -- empty: the newest
        surfaced  INTEGER NOT NULL,                  -- from where on it holds entries
        entry_id  INTEGER NOT NULL,
        entries   BLOB NOT NULL,                     -- IDs as they were written, of 8 bytes each
        made_with TEXT NOT NULL,
        PRIMARY KEY (feed_id, name)
    )
    """,
    # In the order in which rows refer to each other.
    """
    CREATE TRIGGER folders_delete_sites AFTER DELETE ON folders BEGIN
        DELETE FROM site_pages WHERE feed_id IN (SELECT id FROM site_feeds WHERE mark = OLD.mark);
        DELETE FROM site_feeds WHERE mark = OLD.mark;
    END
    """,
    # What is written of an entry has its source's name in it.
    """
    CREATE TRIGGER sources_renamed_noted AFTER UPDATE OF name ON sources WHEN OLD.name IS NOT NEW.name BEGIN
        DELETE FROM changes WHERE kind = 'entry'
            AND key IN (SELECT entry_id FROM entry_sources WHERE source_id = NEW.id);
        INSERT INTO changes (kind, key)
            SELECT 'entry', entry_id FROM entry_sources WHERE source_id = NEW.id;
    END
    """,
)

_FIRST: Position = (-(1 << 62), 0)
_LAST: Position = (1 << 62, 0)

_PAGE = (
    "INSERT INTO site_pages (feed_id, name, surfaced, entry_id, entries, made_with) VALUES (?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (feed_id, name) DO UPDATE SET surfaced = excluded.surfaced, entry_id = excluded.entry_id,"
    " entries = excluded.entries, made_with = excluded.made_with"
)
_FEED = (
    "INSERT INTO site_feeds (mark, name, look, contents, entries) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (mark, name) DO UPDATE SET look = excluded.look, contents = excluded.contents,"
    " entries = excluded.entries"
)


class SqliteSites(Role):
    """`protocols.Sites`, on connections that are lent for reading and for one transaction."""

    def feeds(self, mark: str) -> dict[Series, SiteFeed]:
        """See `protocols.Sites.feeds`."""
        with self._read() as conn:
            rows = conn.execute(
                "SELECT name, look, contents, entries FROM site_feeds WHERE mark = ? ORDER BY name", (mark,)
            ).fetchall()
        return {
            _series(name): SiteFeed(look=look, contents=contents, entries=entries)
            for name, look, contents, entries in rows
        }

    def pages(self, mark: str, series: Series) -> list[SitePage]:
        """See `protocols.Sites.pages`."""
        with self._read() as conn:
            rows = conn.execute(
                "SELECT name, surfaced, entry_id, entries, made_with FROM site_pages WHERE feed_id ="
                " (SELECT id FROM site_feeds WHERE mark = ? AND name = ?)"
                " ORDER BY name = '', surfaced, entry_id",
                (mark, _name(series)),
            ).fetchall()
        return [
            SitePage(name=name, start=(surfaced, entry_id), entries=_unpacked(entries), made_with=made_with)
            for name, surfaced, entry_id, entries, made_with in rows
        ]

    def keep(
        self,
        mark: str,
        series: Series,
        *,
        feed: SiteFeed | None = None,
        pages: Iterable[SitePage] = (),
        gone: Collection[str] = (),
    ) -> None:
        """See `protocols.Sites.keep`."""
        key = (mark, _name(series))
        with self._write() as conn:
            if feed is None:
                conn.execute("INSERT OR IGNORE INTO site_feeds (mark, name) VALUES (?, ?)", key)
            else:
                conn.execute(_FEED, (*key, feed.look, feed.contents, feed.entries))
            (feed_id,) = conn.execute("SELECT id FROM site_feeds WHERE mark = ? AND name = ?", key).fetchone()
            conn.executemany(
                "DELETE FROM site_pages WHERE feed_id = ? AND name = ?", [(feed_id, name) for name in gone]
            )
            conn.executemany(
                _PAGE,
                [(feed_id, page.name, *page.start, _packed(page.entries), page.made_with) for page in pages],
            )

    def forget(self, mark: str, series: Series) -> None:
        """See `protocols.Sites.forget`."""
        key = (mark, _name(series))
        with self._write() as conn:
            conn.execute(
                "DELETE FROM site_pages WHERE feed_id ="
                " (SELECT id FROM site_feeds WHERE mark = ? AND name = ?)",
                key,
            )
            conn.execute("DELETE FROM site_feeds WHERE mark = ? AND name = ?", key)

    def standing(self, entry_ids: Collection[int]) -> dict[Series, list[Position]]:
        """See `protocols.Sites.standing`."""
        wanted = json.dumps(sorted(entry_ids))
        found: dict[Series, list[Position]] = {}
        with self._read() as conn, snapshot(conn):
            rows = conn.execute(
                "SELECT NULL, NULL, surfaced, id FROM entries"
                " WHERE dropped = 0 AND id IN (SELECT value FROM json_each(:wanted))"
                " UNION ALL SELECT NULL, tag, surfaced, entry_id FROM entry_tags"
                " WHERE entry_id IN (SELECT value FROM json_each(:wanted))"
                " UNION ALL SELECT f.slug, NULL, e.surfaced, e.entry_id FROM feed_entries AS e"
                " JOIN feeds AS f ON f.id = e.feed_id"
                " WHERE e.entry_id IN (SELECT value FROM json_each(:wanted))",
                {"wanted": wanted},
            )
            for slug, tag, surfaced, entry_id in rows:
                found.setdefault(Series(feed=slug, tag=tag), []).append((surfaced, entry_id))
        return found

    def members(
        self, series: Series, *, since: Position | None = None, until: Position | None = None
    ) -> list[Position]:
        """See `protocols.Sites.members`."""
        table, column, params = "entries", "id", ()  # type: str, str, Sequence[str]
        condition = "dropped = 0"
        if series.tag is not None:
            table, column, condition, params = "entry_tags", "entry_id", "tag = ?", (series.tag,)
        elif series.feed is not None:
            table, column, params = "feed_entries", "entry_id", (series.feed,)
            condition = "feed_id = (SELECT id FROM feeds WHERE slug = ?)"
        with self._read() as conn:
            rows = conn.execute(
                f"SELECT surfaced, {column} FROM {table} WHERE {condition}"  # noqa: S608 - constants
                f" AND (surfaced, {column}) >= (?, ?) AND (surfaced, {column}) < (?, ?)"
                f" ORDER BY surfaced, {column}",
                (*params, *(since or _FIRST), *(until or _LAST)),
            ).fetchall()
        return [(surfaced, entry_id) for surfaced, entry_id in rows]


def _name(series: Series) -> str:
    if series.tag is not None:
        return f"tag/{series.tag}"
    return "all" if series.feed is None else f"feed/{series.feed}"


def _series(name: str) -> Series:
    kind, _, rest = name.partition("/")
    return Series(tag=rest) if kind == "tag" else Series(feed=rest) if kind == "feed" else Series()


def _packed(entry_ids: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(entry_ids)}q", *entry_ids)


def _unpacked(packed: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(packed) // 8}q", packed)
