"""A web page's bytes → its text and its tree; pure.

Run this in a parse process: a page is as hostile as any document, and some take libxml2 quadratic time.
"""

from __future__ import annotations

import re
from urllib.parse import urljoin

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from aggregator.ingest.decode import decode
from aggregator.model import Fetched, Outcome, Unreadable

_META_WITHIN = 4096
"""Browsers look at 1024 bytes for a charset; real pages put it later at times."""
_META = re.compile(rb"<meta\b([^>]{0,400})", re.IGNORECASE)
_META_CHARSET = re.compile(rb"\bcharset\s*=\s*[\"']?\s*([A-Za-z0-9_.:\-]{1,40})", re.IGNORECASE)

_MARKUP_WITHIN = 65_536
_MARKUP = re.compile(r"<(?:!doctype\s+html|html|head|body|title|meta|article|main|div|p)\b", re.IGNORECASE)

_LAZY = ("data-src", "data-lazy-src", "data-original")
_LAZY_SETS = ("data-srcset", "data-lazy-srcset")
_ADDRESSES = ("href", "src", "poster", "cite", *_LAZY)
_CANDIDATE = re.compile(r"[\s,]*(?:(\S+),(?=\s)|(\S+)([^,]*))")
"""Of a `srcset`: a URL up to white space, then its descriptor up to a comma (HTML, 4.8.4.2.1)."""


def html_text(document: Fetched) -> str:
    """Return the text of a page, whatever it and its server say of the encoding, without NUL.

    What the page itself says in `<meta charset>` counts more than the server's default, as in a feed.
    """
    text = decode(document.body, document.content_type, inside=_meta_charset(document.body)).text
    return text.replace("\0", "\ufffd")


def page_tree(document: Fetched) -> HtmlElement | Unreadable:
    """Return the page's tree: addresses absolute, images that are loaded late in their place.

    `Unreadable` (`NOT_A_FEED`) when the document is no web page. Elements that nest deeper than libxml2 goes
    (2048) are lost with what is in them.
    """
    text = html_text(document)
    if not _MARKUP.search(text, 0, _MARKUP_WITHIN):
        said = (document.content_type or "").partition(";")[0].strip()
        kind = f" but {said}" if said and not said.lower().startswith("text/html") else ""
        return Unreadable(outcome=Outcome.NOT_A_FEED, message=f"The address leads to no web page{kind}.")
    # Without `huge_tree` a page that nests 256 deep, or has one long text, comes out empty.
    parser = HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
    try:
        # As bytes: a text with an XML declaration would be refused.
        tree = document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except etree.ParserError:
        return Unreadable(outcome=Outcome.EMPTY, message="The page holds nothing.")
    _show_late_images(tree)
    _make_absolute(tree, document.url)
    return tree


def _meta_charset(body: bytes) -> str | None:
    for meta in _META.finditer(body, 0, _META_WITHIN):
        if found := _META_CHARSET.search(meta[1]):
            return found[1].decode("ascii")
    return None


def _show_late_images(tree: HtmlElement) -> None:
    """Put the address that a script would put there in the place of an image's stand-in."""
    for image in tree.iter("img", "source"):
        source = image.get("src", "")
        late = next((image.get(name) for name in _LAZY if image.get(name)), None)
        if late and (not source or source.startswith("data:")):
            image.set("src", late)
        late_set = next((image.get(name) for name in _LAZY_SETS if image.get(name)), None)
        if late_set and not image.get("srcset"):
            image.set("srcset", late_set)


def _make_absolute(tree: HtmlElement, url: str) -> None:
    """Resolve addresses against the page's `<base>`, itself relative to where the page was found."""
    said = next((base.get("href") for base in tree.iter("base") if base.get("href")), "")
    base = _joined(url, said)
    for element in tree.iter(etree.Element):
        for name in _ADDRESSES:
            if value := element.get(name):
                element.set(name, _joined(base, value))
        if candidates := element.get("srcset"):
            element.set("srcset", _joined_candidates(base, candidates))


def _joined_candidates(base: str, candidates: str) -> str:
    return ", ".join(
        f"{_joined(base, bare or url.rstrip(','))} {descriptor.strip()}".rstrip()
        for bare, url, descriptor in _CANDIDATE.findall(candidates)
    )


def _joined(base: str, value: str) -> str:
    try:
        return urljoin(base, value.strip())
    except ValueError:  # brackets that are no IPv6 address
        return value
