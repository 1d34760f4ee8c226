"""`plan`: what a config would change."""

from __future__ import annotations

from dataclasses import asdict

import click

from aggregator.cli.database import existing_store, missing_database
from aggregator.cli.options import config_option, json_option, load_config
from aggregator.cli.output import print_json
from aggregator.plan import Change, Step, plan
from aggregator.printable import escape


@click.command("plan")
@json_option()
@config_option()
def plan_command(*, as_json: bool) -> None:
    """Show what the config would change in the sources.

    That is what is added, removed, renamed, switched on or off, and other addresses and tags. It is compared
    with the config that was last in force. Sources that have moved for good are listed with the address that
    the config had better have. Nothing is changed by it.
    """
    config = load_config()
    if missing := missing_database(config):
        click.echo(escape(f"aggregator: {missing}"), err=True)
        known = []
    else:
        with existing_store(config) as store:
            known = store.source_statuses()
    steps = plan(config.sources, known)
    if as_json:
        for step in steps:
            print_json(asdict(step))
        return
    for step in steps:
        click.echo(escape(_line(step)))
    if not steps:
        click.echo("Nothing would change in names, addresses and tags, nor in what is enabled.")


def _line(step: Step) -> str:
    match step.change:
        case Change.ADDED:
            return f"+ {step.source!r}: {step.after}"
        case Change.REMOVED:
            return f"- {step.source!r}: no longer polled; its entries stay"
        case Change.MOVED:
            return (
                f'! {step.source!r} has moved for good: write url = "{step.after}" in place of {step.before}'
            )
        case Change.CHANGED:
            return f"~ {step.source!r}: {step.key}: {step.before or 'none'} -> {step.after or 'none'}"
