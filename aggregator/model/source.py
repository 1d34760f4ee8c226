"""What is configured: upstreams and outputs."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from aggregator.model.expression import Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Selectors:
    """CSS selectors that find entries in a web page; all but `item` look within one item."""

    item: str
    title: str | None = None
    link: str | None = None
    date: str | None = None
    content: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An upstream that is polled: one `[[sources]]` table, defaults filled in from `[polling]`."""

    name: str
    """Unique among the sources."""
    url: str
    """Absolute http or https URL, without credentials."""
    tags: tuple[str, ...] = ()
    """Given to each of the source's entries; NFC, in the config's order."""
    interval: int = 1_800_000
    """Milliseconds between two polls that succeed; the shortest of them when `adaptive`."""
    adaptive: bool = False
    """Whether the pace follows how often the source publishes, between `interval` and `max_interval`."""
    max_interval: int = 86_400_000
    """Milliseconds; the longest wait of an adaptive pace."""
    timeout: int = 20_000
    """Milliseconds for the whole exchange, from the first look-up to the last byte."""
    max_size: int = 10 * 1024 * 1024
    """Bytes of a document, after decompression."""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Sent with each request to the source's own host."""
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    """HTTP Basic credentials; both or none."""
    keep_categories: bool = True
    """Whether an item's categories become tags of its entry."""
    enabled: bool = True
    """A disabled source is not polled; its entries stay and are published."""
    selectors: Selectors | None = None
    """Set when the source is a web page without a feed: what makes entries of it."""
    full_text: bool = False
    """Whether each new entry's page is fetched and its article kept."""
    selector: str | None = None
    """CSS: which part of an entry's page is the article, in place of finding it out."""
    max_age: int | None = None
    """Milliseconds after which its entries are deleted, in place of what `[retention]` says."""
    max_entries: int | None = None
    """So many of its entries are kept, in place of what `[retention]` says."""
    subscription: str | None = None
    """The URL of the list that it is from; None when the config itself has it."""

    @property
    def host(self) -> str:
        """Whom a poll asks, as `host_of` tells it."""
        return host_of(self.url)


class Order(StrEnum):
    """In which order a feed's document lists its entries; which they are is the same in both."""

    SURFACED = "surfaced"
    PUBLISHED = "published"


class Content(StrEnum):
    """How much of an entry's text a feed holds."""

    FULL = "full"
    SUMMARY = "summary"
    """A short text in place of the content."""
    NONE = "none"
    """Title and link only."""


class Digest(StrEnum):
    """A period (UTC; weeks begin on Monday) whose entries a feed lists in one item, when it is over."""

    DAILY = "daily"
    WEEKLY = "weekly"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A list of sources that somebody else keeps: one `[[subscriptions]]` table."""

    url: str
    """Of an OPML document: absolute http or https URL, without credentials; unique."""
    tags: tuple[str, ...] = ()
    """Given to each source of the list, before the names of its folders."""
    interval: int = 86_400_000
    """Milliseconds between two looks at the list."""
    limit: int = 500
    """The most sources that are taken from the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSpec:
    """A configured output: one `[[feeds]]` table. Its conditions combine with *and*."""

    slug: str
    """Names the feed in URLs: letters, digits, `-`, `_` and `.`."""
    title: str
    description: str = ""
    language: str | None = None
    any: tuple[str, ...] = ()
    """An entry has at least one of these tags (no condition when empty)."""
    all: tuple[str, ...] = ()
    """An entry has each of these tags."""
    none: tuple[str, ...] = ()
    """An entry has no tag of these."""
    sources: tuple[str, ...] = ()
    """An entry comes from at least one of these sources, by name (no condition when empty)."""
    limit: int = 50
    """The feed holds at least this many entries, when there are as many."""
    window: int = 86_400_000
    """And at least everything surfaced within this many milliseconds."""
    match: Expression | None = None
    """An entry meets this expression (no condition when None)."""
    icon: str | None = None
    """URL of a picture for readers to show."""
    order: Order = Order.SURFACED
    content: Content = Content.FULL
    max_age: int | None = None
    """Entries published longer ago than this many ms are left out."""
    per_source: int | None = None
    """Of the entries that each source brought first, the newest so many only."""
    digest: Digest | None = None
    """One item for each period in place of one for each entry."""
    token: str | None = field(default=None, repr=False)
    """Who asks for the feed must say this; everybody gets it when None."""


def host_of(url: str) -> str:
    """Return host and port of an http(s) URL in lower case, for what is counted by server.

    The usual ports of http and https are one and are left out: both are the same server's.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    return host if parts.port in {None, 80, 443} else f"{host}:{parts.port}"
