"""Rules in the store: asked about what is recorded, and again about what is stored."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from aggregator.model import Entry, EntryQuery, RawHtml, Ruling, Source, StoryPolicy
from aggregator.protocols import Store
from tests.store.curated import Tables, apply, feed, rule
from tests.store.drafts import DAY, HOUR, NOW, draft, poll

A = Source(name="A", url="https://a.example/feed", tags=("x",))
B = Source(name="B", url="https://b.example/feed", tags=("y",))

CHIPS = rule("chips", "title:chips", add=("chips",))
ADS = rule("ads", "title:advertisement", drop=True)
POLICY = StoryPolicy(rules=(CHIPS, ADS))


@pytest.fixture(autouse=True)
def _configured(store: Store) -> None:
    store.sync_sources([A, B], now=NOW, policy=POLICY)


@pytest.fixture
def tables(tmp_path: Path, store: Store) -> Tables:
    return Tables(tmp_path / "aggregator.db")


def every(store: Store) -> dict[str, Entry]:
    return {stored.entry.title: stored.entry for stored in store.curation.stored()}


def titles(store: Store, query: EntryQuery) -> list[str]:
    return [entry.title for entry in store.entries(query)]


def test_new_entries_have_what_rules_say_and_tell_what_each_did(store: Store) -> None:
    poll(store, A, [draft("a", title="chips"), draft("b", title="fish")], policy=POLICY)
    chips, fish = (every(store)[title] for title in ("chips", "fish"))
    assert (chips.tags, chips.rulings) == (("x", "chips"), (Ruling(rule="chips", added=("chips",)),))
    assert (fish.tags, fish.rulings) == (("x",), ())
    assert titles(store, EntryQuery(all=("chips",))) == ["chips"]


def test_a_dropped_entry_stays_stored_and_nothing_gives_it(store: Store, tables: Tables) -> None:
    both = [draft("a", title="chips advertisement"), draft("b", title="b")]
    assert poll(store, A, both, policy=POLICY).new == 2
    dropped = every(store)["chips advertisement"]
    assert dropped.dropped
    assert store.entry(dropped.id) == dropped
    assert titles(store, EntryQuery()) == ["b"]
    assert titles(store, EntryQuery(sources=("A",))) == ["b"]
    assert [entry.title for entry in store.walk(EntryQuery())] == ["b"]
    assert [count.tag for count in store.tag_counts()] == ["x"]
    assert tables.tagged("chips") == []
    assert poll(store, A, both, policy=POLICY, now=NOW + HOUR).new == 0, "it is known"


def test_an_edit_that_brings_an_entry_back_makes_it_as_new_as_one_that_is_found_then(store: Store) -> None:
    poll(store, A, [draft("b", title="b")], policy=POLICY)
    poll(store, A, [draft("a", title="chips advertisement")], policy=POLICY, now=NOW + HOUR)
    poll(store, A, [draft("c", title="c")], policy=POLICY, now=NOW + 2 * HOUR)
    assert titles(store, EntryQuery()) == ["c", "b"]
    poll(store, A, [draft("a", title="chips")], policy=POLICY, now=NOW + 3 * HOUR)
    for query in (EntryQuery(), EntryQuery(all=("x",)), EntryQuery(sources=("A",))):
        assert titles(store, query) == ["chips", "c", "b"]
    assert store.entries(EntryQuery(all=("chips",)))[0].surfaced == NOW + 3 * HOUR


def test_an_edit_can_drop_an_entry_and_what_comes_back_late_is_no_news(store: Store, tables: Tables) -> None:
    poll(store, A, [draft("a", title="chips"), draft("b", title="b", published=NOW)], policy=POLICY)
    poll(store, A, [draft("a", title="chips advertisement")], policy=POLICY, now=NOW + HOUR)
    assert titles(store, EntryQuery()) == ["b"]
    assert len(tables.tagged("x")) == 1
    poll(store, A, [draft("a", title="chips")], policy=POLICY, now=NOW + 30 * DAY)
    assert titles(store, EntryQuery()) == ["b", "chips"]
    assert titles(store, EntryQuery(all=("x",))) == ["b", "chips"]


def test_a_tag_that_an_edit_brings_makes_news_under_it_and_old_entries_none(
    store: Store, tables: Tables
) -> None:
    poll(
        store, A, [draft("new", title="n"), draft("old", title="o", published=NOW - 90 * DAY)], policy=POLICY
    )
    edited = [
        draft("new", title="chips n"),
        draft("old", title="chips o", published=NOW - 90 * DAY),
        draft("x"),
    ]
    poll(store, A, edited, policy=POLICY, now=NOW + HOUR)
    assert [row[1] for row in tables.tagged("chips")] == [NOW + HOUR, NOW - 90 * DAY]


def test_rules_are_asked_with_the_tags_of_all_sources_of_a_story(store: Store) -> None:
    both = rule("both", "tag:x tag:y", set=("both",))
    poll(store, A, [draft("shared", guid="1")], policy=StoryPolicy(rules=(both,)))
    assert every(store)["Title of shared"].tags == ("x",)
    poll(store, B, [draft("shared", guid="2")], policy=StoryPolicy(rules=(both,)), now=NOW + HOUR)
    assert every(store)["Title of shared"].tags == ("both",)


def test_rules_are_asked_when_the_config_gives_other_tags_and_nobody_is_flooded(store: Store) -> None:
    poll(store, A, [draft("a", title="a", published=NOW - DAY), draft("b", title="b")])
    policy = StoryPolicy(rules=(rule("z", "tag:z title:a", add=("late",)),))
    store.sync_sources([replace(A, tags=("x", "z")), B], now=NOW + DAY, policy=policy)
    assert every(store)["a"].tags == ("x", "z", "late")
    assert titles(store, EntryQuery(all=("late",))) == ["a"]
    assert titles(store, EntryQuery(all=("z",))) == ["b", "a"]


def test_rules_are_asked_about_the_article_when_it_is_there(store: Store, tables: Tables) -> None:
    policy = StoryPolicy(rules=(rule("r", "content:rapidus", add=("r",)),))
    poll(store, A, [draft("first")], policy=policy)
    poll(store, A, [draft("later", published=NOW)], policy=policy, now=NOW + HOUR)
    for entry in every(store).values():
        store.keep_article(entry.id, RawHtml("<p>About Rapidus</p>"), policy, now=NOW + 2 * HOUR)
    assert [row[1] for row in tables.tagged("r")] == [NOW + 2 * HOUR, NOW - HOUR], "a first poll is no news"


def test_applying_asks_about_all_that_is_stored_and_twice_is_once(store: Store, tables: Tables) -> None:
    items = [draft(f"n{number}", title=f"chips {number}", published=NOW - number) for number in range(5)]
    poll(store, A, [*items, draft("ad", title="advertisement")])
    assert apply(store, CHIPS, ADS, now=NOW + DAY) == (6, 6)
    assert [row[1] for row in tables.tagged("chips")] == [NOW - number for number in range(5)], "as they were"
    before = (tables.all_tags(), every(store), store.revision())
    assert apply(store, CHIPS, ADS, now=NOW + 2 * DAY) == (6, 0)
    assert (tables.all_tags(), every(store), store.revision()) == before
    assert apply(store, now=NOW + 3 * DAY) == (6, 6), "without rules all is as sources say"
    assert {entry.tags for entry in store.walk(EntryQuery())} == {("x",)}
    assert titles(store, EntryQuery(all=("x",)))[0] == "chips 0", "nobody is flooded"


def test_only_what_was_published_within_the_span_is_asked_about(store: Store) -> None:
    poll(store, A, [draft(f"n{days}", title="chips", published=NOW - days * DAY) for days in range(1, 6)])
    assert apply(store, CHIPS, now=NOW, span=3 * DAY) == (3, 3)
    assert len(store.entries(EntryQuery(all=("chips",)))) == 3


def test_what_is_broken_off_goes_on_where_it_was_with_the_same_rules_only(store: Store) -> None:
    poll(store, A, [draft(f"n{number}", title="chips", published=NOW - number) for number in range(6)])
    first = store.curation.apply_rules((CHIPS,), span=None, now=NOW, limit=2)
    assert (first.looked, first.changed, first.total, first.done) == (2, 2, 6, False)
    assert apply(store, CHIPS, now=NOW + DAY) == (6, 6), "with what was done before"
    other = rule("chips", "title:chips", add=("other",))
    store.curation.apply_rules((other,), span=None, now=NOW, limit=4)
    assert apply(store, other, now=NOW, span=DAY)[0] == 6, "another span begins anew"
    store.curation.apply_rules((CHIPS,), span=None, now=NOW, limit=4)
    store.sync_sources([A, B], now=NOW, policy=StoryPolicy(rules=(other,)))
    assert store.curation.apply_rules((CHIPS,), span=None, now=NOW, limit=4).looked == 4, "so do other rules"


def test_what_was_in_force_last_is_told(store: Store) -> None:
    specs = (feed("all"), feed("some", "title:chips", any=("x",), token="secret", limit=7))
    store.sync_sources([A], now=NOW, policy=replace(POLICY, feeds=specs))
    known = store.curation.in_force()
    assert known.rules == (
        ("chips", {"match": "title:chips", "add": ["chips"]}),
        ("ads", {"match": "title:advertisement", "drop": True}),
    )
    some = {"title": "some", "any": ["x"], "limit": 7, "match": "title:chips", "token": True}
    assert known.feeds == (("all", {"title": "all"}), ("some", some))
