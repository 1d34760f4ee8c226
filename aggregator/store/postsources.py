"""Sources whose entries posts are: those that the store knows, and new ones that nobody polls."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass

from aggregator.model import ImportedPost, Source
from aggregator.rules.tagging import name_form
from aggregator.store.rows import to_json


@dataclass(frozen=True, slots=True)
class KnownSource:
    """A source that the store knows, or would get to know: then its ID is that of none."""

    id: int
    source: Source


_NO_SOURCE = -1


class PostSources:
    """The sources by name: of several that are one, the first of the config.

    Spelled alike but for case, spaces and Unicode's forms they are one.
    """

    def __init__(self, conn: sqlite3.Connection, now: int, *, rehearsed: bool) -> None:
        self._conn = conn
        self._now = now
        self._rehearsed = rehearsed
        rows = conn.execute(
            "SELECT id, name, url, tags, keep_categories FROM sources"
            " ORDER BY position IS NULL DESC, position DESC, id DESC"
        )
        every = [
            KnownSource(
                row["id"],
                Source(
                    name=row["name"],
                    url=row["url"],
                    tags=tuple(json.loads(row["tags"])),
                    keep_categories=bool(row["keep_categories"]),
                ),
            )
            for row in rows
        ]
        self._by_id = {known.id: known.source for known in every}
        self._by_name = {name_form(known.source.name): known for known in every}

    def by_id(self, source_id: int) -> Source:
        """Return a source that a post was taken for."""
        return self._by_id[source_id]

    def of(self, post: ImportedPost) -> KnownSource:
        """Return the source of a post; a new one gets a row, without a place in the config."""
        form = name_form(post.source.name)
        if form not in self._by_name:
            new = KnownSource(self._insert(post), post.source)
            self._by_name[form], self._by_id[new.id] = new, new.source
        return self._by_name[form]

    def _insert(self, post: ImportedPost) -> int:
        if self._rehearsed:
            return _NO_SOURCE
        source = post.source
        (source_id,) = self._conn.execute(
            "INSERT INTO sources (name, url, host, tags, keep_categories, enabled, interval, site_url,"
            " next_poll_at) VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?) RETURNING id",
            (
                *(source.name, source.url, source.host, to_json(source.tags), source.keep_categories),
                *(source.interval, post.site_url, self._now),
            ),
        ).fetchone()
        return int(source_id)
