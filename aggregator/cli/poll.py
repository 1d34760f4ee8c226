"""`poll`: one round of polls."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence

import click

from aggregator import logs
from aggregator.cli import exits
from aggregator.cli.database import with_followed_lists
from aggregator.cli.options import config_option, json_option, load_config
from aggregator.cli.output import print_json, print_table, progress
from aggregator.cli.records import poll_record
from aggregator.daemon.polling import poll_now
from aggregator.model import PollReport, PollTally


@click.command("poll")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--due", is_flag=True, help="Only those that the service would poll by now.")
@json_option()
@config_option()
def poll_command(*, names: Sequence[str], due: bool, as_json: bool) -> None:
    """Poll sources now, due or not.

    All enabled ones, when none is named; the lists that are followed are then looked at first, if they are
    due. With --due, a scheduled job is as polite as the service: nobody is asked before the time. With
    --json, each poll is printed as soon as it ends. Ends with exit code 1 when a poll failed or could not be
    recorded.
    """
    logs.set_up(style="human", level="warning")
    config = load_config()
    results = _Results(as_json=as_json)
    with progress("Polling", hidden=as_json and sys.stdout.isatty()) as bar:
        task = bar.add_task("", total=None)

        def finish(report: PollReport, tally: PollTally) -> None:
            results.take(report, tally)
            bar.advance(task)

        poll_now(
            config,
            names,
            on_start=lambda total: bar.update(task, total=total),
            on_result=finish,
            due_only=due,
        )
    if results.unprinted is not None:
        raise results.unprinted
    sources = with_followed_lists(config).sources
    order = {source.name: position for position, source in enumerate(sources)}
    results.polls.sort(key=lambda poll: order.get(poll[0].name, len(order)))
    if not as_json:
        _print_polls(results.polls)
    unrecorded = bar.tasks[0].total != len(results.polls)
    if unrecorded or any(report.outcome.is_failure for report, _ in results.polls):
        click.get_current_context().exit(exits.FAILED)


class _Results:
    """What the polls came to, told by several threads."""

    def __init__(self, *, as_json: bool) -> None:
        self.polls: list[tuple[PollReport, PollTally]] = []
        self.unprinted: OSError | None = None
        """Why printing ended early: nobody reads any more, or there is no room."""
        self._as_json = as_json
        self._lock = threading.Lock()

    def take(self, report: PollReport, tally: PollTally) -> None:
        """Keep a result, and print it at once when it is a record. The polls go on when that fails."""
        with self._lock:
            self.polls.append((report, tally))
            if self._as_json and self.unprinted is None:
                try:
                    print_json(poll_record(report, tally))
                except OSError as error:
                    self.unprinted = error


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
