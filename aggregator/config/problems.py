"""What is wrong with a config, said so that its owner finds the place and sees what to write; pure."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aggregator.exceptions import ExpressionError

Place = tuple[str | int, ...]
"""Where in the document: table, index (array tables only), key, and what is within the key."""

_SECRET_KEYS = frozenset({"password", "headers", "token"})
_SHOWN = 60
"""Characters of a found value or name: enough to recognise it, and a line stays a line."""


class Refused(ValueError):  # noqa: N818 - a sort of value, told apart from others; nobody catches it by name
    """A value that is refused for a reason of its own: its text is the whole message."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong."""

    place: Place
    message: str
    variable: str | None = None
    """The environment variable that is wrong in itself (its name, not its value)."""


def unlike(expected: str, found: object, place: Place) -> Problem:
    """Return the problem of a value that is not what its key expects; a secret one is not repeated."""
    if _SECRET_KEYS.intersection(place):
        return Problem(place, f"expected {expected} (the value is not shown)")
    return Problem(place, f"expected {expected}, not {show(found)}")


def pointed(text: str, error: ExpressionError) -> str:
    """Return what is wrong with an expression, with what stands at the column that the error tells."""
    rest = text[error.column - 1 :]
    return f"{error} (at {show(rest)})" if rest.strip() else f"{error} (at its end)"


def suggestion(word: str, known: Collection[str]) -> str:
    """Return the end of a sentence about an unknown word: the known one it resembles, or all of them."""
    close = difflib.get_close_matches(word, known, 1)
    if close:
        return f"; did you mean {show(close[0])}?"
    return f"; known are {', '.join(sorted(known))}" if known else ""


def show(value: object) -> str:
    """Return a value about as TOML writes it, on one line, shortened; URLs without their credentials."""
    match value:
        case str():
            text = mask_credentials(value)
            text = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
            return printable(json.dumps(text, ensure_ascii=False))
        case bool():
            return "true" if value else "false"
        case list():
            return "a list"
        case Mapping():
            return "a table"
        case _:
            text = str(value)
            return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def mask_credentials(text: str) -> str:
    """Return a text with `***` for the user and password of each URL in it.

    A password may hold a `/` that should have been escaped: what then looks like a port is no number.
    """
    text = re.sub(r"(?<=://)[^/?#\s]*@", "***@", text)
    return re.sub(r"(?<=://)[^/?#@\s:\[]+:[0-9]*[^/?#@\s0-9][^@\s]*@", "***@", text)


def report(
    problems: Iterable[Problem],
    path: Path,
    document: Mapping[str, Any],
    variables: Mapping[Place, str],
) -> list[str]:
    """Return one line for each problem, in the order of the document's tables.

    `variables` says which places hold the value of an environment variable: those problems name it
    instead of the file.
    """
    order = {table: rank for rank, table in enumerate(document)}

    def rank(problem: Problem) -> tuple[int, int]:
        table, index = (*problem.place, "", 0)[:2]
        return order.get(str(table), len(order)), index if isinstance(index, int) else 0

    lines = []
    for problem in sorted(problems, key=rank):
        origin = problem.variable or _variable_at(problem.place, variables) or str(path)
        lines.append(": ".join((origin, *_described(problem.place, document), problem.message)))
    return lines


def _variable_at(place: Place, variables: Mapping[Place, str]) -> str | None:
    return next((variables[place[:end]] for end in (2, 3, 4) if place[:end] in variables), None)


def _described(place: Place, document: Mapping[str, Any]) -> list[str]:
    """Return table and key in words: `[[sources]] #2 "BBC"`, `tags #1`."""
    if not place:
        return []
    table, *rest = place
    content = document.get(str(table))
    name = printable(str(table))
    if isinstance(content, list) and rest:
        index = int(rest.pop(0))
        words = [f"[[{name}]] #{index + 1}{_label(content[index])}"]
    elif isinstance(content, Mapping) or content is None:
        words = [f"[{name}]"]
    else:
        words = [f"[[{name}]]" if isinstance(content, list) else name]
    if rest:
        key, *within = rest
        steps = (f" #{step + 1}" if isinstance(step, int) else f".{printable(step)}" for step in within)
        words.append(printable(str(key)) + "".join(steps))
    return words


def _label(table: object) -> str:
    """Return a table's own name, when it has one, to be put behind its number."""
    if not isinstance(table, Mapping):
        return ""
    name = table.get("name", table.get("slug"))
    return f" {show(name)}" if isinstance(name, str) and name else ""


def printable(text: str) -> str:
    """Return a text that can move no cursor and break no line."""
    return "".join(
        char if char.isprintable() or char == "\u3000" else char.encode("unicode_escape").decode()
        for char in text
    )
