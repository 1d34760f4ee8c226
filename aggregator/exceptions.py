"""The error tree. Each message says what happened, where, and what to do about it.

    AggregatorError
    ├── ConfigError        the config cannot be used: every problem, each with file, table and key
    ├── StoreError         the database cannot be opened, read or written
    ├── UnknownSourceError a name that is not in the config
    ├── UnknownEntryError  an ID that is not in the store
    ├── ExpressionError    an expression cannot be read: where, and what was expected
    ├── CostError          an expression takes more entries or time than a search may
    ├── OpmlError          a list of feeds cannot be read
    ├── ServeError         the web server cannot start: address taken or not ours
    └── ArchiveError       a folder of posts cannot be written

What a source answers is data, not an exception: see `model.FetchFailed` and `model.Unreadable`.
Library errors are translated once, at the edge, with `from`.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path


class AggregatorError(Exception):
    """Something that the person who runs the service can act on."""


class ConfigError(AggregatorError):
    """The config cannot be used. Holds every problem that was found, one line each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class StoreError(AggregatorError):
    """The database cannot be opened, read or written."""


class UnknownSourceError(AggregatorError):
    """There is no source of that name. The message tells the likely ones among the names that there are."""

    def __init__(self, name: str, *, names: Sequence[str], config: Path) -> None:
        near = get_close_matches(name, names, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(map(repr, near))}?" if near else "`aggregator sources` lists them"
        super().__init__(f"{config}: there is no source named {name!r}; {hint}")


class UnknownEntryError(AggregatorError):
    """There is no entry with that ID in the store."""


class ExpressionError(AggregatorError):
    """An expression cannot be read. The message says what was expected, and at which column."""

    def __init__(self, message: str, *, column: int) -> None:
        super().__init__(f"column {column}: {message}")
        self.column = column
        """Where in the expression, in characters, from 1."""


class CostError(AggregatorError):
    """An expression takes more entries or time than a search may."""


class OpmlError(AggregatorError):
    """A list of feeds cannot be read."""


class ServeError(AggregatorError):
    """The web server cannot listen on the configured address."""


class ArchiveError(AggregatorError):
    """A folder of posts cannot be written."""
