"""What is published."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A feed's own head, whatever the format."""

    id: str
    """Permanent and unique: the feed's canonical URL without a format suffix."""
    title: str
    description: str
    home_url: str
    """The page for people."""
    self_url: str
    """Where this very document is served."""
    language: str | None = None
    icon: str | None = None
    """URL of a picture for readers to show."""
    links: tuple[tuple[str, str], ...] = ()
    """Relations and URLs of other documents of this feed (RFC 5005): `prev-archive`, `next`, `current`, …"""
    archived: bool = False
    """Whether this document is an archive (RFC 5005, section 4), which never changes."""
    updated: int = 0
    """When what is said here last changed (ms): the date of a feed without entries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedDocument:
    """A published feed, ready to be sent."""

    body: bytes
    content_type: str
    etag: str
    """Strong, quoted: a hash of the body."""
    last_modified: int
    """Milliseconds; 0 for a feed that never had an entry."""
