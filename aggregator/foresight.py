"""What a config would make of the entries that are stored: pure.

Every entry is looked at as it is, and as it would be with the tags, the rules and the feeds of the config.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from aggregator.model import Entry, FeedSpec, InForce, Rule, StoredEntry
from aggregator.rules.engine import judge_of
from aggregator.rules.keys import feed_keys
from aggregator.rules.membership import Conditions, from_keys
from aggregator.rules.subject import Subject
from aggregator.rules.tagging import ConfiguredSources


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedOutlook:
    """How the entries of a feed would change, in numbers; its `limit` is left aside."""

    feed: str
    """Its slug."""
    before: int
    after: int
    gains: int
    loses: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """How stored entries would change, in numbers."""

    entries: int
    """That were looked at."""
    retagged: int = 0
    """Published before and after, with other tags."""
    dropped: int = 0
    restored: int = 0
    """Are dropped, and would be no longer."""
    feeds: tuple[FeedOutlook, ...] = ()


def outlook_of(slug: str, before: Collection[int], after: Collection[int]) -> FeedOutlook:
    """Return how a feed would change that holds these entries, by their IDs."""
    old, new = set(before), set(after)
    return FeedOutlook(feed=slug, before=len(old), after=len(new), gains=len(new - old), loses=len(old - new))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Feed:
    conditions: Conditions
    max_age: int | None


class Foresight:
    """The config in force and another one; both are asked about entries at the instant `now` (ms)."""

    def __init__(
        self,
        before: InForce,
        *,
        sources: ConfiguredSources,
        rules: tuple[Rule, ...],
        feeds: Sequence[FeedSpec],
        now: int,
    ) -> None:
        self._sources = sources
        self._judge = judge_of(rules)
        self._now = now
        self._old = {slug: _feed(keys) for slug, keys in before.feeds}
        self._new = {feed.slug: _feed(feed_keys(feed)) for feed in feeds}

    def outlook(self, stored: Iterable[StoredEntry]) -> Outlook:
        """Return how these entries would change."""
        entries = retagged = dropped = restored = 0
        old: dict[str, set[int]] = {slug: set() for slug in self._old}
        new: dict[str, set[int]] = {slug: set() for slug in self._new}
        for each in stored:
            entry, renamed = each.entry, self._sources.named(each.entry)
            subject = Subject(renamed, self._now)
            verdict = self._judge(subject, self._sources.tags_of(each.given))
            entries += 1
            dropped += verdict.dropped and not entry.dropped
            restored += entry.dropped and not verdict.dropped
            retagged += not (entry.dropped or verdict.dropped) and set(verdict.tags) != set(entry.tags)
            if not entry.dropped:
                seen = subject if renamed is entry else Subject(entry, self._now)
                for slug in self._holding(self._old, entry, seen, entry.tags):
                    old[slug].add(entry.id)
            if not verdict.dropped:
                seen = subject.with_tags(verdict.tags)
                for slug in self._holding(self._new, renamed, seen, verdict.tags):
                    new[slug].add(entry.id)
        return Outlook(
            entries=entries,
            retagged=retagged,
            dropped=dropped,
            restored=restored,
            feeds=tuple(
                outlook_of(slug, old.get(slug, set()), new.get(slug, set()))
                for slug in dict.fromkeys((*self._new, *self._old))
            ),
        )

    def _holding(
        self, feeds: Mapping[str, _Feed], entry: Entry, subject: Subject, tags: Collection[str]
    ) -> Iterator[str]:
        names = [source.name for source in entry.sources]
        for slug, feed in feeds.items():
            if feed.max_age is not None and entry.dated < self._now - feed.max_age:
                continue
            if feed.conditions.met_now(tags, names, subject):
                yield slug


def _feed(keys: Mapping[str, object]) -> _Feed:
    max_age = keys.get("max_age")
    return _Feed(conditions=from_keys(keys), max_age=max_age if isinstance(max_age, int) else None)
