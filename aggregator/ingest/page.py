"""A web page without a feed + CSS selectors → ParsedFeed.

text ─► tree ─ item ─► elements ─┬─ title, link, date, content ─► ParsedEntry
                                 └─ none: has the page changed?

An item has no guid: it is recognised by its link, else by what it says. So what changes from poll to poll
without being an edit (scripts, comments, the words of a date such as `3 hours ago`) is kept out of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from urllib.parse import urljoin

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from aggregator.ingest.html import html_text
from aggregator.ingest.limits import MOST_ITEMS
from aggregator.ingest.pageitem import PageItems, shown_text
from aggregator.ingest.urls import is_web
from aggregator.ingest.xmltext import Prologue, cleaned
from aggregator.model import Fetched, Outcome, ParsedEntry, ParsedFeed, Selectors, Unreadable

_FEEDS = frozenset({"rss", "rdf", "feed", "channel"})
_OTHER_XML = frozenset({"opml", "urlset", "sitemapindex", "svg"})
_VITAL = ("title", "link")
"""Without these every item becomes another one: known entries would lose what they are recognised by."""


def parse_page(document: Fetched, selectors: Selectors) -> ParsedFeed | Unreadable:
    """Return what selectors find in a web page as a feed of version `html`, or why they find nothing.

    Of elements that `item` matches within each other, the outermost is the item. A page in which no element
    is an item, in which all items are empty, or which has no title or no link in any item although they are
    selected, is `UNPARSEABLE`: it must have changed, and its owner shall see it. So is a feed; what is no
    page is `NOT_A_FEED`. Selectors that look for siblings take quadratic time, and some pages minutes: run it
    in a `ParsePool`.

    Raises `ValueError` for selectors that the config would have refused.
    """
    text = cleaned(html_text(document))
    if (other := _other_format(text)) is not None:
        return other
    tree, cut = _tree(text)
    if tree is None:
        return Unreadable(outcome=Outcome.EMPTY, message="The page holds nothing.")
    base = _base(tree, document.url)
    items = PageItems(selectors, url=document.url, base=base)
    elements = items.elements(tree)
    entries = tuple(items.entry(element) for element in elements[:MOST_ITEMS])
    if failure := _failure(selectors, entries):
        return Unreadable(outcome=Outcome.UNPARSEABLE, message=" ".join(filter(None, (failure, cut))))
    return ParsedFeed(
        version="html",
        title=_title(tree),
        link=document.url,
        language=tree.get("lang"),
        entries=entries,
        problem=" ".join(filter(None, (cut, *_complaints(selectors, entries, len(elements))))) or None,
    )


def page_elements(document: Fetched) -> HtmlElement | None:
    """Return the tree of a web page as selectors see it; None for what is no page, or holds nothing."""
    text = cleaned(html_text(document))
    return None if _other_format(text) is not None else _tree(text)[0]


def _other_format(text: str) -> Unreadable | None:
    """Return what to say of a document that is no web page."""
    prologue = Prologue(text)
    if prologue.root in _FEEDS:
        message = 'The address leads to a feed, not to a web page: take kind = "html" and selectors away.'
        return Unreadable(outcome=Outcome.UNPARSEABLE, message=message)
    start = text.lstrip()
    if start.startswith(("{", "[")):
        kind = "JSON"
    elif prologue.is_html:
        return None
    elif prologue.root is None:
        kind = "text without any element"
    elif prologue.root in _OTHER_XML or start.startswith("<?xml"):
        kind = f"XML (<{prologue.root[:40]}>)"
    else:
        return None
    return Unreadable(outcome=Outcome.NOT_A_FEED, message=f"The address leads to {kind}, not to a web page.")


def _tree(text: str) -> tuple[HtmlElement | None, str | None]:
    """Return the page's tree, and a sentence when not all of the page is in it."""
    # Without `huge_tree` a page that nests 256 deep, or has one long text, comes out empty.
    parser = HTMLParser(
        encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True, collect_ids=False
    )
    try:
        # As bytes: a text with an XML declaration would be refused.
        tree = document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except etree.ParserError:
        return None, None
    for entry in parser.error_log:
        if entry.level_name == "FATAL":
            reason = entry.message.partition(",")[0].strip()  # what follows is advice to programmers
            return tree, f"The page was read up to line {entry.line} only: {reason}."
    return tree, None


def _base(tree: HtmlElement, url: str) -> str:
    said = next((base.get("href", "") for base in tree.iter("base") if base.get("href")), "")
    try:
        base = urljoin(url, said.strip())
    except ValueError:  # brackets that are no IPv6 address
        return url
    return base if is_web(base) else url


def _title(tree: HtmlElement) -> str | None:
    titles = (shown_text(element) for tag in ("title", "h1") for element in tree.iter(tag))
    return next(filter(None, titles), None)


def _failure(selectors: Selectors, entries: Sequence[ParsedEntry]) -> str | None:
    """Return why the items are not to be believed; None when they are."""
    if not entries:
        return f"No element of the page matches item = {_quoted(selectors.item)}: has the page changed?"
    if not any(entry.title or entry.link or entry.content for entry in entries):
        found = f"What item = {_quoted(selectors.item)} matches in the page"
        return f"{found} has neither title nor link nor content: has the page changed?"
    missing = [key for key in _VITAL if key in _unmatched(selectors, entries)]
    return f"{_named(selectors, missing)} of the page: has it changed?" if missing else None


def _complaints(selectors: Selectors, entries: Sequence[ParsedEntry], found: int) -> list[str]:
    complaints = []
    if missing := _unmatched(selectors, entries):
        complaints.append(f"{_named(selectors, missing)} of the page.")
    if found > MOST_ITEMS:
        complaints.append(f"{found - MOST_ITEMS} items beyond the first {MOST_ITEMS} were left out.")
    return complaints


def _unmatched(selectors: Selectors, entries: Sequence[ParsedEntry]) -> list[str]:
    """Return the keys of selectors that give nothing in any item."""
    given = [field.name for field in fields(selectors) if field.name != "item"]
    values = {"date": "published"}
    return [
        key
        for key in given
        if getattr(selectors, key) is not None
        and not any(getattr(entry, values.get(key, key)) for entry in entries)
    ]


def _named(selectors: Selectors, keys: Sequence[str]) -> str:
    said = " and ".join(f"{key} = {_quoted(getattr(selectors, key))}" for key in keys)
    return f"{said} {'gives' if len(keys) == 1 else 'give'} nothing in any item"


def _quoted(selector: str) -> str:
    return f'"{selector}"' if '"' not in selector else f"'{selector}'"
