"""What happened to a source that people should know of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class IncidentKind(StrEnum):
    """A turn in a source's life."""

    FAILING = "failing"
    """It has failed so often in a row that it will not get well by itself soon."""
    GONE = "gone"
    """Its server says that it is gone for good (410)."""
    MOVED = "moved"
    """It has a new address for good."""
    RECOVERED = "recovered"
    """It answers again, after one of the first two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One such turn."""

    id: int
    """Rising with time; never changes."""
    at: int
    """Milliseconds UTC, of the poll that showed it."""
    kind: IncidentKind
    source: str
    """The source's name at that time."""
    url: str
    """Its feed's address at that time, as it was configured."""
    message: str
    """A sentence for the person who looks."""
