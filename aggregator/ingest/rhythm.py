"""How often a source publishes, and the pace that follows from it; pure.

A source's rhythm is the instants (ms) at which its newest items appeared, rising. Items closer together than
the shortest wait are one event: one poll finds them all.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from statistics import median

KEPT = 10
"""Instants that are remembered: enough for a median that one odd gap does not move, few enough to forget."""

POLLS_PER_GAP = 2
"""How often a source is asked in the time that usually lies between two of its items."""

SILENCE_SHARE = 10
"""After a silence, the next wait is at least this part of it: twice as long a silence, half as many polls."""

UNKNOWN_RHYTHM = 2
"""As many of the shortest waits, while a source has not shown two events yet."""


def rhythm_after(
    rhythm: tuple[int, ...], published: Iterable[int | None], *, now: int, least: int
) -> tuple[int, ...]:
    """Return the rhythm of a source whose poll at `now` brought new items.

    `published` are the instants that all of the document's items say (None: undated). Those after the last
    event that is known, and not in the future, are new events. Where there is none, the new items appeared
    now, as far as anybody knows. Events less than `least` ms after the one before belong to that one.
    """
    last = rhythm[-1] if rhythm else 0
    events = list(rhythm)
    for instant in sorted({at for at in published if at is not None and last < at <= now} or {now}):
        if not events or instant - events[-1] >= least:
            events.append(instant)
    return tuple(events[-KEPT:])


def adaptive_interval(rhythm: tuple[int, ...], *, now: int, least: int, most: int) -> int:
    """Return how long (ms) to wait for the next poll of a source with this rhythm.

    Half of the usual (median) gap between its events, but at least a tenth of the time since its last one: a
    source that falls silent is asked less and less often, and at its usual pace again as soon as it speaks.
    Never below `least`, never above `most`.
    """
    gaps = [later - earlier for earlier, later in pairwise(rhythm)]
    usual = int(median(gaps)) // POLLS_PER_GAP if gaps else UNKNOWN_RHYTHM * least
    silence = max(0, now - rhythm[-1]) if rhythm else 0
    return max(least, min(most, max(usual, silence // SILENCE_SHARE)))
