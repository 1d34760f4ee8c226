from __future__ import annotations

from contextlib import closing

import pytest

from aggregator.clock import now_ms
from aggregator.model import Rule
from aggregator.store import open_store
from tests.cli.conftest import Desk
from tests.store.drafts import DAY, NOW, draft

A, B = (f'[[sources]]\nname = "{name}"\nurl = "https://example.org/{name}"\n' for name in "ab")


def test_a_plan_tells_what_comes_and_goes_and_changes_nothing(desk: Desk) -> None:
    desk.write(A)
    desk.bring("a", draft("x"), now=NOW)
    assert desk.done("plan").startswith("Nothing would change in sources, rules and feeds")
    desk.write(B)
    text = "+ 'b': https://example.org/b\n- 'a': no longer polled; its entries stay\n"
    assert desk.done("plan") == desk.done("plan") == text
    assert [record["change"] for record in desk.json("plan")] == ["added", "removed"]


def test_without_a_database_everything_is_new(desk: Desk) -> None:
    desk.write(A)
    result = desk.type("plan")
    assert (result.exit_code, result.stdout) == (0, "+ 'a': https://example.org/a\n")
    assert not desk.database.exists()


RULE = '[[rules]]\nname = "{}"\nmatch = "{}"\n{}\n'
FEED = '[[feeds]]\nslug = "{}"\ntitle = "F"\n{}\n'


def test_a_plan_tells_what_becomes_of_rules_and_feeds(desk: Desk) -> None:
    one, two, three = (RULE.format(name, "title:x", "drop = true") for name in ("one", "two", "three"))
    desk.write(A + one + two + FEED.format("f", 'any = ["t"]') + FEED.format("g", "limit = 3"))
    desk.bring("a", now=NOW)
    assert desk.done("plan").startswith("Nothing would change")
    other = RULE.format("one", "title:y", "drop = true")
    secret = 'token = "as long as a token must be, and longer"'
    desk.write(A + three + two + other + FEED.format("g", f"limit = 4\n{secret}"))
    assert desk.done("plan").splitlines()[:7] == [
        "+ rule 'three': match = \"title:x\", drop = true",
        '~ rule \'one\': match: "title:x" -> "title:y"',
        "~ rules: order: one, two -> two, one",
        "~ feed 'g': limit: 3 -> 4",
        "~ feed 'g': token: none -> true",
        '- feed \'f\': title = "F", any = ["t"]',
        "No feed would gain or lose an entry of the 0 that are stored.",
    ]


def test_a_plan_tells_how_many_entries_each_feed_gains_and_loses(desk: Desk) -> None:
    feeds = FEED.format("hot", 'any = ["hot"]') + FEED.format("all", "")
    drafts = [draft(title, title=title) for title in ("chips", "fish", "ad")]
    desk.write(A + RULE.format("r", "title:fish", 'add = ["hot"]') + feeds)
    desk.bring("a", *drafts, now=NOW)
    rules = RULE.format("r", "title:chips", 'add = ["hot"]') + RULE.format("ads", "title:ad", "drop = true")
    desk.write(A + rules + feeds)
    assert desk.done("plan").splitlines()[2:] == [
        "  feed 'hot': 1 -> 1 entry, +1 -1",
        "  feed 'all': 3 -> 2 entries, +0 -1",
        "2 entries would have other tags; 1 entry would be dropped.",
        "Rules are asked about stored entries by `aggregator rules apply` only.",
    ]
    *_, outlook, hot, everything = desk.json("plan")
    assert outlook == {"change": "entries", "entries": 3, "retagged": 2, "dropped": 1, "restored": 0}
    assert (hot["gains"], hot["loses"], everything["after"]) == (1, 1, 2)
    assert not [record for record in desk.json("entries") if record["dropped"]], "nothing is changed by it"
    desk.bring("a", *drafts, now=NOW + 1)
    desk.done("rules", "apply")
    assert [record["entries"] for record in desk.json("feeds")] == [1, 2], "as it was told"


def test_only_feeds_of_other_conditions_are_looked_at_when_tags_stay(desk: Desk) -> None:
    desk.write(A + FEED.format("f", 'match = "title:chips"') + FEED.format("g", ""))
    desk.bring("a", draft("1", title="chips"), draft("2", title="fish"), now=NOW)
    desk.write(A + FEED.format("f", 'match = "title:fish or title:chips"') + FEED.format("g", "limit = 1"))
    records = desk.json("plan")
    assert [record["key"] for record in records[:2]] == ["match", "limit"]
    assert records[3:] == [
        {"change": "feed entries", "feed": "f", "before": 1, "after": 2, "gains": 1, "loses": 0}
    ]


def test_sources_that_get_other_tags_and_names_change_feeds(desk: Desk) -> None:
    feeds = FEED.format("f", 'match = "source:other"') + FEED.format("g", 'all = ["c"]')
    desk.write(A + feeds)
    desk.bring("a", draft("1", categories=("c",)), now=NOW)
    renamed = A.replace('"a"', '"other"') + 'categories = "ignore"\n'
    desk.write(renamed + feeds)
    assert desk.done("plan").splitlines() == [
        "~ 'other': name: a -> other",
        "~ 'other': categories: keep -> ignore",
        "  feed 'f': 0 -> 1 entry, +1 -0",
        "  feed 'g': 1 -> 0 entries, +0 -1",
        "1 entry would have other tags.",
    ]


def take_over(desk: Desk) -> None:
    """Let the config be in force, as a running service does."""
    with closing(open_store(str(desk.database))) as store:
        store.sync_sources(desk.config.sources, now=NOW, policy=desk.config.stories)


