"""RSS 0.9x, 1.0, 2.0 and Atom 0.3, 1.0 → ParsedFeed.

bytes ─ decode ─► text ─ cleaned ─► strict parser ─┬─► items ─► ParsedFeed
                              └─ repaired ─► strict parser again
                                           └─ loose parser
"""

from __future__ import annotations

import xml.sax
import xml.sax.expatreader
from xml.parsers.expat import errors as expat_errors
from xml.sax.handler import feature_external_ges, feature_namespaces

from aggregator.ingest.decode import decode
from aggregator.ingest.discover import WEB_PAGE, hint
from aggregator.ingest.items import feed_from
from aggregator.ingest.limits import DEEPEST, MOST_ATTRIBUTES, MOST_ITEMS, MOST_TAGS, MOST_TAGS_OF_ITEM
from aggregator.ingest.parsers import LooseParser, StrictParser
from aggregator.ingest.plenty import TooManyTagsError
from aggregator.ingest.xmltext import Prologue, cleaned, repaired, without_countless_attributes
from aggregator.model import Outcome, ParsedFeed, Unreadable

_FEED_ROOTS = frozenset({"rss", "rdf", "feed", "channel"})
_ROOTS_OF_PAGES = frozenset(
    {"head", "title", "meta", "link", "style", "script", "body", "div", "table", "p", "br"}
)
"""What pages begin with that leave out `<html>`, as they may, and the DOCTYPE."""
_NAMES_OF_ROOTS = {
    "opml": "a list of feeds (OPML)",
    "urlset": "a sitemap",
    "sitemapindex": "a sitemap",
    "svg": "an SVG image",
}
_NOT_ASCII = bytes(range(0x80, 0x100))
"""At a document's end, these can only be half a character, which would spoil the guess at the encoding."""
_PIECE = 64 * 1024
"""Characters that expat gets at once."""


def parse_xml(body: bytes, *, content_type: str | None, url: str) -> ParsedFeed | Unreadable:
    """Return what an XML document at `url` holds, or why it is no feed; raises nothing for its faults.

    An ill-formed document is read as far as it can be, and its `problem` set. One that ends before its root
    element does is not `whole`; an item that it ends in is left out, as half an item could not be told to be
    the whole one later. Where no `xml:base` is in
    force, relative links of RSS items are resolved against the channel's link, those of Atom entries against
    the document's URL; relative URLs in an item's HTML stand for those of its own page (`base_url`). Dates
    stay text. HTML is neither sanitized nor changed.

    It can take minutes and much memory for a hostile document: run it in a `ParsePool`.
    """
    decoded = decode(body.rstrip(_NOT_ASCII), content_type)
    text = cleaned(decoded.text)
    prologue = Prologue(text)
    if prologue.root not in _FEED_ROOTS:
        return _no_feed(prologue, text, url)
    is_clean = text == decoded.text
    prologue.rest = without_countless_attributes(rest := prologue.rest)
    many_attributes = f"Tags with more than {MOST_ATTRIBUTES} attributes were read without them."
    notes = [many_attributes if prologue.rest != rest else None, decoded.mistake]
    del text, rest, decoded  # megabytes, of which `prologue` has what is still needed
    result, complaint = _parse(prologue, url)
    cut_off = result.cut_off()
    if complaint is None and not is_clean:
        complaint = "it holds characters that XML does not allow"
    feed = feed_from(
        version=result.version or prologue.root or "",
        feed=result.feeddata,
        entries=result.entries,
        url=url,
        problem=_problem(complaint, cut_off, result, notes),
        whole=cut_off is None,
        references_left=isinstance(result, LooseParser),
    )
    if complaint and not feed.entries and feed.title is None and feed.link is None:
        return Unreadable(outcome=Outcome.UNPARSEABLE, message=f"The document cannot be parsed: {complaint}.")
    return feed


def _no_feed(prologue: Prologue, text: str, url: str) -> Unreadable:
    if prologue.is_html or prologue.root in _ROOTS_OF_PAGES:
        message = f"{WEB_PAGE}{hint(text, url)}."
    elif prologue.root is None:
        return Unreadable(outcome=Outcome.UNPARSEABLE, message="The document is neither XML nor JSON.")
    elif name := _NAMES_OF_ROOTS.get(prologue.root):
        message = f"The address leads to {name}, not to a feed."
    else:
        message = f"The document is XML, but <{prologue.root[:40]}> is no feed."
    return Unreadable(outcome=Outcome.NOT_A_FEED, message=message)


def _problem(
    complaint: str | None, cut_off: str | None, parser: StrictParser | LooseParser, notes: list[str | None]
) -> str | None:
    ill_formed = complaint and f"The document is ill-formed XML, read as far as possible: {complaint}."
    tag = parser.passed_over
    odd = tag and f"An element that could not be understood was passed over: <{tag[:40]}>."
    many = parser.left_out and f"{parser.left_out} items beyond the first {MOST_ITEMS} were left out."
    tags = parser.tags_left_out and (
        f"Tags were left out: an item may have {MOST_TAGS_OF_ITEM} of them, {DEEPEST} within each other."
    )
    end = parser.ended_early and f"The document has more than {MOST_TAGS} tags: what follows was left out."
    sentences = (ill_formed, cut_off, odd, many, tags, end, *notes)
    return " ".join(sentence for sentence in sentences if sentence) or None


def _parse(prologue: Prologue, url: str) -> tuple[StrictParser | LooseParser, str | None]:
    """Return the parser that got furthest, and what the strictest complained of."""
    document = prologue.document()
    parser, complaint = _parse_strictly(document, url)
    if complaint is None:
        return parser, None
    mended = repaired(document, frozenset(prologue.entities))
    if mended != document:
        parser, second = _parse_strictly(mended, url)
        if second is None:
            return parser, complaint
    return _parse_loosely(prologue, url), complaint


def _parse_strictly(document: str, url: str) -> tuple[StrictParser, str | None]:
    handler = StrictParser(url, None, "utf-8")
    handler.start(url)
    # expat limits the growth of entities itself, fetches nothing, and sees no DOCTYPE that a source wrote
    reader = xml.sax.expatreader.create_parser()  # noqa: S315 - safe for the reasons above
    reader.setFeature(feature_namespaces, True)
    reader.setFeature(feature_external_ges, False)
    reader.setContentHandler(handler)
    reader.setErrorHandler(handler)
    try:
        for at in range(0, len(document), _PIECE):  # not all at once: that would make another copy of it
            reader.feed(document[at : at + _PIECE])
        reader.close()
    except MemoryError:
        raise
    except TooManyTagsError:
        return handler, None
    except xml.sax.SAXParseException as error:
        if error.getMessage() == expat_errors.XML_ERROR_NO_MEMORY:
            raise MemoryError from error
        return handler, f"line {error.getLineNumber()}: {error.getMessage()}"
    except Exception as error:  # noqa: BLE001 - feedparser raises whatever it stumbles over; the loose one is next
        return handler, str(error) or type(error).__name__
    return handler, None


def _parse_loosely(prologue: Prologue, url: str) -> LooseParser:
    parser = LooseParser(url, None, "utf-8", prologue.entities)
    parser.start(url)
    parser.root = prologue.root
    try:
        parser.feed(repaired(prologue.rest, frozenset(prologue.entities)))
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - what was read before feedparser stumbled is better than nothing
        return parser
    return parser
