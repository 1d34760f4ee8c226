"""Environment variables that stand in for keys of the config file.

`AGGREGATOR_SERVICE__BIND` is `bind` in `[service]`; `AGGREGATOR_SOURCES__0__PASSWORD` is `password` in the
first `[[sources]]`. Names without `__` are somebody else's (`AGGREGATOR_CONFIG`, or what
container platforms make of a service's name) and left alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from aggregator.config.problems import Place, Problem, show, suggestion

_PREFIX = "AGGREGATOR_"
_RIVALS = {"password": "password_file", "password_file": "password"}
"""Keys of which a table has one or the other: the environment's takes the place of either."""


class Override(str):
    """A value from the environment: text that stands for the key's own type."""

    __slots__ = ()


def override(
    document: dict[str, Any],
    environ: Mapping[str, str],
    *,
    tables: Mapping[str, Collection[str]],
    arrays: Mapping[str, Collection[str]],
) -> tuple[dict[Place, str], list[Problem]]:
    """Put the environment's values into `document`; return where each went, and what is wrong with the names.

    `tables` and `arrays` give the keys of each plain and each `[[array]]` table. Values are not checked here.
    """
    places: dict[Place, str] = {}
    problems: list[Problem] = []
    for name in sorted(environ):
        if not name.startswith(_PREFIX) or "__" not in name:
            continue
        try:
            place = _place(name.removeprefix(_PREFIX), tables, arrays)
            table = _table_at(document, place)
        except LookupError as error:
            problems.append(Problem((), str(error.args[0]), name))
            continue
        places[place] = name
        if table is not None:
            table[str(place[-1])] = Override(environ[name])
    _drop_rivals(document, places)
    return places, problems


def _place(path: str, tables: Mapping[str, Collection[str]], arrays: Mapping[str, Collection[str]]) -> Place:
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
    return table if isinstance(table, dict) else None


def _drop_rivals(document: dict[str, Any], places: Mapping[Place, str]) -> None:
    for place in places:
        rival = _RIVALS.get(str(place[-1]))
        if rival is not None and (*place[:-1], rival) not in places:
            table = _table_at(document, place)
            if table is not None:
                table.pop(rival, None)
