"""One poll: what it is given, and what it leaves."""

from __future__ import annotations

from dataclasses import dataclass

from aggregator.model.document import TaggedDraft
from aggregator.model.outcome import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """What is remembered of a source from one poll to the next."""

    url: str
    """The configured URL that the validators belong to."""
    etag: str | None = None
    """The ETag exactly as the server sent it."""
    last_modified: str | None = None
    """The Last-Modified exactly as the server sent it."""
    body_hash: bytes | None = None
    """Of the last document that was read whole."""
    failures: int = 0
    """Consecutive polls that failed."""
    next_poll_at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PollJob:
    """One source, claimed for one poll."""

    source_id: int
    name: str
    state: SourceState


@dataclass(frozen=True, slots=True, kw_only=True)
class PollReport:
    """How one poll went."""

    source_id: int
    name: str
    started_at: int
    duration_ms: int
    outcome: Outcome
    message: str = ""
    """A sentence for the person who looks; empty when there is nothing to say."""
    http_status: int | None = None
    size: int = 0
    """Bytes of the document, decompressed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFeed:
    """What a poll that read a document adds to its record."""

    title: str | None
    site_url: str | None
    drafts: tuple[TaggedDraft, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PollCommit:
    """Everything that one poll writes: committed together, or not at all."""

    report: PollReport
    state: SourceState
    """What to remember until the next poll."""
    feed: ReadFeed | None = None
    """None when no document was read (304, same body, failure)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollTally:
    """What one poll changed in the store, in entries."""

    new: int = 0
    updated: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryPolicy:
    """How new entries are told from known ones across sources, and late ones from backfill."""

    dedupe: bool = True
    """Whether the same canonical URL from two sources is one story."""
    backfill_after: int = 7 * 86_400_000
    """Items older by this much (ms) than what the source already had surface at their publication."""
