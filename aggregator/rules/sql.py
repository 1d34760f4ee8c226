"""Expression → SQL over the search index: an upper bound of what it means, most often exact. Pure.

    Expression ─► negations moved to the leaves ─► per leaf: query of the full-text index, or SQL, or no bound
        ─► parts for the full-text index put together, as far as they reach ─► Condition

The index: `search_text`, a full-text table of FTS5 whose tokens are those of `rules.folding` and
`rules.labels`, and `search_entries` (called f here), a row of facts for each entry under the
same number, `seq`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

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
from aggregator.rules.subject import MAX_TEXT, needle, searchable

Parameter = str | int

_COLUMNS = {Field.ANY: "", Field.TITLE: "title : ", Field.AUTHOR: "authors : "} | {
    name: f"{name} : " for name in (Field.SUMMARY, Field.CONTENT)
}
"""Where the full-text index has the words of a field."""

_LABELS = {
    Field.TAG: tag_label,
    Field.CATEGORY: category_label,
    Field.DOMAIN: domain_label,
    Field.LANG: language_label,
}
_STEPS = {Field.DOMAIN: ".", Field.LANG: "-"}
"""Between the parts of which the index has a bounded number."""

_NUMBERS = {
    Field.AGE: ":now - f.dated",
    Field.PUBLISHED: "f.dated",
    Field.WORDS: "f.words",
    Field.ID: "f.entry_id",
}

HOLDS_MATCH = "holds_match"
"""The SQL function of that name is to be this module's."""

_MAX_HEIGHT = 8
"""Parts within parts of one full-text query: the stack of FTS5's parser has an end."""

_MAX_DEPTH = 20
"""Parentheses within each other in SQL, for the same reason."""

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
    """SQL over f that they all meet as well. `:lo` and `:hi` in it are the range of `seq` to look in."""
    params: Mapping[str, Parameter]
    exact: bool
    """Whether all that meet both meet the expression; else they are to be looked at."""
    is_ranged: bool
    """Whether `where` mentions `:lo` and `:hi`: it has full-text queries of its own."""
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
    """Return what SQL can say of an expression at the instant `now` (ms); `sources` are names by ID."""
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
        is_ranged=":lo" in bound.where,
        published_since=_published_since(expression, now),
    )


def holds_match(pattern: str, flags: str, text: str) -> bool:
    """Return whether a text holds a match of a regular expression: in SQL, the function `HOLDS_MATCH`."""
    return any(map(regex(pattern, flags).matches, searchable((text,))))


@dataclass(slots=True)
class _Builder:
    sources: Mapping[int, str]
    params: dict[str, Parameter] = field(default_factory=dict)

    def bound(self, expression: Expression, *, negated: bool) -> _Bound:
        match expression:
            case Not(term):
                return self.bound(term, negated=not negated)
            case And(terms) | Or(terms):
                bounds = [self.bound(term, negated=negated) for term in terms]
                is_all = isinstance(expression, And) is not negated
                return _shallow(self._all(bounds) if is_all else self._any(bounds))
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
        if term.field in _COLUMNS:
            return self._words(term, wanted)
        if term.field is Field.URL:
            return _Bound(where=f"instr(f.urls, {self._add(wanted)}) > 0")
        if term.field is Field.SOURCE:
            return self._sources(number for number, name in self.sources.items() if wanted in fold(name))
        if term.field not in _LABELS or wanted.count(_STEPS.get(term.field, "\0")) > MAX_STEPS:
            return _UNBOUND
        return _Bound(match=_phrase(_LABELS[term.field](wanted.strip("\n"))) + " *" * term.prefix)

    def _words(self, term: Text, folded: str) -> _Bound:
        if len(folded) > _MAX_WORDS:
            return _UNBOUND
        words = folded.split()
        if term.prefix and len(words[-1]) < _SHORT and words[-1].isascii() and words[-1].isalnum():
            # Everything begins with a letter: what stands before it narrows enough, or nothing does.
            return (
                _Bound(match=_COLUMNS[term.field] + _phrase(*words[:-1]), exact=False)
                if words[1:]
                else _UNBOUND
            )
        return _Bound(match=_COLUMNS[term.field] + _phrase(*words) + " *" * term.prefix)

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
        match term.field:
            case Field.SOURCE:
                ids = (
                    number
                    for number, name in self.sources.items()
                    if holds_match(term.pattern, term.flags, name)
                )
                return self._sources(ids)
            case Field.TITLE:
                of_title = self._holds_match(term, f"substr(title, 1, {MAX_TEXT})")
                return _Bound(where=f"(SELECT {of_title} FROM entries WHERE id = f.entry_id)")  # noqa: S608 - names of parameters
            case Field.TAG:
                of_tag = self._holds_match(term, "tag")
                return _Bound(
                    where=f"EXISTS (SELECT 1 FROM entry_tags WHERE entry_id = f.entry_id AND {of_tag})"  # noqa: S608 - names of parameters
                )
            case _:
                return _UNBOUND

    def _holds_match(self, term: Pattern, column: str) -> str:
        return f"{HOLDS_MATCH}({self._add(term.pattern)}, {self._add(term.flags)}, {column})"

    def _add(self, value: Parameter) -> str:
        name = f"q{len(self.params)}_"
        self.params[name] = value
        return f":{name}"


def _shallow(bound: _Bound) -> _Bound:
    """Return a bound that SQLite can read; what is too deep in parentheses is left to the predicate."""
    depth = deepest = 0
    for character in bound.where:
        depth += (character == "(") - (character == ")")
        deepest = max(deepest, depth)
    return replace(bound, where="", exact=False) if deepest > _MAX_DEPTH else bound


def _opposite(bound: _Bound) -> _Bound:
    if not bound.exact:
        return _UNBOUND
    if bound.match:  # a leaf has one of the two
        return _Bound(match=bound.match, negated=not bound.negated, height=bound.height)
    return _Bound() if bound == _NOTHING else _Bound(where=f"NOT ({bound.where})")


def _conjunction(bounds: Collection[_Bound]) -> tuple[str, bool, int]:
    """Return the full-text query that all of these are together, whether it is negated, and its height."""
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
