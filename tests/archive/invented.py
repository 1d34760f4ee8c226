"""What must come of an invented archive, and feeds of the articles that its posts were made of."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import format_datetime
from xml.sax.saxutils import escape

from aggregator.ingest.text import plain_from_guess
from aggregator.model import Entry
from benchmarks.invented_archive import Article, Post

MIN_ID = 631_152_000_000
"""1990-01-01T00:00:00Z"""


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

    Not of posts whose date is open, nor of any when such a one could take another's ID.
    """
    ids: dict[str, int] = {}
    taken: set[int] = set()
    for post in sorted((post for post in posts if post.date is not None), key=_order):
        assert post.date is not None
        said = post.said
        if said is not None and MIN_ID <= said <= now and said not in taken:
            number = said
        else:
            number = post.date
            while number in taken:
                number += 1
        taken.add(number)
        ids[post.file] = number
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
        "date": post.date,
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


def _order(post: Post) -> tuple[int, str]:
    return post.date or 0, post.file


def _short(value: object) -> str:
    return f"{value!r:.160}"


def _xml(text: str) -> str:
    """Return the text as XML; without the characters that no XML can have."""
    return escape("".join(char for char in text if char >= " " or char in "\t\n\r"))


def _date(instant: int | None) -> str:
    return "soon" if instant is None else format_datetime(datetime.fromtimestamp(instant // 1000, UTC))
