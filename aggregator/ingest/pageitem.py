"""Elements of a web page → its items: which they are, and what each says.

Changes the tree: an element is for one use.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator
from typing import NamedTuple, cast

from lxml import etree
from lxml.html import HtmlElement, tostring

from aggregator.css import target, to_xpath
from aggregator.ingest.dates import parse_instant
from aggregator.ingest.text import collapse
from aggregator.ingest.urls import absolute, canonical, is_web
from aggregator.model import ParsedEntry, RawHtml, Selectors

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_HEADED = frozenset({*_HEADINGS, "dt"})
"""What stands above the content that belongs to it."""
_DATE_ATTRIBUTES = ("datetime", "content", "title")
_UNSEEN = frozenset({"script", "style", "template"})
_BLOCKS = "address article aside blockquote br dd div dl dt figcaption figure footer form h1 h2 h3 h4 h5 h6 \
header hr img li main nav ol p pre section table td th tr ul"
_APART = frozenset(_BLOCKS.split())
"""Elements between which readers see a space though there is none."""
_MEDIA = ("audio", "canvas", "embed", "iframe", "img", "math", "object", "svg", "video")
"""What is content even without text."""
_SEPARATORS = " \t\n|/·•:,-–—»›"
_LONGEST_HEADLINE = 300
"""Characters; a link with more text than this is the item itself, no headline."""


class _Selector:
    """One compiled selector."""

    def __init__(self, selector: str) -> None:
        css, self._attribute = target(selector)
        self._find = etree.XPath(to_xpath(css)) if css else None

    def elements(self, within: HtmlElement) -> list[HtmlElement]:
        """Return what matches, `within` itself included, in the page's order."""
        return [within] if self._find is None else cast("list[HtmlElement]", self._find(within))

    def values(self, element: HtmlElement, *attributes: str) -> list[str]:
        """Return what the selector's attribute says, else each of `attributes`, of those that are there."""
        names = (self._attribute,) if self._attribute else attributes
        return [said for name in names if (said := element.get(name, "").strip())]

    @property
    def is_attribute(self) -> bool:
        """Whether an attribute's value is asked for, and nothing else will do."""
        return self._attribute is not None


class _Found(NamedTuple):
    """What was said, and where: the element is no part of the rest."""

    said: str
    element: HtmlElement


class PageItems:
    """Finds the items of one page and reads them."""

    def __init__(self, selectors: Selectors, *, url: str, base: str) -> None:
        """Take the page's own URL, and the one that its relative URLs stand for."""
        self._item = _Selector(selectors.item)
        self._title = _optional(selectors.title)
        self._link = _optional(selectors.link)
        self._date = _optional(selectors.date)
        self._content = _optional(selectors.content)
        self._base = base
        self._own = {canonical(address, fragment=True) for address in (url, base)}
        self._items: frozenset[HtmlElement] = frozenset()

    def elements(self, tree: HtmlElement) -> list[HtmlElement]:
        """Return the outermost elements that `item` matches, in the page's order."""
        found = self._item.elements(tree)
        self._items = frozenset(found)
        return _outermost(found, tree)

    def entry(self, item: HtmlElement) -> ParsedEntry:
        """Return what an item says. Its element is changed by this."""
        language = item.get("lang")
        title = self._selected_title(item) if self._title else _heading(item)
        link = self._selected_link(item) if self._link else self._own_link(item, title)
        if not self._title and title is None and link is not None:
            title = _headline(link.element, item)
        date = self._selected_date(item, language)
        return ParsedEntry(
            title=title.said if title else None,
            link=link.said if link else None,
            published=date.said if date else None,
            content=self._selected_content(item) if self._content else self._rest(item, title, date),
            language=language,
            base_url=self._base,
        )

    def _selected_title(self, item: HtmlElement) -> _Found | None:
        selector = cast("_Selector", self._title)
        for element in selector.elements(item):
            said = selector.values(element) or ([] if selector.is_attribute else [shown_text(element)])
            if text := collapse("".join(said)):
                return _Found(text, item if selector.is_attribute else element)
        return None

    def _selected_link(self, item: HtmlElement) -> _Found | None:
        selector = cast("_Selector", self._link)
        for element in selector.elements(item):
            said = selector.values(element, "href")
            if not said and not selector.is_attribute:
                said = [anchor.get("href", "") for anchor in _anchors_at(element)]
            for href in said:
                if url := self._url(href):
                    return _Found(url, element)
        return None

    def _own_link(self, item: HtmlElement, title: _Found | None) -> _Found | None:
        """Return the address of the item itself, of its title, or of its first link; else of one around it.

        Links to a place in the page itself (`#comments`) come last.
        """
        at_title = _anchors_at(title.element) if title else ()
        own = [item] if item.tag == "a" else []
        near = None
        for anchor in (*own, *at_title, *_anchors_at(item)):
            url = self._url(anchor.get("href", ""))
            if url is None or not is_web(url):
                continue
            if canonical(url) not in self._own:
                return _Found(url, anchor)
            near = near or _Found(url, anchor)
        return near

    def _url(self, href: str) -> str | None:
        """Return an absolute URL; None for what leads nowhere, or to the very page."""
        url = absolute(href, self._base) if href else None
        return None if url is None or canonical(url, fragment=True) in self._own else url

    def _selected_date(self, item: HtmlElement, language: str | None) -> _Found | None:
        """Return the first date that can be understood, else the first text that should be one."""
        selector = self._date or _TIME
        doubtful = None
        for element in selector.elements(item):
            said = selector.values(element, *_DATE_ATTRIBUTES)
            if not selector.is_attribute and (text := shown_text(element)):
                said.append(text)
            for text in said:
                if parse_instant(text, language) is not None:
                    return _Found(text, element)
            if said and doubtful is None:
                doubtful = _Found(said[-1], element)
        return doubtful

    def _selected_content(self, item: HtmlElement) -> RawHtml | None:
        """Return the inside of what is selected; several elements, whole, one after the other."""
        selector = cast("_Selector", self._content)
        elements = _outermost(selector.elements(item), item)
        if selector.is_attribute:
            return RawHtml("".join(said for element in elements for said in selector.values(element))) or None
        for element in elements:
            _drop_unseen(element)
        if len(elements) == 1:
            return _html(elements[0].text, elements[0])
        return _html(None, elements, with_tails=False)

    def _rest(self, item: HtmlElement, title: _Found | None, date: _Found | None) -> RawHtml | None:
        """Return what an item holds beside its title and date; what follows it, when it is a heading."""
        if item.tag in _HEADED:
            following = list(self._following(item))
            for element in following:
                _drop_unseen(element)
            return _html(item.tail, following)
        _drop_unseen(item)
        if date is not None:
            _drop(date.element, item)
        if title is not None:
            rest = shown_text(item).replace(title.said, "", 1).strip(_SEPARATORS)
            if not rest and not _shows_media(item):
                return None
            if title.element.tag != "a" or not rest:  # a link may be a part of a sentence
                _drop(title.element, item)
        return _html(item.text, item)

    def _following(self, heading: HtmlElement) -> Iterator[HtmlElement]:
        """Yield the elements up to the next item, or heading of the same level."""
        level = str(heading.tag)
        for element in heading.itersiblings():
            if element in self._items or (element.tag in _HEADINGS and str(element.tag) <= level):
                return
            yield element


