"""What the parameters of a feed's address ask for, in one normalized form. Pure.

    q                       an expression; of searches only
    all, any, none          tags; each may be given several times
    limit, hours            how many entries; those that surfaced within so many hours
    order, content          as in the config's feeds
    before                  what comes after an entry of the feed, by its instant and ID; alone
    archive                 a document of the feed's history, by its number; alone
    filter…, filterout…     regular expressions, as https://docs.rsshub.app/guide/parameters has them

Everything combines with *and*. What else readers and trackers add is passed over: it is neither in the
normalized form nor in the address that a feed gives for itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar
from unicodedata import combining, east_asian_width
from urllib.parse import parse_qsl, quote, urlencode

from aggregator.exceptions import ExpressionError
from aggregator.model import And, Content, Expression, Field, Not, Or, Order
from aggregator.rules import grammar
from aggregator.rules.conditions import regex_condition
from aggregator.rules.tagging import clean_tag, union

MAX_LIMIT = 1000
MAX_HOURS = 87_600
"""Ten years."""
MAX_ARCHIVE = 999_999_999
MAX_QUERY_BYTES = 16_000
"""More than an expression of `MAX_SEARCH` Chinese characters takes: nine bytes each, percent-encoded."""
MAX_PARAMETERS = 100
MAX_TAGS = 20
"""In one of `all`, `any` and `none`."""
MAX_TEXT = 500
"""Characters of a tag or a regular expression."""
MAX_SEARCH = 1_000
"""Characters of an expression, which is less than the config's may have: anybody can send one."""
MAX_SEARCH_TERMS = 50
MAX_SEARCH_DEPTH = 20

_NUMBER = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
_BEFORE = re.compile(r"([0-9]{1,18})-([0-9]{1,18})", re.ASCII)
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_LINE_ENDS = re.compile(r"\s")
_SHOWN_BEFORE, _SHOWN_AFTER = 60, 20
"""Characters that a message shows on both sides of a mistake."""

_TEXTS = (Field.TITLE, Field.SUMMARY, Field.CONTENT)
_FILTERS: Mapping[str, tuple[Field, ...]] = MappingProxyType(
    {
        "": _TEXTS,
        "_title": (Field.TITLE,),
        "_description": (Field.SUMMARY, Field.CONTENT),
        "_author": (Field.AUTHOR,),
        "_category": (Field.TAG,),
    }
)
"""What each filter looks at, by the end of its name. Tags are what published items have as categories."""
_FILTER_NAMES = tuple(f"{kind}{end}" for kind in ("filter", "filterout") for end in _FILTERS)
_TAG_NAMES = ("all", "any", "none")

Choice = TypeVar("Choice", bound=StrEnum)


class OptionsError(ValueError):
    """A parameter cannot be understood. The message is for the person who wrote it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a feed's address asks for beyond the feed; equal ones give equal documents."""

    search: str = ""
    """An expression, as `rules.grammar` writes it; empty when the feed is no search."""
    all: tuple[str, ...] = ()
    any: tuple[str, ...] = ()
    none: tuple[str, ...] = ()
    filters: tuple[tuple[str, str], ...] = ()
    """Names and regular expressions, in the order of the documentation."""
    ignore_case: bool = False
    """Whether the filters do."""
    filter_time: int | None = None
    """Seconds since publication, at most."""
    hours: int | None = None
    """Hours since an entry surfaced, at most."""
    limit: int | None = None
    order: Order | None = None
    content: Content | None = None
    before: tuple[int, int] | None = None
    """After which entry to begin: when it surfaced (ms), and its ID; then nothing else is asked for."""
    archive: int | None = None
    """The number of a document of the feed's history; then nothing else is asked for."""
    match: Expression | None = field(default=None, compare=False)
    """What search and filters say together; it follows from them."""

    @property
    def selecting(self) -> str:
        """The part of the query string that says which feed this is, whatever its length and look."""
        pairs = [("q", self.search)] if self.search else []
        pairs += [(name, tag) for name in _TAG_NAMES for tag in getattr(self, name)]
        pairs += self.filters
        pairs += [("filter_case_sensitive", "false")] if self.ignore_case else []
        pairs += [
            (name, f"{getattr(self, name)}") for name in ("filter_time", "hours") if getattr(self, name)
        ]
        return urlencode(pairs, quote_via=quote, safe="")

    @property
    def query_string(self) -> str:
        """The one spelling of these options in an address; empty when nothing is asked for."""
        pairs = [
            (name, f"{value}")
            for name in ("limit", "order", "content", "archive")
            if (value := getattr(self, name))
        ]
        pairs += [("before", "{}-{}".format(*self.before))] if self.before else []
        return "&".join(filter(None, (self.selecting, urlencode(pairs))))


PLAIN = Options()
"""Nothing beyond the feed."""


def read_options(query: bytes, *, search: bool = False) -> Options:
    """Return what a query string, as it was sent, asks for; of a search, `q` is needed.

    Raises `OptionsError`.
    """
    if not query and not search:
        return PLAIN
    given = _given(query)
    for name, options in (("archive", _archive), ("before", _before)):
        if name in given:
            if others := sorted(given.keys() - {name}):
                raise OptionsError(f"{name} stands alone, without {', '.join(others)}.")
            return options(given)
    limit = _number(given, "limit", MAX_LIMIT, "limit=20")
    hours = _number(given, "hours", MAX_HOURS, "hours=24")
    seconds = _number(given, "filter_time", MAX_HOURS * 3600, "filter_time=86400")
    tags = {name: _tags(given, name) for name in _TAG_NAMES}
    order, content = _choice(given, "order", Order), _choice(given, "content", Content)
    filters = tuple((name, text) for name in _FILTER_NAMES if (text := _one(given, name)))
    ignore_case = bool(filters) and _one(given, "filter_case_sensitive") == "false"
    terms = [_filter(name, pattern, "i" if ignore_case else "") for name, pattern in filters]
    expression = _expression(given) if search else None
    return Options(
        search="" if expression is None else grammar.written(expression),
        all=tags["all"],
        any=tags["any"],
        none=tags["none"],
        filters=filters,
        ignore_case=ignore_case,
        filter_time=seconds,
        hours=hours,
        limit=limit,
        order=order,
        content=content,
        match=conjunction([expression, *terms]),
    )


