"""A list of feeds (OPML 1.0, 1.1, 2.0) → the feeds that it names; pure.

bytes ─ decode ─► text ─ cleaned ─► expat ─┬─► outlines ─► FeedList
                            └─ repaired ─► HTML's parser, which reads anything

http://opml.org/spec2.opml, and what programs write in fact: attributes in any case, any `type`, feeds without
a name, one feed in several folders. Lists that a list includes are counted, not followed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from xml.parsers import expat

from aggregator.ingest.decode import decode
from aggregator.ingest.limits import LONGEST_NAME, MOST_OF_A_KIND
from aggregator.ingest.listed import LONGEST_URL
from aggregator.ingest.text import sentence
from aggregator.ingest.urls import absolute
from aggregator.ingest.xmltext import Prologue, cleaned, repaired, without_countless_attributes
from aggregator.model import Fetched, ListedSource, Outcome, Unreadable
from aggregator.rules.tagging import clean_tag, union

ACCEPT = "text/x-opml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5"
"""The media types to ask for; no registered one is for lists."""

MOST_FEEDS = 20_000
MOST_OUTLINES = 100_000
DEEPEST = 32
"""Folders within each other whose names become tags; deeper ones are read as if they were not there."""

TAGS = "aggregator:tags"
"""An attribute of our own with a feed's tags as a JSON list, where folder and `category` cannot tell them."""

_ROOTS = frozenset({"opml", "head", "body", "outline"})
_FEEDS = frozenset({"rss", "feed", "rdf", "channel"})
_ADDRESSES = ("xmlurl", "rssurl", "feedurl")
_TYPES_OF_FEEDS = frozenset({"rss", "atom", "feed", "rdf", "jsonfeed", "podcast"})
_TYPES_OF_LISTS = frozenset({"include", "opml"})
_SCHEME_OF_FEEDS = re.compile(r"(?:feed|itpc|pcast|rss):(?://)?(?=(https?:)?)", re.IGNORECASE)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedList:
    """A list of feeds that was read."""

    feeds: tuple[ListedSource, ...]
    """In its order. A URL is absolute, unless there was nothing to resolve it against; it may be none."""
    title: str = ""
    includes: int = 0
    """Other lists that it includes."""
    problem: str | None = None
    """Set when the list was ill-formed, or not read whole: sentences for the person who looks."""


def read_opml(document: Fetched) -> FeedList | Unreadable:
    """Return the feeds that a list names, or why it is none. Raises nothing for the document's faults.

    An ill-formed list is read as far as it can be. Nothing is fetched, and no entity grows. Like
    `read_document` it is to be run in a `ParsePool`.
    """
    decoded = decode(document.body, document.content_type)
    text = cleaned(decoded.text)
    prologue = Prologue(text)
    if prologue.root not in _ROOTS:
        return _no_list(prologue)
    prologue.rest = without_countless_attributes(prologue.rest)
    del text
    outlines, complaint = _parse(prologue, document.url)
    if complaint and not outlines.seen:
        return Unreadable(outcome=Outcome.UNPARSEABLE, message=f"The list cannot be parsed: {complaint}.")
    ill_formed = complaint and f"The list is ill-formed XML, read as far as possible: {complaint}."
    problem = " ".join(filter(None, (ill_formed, *outlines.complaints(), decoded.mistake)))
    return FeedList(
        feeds=tuple(outlines.feeds),
        title=outlines.title.strip()[:LONGEST_NAME],
        includes=outlines.includes,
        problem=sentence(problem) if problem else None,
    )


def _no_list(prologue: Prologue) -> Unreadable:
    if prologue.root is None:
        message = "The document is no XML, so no list of feeds (OPML)."
        return Unreadable(outcome=Outcome.UNPARSEABLE, message=message)
    if prologue.is_html:
        said = "a web page"
    else:
        said = "a feed" if prologue.root in _FEEDS else f"XML that begins with <{prologue.root[:40]}>"
    message = sentence(f"The document is {said}, not a list of feeds (OPML).")
    return Unreadable(outcome=Outcome.NOT_A_FEED, message=message)


def _parse(prologue: Prologue, url: str) -> tuple[_Outlines, str | None]:
    """Return the outlines, and what a strict parser complains of."""
    outlines = _Outlines(url)
    parser = expat.ParserCreate()  # it sees no DOCTYPE but our own, and fetches nothing
    parser.buffer_text = True
    parser.StartElementHandler = outlines.start
    parser.EndElementHandler = outlines.end
    parser.CharacterDataHandler = outlines.characters
    try:
        parser.Parse(prologue.document(), True)
    except expat.ExpatError as error:
        complaint = f"line {error.lineno}: {expat.ErrorString(error.code)}"
    else:
        return outlines, None
    loose = _Outlines(url)
    _LooseParser(loose).feed_all(repaired(prologue.rest, frozenset(prologue.entities)))
    return (loose if len(loose.feeds) >= len(outlines.feeds) else outlines), complaint


