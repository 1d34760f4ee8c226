"""`plan`: what a config would change."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict

import click

from aggregator.cli.database import existing_store, missing_database, with_followed_lists
from aggregator.cli.options import config_option, json_option, load_config
from aggregator.cli.output import counted, print_json, progress
from aggregator.clock import now_ms
from aggregator.config import Config
from aggregator.foresight import FeedOutlook, Foresight, Outlook, outlook_of
from aggregator.model import EntryQuery, InForce, StoredEntry
from aggregator.plan import ORDER, Change, Step, are_applied, plan, plan_feeds, plan_rules
from aggregator.printable import escape
from aggregator.protocols import Store
from aggregator.rules.keys import CONDITIONS, Keys, feed_keys
from aggregator.rules.membership import from_keys
from aggregator.rules.tagging import ConfiguredSources, predecessors

_TAGGING = frozenset({"tags", "categories", "name"})
"""Keys of a source that tags and feeds depend on."""

_HOLDING = frozenset({*CONDITIONS, "max_age"})
"""Keys of a feed that say which entries it holds."""


@click.command("plan")
@json_option()
@config_option()
def plan_command(*, as_json: bool) -> None:
    """Show what the config would change.

    That is sources, rules and feeds that come, go or change, and how many entries each feed gains and loses.
    It is compared with the config that was last in force. Where tags are others, or rules than those that
    were applied to what is stored, every stored entry is looked at, as it would be once `aggregator rules
    apply` has been called. Sources that have moved for good are listed with the address that the config had
    better have. Where limits of age or number are new, it is told how many entries they delete. Nothing is
    changed by it.
    """
    config = with_followed_lists(load_config())
    outlook: Outlook | None = None
    before = InForce()
    let_go = 0
    if missing := missing_database(config):
        click.echo(escape(f"aggregator: {missing}"), err=True)
        steps = [*plan(config.sources, (), {}), *_curation_steps(config, before)]
    else:
        with existing_store(config) as store:
            before, known = store.curation.in_force(), store.lists.names_in_use()
            steps = [
                *plan(config.sources, store.source_statuses(), known),
                *_curation_steps(config, before),
            ]
            outlook = _outlook(config, before, steps, store, hidden=as_json and sys.stdout.isatty())
            let_go = _let_go(config, store)
    if as_json:
        for step in steps:
            print_json(asdict(step))
        for record in _outlook_records(outlook):
            print_json(record)
        if let_go:
            print_json({"change": "retention", "entries": let_go})
        return
    if not steps:
        click.echo("Nothing would change in sources, rules and feeds.")
    unapplied = "" if are_applied(config.rules, before) else _unapplied(config, steps)
    for line in [*map(_line, steps), *_outlook_lines(outlook, unapplied=unapplied)]:
        click.echo(escape(line))
    if let_go:
        told = "`aggregator prune --dry-run` tells which"
        click.echo(f"{counted(let_go, 'entry')} would be deleted by limits that are new; {told}.")


def _let_go(config: Config, store: Store) -> int:
    """Return how many entries are deleted by limits that are new."""
    if store.pruning.are_applied(config.retention, config.sources):
        return 0
    return sum(1 for _ in store.pruning.due(config.retention, config.sources, now=now_ms()))


def _curation_steps(config: Config, before: InForce) -> list[Step]:
    return [*plan_rules(config.rules, before), *plan_feeds(config.feeds, before)]


def _outlook(
    config: Config, before: InForce, steps: list[Step], store: Store, *, hidden: bool
) -> Outlook | None:
    """Return how stored entries would change; None when nothing of what they depend on does."""
    known = store.lists.names_in_use()
    back = predecessors(config.sources, known)
    other_tags = any(
        step.source is not None
        and (step.key in _TAGGING or (step.change is Change.ADDED and step.source in back))
        for step in steps
    )
    refilled = {
        step.feed
        for step in steps
        if step.feed is not None and (step.change is not Change.CHANGED or step.key in _HOLDING)
    }
    now = now_ms()
    if other_tags or _asks_rules(steps) or not are_applied(config.rules, before):
        sources = ConfiguredSources(config.sources, known)
        foresight = Foresight(before, sources=sources, rules=config.rules, feeds=config.feeds, now=now)
        return foresight.outlook(_watched(store, hidden=hidden))
    if not refilled:
        return None
    old = dict(before.feeds)
    new = {feed.slug: feed_keys(feed) for feed in config.feeds}
    feeds = [
        outlook_of(slug, _holds(store, old.get(slug), now), _holds(store, new.get(slug), now))
        for slug in dict.fromkeys((*new, *old))
        if slug in refilled
    ]
    return Outlook(entries=store.entry_count(), feeds=tuple(feeds))


def _asks_rules(steps: Sequence[Step]) -> bool:
    return any(step.rule is not None or step.key == ORDER for step in steps)


def _holds(store: Store, keys: Keys | None, now: int) -> set[int]:
    """Return the IDs of the entries that meet the conditions of a feed with these keys."""
    if keys is None:
        return set()
    conditions, max_age = from_keys(keys), keys.get("max_age")
    query = EntryQuery(
        any=conditions.any,
        all=conditions.all,
        none=conditions.none,
        sources=conditions.sources,
        match=conditions.match,
        published_since=now - max_age if isinstance(max_age, int) else None,
        now=now,
    )
    return {entry.id for entry in store.walk(query)}


def _watched(store: Store, *, hidden: bool) -> Iterator[StoredEntry]:
    with progress("Looking ahead", hidden=hidden) as bar:
        total = store.curation.count_stored()
        yield from bar.track(store.curation.stored(), total=total, description="")


def _outlook_records(outlook: Outlook | None) -> Iterator[dict[str, object]]:
    if outlook is None:
        return
    numbers = {key: value for key, value in asdict(outlook).items() if key != "feeds"}
    yield {"change": "entries", **numbers}
    for feed in outlook.feeds:
        yield {"change": "feed entries", **asdict(feed)}


def _unapplied(config: Config, steps: Sequence[Step]) -> str:
    """Return what is to be done where stored entries were last asked by other rules than the config's."""
    if _asks_rules(steps):
        return "Rules are asked about stored entries by `aggregator rules apply` only."
    if config.rules:
        return "The rules in force are not applied to what is stored yet: call `aggregator rules apply`."
    return "What rules did that are gone still holds for what is stored: call `aggregator rules apply`."


