"""What must come of an invented archive, and feeds of the articles that its posts were made of."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from xml.sax.saxutils import escape

from aggregator.ingest.text import plain_from_guess
from aggregator.model import Entry
from benchmarks.invented_articles import Article
from benchmarks.wild_posts import Post

MIN_ID = 631_152_000_000
"""1990-01-01T00:00:00Z"""

WHEN = {"first_seen", "changed", "last_poll_at", "next_poll_at", "purged_at"}
"""Columns that tell when something was done."""

HOW = ("about_store", "search_", "folder", "site_", "changes", "pruned", "_")
"""Beginnings of the names of tables that tell how: indexes, random marks, what is to be done."""


def feed_of(name: str, articles: Iterable[Article]) -> str:
    """Return a feed (RSS 2.0) that lists the articles, as their source says them."""
    items = "".join(
        f"<item><title>{_xml(article.title)}</title><link>{_xml(article.link)}</link>"
        f"<guid isPermaLink='false'>{article.site.number}:{article.number}</guid>"
        + (f"<dc:creator>{_xml(article.author)}</dc:creator>" if article.author else "")
        + f"<pubDate>{_date(article.date)}</pubDate>"
        f"<content:encoded>{_xml(article.content)}</content:encoded></item>\n"
        for article in articles
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/">'
        f"<channel><title>{_xml(name)}</title><link>https://example.org/</link><description/>\n{items}"
        "</channel></rss>"
    )


def expected_ids(posts: Iterable[Post], *, now: int) -> dict[str, int]:
    """Return the ID that each post must get, by file: in the order of dates and names, each ID once.

    A post that has no date has the one in its name. Those before 1990 are left out.
    """
    ids: dict[str, int] = {}
    taken: set[int] = set()
    for date, file, said in sorted((_dated(post), post.file, _said(post)) for post in posts):
        if date < MIN_ID:
            continue
        number = said if MIN_ID <= said <= now and said not in taken else date
        while number in taken:
            number += 1
        taken.add(number)
        ids[file] = number
    return ids


def differences(post: Post, entry: Entry) -> list[str]:
    """Return in what an entry is not what its post says, as lines for people."""
    title = plain_from_guess(post.title or "")
    source = post.tags[0] if post.tags else None
    expected: dict[str, object] = {
        "title": title,
        "url": post.url,
        "author": " ".join((post.author or "").split()),
        "source": source,
        "tags": post.tags,
        "date": post.date if post.date is None or post.date >= MIN_ID else None,
        "said": post.said,
        "content": post.content,
    }
    found: dict[str, object] = {
        "title": entry.title,
        "url": entry.url,
        "author": ", ".join(entry.authors),
        "source": entry.source.name,
        "tags": entry.tags[: len(post.tags or ())] if post.tags else entry.tags,
        "date": entry.published,
        "said": entry.source_published,
        "content": entry.content_html or "",
    }
    if "tags" in post.open:
        expected.pop("source")
    return [
        f"{post.form}: {post.file}: {name}: {_short(found[name])}, not {_short(expected[name])}"
        for name in expected
        if name not in post.open and found[name] != expected[name]
    ]


def content_of(database: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return the rows of every table, but not how or when they came there; the database must be whole.

    Opened as the service does: what a kill left half done is taken back by SQLite, which writes for that.
    """
    with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=rw", uri=True)) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert conn.execute("PRAGMA foreign_key_check").fetchall() == []
        found = {}
        tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        for (table,) in conn.execute(tables).fetchall():
            if table.startswith(HOW):
                continue
            names = [row[1] for row in conn.execute(f"PRAGMA table_info({table})")]
            columns = ", ".join(f'"{name}"' for name in names if name not in WHEN)
            found[table] = sorted(conn.execute(f"SELECT {columns} FROM {table}").fetchall(), key=repr)
        return found


def _dated(post: Post) -> int:
    if post.date is not None and "date" not in post.open:
        return post.date
    day = datetime.strptime(post.file.rpartition("/")[2][:10], "%Y-%m-%d").replace(tzinfo=UTC)
    return int(day.timestamp()) * 1000


def _said(post: Post) -> int:
    return 0 if post.said is None or "said" in post.open else post.said


def _short(value: object) -> str:
    return f"{value!r:.160}"


def _xml(text: str) -> str:
    """Return the text as XML; without the characters that no XML can have."""
    return escape("".join(char for char in text if char >= " " or char in "\t\n\r"))


def _date(instant: int | None) -> str:
    return "soon" if instant is None else format_datetime(datetime.fromtimestamp(instant // 1000, UTC))
