"""Items → the bytes of a feed as a source's server would send them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from xml.sax.saxutils import escape


@dataclass
class Item:
    """What a source says of a story. Which story it is only the simulation knows: `story` is in no key."""

    story: int
    guid: str | None
    link: str | None
    title: str
    body: str
    date: int | None
    """Milliseconds, UTC."""
    categories: tuple[str, ...] = ()
    is_news: bool = True
    """False for what the source adds long after it was written: an archive that is put back."""


def rss(name: str, items: Sequence[Item]) -> bytes:
    """Return an RSS 2.0 document."""
    written = "".join(f"<item>{''.join(_rss_parts(item))}</item>" for item in items)
    head = f"<title>{name}</title><link>http://{name.lower()}.example/</link>"
    return f"<rss version='2.0'><channel>{head}{written}</channel></rss>".encode()


def atom(name: str, items: Sequence[Item]) -> bytes:
    """Return an Atom 1.0 document."""
    written = "".join(f"<entry>{''.join(_atom_parts(item))}</entry>" for item in items)
    head = f"<title>{name}</title><id>urn:feed:{name}</id><link href='http://{name.lower()}.example/'/>"
    return f"<feed xmlns='http://www.w3.org/2005/Atom'>{head}{written}</feed>".encode()


def _rss_parts(item: Item) -> list[str]:
    parts = [f"<title>{escape(item.title)}</title>", f"<description>{escape(item.body)}</description>"]
    if item.link is not None:
        parts.append(f"<link>{escape(item.link)}</link>")
    if item.guid is not None:
        parts.append(f"<guid isPermaLink='false'>{escape(item.guid)}</guid>")
    if item.date is not None:
        parts.append(f"<pubDate>{format_datetime(_moment(item.date))}</pubDate>")
    return parts + [f"<category>{escape(category)}</category>" for category in item.categories]


def _atom_parts(item: Item) -> list[str]:
    parts = [f"<title>{escape(item.title)}</title>", f"<content type='html'>{escape(item.body)}</content>"]
    if item.link is not None:
        parts.append(f"<link href='{escape(item.link)}'/>")
    if item.guid is not None:
        parts.append(f"<id>{escape(item.guid)}</id>")
    if item.date is not None:
        parts.append(f"<published>{_moment(item.date).isoformat()}</published>")
    return parts + [f"<category term='{escape(category)}'/>" for category in item.categories]


def _moment(instant: int) -> datetime:
    return datetime.fromtimestamp(instant // 1000, UTC)
