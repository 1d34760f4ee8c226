"""OPML 2.0 (http://opml.org/spec2.opml): a list of feeds to import in a reader at one go. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lxml import etree

from aggregator.model import Source
from aggregator.publish.text import one_line, printable
from aggregator.publish.urls import web_url

NAMESPACE = "urn:x-aggregator:opml"
"""Of the one attribute of ours: a source's tags as a JSON list."""

_PATHS = re.compile("[,/]")
"""What separates categories, and the steps within one."""


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


def opml(title: str, feeds: Sequence[Outline], *, address: Callable[[str], str | None] = web_url) -> bytes:
    """Return an OPML document, UTF-8, its outlines in the order of `feeds`.

    `address` makes of an address what is published; a feed without one is left out. There is no date: the
    same list is the same bytes.
    """
    root, body = _document(title)
    for feed in feeds:
        if address(feed.xml_url):
            etree.SubElement(body, "outline", _attributes(feed, address))
    return _written(root)


def opml_of_sources(title: str, sources: Sequence[Source], sites: Mapping[str, str | None]) -> bytes:
    """Return an OPML document of what is polled, for its owner: URLs are whole, whatever secrets they hold.

    Sources lie in folders named by their first tag, and `category` has all tags; where that cannot tell them
    (a comma or slash in one), an attribute of our own does, too. `sites` has the page of a source, by its
    name. Users, passwords and headers are not in it. There is no date: the same sources are the same bytes.
    """
    root, body = _document(title)
    folders: dict[str, etree._Element] = {}
    for source in sources:
        parent = body
        if source.tags:
            folder = printable(source.tags[0])
            if folder not in folders:
                folders[folder] = etree.SubElement(body, "outline", text=folder, title=folder)
            parent = folders[folder]
        etree.SubElement(parent, "outline", _attributes_of_source(source, web_url(sites.get(source.name))))
    etree.cleanup_namespaces(root, top_nsmap={"aggregator": NAMESPACE})
    return _written(root)


def _document(title: str) -> tuple[etree._Element, etree._Element]:
    root = etree.Element("opml", version="2.0")
    etree.SubElement(etree.SubElement(root, "head"), "title").text = one_line(title)
    return root, etree.SubElement(root, "body")


def _written(root: etree._Element) -> bytes:
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)


def _attributes_of_source(source: Source, site: str | None) -> dict[str, str]:
    name = printable(source.name)
    attributes = {"type": "rss", "text": name, "title": name, "xmlUrl": source.url}
    if site:
        attributes["htmlUrl"] = site
    if simple := [tag for tag in source.tags if not _PATHS.search(tag)]:
        attributes["category"] = ",".join(simple)
    if [*dict.fromkeys([*source.tags[:1], *simple])] != [*source.tags]:
        attributes[f"{{{NAMESPACE}}}tags"] = json.dumps(source.tags, ensure_ascii=False)
    return attributes


def _attributes(feed: Outline, address: Callable[[str], str | None]) -> dict[str, str]:
    title = one_line(feed.title) or "Untitled"
    attributes = {
        "type": "rss",
        "text": title,
        "title": title,
        "xmlUrl": address(feed.xml_url),
        "htmlUrl": address(feed.html_url),
        "description": one_line(feed.description),
        "category": one_line(feed.category),
    }
    return {name: value for name, value in attributes.items() if value}
