"""One poll: what it is given, and what it leaves."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from aggregator.model.document import ANY_PACE, NOTHING_SAID, About, Pace, TaggedDraft
from aggregator.model.exchange import Validators
from aggregator.model.outcome import Outcome
from aggregator.model.rule import Rule
from aggregator.model.source import FeedSpec

MOVED_AFTER = 2
"""Polls in a row that must find a feed at the same new address before it is asked directly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """What is remembered of a source from one poll to the next."""

    url: str
    """The configured URL that all of this belongs to."""
    validators: Validators | None = None
    body_hash: bytes | None = None
    """Of the last document that was read whole."""
    failures: int = 0
    """Consecutive polls that failed."""
    next_poll_at: int = 0
    host: str = ""
    """The host that answered last, at the end of redirects: whose turn the next poll waits for."""
    moved_to: str | None = None
    """The address that the last poll's permanent redirects led to, or that is asked instead of `url`."""
    moved_polls: int = 0
    """How many polls in a row found a feed there by redirects. From the second on it is asked directly."""
    moving_to: str | None = None
    """Where the last poll found the address that is asked instead of `url` to have moved in its turn."""
    pace: Pace = ANY_PACE
    """What the last document that was read asked for."""
    max_age: int | None = None
    """Milliseconds, as the last answer said."""
    rhythm: tuple[int, ...] = ()
    """When the source's newest items appeared (ms), rising; a few are kept."""

    @property
    def address(self) -> str:
        """Where the source is asked next."""
        return self.moved_to if self.moved_to and self.moved_polls >= MOVED_AFTER else self.url


@dataclass(frozen=True, slots=True, kw_only=True)
class PollJob:
    """One source, claimed for one poll."""

    source_id: int
    name: str
    host: str
    """The host that answered the last poll, as `host_of` tells it; the address's own before the first."""
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
    about: About = NOTHING_SAID


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPause:
    """No source of the host is asked before that instant (ms)."""

    host: str
    """As `host_of` tells it."""
    until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PollCommit:
    """Everything that one poll writes: committed together, or not at all."""

    report: PollReport
    state: SourceState
    """What to remember until the next poll."""
    state_if_new: SourceState | None = None
    """In place of `state` when the poll turns out to bring entries that are new."""
    feed: ReadFeed | None = None
    """None when no document was read (304, same body, failure)."""
    host_pause: HostPause | None = None
    """Set when a host said that it is asked too often."""
    full_text: bool = False
    """The pages of its new entries are wanted, and fetched right now: the claim stays until then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollTally:
    """What one poll changed in the store, in entries."""

    new: int = 0
    updated: int = 0
    joined: int = 0
    """Of the updated ones: stories that another source had brought, and this one does now."""


class Dedupe(StrEnum):
    """When items of two sources are one story."""

    OFF = "off"
    """Never."""
    URL = "url"
    """When their canonical URLs are the same."""
    SIMILAR = "similar"
    """Also when they say the same under one heading, one of them perhaps more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryPolicy:
    """What is made of a document's items: told from known ones and from backfill, tagged, put into feeds."""

    dedupe: Dedupe = Dedupe.URL
    backfill_after: int = 7 * 86_400_000
    """Items older by this much (ms) than what the source already had surface at their publication."""
    rules: tuple[Rule, ...] = ()
    """Asked in order about each new or changed entry."""
    feeds: tuple[FeedSpec, ...] = ()
    """The configured feeds, whose entries are noted as they come."""
