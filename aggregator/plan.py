"""What a config would change in sources, rules and feeds, and what it had better say; pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from aggregator.model import FeedSpec, InForce, Rule, Source, SourceStatus
from aggregator.rules.keys import Keys, feed_keys, rule_keys
from aggregator.rules.tagging import predecessors

ORDER = "order"
"""Stands for a key where rules would be asked in another order."""


class Change(StrEnum):
    """What becomes of a source, rule or feed."""

    ADDED = "added"
    REMOVED = "removed"
    """A source is no longer polled; its entries stay."""
    CHANGED = "changed"
    MOVED = "moved"
    """Nothing by itself: the source has a new address, which the config had better have, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change of one source, rule or feed: named as in the config; a removed one as it was."""

    change: Change
    source: str | None = None
    rule: str | None = None
    feed: str | None = None
    """Its slug."""
    key: str | None = None
    """The key of the config that is another."""
    before: str | None = None
    after: str | None = None


def plan(sources: Sequence[Source], in_force: Sequence[SourceStatus], known: Mapping[str, str]) -> list[Step]:
    """Return what the sources of a config would change, in the config's order, the removed ones last.

    `in_force` are the sources of the config that was last in force; `known` are the URLs by name of these,
    and of all that were before. Which of them is which is as `rules.tagging.predecessors` has it; one that
    comes back is added.
    """
    statuses = {status.name: status for status in in_force}
    before = predecessors(sources, known)
    steps: list[Step] = []
    for source in sources:
        status = statuses.pop(before.get(source.name, ""), None)
        if status is None:
            steps.append(Step(change=Change.ADDED, source=source.name, after=source.url))
        else:
            steps.extend(_changes(source, status))
    gone = statuses.values()
    return [*steps, *(Step(change=Change.REMOVED, source=each.name, before=each.url) for each in gone)]


def _changes(source: Source, status: SourceStatus) -> Iterator[Step]:
    for key, before, after in (
        ("name", status.name, source.name),
        ("url", status.url, source.url),
        ("tags", ", ".join(status.tags), ", ".join(source.tags)),
        ("categories", _categories(keep=status.keep_categories), _categories(keep=source.keep_categories)),
        ("enabled", str(status.enabled).lower(), str(source.enabled).lower()),
    ):
        if before != after:
            yield Step(change=Change.CHANGED, source=source.name, key=key, before=before, after=after)
    if status.moved_to is not None and status.url == source.url and source.subscription is None:
        yield Step(
            change=Change.MOVED, source=source.name, key="url", before=source.url, after=status.moved_to
        )


def _categories(*, keep: bool) -> str:
    return "keep" if keep else "ignore"


def plan_rules(rules: Sequence[Rule], before: InForce) -> list[Step]:
    """Return what the rules of a config would change."""
    old = dict(before.rules)
    new = {rule.name: rule_keys(rule) for rule in rules}
    steps = [
        Step(change=change, rule=name, key=key, before=was, after=becomes)
        for name, change, key, was, becomes in _differences(old, new)
    ]
    stay_old = [name for name in old if name in new]
    stay_new = [name for name in new if name in old]
    if stay_old != stay_new:
        steps.append(
            Step(change=Change.CHANGED, key=ORDER, before=", ".join(stay_old), after=", ".join(stay_new))
        )
    return steps


def are_applied(rules: Sequence[Rule], before: InForce) -> bool:
    """Return whether these are the rules that all stored entries were last asked by."""
    ours = tuple((rule.name, rule_keys(rule)) for rule in rules)
    return all(theirs == ours for theirs in before.asked)


def plan_feeds(feeds: Sequence[FeedSpec], before: InForce) -> list[Step]:
    """Return what the feeds of a config would change. Of tokens only coming and going is known."""
    new = {feed.slug: feed_keys(feed) for feed in feeds}
    return [
        Step(change=change, feed=slug, key=key, before=was, after=becomes)
        for slug, change, key, was, becomes in _differences(dict(before.feeds), new)
    ]


def _differences(
    old: Mapping[str, Keys], new: Mapping[str, Keys]
) -> Iterator[tuple[str, Change, str | None, str | None, str | None]]:
    """Yield name, change, key and the key's values before and after; what goes comes last."""
    for name, keys in new.items():
        if name not in old:
            yield name, Change.ADDED, None, None, said(keys)
            continue
        for key in dict.fromkeys((*keys, *old[name])):
            if keys.get(key) != old[name].get(key):
                yield name, Change.CHANGED, key, _value(old[name].get(key)), _value(keys.get(key))
    for name, keys in old.items():
        if name not in new:
            yield name, Change.REMOVED, None, said(keys), None


def said(keys: Keys) -> str:
    """Return the keys of a table in one line."""
    return ", ".join(f"{key} = {_value(value)}" for key, value in keys.items())


def _value(value: object) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)
