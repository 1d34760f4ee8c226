"""Expression → SQL over the search index: an upper bound of what it means, most often exact. Pure.

    Expression ─► negations moved to the leaves ─► per leaf: query of the full-text index, or SQL, or no bound
        ─► parts for the full-text index put together, as far as they reach ─► Condition

The index: `search_text`, a full-text table of FTS5 whose tokens are those of `rules.folding` and `rules.labels`,
and `search_entries` (called f here), a row of facts for each entry under the same number, `seq`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from aggregator.model import And, Comparison, Expression, Field, Has, Not, Operator, Or, Pattern, Text
from aggregator.rules.folding import fold
from aggregator.rules.labels import (
    EVERY,
    MAX_STEPS,
    category_label,
    domain_label,
    language_label,
    part_label,
    source_label,
    tag_label,
)
from aggregator.rules.regex import regex
from aggregator.rules.subject import needle, searchable

Parameter = str | int

_COLUMNS = {Field.ANY: "", Field.TITLE: "title : ", Field.AUTHOR: "authors : "} | {
    name: f"{name} : " for name in (Field.SUMMARY, Field.CONTENT)
}
"""Where the full-text index has the words of a field."""

_NUMBERS = {
    Field.AGE: ":now - f.dated",
    Field.PUBLISHED: "f.dated",
    Field.WORDS: "f.words",
    Field.ID: "f.entry_id",
}

_MAX_HEIGHT = 8
"""Parts within parts of one full-text query: the stack of FTS5's parser has an end."""

_MAX_WORDS = 8000
"""Characters of a folded phrase: FTS5 cuts very long words."""

_SHORT = 2
"""Characters of a word's beginning from which on FTS5 finds the words fast enough."""

_MAX_SOURCES = 200
"""Sources that are looked for in the full-text index."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What SQL can say of an expression."""

    match: str | None
    """A full-text query that each entry meets which meets the expression; None when there is no such."""
    where: str
    """SQL over f that they all meet as well. `:lo` and `:hi`, in it, are the range of `seq` that is asked for."""
    params: Mapping[str, Parameter]
    exact: bool
    """Whether all that meet both meet the expression; else they are to be looked at."""
    has_prefix: bool
    """Whether FTS5 collects all words with some beginning before it tells the first entry."""
    published_since: int | None
    """Entries that meet the expression are published at that instant (ms) or later."""


@dataclass(frozen=True, slots=True)
class _Bound:
    """What SQL can say of a part: `match` (or its opposite) and `where`. Neither: everything."""

    match: str = ""
    negated: bool = False
    where: str = ""
    height: int = 0
    exact: bool = True


_NOTHING = _Bound(where="0")
_UNBOUND = _Bound(exact=False)


def condition_for(expression: Expression, *, now: int, sources: Mapping[int, str]) -> Condition:
    """Return what SQL can say of an expression at the instant `now` (ms), of entries of these sources, by ID."""
    builder = _Builder(sources)
    builder.params["now"] = now
    bound = builder.bound(expression, negated=False)
    match = bound.match or None
    if match is not None and bound.negated:
        match = f'"{EVERY}" NOT {match}'
    used = {name: value for name, value in builder.params.items() if f":{name}" in bound.where}
    return Condition(
        match=match,
        where=bound.where or "1",
        params=used,
        exact=bound.exact,
        has_prefix=builder.has_prefix,
        published_since=_published_since(expression, now),
    )


