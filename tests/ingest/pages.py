"""Short web pages, and what selectors find in them."""

from __future__ import annotations

from aggregator.ingest.page import parse_page
from aggregator.model import Fetched, Outcome, ParsedEntry, ParsedFeed, Selectors, Unreadable

URL = "https://example.org/news/"


def page(body: bytes | str, *, content_type: str | None = "text/html") -> Fetched:
    encoded = body.encode() if isinstance(body, str) else body
    return Fetched(status=200, url=URL, content_type=content_type, body=encoded, validators=None)


def feed_of(
    body: bytes | str, *, item: str = "article", content_type: str | None = None, **keys: str
) -> ParsedFeed:
    found = parse_page(page(body, content_type=content_type), Selectors(item=item, **keys))
    assert isinstance(found, ParsedFeed), found
    return found


def items_of(body: bytes | str, *, item: str = "article", **keys: str) -> tuple[ParsedEntry, ...]:
    return feed_of(body, item=item, **keys).entries


def item_of(body: bytes | str, *, item: str = "article", **keys: str) -> ParsedEntry:
    (entry,) = items_of(body, item=item, **keys)
    return entry


def failure_of(body: bytes | str, *, item: str = "article", **keys: str) -> tuple[Outcome, str]:
    found = parse_page(page(body), Selectors(item=item, **keys))
    assert isinstance(found, Unreadable), found
    return found.outcome, found.message
