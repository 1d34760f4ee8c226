"""Environment variables that stand in for keys of the config file.

`AGGREGATOR_SERVICE__BIND` is `bind` in `[service]`; `AGGREGATOR_SOURCES__0__PASSWORD` is `password` in the
first `[[sources]]`, and `AGGREGATOR_SOURCES__0__HEADERS__X_API_KEY` its header `X-Api-Key`. Names without
`__` are somebody else's (`AGGREGATOR_CONFIG`, or what container platforms make of a service's name:
`AGGREGATOR_SERVICE_HOST`) and left alone, unless they are those of a key but for an underscore.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from aggregator.config.problems import Place, Problem, show, suggestion

_PREFIX = "AGGREGATOR_"
_RIVALS = {
    "password": "password_file",
    "password_file": "password",
    "token": "token_file",
    "token_file": "token",
}
"""Keys of which a table has one or the other: the environment's takes the place of either."""
_HEADERS = "headers"
"""The key that holds a table of its own, of which the environment can set single ones."""

Keys = Mapping[str, Collection[str]]
"""Tables' names, with the keys of each."""


class Override(str):
    """A value from the environment: text that stands for the key's own type."""

    __slots__ = ()


def override(
    document: dict[str, Any],
    environ: Mapping[str, str],
    *,
    tables: Keys,
    arrays: Keys,
) -> tuple[dict[Place, str], list[Problem]]:
    """Put the environment's values into `document`; return where each went, and what is wrong with the names.

    `tables` and `arrays` give the keys of each plain and each `[[array]]` table. Values are not checked here.
    """
    places: dict[Place, str] = {}
    problems: list[Problem] = []
    for name in sorted(environ):
        if not name.startswith(_PREFIX):
            continue
        if "__" not in name:
            if meant := _meant(name.removeprefix(_PREFIX), tables, arrays):
                message = (
                    f"unknown variable: parts stand two underscores apart; did you mean {_PREFIX}{meant}?"
                )
                problems.append(Problem((), message, name))
            continue
        try:
            place = _place(name.removeprefix(_PREFIX), tables, arrays)
            table = _table_at(document, place)
        except LookupError as error:
            problems.append(Problem((), str(error.args[0]), name))
            continue
        if table is not None:
            place = _as_spelled_in(table, place)
            table[str(place[-1])] = Override(environ[name])
        places[place] = name
    _drop_rivals(document, places)
    return places, problems


def _meant(path: str, tables: Keys, arrays: Keys) -> str | None:
    """Return the name that a name with single underscores stands for; None when it is that of no key."""
    for table, keys in tables.items():
        for key in keys:
            if path.lower() == f"{table}_{key}":
                return f"{table}__{key}".upper()
    for table, keys in arrays.items():
        found = re.fullmatch(f"{table}_([0-9]+)_(?:({'|'.join(keys)})|{_HEADERS}_(.+))", path.lower())
        if found is not None and (found[2] or _HEADERS in keys):
            key = found[2] or f"{_HEADERS}__{found[3]}"
            return f"{table}__{found[1]}__{key}".upper()
    return None


def _place(path: str, tables: Keys, arrays: Keys) -> Place:
    if path != path.upper():
        raise LookupError("unknown variable: its name is written in capitals")
    table, *rest = path.lower().split("__")
    if table not in tables and table not in arrays:
        raise LookupError(
            f"unknown variable: there is no table {show(table)}{suggestion(table, {*tables, *arrays})}"
        )
    keys = tables.get(table) or arrays[table]
    match rest:
        case [key] if table in tables:
            place: Place = (table, key)
        case [index, key] if table in arrays and index.isascii() and index.isdigit():
            place = (table, int(index[:9]), key)
        case [index, key, header] if key == _HEADERS and key in keys and index.isascii() and index.isdigit():
            return (table, int(index[:9]), key, header.replace("_", "-").title())
        case _:
            example = (
                f"{_PREFIX}{table.upper()}__{'0__' if table in arrays else ''}{next(iter(keys)).upper()}"
            )
            raise LookupError(f"unknown variable: expected a name such as {example}")
    if key not in keys:
        raise LookupError(f"unknown variable: there is no key {show(key)} in {table}{suggestion(key, keys)}")
    return place


def _table_at(document: dict[str, Any], place: Place) -> dict[str, Any] | None:
    """Return the table to write to; None where the file has no table, which is a problem of the file."""
    name = str(place[0])
    if isinstance(place[1], int):
        tables = document.get(name, [])
        if not isinstance(tables, list):
            return None
        if place[1] >= len(tables):
            raise LookupError(
                f"there is no [[{name}]] to change: the file has {len(tables)}, the first is number 0"
            )
        table = tables[place[1]]
    else:
        table = document.setdefault(name, {})
    if _is_header(place) and isinstance(table, dict):
        table = table.setdefault(_HEADERS, {})
    return table if isinstance(table, dict) else None


def _is_header(place: Place) -> bool:
    return place[-2] == _HEADERS


def _as_spelled_in(table: Mapping[str, Any], place: Place) -> Place:
    """Return the place, a header's with the name that the file gives it already."""
    if not _is_header(place):
        return place
    alike = (name for name in table if name.lower().replace("_", "-") == str(place[-1]).lower())
    return (*place[:-1], next(alike, place[-1]))


def _drop_rivals(document: dict[str, Any], places: Mapping[Place, str]) -> None:
    for place in places:
        rival = None if _is_header(place) else _RIVALS.get(str(place[-1]))
        if rival is not None and (*place[:-1], rival) not in places:
            table = _table_at(document, place)
            if table is not None:
                table.pop(rival, None)