def _archive(given: Mapping[str, list[str]]) -> Options:
    return Options(archive=_number(given, "archive", MAX_ARCHIVE, "archive=3"))


def _before(given: Mapping[str, list[str]]) -> Options:
    found = _BEFORE.fullmatch(_one(given, "before") or "")
    if found is None:
        raise OptionsError("before must be as the feed itself writes it: milliseconds, a hyphen and an ID.")
    return Options(before=(int(found[1]), int(found[2])))


def conjunction(terms: Iterable[Expression | None]) -> Expression | None:
    """Return the expression that says each of these; None when there is nothing to say."""
    said = tuple(term for term in terms if term is not None)
    return And(said) if len(said) > 1 else next(iter(said), None)


def _given(query: bytes) -> dict[str, list[str]]:
    """Return the values of the parameters that we know, by name."""
    if len(query) > MAX_QUERY_BYTES:
        raise OptionsError(f"The parameters are too long: {MAX_QUERY_BYTES} bytes are read.")
    try:
        pairs = parse_qsl(
            query.decode("utf-8", "surrogateescape"),
            keep_blank_values=True,
            errors="surrogateescape",
            max_num_fields=MAX_PARAMETERS,
        )
    except ValueError as error:
        raise OptionsError(f"There are too many parameters: {MAX_PARAMETERS} are read.") from error
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        if name in _KNOWN:
            if _HALF_CHARACTER.search(value):
                raise OptionsError(f"{name} is not UTF-8 text, percent-encoded.")
            given.setdefault(name, []).append(value)
    return given


_KNOWN = frozenset(
    {"q", "limit", "hours", "order", "content", "before", "archive", "filter_time", "filter_case_sensitive"}
    | {*_TAG_NAMES, *_FILTER_NAMES}
)


def _one(given: Mapping[str, list[str]], name: str) -> str | None:
    values = given.get(name)
    if values is None:
        return None
    if len(values) > 1:
        raise OptionsError(f"{name} is given {len(values)} times; give it once.")
    if name in _FILTER_NAMES and len(values[0]) > MAX_TEXT:
        raise OptionsError(f"{name} is too long: it may have {MAX_TEXT} characters.")
    return values[0]


def _number(given: Mapping[str, list[str]], name: str, most: int, example: str) -> int | None:
    values = given.get(name)
    if values is None:
        return None
    if len(values) > 1 or not _NUMBER.fullmatch(values[0]) or int(values[0]) > most:
        raise OptionsError(f"{name} must be one whole number from 1 to {most}, as in ?{example}")
    return int(values[0])


def _choice(given: Mapping[str, list[str]], name: str, kind: type[Choice]) -> Choice | None:
    text = _one(given, name)
    try:
        return kind(text) if text else None
    except ValueError:
        known = " or ".join(kind)
        raise OptionsError(f"{name} must be {known}.") from None


def _tags(given: Mapping[str, list[str]], name: str) -> tuple[str, ...]:
    tags = union(map(clean_tag, given.get(name, ())))
    if len(tags) > MAX_TAGS or any(len(tag) > MAX_TEXT for tag in tags):
        raise OptionsError(f"{name} may be given {MAX_TAGS} times, each with up to {MAX_TEXT} characters.")
    return tuple(sorted(tags))


def _filter(name: str, pattern: str, flags: str) -> Expression:
    kind, _, end = name.partition("_")
    fields = _FILTERS[f"_{end}" if end else ""]
    try:
        terms = tuple(regex_condition(field, pattern, flags) for field in fields)
    except ValueError as error:
        raise OptionsError(f"{name}: {error}") from error
    found: Expression = Or(terms) if len(terms) > 1 else terms[0]
    return found if kind == "filter" else Not(found)


def _expression(given: Mapping[str, list[str]]) -> Expression:
    text = _one(given, "q")
    if not text or not text.strip():
        raise OptionsError(
            "A search needs an expression in q, percent-encoded:\n"
            "    ?q=title%3Ajapan%20and%20not%20tag%3Asport\n"
            "    stands for: title:japan and not tag:sport"
        )
    try:
        return grammar.parse(
            text, max_length=MAX_SEARCH, max_terms=MAX_SEARCH_TERMS, max_depth=MAX_SEARCH_DEPTH
        )
    except ExpressionError as error:
        raise OptionsError(f"q cannot be read, {error}\n{_pointed_at(text, error.column)}") from error


def _pointed_at(text: str, column: int) -> str:
    """Return the text around a column (from 1), and below it a caret that points at it."""
    at = column - 1
    before = _LINE_ENDS.sub(" ", text[max(0, at - _SHOWN_BEFORE) : at])
    after = _LINE_ENDS.sub(" ", text[at : at + _SHOWN_AFTER])
    return f"    {before}{after}\n    {' ' * sum(map(_width, before))}^"


def _width(character: str) -> int:
    """Return how many cells of a line a character takes."""
    if combining(character):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1
