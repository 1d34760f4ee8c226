"""How a command fails: the exit codes that its help and the README tell, and one clear line."""

from __future__ import annotations

from typing import IO, Any

import click

from aggregator.exceptions import AggregatorError, ConfigError, UnknownSourceError
from aggregator.printable import escape

FAILED = 1
MISUSED = 2


class Failure(click.ClickException):
    """An error of ours on its way to the person at the terminal."""

    exit_code = FAILED

    def show(self, file: IO[Any] | None = None) -> None:
        """Print one line per problem."""
        for line in self.message.splitlines():
            click.echo(f"aggregator: {escape(line)}", file=file, err=True)


class Misuse(Failure):
    """An error that another command line or config would mend."""

    exit_code = MISUSED


def failure(error: AggregatorError) -> Failure:
    """Return what a command ends with because of an error."""
    kind = Misuse if isinstance(error, ConfigError | UnknownSourceError) else Failure
    return kind(str(error))
