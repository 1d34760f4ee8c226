"""A web page → selectors that may find its items: a hint for the person who is about to choose one.

Only for a person who asks, never for a poll: it is a guess, and the page is read once for each candidate.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree
from lxml.html import HtmlElement

from aggregator.ingest.page import page_elements, parse_page
from aggregator.model import Fetched, ParsedFeed, Selectors

_TAGS = frozenset({"a", "article", "dd", "div", "dt", "h2", "h3", "h4", "li", "p", "section", "tr"})
_ASIDE = frozenset({"aside", "footer", "form", "head", "nav", "script", "style", "template"})
"""What repeats in these is no news."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_FEWEST = 3
_MOST_MEASURED = 12
_MOST_TOLD = 3
_SHORT_TITLE = 12
"""Characters: less is rather the name of a section or a tag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemHint:
    """A selector, and what it would find."""

    item: str
    items: int
    """How many have a title and a link of their own."""
    example: str
    """The first of these titles."""


def item_hints(page: Fetched) -> tuple[ItemHint, ...]:
    """Return selectors that find elements which look like items, the likeliest first; at most three.

    Looked for are elements of one name, or name and class, that are there several times and have each a
    title and a link of their own. Run it in a `ParsePool`: the page is a stranger's.
    """
    counts = Counter(name for element in _elements(page) for name in _names(element))
    often = [name for name, count in counts.most_common() if count >= _FEWEST]
    measured = [found for name in often[:_MOST_MEASURED] if (found := _measured(page, name))]
    told: dict[tuple[str, int], ItemHint] = {}
    for _, hint in sorted(measured, key=lambda found: -found[0]):
        told.setdefault((hint.example, hint.items), hint)  # of several ways to name the same, one
    return tuple(told.values())[:_MOST_TOLD]


def _elements(page: Fetched) -> Iterator[HtmlElement]:
    tree = page_elements(page)
    if tree is None:
        return
    walker = etree.iterwalk(tree, events=("start",))
    for _, element in walker:
        if element.tag in _ASIDE:
            walker.skip_subtree()
        elif element.tag in _TAGS:
            yield element


def _names(element: HtmlElement) -> Iterator[str]:
    classes = dict.fromkeys(name for name in element.get("class", "").split() if _NAME.fullmatch(name))
    yield from (f"{element.tag}.{name}" for name in classes)
    if element.tag == "article":
        yield "article"
    parent = element.getparent()
    if parent is None or classes:
        return
    around = next((name for name in parent.get("class", "").split() if _NAME.fullmatch(name)), None)
    yield f"{parent.tag}.{around} > {element.tag}" if around else f"{parent.tag} > {element.tag}"


def _measured(page: Fetched, item: str) -> tuple[float, ItemHint] | None:
    """Return how much what a selector finds looks like news, and what to say of it."""
    feed = parse_page(page, Selectors(item=item))
    if not isinstance(feed, ParsedFeed):
        return None
    titles = {entry.link: entry.title for entry in feed.entries if entry.link and entry.title}
    if len(titles) < _FEWEST or 2 * len(titles) < len(feed.entries):
        return None
    telling = sum(len(title) >= _SHORT_TITLE for title in titles.values())
    dated = sum(entry.published is not None for entry in feed.entries)
    full = sum(entry.content is not None for entry in feed.entries)
    score = telling + dated + 0.5 * full + 0.1 * len(titles)
    return score, ItemHint(item=item, items=len(titles), example=next(iter(titles.values())))
