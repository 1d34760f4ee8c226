"""No miss, no flood: when entries become visible, and what a feed holds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aggregator.model import EntryQuery, Source, StoryPolicy
from aggregator.protocols import Store
from tests.store.drafts import DAY, HOUR, NOW, draft, poll

A = Source(name="A", url="https://a.example/feed", tags=("x",))
B = Source(name="B", url="https://b.example/feed", tags=("y",))


@pytest.fixture(autouse=True)
def _configured(store: Store) -> None:
    store.sync_sources([A, B], now=NOW)


def surfaced(store: Store) -> dict[str, int]:
    return {entry.title.removeprefix("Title of "): entry.surfaced for entry in store.walk(EntryQuery())}


def titles_in_order(store: Store, query: EntryQuery) -> list[str]:
    return [entry.title.removeprefix("Title of ") for entry in store.entries(query)]


def test_a_first_poll_surfaces_entries_at_their_publication(store: Store) -> None:
    poll(store, A, [draft("a", published=NOW - HOUR), draft("b", published=NOW - 90 * DAY)])
    assert surfaced(store) == {"a": NOW - HOUR, "b": NOW - 90 * DAY}


def test_later_polls_surface_new_entries_when_they_are_first_seen(store: Store) -> None:
    poll(store, A, [draft("a", published=NOW - HOUR)])
    poll(store, A, [draft("late", published=NOW - 3 * DAY)], now=NOW + HOUR)
    assert surfaced(store)["late"] == NOW + HOUR


def test_items_far_older_than_what_the_source_had_surface_at_their_publication(store: Store) -> None:
    poll(store, A, [draft("a", published=NOW - HOUR)])
    poll(store, A, [draft("old", published=NOW - 8 * DAY)], now=NOW + HOUR)
    assert surfaced(store)["old"] == NOW - 8 * DAY


def test_what_counts_as_backfill_is_the_policys_choice(store: Store) -> None:
    poll(store, A, [draft("a", published=NOW - HOUR)])
    month = StoryPolicy(backfill_after=30 * DAY)
    poll(store, A, [draft("old", published=NOW - 8 * DAY)], now=NOW + HOUR, policy=month)
    assert surfaced(store)["old"] == NOW + HOUR


def test_a_source_that_was_asleep_misses_nothing_when_it_wakes(store: Store) -> None:
    poll(store, A, [draft("a", published=NOW - HOUR)])
    later = NOW + 30 * DAY
    poll(store, A, [draft("b", published=later - 20 * DAY)], now=later)
    assert surfaced(store)["b"] == later


def test_the_first_items_of_a_source_that_was_empty_surface_when_they_are_seen(store: Store) -> None:
    poll(store, A, [])
    poll(store, A, [draft("a", published=NOW)], now=NOW + HOUR)
    assert surfaced(store) == {"a": NOW + HOUR}


def test_a_failed_poll_is_no_first_poll(store: Store) -> None:
    poll(store, A, None)
    poll(store, A, [draft("a", published=NOW - DAY)], now=NOW + HOUR)
    assert surfaced(store) == {"a": NOW - DAY}


def test_undated_entries_get_the_first_seen_time_in_the_documents_order(store: Store) -> None:
    poll(store, A, [draft(name, published=None) for name in ("upper", "middle", "lower")])
    entries = {entry.title: entry for entry in store.walk(EntryQuery())}
    assert [entries[f"Title of {name}"].id for name in ("upper", "middle", "lower")] == [
        NOW + 2,
        NOW + 1,
        NOW,
    ]
    assert all(entry.published is None for entry in entries.values())


@pytest.mark.parametrize("said", [-62_135_596_800_000, 631_151_999_999])
def test_a_date_before_1990_counts_as_none_and_is_kept_beside(store: Store, said: int) -> None:
    poll(store, A, [draft("a", published=said)])
    (entry,) = store.walk(EntryQuery())
    assert (entry.id, entry.published, entry.source_published) == (NOW, None, said)


def test_a_date_in_the_future_is_clamped_and_kept_beside(store: Store) -> None:
    poll(store, A, [draft("a", published=253_402_300_799_000)])
    (entry,) = store.walk(EntryQuery())
    assert (entry.id, entry.published, entry.source_published) == (NOW, NOW, 253_402_300_799_000)


def test_five_hundred_items_of_one_second_are_five_hundred_entries_in_order(store: Store) -> None:
    items = [draft(f"n{number}", published=NOW - HOUR) for number in range(500)]
    assert poll(store, A, items).new == 500
    newest_first = [entry.title for entry in store.entries(EntryQuery(limit=500))]
    assert newest_first == [f"Title of n{number}" for number in range(500)], "the document's order"
    assert {entry.id for entry in store.walk(EntryQuery())} == set(range(NOW - HOUR, NOW - HOUR + 500))


def test_ids_taken_by_another_source_give_way(store: Store) -> None:
    poll(store, A, [draft("a")])
    poll(store, B, [draft("b")])
    assert [entry.id for entry in store.walk(EntryQuery())] == [NOW - HOUR, NOW - HOUR + 1]


def test_a_feed_holds_at_least_its_limit_and_everything_of_its_window(store: Store) -> None:
    poll(store, A, [draft(f"n{hour}", published=NOW - hour * HOUR) for hour in range(1, 60)])
    assert len(store.entries(EntryQuery(limit=10, window=0))) == 10
    assert len(store.entries(EntryQuery(limit=10, window=24 * HOUR))) == 25, "both ends of the window"
    assert len(store.entries(EntryQuery(limit=40, window=24 * HOUR))) == 40
    assert len(store.entries(EntryQuery(limit=10, window=24 * HOUR, cap=15))) == 15


def test_a_story_that_gets_a_tag_later_is_new_under_that_tag(store: Store) -> None:
    poll(store, A, [draft("shared", guid="from-a", published=NOW - 5 * DAY)])
    poll(store, B, [draft("b", published=NOW - HOUR)])
    poll(store, B, [draft("shared", guid="from-b", published=NOW - DAY), draft("b")], now=NOW + HOUR)
    under_y = store.entries(EntryQuery(all=("y",), limit=1))
    from_b = store.entries(EntryQuery(sources=("B",), limit=1))
    assert [entry.title for entry in under_y] == [entry.title for entry in from_b] == ["Title of shared"]
    assert store.entries(EntryQuery(all=("x",)))[0].surfaced == NOW - 5 * DAY


def test_a_story_of_a_source_that_is_new_here_is_no_news_under_its_tag(store: Store) -> None:
    poll(store, A, [draft("shared", guid="from-a", published=NOW - 90 * DAY)])
    poll(store, B, [draft("b"), draft("shared", guid="from-b", published=NOW - 90 * DAY)], now=NOW + HOUR)
    for query in (EntryQuery(all=("y",)), EntryQuery(sources=("B",))):
        assert titles_in_order(store, query) == ["b", "shared"]


def test_a_category_that_old_items_get_later_puts_none_of_them_on_top(store: Store) -> None:
    old = {f"n{number}": NOW - (30 + number) * DAY for number in range(40)}
    news = draft("news", categories=("c",))
    poll(store, A, [news, *(draft(name, published=at) for name, at in old.items())])
    with_category = [draft(name, published=at, categories=("c",)) for name, at in old.items()]
    assert poll(store, A, [news, *with_category], now=NOW + HOUR).updated == 40
    assert titles_in_order(store, EntryQuery(all=("c",))) == ["news", *old]


def test_an_item_that_came_late_is_news_under_a_category_that_it_gets_soon_after(store: Store) -> None:
    poll(store, A, [draft("a", published=NOW, categories=("c",))])
    late = NOW + HOUR - 6 * DAY
    poll(store, A, [draft("late", published=late)], now=NOW + HOUR)
    poll(store, A, [draft("b", published=NOW + 2 * DAY)], now=NOW + 2 * DAY)
    poll(store, A, [draft("late", published=late, categories=("c",))], now=NOW + 2 * DAY + HOUR)
    assert titles_in_order(store, EntryQuery(all=("c",))) == ["late", "a"]


def test_an_entry_is_as_new_in_a_feed_as_the_last_of_its_conditions_and_the_first_that_meets_one(
    store: Store,
) -> None:
    poll(store, A, [draft("joined", published=NOW - 5 * DAY)])
    poll(store, A, [draft("joined", published=NOW - 5 * DAY), draft("middle", categories=("y",))], now=NOW)
    poll(store, B, [draft("b", published=NOW - 2 * DAY)])
    again = [draft("joined", published=NOW - DAY), draft("b", published=NOW - 2 * DAY)]
    poll(store, B, again, now=NOW + HOUR)
    assert titles_in_order(store, EntryQuery(all=("x", "y"))) == ["joined", "middle"]
    assert titles_in_order(store, EntryQuery(any=("x", "y"))) == ["middle", "b", "joined"]
    assert titles_in_order(store, EntryQuery(sources=("A", "B"))) == ["middle", "b", "joined"]
    assert titles_in_order(store, EntryQuery(any=("x", "nothing"), sources=("B",))) == ["joined"]
    assert titles_in_order(store, EntryQuery(all=("x",), sources=("B", "A"), any=("y",)))[0] == "joined"


def test_a_source_counts_as_followed_since_its_first_document_even_an_empty_one(store: Store) -> None:
    poll(store, A, [])
    poll(store, A, [], now=NOW + 10 * DAY)
    poll(store, A, [draft("a", published=NOW + DAY)], now=NOW + 11 * DAY)
    assert surfaced(store) == {"a": NOW + 11 * DAY}


def test_an_id_that_is_taken_gives_way_to_the_next_free_millisecond_not_to_the_last(store: Store) -> None:
    poll(store, A, [draft(f"n{later}", published=NOW - HOUR + later) for later in (0, 1, 3, 500)])
    poll(store, B, [draft("upper"), draft("lower")])
    ids = {entry.title: entry.id - (NOW - HOUR) for entry in store.walk(EntryQuery())}
    assert (ids["Title of lower"], ids["Title of upper"]) == (2, 4)


def test_an_old_entry_keeps_its_place_under_a_tag_that_the_config_gives_it_later(store: Store) -> None:
    poll(store, A, [draft("a1", published=NOW - HOUR), draft("a3", published=NOW - 3 * HOUR)])
    poll(store, B, [draft("b2", published=NOW - 2 * HOUR)])
    store.sync_sources([replace(A, tags=("x", "y")), B], now=NOW + DAY)
    assert titles_in_order(store, EntryQuery(all=("y",))) == ["a1", "b2", "a3"]


def test_a_limit_beyond_the_cap_is_kept(store: Store) -> None:
    poll(store, A, [draft(f"n{number}", published=NOW - number) for number in range(30)])
    for window in (0, DAY):
        assert len(store.entries(EntryQuery(limit=20, window=window, cap=10))) == 20


def test_feeds_select_by_any_all_none_and_sources(store: Store) -> None:
    poll(store, A, [draft("plain"), draft("chips", categories=("chips", "b c"))])
    poll(store, B, [draft("other", categories=("chips",))])

    def titles(query: EntryQuery) -> set[str]:
        return {entry.title.removeprefix("Title of ") for entry in store.entries(query)}

    assert titles(EntryQuery()) == {"plain", "chips", "other"}
    assert titles(EntryQuery(any=("chips", "nothing"))) == {"chips", "other"}
    assert titles(EntryQuery(any=("x", "y"), none=("chips",))) == {"plain"}
    assert titles(EntryQuery(all=("x", "chips"))) == {"chips"}
    assert titles(EntryQuery(sources=("B",))) == {"other"}
    assert titles(EntryQuery(sources=("A", "B"), all=("b c",))) == {"chips"}
    assert titles(EntryQuery(sources=("nobody",))) == set()
