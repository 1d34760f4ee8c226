"""Whether an entry meets the conditions of a configured feed, and since when: pure.

What a feed holds is noted as entries come, so conditions must not depend on the clock: a term on age counts
as met here, and holds when the feed is read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from aggregator.model import And, Comparison, Expression, FeedSpec, Field, Has, Not, Or, Pattern, Text
from aggregator.rules.grammar import parse
from aggregator.rules.keys import CONDITIONS, Keys, feed_keys
from aggregator.rules.predicate import compiled
from aggregator.rules.subject import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What conditions look at: an entry's tags and sources, each with the instant it surfaced under it."""

    surfaced: int
    tags: Mapping[str, int]
    sources: Mapping[str, int]
    """By name."""
    subject: Callable[[], Subject]
    """The entry with these tags; only expressions need it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """The conditions of one feed; see `FeedSpec` for each."""

    any: tuple[str, ...] = ()
    all: tuple[str, ...] = ()
    none: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    match: Expression | None = None

    def met_by(self, standing: Standing) -> bool:
        """Return whether an entry meets them, at some instant."""
        if not self.labels_met_by(standing.tags, standing.sources):
            return False
        return self.match is None or compiled(timeless(self.match))(standing.subject())

    def met_now(self, tags: Collection[str], sources: Collection[str], subject: Subject) -> bool:
        """Return whether an entry with these tags and sources meets them at the subject's instant."""
        if not self.labels_met_by(tags, sources):
            return False
        return self.match is None or compiled(self.match)(subject)

    def labels_met_by(self, tags: Collection[str], sources: Collection[str]) -> bool:
        """Return whether tags and names of sources are as wanted; the expression aside."""
        return (
            all(tag in tags for tag in self.all)
            and not any(tag in tags for tag in self.none)
            and (not self.any or any(tag in tags for tag in self.any))
            and (not self.sources or any(name in sources for name in self.sources))
        )

    def met_since(self, standing: Standing) -> int:
        """Return when an entry that meets them first did, as far as tags and sources tell (ms).

        That is when the last of its conditions was met, and the first of several that are enough.
        """
        instants = [standing.tags[tag] for tag in self.all]
        if self.any:
            instants.append(min(standing.tags[tag] for tag in self.any if tag in standing.tags))
        if self.sources:
            instants.append(min(standing.sources[name] for name in self.sources if name in standing.sources))
        return max(instants, default=standing.surfaced)


def conditions_of(feed: FeedSpec) -> Conditions:
    """Return the conditions of a configured feed."""
    return Conditions(any=feed.any, all=feed.all, none=feed.none, sources=feed.sources, match=feed.match)


def to_text(feed: FeedSpec) -> str:
    """Return a feed's conditions as JSON: the same text for the same conditions."""
    keys = feed_keys(feed)
    said = {key: keys[key] for key in CONDITIONS if key in keys}
    return json.dumps(said, ensure_ascii=False)


@lru_cache(maxsize=1024)
def from_text(text: str) -> Conditions:
    """Return the conditions that `to_text` wrote. Raises ValueError and ExpressionError for other text."""
    return from_keys(json.loads(text))


def from_keys(keys: Keys) -> Conditions:
    """Return the conditions among the keys of a feed."""
    labels: dict[str, tuple[str, ...]] = {}
    match: Expression | None = None
    for key in CONDITIONS:
        said = keys.get(key)
        if isinstance(said, str):
            match = parse(said)
        elif isinstance(said, Sequence):
            labels[key] = tuple(said)
    return Conditions(**labels, match=match)


@lru_cache(maxsize=1024)
def timeless(expression: Expression) -> Expression:
    """Return an expression without terms on age that is met whenever the given one is, at any instant."""
    return _timeless(expression, positive=True)


def mentions(expression: Expression, field: Field) -> bool:
    """Return whether an expression has a term on that field."""
    match expression:
        case And(terms) | Or(terms):
            return any(mentions(term, field) for term in terms)
        case Not(term):
            return mentions(term, field)
        case Has():
            return False
        case Text() | Pattern() | Comparison():
            return expression.field is field


def _timeless(expression: Expression, *, positive: bool) -> Expression:
    match expression:
        case And(terms):
            return And(tuple(_timeless(term, positive=positive) for term in terms))
        case Or(terms):
            return Or(tuple(_timeless(term, positive=positive) for term in terms))
        case Not(term):
            return Not(_timeless(term, positive=not positive))
        case Comparison(Field.AGE):
            return And() if positive else Or()
        case _:
            return expression
