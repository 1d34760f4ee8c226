"""Timestamp IDs: pure.

An entry's ID is the millisecond of its publication; where that cannot be used, the millisecond in which the
entry was first seen; where that is taken, the next free one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

EARLIEST = 631_152_000_000
"""1990-01-01T00:00:00Z in ms: the web is younger, so an earlier date is a mistake, and IDs stay positive."""

NextFree = Callable[[int], int]
"""Takes an instant (ms) and returns the first ID at or after it that no stored entry has."""


def usable_instant(said: int | None, first_seen: int) -> int | None:
    """Return the publication instant (ms) to believe, or None when the entry counts as undated.

    A date from before 1990 is none. A date in the future is clamped to `first_seen`: what has been seen has
    been published.
    """
    if said is None or said < EARLIEST:
        return None
    return min(said, first_seen)


def assign_ids(instants: Sequence[int], next_free: NextFree) -> list[int]:
    """Return an ID for each instant (ms); instants are in the document's order, the upper item first.

    Of equal instants the upper item gets the higher ID, because documents put the newer item on top. The same
    instants in the same order over the same store give the same IDs.
    """
    given: set[int] = set()
    resume: dict[int, int] = {}
    ids = []
    for instant in reversed(instants):
        candidate = next_free(resume.get(instant, instant))
        while candidate in given:
            candidate = next_free(candidate + 1)
        given.add(candidate)
        resume[instant] = candidate + 1
        ids.append(candidate)
    ids.reverse()
    return ids
