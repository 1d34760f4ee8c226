"""`poll`: one round of polls."""

from __future__ import annotations

from collections.abc import Sequence

import click

from aggregator import logs
from aggregator.cli import exits
from aggregator.cli.options import config_option, json_option, load_config
from aggregator.cli.output import print_json, print_table, progress
from aggregator.cli.records import poll_record
from aggregator.daemon.polling import poll_now
from aggregator.model import PollReport, PollTally


@click.command("poll")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@json_option()
@config_option()
def poll_command(*, names: Sequence[str], as_json: bool) -> None:
    """Poll sources now, due or not.

    All enabled ones, when none is named. Ends with exit code 1 when a poll failed or could not be recorded.
    """
    logs.set_up(style="human", level="warning")
    config = load_config()
    polls: list[tuple[PollReport, PollTally]] = []
    with progress("Polling") as bar:
        task = bar.add_task("", total=None)

        def finish(report: PollReport, tally: PollTally) -> None:
            polls.append((report, tally))  # printed later: this runs in the threads that poll
            bar.advance(task)

        poll_now(config, names, on_start=lambda total: bar.update(task, total=total), on_result=finish)
    order = {source.name: position for position, source in enumerate(config.sources)}
    polls.sort(key=lambda poll: order[poll[0].name])
    if as_json:
        for report, tally in polls:
            print_json(poll_record(report, tally))
    else:
        _print_polls(polls)
    unrecorded = bar.tasks[0].total != len(polls)
    if unrecorded or any(report.outcome.is_failure for report, _ in polls):
        click.get_current_context().exit(exits.FAILED)


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
