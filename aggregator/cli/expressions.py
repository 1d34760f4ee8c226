"""Expressions and spans of time on the command line; what is wrong with them is shown where it stands."""

from __future__ import annotations

import unicodedata

import click

from aggregator.cli.exits import Misuse
from aggregator.exceptions import ExpressionError
from aggregator.model import Expression
from aggregator.rules.grammar import parse
from aggregator.units import parse_duration

_SHOWN = 72
"""Characters of a long expression that are shown."""

_WIDE = "WF"


def read_expression(_ctx: click.Context, param: click.Parameter, text: str | None) -> Expression | None:
    """Return the tree of an option's expression: a callback of click. Raises Misuse, with a caret."""
    if text is None:
        return None
    try:
        return parse(text)
    except ExpressionError as error:
        raise Misuse(f"{param.opts[0]}: {error}\n{pointed(text, error.column)}") from error


def read_span(_ctx: click.Context, param: click.Parameter, text: str | None) -> int | None:
    """Return the milliseconds of an option's span of time: a callback of click. Raises BadParameter."""
    if text is None:
        return None
    try:
        return parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is not {error}", param=param) from error


def pointed(text: str, column: int) -> str:
    """Return two lines: the part of a text around a column (from 1), and a caret below it."""
    place = min(max(column - 1, 0), len(text))
    start = max(0, min(place - _SHOWN // 2, len(text) - _SHOWN))
    shown = "".join(character if character.isprintable() else " " for character in text)[start:][:_SHOWN]
    before = ("…" if start else "") + shown[: place - start]
    after = shown[place - start :] + ("…" if start + _SHOWN < len(text) else "")
    return f"  {before}{after}\n  {' ' * sum(map(_width, before))}^"


def _width(character: str) -> int:
    """Return how many columns of a terminal a character takes."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in _WIDE else 1
