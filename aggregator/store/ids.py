"""Timestamp IDs: pure.

An entry's ID is the millisecond of its publication; where that cannot be used, the millisecond in which the
entry was first seen; where that is taken, the next free one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

EARLIEST = 631_152_000_000
"""1990-01-01T00:00:00Z in ms: the web is younger, so an earlier date is a mistake, and IDs stay positive."""

TakenFrom = Callable[[int], Sequence[int]]
"""Takes an ID and returns those from it on that stored entries have, up to the first free one.

It may return only the beginning of a long run, but an empty one only when the ID itself is free.
"""


def usable_instant(said: int | None, first_seen: int) -> int | None:
    """Return the publication instant (ms) to believe, or None when the entry counts as undated.

    A date from before 1990 is none. A date in the future is clamped to `first_seen`: what has been seen has
    been published.
    """
    if said is None or said < EARLIEST:
        return None
    return min(said, first_seen)


def assign_ids(instants: Sequence[int], taken_from: TakenFrom) -> list[int]:
    """Return an ID for each instant (ms); instants are in the document's order, the upper item first.

    Of equal instants the upper item gets the higher ID, because documents put the newer item on top. The same
    instants in the same order over the same store give the same IDs. The cost grows with the number of
    instants and of taken IDs beside them, not with their product.
    """
    later: dict[int, int] = {}  # from an ID that is taken to one that may be free: a disjoint-set forest

    def first_free(candidate: int) -> int:
        passed = []
        while True:
            while candidate in later:
                passed.append(candidate)
                candidate = later[candidate]
            taken = taken_from(candidate)
            if not taken:
                break
            later.update((each, each + 1) for each in taken)
        later.update((each, candidate) for each in passed)
        return candidate

    ids = []
    for instant in reversed(instants):
        free = first_free(instant)
        later[free] = free + 1
        ids.append(free)
    ids.reverse()
    return ids
