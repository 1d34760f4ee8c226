"""The history of a published feed, in pages that never change (RFC 5005, section 4)."""

from __future__ import annotations

from dataclasses import dataclass

from aggregator.model.entry import Entry


@dataclass(frozen=True, slots=True)
class Series:
    """A published feed that has a history: at most one of its fields is set; with none it is everything."""

    feed: str | None = None
    """The slug of a configured feed."""
    tag: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivePage:
    """A part of a series' history."""

    number: int
    """From 1, rising with time; belongs to one page of the series for ever."""
    entries: tuple[Entry, ...]
    """Newest surfaced first; those that belong to it and are still in the series."""
    previous: int | None
    """The page before it, which holds what joined the series earlier."""
    following: int | None
    """The page after it, when there is one by now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenDocument:
    """An archive page as it was first published in a format."""

    body: bytes
    content_type: str
    last_modified: int
    """Milliseconds UTC."""
