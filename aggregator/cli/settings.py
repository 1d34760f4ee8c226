"""`check`: the config."""

from __future__ import annotations

import click

from aggregator.cli.options import config_option, config_path, load_config
from aggregator.cli.output import counted
from aggregator.printable import escape


@click.command("check")
@config_option()
def check_command() -> None:
    """Check the config and print every problem that it has.

    Ends with exit code 2 when there is one.
    """
    config = load_config()
    found = f"{counted(len(config.sources), 'source')}, {counted(len(config.feeds), 'feed')}"
    if config.subscriptions:
        found = f"{found}, {counted(len(config.subscriptions), 'followed list')}"
    click.echo(escape(f"{config_path()}: ok, {found}"))
