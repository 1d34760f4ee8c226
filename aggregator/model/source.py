"""What is configured: upstreams and outputs."""

from __future__ import annotations

from dataclasses import dataclass, field


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
    """Milliseconds between two polls that succeed."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSpec:
    """A configured output: one `[[feeds]]` table. Tag lists and sources combine with *and*."""

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