_TIME = _Selector("time")


def shown_text(element: HtmlElement) -> str:
    """Return what a reader sees of an element in one line; without text, how its images are described."""
    pieces: list[str] = []
    walker = etree.iterwalk(element, events=("start", "end"))
    for event, node in walker:
        if event == "start":
            if node.tag in _UNSEEN:
                walker.skip_subtree()
            else:
                pieces += (" " if node.tag in _APART else "", node.text or "")
        else:
            pieces += (" " if node.tag in _APART else "", "" if node is element else node.tail or "")
    text = collapse("".join(pieces))
    return text or collapse(" ".join(image.get("alt", "") for image in element.iter("img")))


def _optional(selector: str | None) -> _Selector | None:
    return None if selector is None else _Selector(selector)


def _heading(item: HtmlElement) -> _Found | None:
    headings = [item] if item.tag in _HEADED else item.iter(*_HEADINGS)
    texts = ((shown_text(element), element) for element in headings)
    return next((_Found(text, element) for text, element in texts if text), None)


def _headline(link: HtmlElement, item: HtmlElement) -> _Found | None:
    """Return a link's text as a title; the item's own when the link is around it."""
    text = shown_text(link if _is_within(link, item) else item)
    return _Found(text, link) if text and len(text) <= _LONGEST_HEADLINE else None


def _anchors_at(element: HtmlElement) -> Iterator[HtmlElement]:
    """Yield the links in an element, then the one around it."""
    yield from element.iter("a")
    yield from element.iterancestors("a")


def _outermost(elements: Iterable[HtmlElement], tree: HtmlElement) -> list[HtmlElement]:
    """Return those elements of a tree that are in none of the others, in the page's order; in linear time."""
    matching = frozenset(elements)
    found = []
    walker = etree.iterwalk(tree, events=("start",))
    for _, element in walker:
        if element in matching:
            found.append(element)
            walker.skip_subtree()
    return found


def _is_within(element: HtmlElement, item: HtmlElement) -> bool:
    return element is item or item in element.iterancestors()


def _drop(part: HtmlElement, item: HtmlElement) -> None:
    if part is not item and _is_within(part, item):
        part.drop_tree()


def _drop_unseen(element: HtmlElement) -> None:
    etree.strip_elements(element, *_UNSEEN, with_tail=False)


def _shows_media(element: HtmlElement) -> bool:
    return next(element.iter(*_MEDIA), None) is not None


def _html(text: str | None, elements: Iterable[HtmlElement], *, with_tails: bool = True) -> RawHtml | None:
    """Return a text and elements, with the text behind each, as HTML; None when readers would see nothing."""
    pieces = [html.escape(text or "", quote=False)]
    shown = bool(text and not text.isspace())
    for element in elements:
        pieces.append(tostring(element, encoding="unicode", with_tail=with_tails))
        tail = element.tail if with_tails else None
        shown = (
            shown or bool(tail and not tail.isspace()) or bool(shown_text(element)) or _shows_media(element)
        )
    return RawHtml("".join(pieces).strip()) if shown else None
