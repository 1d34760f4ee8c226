"""A large store of invented entries, written as the store writes them, but many at a time."""

from __future__ import annotations

import itertools
import json
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

NOW = 1_780_000_000_000
MINUTE = 60_000
SOURCES = 100
TAGS = 200

_COMMON = "the of to in and"
_CJK = "芯片半导体市场能源河流议会供应引擎风暴港口博物馆信号列车投资世界新闻今天日本"


def fill(path: Path, entries: int, *, words: int, every: int = MINUTE) -> Path:
    """Write so many entries, `every` so many ms, into an empty store; nothing is indexed. Return the path.

    Each has about three of 200 tags, the first ones much more often than the last. The configured feed `some`
    holds a tenth of all.
    """
    with closing(sqlite3.connect(path, isolation_level=None)) as conn:
        conn.execute("PRAGMA synchronous = OFF")
        conn.executemany(
            "INSERT INTO sources (id, name, url, tags, keep_categories, enabled, position, next_poll_at)"
            " VALUES (?, ?, ?, '[]', 1, 1, ?, 0)",
            [(n + 1, f"Wire {n}", f"https://wire{n}.example/feed", n) for n in range(SOURCES)],
        )
        conn.execute(
            "INSERT INTO feeds (id, slug, position, conditions, filled) VALUES (1, 'some', 0, '{}', 1)"
        )
        rows = _rows(entries, words, every)
        while some := list(itertools.islice(rows, 5000)):
            conn.execute("BEGIN")
            conn.executemany(
                "INSERT INTO entries (id, first_seen, surfaced, changed, published, url, title, authors,"
                " tags, categories, language, content_html, enclosures, base_url)"
                " VALUES (?1, ?1, ?1, ?1, ?1, ?2, ?3, ?4, ?5, '[]', ?6, ?7, '[]', '')",
                [row[0] for row in some],
            )
            conn.executemany(
                "INSERT INTO entry_sources (entry_id, source_id, surfaced, revision, title, categories, tags)"
                " VALUES (?1, ?2, ?1, x'00', '', '[]', '[]')",
                [row[1] for row in some],
            )
            conn.executemany(
                "INSERT INTO entry_tags (tag, surfaced, entry_id) VALUES (?, ?, ?)",
                [tag for row in some for tag in row[2]],
            )
            conn.executemany(
                "INSERT INTO feed_entries VALUES (1, ?1, ?1, 1)", [row[1][:1] for row in some if row[3]]
            )
            conn.execute("COMMIT")
    return path


_Row = tuple[tuple[int | str, ...], tuple[int, int], list[tuple[str, int, int]], bool]
"""An entry, its source, its tags, and whether the feed has it."""


def _rows(entries: int, words: int, every: int) -> Iterator[_Row]:
    dice = random.Random(7)
    lexicon = [*_COMMON.split(), *(f"word{number}" for number in range(20_000))]
    weights = list(itertools.accumulate(1 / (rank + 3) for rank in range(len(lexicon))))
    tag_weights = list(itertools.accumulate(1 / (rank + 3) for rank in range(TAGS)))
    numbers = range(TAGS)
    for place in range(entries):
        at = NOW - (entries - place) * every
        language = "en" if place % 5 else dice.choice(("zh", "ja"))
        if language == "en":
            title = " ".join(dice.choices(lexicon, cum_weights=weights, k=8))
            text = " ".join(dice.choices(lexicon, cum_weights=weights, k=words))
        else:
            title, text = "".join(dice.choices(_CJK, k=16)), "".join(dice.choices(_CJK, k=words))
        tags = {f"tag{number}" for number in dice.choices(numbers, cum_weights=tag_weights, k=3)}
        if place % 5000 == 0:
            tags.add("rare")
        source = dice.randrange(SOURCES)
        yield (
            (
                at, f"https://www.example.org/{source}/story-{place}", title, '["A. Writer"]',
                json.dumps(sorted(tags)), language, f"<p>{text}</p>",
            ),
            (at, source + 1),
            [(tag, at, at) for tag in tags],
            place % 10 == 0,
        )  # fmt: skip
