"""The data types of the house; imports nothing of ours.

Every instant is an integer of milliseconds since 1970 UTC, every span of time an integer of milliseconds,
every size an integer of bytes. A new name stands for each state of the data:

    Source + SourceState ─► PollJob ─► Fetched | NotModified | FetchFailed
        ─► ParsedFeed ─► Reading (EntryDraft…) | Unreadable ─► TaggedDraft ─► PollCommit ─► Entry
    FeedSpec ─► EntryQuery ─► Entry… ─► FeedDocument
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

RawHtml = NewType("RawHtml", str)
"""HTML as a source said it: never shown to anybody before `publish.html` made it safe."""

SafeHtml = NewType("SafeHtml", str)
"""HTML that `publish.html` has sanitized."""


class Outcome(StrEnum):
    """The one named result of a poll, as tables, pages and JSON show it."""

    OK = "ok"
    NOT_MODIFIED = "not modified"
    UNCHANGED = "unchanged"
    GONE = "gone"
    RATE_LIMITED = "rate limited"
    HTTP_ERROR = "http error"
    TIMEOUT = "timeout"
    TOO_LARGE = "too large"
    REFUSED_ADDRESS = "refused address"
    DNS_ERROR = "dns error"
    TLS_ERROR = "tls error"
    CONNECTION_ERROR = "connection error"
    NOT_A_FEED = "not a feed"
    UNPARSEABLE = "unparseable"
    EMPTY = "empty"

    @property
    def is_failure(self) -> bool:
        """Whether the source counts as failing after this outcome."""
        return self not in _SUCCESSES


_SUCCESSES = frozenset({Outcome.OK, Outcome.NOT_MODIFIED, Outcome.UNCHANGED})


# --- configured -----------------------------------------------------------------------------------------


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
    headers: tuple[tuple[str, str], ...] = ()
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


# --- polling --------------------------------------------------------------------------------------------


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
class FetchRequest:
    """One conditional GET, with its limits."""

    url: str
    etag: str | None = None
    last_modified: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout: int
    max_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A 200 answer, read whole and decompressed."""

    status: int
    url: str
    """Where the document was found, after redirects."""
    content_type: str | None
    body: bytes
    etag: str | None
    last_modified: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotModified:
    """A 304 answer to a conditional request. Carries the validators to keep from now on."""

    status: int
    url: str
    etag: str | None
    last_modified: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchFailed:
    """No document: why, in a word and in a sentence that a person understands."""

    outcome: Outcome
    message: str
    status: int | None = None
    size: int = 0
    """Bytes of body that had come by then."""
    retry_after: int | None = None
    """Milliseconds that the server asked us to wait."""


# --- one document ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """A file that belongs to an entry, such as a podcast's episode."""

    url: str
    type: str | None = None
    length: int | None = None
    """Bytes, when the source said a valid number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedEntry:
    """One item as the document has it: texts still in the source's own forms."""

    guid: str | None = None
    link: str | None = None
    """Absolute wherever the document has a base to resolve it against."""
    title: str | None = None
    """Plain text."""
    summary: RawHtml | None = None
    content: RawHtml | None = None
    authors: tuple[str, ...] = ()
    """Names as a reader shows them; duplicates removed."""
    published: str | None = None
    """The date's text, not yet understood."""
    updated: str | None = None
    categories: tuple[str, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()
    language: str | None = None
    base_url: str = ""
    """What relative links in summary and content stand for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFeed:
    """A document of any format, parsed; entries in the document's order."""

    version: str
    """`rss20`, `rss10`, `atom10`, `json11`, …"""
    title: str | None = None
    link: str | None = None
    """The site that the feed belongs to."""
    language: str | None = None
    entries: tuple[ParsedEntry, ...] = ()
    problem: str | None = None
    """Set when the document was ill-formed but could be read: a sentence for the person who looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityKeys:
    """What an entry can be recognised by within its source, strongest first; each a 16-byte hash."""

    guid: bytes | None = None
    """Of the guid as the source said it."""
    link: bytes | None = None
    """Of the canonical link, alike for http and https."""
    text: bytes
    """Of title and content."""
    title_date: bytes | None = None
    """Of title and publication instant, when there are both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryDraft:
    """What the source said of one item, normalized; no ID yet. Texts hold no lone surrogates and no NUL."""

    keys: IdentityKeys
    revision: bytes
    """A 16-byte hash of everything below that subscribers see: another hash means an edited item."""
    guid: str | None = None
    url: str | None = None
    """The link as the source said it, made absolute: not canonicalized."""
    title: str = ""
    """Plain text; empty when the source gave none."""
    authors: tuple[str, ...] = ()
    published: int | None = None
    """The instant that the source said, far past and future included; None when undated or not understood."""
    updated: int | None = None
    language: str | None = None
    summary: RawHtml | None = None
    content_html: RawHtml | None = None
    """The item's fullest text as the source said it (its summary, when there is nothing else)."""
    categories: tuple[str, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()
    base_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A document that was read: its items as drafts, in the document's order, upper first."""

    title: str | None = None
    site_url: str | None = None
    language: str | None = None
    drafts: tuple[EntryDraft, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A document that could not be read as a feed: why, in a word and in a sentence."""

    outcome: Outcome
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaggedDraft:
    """A draft with the tags that source and config give it: the source's own first."""

    draft: EntryDraft
    tags: tuple[str, ...]


# --- one poll's record ----------------------------------------------------------------------------------


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


# --- stored ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRef:
    """Where an entry came from, as published feeds say it."""

    name: str
    url: str
    """The source's feed."""
    site_url: str | None = None


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
    updated: int | None
    first_seen: int
    surfaced: int
    """When it became visible to subscribers: the order of feeds."""
    changed: int
    """When the stored entry last changed."""
    tags: tuple[str, ...]
    categories: tuple[str, ...]
    language: str | None
    summary: RawHtml | None
    content_html: RawHtml | None
    enclosures: tuple[Enclosure, ...]
    base_url: str
    uri: str | None = None
    """The guid, when it is an absolute URI that no other entry has: then it is the id in our feeds, too."""

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
    """A selection of entries, newest surfaced first. Conditions combine with *and*."""

    any: tuple[str, ...] = ()
    all: tuple[str, ...] = ()
    none: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    limit: int = 50
    window: int = 0
    """Beyond `limit`, also everything surfaced within this many ms of the newest selected entry.

    Anchored at the newest entry, not at the clock: it holds at least what a window that ends now would,
    and the selection changes only when entries do.
    """
    cap: int = 1000
    """Never more than this many, unless `limit` asks for more."""


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
    next_poll: int | None
    failures: int
    entries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TagCount:
    """A tag that entries have, with their number and when the newest of them surfaced."""

    tag: str
    entries: int
    surfaced: int


# --- published ------------------------------------------------------------------------------------------


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


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedDocument:
    """A published feed, ready to be sent."""

    body: bytes
    content_type: str
    etag: str
    """Strong, quoted: a hash of the body."""
    last_modified: int
    """Milliseconds; 0 for a feed that never had an entry."""
