"""What is behind an address: a feed, in short, or a web page that may announce some.

This is what parse processes run for who looks for feeds: of a feed's items only their number comes back.
"""

from __future__ import annotations

from dataclasses import dataclass

from aggregator.ingest.decode import decode
from aggregator.ingest.discover import WEB_PAGE, FoundFeed, announced
from aggregator.ingest.limits import GZIP
from aggregator.ingest.read import read_document
from aggregator.ingest.xmltext import Prologue
from aggregator.model import Fetched, Outcome, Unreadable

_HEAD = 16 * 1024
_FORMATS = {"rss": "RSS", "channel": "RSS", "rdf": "RSS 1.0", "feed": "Atom"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSummary:
    """A feed that was read."""

    title: str | None
    format: str
    """`RSS`, `RSS 1.0`, `Atom` or `JSON Feed`; `feed` when its first 16 KiB do not tell."""
    entries: int
    newest: int | None
    """The latest publication (ms UTC) that it tells; None without any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoFeed:
    """A document that is none: most often a web page."""

    message: str
    """What it is, as a sentence."""
    feeds: tuple[FoundFeed, ...]
    """What it announces."""
    is_page: bool = True


def examine(document: Fetched) -> FeedSummary | NoFeed | Unreadable:
    """Return what the document is; `Unreadable` when it is a feed that cannot be read, or empty.

    Like `read_document` it is to be run in a `ParsePool`.
    """
    reading = read_document(document)
    if not isinstance(reading, Unreadable):
        dates = [draft.published for draft in reading.drafts if draft.published is not None]
        return FeedSummary(
            title=reading.title,
            format=_format(document.body),
            entries=len(reading.drafts),
            newest=max(dates, default=None),
        )
    if reading.outcome is Outcome.NOT_A_FEED:
        is_page = reading.message.startswith(WEB_PAGE)
        message = f"{WEB_PAGE}." if is_page else reading.message  # without the hint, which is for polls
        return NoFeed(message=message, feeds=announced(document) if is_page else (), is_page=is_page)
    return reading


def _format(body: bytes) -> str:
    if body.startswith(GZIP):
        return "feed"
    head = decode(body[:_HEAD], None).text.lstrip("\ufeff \t\r\n")
    if head.startswith(("{", "[")):
        return "JSON Feed"
    return _FORMATS.get(Prologue(head).root or "", "feed")
