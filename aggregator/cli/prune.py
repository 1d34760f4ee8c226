"""`prune`: what retention lets go is deleted, or told."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import click

from aggregator.cli.database import existing_store, with_followed_lists
from aggregator.cli.exits import Failure
from aggregator.cli.options import config_option, json_option, load_config
from aggregator.cli.output import counted, instant, print_json, print_table, progress
from aggregator.clock import now_ms
from aggregator.config import Config
from aggregator.model import DueEntry, PurgeReason, keeps_everything
from aggregator.printable import escape
from aggregator.protocols import Store

_BATCH = 100
"""Entries of one transaction, for which the service's polls have to wait."""

_PAUSE = 0.02
"""Seconds between two transactions, in which the service gets its turn."""

_TITLES = 3
"""Entries of a source that are shown."""

_WHY = {
    PurgeReason.AGE: "too old",
    PurgeReason.SOURCE: "beyond the number of its source",
    PurgeReason.STORE: "beyond the number of the store",
}


@click.command("prune")
@click.option("--dry-run", is_flag=True, help="Only tell what would be deleted.")
@click.option(
    "--compact",
    is_flag=True,
    help="Afterwards give the space back to the file system; the service must be stopped.",
)
@json_option()
@config_option()
def prune_command(*, dry_run: bool, compact: bool, as_json: bool) -> None:
    """Delete the entries that the config's limits let go.

    Limits are those of [retention] and of sources. The service does so by itself, once a day. Safe while it
    runs; can be broken off at any time, and goes on when it is called again. A deleted entry does not come
    back while its sources still list it. Without --compact the file keeps its size: the space is used for
    what comes next.
    """
    config = with_followed_lists(load_config())
    tally = _Tally()
    with existing_store(config) as store:
        now = now_ms()
        for line in _idle_tags(store, config):
            click.echo(escape(line), err=True)
        with progress("Looking" if dry_run else "Pruning", hidden=as_json and sys.stdout.isatty()) as bar:
            task = bar.add_task("", total=None)
            try:
                for some in _due(store, config, now) if dry_run else _purged(store, config, now):
                    tally.take(some)
                    bar.update(task, advance=len(some))
            except KeyboardInterrupt:
                what = "looked at" if dry_run else "deleted; the same command goes on from there"
                raise Failure(f"broken off: {counted(tally.entries, 'entry')} {what}") from None
        if compact and not dry_run:
            store.pruning.compact()
    _report(tally, config, dry_run=dry_run, as_json=as_json)


def _idle_tags(store: Store, config: Config) -> Iterator[str]:
    """Yield what to say of tags to be kept that no entry has: what they were meant to hold would go."""
    if not config.retention.keep_tags:
        return
    tags = {count.tag for count in store.tag_counts()}
    folded = {tag.casefold(): tag for tag in tags}
    for wanted in config.retention.keep_tags:
        if wanted not in tags:
            near = folded.get(wanted.casefold())
            hint = "" if near is None else f"; did you mean {near!r}?"
            yield f"aggregator: {config.path}: [retention] keep_tags: no entry has the tag {wanted!r}{hint}"


def _due(store: Store, config: Config, now: int) -> Iterator[Sequence[DueEntry]]:
    for entry in store.pruning.due(config.retention, config.sources, now=now):
        yield (entry,)


def _purged(store: Store, config: Config, now: int) -> Iterator[Sequence[DueEntry]]:
    for some in store.pruning.purge(config.retention, config.sources, now=now, limit=_BATCH):
        yield some
        if some:
            time.sleep(_PAUSE)


@dataclass
class _OfSource:
    """What goes of one source."""

    reasons: Counter[PurgeReason] = field(default_factory=Counter)
    newest: list[DueEntry] = field(default_factory=list)
    oldest: int = sys.maxsize

    def take(self, entry: DueEntry) -> None:
        self.reasons[entry.reason] += 1
        self.oldest = min(self.oldest, entry.surfaced)
        self.newest = sorted((*self.newest, entry), key=lambda each: -each.surfaced)[:_TITLES]


class _Tally:
    """What goes, by the source that brought it first."""

    def __init__(self) -> None:
        self.entries = 0
        self.sources: dict[str, _OfSource] = {}

    def take(self, entries: Iterable[DueEntry]) -> None:
        for entry in entries:
            self.entries += 1
            self.sources.setdefault(entry.source, _OfSource()).take(entry)


def _report(tally: _Tally, config: Config, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        for name, of in tally.sources.items():
            print_json(
                {
                    "source": name,
                    "entries": of.reasons.total(),
                    "reasons": {reason.value: of.reasons[reason] for reason in PurgeReason},
                    "oldest": of.oldest,
                    "newest": of.newest[0].surfaced,
                    "titles": [entry.title for entry in of.newest],
                }
            )
        print_json({"entries": tally.entries, "dry_run": dry_run})
        return
    if tally.entries:
        print_table(
            ("source", ">entries", "why", "!oldest", "!newest", "the newest ones"), _rows(tally.sources)
        )
    if keeps_everything(config.retention, config.sources):
        click.echo(escape(f"{config.path}: there are no limits, in [retention] or a source: all is kept."))
        return
    said = "would be deleted; nothing was" if dry_run else "deleted"
    click.echo(f"{counted(tally.entries, 'entry')} {said}")


def _rows(sources: dict[str, _OfSource]) -> Iterator[tuple[object, ...]]:
    for name, of in sources.items():
        yield (
            name,
            of.reasons.total(),
            ", ".join(f"{number} {_WHY[reason]}" for reason, number in of.reasons.items()),
            instant(of.oldest),
            instant(of.newest[0].surfaced),
            "; ".join(entry.title or "(untitled)" for entry in of.newest),
        )
