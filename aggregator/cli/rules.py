"""`rules`: what rules would do, why they did it, and doing it to what is stored."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import get_close_matches

import click

from aggregator.cli.database import existing_store, with_followed_lists
from aggregator.cli.exits import Failure, Misuse
from aggregator.cli.expressions import read_span
from aggregator.cli.options import config_option, json_option, load_config
from aggregator.cli.output import counted, instant, print_json, print_table, progress
from aggregator.cli.reasons import deeds, why_lines, why_record
from aggregator.cli.records import ruling_record
from aggregator.clock import now_ms
from aggregator.exceptions import UnknownEntryError
from aggregator.model import Entry, Rule, Ruling, StoredEntry
from aggregator.printable import escape
from aggregator.protocols import Store
from aggregator.rules.engine import hear, rule_on
from aggregator.rules.subject import Subject
from aggregator.rules.tagging import ConfiguredSources

_BATCH = 100
"""Entries of one transaction, for which the service's polls have to wait."""

_PAUSE = 0.02
"""Seconds between two transactions, in which the service gets its turn."""

_SINCE = "Only entries published within this span, such as 30d or 12h, or first seen then when undated."


@click.group("rules")
@config_option()
def rules_command() -> None:
    """Try rules, ask why, and apply them to what is stored."""


@rules_command.command("test")
@click.option("--since", callback=read_span, metavar="SPAN", help=_SINCE)
@click.option(
    "--rule", "wanted", metavar="N|NAME", help="Only what this rule does; the others are asked, too."
)
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=50,
    show_default=True,
    metavar="N",
    help="List at most this many matches; 0 for all. All are counted.",
)
@json_option()
@config_option()
def test_command(*, since: int | None, wanted: str | None, limit: int, as_json: bool) -> None:
    """Show what the rules of the config would do to what is stored; nothing is written.

    Each rule sees sources by their names in this config, and the tags that they give an entry, as the rules
    before it left them.
    """
    config = with_followed_lists(load_config())
    shown = _chosen(config.rules, wanted)
    tally = _Tally()
    rows: list[tuple[Entry, Ruling]] = []
    with existing_store(config) as store:
        sources = ConfiguredSources(config.sources, store.lists.names_in_use())
        now = now_ms()
        for stored in _watched(store, since, now, hidden=as_json and sys.stdout.isatty()):
            subject = Subject(sources.named(stored.entry), now)
            rulings = rule_on(config.rules, subject, sources.tags_of(stored.given)).rulings
            tally.take(rulings)
            rows.extend((stored.entry, each) for each in rulings if each.rule in shown)
            if limit:
                del rows[limit:]
    if as_json:
        for entry, ruling in rows:
            print_json({"id": entry.id, "title": entry.title, **ruling_record(ruling)})
        for name in shown:
            print_json({"rule": name, "matches": tally.matches[name], "of": tally.entries})
        return
    _print_matches(rows)
    for name in shown:
        click.echo(escape(f"{name!r} matches {tally.matches[name]} of {counted(tally.entries, 'entry')}"))
    total = sum(tally.matches[name] for name in shown)
    if len(rows) < total:
        click.echo(f"The newest {len(rows)} of {total} matches are listed; --limit shows more.")
    if not config.rules:
        click.echo(escape(f"There are no [[rules]] in {config.path}."))


@rules_command.command("why")
@click.argument("entry_id", metavar="ID", type=click.IntRange(min=1))
@json_option()
@config_option()
def why_command(*, entry_id: int, as_json: bool) -> None:
    """Show each rule's verdict on one entry, with the part of it that matched.

    Below stands what the rules did when they were last asked, as it is stored.
    """
    config = with_followed_lists(load_config())
    with existing_store(config) as store:
        stored = store.curation.stored_entry(entry_id)
        sources = ConfiguredSources(config.sources, store.lists.names_in_use())
    if stored is None:
        raise UnknownEntryError(f"there is no entry {entry_id}; `aggregator entries` lists those there are")
    base = sources.tags_of(stored.given)
    subject = Subject(sources.named(stored.entry), now_ms())
    hearings = hear(config.rules, subject, base)
    verdict = rule_on(config.rules, subject, base)
    if as_json:
        print_json(why_record(stored.entry, base, hearings, verdict))
        return
    for line in why_lines(stored.entry, base, hearings, verdict):
        click.echo(escape(line))


@rules_command.command("apply")
@click.option("--since", callback=read_span, metavar="SPAN", help=_SINCE)
@json_option()
@config_option()
def apply_command(*, since: int | None, as_json: bool) -> None:
    """Ask the rules of the config again about what is stored, and let it have what they say.

    Can be broken off at any time, and goes on where it was when it is called again in the same way. Safe
    while the service runs. What an entry newly gets does not make it news: it keeps its place among the old
    ones. The tags that sources give are those of the config that was last in force.
    """
    config = load_config()
    with existing_store(config) as store:
        applied = None
        with progress("Applying", hidden=as_json and sys.stdout.isatty()) as bar:
            task = bar.add_task("", total=None)
            try:
                while applied is None or not applied.done:
                    applied = store.curation.apply_rules(config.rules, span=since, now=now_ms(), limit=_BATCH)
                    bar.update(task, completed=applied.looked, total=applied.total)
                    time.sleep(_PAUSE)
            except KeyboardInterrupt:
                done = 0 if applied is None else applied.looked
                raise Failure(
                    f"broken off after {counted(done, 'entry')}; the same command goes on from there"
                ) from None
    if as_json:
        print_json({"entries": applied.looked, "changed": applied.changed})
        return
    click.echo(f"{counted(applied.looked, 'entry')} looked at, {applied.changed} changed")


class _Tally:
    """How many entries each rule matches."""

    def __init__(self) -> None:
        self.entries = 0
        self.matches: Counter[str] = Counter()

    def take(self, rulings: Sequence[Ruling]) -> None:
        self.entries += 1
        self.matches.update(ruling.rule for ruling in rulings)


def _chosen(rules: Sequence[Rule], wanted: str | None) -> list[str]:
    """Return the names of the rules to show; `wanted` is the name of one, or its number from 1."""
    names = [rule.name for rule in rules]
    if wanted is None:
        return names
    if wanted in names:
        return [wanted]
    if wanted.isascii() and wanted.isdigit() and 1 <= int(wanted) <= len(names):
        return [names[int(wanted) - 1]]
    near = get_close_matches(wanted, names, n=3, cutoff=0.5)
    hint = (
        f"did you mean {' or '.join(map(repr, near))}?"
        if near
        else f"there are {counted(len(names), 'rule')}"
    )
    raise Misuse(f"there is no rule {wanted!r}; {hint}")


def _watched(store: Store, since: int | None, now: int, *, hidden: bool) -> Iterator[StoredEntry]:
    cutoff = None if since is None else now - since
    with progress("Testing", hidden=hidden) as bar:
        total = store.curation.count_stored(since=cutoff)
        yield from bar.track(store.curation.stored(since=cutoff), total=total, description="")


def _print_matches(rows: Sequence[tuple[Entry, Ruling]]) -> None:
    if rows:
        print_table(
            (">id", "!published", "rule", "does", "title"),
            [
                (entry.id, instant(entry.dated), ruling.rule, deeds(ruling), entry.title or "(untitled)")
                for entry, ruling in rows
            ],
        )
