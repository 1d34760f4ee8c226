from __future__ import annotations

from tests.cli.conftest import Desk
from tests.store.drafts import NOW, draft

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
