"""An entry's own page → the article that stands there. The only importer of trafilatura; pure.

trafilatura finds the article but changes what it keeps. Around it is mended here: it resolves addresses
against the site instead of the page, passes over images whose address has no ending such as `.jpg`, and
writes code within a sentence as a block of its own.

Run this in a parse process: some pages take the parsers minutes.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator

from lxml import etree
from lxml.html import HtmlElement, fragment_fromstring

from aggregator.css import to_xpath
from aggregator.ingest.html import page_tree
from aggregator.model import Fetched, Outcome, RawHtml, Unreadable

INSTALL = "pip install '.[fulltext]' in the aggregator's folder"

_NO_TEXT = ("script", "style", "template")
_ENDING = re.compile(r"\.(?:avif|bmp|gif|hei[cf]|jpe?g|png|webp)\b", re.IGNORECASE)
_AS_IMAGE = "#.png"
"""Put at the end of an address, lets trafilatura take it for an image's; taken away afterwards."""


def extract_article(
    document: Fetched, selector: str | None = None, said: RawHtml | None = None
) -> RawHtml | Unreadable:
    """Return the article in a page, its addresses absolute, or why there is none; raises nothing for it.

    With `selector` (CSS) these are the elements that match, in the page's order, with all that is in them but
    scripts and styles. Without, trafilatura finds it; and what says less than `said`, the text in the feed,
    is no article but a notice in its place, such as one about cookies or a subscription.
    """
    tree = page_tree(document)
    if isinstance(tree, Unreadable):
        return tree
    for element in list(tree.iter(*_NO_TEXT)):
        element.drop_tree()
    return _found(tree, document.url, said) if selector is None else _selected(tree, selector)


def _selected(tree: HtmlElement, selector: str) -> RawHtml | Unreadable:
    matches = list(_outermost(tree.xpath(to_xpath(selector))))
    if not matches:
        return _none(f"Nothing in the page matches the selector {selector!r}.")
    if not any(_length(match) or match.xpath("descendant-or-self::img") for match in matches):
        return _none(f"What matches the selector {selector!r} in the page has neither text nor images.")
    return RawHtml("\n".join(map(_html, matches)))


def _outermost(matches: list[HtmlElement]) -> Iterator[HtmlElement]:
    """Yield the elements that are not within another one."""
    taken = set()
    for match in matches:  # in the page's order: what is around another comes before it
        if not any(around in taken for around in match.iterancestors()):
            taken.add(match)
            yield match


def _found(tree: HtmlElement, url: str, said: RawHtml | None) -> RawHtml | Unreadable:
    for notice in list(tree.iter("noscript")):  # "enable JavaScript" is the only text of some pages
        notice.drop_tree()
    for image in tree.iter("img"):
        source = image.get("src", "")
        if source.startswith("http") and not _ENDING.search(source):
            image.set("src", source + _AS_IMAGE)
    body = _trafilatura(tree, url)
    if isinstance(body, Unreadable):
        return body
    for image in body.iter("img"):
        image.set("src", image.get("src", "").removesuffix(_AS_IMAGE))
    _mend_code(body)
    length = _length(body)
    if not length:
        return _none("No article was found in the page.")
    if said and length < _length(fragment_fromstring(said, create_parent="div")):
        return _none("The page shows less text than the feed has.")
    return RawHtml("\n".join(map(_html, body)))


def _trafilatura(tree: HtmlElement, url: str) -> etree._Element | Unreadable:
    """Return the body of what trafilatura makes of the page."""
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # its warnings come back as a sentence
    try:
        from trafilatura import extract  # noqa: PLC0415 - an extra, and heavy: for those who use it

        html = extract(
            tree,
            url=url,
            output_format="html",
            include_comments=False,
            include_formatting=True,
            include_images=True,
            include_links=True,
        )
    except ImportError as error:
        return _none(f"trafilatura cannot be used ({error}): {INSTALL}.")
    except MemoryError:  # ends the process
        raise
    except Exception as error:  # noqa: BLE001 - whatever a page does to it, there is a sentence to say
        return _none(f"trafilatura failed on the page ({type(error).__name__}: {error}).")
    body = etree.fromstring(html, etree.XMLParser(huge_tree=True)).find("body") if html else None
    return _none("No article was found in the page.") if body is None else body


def _mend_code(body: etree._Element) -> None:
    """Make one block of two around each other, and `code` again of what was code within a sentence."""
    for block in list(body.iter("pre")):
        within = block.find("pre")
        if within is not None and len(block) == 1 and not f"{block.text or ''}{within.tail or ''}".strip():
            block.text = within.text
            block.extend(list(within))
            block.remove(within)
        elif block.getparent() not in {None, body} and "\n" not in _text(block):
            block.tag = "code"


def _length(element: etree._Element) -> int:
    """Return the number of characters in an element's text, white space aside."""
    return sum(map(len, _text(element).split()))


def _text(element: etree._Element) -> str:
    return etree.tostring(element, encoding="unicode", method="text", with_tail=False)


def _html(element: etree._Element) -> str:
    return etree.tostring(element, encoding="unicode", method="html", with_tail=False)


def _none(message: str) -> Unreadable:
    return Unreadable(outcome=Outcome.UNPARSEABLE, message=message)
