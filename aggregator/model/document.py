"""One source's document: parsed, then normalized, then tagged."""

from __future__ import annotations

from dataclasses import dataclass

from aggregator.model.outcome import Outcome
from aggregator.model.text import RawHtml


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """A file that belongs to an entry, such as a podcast's episode."""

    url: str
    type: str | None = None
    length: int | None = None
    """Bytes, when the source said a valid number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """What podcasts and videos say of an item beside its files."""

    duration: int | None = None
    """Seconds."""
    image: str | None = None
    """URL of a picture."""
    number: int | None = None
    """Of the episode within its season, or the podcast."""
    season: int | None = None
    kind: str | None = None
    """`full`, `trailer` or `bonus`."""
    explicit: bool | None = None
    chapters: Enclosure | None = None
    transcripts: tuple[Enclosure, ...] = ()


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
    further_dates: tuple[str, ...] = ()
    """What else is said to be the date of publication, for when the first cannot be understood."""
    updated: str | None = None
    categories: tuple[str, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()
    episode: Episode | None = None
    language: str | None = None
    base_url: str = ""
    """What relative links in summary and content stand for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often a document asks to be polled. Nothing here makes polls more frequent than configured."""

    every: int | None = None
    """Milliseconds between two polls: the longest of `ttl` and `sy:updatePeriod / sy:updateFrequency`."""
    skip_hours: tuple[int, ...] = ()
    """Hours of the day, 0 to 23 UTC, in which it does not want to be polled; rising."""
    skip_days: tuple[int, ...] = ()
    """Days of the week, 0 (Monday) to 6, likewise."""


ANY_PACE = Pace()


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a document says of the feed that it is, beside title and site."""

    id: str | None = None
    """An Atom feed's own id, as it says it."""
    image: str | None = None
    """URL (http or https) of a picture: a podcast's cover, a site's logo."""
    explicit: bool | None = None
    """Of a podcast: whether its episodes are, where they do not say so themselves."""


NOTHING_SAID = About()


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFeed:
    """A document of any format, parsed; entries in the document's order."""

    version: str
    """`rss20`, `rss10`, `atom10`, `json11`, …"""
    title: str | None = None
    link: str | None = None
    """The site that the feed belongs to."""
    language: str | None = None
    about: About = NOTHING_SAID
    entries: tuple[ParsedEntry, ...] = ()
    pace: Pace = ANY_PACE
    problem: str | None = None
    """Set when the document was ill-formed but could be read: a sentence for the person who looks."""
    whole: bool = True
    """False when the document ends too early, as one does that was half-written when it was served."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityKeys:
    """What an entry can be recognised by within its source, strongest first; each a 16-byte hash."""

    guid: bytes | None = None
    """Of the guid as the source said it."""
    link: bytes | None = None
    """Of the canonical link with its fragment, alike for http and https; None for a site's home page."""
    story: bytes | None = None
    """Of the canonical link without fragment: the same story in another source has it, too."""
    text: bytes
    """Of title and content."""
    title_date: bytes | None = None
    """Of title (the text, when there is none) and publication instant; None when undated."""


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
    date_text: str | None = None
    """The date of publication (or change, without one) as the source wrote it, understood or not."""
    updated: int | None = None
    language: str | None = None
    summary: RawHtml | None = None
    content_html: RawHtml | None = None
    """The item's fullest text as the source said it (its summary, when there is nothing else)."""
    categories: tuple[str, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()
    episode: Episode | None = None
    base_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A document that was read: its items as drafts, in the document's order, upper first."""

    title: str | None = None
    site_url: str | None = None
    language: str | None = None
    about: About = NOTHING_SAID
    drafts: tuple[EntryDraft, ...] = ()
    pace: Pace = ANY_PACE
    problem: str | None = None
    whole: bool = True
    """False when the document ends too early: it is to be read again, even if called unchanged."""


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
