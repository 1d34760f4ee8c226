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

from aggregator.config import selectors, texts, urls
from aggregator.config.environment import Override
from aggregator.config.problems import Place, Problem, Refused, suggestion, unlike
from aggregator.units import parse_duration, parse_size


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
_Text = Annotated[str, AfterValidator(texts.named)]
_Secret = Annotated[str, AfterValidator(texts.secret)]
_Expression = Annotated[str, AfterValidator(texts.expression)]
_Flag = Annotated[bool, BeforeValidator(_flag)]
_Tags = Annotated[list[Annotated[str, AfterValidator(texts.tag)]], AfterValidator(texts.once)]
_Names = Annotated[list[_Text], AfterValidator(texts.once)]
_Headers = Annotated[
    dict[
        Annotated[str, AfterValidator(texts.header_name)], Annotated[str, AfterValidator(texts.header_value)]
    ],
    AfterValidator(texts.headers),
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
    contact: Annotated[str, AfterValidator(texts.contact)] | None = None


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
    user: Annotated[str, AfterValidator(texts.user)] | None = None
    password: Annotated[str, AfterValidator(texts.plain)] | None = None
    password_file: _Text | None = None
    categories: Literal["keep", "ignore"] | None = None
    enabled: _Flag | None = None
    kind: Literal["feed", "html"] | None = None
    selectors: SelectorsTable | None = None
    full_text: _Flag | None = None
    selector: _Elements | None = None
    max_age: Annotated[int, _duration("1m", "36500d")] | None = None
    max_entries: Annotated[int, _whole(1, 1_000_000_000)] | None = None


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

    slug: Annotated[str, AfterValidator(texts.slug)]
    title: _Text
    description: Annotated[str, AfterValidator(texts.paragraphs)] | None = None
    language: Annotated[str, AfterValidator(texts.language)] | None = None
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


class ArchiveTable(_Table):
    """One `[[archives]]` table."""

    folder: _Text
    kind: Literal["jekyll", "site"] | None = None
    style: Literal["safe", "legacy"] | None = None
    any: _Tags | None = None
    all: _Tags | None = None
    none: _Tags | None = None
    sources: _Names | None = None
    match: _Expression | None = None
    update: _Flag | None = None
    commit: _Flag | None = None
    interval: Annotated[int, _duration("1s", "365d")] | None = None
    base_url: Annotated[str, AfterValidator(urls.base_url)] | None = None


class RetentionTable(_Table):
    """The `[retention]` table."""

    max_age: Annotated[int, _duration("1m", "36500d")] | None = None
    max_entries: Annotated[int, _whole(1, 1_000_000_000)] | None = None
    per_source: Annotated[int, _whole(1, 1_000_000_000)] | None = None
    keep_tags: _Tags | None = None
    keep: _Expression | None = None


class BackupTable(_Table):
    """The `[backup]` table."""

    folder: _Text | None = None
    interval: Annotated[int, _duration("1s", "365d")] | None = None
    keep: Annotated[int, _whole(1, 10_000)] | None = None


class Tables(_Table):
    """The whole document."""

    service: ServiceTable = ServiceTable()
    polling: PollingTable = PollingTable()
    stories: StoriesTable = StoriesTable()
    retention: RetentionTable = RetentionTable()
    backup: BackupTable = BackupTable()
    sources: list[SourceTable] = []
    subscriptions: list[SubscriptionTable] = []
    rules: list[RuleTable] = []
    feeds: list[FeedTable] = []
    archives: list[ArchiveTable] = []


PLAIN_TABLES: Mapping[str, tuple[str, ...]] = {
    "service": tuple(ServiceTable.model_fields),
    "polling": tuple(PollingTable.model_fields),
    "stories": tuple(StoriesTable.model_fields),
    "retention": tuple(RetentionTable.model_fields),
    "backup": tuple(BackupTable.model_fields),
}
"""The keys of each `[table]`."""

ARRAY_TABLES: Mapping[str, tuple[str, ...]] = {
    "sources": tuple(SourceTable.model_fields),
    "subscriptions": tuple(SubscriptionTable.model_fields),
    "rules": tuple(RuleTable.model_fields),
    "feeds": tuple(FeedTable.model_fields),
    "archives": tuple(ArchiveTable.model_fields),
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
