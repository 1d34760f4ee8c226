"""One entry as every format publishes it: cleaned, sanitized, with valid URLs and dates. Pure.

**Identity.** The id is the source's own guid where that is a URI which no other entry has, so that readers
recognise what they know from elsewhere; else a UUID made of ID and first-seen time. Neither ever changes,
whatever the source rewrites, and no two entries share one: readers see nothing twice and miss nothing.
"""

from __future__ import annotations

import logging
import mimetypes
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID, uuid5

from aggregator.model import Channel, Enclosure, Entry, SafeHtml, SourceRef
from aggregator.publish.html import plain_text, sanitize
from aggregator.publish.text import excerpt, language_tag, one_line
from aggregator.publish.urls import feed_url, link_url, web_url

_log = logging.getLogger(__name__)

Rendered = TypeVar("Rendered")

_ENTRIES = UUID("c8d5b2a0-6f0e-5d0c-9a57-3d2c1e5b7f41")
"""The name space of entry ids: another value would make every reader show every entry again."""

_TITLE_FROM_TEXT = 80
_SUMMARY_FROM_TEXT = 300
_MUCH_LONGER = 2
"""Times that an article is longer than the source's own text, for that to stand beside it as its summary."""
_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+", re.ASCII)
_UNKNOWN_TYPE = "application/octet-stream"
_MAX_LENGTH = 2**63 - 1

_TYPES = mimetypes.MimeTypes()
"""The table that Python ships: not the machine's, so that feeds are alike on each."""
for _type, _suffix in (("audio/mp4", ".m4a"), ("image/webp", ".webp"), ("image/avif", ".avif")):
    _TYPES.add_type(_type, _suffix)  # newer Pythons know them


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that belongs to an item."""

    url: str
    type: str
    length: int | None
    """Bytes, when known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A source as an item names it."""

    name: str
    feed_url: str | None
    site_url: str | None
    item_url: str | None
    """The item's page at this source, where that is another than the item's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What every format says of one entry; no text holds a character that XML forbids."""

    id: str
    """A URI, unique and permanent."""
    url: str | None
    title: str
    """Never empty."""
    content: SafeHtml
    """The article, else what the source says; empty when there is neither."""
    summary: SafeHtml
    """What the source gave beside its content, or as its content beside a much longer article; else empty."""
    excerpt: str
    """Summary, else content, as one short line of plain text."""
    authors: tuple[str, ...]
    published: int
    updated: int
    """Never before `published`."""
    tags: tuple[str, ...]
    attachments: tuple[Attachment, ...]
    language: str | None
    origins: tuple[Origin, ...]
    """The source that brought it first, then the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A channel whose texts and URLs are fit to be published."""

    id: str
    title: str
    description: str
    home_url: str
    self_url: str
    language: str | None


def head(channel: Channel) -> Head:
    """Return the channel as formats write it; texts that are missing are made up from the others."""
    title = one_line(channel.title) or "Untitled"
    return Head(
        id=web_url(channel.id) or one_line(channel.id),
        title=title,
        description=one_line(channel.description) or title,
        home_url=web_url(channel.home_url) or one_line(channel.home_url),
        self_url=web_url(channel.self_url) or one_line(channel.self_url),
        language=language_tag(channel.language),
    )


def entry_uri(entry: Entry) -> str:
    """Return the id under which readers know an entry: the same in each feed and format, for ever."""
    return entry.uri or uuid5(_ENTRIES, f"{entry.id} {entry.first_seen}").urn


def last_change(entries: Iterable[Entry]) -> int:
    """Return the newest instant at which one of the entries changed in the store; 0 when there are none."""
    return max((entry.changed for entry in entries), default=0)


def render_each(entries: Iterable[Entry], render: Callable[[Item], Rendered]) -> list[Rendered]:
    """Return what `render` makes of each entry, in order; one that cannot be is left out and logged."""
    rendered = []
    for entry in entries:
        try:
            rendered.append(render(to_item(entry)))
        except Exception:  # noqa: BLE001 - whatever one entry holds, its neighbours are published
            _log.exception("entry %d cannot be published and is left out of the feed", entry.id)
    return rendered


def to_item(entry: Entry) -> Item:
    """Return what formats publish of an entry."""
    content = content_of(entry)
    summary = _distinct_summary(entry, content)
    url = link_url(entry.url)
    short = excerpt(plain_text(summary or content), _SUMMARY_FROM_TEXT)
    return Item(
        id=entry_uri(entry),
        url=url,
        title=one_line(entry.title) or excerpt(short, _TITLE_FROM_TEXT) or url or "Untitled",
        content=content or summary,
        summary=summary if content else SafeHtml(""),
        excerpt=short,
        authors=_texts(entry.authors),
        published=entry.dated,
        updated=_updated(entry),
        tags=_texts(entry.tags),
        attachments=tuple(_attachments(entry.enclosures)),
        language=language_tag(entry.language),
        origins=tuple(map(_origin, entry.sources)),
    )


def content_of(entry: Entry) -> SafeHtml:
    """Return the fullest text that there is: the article, else what the source says; maybe empty."""
    return sanitize(entry.article, "") or sanitize(entry.content_html, entry.base_url)


def _updated(entry: Entry) -> int:
    """Return the last change that readers should know of: what the source says, or an edit that was seen.

    What the source says is believed up to the instant in which it said so.
    """
    said = min(entry.updated or entry.dated, entry.changed)
    return max(entry.dated, said, entry.edited or 0)


def _distinct_summary(entry: Entry, content: SafeHtml) -> SafeHtml:
    if entry.summary and entry.summary != entry.content_html:
        summary = sanitize(entry.summary, entry.base_url)
        return SafeHtml("") if summary == content else summary
    if entry.article is None:
        return SafeHtml("")
    said = sanitize(entry.content_html, entry.base_url)
    return said if len(said) * _MUCH_LONGER <= len(content) else SafeHtml("")


def _texts(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in map(one_line, texts) if text))


def _origin(source: SourceRef) -> Origin:
    address = feed_url(source.url)
    return Origin(
        name=one_line(source.name) or address or "Untitled",
        feed_url=address,
        site_url=web_url(source.site_url),
        item_url=link_url(source.entry_url),
    )


def _attachments(enclosures: Iterable[Enclosure]) -> Iterable[Attachment]:
    seen = set()
    for enclosure in enclosures:
        url = web_url(enclosure.url)
        if url is None or url in seen:
            continue
        seen.add(url)
        length = enclosure.length
        yield Attachment(
            url=url,
            type=_media_type(enclosure.type, url),
            length=length if length is not None and 0 <= length <= _MAX_LENGTH else None,
        )


def _media_type(said: str | None, url: str) -> str:
    said = (said or "").partition(";")[0].strip().lower()
    if _MEDIA_TYPE.fullmatch(said):
        return said
    return _TYPES.guess_type(url.partition("?")[0])[0] or _UNKNOWN_TYPE
