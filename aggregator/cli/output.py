"""What commands print: tables for people, JSON Lines for programs, progress for who is waiting."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from aggregator.printable import escape

if TYPE_CHECKING:
    from rich.progress import Progress

_PIPE_WIDTH = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def print_json(record: Mapping[str, object]) -> None:
    """Print one object in one line of UTF-8, whatever the terminal's own encoding is."""
    line = escape(json.dumps(record, ensure_ascii=False))
    sys.stdout.buffer.write(line.encode() + b"\n")
    sys.stdout.buffer.flush()


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; columns whose names start with `!` or `>` are never broken, `>` is aligned right, too.

    A terminal gets lines that fit it. A pipe gets each row in one line, nothing cut. Text from elsewhere is
    shown as it is, without markup and control characters.
    """
    from rich.console import Console  # noqa: PLC0415 - most commands print no table
    from rich.table import Table  # noqa: PLC0415 - likewise
    from rich.text import Text  # noqa: PLC0415 - likewise

    is_terminal = sys.stdout.isatty()
    console = Console(width=None if is_terminal else _PIPE_WIDTH, highlight=False, markup=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(
            column.lstrip("!>"),
            justify="right" if column.startswith(">") else "left",
            no_wrap=column.startswith(("!", ">")),
            overflow="fold",  # rather broken anywhere than cut
        )
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row))
    with console.capture() as capture:
        console.print(table)
    for line in capture.get().splitlines():
        click.echo(line.rstrip())


def recent(value: int | None) -> str:
    """Return an instant (ms UTC) as `instant` does, but without the year."""
    return instant(value).partition("-")[2] or instant(value)


def instant(value: int | None) -> str:
    """Return an instant (ms UTC) as local date and time to the minute; empty for None."""
    if value is None:
        return ""
    try:
        return f"{(_EPOCH + timedelta(milliseconds=value)).astimezone():%Y-%m-%d %H:%M}"
    except (OverflowError, ValueError):  # before year 1, past year 9999: sources say such things
        return str(value)


def counted(number: int, noun: str) -> str:
    """Return `1 post`, `2 posts`; `entry` becomes `entries`."""
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun.removesuffix('y')}ies" if noun.endswith("y") else f"{number} {noun}s"


@contextmanager
def progress(label: str, *, hidden: bool = False) -> Iterator[Progress]:
    """Show progress bars on stderr while the block runs; only when it is a terminal, and not `hidden`."""
    from rich.console import Console  # noqa: PLC0415 - as above
    from rich.progress import (  # noqa: PLC0415 - as above
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (TextColumn(label), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    off = hidden or not sys.stderr.isatty()
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=off) as bar:
        yield bar


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return escape(", ".join(map(str, value)))
    return escape(" ".join(str(value).split()))
