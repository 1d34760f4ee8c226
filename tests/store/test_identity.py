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
    second = draft("a", guid="other", title="Other", content="Of something else.")
    assert two_polls(store, [draft("a")], [second])[0] == 1


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


# --- where names differ: what else must be the same -----------------------------------------------------

TEXT = "<p>A text of ten words, no more and no less.</p>"
COUNTED = TEXT + "<p>14 comments</p>"
OTHER = "<p>Nothing of the kind: it is about a wholly unlike matter.</p>"
LONG = "<p>" + "The words that stand below every episode. " * 9 + "</p>"


@pytest.mark.parametrize(("guid", "url"), [("", ""), (None, ""), ("", None)])
def test_two_items_with_one_title_and_date_are_two_when_their_names_and_texts_differ(
    store: Store, guid: str | None, url: str | None
) -> None:
    first, second = (
        draft(name, guid=guid, url=url, title="Flood warning", content=text)
        for name, text in (("kent", TEXT), ("essex", OTHER))
    )
    assert two_polls(store, [first], [second])[0] == 1
    assert sorted(str(entry.content_html) for entry in store.walk(EntryQuery())) == sorted([TEXT, OTHER])


def test_two_merges_in_one_second_that_say_nothing_but_their_title_are_two(store: Store) -> None:
    merges = [draft(name, title="Merge branch 'main'", content="") for name in "ab"]
    assert two_polls(store, merges[:1], merges[1:])[0] == 1


def test_a_lone_item_that_moves_with_the_addresses_in_its_text_is_the_same(store: Store) -> None:
    first, second = (
        draft(host, title="T", content=f"{TEXT}<img src='https://{host}.example/1.png'>") for host in "ab"
    )
    assert two_polls(store, [first], [second])[0] == 0


def test_a_source_that_renames_and_rewrites_everything_is_known_by_titles_and_dates(store: Store) -> None:
    dates = {name: NOW - (place + 2) * HOUR for place, name in enumerate("abcd")}
    first = [draft(name, content=TEXT, published=at) for name, at in dates.items()]
    second = [
        draft(f"new-{name}", title=f"Title of {name}", content=OTHER, published=at)
        for name, at in dates.items()
    ]
    assert two_polls(store, first, second)[0] == 0


@pytest.mark.parametrize(("text", "new"), [(COUNTED, 0), (OTHER, 1), ("", 0)])
@pytest.mark.parametrize("count", [1, 3])
def test_undated_under_one_title_and_link_but_another_guid_only_an_unlike_text_is_new(
    store: Store, text: str, new: int, count: int
) -> None:
    first = [draft(str(n), content=TEXT, published=None) for n in range(count)]
    second = draft("0", guid="other", content=text, published=None)
    assert two_polls(store, first, [second, *first[1:]])[0] == new


def test_undated_episodes_with_one_title_and_a_standing_text_are_told_apart_by_their_names(
    store: Store,
) -> None:
    first, second = (draft(name, title="Episode", content=LONG, published=None) for name in "ab")
    assert two_polls(store, [first], [second])[0] == 1


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize(("titled", "dated_now"), [(True, True), (True, False), (False, False)])
def test_a_counter_in_texts_under_guids_and_dates_of_each_request_brings_nothing_new(
    store: Store, count: int, titled: bool, dated_now: bool
) -> None:
    new = []
    for round_ in range(4):
        now = NOW + round_ * HOUR
        items = [
            draft(
                str(n),
                guid=f"{round_}-{n}",
                title=None if titled else "",
                content=f"<p>Of the {n}.</p>{TEXT}<p>{round_ * 7 + n} comments</p>",
                published=now if dated_now else NOW - DAY - n * HOUR,
            )
            for n in range(count)
        ]
        new.append(poll(store, A, items, now=now).new)
    assert new == [count, 0, 0, 0]


def test_pages_that_tell_another_text_each_day_are_entries_for_each_day(store: Store) -> None:
    towns = ["Berlin", "Ulm", "Kiel"]
    days = [
        [draft(town, guid=f"{town}-{day}", content=text, published=NOW - (2 - day) * DAY) for town in towns]
        for day, text in enumerate([TEXT, OTHER])
    ]
    assert two_polls(store, *days)[0] == len(towns)


@pytest.mark.parametrize(("text", "new"), [(TEXT, 0), (OTHER, 1)])
def test_a_title_edited_under_another_guid_is_an_edit_where_link_date_and_text_stay(
    store: Store, text: str, new: int
) -> None:
    second = draft("a", guid="other", title="Title of a (updated)", content=text)
    assert two_polls(store, [draft("a", content=TEXT)], [second])[0] == new


def test_a_text_is_compared_with_what_the_source_itself_said_of_a_story(store: Store) -> None:
    poll(store, A, [draft("a", guid="from-a", content=OTHER)])
    poll(store, B, [draft("a", guid="from-b", content=TEXT, published=None)], now=LATER)
    again = draft("a", guid="from-b-2", content=COUNTED, published=None)
    assert poll(store, B, [again], now=LATER + HOUR).new == 0


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize(("later", "new"), [(HOUR, 0), (DAY, 1)])
def test_few_items_without_link_named_and_dated_at_each_request_are_new_only_on_another_day(
    store: Store, count: int, later: int, new: int
) -> None:
    polls = [
        [draft(str(n), guid=f"{n}-{at}", url=None, published=at) for n in range(count)]
        for at in (NOW - DAY, NOW - DAY + later)
    ]
    assert two_polls(store, *polls)[0] == new * count


@pytest.mark.parametrize(("count", "dated", "new"), [(1, False, 0), (1, True, 1), (4, True, 0)])
def test_a_text_that_is_little_but_numbers_is_the_same_unless_a_lone_one_is_of_another_date(
    store: Store, count: int, dated: bool, new: int
) -> None:
    polls = [
        [
            draft(
                str(n),
                guid=f"{n}-{round_}",
                content=f"{10 + round_} points, {n + 3 * round_} comments",
                published=NOW - DAY + round_ * HOUR if dated else None,
            )
            for n in range(count)
        ]
        for round_ in (1, 2)
    ]
    assert two_polls(store, *polls)[0] == new


@pytest.mark.parametrize(
    ("text", "new"), [("今日は全国的に晴れます。", 0), ("円安が進み株価は下落した。", 1)]
)
def test_texts_in_a_script_without_spaces_are_compared_too(store: Store, text: str, new: int) -> None:
    first = draft("a", content="今日は全国的に晴れます。<p>1件</p>", published=None)
    second = draft("a", guid="other", content=f"{text}<p>2件</p>", published=None)
    assert two_polls(store, [first], [second])[0] == new
