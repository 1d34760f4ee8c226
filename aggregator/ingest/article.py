"""An entry's own page → the article that stands there. The only importer of trafilatura; pure.

trafilatura finds the article but changes what it keeps. Around it is mended here: it resolves addresses
against the site instead of the page, passes over images whose address has no ending such as `.jpg`, drops
captions and what is to be played, and writes code within a sentence as a block of its own.

Run this in a parse process: some pages take the parsers minutes.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator

from lxml import etree
from lxml.html import HtmlElement, fragment_fromstring
from lxml.html.builder import E

from aggregator.css import to_xpath
from aggregator.ingest.html import page_tree
from aggregator.ingest.notices import is_notice, width
from aggregator.ingest.text import collapse
from aggregator.model import Fetched, Outcome, RawHtml, Unreadable

INSTALL = "pip install '.[fulltext]' in the aggregator's folder"

_NO_TEXT = ("script", "style", "template")
_ENDING = re.compile(r"\.(?:avif|bmp|gif|hei[cf]|jpe?g|png|webp)\b", re.IGNORECASE)
_AS_IMAGE = "#.png"
"""Put at the end of an address, lets trafilatura take it for an image's; taken away afterwards."""
_AS_PLAYER = "#player.png"
"""Likewise, of what is to be played."""
_IS_PLAYER = re.compile(r"/embed/|^https?://player\.|\.(?:mp4|webm|mp3)(?:$|\?)", re.IGNORECASE)
_SHORT = 400
"""Columns; less than this is an article only where something else says so."""
_LIKENESS = 60
"""Letters and digits of two texts' beginnings that must be alike."""
_LEAST_LIKENESS = 12
_NO_WORDS = re.compile(r"[\W_]+")
_MAIN = "//article | //main | //*[@role='main'] | //*[@itemprop='articleBody']"


def extract_article(
    document: Fetched, selector: str | None = None, said: RawHtml | None = None
) -> RawHtml | Unreadable:
    """Return the article in a page, its addresses absolute, or why there is none; raises nothing for it.

    With `selector` (CSS) these are the elements that match, in the page's order, with all that is in them but
    scripts and styles. Without, trafilatura finds it; then what says less than `said`, the text in the feed,
    is no article, nor what is about cookies, logging in or the browser, nor a short text that neither holds
    the beginning of `said` nor stands where the page says that its article is.
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
    _disguise(tree)
    main = [_words(_text(element)) for element in _outermost(tree.xpath(_MAIN))]
    body = _trafilatura(tree, url)
    if isinstance(body, Unreadable):
        return body
    _reveal(body)
    _mend_code(body)
    if doubt := _doubt(body, main, None if not said else fragment_fromstring(said, create_parent="div")):
        return _none(doubt)
    return RawHtml("\n".join(map(_html, body)))


def _doubt(body: etree._Element, main: list[str], said: HtmlElement | None) -> str | None:
    """Return why what was found is not the article; None when it may be. `main`: where that should stand."""
    length = _length(body)
    if not length:
        return "No article was found in the page."
    if said is not None and length < _length(said):
        return "The page shows less text than the feed has."
    text = "\n".join(map(_text, body))
    of_feed = "" if said is None else _text(said)
    if is_notice(text) and not is_notice(of_feed):
        return "The page shows a notice (about cookies, a login or the browser) in the article's place."
    beginning, own = _words(of_feed)[:_LIKENESS], _words(text)
    is_same_story = len(beginning) >= _LEAST_LIKENESS and beginning in own
    if width(collapse(text)) < _SHORT and not is_same_story and not any(own[:_LIKENESS] in at for at in main):
        return "The page shows only a short text, which does not look like the article."
    return None


def _disguise(tree: HtmlElement) -> None:
    """Give what trafilatura would drop the form of what it keeps."""
    for image in tree.iter("img"):
        source = image.attrib.pop("data-src", "") or image.get("src", "")
        if source.startswith("http"):
            image.set("src", source if _ENDING.search(source) else source + _AS_IMAGE)
    for caption in list(tree.iter("figcaption")):
        caption.tag = "p"
        inside = E.em(caption.text or "", *list(caption))
        caption.text = None
        caption.append(inside)
    for player in list(tree.iter("iframe", "video", "audio")):
        sources = (player, *player.iter("source"))
        address = next((said for one in sources if (said := one.get("src") or one.get("data-src"))), "")
        is_player = player.tag != "iframe" or "allowfullscreen" in player.attrib or _IS_PLAYER.search(address)
        if is_player and address.startswith("http"):
            player.addnext(E.img(src=address + _AS_PLAYER, alt=player.get("title", "")))


def _reveal(body: etree._Element) -> None:
    for image in list(body.iter("img")):
        source = image.get("src", "")
        image.set("src", source.removesuffix(_AS_IMAGE))
        if source.endswith(_AS_PLAYER):
            address = source.removesuffix(_AS_PLAYER)
            image.tag, image.text = "a", image.get("alt") or address
            image.attrib.clear()
            image.set("href", address)
            if image.getparent() is body:
                paragraph = etree.Element("p")
                image.addprevious(paragraph)
                paragraph.append(image)


def _words(text: str) -> str:
    """Return a text's letters and digits alone, so that two can be compared."""
    return _NO_WORDS.sub("", text).casefold()


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
