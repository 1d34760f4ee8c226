"""Rules, in order."""

from __future__ import annotations

from typing import Any

import pytest

from aggregator.model import Rule, Ruling
from aggregator.rules.engine import hear, rule_on, tags_after
from aggregator.rules.grammar import parse
from aggregator.rules.subject import Subject
from tests.publish.entries import an_entry


def rule(name: str, match: str = "title:chips", **deeds: Any) -> Rule:
    return Rule(name=name, match=parse(match), **deeds)


CHIPS = Subject(an_entry(title="Chips again", tags=("b",)), now=0)


def test_each_rule_sees_the_tags_as_the_rules_before_it_left_them() -> None:
    rules = (
        rule("one", add=("a",)),
        rule("two", "tag:a -tag:b", add=("never",)),
        rule("three", "tag:a tag:b", remove=("b",)),
        rule("four", "-tag:b", add=("c",)),
    )
    verdict = rule_on(rules, CHIPS, ("b",))
    assert verdict.tags == ("a", "c")
    assert [ruling.rule for ruling in verdict.rulings] == ["one", "three", "four"]


def test_base_tags_count_and_not_those_that_the_entry_has_had() -> None:
    verdict = rule_on((rule("one", "tag:b", drop=True),), CHIPS, ("other",))
    assert (verdict.tags, verdict.dropped, verdict.rulings) == (("other",), False, ())


def test_what_each_rule_did_is_told_and_also_that_it_did_nothing_new() -> None:
    rules = (rule("one", add=("b", "x"), remove=("y",)), rule("two", add=("x",)), rule("no", "title:fish"))
    assert rule_on(rules, CHIPS, ("b", "y")).rulings == (
        Ruling(rule="one", added=("x",), removed=("y",)),
        Ruling(rule="two"),
    )


def test_set_takes_the_place_of_all_tags() -> None:
    verdict = rule_on((rule("one", set=("x", "b")),), CHIPS, ("a", "b"))
    assert verdict.tags == ("x", "b")
    assert verdict.rulings == (Ruling(rule="one", added=("x",), removed=("a",)),)
    assert rule_on((rule("one", set=()),), CHIPS, ("a",)).tags == ()


def test_tags_are_removed_whatever_their_case_and_width_and_added_as_they_are_written() -> None:
    both = rule("one", remove=("PRESS  Release", "ＡＩ"), add=("ai",))
    assert tags_after(both, ("press release", "Ai", "ok")) == ("ok", "ai")


@pytest.mark.parametrize("ending", ["stop", "drop"])
def test_stop_ends_and_so_does_drop(ending: str) -> None:
    rules = (rule("one", "title:chips", add=("a",), **{ending: True}), rule("two", add=("b",)))
    verdict = rule_on(rules, CHIPS, ())
    assert (verdict.tags, verdict.dropped) == (("a",), ending == "drop")
    (ruling,) = verdict.rulings
    assert (ruling.stopped, ruling.dropped) == (True, ending == "drop")


def test_how_each_rule_was_asked_is_told_in_the_same_way() -> None:
    rules = (
        rule("one", add=("a",)),
        rule("no", "title:fish"),
        rule("two", "tag:a", stop=True),
        rule("three"),
    )
    first, second, third, last = hear(rules, CHIPS, ())
    assert [each.ruling.rule if each.ruling else None for each in (first, second, third, last)] == [
        *("one", None, "two", None),
    ]
    assert third.subject is not None
    assert third.subject.tags == "\na\n"
    assert last.subject is None, "it was not asked"


def test_a_subject_whose_tags_are_others_by_and_by_is_as_one_that_had_them_at_once() -> None:
    steps = (("b",), ("b", "Ａ  x"), ("b", "Ａ  x", "c"), ("c",), (), ("d",))
    subject = CHIPS
    for tags in steps:
        subject = subject.with_tags(tags)
        assert (subject.labels, subject.tags) == (tags, CHIPS.with_tags(tags).tags)
        assert subject.tags == Subject(CHIPS.entry, 0, tags).tags
