"""One entry as every format publishes it: cleaned, sanitized, with valid URLs and dates. Pure.

**Identity.** The id is the source's own guid where no other entry has that, so that readers recognise what
they know from elsewhere; else a UUID made of ID and first-seen time, which is also the id in Atom where the
guid is no URI (`identity`). Neither ever changes, whatever the source rewrites, and no two entries
share one: readers see nothing twice and miss nothing.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import NamedTuple, TypeVar

from aggregator.identity import entry_name, entry_uri, uri_of
from aggregator.model import Channel, Content, Entry, Order, SafeHtml, SourceRef
from aggregator.publish.attachments import Attachment, attachments
from aggregator.publish.episode import PublishedEpisode, published_episode, with_show
from aggregator.publish.html import plain_text, sanitize
from aggregator.publish.text import excerpt, language_tag, one_line
from aggregator.publish.urls import feed_url, holds_secret, link_url, web_url

_log = logging.getLogger(__name__)

Rendered = TypeVar("Rendered")

_TITLE_FROM_TEXT = 80
_SUMMARY_FROM_TEXT = 300
_MUCH_LONGER = 2
"""Times that an article is longer than the source's own text, for that to stand beside it as its summary."""
_RELATION = re.compile("[a-z][a-z0-9.-]*", re.ASCII)
"""The name of a link's relation (RFC 8288, section 3.3)."""

