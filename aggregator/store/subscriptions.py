"""The lists of sources that are followed, as rows."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection

from aggregator.model import FollowedList, ListedSource, Validators
from aggregator.store.roles import Role
from aggregator.store.rows import to_json


class SqliteLists(Role):
    """`protocols.FollowedLists`, on connections that are lent for reading and for one transaction."""

    def all(self) -> list[FollowedList]:
        """See `protocols.FollowedLists.all`."""
        with self._read() as conn:
            return [_followed(row) for row in conn.execute("SELECT * FROM followed_lists ORDER BY url")]

    def keep(self, followed: FollowedList) -> None:
        """See `protocols.FollowedLists.keep`."""
        validators = followed.validators
        with self._write() as conn:
            conn.execute(
                "INSERT INTO followed_lists (url, sources, missing, doubts, document_url, etag,"
                " last_modified, failures, looked_at, next_look_at, interval, message)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (url) DO UPDATE SET changes = changes + (sources <> excluded.sources),"
                " sources = excluded.sources, missing = excluded.missing, doubts = excluded.doubts,"
                " document_url = excluded.document_url, etag = excluded.etag,"
                " last_modified = excluded.last_modified, failures = excluded.failures,"
                " looked_at = excluded.looked_at, next_look_at = excluded.next_look_at,"
                " interval = excluded.interval, message = excluded.message",
                (
                    followed.url,
                    to_json([(source.name, source.url, source.tags) for source in followed.sources]),
                    to_json(followed.missing),
                    followed.doubts,
                    *(
                        (validators.url, validators.etag, validators.last_modified)
                        if validators
                        else (None,) * 3
                    ),
                    *(followed.failures, followed.looked_at, followed.next_look_at, followed.interval),
                    followed.message,
                ),
            )

    def forget_others(self, urls: Collection[str]) -> None:
        """See `protocols.FollowedLists.forget_others`."""
        with self._write() as conn:
            conn.execute(
                "DELETE FROM followed_lists WHERE url NOT IN (SELECT value FROM json_each(?))",
                (json.dumps([*urls]),),
            )

    def revision(self) -> int:
        """See `protocols.FollowedLists.revision`."""
        with self._read() as conn:
            return int(conn.execute("SELECT coalesce(sum(1 + changes), 0) FROM followed_lists").fetchone()[0])

    def is_paused(self, host: str, *, now: int) -> bool:
        """See `protocols.FollowedLists.is_paused`."""
        with self._read() as conn:
            row = conn.execute(
                "SELECT 1 FROM host_pauses WHERE host = ? AND until > ?", (host, now)
            ).fetchone()
        return row is not None

    def names_in_use(self) -> dict[str, str]:
        """See `protocols.FollowedLists.names_in_use`."""
        with self._read() as conn:
            return dict(map(tuple, conn.execute("SELECT name, url FROM sources")))


def _followed(row: sqlite3.Row) -> FollowedList:
    validators = None
    if row["etag"] or row["last_modified"]:
        validators = Validators(url=row["document_url"], etag=row["etag"], last_modified=row["last_modified"])
    return FollowedList(
        url=row["url"],
        sources=tuple(
            ListedSource(name=name, url=url, tags=tuple(tags))
            for name, url, tags in json.loads(row["sources"])
        ),
        missing=tuple(json.loads(row["missing"])),
        doubts=row["doubts"],
        validators=validators,
        failures=row["failures"],
        looked_at=row["looked_at"],
        next_look_at=row["next_look_at"],
        interval=row["interval"],
        message=row["message"],
    )
