"""What is the same entry, over polls and sources: each test through a real database."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from aggregator.model import Dedupe, EntryDraft, EntryQuery, Source, StoryPolicy
from aggregator.protocols import Store
from tests.store.drafts import DAY, HOUR, NOW, draft, poll

A = Source(name="A", url="https://a.example/feed", tags=("a",))
B = Source(name="B", url="https://b.example/feed", tags=("b",))
LATER = NOW + HOUR


@pytest.fixture(autouse=True)
def _configured(store: Store) -> None:
    store.sync_sources([A, B], now=NOW)


def ids(store: Store) -> list[int]:
    return [entry.id for entry in store.walk(EntryQuery())]


def two_polls(store: Store, first: Sequence[EntryDraft], second: Sequence[EntryDraft]) -> tuple[int, int]:
    """Poll twice; return how many entries the second one added and updated."""
    poll(store, A, first)
    tally = poll(store, A, second, now=LATER)
    return tally.new, tally.updated


def test_the_same_document_again_changes_nothing(store: Store) -> None:
    items = [draft("a"), draft("b")]
    revision_after_first = poll(store, A, items) and store.revision()
    assert poll(store, A, items, now=LATER).new == 0
    assert store.revision() == revision_after_first


def test_an_edited_title_updates_the_entry_and_keeps_its_id(store: Store) -> None:
    poll(store, A, [draft("a")])
    (before,) = store.walk(EntryQuery())
    assert poll(store, A, [draft("a", title="A better title")], now=LATER).updated == 1
    (after,) = store.walk(EntryQuery())
    assert (after.id, after.surfaced, after.title) == (before.id, before.surfaced, "A better title")
    assert after.changed == LATER


def test_an_edited_date_keeps_the_id(store: Store) -> None:
    poll(store, A, [draft("a", published=NOW - HOUR)])
    assert two_polls(store, [], [draft("a", published=NOW - 2 * HOUR)]) == (0, 1)
    (entry,) = store.walk(EntryQuery())
    assert (entry.id, entry.published, entry.source_published) == (NOW - HOUR, NOW - 2 * HOUR, NOW - 2 * HOUR)


def test_a_source_that_redates_everything_brings_nothing_new(store: Store) -> None:
    first = [draft(name, published=NOW - DAY) for name in "abc"]
    second = [draft(name, published=LATER) for name in "abc"]
    assert two_polls(store, first, second)[0] == 0
    assert all(entry.published == NOW for entry in store.walk(EntryQuery())), "seen before it was dated"


def test_a_source_that_rewrites_all_its_guids_brings_nothing_new(store: Store) -> None:
    first = [draft(name, published=NOW - DAY) for name in "abc"]
    second = [draft(name, guid=f"new-{name}", published=NOW - DAY) for name in "abc"]
    assert two_polls(store, first, second)[0] == 0
    assert len(ids(store)) == 3


def test_rewritten_guids_and_links_are_recognised_by_title_and_date(store: Store) -> None:
    second = draft("a", guid="other", url="https://moved.example/1")
    assert two_polls(store, [draft("a")], [second])[0] == 0


def test_another_guid_and_title_on_the_same_page_and_day_is_another_entry(store: Store) -> None:
    assert two_polls(store, [draft("a")], [draft("a", guid="other", title="Other")])[0] == 1


def test_a_guid_that_changes_at_each_request_leaves_no_trail(store: Store) -> None:
    for round_ in range(20):
        poll(store, A, [draft("a", guid=f"random-{round_}")], now=NOW + round_ * HOUR)
    assert len(ids(store)) == 1
    assert poll(store, A, [draft("b", guid="random-3")], now=NOW + DAY).new == 1, "an old guid is forgotten"


def test_another_guid_title_and_date_at_the_same_link_is_another_entry(store: Store) -> None:
    page = "https://a.example/status"
    first = draft("a", url=page, published=NOW - DAY)
    second = draft("b", url=page, published=NOW - HOUR)
    assert two_polls(store, [first], [second])[0] == 1


def test_items_that_share_a_link_are_told_apart_by_their_guids(store: Store) -> None:
    page = "https://a.example/news"
    assert poll(store, A, [draft(name, url=page) for name in "abc"]).new == 3
    assert poll(store, A, [draft(name, url=page) for name in "abcd"], now=LATER).new == 1


def test_a_guid_that_every_item_has_is_no_identity(store: Store) -> None:
    items = [draft(name, guid="0") for name in "abc"]
    assert poll(store, A, items).new == 3
    assert two_polls(store, items, [draft("d", guid="0"), *items])[0] == 1


def test_without_guid_the_link_is_the_identity(store: Store) -> None:
    assert two_polls(store, [draft("a", guid=None)], [draft("a", guid=None, title="Edited")]) == (0, 1)


def test_without_guid_and_link_title_and_content_are_the_identity(store: Store) -> None:
    said = draft("a", guid=None, url=None, published=None)
    other = draft("b", guid=None, url=None, published=None)
    assert two_polls(store, [said], [other, said])[0] == 1


def test_an_item_that_gets_a_guid_later_is_still_the_same(store: Store) -> None:
    assert two_polls(store, [draft("a", guid=None)], [draft("a")])[0] == 0


def test_an_item_listed_twice_is_one_entry_the_upper_one(store: Store) -> None:
    items = [draft("a", content="newer"), draft("a", content="older")]
    assert poll(store, A, items).new == 1
    (entry,) = store.walk(EntryQuery())
    assert entry.content_html == "newer"


def test_equal_items_without_guid_and_link_do_not_come_again_at_each_poll(store: Store) -> None:
    nameless = draft("a", guid=None, url=None, published=None)
    poll(store, A, [nameless, nameless])
    assert poll(store, A, [nameless, nameless], now=LATER).new == 0


def test_items_that_vanish_from_the_document_stay(store: Store) -> None:
    assert two_polls(store, [draft("a"), draft("b")], [draft("b")]) == (0, 0)
    assert len(ids(store)) == 2


def test_a_source_that_empties_itself_and_comes_back_brings_nothing_new(store: Store) -> None:
    items = [draft(name) for name in "abc"]
    poll(store, A, items)
    poll(store, A, [], now=LATER)
    assert poll(store, A, items, now=LATER + HOUR).new == 0


def test_the_same_guid_in_two_sources_is_two_entries(store: Store) -> None:
    poll(store, A, [draft("a", guid="1", url="https://a.example/1")])
    assert poll(store, B, [draft("b", guid="1", url="https://b.example/1")]).new == 1


def test_the_same_url_in_two_sources_is_one_story_with_both_sources_and_all_tags(store: Store) -> None:
    poll(store, A, [draft("a", guid="from-a")])
    tally = poll(store, B, [draft("a", guid="from-b")], now=LATER)
    assert (tally.new, tally.updated) == (0, 1)
    (entry,) = store.walk(EntryQuery())
    assert [source.name for source in entry.sources] == ["A", "B"]
    assert entry.tags == ("a", "b")


def test_a_story_is_updated_by_the_source_that_brought_it_first(store: Store) -> None:
    poll(store, A, [draft("a", guid="from-a")])
    poll(store, B, [draft("a", guid="from-b", title="As B says it")], now=LATER)
    poll(store, B, [draft("a", guid="from-b", title="As B says it now")], now=LATER + 1)
    poll(store, A, [draft("a", guid="from-a", title="As A says it now")], now=LATER + 2)
    (entry,) = store.walk(EntryQuery())
    assert entry.title == "As A says it now"


def test_without_dedupe_each_source_keeps_its_own(store: Store) -> None:
    off = StoryPolicy(dedupe=Dedupe.OFF)
    poll(store, A, [draft("a", guid="from-a")], policy=off)
    assert poll(store, B, [draft("a", guid="from-b")], policy=off).new == 1


def test_keys_of_more_items_than_a_statement_takes_are_all_looked_up(store: Store) -> None:
    items = [draft(f"n{number}", published=NOW - number) for number in range(1200)]
    assert two_polls(store, items, items) == (0, 0)
