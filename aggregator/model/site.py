"""How a folder that holds a site has cut what is published into pages."""

from __future__ import annotations

from dataclasses import dataclass

Position = tuple[int, int]
"""When an entry surfaced in a series (ms), and its ID: where it stands there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SitePage:
    """A page of a series: it holds the entries from where it starts up to where the next page does."""

    name: str
    """Belongs to it for ever; empty for the newest page, which new entries come to."""
    start: Position
    """The oldest page holds what is older, too."""
    entries: tuple[int, ...] = ()
    """IDs, as it was last written."""
    made_with: str = ""
    """What else its file depends on, as it was last written; empty when it was not written yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFeed:
    """What was last written of a feed that a site has."""

    look: str
    """A digest of what all its files depend on but for entries, such as its title."""
    contents: str
    """A digest of what its documents for feed readers were made of."""
    entries: int
    """How many there were on its pages."""
