"""What rules make of an entry: pure.

    base tags (what its sources give it) ─► rule 1 ─► rule 2 ─► … ─► tags, dropped or not, what each rule did

Each rule sees the tags as the rules before it left them. `stop` ends, and so does `drop`: an entry that is
published nowhere needs no tags.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from aggregator.model import Rule, Ruling
from aggregator.rules.folding import fold_tag
from aggregator.rules.predicate import compiled
from aggregator.rules.subject import Subject
from aggregator.rules.tagging import union


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What becomes of an entry."""

    tags: tuple[str, ...]
    dropped: bool = False
    rulings: tuple[Ruling, ...] = ()
    """One for each rule that matched, in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """How one rule was asked about an entry."""

    rule: Rule
    subject: Subject | None
    """The entry as the rule saw it; None when a rule before it had ended the asking."""
    ruling: Ruling | None
    """None when it did not match, or was not asked."""


Judge = Callable[[Subject, tuple[str, ...]], Verdict]
"""Tells what rules make of an entry that its sources give these tags."""


def judge_of(rules: tuple[Rule, ...]) -> Judge:
    """Return what asks these rules about one entry after the other.

    Worth keeping: to find out that two lists of rules are the same takes as long as to ask them.
    """
    asked = _compiled(rules)

    def judge(subject: Subject, base: tuple[str, ...]) -> Verdict:
        tags = base
        rulings: list[Ruling] = []
        seen = subject.with_tags(tags)
        for rule, matches in asked:
            if not matches(seen):
                continue
            before, tags = tags, tags_after(rule, tags)
            rulings.append(_ruling(rule, before, tags))
            if rule.drop or rule.stop:
                break
            if tags != before:
                seen = seen.with_tags(tags)
        dropped = bool(rulings) and rulings[-1].dropped
        return Verdict(tags=tags, dropped=dropped, rulings=tuple(rulings))

    return judge


def rule_on(rules: tuple[Rule, ...], subject: Subject, base: tuple[str, ...]) -> Verdict:
    """Return what the rules make of an entry that its sources give the `base` tags."""
    return judge_of(rules)(subject, base)


def hear(rules: tuple[Rule, ...], subject: Subject, base: tuple[str, ...]) -> list[Hearing]:
    """Return how each rule, in order, comes to its part of what `rule_on` returns."""
    verdict = rule_on(rules, subject, base)
    rulings = {ruling.rule: ruling for ruling in verdict.rulings}
    hearings = []
    tags, over = base, False
    for rule in rules:
        ruling = rulings.get(rule.name)
        seen = None if over else subject.with_tags(tags)
        hearings.append(Hearing(rule=rule, subject=seen, ruling=ruling))
        if ruling is not None:
            tags = tags_after(rule, tags)
            over = rule.drop or rule.stop
    return hearings


def tags_after(rule: Rule, tags: Sequence[str]) -> tuple[str, ...]:
    """Return the tags that a rule leaves to an entry that it matches.

    What it removes goes whatever its case and width are (as `tag:` finds it), before it adds.
    """
    if rule.set is not None:
        return union(rule.set)
    if rule.remove:
        gone = _folded(rule.remove)
        tags = [tag for tag in tags if fold_tag(tag) not in gone]
    return (*tags, *union(tag for tag in rule.add if tag not in tags))


def _ruling(rule: Rule, before: tuple[str, ...], after: tuple[str, ...]) -> Ruling:
    added, removed = after[len(before) :], tuple[str, ...]()
    if after[: len(before)] != before:
        added = tuple(tag for tag in after if tag not in before)
        removed = tuple(tag for tag in before if tag not in after)
    return Ruling(
        rule=rule.name,
        added=added,
        removed=removed,
        dropped=rule.drop,
        stopped=rule.stop or rule.drop,
    )


@lru_cache(maxsize=16)
def _compiled(rules: tuple[Rule, ...]) -> tuple[tuple[Rule, Callable[[Subject], bool]], ...]:
    return tuple((rule, compiled(rule.match)) for rule in rules)


@lru_cache(maxsize=1024)
def _folded(tags: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(fold_tag, tags))
