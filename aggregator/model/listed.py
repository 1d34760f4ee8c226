"""Lists of feeds that others keep, and what is remembered of them."""

from __future__ import annotations

from dataclasses import dataclass

from aggregator.model.exchange import Validators


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedSource:
    """A feed as a list of feeds (OPML) names it."""

    name: str
    """One line, maybe empty; not unique."""
    url: str
    tags: tuple[str, ...] = ()
    """The names of its folders, outermost first, then its categories; NFC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedList:
    """What is remembered of a list that is followed, between two looks at it."""

    url: str
    """As its subscription has it."""
    sources: tuple[ListedSource, ...] = ()
    """All that it names, each URL once, those that it has named longest first."""
    missing: tuple[str, ...] = ()
    """URLs of those above that it did not name at any of the last `doubts` looks, and that stay for now."""
    doubts: int = 0
    """Looks in a row at which it named so few that it may be a mistake."""
    validators: Validators | None = None
    failures: int = 0
    """Looks in a row that failed."""
    looked_at: int | None = None
    """When it was last read, or said to be unchanged (ms)."""
    next_look_at: int = 0
    """Milliseconds UTC."""
    interval: int = 0
    """Milliseconds between two looks, as configured at the last one."""
    message: str = ""
    """What was wrong at the last look, as a sentence."""