class _Outlines:
    """Takes a list's elements as they come, and keeps its feeds."""

    def __init__(self, url: str) -> None:
        self.feeds: list[ListedSource] = []
        self.title = ""
        self.includes = 0
        self.seen = 0
        self._url = url
        self._left_out = 0
        self._in_title = False
        self._depth = 0
        self._folders: list[tuple[str, ...]] = [()]  # at each level of outlines, the names so far

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Take the start of an element."""
        name = name.lower()
        self._in_title = name == "title" and not self.title
        if name != "outline":
            return
        self.seen += 1
        self._depth += 1
        folders = self._folders[-1]
        if self.seen <= MOST_OUTLINES:
            folders = self._outline({key.lower(): value for key, value in attributes.items()}, folders)
        if self._depth <= DEEPEST:
            self._folders.append(folders)

    def end(self, name: str) -> None:
        """Take the end of an element."""
        self._in_title = False
        if name.lower() == "outline" and self._depth:
            if self._depth <= DEEPEST:
                self._folders.pop()
            self._depth -= 1

    def characters(self, text: str) -> None:
        """Take text."""
        if self._in_title and len(self.title) < LONGEST_NAME:
            self.title += _line(text)

    def complaints(self) -> Iterable[str]:
        """Yield what to say of what was left out."""
        if self.seen > MOST_OUTLINES:
            yield f"{self.seen - MOST_OUTLINES} outlines beyond the first {MOST_OUTLINES} were left out."
        if self._left_out:
            yield f"{self._left_out} feeds beyond the first {MOST_FEEDS} were left out."

    def _outline(self, said: Mapping[str, str], folders: tuple[str, ...]) -> tuple[str, ...]:
        """Take an outline; return the folders of those within it."""
        kind = said.get("type", "").strip().lower()
        plain = said.get("url", "").strip()
        url = next((text for key in _ADDRESSES if (text := said.get(key, "").strip())), "")
        if not url and kind in _TYPES_OF_FEEDS:
            url = plain
        name = _line(said.get("text", "")) or _line(said.get("title", ""))
        if kind in _TYPES_OF_LISTS or (not url and kind == "link" and _is_list(plain)):
            self.includes += 1
        elif url and len(self.feeds) >= MOST_FEEDS:
            self._left_out += 1
        elif url:
            tags = union(folders, _categories(said))[:MOST_OF_A_KIND]
            self.feeds.append(ListedSource(name=name[:LONGEST_NAME], url=_address(url, self._url), tags=tags))
        elif not plain and (tag := clean_tag(name)) and len(tag) <= LONGEST_NAME:
            return (*folders, tag)
        return folders


class _LooseParser(HTMLParser):
    """Hands on the elements of a list that is no XML."""

    def __init__(self, outlines: _Outlines) -> None:
        super().__init__(convert_charrefs=True)
        self._outlines = outlines

    def feed_all(self, text: str) -> None:
        """Read all of a text."""
        self.feed(text)
        self.close()

    def set_cdata_mode(self, elem: str, **_: object) -> None:
        """Read on: what HTML takes for text up to its end, such as a title, a list may leave open."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        first: dict[str, str] = {}
        for name, value in attrs:
            first.setdefault(name, value or "")
        self._outlines.start(tag, first)

    def handle_endtag(self, tag: str) -> None:
        self._outlines.end(tag)

    def handle_data(self, data: str) -> None:
        self._outlines.characters(data)


def _line(text: str) -> str:
    """Return a text on one line. Spaces stay as they are: a name that we wrote is read as it was."""
    return _UNPRINTABLE.sub(" ", text).strip()


def _categories(said: Mapping[str, str]) -> tuple[str, ...]:
    """Return the tags of the attributes: each part of a path such as `/Boston/Weather` is one."""
    try:
        exact = json.loads(said[TAGS])
    except (KeyError, ValueError, RecursionError):
        exact = None
    if not isinstance(exact, list):
        exact = re.split("[,/]", said.get("category", ""))
    tags = (clean_tag(_line(tag)) for tag in exact[:MOST_OF_A_KIND] if isinstance(tag, str))
    return tuple(tag for tag in tags if len(tag) <= LONGEST_NAME)


def _is_list(url: str) -> bool:
    return url.lower().partition("?")[0].endswith(".opml")


def _address(said: str, base: str) -> str:
    """Return a feed's address as it is asked; as it was said, when nothing can be made of it."""
    if len(said) > LONGEST_URL:
        return _line(said)
    if found := _SCHEME_OF_FEEDS.match(said):
        said = said[found.end() :] if found[1] else f"http://{said[found.end() :].lstrip('/')}"
    return absolute(said, base) or _line(said)
