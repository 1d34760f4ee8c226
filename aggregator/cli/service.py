"""`run`, `poll` and `check`: the service and its config."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial

import click

from aggregator import config as config_file
from aggregator import logs
from aggregator.cli import exits
from aggregator.cli.options import config_option, config_path, json_option, load_config, unknown_source
from aggregator.cli.output import counted, print_json, print_table, progress
from aggregator.cli.records import poll_record
from aggregator.daemon.runtime import poll_now, run_daemon
from aggregator.model import PollReport, PollTally
from aggregator.printable import escape


@click.command("run")
@click.option("--log-format", type=click.Choice(logs.FORMATS), default="human", show_default=True)
@click.option("--log-level", type=click.Choice(logs.LEVELS), default="info", show_default=True)
@config_option()
def run_command(*, log_format: str, log_level: str) -> None:
    """Run the service: poll sources when they are due and serve the feeds, until SIGTERM or SIGINT.

    A changed config file, or SIGHUP, loads the config again; one with errors is refused and the running one
    kept. Logs go to stderr, one line per event.
    """
    logs.set_up(style=log_format, level=log_level)
    # bound to the path now: the service loads from its own thread, where no command is running
    run_daemon(load_config(), partial(config_file.load, config_path(), os.environ))


@click.command("poll")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@json_option()
@config_option()
def poll_command(*, names: Sequence[str], as_json: bool) -> None:
    """Poll the named sources now, due or not; all enabled ones when none is named.

    Ends with exit code 1 when a poll failed.
    """
    config = load_config()
    known = [source.name for source in config.sources]
    for name in names:
        if name not in known:
            raise unknown_source(name, known)
    polls: list[tuple[PollReport, PollTally]] = []
    with progress("Polling") as bar:
        task = bar.add_task("", total=None)

        def finish(report: PollReport, tally: PollTally) -> None:
            polls.append((report, tally))
            bar.advance(task)
            if as_json:
                print_json(poll_record(report, tally))

        poll_now(config, names, on_start=lambda total: bar.update(task, total=total), on_result=finish)
    if not as_json:
        polls.sort(key=lambda poll: known.index(poll[0].name))
        _print_polls(polls)
    if any(report.outcome.is_failure for report, _ in polls):
        click.get_current_context().exit(exits.FAILED)


@click.command("check")
@config_option()
def check_command() -> None:
    """Check the config and print every problem that it has.

    Ends with exit code 2 when there is one.
    """
    config = load_config()
    found = f"{counted(len(config.sources), 'source')}, {counted(len(config.feeds), 'feed')}"
    click.echo(escape(f"{config_path()}: ok, {found}"))


def _print_polls(polls: Sequence[tuple[PollReport, PollTally]]) -> None:
    columns = ("name", "outcome", ">http", ">new", ">updated", ">bytes", ">ms", "message")
    rows = [
        (
            *(report.name, report.outcome, report.http_status, tally.new, tally.updated),
            *(report.size, report.duration_ms, report.message),
        )
        for report, tally in polls
    ]
    print_table(columns, rows)
