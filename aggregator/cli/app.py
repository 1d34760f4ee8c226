"""The root command: finds the others when they are asked for, and turns errors into lines and exit codes."""

from __future__ import annotations

import errno
import os
import sys
from typing import Any

import click

from aggregator import __version__
from aggregator.cli.exits import FAILED, Failure, failure
from aggregator.cli.modules import imported
from aggregator.cli.options import config_option
from aggregator.exceptions import AggregatorError

_MODULES = {
    "run": "run",
    "poll": "poll",
    "check": "settings",
    "plan": "plan",
    "rules": "rules",
    "sources": "lists",
    "show-source": "source",
    "feeds": "lists",
    "tags": "lists",
    "entries": "entries",
    "show": "entries",
    "prune": "prune",
    "add": "add",
    "try": "try_",
    "import": "import_",
    "export": "export",
    "backup": "backup",
    "restore": "backup",
    "doctor": "doctor",
}

_FULL_OR_BROKEN = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})

_EPILOG = """\b
Exit codes:
  0  done
  1  something failed: a poll, the database, the address to listen on, an unknown entry
  2  the command line or the config cannot be used; every problem is printed

Set-up, config and formats are described in the README.
"""


class LazyGroup(click.Group):
    """Imports a command's module when the command is used: a quick answer needs no web server."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names in the order of the help page."""
        return list(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        """Return the command, or None when there is none of that name."""
        if cmd_name not in _MODULES:
            return None
        module = imported(f"aggregator.cli.{_MODULES[cmd_name]}")
        command: click.Command = getattr(module, f"{cmd_name.replace('-', '_')}_command")
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. An `AggregatorError` becomes its message and exit code, without a traceback."""
        try:
            return super().invoke(ctx)
        except AggregatorError as error:
            raise failure(error) from error


@click.group(
    cls=LazyGroup,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="aggregator")
@config_option(envvar="AGGREGATOR_CONFIG")
def cli() -> None:
    """Poll feeds, keep every entry, and publish them again, by tag."""
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="backslashreplace")  # a terminal of another encoding is no reason to fail


def run() -> None:
    """Run the command line and exit with its code."""
    try:
        cli(prog_name="aggregator")
    except OSError as error:
        # Files that are opened by name are told by theirs, and their errors are translated where they occur.
        if error.filename is not None or error.errno not in _FULL_OR_BROKEN:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is still buffered would fail again at exit
        Failure(f"standard output: cannot be written: {error.strerror}").show()
        sys.exit(FAILED)
