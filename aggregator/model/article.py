"""An entry whose own page is wanted."""

from __future__ import annotations

from dataclasses import dataclass

from aggregator.model.text import RawHtml


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedPage:
    """The page that an entry's article is to be taken from."""

    entry_id: int
    url: str
    """The entry's link, as the source said it."""
    said: RawHtml | None
    """The entry's text in the feed."""
