"""What feedgen does not write, or writes wrongly, added through its extension mechanism.

An extension is an object with `extend_ns`, `extend_rss` and `extend_atom`; feedgen calls them with the lxml
element that it has made. In Atom its elements carry no name space of their own: `xmlns` is an attribute of
the root, so Atom's own elements are made by bare names here too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lxml.etree import SubElement, _Element

from aggregator.publish.attachments import Attachment
from aggregator.publish.item import Head, Item, Origin, last_change
from aggregator.publish.text import rfc822, rfc3339
from aggregator.publish.xml_episode import add_episode, add_show, episode_prefixes

_ATOM = "http://www.w3.org/2005/Atom"
_DC = "http://purl.org/dc/elements/1.1/"
_DCTERMS = "http://purl.org/dc/terms/"
_HISTORY = "http://purl.org/syndication/history/1.0"
_MEDIA = "http://search.yahoo.com/mrss/"
_XML = "http://www.w3.org/XML/1998/namespace"


class ChannelExtension:
    """Everything of a feed that feedgen cannot say.

    Of its own date feedgen writes the present time, by way of the process-wide locale.
    """

    head: Head
    items: Sequence[Item]

    def extend_ns(self) -> dict[str, str]:
        """Declare once, at the root, what is used, and nothing else."""
        history = {"fh": _HISTORY} if self.head.archived else {}
        return history | episode_prefixes(self.items)

    def extend_rss(self, rss: _Element) -> _Element:
        """Add icon, other documents and `lastBuildDate`, which a feed without entries does not have."""
        channel = rss[0]
        if self.items:
            _add(channel, "lastBuildDate", rfc822(last_change(self.items)))
        self._add_image(channel)
        self._add_history(channel, f"{{{_ATOM}}}link", "application/rss+xml")
        add_show(channel, self.items, self.head.icon)
        return rss

    def extend_atom(self, feed: _Element) -> _Element:
        """Write `updated` with a `Z`, the head's own for a feed without items; add icon and links."""
        _set_text(feed, "updated", rfc3339(last_change(self.items) or self.head.updated))
        if self.head.icon:
            _add(feed, "icon", self.head.icon)
        self._add_history(feed, "link", "application/atom+xml")
        add_show(feed, self.items, self.head.icon)
        return feed

    def _add_image(self, channel: _Element) -> None:
        if self.head.icon:
            image = SubElement(channel, "image")
            _add(image, "url", self.head.icon)
            _add(image, "title", self.head.title)
            _add(image, "link", self.head.home_url)

    def _add_history(self, channel: _Element, link: str, media_type: str) -> None:
        """Add links to the feed's other documents, and whether this one is an archive (RFC 5005)."""
        for relation, url in self.head.links:
            SubElement(channel, link, rel=relation, href=url, type=media_type)
        if self.head.archived:
            SubElement(channel, f"{{{_HISTORY}}}archive")


class RssChannelExtension(ChannelExtension):
    """Adds the prefixes of RSS items."""

    def extend_ns(self) -> dict[str, str]:
        """Declare once, at the root, what is used."""
        return {"dc": _DC, "dcterms": _DCTERMS, "media": _MEDIA} | super().extend_ns()


class ItemExtension:
    """Everything of an item that feedgen cannot say."""

    item: Item

    def extend_rss(self, element: _Element) -> _Element:
        """Add dates, authors, language, files and further sources to an RSS `item`."""
        item = self.item
        _add(element, "pubDate", rfc822(item.published))
        _add(element, f"{{{_DCTERMS}}}modified", rfc3339(item.updated))
        for author in item.authors:
            _add(element, f"{{{_DC}}}creator", author)
        if item.language:
            _add(element, f"{{{_DC}}}language", item.language)
        _add_further_sources(element, f"{{{_ATOM}}}link", item.origins[1:])
        if len(item.attachments) > 1:  # RSS has one enclosure per item
            for attachment in item.attachments:
                _add_media(element, attachment)
        if item.episode:
            add_episode(element, item.episode)
        return element

    def extend_atom(self, element: _Element) -> _Element:
        """Set dates and language of an Atom `entry`, and add its files and sources."""
        item = self.item
        if item.language:
            element.set(f"{{{_XML}}}lang", item.language)
        _set_text(element, "updated", rfc3339(item.updated))
        _add(element, "published", rfc3339(item.published))
        for attachment in item.attachments:
            link = SubElement(element, "link", rel="enclosure", href=attachment.url, type=attachment.type)
            if attachment.length is not None:
                link.set("length", str(attachment.length))
        _add_further_sources(element, "link", item.origins[1:])
        for origin in item.origins[:1]:
            _add_source(element, item, origin)
        if item.episode:
            add_episode(element, item.episode)
        return element


def _add_source(entry: _Element, item: Item, origin: Origin) -> None:
    """Add `atom:source` (RFC 4287, section 4.2.11) for the source that brought the item first."""
    if origin.feed_url is None:
        return
    source = SubElement(entry, "source")
    _add(source, "id", origin.id or origin.feed_url)
    _add(source, "title", origin.name)
    _add(source, "updated", rfc3339(item.updated))
    SubElement(source, "link", rel="self", href=origin.feed_url)
    if origin.site_url:
        SubElement(source, "link", rel="alternate", href=origin.site_url)
    if not item.authors:  # the entry's author is its source's then (section 4.2.1)
        _add(SubElement(source, "author"), "name", origin.name)


def _add_further_sources(element: _Element, tag: str, origins: Iterable[Origin]) -> None:
    """Add what the formats' one `source` has no room for, as Atom links (RFC 4287, section 4.2.7.2).

    `via` is a further source, `related` the page on which it tells the same story.
    """
    for origin in origins:
        if url := origin.feed_url or origin.site_url:
            SubElement(element, tag, rel="via", href=url, title=origin.name)
        if origin.item_url:
            SubElement(element, tag, rel="related", href=origin.item_url, title=origin.name)


def _add_media(element: _Element, attachment: Attachment) -> None:
    media = SubElement(element, f"{{{_MEDIA}}}content", url=attachment.url, type=attachment.type)
    if attachment.length is not None:
        media.set("fileSize", str(attachment.length))


def _add(parent: _Element, tag: str, text: str) -> None:
    SubElement(parent, tag).text = text


def _set_text(parent: _Element, tag: str, text: str) -> None:
    child = parent.find(tag)
    if child is not None:
        child.text = text
