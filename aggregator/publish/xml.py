"""RSS 2.0 and Atom 1.0, written by feedgen; this is its only importer. Pure, and safe in several threads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape

from feedgen.entry import FeedEntry
from feedgen.feed import FeedGenerator
from lxml.etree import _Element

from aggregator.model import Channel, Content, SafeHtml
from aggregator.publish.item import Item, head, render_each
from aggregator.publish.xml_extensions import ChannelExtension, ItemExtension, RssChannelExtension

_GENERATOR = "aggregator"
"""Without a version: an upgrade alone must not change a feed's bytes."""


class _Unwritten(datetime):
    """A date that feedgen takes for missing: it neither writes its own nor sets the process's locale then."""

    def __bool__(self) -> bool:
        return False


_NO_DATE = _Unwritten(1970, 1, 1, tzinfo=UTC)
_ANY_DATE = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands where Atom's dates will be put by the extensions."""


class _Finished(FeedEntry):  # type: ignore[misc]  # feedgen ships no types
    """An item whose element was made before: one that cannot be made never reaches the feed."""

    def __init__(self, element: _Element) -> None:
        super().__init__()
        self._element = element

    def rss_entry(self, extensions: bool = True) -> _Element:  # noqa: ARG002 - feedgen's signature
        return self._element

    def atom_entry(self, extensions: bool = True) -> _Element:  # noqa: ARG002 - feedgen's signature
        return self._element


def rss(channel: Channel, items: Sequence[Item]) -> bytes:
    """Return an RSS 2.0 document, UTF-8, its items in their order.

    `content:encoded` is the full content; `description` the source's summary, else the content's beginning as
    text, or a short text in place of the content. The one `enclosure` that an item has room for is its main
    file, with the length 0 where it is unknown. No `guid` is called a permanent link: it is a name, which may
    be an address that answers no more. Authors are `dc:creator` (`author` would need a mail address). An item
    that cannot be written is left out and logged.
    """
    generator = _generator(channel, "application/rss+xml", RssChannelExtension, items)
    generator.updated(_NO_DATE)
    for element in render_each(items, _rss_item):
        generator.add_entry(_Finished(element), order="append")
    return bytes(generator.rss_str())


def atom(channel: Channel, items: Sequence[Item]) -> bytes:
    """Return an Atom 1.0 document (RFC 4287), UTF-8, its entries in the order of `items`.

    An entry has no `content` where a short text or none is to be held, unless it has no link either: one of
    the two is needed (section 4.1.2).

    The feed's author is its own title: entries without authors have their source's name in `source`. An item
    that cannot be written is left out and logged.
    """
    generator = _generator(channel, "application/atom+xml", ChannelExtension, items)
    generator.updated(_ANY_DATE)
    for element in render_each(items, _atom_entry):
        generator.add_entry(_Finished(element), order="append")
    return bytes(generator.atom_str())


def _generator(
    channel: Channel, media_type: str, extension: type[ChannelExtension], items: Sequence[Item]
) -> FeedGenerator:
    top = head(channel, items)
    generator = FeedGenerator()
    generator.id(top.id)
    generator.title(top.title)
    generator.description(top.description)
    generator.author(name=top.title)
    generator.link(href=top.self_url, rel="self", type=media_type)
    generator.link(href=top.home_url, rel="alternate")  # feedgen takes RSS's link from the last one
    generator.generator(_GENERATOR)
    if top.language:
        generator.language(top.language)
    generator.register_extension("channel", extension)
    generator.channel.head = top
    generator.channel.items = items
    return generator


def _feed_entry(item: Item, name: str) -> FeedEntry:
    entry = FeedEntry()
    entry.guid(name, permalink=False)
    entry.title(item.title)
    entry.updated(_ANY_DATE)
    entry.category([{"term": tag} for tag in item.tags])
    if item.url:
        entry.link(href=item.url, rel="alternate")
    entry.register_extension("item", ItemExtension)
    entry.item.item = item
    return entry


def _rss_item(item: Item) -> _Element:
    entry = _feed_entry(item, item.id)
    if item.content:
        entry.content(item.content)
    if item.amount is not Content.NONE:
        # A description is HTML: text that is none must not become markup.
        entry.description(item.summary or escape(item.excerpt or item.title, quote=False))
    if file := item.main_file:
        entry.enclosure(file.url, file.length or 0, file.type)
    for origin in item.origins[:1]:
        if origin.feed_url:
            entry.source(origin.feed_url, origin.name)
    element: _Element = entry.rss_entry()
    return element


def _atom_entry(item: Item) -> _Element:
    entry = _feed_entry(item, item.uri or item.id)
    entry.author([{"name": author} for author in item.authors])
    content = item.content or (SafeHtml("") if item.url else item.summary)
    if content:
        entry.content(content, type="html")
    elif item.amount is Content.FULL or not item.url:
        entry.content(item.title, type="text")
    if item.summary and item.summary != content:
        entry.summary(item.summary, type="html")
    element: _Element = entry.atom_entry()
    return element
