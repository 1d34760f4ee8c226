"""OPML 2.0 (http://opml.org/spec2.opml): a list of feeds to import in a reader at one go. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from aggregator.publish.text import one_line
from aggregator.publish.urls import web_url


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """One feed of the list."""

    title: str
    xml_url: str
    """The feed's address: absolute http or https."""
    html_url: str
    """The page for people."""
    description: str = ""
    category: str = ""


def opml(title: str, feeds: Sequence[Outline]) -> bytes:
    """Return an OPML document, UTF-8, its outlines in the order of `feeds`.

    One without a valid feed address is left out. There is no date: the same list is the same bytes.
    """
    root = etree.Element("opml", version="2.0")
    etree.SubElement(etree.SubElement(root, "head"), "title").text = one_line(title)
    body = etree.SubElement(root, "body")
    for feed in feeds:
        if web_url(feed.xml_url):
            etree.SubElement(body, "outline", _attributes(feed))
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)


def _attributes(feed: Outline) -> dict[str, str]:
    title = one_line(feed.title) or "Untitled"
    attributes = {
        "type": "rss",
        "text": title,
        "title": title,
        "xmlUrl": web_url(feed.xml_url),
        "htmlUrl": web_url(feed.html_url),
        "description": one_line(feed.description),
        "category": one_line(feed.category),
    }
    return {name: value for name, value in attributes.items() if value}
