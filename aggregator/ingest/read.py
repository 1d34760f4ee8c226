"""A fetched document of any format → Reading. This is what parse processes run.

Imports nothing but the model and the parsers: a process that parses stays small.
"""

from __future__ import annotations

import zlib
from dataclasses import replace

from aggregator.ingest.formats import other_format
from aggregator.ingest.jsonfeed import parse_json
from aggregator.ingest.limits import GZIP, limited, most_inflated
from aggregator.ingest.normalize import normalize
from aggregator.ingest.parse import parse_xml
from aggregator.ingest.text import sentence
from aggregator.model import Fetched, Outcome, ParsedEntry, ParsedFeed, Reading, Selectors, Unreadable

_BLANK = b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"  # white space and byte order marks, of any width


def read_document(document: Fetched, selectors: Selectors | None = None) -> Reading | Unreadable:
    """Return the document's items as drafts, or why there are none. Raises nothing for the document's faults.

    With `selectors` it is a web page, and they find its items.

    The format is told from the bytes, not from the content type, which servers often get wrong; a gzip file
    is read for what is in it. Items that say nothing are left out, and so is what goes beyond `limits`: the
    reading's `problem` says so. A hostile document can take minutes and much memory, and run into
    `MemoryError`: run this in a `ParsePool`.
    """
    body = document.body
    if body.startswith(GZIP):
        inflated = _inflated(body, most_inflated(document))
        if isinstance(inflated, Unreadable):
            return inflated
        body = inflated
    feed = _parsed(replace(document, body=body), selectors)
    if isinstance(feed, Unreadable):
        return replace(feed, message=sentence(feed.message))
    return normalize(limited(_without_empty_items(feed), size=len(body)), url=document.url)


def _parsed(document: Fetched, selectors: Selectors | None) -> ParsedFeed | Unreadable:
    body = document.body
    start = body.lstrip(_BLANK)[:1]
    if not start and body and not body.strip(b"\x00"):  # UTF-16 has such bytes, but others, too
        message = "The document holds nothing but NUL bytes."
        return Unreadable(outcome=Outcome.UNPARSEABLE, message=message)
    if not start:
        return Unreadable(outcome=Outcome.EMPTY, message="The server answered with an empty document.")
    if name := other_format(body, start, document.content_type):
        message = f"The address leads to {name}, not to a {'web page' if selectors else 'feed'}."
        return Unreadable(outcome=Outcome.NOT_A_FEED, message=message)
    if selectors is not None:
        from aggregator.ingest.page import parse_page  # noqa: PLC0415 - most processes need no HTML parser

        return parse_page(document, selectors)
    parse = parse_json if start in {b"{", b"["} else parse_xml
    return parse(body, content_type=document.content_type, url=document.url)


def _without_empty_items(feed: ParsedFeed) -> ParsedFeed:
    """Return the feed without items that there is nothing to show of, nor to recognise them by."""
    entries = tuple(entry for entry in feed.entries if _says_something(entry))
    if len(entries) == len(feed.entries):
        return feed
    count = len(feed.entries) - len(entries)
    complaint = f"Items without guid, link, title, text and file were left out: {count}."
    return replace(feed, entries=entries, problem=f"{feed.problem or ''} {complaint}".strip())


def _says_something(entry: ParsedEntry) -> bool:
    texts = (entry.guid, entry.link, entry.title, entry.content, entry.summary)
    return bool(entry.enclosures) or any(text and not text.isspace() for text in texts)


def _inflated(body: bytes, most: int) -> bytes | Unreadable:
    """Return what is in a gzip file (the first member of it), or why it cannot be had."""
    stream = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        inflated = stream.decompress(body, most + 1)
    except zlib.error as error:
        message = f"The document is a gzip file, but a damaged one: {error}."
        return Unreadable(outcome=Outcome.UNPARSEABLE, message=message)
    if len(inflated) > most:
        message = f"The document is a gzip file that holds more than {most:,} bytes (max_size)."
        return Unreadable(outcome=Outcome.TOO_LARGE, message=message)
    if not stream.eof:
        message = "The document is a gzip file, but ends in the middle."
        return Unreadable(outcome=Outcome.UNPARSEABLE, message=message)
    return inflated
