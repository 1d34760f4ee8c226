"""`run`: the service. Imports nothing that only tables need: it runs for weeks."""

from __future__ import annotations

import click

from aggregator import logs
from aggregator.cli.options import config_option, load_config
from aggregator.daemon.runtime import run_daemon


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
    logs.set_up(style=log_format, level=log_level)
    run_daemon(load_config(), load_config)