_SHORT_TEXT = 500
_SHORT_HTML = 2_000
"""Characters up to which a text is short as it is, with its markup."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A source as an item names it."""

    name: str
    feed_url: str | None
    site_url: str | None
    item_url: str | None
    """The item's page at this source, where that is another than the item's own."""
    id: str | None = None
    """A URI: its feed's own id where that is known and may be told, else where the feed is."""
    image: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What every format says of one entry; no text holds a character that XML forbids."""

    id: str
    """Unique and permanent; maybe no URI."""
    uri: str | None = None
    """The id where that has to be a URI; None when `id` is one."""
    url: str | None
    title: str
    """Never empty."""
    amount: Content = Content.FULL
    """How much of the text the item is meant to hold."""
    content: SafeHtml
    """The article, else what the source says; empty when there is neither, and unless all is to be held."""
    summary: SafeHtml
    """What the source gave beside its content, or as its content beside a much longer article; else empty.

    Where it stands in place of the content: a short text, empty when the entry has none at all.
    """
    excerpt: str
    """Summary, else content, as one short line of plain text; empty when no text is to be held."""
    authors: tuple[str, ...]
    published: int
    updated: int
    """Never before `published`."""
    changed: int
    """When anything of it last changed: no format says it, HTTP does."""
    tags: tuple[str, ...]
    attachments: tuple[Attachment, ...]
    episode: PublishedEpisode | None = None
    """What is said of it as a podcast's episode or a film, if anything is."""
    language: str | None
    origins: tuple[Origin, ...]
    """The source that brought it first, then the others; none for what this service says itself."""

    @property
    def main_file(self) -> Attachment | None:
        """The file to take where there is room for one: the first that is sound or film, else the first."""
        playing = (file for file in self.attachments if file.plays)
        return next(playing, self.attachments[0] if self.attachments else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A channel whose texts and URLs are fit to be published."""

    id: str
    title: str
    description: str
    home_url: str
    self_url: str
    language: str | None
    icon: str | None
    links: tuple[tuple[str, str], ...]
    """Relations and URLs of other documents of the feed (RFC 5005)."""
    archived: bool
    updated: int
    """Milliseconds: the date of a feed without items."""


def head(channel: Channel, items: Sequence[Item]) -> Head:
    """Return the channel as formats write it; texts that are missing are made up from the others.

    Without an icon of its own, it has the picture of a source that all its items come from.
    """
    title = one_line(channel.title) or "Untitled"
    return Head(
        id=web_url(channel.id) or one_line(channel.id),
        title=title,
        description=one_line(channel.description) or title,
        home_url=web_url(channel.home_url) or one_line(channel.home_url),
        self_url=web_url(channel.self_url) or one_line(channel.self_url),
        language=language_tag(channel.language),
        icon=web_url(channel.icon) or _shared_image(items),
        links=tuple(
            (relation, url)
            for relation, address in channel.links
            if _RELATION.fullmatch(relation) and (url := web_url(address))
        ),
        archived=channel.archived,
        updated=channel.updated,
    )


def _shared_image(items: Sequence[Item]) -> str | None:
    carried = [{(origin.name, origin.feed_url) for origin in item.origins} for item in items]
    for origin in items[0].origins if items else ():
        if origin.image and all((origin.name, origin.feed_url) in by for by in carried):
            return origin.image
    return None


def last_change(items: Iterable[Item]) -> int:
    """Return the newest instant at which one of the items changed in the store; 0 when there are none."""
    return max((item.changed for item in items), default=0)


def items_of(entries: Iterable[Entry], content: Content = Content.FULL) -> list[Item]:
    """Return what formats publish of each entry, in order; one that cannot be is left out and logged."""
    items = []
    for entry in entries:
        try:
            items.append(to_item(entry, content))
        except Exception:  # noqa: BLE001 - whatever one entry holds, its neighbours are published
            _log.exception("entry %d cannot be published and is left out of the feed", entry.id)
    return items


def render_each(items: Iterable[Item], render: Callable[[Item], Rendered]) -> list[Rendered]:
    """Return what `render` makes of each item, in order; one that cannot be is left out and logged."""
    rendered = []
    for item in items:
        try:
            rendered.append(render(item))
        except Exception:  # noqa: BLE001 - whatever one item holds, its neighbours are published
            _log.exception("item %s cannot be written and is left out of the feed", item.id)
    return rendered


def ordered(entries: Iterable[Entry], order: Order) -> list[Entry]:
    """Return entries, newest surfaced first, in the order in which a feed lists them.

    By publication, the newest is first, and of one instant the one with the highest ID.
    """
    if order is Order.SURFACED:
        return list(entries)
    return sorted(entries, key=lambda entry: (entry.dated, entry.id), reverse=True)


def to_item(entry: Entry, amount: Content = Content.FULL) -> Item:
    """Return what formats publish of an entry, with so much of its text."""
    content = content_of(entry)
    summary = _distinct_summary(entry, content)
    url = link_url(entry.url)
    short = excerpt(plain_text(summary or content), _SUMMARY_FROM_TEXT)
    texts = _texts_to_hold(amount, content, summary, short)
    files = tuple(attachments(entry.enclosures))
    episode = published_episode(entry.episode)
    if any(file.plays for file in files):
        episode = with_show(episode, [source.about for source in entry.sources])
    return Item(
        id=entry_name(entry),
        uri=entry_uri(entry),
        url=url,
        title=one_line(entry.title) or excerpt(short, _TITLE_FROM_TEXT) or url or "Untitled",
        amount=amount,
        content=texts.content,
        summary=texts.summary,
        excerpt=texts.excerpt,
        authors=_texts(entry.authors),
        published=entry.dated,
        updated=_updated(entry),
        changed=entry.changed,
        tags=_texts(entry.tags),
        attachments=files,
        episode=episode,
        language=language_tag(entry.language),
        origins=tuple(map(_origin, entry.sources)),
    )


def content_of(entry: Entry) -> SafeHtml:
    """Return the fullest text that there is: the article, else what the source says; maybe empty."""
    return sanitize(entry.article, "") or sanitize(entry.content_html, entry.base_url)


class _Texts(NamedTuple):
    content: SafeHtml
    summary: SafeHtml
    excerpt: str


_NOTHING = SafeHtml("")


def _texts_to_hold(amount: Content, content: SafeHtml, summary: SafeHtml, short: str) -> _Texts:
    match amount:
        case Content.FULL:
            return _Texts(content or summary, summary if content else _NOTHING, short)
        case Content.SUMMARY:
            return _Texts(_NOTHING, _shortened(summary or content, short), short)
        case Content.NONE:
            return _Texts(_NOTHING, _NOTHING, "")


def _shortened(html: SafeHtml, short: str) -> SafeHtml:
    if len(html) <= _SHORT_HTML and len(plain_text(html)) <= _SHORT_TEXT:
        return html
    return SafeHtml(escape(short, quote=False))


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


@lru_cache(maxsize=1024)  # few sources bring many entries
def _origin(source: SourceRef) -> Origin:
    address = feed_url(source.url)
    said = uri_of(source.about.id)
    return Origin(
        id=said if said and not holds_secret(said) else address,
        name=one_line(source.name) or address or "Untitled",
        feed_url=address,
        site_url=web_url(source.site_url),
        item_url=link_url(source.entry_url),
        image=web_url(source.about.image),
    )
