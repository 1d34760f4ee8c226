"""The entries of configured feeds, noted as they come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.model import Entry, EntryQuery, FeedSpec, Rule, Source, StoryPolicy
from aggregator.protocols import Store
from aggregator.rules.engine import rule_on
from aggregator.rules.predicate import compiled
from aggregator.rules.subject import Subject
from aggregator.rules.tagging import union
from aggregator.store import open_store
from tests.store.curated import Tables, apply, feed, fill, rule
from tests.store.drafts import DAY, HOUR, NOW, draft, poll

A = Source(name="A", url="https://a.example/feed", tags=("x",))
B = Source(name="B", url="https://b.example/feed", tags=("y",))


@pytest.fixture
def tables(tmp_path: Path, store: Store) -> Tables:
    return Tables(tmp_path / "aggregator.db")


def force(store: Store, *feeds: FeedSpec, rules: tuple[Rule, ...] = (), now: int = NOW) -> StoryPolicy:
    policy = StoryPolicy(feeds=feeds, rules=rules)
    store.sync_sources([A, B], now=now, policy=policy)
    return policy


def test_entries_are_noted_when_they_meet_all_conditions_and_taken_out_when_not(
    store: Store, tables: Tables
) -> None:
    chips = feed("f", "title:chips", all=("x",), none=("c",), sources=("A",))
    policy = force(store, chips)
    poll(store, A, [draft("a", title="chips", published=NOW), draft("b", title="fish")], policy=policy)
    poll(store, B, [draft("c", title="chips")], policy=policy)
    ((entry_id, surfaced, _),) = tables.feed("f")
    assert (entry_id, surfaced) == (NOW, NOW)
    poll(store, A, [draft("a", title="chips", published=NOW, categories=("c",))], policy=policy, now=NOW + 1)
    assert tables.feed("f") == []
    poll(store, A, [draft("b", title="fish and chips")], policy=policy, now=NOW + HOUR)
    ((_, surfaced, _),) = tables.feed("f")
    assert surfaced == NOW + HOUR, "it is news there"


def test_a_feed_that_is_new_is_filled_as_stored_and_nobody_is_flooded(store: Store, tables: Tables) -> None:
    force(store)
    poll(store, A, [draft(f"n{number}", published=NOW - number * DAY) for number in range(9)])
    poll(store, B, [draft("b", published=NOW - 30 * DAY), draft("n3", guid="other", published=NOW - 3 * DAY)])
    poll(store, B, [draft("n2", guid="another")], now=NOW + HOUR)
    force(store, feed("all"), feed("both", all=("x", "y")), now=NOW + DAY)
    surfaced = [entry.surfaced for entry in sorted(store.walk(EntryQuery()), key=lambda e: -e.surfaced)]
    assert [row[1] for row in tables.feed("all")] == surfaced
    assert [row[1] for row in tables.feed("both")] == [NOW + HOUR, NOW - 3 * DAY], "the later condition"


def test_a_large_feed_is_filled_in_steps_newest_first_and_goes_on_after_a_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aggregator.store.sources._FILLED_AT_ONCE", 3)
    store = open_store(str(tmp_path / "aggregator.db"))
    tables = Tables(tmp_path / "aggregator.db")
    force(store)
    poll(store, A, [draft(f"n{number}", published=NOW - number * HOUR) for number in range(10)])
    force(store, feed("f", "title:title"))
    assert [row[1] for row in tables.feed("f")] == [NOW - hours * HOUR for hours in range(3)]
    assert store.curation.fill_feeds(limit=3) > 0
    store.close()
    store = open_store(str(tmp_path / "aggregator.db"))
    assert len(tables.feed("f")) == 6
    poll(store, A, [draft("late", title="title", published=NOW - 9 * DAY)], now=NOW + HOUR)
    assert len(tables.feed("f")) == 7, "what comes meanwhile is noted at once"
    assert fill(store, limit=3) == 2
    assert len(tables.feed("f")) == 11
    assert store.curation.fill_feeds(limit=3) == 0
    store.close()


def test_other_conditions_fill_a_feed_again_and_what_stays_in_it_keeps_its_place(
    store: Store, tables: Tables
) -> None:
    policy = force(store, feed("f", "title:chips"))
    poll(store, A, [draft("a", title="chips"), draft("b", title="b")], policy=policy)
    poll(store, A, [draft("b", title="chips b")], policy=policy, now=NOW + HOUR)
    before = tables.feed("f")
    force(store, replace(feed("f", "title:chips"), title="Other", limit=3))
    assert tables.feed("f") == before
    force(store, feed("f", "title:chips or title:fish"))
    fill(store)
    assert tables.feed("f") == before
    force(store, feed("f", "title:b"))
    fill(store)
    assert tables.feed("f") == before[:1]


def test_a_feed_that_has_left_the_config_forgets_its_entries_and_can_come_back(
    store: Store, tables: Tables
) -> None:
    policy = force(store, feed("f"), feed("g"))
    poll(store, A, [draft(f"n{number}") for number in range(5)], policy=policy)
    force(store, feed("g"))
    poll(store, A, [draft("n5")], now=NOW + 1)
    fill(store, limit=2)
    assert tables.feed("f") == []
    assert len(tables.feed("g")) == 6
    last = max(row[2] for row in tables.feed("g"))
    force(store, feed("f"), feed("g"))
    fill(store)
    assert len(tables.feed("f")) == 6
    assert min(row[2] for row in tables.feed("f")) > last, "its old archive is not added to"


def test_a_source_that_is_renamed_takes_its_entries_to_feeds_that_say_its_name(
    store: Store, tables: Tables
) -> None:
    policy = force(store, feed("f", "source:other"), feed("g", sources=("A",)))
    poll(store, A, [draft("a")], policy=policy)
    assert (len(tables.feed("f")), len(tables.feed("g"))) == (0, 1)
    renamed = replace(A, name="Other")
    feeds = (feed("f", "source:other"), feed("g", sources=("Other",)))
    store.sync_sources([renamed, B], now=NOW, policy=StoryPolicy(feeds=feeds))
    fill(store)
    assert (len(tables.feed("f")), len(tables.feed("g"))) == (1, 1)


def test_what_age_says_is_left_to_those_who_read_the_feed(store: Store, tables: Tables) -> None:
    policy = force(store, feed("f", "age < 1d"), feed("g", "not age < 1d"))
    poll(store, A, [draft("new"), draft("old", published=NOW - 30 * DAY)], policy=policy)
    assert len(tables.feed("f")) == len(tables.feed("g")) == 2


def test_a_dropped_entry_is_in_no_feed_until_it_comes_back(store: Store, tables: Tables) -> None:
    ads = rule("ads", "title:ad", drop=True)
    policy = force(store, feed("f"), rules=(ads,))
    poll(store, A, [draft("a", title="ad"), draft("b", title="b")], policy=policy)
    assert len(tables.feed("f")) == 1
    apply(store, now=NOW + DAY)
    assert [row[1] for row in tables.feed("f")] == [NOW - HOUR] * 2, "as it once surfaced"
    apply(store, ads, now=NOW + DAY)
    assert len(tables.feed("f")) == 1


def test_what_joins_later_has_a_higher_number(store: Store, tables: Tables) -> None:
    force(store)
    poll(store, A, [draft(f"n{number}", published=NOW - number * HOUR) for number in range(3)])
    policy = force(store, feed("f", "title:title"))
    assert {row[2] for row in tables.feed("f")} == {0}, "before anybody has read it"
    numbers = []
    for number in range(3):
        poll(store, A, [draft(f"later{number}")], policy=policy, now=NOW + number + 1)
        numbers.append(max(row[2] for row in tables.feed("f")))
        assert numbers[-1] <= store.revision()
    assert 0 < numbers[0] < numbers[1] < numbers[2]


# --- against a naive model --------------------------------------------------------------------------------

WORDS = ("chips", "fish", "ad")

_RULES = (
    rule("r1", "title:chips", add=("hot",)),
    rule("r2", "tag:hot tag:x", remove=("x",), add=("warm",)),
    rule("r3", "title:ad", drop=True),
    rule("r4", "-title:fish", set=("plain",), stop=True),
)
_FEEDS = (
    feed("f1", any=("hot", "y"), none=("c",)),
    feed("f2", "title:chips or tag:warm", sources=("A",)),
    feed("f3", "source:b not title:fish"),
    feed("f4", all=("x", "c")),
)
_OTHERS = (
    feed("f1", "title:fish"),
    feed("f2", "age < 3d title:chips"),
    feed("f3"),
    feed("f5", none=("plain",)),
)

_DRAFTS = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.lists(st.sampled_from(WORDS), min_size=1, max_size=2, unique=True).map(" ".join),
        st.sampled_from([(), ("c",)]),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda item: item[0],
)
_CONFIGS = st.tuples(
    st.lists(st.sampled_from(_RULES), unique=True, max_size=3).map(tuple),
    st.lists(st.sampled_from((*_FEEDS, *_OTHERS)), unique_by=lambda each: each.slug, max_size=4).map(tuple),
    st.sampled_from([("x",), ("x", "hot"), ("c",)]),
)
_STEPS = st.one_of(
    st.tuples(st.just("poll"), st.sampled_from(["A", "B"]), _DRAFTS),
    st.tuples(st.just("config"), _CONFIGS),
    st.tuples(st.just("fill"), st.integers(1, 3)),
    st.tuples(st.just("apply"), st.integers(1, 3)),
)


class _Run:
    """A store, and the config that it has."""

    def __init__(self, path: Path) -> None:
        self.store = open_store(str(path))
        self.tables = Tables(path)
        self.now = NOW
        self.config: tuple[tuple[Rule, ...], tuple[FeedSpec, ...], tuple[str, ...]] = ((), _FEEDS, ("x",))
        self.sync()

    @property
    def policy(self) -> StoryPolicy:
        return StoryPolicy(rules=self.config[0], feeds=self.config[1])

    def sources(self) -> dict[str, Source]:
        return {"A": replace(A, tags=self.config[2]), "B": B}

    def sync(self) -> None:
        self.store.sync_sources(list(self.sources().values()), now=self.now, policy=self.policy)

    def take(self, step: tuple[Any, ...]) -> None:
        self.now += HOUR
        match step:
            case ("poll", str(name), list(items)):
                drafts = [
                    # A story of both sources when the numbers are the same.
                    draft(f"n{number}", guid=f"{name}{number}", title=title, categories=categories)
                    for number, title, categories in items
                ]
                poll(self.store, self.sources()[name], drafts, now=self.now, policy=self.policy)
            case ("config", tuple(config)):
                self.config = config
                self.sync()
            case ("fill", int(limit)):
                self.store.curation.fill_feeds(limit=limit)
            case ("apply", int(limit)):
                self.store.curation.apply_rules(self.config[0], span=None, now=self.now, limit=limit)

    def places(self) -> dict[tuple[str, int], tuple[int, int]]:
        """Where entries stand under tags and in feeds: instant and number."""
        feeds = {f"feed {spec.slug}": self.tables.feed(spec.slug) for spec in (*_FEEDS, *_OTHERS)}
        tags = {f"tag {tag}": self.tables.tagged(tag) for tag in ("x", "y", "c", "hot", "warm", "plain")}
        return {(name, row[0]): row[1:] for name, rows in {**feeds, **tags}.items() for row in rows}


def _should_be_in(spec: FeedSpec, entry: Entry) -> bool:
    names = {source.name for source in entry.sources}
    return (
        not entry.dropped
        and (not spec.any or not set(spec.any).isdisjoint(entry.tags))
        and set(spec.all) <= set(entry.tags)
        and set(spec.none).isdisjoint(entry.tags)
        and (not spec.sources or not set(spec.sources).isdisjoint(names))
        # All are younger than any age that is asked for.
        and (spec.match is None or compiled(spec.match)(Subject(entry, entry.dated)))
    )


def _check(run: _Run) -> None:
    entries = [stored.entry for stored in run.store.curation.stored()]
    published = {(entry.id, tag) for entry in entries if not entry.dropped for tag in entry.tags}
    assert run.tables.all_tags() == published
    for spec in run.config[1]:
        held = {row[0] for row in run.tables.feed(spec.slug)}
        assert held == {entry.id for entry in entries if _should_be_in(spec, entry)}, spec.slug


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_STEPS, max_size=12))
def test_feeds_hold_what_meets_their_conditions_whatever_was_written_in_which_order(
    steps: Sequence[tuple[Any, ...]],
) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("aggregator.store.sources._FILLED_AT_ONCE", 2)  # else nothing is left to fill
        run = _Run(Path(folder) / "aggregator.db")
        try:
            for step in steps:
                before = run.places()
                number = run.store.revision()
                run.take(step)
                after = run.places()
                assert all(after[place] == before[place] for place in before.keys() & after.keys()), (
                    "nothing surfaces twice while it stays"
                )
                came = [after[place][1] for place in after.keys() - before.keys()]
                assert all(joined == 0 or number < joined <= run.store.revision() for joined in came)
            fill(run.store, limit=2)
            _check(run)
            apply(run.store, *run.config[0], now=run.now)
            _check(run)
            for stored in run.store.curation.stored():
                base = union(*(given.tags for given in stored.given))
                verdict = rule_on(run.config[0], Subject(stored.entry, run.now), base)
                assert (stored.entry.tags, stored.entry.dropped, stored.entry.rulings) == (
                    *(verdict.tags, verdict.dropped, verdict.rulings),
                )
        finally:
            run.store.close()
