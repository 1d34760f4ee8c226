"""What single values of a config cannot show: names given twice, half a login, waits that cross; pure.

Works on the document as it was read, so that these problems are found beside wrong values.
"""

from __future__ import annotations

import os.path
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from aggregator.config.environment import Override
from aggregator.config.problems import Place, Problem, show, suggestion
from aggregator.config.urls import same_document
from aggregator.rules.tagging import clean_tag
from aggregator.units import parse_duration

_ACTIONS = ("add", "remove", "set", "drop", "stop")
"""What a rule can do."""

_OF_KIND: Mapping[str, tuple[str, ...]] = {
    "jekyll": ("base_url",),
    "site": ("style", "update", "any", "all", "none", "sources", "match"),
}
"""Keys of archives that belong to the other kind."""

BOUNDS: Mapping[str, str] = {"min_interval": "15m", "max_interval": "1d"}
"""The bounds of an adaptive pace where the config says nothing."""


def check(document: Mapping[str, Any]) -> list[Problem]:
    """Return what is wrong between the tables and keys of a document."""
    return [
        *_repeated(document, "sources", "name", clean_tag, "each source needs a name of its own"),
        *_repeated(document, "sources", "url", same_document, "each source needs a URL of its own"),
        *_repeated(document, "feeds", "slug", str, "each feed needs a slug of its own"),
        *_repeated(document, "subscriptions", "url", same_document, "each list needs a URL of its own"),
        *_repeated_rules(document),
        *_idle_rules(document),
        *_rival_tokens(document),
        *_unknown_sources(document),
        *_half_logins(document),
        *_half_pages(document),
        *_idle_bounds(document),
        *_crossed_bounds(document),
        *_repeated(document, "archives", "folder", _folder, "each archive needs a folder of its own"),
        *_idle_archive_keys(document),
        *_missing_backup_folder(document),
    ]


def tables_of(document: Mapping[str, Any], array: str) -> list[tuple[int, Mapping[str, Any]]]:
    """Return the tables of an array with their index; what is no table is left out."""
    content = document.get(array)
    tables = content if isinstance(content, list) else []
    return [(index, table) for index, table in enumerate(tables) if isinstance(table, Mapping)]


def secret_files(document: Mapping[str, Any]) -> Iterable[tuple[Place, str, str]]:
    """Yield the keys that name files with secrets: their places, the files, and what is in these."""
    service = document.get("service")
    tables: list[tuple[Place, Mapping[str, Any], str]] = [
        *((("sources", index), table, "password") for index, table in tables_of(document, "sources")),
        *((("feeds", index), table, "token") for index, table in tables_of(document, "feeds")),
    ]
    if isinstance(service, Mapping):
        tables.append((("service",), service, "token"))
    for place, table, what in tables:
        name = table.get(f"{what}_file")
        if isinstance(name, str) and name.strip() and "\0" not in name:  # else the schema says what is wrong
            yield (*place, f"{what}_file"), name, what


def rule_name(number: int) -> str:
    """Return the name of a rule that has none in the config; it is the so-and-so-many-th, from 1."""
    return f"rule {number}"


def wants_full_text(source: Mapping[str, Any]) -> bool:
    """Whether a source's table says `full_text = true`, in the file or from the environment."""
    said = source.get("full_text")
    return said is True or (isinstance(said, Override) and said.lower() in {"true", "1"})


def _repeated(
    document: Mapping[str, Any], array: str, key: str, alike: Callable[[str], str | None], rule: str
) -> Iterable[Problem]:
    first: dict[str, int] = {}
    for index, table in tables_of(document, array):
        value = table.get(key)
        form = alike(value) if isinstance(value, str) else None
        if not form:
            continue
        if first.setdefault(form, index) != index:
            message = f"{show(value)} is also that of [[{array}]] #{first[form] + 1}; {rule}"
            yield Problem((array, index, key), message)


def _repeated_rules(document: Mapping[str, Any]) -> Iterable[Problem]:
    first: dict[str, int] = {}
    for index, rule in tables_of(document, "rules"):
        name = rule.get("name", rule_name(index + 1))
        if isinstance(name, str) and first.setdefault(name.strip(), index) != index:
            message = f"{show(name)} is also that of [[rules]] #{first[name.strip()] + 1}; each needs its own"
            yield Problem(("rules", index, "name"), message)


def _idle_rules(document: Mapping[str, Any]) -> Iterable[Problem]:
    for index, rule in tables_of(document, "rules"):
        if not any(key in rule for key in _ACTIONS):
            yield Problem(("rules", index), f"does nothing: give it one of {', '.join(_ACTIONS)}")
        if "set" in rule:
            for key in ("add", "remove"):
                if key in rule:
                    message = 'cannot stand beside "set", which says all of the tags'
                    yield Problem(("rules", index, key), message)


def _rival_tokens(document: Mapping[str, Any]) -> Iterable[Problem]:
    service = document.get("service")
    tables: list[tuple[Place, Mapping[str, Any]]] = [
        (("feeds", index), table) for index, table in tables_of(document, "feeds")
    ]
    if isinstance(service, Mapping):
        tables.append((("service",), service))
    for place, table in tables:
        if "token" in table and "token_file" in table:
            yield Problem((*place, "token_file"), 'cannot stand beside "token": keep one of them')


