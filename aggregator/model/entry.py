"""What the store keeps, and how it is asked for it."""

from __future__ import annotations

from dataclasses import dataclass

from aggregator.model.document import NOTHING_SAID, About, Enclosure, Episode
from aggregator.model.expression import Expression
from aggregator.model.outcome import Outcome
from aggregator.model.rule import Ruling
from aggregator.model.text import RawHtml


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRef:
    """Where an entry came from, as published feeds say it."""

    name: str
    url: str
    """The source's feed."""
    site_url: str | None = None
    entry_url: str | None = None
    """The entry's link at this source, as it said it, where that is another than the entry's own."""
    about: About = NOTHING_SAID
    """As the source's last document says it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One stored item."""

    id: int
    """Milliseconds UTC; primary key; never changes."""
    sources: tuple[SourceRef, ...]
    """The source that brought it first, then every other that carried the same story; never empty."""
    guid: str | None
    """As the source first said it."""
    url: str | None
    title: str
    authors: tuple[str, ...]
    published: int | None
    """Clamped to first_seen when it lay in the future; None when undated or before 1990."""
    source_published: int | None
    """The instant exactly as the source said it."""
    date_text: str | None
    """The date as the source wrote it, understood or not."""
    updated: int | None
    first_seen: int
    surfaced: int
    """When it became visible to subscribers: the order of feeds."""
    changed: int
    """When the stored entry last changed in any way."""
    tags: tuple[str, ...]
    categories: tuple[str, ...]
    language: str | None
    summary: RawHtml | None
    content_html: RawHtml | None
    """As the document of the source that brought it first says it, or of another that says clearly more.

    `summary`, `language` and `base_url` are of the same source; `authors` and `enclosures`, too, where the
    first names none.
    """
    article: RawHtml | None
    """The full text taken from the entry's own page, where the source asks for that and it could be had."""
    enclosures: tuple[Enclosure, ...]
    base_url: str
    edited: int | None = None
    """When another text of it was last seen; None when it is as it was first said."""
    article_problem: str | None = None
    """Why its page gave no article when it was last tried; None when it gave one, or was not tried."""
    uri: str | None = None
    """The guid, when no other entry had it first: then it is the id in our feeds, too, as `publish` says it.

    None where that is a UUID made of `id` and `first_seen`.
    """
    episode: Episode | None = None
    dropped: bool = False
    """Whether a rule dropped it: it is published nowhere."""
    rulings: tuple[Ruling, ...] = ()
    """What the rules that matched did to it when they were last asked, in their order."""

    @property
    def source(self) -> SourceRef:
        """The source that brought the entry first."""
        return self.sources[0]

    @property
    def dated(self) -> int:
        """The instant to show as publication: the source's, else first-seen's (the ID)."""
        return self.id if self.published is None else self.published


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryQuery:
    """A selection of entries, newest surfaced first; dropped ones are never among them.

    Conditions combine with *and*.
    """

    any: tuple[str, ...] = ()
    all: tuple[str, ...] = ()
    none: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    match: Expression | None = None
    feed: str | None = None
    """The slug of a configured feed: entries that meet its conditions, when each of them first did."""
    published_since: int | None = None
    """Only entries published (`Entry.dated`) at that instant (ms) or later."""
    surfaced_since: int | None = None
    """Only entries surfaced at that instant (ms) or later."""
    before: tuple[int, int] | None = None
    """Only what comes after the entry that surfaced at this instant (ms) and has this ID."""
    per_source: int | None = None
    """At most so many of each source that brought entries first: its newest."""
    now: int = 0
    """The instant (ms) that `age` in `match` counts from."""
    limit: int = 50
    window: int = 0
    """Beyond `limit`, also everything surfaced within this many ms of the newest selected entry.

    Anchored at the newest entry, not at the clock: it holds at least what a window that ends now would,
    and the selection changes only when entries do.
    """
    cap: int = 1000
    """Never more than this many, unless `limit` asks for more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a search may cost."""

    entries: int
    """So many are looked at one by one, where the index alone cannot tell."""
    milliseconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceStatus:
    """A source as tables and pages show it: configured name and state."""

    name: str
    url: str
    tags: tuple[str, ...]
    enabled: bool
    title: str | None
    site_url: str | None
    outcome: Outcome | None
    message: str
    http_status: int | None
    last_poll: int | None
    duration_ms: int | None
    """Of the last poll."""
    size: int | None
    """Bytes of the last poll's document, decompressed."""
    next_poll: int | None
    failures: int
    entries: int
    moved_to: str | None = None
    """Where the source is asked instead of at `url`, since it said twice that it has moved there for good."""
    keep_categories: bool = True
    subscription: str | None = None
    """The URL of the list that it is from, where that is known; None when the config itself has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TagCount:
    """A tag that entries have, with their number and when the newest of them surfaced."""

    tag: str
    entries: int
    surfaced: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What one source gives an entry."""

    source: str
    """Its name."""
    categories: tuple[str, ...]
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntry:
    """An entry, published or dropped, with what its tags come from."""

    entry: Entry
    given: tuple[Given, ...]
    """By its sources, in their order."""
