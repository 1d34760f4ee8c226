"""What the tables of a database say of tags and feeds, read beside the store."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from aggregator.model import FeedSpec, Rule
from aggregator.protocols import Store
from aggregator.rules.grammar import parse

Rows = list[tuple[int, int, int]]


class Tables:
    """The tables of one database."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def _rows(self, query: str, *params: object) -> Iterator[list[tuple[Any, ...]]]:
        with closing(sqlite3.connect(self._path)) as conn:
            yield conn.execute(query, params).fetchall()

    def feed(self, slug: str) -> Rows:
        """Entry, surfaced and joined of each of a feed's entries, newest first."""
        query = (
            "SELECT entry_id, surfaced, joined FROM feed_entries AS m JOIN feeds AS f ON f.id = m.feed_id"
            " WHERE f.slug = ? ORDER BY surfaced DESC, entry_id DESC"
        )
        with self._rows(query, slug) as rows:
            return [(entry_id, surfaced, joined) for entry_id, surfaced, joined in rows]

    def tagged(self, tag: str) -> Rows:
        """Likewise of a tag's entries."""
        query = (
            "SELECT entry_id, surfaced, joined FROM entry_tags WHERE tag = ?"
            " ORDER BY surfaced DESC, entry_id DESC"
        )
        with self._rows(query, tag) as rows:
            return [(entry_id, surfaced, joined) for entry_id, surfaced, joined in rows]

    def all_tags(self) -> set[tuple[int, str]]:
        with self._rows("SELECT entry_id, tag FROM entry_tags") as rows:
            return {(entry_id, tag) for entry_id, tag in rows}


def rule(name: str, match: str, **deeds: Any) -> Rule:
    return Rule(name=name, match=parse(match), **deeds)


def feed(slug: str, match: str | None = None, **keys: Any) -> FeedSpec:
    expression = None if match is None else parse(match)
    return FeedSpec(slug=slug, title=slug, match=expression, **keys)


def fill(store: Store, limit: int = 100) -> int:
    """Fill all feeds; return how many steps that took."""
    steps = 1
    while store.curation.fill_feeds(limit=limit):
        steps += 1
    return steps


def apply(store: Store, *rules: Rule, now: int, span: int | None = None) -> tuple[int, int]:
    """Apply rules to everything that is stored; return how many entries were looked at and changed."""
    while not (applied := store.curation.apply_rules(rules, span=span, now=now, limit=2)).done:
        pass
    return applied.looked, applied.changed
