"""What each table of the config may hold: the only importer of pydantic.

A table that is not given, and a key that is not given, stay unset here: defaults live in the data types that
the config is made of.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, PlainValidator, ValidationError
from pydantic_core import ErrorDetails

from aggregator.config import selectors, urls
from aggregator.config.environment import Override
from aggregator.config.problems import Place, Problem, Refused, pointed, suggestion, unlike
from aggregator.exceptions import ExpressionError
from aggregator.rules.grammar import parse as parse_expression
from aggregator.rules.tagging import clean_tag, union
from aggregator.units import parse_duration, parse_size

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_SLUG = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FIELD_VALUE = re.compile(r"[\x21-\x7e]([\x20-\x7e\t]*[\x21-\x7e])?")
_OWN_HEADERS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "if-modified-since",
        "if-none-match",
        "range",
        "transfer-encoding",
    }
)
"""Set for each request by what makes it; another value would break polling or reading the answer."""


def plain(text: str) -> str:
    """Return a text of one line, maybe empty. Raises `ValueError` when it holds control characters."""
    if _CONTROL.search(text):
        raise ValueError("text without control characters")
    return text


def _named(text: str) -> str:
    if not text.strip() or _CONTROL.search(text):
        raise ValueError("text that is not empty and has no control characters")
    return text.strip()


def _paragraphs(text: str) -> str:
    plain(re.sub(r"[\r\n\t]", " ", text))
    return text.strip()


def _tag(text: str) -> str:
    tag = clean_tag(text)
    if not tag or _CONTROL.search(text.strip()):
        raise ValueError("a tag: text that is not empty and has no control characters")
    return tag


def _once(texts: list[str]) -> list[str]:
    return list(union(texts))


def _slug(text: str) -> str:
    if not _SLUG.fullmatch(text):
        raise ValueError('a slug of letters (a-z), digits, "-", "_" and ".", not beginning with a dot')
    return text


def _language(text: str) -> str:
    if not _LANGUAGE.fullmatch(text):
        raise ValueError('a language tag such as "en" or "zh-Hant"')
    return text


def _contact(text: str) -> str:
    if not _FIELD_VALUE.fullmatch(text):
        raise ValueError("a URL or mail address in ASCII: it is sent in a header")
    return text


def _secret(text: str) -> str:
    if not text.strip() or _CONTROL.search(text):
        raise ValueError("text that is not empty and has no control characters")
    return text


def _expression(text: str) -> str:
    try:
        parse_expression(text)
    except ExpressionError as error:
        raise Refused(pointed(text, error)) from None
    return text


def _user(text: str) -> str:
    if not text or ":" in text or _CONTROL.search(text):  # RFC 7617, section 2
        raise ValueError("a user's name that is not empty and has no colon and no control characters")
    return text


def _header_name(text: str) -> str:
    if not _TOKEN.fullmatch(text):  # RFC 9110, section 5.1
        raise ValueError("a header's name of ASCII letters, digits and hyphens")
    if text.lower() in _OWN_HEADERS:
        raise Refused("this header is set for each request and cannot be configured")
    return text


def _header_value(text: str) -> str:
    if not _FIELD_VALUE.fullmatch(text):  # RFC 9110, section 5.5; line breaks would add headers of their own
        raise ValueError("one line of visible ASCII characters, without white space around it")
    return text


def _headers(headers: dict[str, str]) -> dict[str, str]:
    if len({name.lower() for name in headers}) < len(headers):
        raise Refused("a header is given twice: capitals make no difference in headers' names")
    return headers


def _duration(least: str, most: str) -> PlainValidator:
    return _measure(parse_duration, least, most)


def _interval(value: object) -> int | Literal["auto"]:
    if value == "auto":
        return "auto"
    try:
        return _interval_span(value)
    except ValueError as error:
        raise ValueError(f'"auto" or {error}') from None


def _size(least: str, most: str) -> PlainValidator:
    return _measure(parse_size, least, most)


def _measure(parse: Callable[[str], int], least: str, most: str) -> PlainValidator:
    return PlainValidator(_within(parse, least, most))


def _within(parse: Callable[[str], int], least: str, most: str) -> Callable[[object], int]:
    minimum, maximum = parse(least), parse(most)

    def check(value: object) -> int:
        amount = parse(value if isinstance(value, str) else "")
        if not minimum <= amount <= maximum:
            kind = "a duration" if parse is parse_duration else "a size"
            raise ValueError(f'{kind} from "{least}" to "{most}"')
        return amount

    return check


_interval_span = _within(parse_duration, "1s", "365d")


def _whole(least: int, most: int) -> PlainValidator:
    def check(value: object) -> int:
        if isinstance(value, Override) and re.fullmatch("[0-9]{1,12}", value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return value

    return PlainValidator(check)


def _flag(value: object) -> object:
    if isinstance(value, Override):
        return {"true": True, "1": True, "false": False, "0": False}.get(value.lower(), value)
    return value


_Interval = Annotated[int | Literal["auto"], PlainValidator(_interval)]
_Text = Annotated[str, AfterValidator(_named)]
_Secret = Annotated[str, AfterValidator(_secret)]
_Expression = Annotated[str, AfterValidator(_expression)]
_Flag = Annotated[bool, BeforeValidator(_flag)]
_Tags = Annotated[list[Annotated[str, AfterValidator(_tag)]], AfterValidator(_once)]
_Names = Annotated[list[_Text], AfterValidator(_once)]
_Headers = Annotated[
    dict[Annotated[str, AfterValidator(_header_name)], Annotated[str, AfterValidator(_header_value)]],
    AfterValidator(_headers),
]


_Elements = Annotated[str, AfterValidator(selectors.of_elements)]
_Part = Annotated[str, AfterValidator(selectors.of_part)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ServiceTable(_Table):
    """The `[service]` table."""

    base_url: Annotated[str, AfterValidator(urls.base_url)] | None = None
    bind: Annotated[str, AfterValidator(urls.bind_address)] | None = None
    database: _Text | None = None
    title: _Text | None = None
    token: _Secret | None = None
    token_file: _Text | None = None
    contact: Annotated[str, AfterValidator(_contact)] | None = None


class PollingTable(_Table):
    """The `[polling]` table."""

    interval: _Interval | None = None
    min_interval: Annotated[int, _duration("1s", "365d")] | None = None
    max_interval: Annotated[int, _duration("1s", "365d")] | None = None
    host_gap: Annotated[int, _duration("0s", "1h")] | None = None
    concurrency: Annotated[int, _whole(1, 500)] | None = None
    timeout: Annotated[int, _duration("100ms", "1h")] | None = None
    max_size: Annotated[int, _size("1 B", "1 GiB")] | None = None
    allow_private: list[Annotated[str, AfterValidator(urls.network)]] | None = None
    max_backoff: Annotated[int, _duration("1s", "365d")] | None = None
    proxy: Annotated[str, AfterValidator(urls.proxy_url)] | None = None
    parse_timeout: Annotated[int, _duration("100ms", "1h")] | None = None
    parse_memory: Annotated[int, _size("64 MiB", "64 GiB")] | None = None
    parse_workers: Annotated[int, _whole(1, 64)] | None = None


class StoriesTable(_Table):
    """The `[stories]` table."""

    dedupe: Literal["url", "similar", "off"] | None = None
    backfill_after: Annotated[int, _duration("0s", "36500d")] | None = None


class SelectorsTable(_Table):
    """The `selectors` of a source."""

    item: _Elements
    title: _Part | None = None
    link: _Part | None = None
    date: _Part | None = None
    content: _Part | None = None


class SourceTable(_Table):
    """One `[[sources]]` table."""

    name: _Text
    url: Annotated[str, AfterValidator(urls.source_url)]
    tags: _Tags | None = None
    interval: _Interval | None = None
    min_interval: Annotated[int, _duration("1s", "365d")] | None = None
    max_interval: Annotated[int, _duration("1s", "365d")] | None = None
    timeout: Annotated[int, _duration("100ms", "1h")] | None = None
    max_size: Annotated[int, _size("1 B", "1 GiB")] | None = None
    headers: _Headers | None = None
    user: Annotated[str, AfterValidator(_user)] | None = None
    password: Annotated[str, AfterValidator(plain)] | None = None
    password_file: _Text | None = None
    categories: Literal["keep", "ignore"] | None = None
    enabled: _Flag | None = None
    kind: Literal["feed", "html"] | None = None
    selectors: SelectorsTable | None = None
    full_text: _Flag | None = None
    selector: _Elements | None = None


class SubscriptionTable(_Table):
    """One `[[subscriptions]]` table."""

    url: Annotated[str, AfterValidator(urls.source_url)]
    tags: _Tags | None = None
    interval: Annotated[int, _duration("1s", "365d")] | None = None
    limit: Annotated[int, _whole(1, 10_000)] | None = None


class RuleTable(_Table):
    """One `[[rules]]` table."""

    name: _Text | None = None
    match: _Expression
    add: _Tags | None = None
    remove: _Tags | None = None
    set: _Tags | None = None
    drop: _Flag | None = None
    stop: _Flag | None = None


class FeedTable(_Table):
    """One `[[feeds]]` table."""

    slug: Annotated[str, AfterValidator(_slug)]
    title: _Text
    description: Annotated[str, AfterValidator(_paragraphs)] | None = None
    language: Annotated[str, AfterValidator(_language)] | None = None
    any: _Tags | None = None
    all: _Tags | None = None
    none: _Tags | None = None
    sources: _Names | None = None
    limit: Annotated[int, _whole(1, 10_000)] | None = None
    window: Annotated[int, _duration("0s", "3650d")] | None = None
    match: _Expression | None = None
    icon: Annotated[str, AfterValidator(urls.source_url)] | None = None
    order: Literal["surfaced", "published"] | None = None
    content: Literal["full", "summary", "none"] | None = None
    max_age: Annotated[int, _duration("1m", "36500d")] | None = None
    per_source: Annotated[int, _whole(1, 10_000)] | None = None
    digest: Literal["daily", "weekly"] | None = None
    token: _Secret | None = None
    token_file: _Text | None = None


class Tables(_Table):
    """The whole document."""

    service: ServiceTable = ServiceTable()
    polling: PollingTable = PollingTable()
    stories: StoriesTable = StoriesTable()
    sources: list[SourceTable] = []
    subscriptions: list[SubscriptionTable] = []
    rules: list[RuleTable] = []
    feeds: list[FeedTable] = []


PLAIN_TABLES: Mapping[str, tuple[str, ...]] = {
    "service": tuple(ServiceTable.model_fields),
    "polling": tuple(PollingTable.model_fields),
    "stories": tuple(StoriesTable.model_fields),
}
"""The keys of each `[table]`."""

ARRAY_TABLES: Mapping[str, tuple[str, ...]] = {
    "sources": tuple(SourceTable.model_fields),
    "subscriptions": tuple(SubscriptionTable.model_fields),
    "rules": tuple(RuleTable.model_fields),
    "feeds": tuple(FeedTable.model_fields),
}
"""The keys of each `[[table]]`."""

_KINDS = {
    "string_type": "text in quotes",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
}


def given(table: BaseModel) -> dict[str, Any]:
    """Return the keys that the config gives, with checked values; lists as tuples."""
    values = {key: getattr(table, key) for key in table.model_fields_set}
    return {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}


def check(document: Mapping[str, Any]) -> Tables | list[Problem]:
    """Return the tables of a document, or everything that is wrong with single values of it."""
    try:
        return Tables.model_validate(document)
    except ValidationError as error:
        details = error.errors(include_url=False)
    return [_problem(detail) for detail in details]


def _problem(error: ErrorDetails) -> Problem:
    place: Place = tuple(step for step in error["loc"] if step != "[key]")
    message = _refusal(error, place)
    if message is not None:
        return Problem(place, message)
    return unlike(_expectation(error, place), error["input"], place)


def _refusal(error: ErrorDetails, place: Place) -> str | None:
    """Return the message of a problem that is no matter of what was expected and what was found."""
    match error["type"]:
        case "value_error" if isinstance(error["ctx"]["error"], Refused):
            return str(error["ctx"]["error"])
        case "extra_forbidden":
            return _unknown(place, error["input"])
        case "missing":
            return "is missing"
        case "list_type" if isinstance(error["input"], Override):
            return "is no single value: it can be set in the config file only"
        case "dict_type" if isinstance(error["input"], Override):
            return "is no single value: put the header's name behind it, as in …__HEADERS__X_API_KEY"
    return None


def _expectation(error: ErrorDetails, place: Place) -> str:
    match error["type"]:
        case "value_error":
            return str(error["ctx"]["error"])
        case "list_type" if len(place) == 1:
            return f"tables that begin with [[{place[0]}]]"
        case "literal_error":
            return str(error["ctx"]["expected"]).replace("'", '"')
        case kind:
            return _KINDS.get(kind, error["msg"])


def _unknown(place: Place, value: object) -> str:
    table, *_, key = (*place, place[-1])
    keys = {**PLAIN_TABLES, **ARRAY_TABLES}
    if place[2:3] == ("selectors",) and len(place) > 3:  # noqa: PLR2004 - a key within that table
        return f"unknown key{suggestion(str(key), SelectorsTable.model_fields)}"
    if len(place) > 1:
        return f"unknown key{suggestion(str(key), keys[str(table)])}"
    kind = "table" if isinstance(value, dict | list) else "key outside of any table"
    return f"unknown {kind}{suggestion(str(key), keys)}"