def _unknown_sources(document: Mapping[str, Any]) -> Iterable[Problem]:
    names = {
        clean_tag(table["name"])
        for _, table in tables_of(document, "sources")
        if isinstance(table.get("name"), str)
    }
    for array in ("feeds", "archives"):
        for index, table in tables_of(document, array):
            wanted = table.get("sources")
            for number, name in enumerate(wanted if isinstance(wanted, list) else []):
                if isinstance(name, str) and name.strip() and clean_tag(name) not in names:
                    message = f"there is no source named {show(name)}{suggestion(name, names)}"
                    yield Problem((array, index, "sources", number), message)


def _folder(name: str) -> str | None:
    return os.path.normpath(name.strip()) if name.strip() else None


def _idle_archive_keys(document: Mapping[str, Any]) -> Iterable[Problem]:
    """Yield the keys of archives that do nothing for their kind."""
    for index, archive in tables_of(document, "archives"):
        kind = archive.get("kind", "jekyll")
        for key in filter(archive.__contains__, _OF_KIND.get(kind, ()) if isinstance(kind, str) else ()):
            other = "site" if kind == "jekyll" else "jekyll"
            yield Problem(("archives", index, key), f'needs kind = "{other}"')


def _missing_backup_folder(document: Mapping[str, Any]) -> Iterable[Problem]:
    backup = document.get("backup")
    if isinstance(backup, Mapping) and backup and "folder" not in backup:
        yield Problem(("backup", "folder"), "is missing")


def _half_logins(document: Mapping[str, Any]) -> Iterable[Problem]:
    for index, source in tables_of(document, "sources"):
        secrets = [key for key in ("password", "password_file") if key in source]
        if "user" in source and not secrets:
            yield Problem(("sources", index, "user"), 'needs "password" or "password_file" beside it')
        if secrets and "user" not in source:
            yield Problem(("sources", index, secrets[0]), 'needs "user" beside it')
        if len(secrets) > 1:
            yield Problem(
                ("sources", index, "password_file"), 'cannot stand beside "password": keep one of them'
            )
        headers = source.get("headers")
        names = {str(name).lower() for name in headers} if isinstance(headers, Mapping) else set()
        if "user" in source and "authorization" in names:
            message = 'an Authorization header cannot stand beside "user": keep one of them'
            yield Problem(("sources", index, "headers"), message)


def _half_pages(document: Mapping[str, Any]) -> Iterable[Problem]:
    for index, source in tables_of(document, "sources"):
        kind = source.get("kind", "feed")
        is_page = kind == "html"
        if is_page and "selectors" not in source:
            example = 'selectors = { item = "article" }'
            yield Problem(
                ("sources", index, "kind"), f'"html" needs "selectors" beside it, such as {example}'
            )
        if "selectors" in source and kind == "feed":  # another word is complained of itself
            yield Problem(("sources", index, "selectors"), 'needs kind = "html" beside it')
        if "selector" in source and not wants_full_text(source):
            yield Problem(("sources", index, "selector"), "needs full_text = true beside it")


def _idle_bounds(document: Mapping[str, Any]) -> Iterable[Problem]:
    for index, source in tables_of(document, "sources"):
        if not _is_adaptive(document, source):
            for key in filter(source.__contains__, BOUNDS):
                yield Problem(("sources", index, key), 'needs interval = "auto" beside it')


def _crossed_bounds(document: Mapping[str, Any]) -> Iterable[Problem]:
    """Yield the tables whose longest wait, given or inherited, is shorter than the shortest one."""
    polling = _polling(document)
    yield from _crossed(("polling",), polling, {})
    for index, source in tables_of(document, "sources"):
        if _is_adaptive(document, source):
            yield from _crossed(("sources", index), source, polling)


def _crossed(place: Place, table: Mapping[str, Any], inherited: Mapping[str, Any]) -> Iterable[Problem]:
    given = [key for key in BOUNDS if key in table]
    bounds = {key: table.get(key, inherited.get(key, usual)) for key, usual in BOUNDS.items()}
    least, most = (_milliseconds(bounds[key]) for key in BOUNDS)
    if not given or least is None or most is None or least <= most:
        return
    key = given[0]
    other = next(name for name in BOUNDS if name != key)
    comparison = "longer" if key == "min_interval" else "shorter"
    origin = "" if other in table else " (set it, too)"
    message = f"{show(bounds[key])} is {comparison} than {other}, which is {show(bounds[other])}{origin}"
    yield Problem((*place, key), message)


def _is_adaptive(document: Mapping[str, Any], source: Mapping[str, Any]) -> bool:
    return bool(source.get("interval", _polling(document).get("interval")) == "auto")


def _polling(document: Mapping[str, Any]) -> Mapping[str, Any]:
    table = document.get("polling")
    return table if isinstance(table, Mapping) else {}


def _milliseconds(value: object) -> int | None:
    """Return a span of time; None for what is none, as the schema says."""
    try:
        return parse_duration(value) if isinstance(value, str) else None
    except ValueError:
        return None
