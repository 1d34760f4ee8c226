"""What one document may hold at the most, whatever it makes of its bytes; pure.

A document of a megabyte can stand for a hundred: an author that every item inherits, a base that every link
is resolved against. What goes beyond is left out, whole, and the feed's `problem` says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from aggregator.model import Enclosure, Fetched, ParsedEntry, ParsedFeed

MOST_ITEMS = 20_000
"""The upper ones of a document stay: these are its newest."""
MOST_OF_A_KIND = 200
"""Authors, categories, or enclosures of one item."""
LONGEST_NAME = 1_000
"""Characters of an author or a category."""

MOST_TAGS = 300_000
"""Start tags of an XML document, HTML in its texts not counted: 15 for each of the most items."""
MOST_TAGS_OF_ITEM = 20_000
DEEPEST = 256
"""Elements of an XML document within each other."""
MOST_ATTRIBUTES = 20_000
"""Of one tag. Feeds have a dozen; a parser has to take those of a tag all at once."""
MOST_VALUES = 500_000
"""Values of a JSON document: 25 for each of the most items."""

GZIP = b"\x1f\x8b"
_MOST_INFLATED = 20 * 1024 * 1024

_FREE_TEXT = 4 * 1024 * 1024
_GROWTH = 4
_ITEM_OVERHEAD = 1_024


def most_text(size: int) -> int:
    """Return how much text (bytes in UTF-8) the items of a document of `size` bytes may hold together."""
    return max(_FREE_TEXT, _GROWTH * size)


def most_inflated(document: Fetched) -> int:
    """Return the bytes that a document which is a gzip file may inflate to."""
    return _MOST_INFLATED if document.max_size is None else document.max_size


def largest_answer(document: Fetched) -> int:
    """Return the most bytes that a parse process may answer with, given the document."""
    size = most_inflated(document) if document.body.startswith(GZIP) else len(document.body)
    # texts are cleaned after they were counted, which can make a broken character one of three bytes
    return 3 * most_text(size) + MOST_ITEMS * _ITEM_OVERHEAD


def limited(feed: ParsedFeed, *, size: int) -> ParsedFeed:
    """Return the feed of a document of `size` bytes with what keeps within the limits.

    An item whose text does not fit is left out, and those below it that do fit stay.
    """
    left_out: Counter[str] = Counter()
    entries = []
    room = most_text(size)
    for entry in feed.entries[:MOST_ITEMS]:
        kept = _with_few_names(entry, left_out)
        text = _text(kept)
        if text > room:
            left_out["items"] += 1
            continue
        room -= text
        entries.append(kept)
    problem = " ".join(filter(None, (feed.problem, *_complaints(len(feed.entries), left_out, size))))
    return replace(feed, entries=tuple(entries), problem=problem or None)


def _with_few_names(entry: ParsedEntry, left_out: Counter[str]) -> ParsedEntry:
    authors = tuple(name for name in entry.authors if len(name) <= LONGEST_NAME)[:MOST_OF_A_KIND]
    categories = tuple(name for name in entry.categories if len(name) <= LONGEST_NAME)[:MOST_OF_A_KIND]
    enclosures = entry.enclosures[:MOST_OF_A_KIND]
    few = len(authors) + len(categories) + len(enclosures)
    missing = len(entry.authors) + len(entry.categories) + len(entry.enclosures) - few
    if not missing:
        return entry
    left_out["names"] += missing
    return replace(entry, authors=authors, categories=categories, enclosures=enclosures)


def _text(entry: ParsedEntry) -> int:
    parts = (
        *(entry.guid, entry.link, entry.title, entry.summary, entry.content, entry.published, entry.updated),
        *(entry.language, entry.base_url, *entry.authors, *entry.categories),
        *(part for file in _files(entry) for part in (file.url, file.type)),
        entry.episode and entry.episode.image,
    )
    return sum(
        len(part) if part.isascii() else len(part.encode("utf-8", "replace")) for part in parts if part
    )


def _files(entry: ParsedEntry) -> Iterator[Enclosure]:
    yield from entry.enclosures
    if entry.episode is not None:
        yield from entry.episode.transcripts
        if entry.episode.chapters is not None:
            yield entry.episode.chapters


def _complaints(items: int, left_out: Counter[str], size: int) -> list[str]:
    found = []
    if items > MOST_ITEMS:
        found.append(f"{items - MOST_ITEMS} items beyond the first {MOST_ITEMS} were left out.")
    if left_out["items"]:
        most = most_text(size) / 2**20
        found.append(
            f"{left_out['items']} items were left out, which would make it more than {most:.0f} MiB of text."
        )
    if left_out["names"]:
        found.append(
            f"{left_out['names']} authors, categories and enclosures were left out: an item may have "
            f"{MOST_OF_A_KIND} of each, of up to {LONGEST_NAME} characters."
        )
    return found
