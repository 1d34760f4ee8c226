"""`show-source`: one source and how its last polls went."""

from __future__ import annotations

from collections.abc import Iterator

import click

from aggregator.cli.database import existing_store, missing_database, with_followed_lists
from aggregator.cli.options import config_option, json_option, load_config
from aggregator.cli.output import instant, print_json, print_table
from aggregator.cli.records import listed_sources, past_poll_record
from aggregator.exceptions import UnknownSourceError
from aggregator.model import PollReport, PollTally, Source, SourceStatus
from aggregator.printable import escape
from aggregator.rules.tagging import clean_tag

_KEPT = 50
_COLUMNS = ("!time", "outcome", ">http", ">new", ">updated", ">bytes", ">ms", "message")


@click.command("show-source")
@click.argument("name", metavar="NAME")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    metavar="N",
    help=f"Polls at most; the last {_KEPT} are kept.",
)
@json_option()
@config_option()
def show_source_command(*, name: str, limit: int, as_json: bool) -> None:
    """Show one source and its last polls, the newest first.

    With --json, each poll is one record.
    """
    config = with_followed_lists(load_config())
    source = next((each for each in config.sources if clean_tag(each.name) == clean_tag(name)), None)
    if source is None:
        raise UnknownSourceError(name, names=[each.name for each in config.sources], config=config.path)
    statuses: list[SourceStatus] = []
    polls: list[tuple[PollReport, PollTally]] = []
    if missing := missing_database(config):
        click.echo(escape(f"aggregator: {missing}"), err=True)
    else:
        with existing_store(config) as store:
            statuses, polls = store.source_statuses(), store.polls(source.name, limit=limit)
    if as_json:
        for poll in polls:
            print_json(past_poll_record(*poll))
        return
    (status,) = listed_sources([source], statuses)
    for line in _facts(source, status):
        click.echo(escape(line))
    if polls:
        click.echo()
        print_table(_COLUMNS, map(_row, polls))


def _facts(source: Source, status: SourceStatus) -> Iterator[str]:
    yield source.name
    advice = "asked there" if source.subscription else "asked there; put it into the config"
    facts = {
        "url": source.url,
        "moved to": status.moved_to and f"{status.moved_to} ({advice})",
        "list": source.subscription,
        "site": status.site_url,
        "title": status.title,
        "tags": ", ".join(source.tags),
        "state": status.outcome or "not polled yet",
        "message": status.message,
        "failures": status.failures and f"{status.failures} in a row",
        "last poll": instant(status.last_poll),
        "next poll": instant(status.next_poll) if source.enabled else "none: disabled",
        "entries": status.entries,
    }
    for name, fact in facts.items():
        if fact:
            yield f"{name + ':':<11}{' '.join(str(fact).split())}"


def _row(poll: tuple[PollReport, PollTally]) -> tuple[object, ...]:
    report, tally = poll
    return (
        *(instant(report.started_at), report.outcome, report.http_status, tally.new, tally.updated),
        *(report.size, report.duration_ms, report.message),
    )