@dataclass(slots=True)
class _Builder:
    sources: Mapping[int, str]
    params: dict[str, Parameter] = field(default_factory=dict)
    has_prefix: bool = False

    def bound(self, expression: Expression, *, negated: bool) -> _Bound:
        match expression:
            case Not(term):
                return self.bound(term, negated=not negated)
            case And(terms) | Or(terms):
                bounds = [self.bound(term, negated=negated) for term in terms]
                return self._all(bounds) if isinstance(expression, And) is not negated else self._any(bounds)
            case Text():
                bound = self._text(expression)
            case Has(part):
                bound = _Bound(match=_phrase(part_label(part)))
            case Comparison():
                bound = self._comparison(expression)
            case Pattern():
                bound = self._pattern(expression)
        return _opposite(bound) if negated else bound

    def _all(self, bounds: list[_Bound]) -> _Bound:
        exact = all(bound.exact for bound in bounds)
        matches = [bound for bound in bounds if bound.match and bound.height < _MAX_HEIGHT]
        wheres = [bound.where for bound in bounds if bound in matches and bound.where]
        wheres += [self._where(bound) for bound in bounds if bound not in matches]
        match, negated, height = _conjunction(matches)
        where = " AND ".join(dict.fromkeys(f"({where})" for where in wheres if where))
        return _Bound(match=match, negated=negated, where=where, height=height, exact=exact)

    def _any(self, bounds: list[_Bound]) -> _Bound:
        exact = all(bound.exact for bound in bounds)
        if any(not (bound.match or bound.where) for bound in bounds):
            return _Bound(exact=exact)
        bounds = [bound for bound in bounds if bound.where != "0"]
        if not bounds:
            return _Bound(where="0", exact=exact)
        words = [bound for bound in bounds if not bound.where and bound.height < _MAX_HEIGHT]
        others = [bound for bound in bounds if bound not in words]
        # Not all of the opposites: a full-text query cannot say "or not", but it can be negated whole.
        opposites = [
            _Bound(match=bound.match, negated=not bound.negated, height=bound.height) for bound in words
        ]
        match, negated, height = _conjunction(opposites)
        together = _Bound(match=match, negated=not negated, height=height, exact=exact)
        if not others:
            return together
        alternatives = [self._where(bound) for bound in ([together] if words else []) + others]
        return _Bound(where=" OR ".join(f"({where})" for where in dict.fromkeys(alternatives)), exact=exact)

    def _where(self, bound: _Bound) -> str:
        """Return SQL alone, for where a full-text query cannot stand."""
        if not bound.match:
            return bound.where
        found = (
            f"f.seq {'NOT ' * bound.negated}IN (SELECT rowid FROM search_text"  # noqa: S608 - a parameter's name
            f" WHERE search_text MATCH {self._add(bound.match)} AND rowid BETWEEN :lo AND :hi)"
        )
        return f"{found} AND ({bound.where})" if bound.where else found

    def _text(self, term: Text) -> _Bound:
        wanted = needle(term)
        if not wanted or _has_surrogate(wanted):
            return _NOTHING
        match term.field:
            case Field.URL:
                return _Bound(where=f"instr(f.urls, {self._add(wanted)}) > 0")
            case Field.SOURCE:
                return self._sources(number for number, name in self.sources.items() if wanted in fold(name))
            case Field.TAG:
                return self._label(tag_label(wanted[1:].rstrip("\n")), prefix=term.prefix)
            case Field.CATEGORY:
                return self._label(category_label(wanted[1:].rstrip("\n")), prefix=term.prefix)
            case Field.DOMAIN:
                return self._label(domain_label(wanted)) if wanted.count(".") <= MAX_STEPS else _UNBOUND
            case Field.LANG:
                return self._label(language_label(wanted)) if wanted.count("-") <= MAX_STEPS else _UNBOUND
            case _:
                return self._words(term, wanted)

    def _words(self, term: Text, folded: str) -> _Bound:
        if term.field not in _COLUMNS or len(folded) > _MAX_WORDS:
            return _UNBOUND
        words = folded.split()
        if term.prefix and len(words[-1]) < _SHORT and words[-1].isascii() and words[-1].isalnum():
            # Everything begins with a letter: what stands before it narrows enough, or nothing does.
            return (
                _Bound(match=_COLUMNS[term.field] + _phrase(*words[:-1]), exact=False)
                if words[1:]
                else _UNBOUND
            )
        self.has_prefix |= term.prefix
        return _Bound(match=_COLUMNS[term.field] + _phrase(*words) + " *" * term.prefix)

    def _label(self, label: str, *, prefix: bool = False) -> _Bound:
        self.has_prefix |= prefix
        return _Bound(match=_phrase(label) + " *" * prefix)

    def _sources(self, ids: Iterable[int]) -> _Bound:
        wanted = sorted(ids)
        if not wanted:
            return _NOTHING
        if len(wanted) <= _MAX_SOURCES:
            return _Bound(match=_either(_phrase(source_label(number)) for number in wanted), height=1)
        return _Bound(
            where="EXISTS (SELECT 1 FROM entry_sources AS c WHERE c.entry_id = f.entry_id"  # noqa: S608 - a parameter's name
            f" AND c.source_id IN (SELECT value FROM json_each({self._add(json.dumps(wanted))})))"
        )

    def _comparison(self, term: Comparison) -> _Bound:
        number = _NUMBERS.get(term.field)
        return _Bound(where=f"{number} {term.operator} {self._add(term.value)}") if number else _NOTHING

    def _pattern(self, term: Pattern) -> _Bound:
        if term.field is not Field.SOURCE:
            return _UNBOUND
        matches = regex(term.pattern, term.flags).matches
        return self._sources(
            number for number, name in self.sources.items() if any(map(matches, searchable([name])))
        )

    def _add(self, value: Parameter) -> str:
        name = f"q{len(self.params)}_"
        self.params[name] = value
        return f":{name}"


def _opposite(bound: _Bound) -> _Bound:
    if not bound.exact:
        return _UNBOUND
    if bound.match:  # a leaf has one of the two
        return _Bound(match=bound.match, negated=not bound.negated, height=bound.height)
    return _Bound() if bound == _NOTHING else _Bound(where=f"NOT ({bound.where})")


def _conjunction(bounds: Collection[_Bound]) -> tuple[str, bool, int]:
    """Return the full-text query that all of these together are, whether it is to be negated, and its height."""
    wanted = list(dict.fromkeys(bound.match for bound in bounds if not bound.negated))
    unwanted = list(dict.fromkeys(bound.match for bound in bounds if bound.negated))
    height = max((bound.height for bound in bounds), default=0)
    if len(wanted) + len(unwanted) == 1:
        return (*wanted, *unwanted)[0], not wanted, height
    if not wanted:
        return (_either(unwanted), True, height + 1) if unwanted else ("", False, height)
    match = f"({' AND '.join(wanted)})" if len(wanted) > 1 else wanted[0]
    return (f"({match} NOT {_either(unwanted)})" if unwanted else match), False, height + 1


def _either(matches: Iterable[str]) -> str:
    several = list(matches)
    return f"({' OR '.join(several)})" if len(several) > 1 else several[0]


def _phrase(*words: str) -> str:
    return '"' + " ".join(words).replace('"', '""') + '"'


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _published_since(expression: Expression, now: int) -> int | None:
    match expression:
        case And(terms):
            bounds = [_published_since(term, now) for term in terms]
            return max((bound for bound in bounds if bound is not None), default=None)
        case Comparison(Field.PUBLISHED, Operator.ABOVE | Operator.AT_LEAST | Operator.EQUAL, value):
            return value
        case Comparison(Field.AGE, Operator.BELOW | Operator.AT_MOST | Operator.EQUAL, value):
            return now - value
        case _:
            return None
