"""Which entries the items of a feed in digests list. Pure.

A digest is published when its period ends, and must not change as time goes on: what else counts from the
present instant (an age, the newest of each source) counts from the end of the entry's period.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from aggregator.model import Digest, Entry, Expression, Field
from aggregator.publish.digest import next_period_end
from aggregator.rules.membership import mentions
from aggregator.rules.predicate import compiled
from aggregator.rules.subject import Subject

MAX_DIGESTED = 5_000
"""Entries that a feed in digests is made of, at most: as many as can be read for one request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What narrows a feed down beyond its tags and sources; see `FeedSpec`."""

    match: Expression | None = None
    max_age: int | None = None
    per_source: int | None = None
    since: int | None = None
    """Of what surfaced (a digest: was published) before this instant (ms) nothing is wanted."""

    @property
    def is_moving(self) -> bool:
        """Whether entries come or go by the clock alone."""
        return self.max_age is not None or self.since is not None or self.mentions_age

    @property
    def mentions_age(self) -> bool:
        """Whether the expression looks at the clock."""
        return self.match is not None and mentions(self.match, Field.AGE)


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestPlan:
    """A feed in digests as of an instant."""

    digest: Digest
    now: int
    """Milliseconds; periods that were over then have their item."""
    bounds: Bounds


def digested(plan: DigestPlan, entries: Sequence[Entry]) -> list[Entry]:
    """Return those of a feed's entries, newest surfaced first, that its digests list.

    `entries` meet the bounds' expression but for its terms on age. When there are `MAX_DIGESTED` of them, the
    earliest period may not be whole and is left out, unless it is the only one.
    """
    closed = [
        entry for entry in entries if (end := _end(plan, entry)) <= plan.now and _within(plan, entry, end)
    ]
    if len(entries) >= MAX_DIGESTED and closed:
        earliest, latest = _end(plan, closed[-1]), _end(plan, closed[0])
        closed = [entry for entry in closed if _end(plan, entry) > earliest or earliest == latest]
    return _newest_of_each_source(plan, closed)


def _end(plan: DigestPlan, entry: Entry) -> int:
    return next_period_end(plan.digest, entry.surfaced)


def _within(plan: DigestPlan, entry: Entry, end: int) -> bool:
    bounds = plan.bounds
    if bounds.since is not None and end < bounds.since:
        return False
    if bounds.max_age is not None and entry.dated < end - bounds.max_age:
        return False
    return bounds.match is None or not bounds.mentions_age or compiled(bounds.match)(Subject(entry, end))


def _newest_of_each_source(plan: DigestPlan, entries: Sequence[Entry]) -> list[Entry]:
    if plan.bounds.per_source is None:
        return list(entries)
    seen: Counter[tuple[int, str]] = Counter()
    kept = []
    for entry in entries:
        key = (_end(plan, entry), entry.source.name)
        seen[key] += 1
        if seen[key] <= plan.bounds.per_source:
            kept.append(entry)
    return kept
