"""`run`: the service. Imports nothing that only tables need: it runs for weeks."""

from __future__ import annotations

import logging
import signal
from types import FrameType

import click

from aggregator import logs
from aggregator.cli.exits import failure
from aggregator.cli.options import config_option, load_config
from aggregator.exceptions import AggregatorError

log = logging.getLogger(__name__)


@click.command("run")
@click.option("--log-format", type=click.Choice(logs.FORMATS), default="human", show_default=True)
@click.option("--log-level", type=click.Choice(logs.LEVELS), default="info", show_default=True)
@config_option()
def run_command(*, log_format: str, log_level: str) -> None:
    """Run the service, until SIGTERM or SIGINT.

    Sources are polled when they are due, and feeds are served at [service] bind. A changed config file, or
    SIGHUP, loads the config again; one with errors is refused and the running one kept. Logs go to stderr,
    one line per event.
    """
    _handle_signals_of_the_start()
    logs.set_up(style=log_format, level=log_level)
    try:
        _serve()
    except AggregatorError as error:
        if log_format != "json":
            raise
        for line in str(error).splitlines():
            log.error("%s", line)  # noqa: TRY400 - the line says it all
        click.get_current_context().exit(failure(error).exit_code)


def _serve() -> None:
    from aggregator.daemon.runtime import run_daemon  # noqa: PLC0415 - takes long: signals come first

    run_daemon(load_config(), load_config)


def _handle_signals_of_the_start() -> None:
    """Answer signals until the service does: the config is read anyway, and nothing is under way to end."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)