def numbers(desk: Desk) -> dict[str, int]:
    """What a plan tells of stored entries, where anything would change."""
    (record,) = (record for record in desk.json("plan") if record["change"] == "entries")
    return {what: record[what] for what in ("retagged", "dropped", "restored") if record[what]}


def test_rules_in_force_that_were_not_applied_are_told_until_they_are(desk: Desk) -> None:
    feed = FEED.format("f", 'any = ["hot"]')
    one, two = (RULE.format("r", "title:chips", f'add = ["{tag}"]') for tag in ("hot", "warm"))
    desk.write(A + feed)
    old = draft("1", title="chips", published=NOW - 900 * DAY)
    desk.bring("a", old, now=NOW)
    for rules, text in ((one, "The rules in force are not applied"), ("", "What rules did that are gone")):
        desk.write(A + rules + feed)
        take_over(desk)
        lines = desk.done("plan").splitlines()
        assert lines[0] == "Nothing would change in sources, rules and feeds."
        assert lines[1].startswith("  feed 'f': ")
        assert lines[2] == "1 entry would have other tags."
        assert lines[3].startswith(text)
        assert lines[3].endswith("call `aggregator rules apply`.")
        desk.done("rules", "apply")
        assert desk.done("plan") == lines[0] + "\n"
    desk.write(A + two + feed)
    take_over(desk)
    desk.bring("a", old, draft("2", title="chips"), now=NOW + 1)
    assert numbers(desk) == {"retagged": 1}, "what came since has what they say"
    desk.done("rules", "apply", "--since", "1d")
    assert numbers(desk) == {"retagged": 1}, "only entries of a span were asked"


def test_rules_that_came_and_went_are_known_by_what_came_meanwhile(desk: Desk) -> None:
    desk.write(A + RULE.format("r", "title:chips", 'add = ["hot"]'))
    desk.bring("a", draft("1", title="chips"), now=NOW)
    desk.write(A)
    desk.bring("a", draft("2", title="chips"), now=NOW)
    desk.write(A + RULE.format("r", "title:chips", 'add = ["hot"]'))
    take_over(desk)
    assert numbers(desk) == {"retagged": 1}


def test_rules_that_are_recorded_by_while_others_are_applied_are_not_forgotten(desk: Desk) -> None:
    desk.write(A)
    desk.bring("a", draft("1", title="chips"), draft("2", title="chips"), now=NOW)
    rules: tuple[Rule, ...]
    desk.write(A + RULE.format("r", "title:chips", 'add = ["hot"]'))
    rules = desk.config.rules
    with closing(open_store(str(desk.database))) as store:
        assert not store.curation.apply_rules(rules, span=None, now=NOW, limit=1).done
        desk.write(A)
        desk.bring("a", draft("3", title="chips"), now=NOW + 1)
        while not store.curation.apply_rules(rules, span=None, now=NOW, limit=1).done:
            pass
        asked = [[name for name, _ in rules] for rules in store.curation.in_force().asked]
    assert sorted(asked) == [[], ["r"]]


RENAMING = RULE.format("r", "source:other", 'add = ["hot"]')


def test_rules_see_sources_by_the_names_that_the_config_gives_them(desk: Desk) -> None:
    desk.write(A + RENAMING)
    desk.bring("a", draft("1"), now=NOW)
    (entry,) = desk.json("entries")
    desk.write(A.replace('"a"', '"other"') + RENAMING)
    assert numbers(desk) == {"retagged": 1}
    assert desk.json("rules", "test")[-1]["matches"] == 1
    assert desk.json("rules", "why", str(entry["id"]))[0]["tags"] == ["hot"]
    take_over(desk)
    assert [record["tags"] for record in desk.json("entries")] == [["hot"]], "without applying them"
    assert desk.done("plan").startswith("Nothing would change")


@pytest.mark.parametrize("name", ["a", "again"])
def test_a_source_that_comes_back_with_other_tags_is_looked_at(desk: Desk, name: str) -> None:
    desk.write(A)
    desk.bring("a", draft("1"), now=NOW)
    desk.write(B)
    take_over(desk)
    desk.write(A.replace('"a"', f'"{name}"') + 'tags = ["hot"]\n')
    assert numbers(desk) == {"retagged": 1}
    take_over(desk)
    assert [record["tags"] for record in desk.json("entries")] == [["hot"]]


def test_who_takes_over_an_address_under_a_name_that_was_known_leaves_its_entries_alone(desk: Desk) -> None:
    desk.write(A + B)
    desk.bring("a", draft("1"), now=NOW)
    desk.write(B.replace("org/b", "org/a") + 'tags = ["hot"]\n')
    assert numbers(desk) == {}
    take_over(desk)
    assert [record["tags"] for record in desk.json("entries")] == [[]]


def test_a_plan_tells_how_many_entries_new_limits_delete(desk: Desk) -> None:
    desk.write(A)
    now = now_ms()
    desk.bring("a", draft("x", published=now), draft("y", published=now - 9 * DAY), now=now)
    desk.write(A + '[retention]\nmax_age = "7d"\n')
    line = "1 entry would be deleted by limits that are new; `aggregator prune --dry-run` tells which."
    assert desk.done("plan").splitlines()[-1] == line
    assert desk.json("plan")[-1] == {"change": "retention", "entries": 1}
    desk.done("prune")
    desk.bring("a", draft("z", published=now - 8 * DAY), now=now)
    assert "deleted" not in desk.done("plan"), "limits that are applied are no change"