def _outlook_lines(outlook: Outlook | None, *, unapplied: str) -> Iterator[str]:
    if outlook is None:
        return
    for feed in outlook.feeds:
        if feed.gains or feed.loses:
            yield _feed_line(feed)
    if not any(feed.gains or feed.loses for feed in outlook.feeds):
        yield f"No feed would gain or lose an entry of the {outlook.entries} that are stored."
    effects = [
        f"{counted(number, 'entry')} would {what}"
        for number, what in (
            (outlook.retagged, "have other tags"),
            (outlook.dropped, "be dropped"),
            (outlook.restored, "come back"),
        )
        if number
    ]
    if effects:
        yield f"{'; '.join(effects)}."
        if unapplied:
            yield unapplied


def _feed_line(feed: FeedOutlook) -> str:
    return (
        f"  feed {feed.feed!r}: {feed.before} -> {counted(feed.after, 'entry')}, +{feed.gains} -{feed.loses}"
    )


def _line(step: Step) -> str:
    what, name = next(
        ((kind, name) for kind, name in (("rule", step.rule), ("feed", step.feed)) if name is not None),
        ("", step.source),
    )
    named = f"{what} {name!r}".strip() if name is not None else "rules"
    match step.change:
        case Change.ADDED:
            return f"+ {named}: {step.after}"
        case Change.REMOVED:
            stays = "no longer polled; its entries stay" if step.source is not None else step.before
            return f"- {named}: {stays}"
        case Change.MOVED:
            return f'! {named} has moved for good: write url = "{step.after}" in place of {step.before}'
        case Change.CHANGED:
            return f"~ {named}: {step.key}: {step.before or 'none'} -> {step.after or 'none'}"
