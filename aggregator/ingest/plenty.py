"""A parser that reads no more than is kept, or can be meant, however much the document has."""

from __future__ import annotations

from typing import Any

from aggregator.ingest.limits import DEEPEST, MOST_ITEMS, MOST_TAGS, MOST_TAGS_OF_ITEM

ITEMS = frozenset({"item", "entry"})


class TooManyTagsError(Exception):
    """The parser has read as many tags as it may; what it has is all that there will be."""


class BoundedParser:
    """Mixed in before feedparser's classes, which take some 30 µs and half a kilobyte for each element.

    Passed over are everything from the first item too many on, and the tags (not the text) of elements that
    nest too deeply or are too many in one item.
    """

    depth: int  # of feedparser's parsers, as are these
    entries: list[dict[str, Any]]
    inentry: Any

    left_out = 0
    """How many items were passed over."""
    tags_left_out = False
    """Whether tags of items that are kept were passed over."""
    ended_early = False
    """Whether `TooManyTagsError` was raised."""
    root_ended = False
    _tags = 0
    _tags_of_item = 0
    _skipped = 0
    """Tags that are open and were passed over."""
    _around = 0
    """As many as that around the item."""
    _depth_of_item = 0

    def unknown_starttag(self, tag: str, attributes: list[tuple[str, str]]) -> None:
        """Read a start tag. Raises `TooManyTagsError` after the last one that is read."""
        is_item = tag.rpartition(":")[2] in ITEMS
        if self.left_out or (is_item and len(self.entries) >= MOST_ITEMS):
            self.left_out += is_item
            return
        self._tags += 1
        if self._tags > MOST_TAGS:
            self._end_early()
        if is_item and not self.inentry:
            # items are read wherever they are, also within what nests deeply
            self._around, self._skipped = self._skipped, 0
            self._tags_of_item, self._depth_of_item = 0, self.depth
        self._tags_of_item += 1
        if (
            self._skipped
            or self._tags_of_item > MOST_TAGS_OF_ITEM
            or self.depth - self._depth_of_item >= DEEPEST
        ):
            self._skipped += 1
            self.tags_left_out = True
            return
        super().unknown_starttag(tag, attributes)  # type: ignore[misc]  # of feedparser's class, next in line

    def unknown_endtag(self, tag: str) -> None:
        """Read an end tag."""
        if self.left_out:
            return
        if self._skipped and tag.rpartition(":")[2] not in ITEMS:
            self._skipped -= 1
            return
        was_in_item, self._skipped = self.inentry, 0
        super().unknown_endtag(tag)  # type: ignore[misc]  # of feedparser's class, next in line
        if was_in_item and not self.inentry:
            self._skipped, self._around, self._depth_of_item = self._around, 0, 0

    def handle_data(self, text: str, escape: int = 1) -> None:
        """Read text."""
        if not self.left_out:
            super().handle_data(text, escape)  # type: ignore[misc]  # of feedparser's class, next in line

    def _end_early(self) -> None:
        if self.inentry:
            del self.entries[-1:]
            self.inentry = 0
        self.ended_early = self.root_ended = True
        raise TooManyTagsError
