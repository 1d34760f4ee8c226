"""A parser that reads no more items than are kept, however many the document has."""

from __future__ import annotations

from typing import Any

from aggregator.ingest.limits import MOST_ITEMS

ITEMS = frozenset({"item", "entry"})


class BoundedParser:
    """Mixed in before feedparser's classes: passes over everything from the first item too many on."""

    entries: list[dict[str, Any]]

    left_out = 0
    """How many items were passed over."""

    def unknown_starttag(self, tag: str, attributes: list[tuple[str, str]]) -> None:
        """Read a start tag."""
        is_item = tag.rpartition(":")[2] in ITEMS
        if self.left_out or (is_item and len(self.entries) >= MOST_ITEMS):
            self.left_out += is_item
            return
        super().unknown_starttag(tag, attributes)  # type: ignore[misc]  # of feedparser's class, next in line

    def unknown_endtag(self, tag: str) -> None:
        """Read an end tag."""
        if not self.left_out:
            super().unknown_endtag(tag)  # type: ignore[misc]  # of feedparser's class, next in line

    def handle_data(self, text: str, escape: int = 1) -> None:
        """Read text."""
        if not self.left_out:
            super().handle_data(text, escape)  # type: ignore[misc]  # of feedparser's class, next in line
