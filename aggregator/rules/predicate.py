"""Expressions as functions that tell whether an entry meets them, and what in it does. Pure.

Expression ─► compiled ─► function of Subject ─► bool
            └► explained ─► each condition, with the part that matched
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from aggregator.model import And, Comparison, Expression, Field, Has, Not, Operator, Or, Pattern, Text
from aggregator.rules.excerpts import Excerpt, excerpt_of
from aggregator.rules.grammar import written
from aggregator.rules.regex import regex
from aggregator.rules.subject import Subject, needle

Predicate = Callable[[Subject], bool]

_COMPARED = {
    Operator.BELOW: operator.lt,
    Operator.AT_MOST: operator.le,
    Operator.ABOVE: operator.gt,
    Operator.AT_LEAST: operator.ge,
    Operator.EQUAL: operator.eq,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one condition of an expression comes to in an entry."""

    condition: str
    """As it is written, with its field."""
    met: bool
    negated: bool
    """Whether the expression asks for its opposite."""
    excerpt: Excerpt | None
    """The part of the entry that meets it."""


@lru_cache(maxsize=2048)
def compiled(expression: Expression) -> Predicate:  # noqa: PLR0911 - one for each kind of term
    """Return the function that tells whether a subject meets the expression.

    Raises `ValueError` for a regular expression that RE2 does not take, as none has that `parse` returned.
    """
    match expression:
        case And(terms):
            return _all_of([compiled(term) for term in sorted(terms, key=_cost)])
        case Or(terms):
            return _any_of([compiled(term) for term in sorted(terms, key=_cost)])
        case Not(term):
            return _not(compiled(term))
        case Text():
            return _says(expression)
        case Pattern():
            return _matches(expression)
        case Comparison():
            return _compares(expression)
        case Has(part):
            return lambda subject: part in subject.parts


def explained(expression: Expression, subject: Subject) -> list[Finding]:
    """Return each condition of the expression, in its order, with what it comes to in the subject."""
    return [
        Finding(
            condition=written(condition),
            met=(met := compiled(condition)(subject)),
            negated=negated,
            excerpt=excerpt_of(condition, subject) if met else None,
        )
        for condition, negated in _conditions(expression, negated=False)
    ]


def _conditions(
    expression: Expression, *, negated: bool
) -> Iterator[tuple[Text | Pattern | Comparison | Has, bool]]:
    match expression:
        case And(terms) | Or(terms):
            for term in terms:
                yield from _conditions(term, negated=negated)
        case Not(term):
            yield from _conditions(term, negated=not negated)
        case _:
            yield expression, negated


def _cost(expression: Expression) -> int:
    """Return how soon to ask a term, the cheapest first: the result does not depend on it, as none fails."""
    match expression:
        case And(terms) | Or(terms):
            return max(map(_cost, terms), default=0)
        case Not(term):
            return _cost(term)
        case Pattern():
            return 5 if expression.field in {Field.ANY, Field.CONTENT, Field.SUMMARY} else 2
        case Text():
            return {Field.CONTENT: 3, Field.SUMMARY: 3, Field.ANY: 4}.get(expression.field, 1)
        case Comparison():
            return 3 if expression.field is Field.WORDS else 0
        case Has():
            return 1


def _all_of(predicates: list[Predicate]) -> Predicate:
    if len(predicates) == 2:  # noqa: PLR2004 - the usual number has no loop
        first, second = predicates
        return lambda subject: first(subject) and second(subject)

    def met(subject: Subject) -> bool:
        for predicate in predicates:  # noqa: SIM110 - a loop takes half the time of `all`
            if not predicate(subject):
                return False
        return True

    return met


def _any_of(predicates: list[Predicate]) -> Predicate:
    if len(predicates) == 2:  # noqa: PLR2004 - the usual number has no loop
        first, second = predicates
        return lambda subject: first(subject) or second(subject)

    def met(subject: Subject) -> bool:
        for predicate in predicates:  # noqa: SIM110 - a loop takes half the time of `any`
            if predicate(subject):
                return True
        return False

    return met


def _not(predicate: Predicate) -> Predicate:
    return lambda subject: not predicate(subject)


def _says(condition: Text) -> Predicate:  # noqa: PLR0911 - one for each field
    wanted = needle(condition)
    if not wanted:
        return _nothing
    match condition.field:
        case Field.TAG:
            return lambda subject: wanted in subject.tags
        case Field.CATEGORY:
            return lambda subject: wanted in subject.categories
        case Field.DOMAIN:
            return lambda subject: subject.domain.endswith(wanted)
        case Field.LANG:
            return lambda subject: subject.language.startswith(wanted)
        case Field.URL:
            return lambda subject: wanted in subject.urls
        case _:
            return _says_words(condition.field, wanted, prefix=condition.prefix)


def _nothing(_subject: Subject) -> bool:
    return False


def _says_words(field: Field, words: str, *, prefix: bool) -> Predicate:
    tokens = frozenset(words.split()[:-1] if prefix else words.split())
    match field:
        case Field.TITLE:
            return lambda subject: words in subject.title
        case Field.AUTHOR:
            return lambda subject: words in subject.authors
        case Field.SUMMARY:
            return lambda subject: words in subject.summary
        case Field.CONTENT:
            return lambda subject: subject.vocabulary.may_hold(tokens) and words in subject.content
        case Field.SOURCE:
            return lambda subject: words in subject.sources
        case _:
            return lambda subject: (
                subject.vocabulary.may_hold(tokens)
                and (
                    words in subject.title
                    or words in subject.authors
                    or words in subject.content
                    or words in subject.summary
                )
            )


def _matches(condition: Pattern) -> Predicate:
    field, matches = condition.field, regex(condition.pattern, condition.flags).matches

    def met(subject: Subject) -> bool:
        for text in subject.searched(field):  # noqa: SIM110 - a loop takes half the time of `any`
            if matches(text):
                return True
        return False

    return met


def _compares(condition: Comparison) -> Predicate:
    compare, value = _COMPARED[condition.operator], condition.value
    match condition.field:
        case Field.AGE:
            return lambda subject: compare(subject.age, value)
        case Field.PUBLISHED:
            return lambda subject: compare(subject.published, value)
        case Field.WORDS:
            return lambda subject: compare(subject.words, value)
        case Field.ID:
            return lambda subject: compare(subject.id, value)
        case _:
            return _nothing
