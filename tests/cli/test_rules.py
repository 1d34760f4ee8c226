"""`rules`, and expressions on the command line."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from aggregator.cli.expressions import pointed
from aggregator.clock import now_ms
from aggregator.model import EntryQuery
from aggregator.store import open_store
from tests.cli.conftest import Desk
from tests.store.drafts import DAY, HOUR, NOW, draft, poll

SOURCE = '[[sources]]\nname = "alpha"\nurl = "https://example.org/alpha.xml"\ntags = ["news"]\n'
RULES = """
[[rules]]
name = "chips"
match = "title:chips"
add = ["hot"]
remove = ["NEWS"]
[[rules]]
match = "tag:hot -title:fish"
stop = true
[[rules]]
name = "ads"
match = "title:ad"
drop = true
"""


@pytest.fixture
def stored(desk: Desk) -> Desk:
    """Entries that were stored before there were any rules."""
    desk.write(SOURCE)
    items = {"chips ad": NOW, "fish and chips": NOW - HOUR, "an ad": NOW - 2 * DAY, "plain": NOW - 3 * DAY}
    drafts = [draft(title, title=title, published=at) for title, at in items.items()]
    desk.bring("alpha", *drafts, now=NOW)
    desk.write(SOURCE + RULES)
    return desk


def test_a_test_tells_what_each_rule_would_do_and_writes_nothing(stored: Desk) -> None:
    before = stored.database.read_bytes()
    lines = stored.done("rules", "test").splitlines()
    assert [line.split()[3:] for line in lines[1:5]] == [
        ["chips", "+hot,", "-news", "chips", "ad"],
        ["rule", "2", "stops", "chips", "ad"],
        ["chips", "+hot,", "-news", "fish", "and", "chips"],
        ["ads", "drops", "it", "an", "ad"],
    ]
    assert lines[5:] == [
        "'chips' matches 2 of 4 entries",
        "'rule 2' matches 1 of 4 entries",
        "'ads' matches 1 of 4 entries",
    ]
    assert stored.database.read_bytes() == before
    assert [record["rulings"] for record in stored.json("entries")] == [[]] * 4


@pytest.mark.parametrize("wanted", ["1", "chips"])
def test_one_rule_can_be_asked_for_by_number_or_name(stored: Desk, wanted: str) -> None:
    matches = stored.json("rules", "test", "--rule", wanted, "--limit", "1")
    assert [(each.get("title"), each["rule"]) for each in matches] == [("chips ad", "chips"), (None, "chips")]
    assert matches[0]["removed"] == ["news"]
    assert (matches[-1]["matches"], matches[-1]["of"]) == (2, 4)


def test_a_rule_that_does_not_exist_is_a_mistake(stored: Desk) -> None:
    result = stored.type("rules", "test", "--rule", "chip")
    assert (result.exit_code, "did you mean 'chips'?" in result.stderr) == (2, True)
    assert "there are 3 rules" in stored.type("rules", "test", "--rule", "4").stderr


def test_only_entries_of_a_span_are_looked_at(desk: Desk) -> None:
    desk.write(SOURCE + RULES)
    now = now_ms()
    desk.bring("alpha", *(draft(f"n{days}", published=now - days * DAY - HOUR) for days in range(5)), now=now)
    assert desk.json("rules", "test", "--since", "2d")[-1]["of"] == 2
    assert desk.done("rules", "apply", "--since", "1d12h") == "2 entries looked at, 0 changed\n"
    wrong = desk.type("rules", "test", "--since", "soon")
    assert (wrong.exit_code, "'soon' is not a duration" in wrong.stderr) == (2, True)


def test_why_tells_each_rules_verdict_and_the_part_that_matched(stored: Desk) -> None:
    assert stored.done("rules", "why", str(NOW)).splitlines() == [
        f"{NOW} chips ad",
        "tags of its sources: news",
        "1. 'chips' matches: +hot, -news",
        "     yes title:chips  in title: [chips] ad",
        "2. 'rule 2' matches: stops",
        "     yes tag:hot  in tag: [hot]",
        "     yes not title:fish",
        "3. 'ads' is not asked: 'rule 2' ended it",
        "tags then: hot",
        "when rules were last asked: tags news",
    ]
    (record,) = stored.json("rules", "why", str(NOW - 2 * DAY))
    assert [(rule["rule"], rule["matches"]) for rule in record["rules"]] == [
        *(("chips", False), ("rule 2", False), ("ads", True)),
    ]
    assert (record["dropped"], record["recorded"]["dropped"]) == (True, False)
    stored.done("rules", "apply")
    assert "when rules were last asked: tags news (dropped)\n     'ads': drops it" in stored.done(
        "rules", "why", str(NOW - 2 * DAY)
    )
    assert stored.type("rules", "why", "7").exit_code == 1


def test_apply_says_how_many_entries_have_changed_and_twice_is_once(stored: Desk) -> None:
    assert stored.done("rules", "apply") == "4 entries looked at, 3 changed\n"
    assert stored.done("rules", "apply") == "4 entries looked at, 0 changed\n"
    assert stored.json("rules", "apply") == [{"entries": 4, "changed": 0}]
    assert [record["title"] for record in stored.json("entries", "--tag", "hot")] == [
        *("chips ad", "fish and chips"),
    ]
    page = stored.done("show", str(NOW - 2 * DAY))
    assert "dropped:    by a rule: no feed has it\n" in page
    assert "rule:       ads: drops it\n" in page


def test_an_apply_that_is_killed_goes_on_where_it_was(desk: Desk) -> None:
    desk.write(SOURCE)
    desk.bring("alpha", *(draft(f"n{n}", title=f"chips {n}", published=NOW - n) for n in range(900)), now=NOW)
    desk.write(SOURCE + RULES)
    command = [sys.executable, "-m", "aggregator", "-c", str(desk.config_file), "rules", "apply"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
    with closing(open_store(str(desk.database))) as store:
        deadline = time.monotonic() + 20
        while not (hot := store.entries(EntryQuery(all=("hot",), limit=900))):
            assert time.monotonic() < deadline
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
        if process.returncode:
            assert "the same command goes on from there" in said
            hot = store.entries(EntryQuery(all=("hot",), limit=900))
            assert {entry.tags for entry in hot} == {("hot",)}
            assert len(hot) % 100 == 0, "whole batches"
    changed = 900 if process.returncode else 0
    assert desk.done("rules", "apply") == f"900 entries looked at, {changed} changed\n"


def test_polls_can_be_recorded_while_rules_are_applied(stored: Desk) -> None:
    with closing(open_store(str(stored.database))) as store:
        config = stored.config
        done = store.curation.apply_rules(config.rules, span=None, now=NOW, limit=1)
        poll(store, config.sources[0], [draft("new", title="chips")], policy=config.stories, now=NOW + HOUR)
        assert not done.done
    stored.done("rules", "apply")
    assert len(stored.json("entries", "--tag", "hot")) == 3


def test_entries_are_found_by_an_expression(stored: Desk) -> None:
    found = stored.json("entries", "--match", "title:chips or title:plain", "--limit", "2")
    assert [record["title"] for record in found] == ["chips ad", "fish and chips"]
    assert stored.json("entries", "--match", "title:chips", "--tag", "nothing") == []


def test_a_wrong_expression_is_shown_with_a_caret_below_the_mistake(stored: Desk) -> None:
    result = stored.type("entries", "--match", "title:芯片 (x")
    assert result.exit_code == 2
    _, text, caret = result.stderr.splitlines()
    assert text == "aggregator:   title:芯片 (x"
    assert caret.index("^") == text.index("(") + 2, "two characters take two columns each"


def test_of_a_long_expression_the_part_around_the_mistake_is_shown() -> None:
    text, caret = pointed("a " * 200 + "(" + " b" * 200, 401).splitlines()
    assert text.startswith("  …")
    assert text.endswith("…")
    assert text[caret.index("^")] == "("
    assert pointed("a\tb", 4) == "  a b\n     ^"
