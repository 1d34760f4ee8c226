"""What was deleted does not come back, and what is new does come: each test through a real database."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aggregator.model import Dedupe, EntryDraft, EntryQuery, PollTally, Source, StoryPolicy
from aggregator.protocols import Store
from tests.store.drafts import DAY, HOUR, NOW, draft, poll
from tests.store.pruned import SOON, ids, prune

A = Source(name="A", url="https://a.example/feed", tags=("a",))
B = Source(name="B", url="https://b.example/feed", tags=("b",))
TEXT = " ".join(f"word{number}" for number in range(120))


@pytest.fixture(autouse=True)
def _configured(store: Store) -> None:
    store.sync_sources([A, B], now=NOW)


def of(name: str, **changes: object) -> EntryDraft:
    """An item with a text of its own."""
    return draft(name, **{"content": f"<p>{name} {TEXT}</p>", **changes})  # type: ignore[arg-type]  # by name


def test_what_was_deleted_does_not_come_back_while_it_is_listed(store: Store) -> None:
    items = [of("a"), of("b")]
    poll(store, A, items)
    assert len(prune(store)) == 2
    revision = store.revision()
    assert poll(store, A, items, now=SOON) == PollTally()
    assert (ids(store), store.revision()) == ([], revision)


@pytest.mark.parametrize(
    "again",
    [
        lambda name: of(name, guid=f"new-{name}"),
        lambda name: of(name, published=SOON),
        lambda name: of(name, url=f"https://moved.example/{name}"),
        lambda name: of(name, title=f"Edited {name}"),
        lambda name: of(name, content=f"<p>{name} {TEXT}, and 7 comments</p>"),
        lambda name: of(name, guid=None),
        lambda name: of(name, guid=f"new-{name}", published=SOON, content=f"<p>{name} {TEXT} 7</p>"),
    ],
    ids=["guids", "dates", "links", "titles", "texts", "no guids", "guids, dates and counters"],
)
def test_a_source_that_says_it_otherwise_does_not_bring_it_back(
    store: Store, again: Callable[[str], EntryDraft]
) -> None:
    poll(store, A, [of(name) for name in "abcd"])
    prune(store)
    assert poll(store, A, [again(name) for name in "abcd"], now=SOON).new == 0
    assert ids(store) == []


def test_a_tombstone_follows_what_its_source_says(store: Store) -> None:
    poll(store, A, [of(name) for name in "abc"])
    prune(store)
    renamed = [of(name, guid=f"new-{name}") for name in "abc"]
    rewritten = [
        of(name, guid=f"new-{name}", url=f"https://else.example/{name}", title=f"Anew {name}", content="Else")
        for name in "abc"
    ]
    assert poll(store, A, renamed, now=SOON).new == 0
    assert poll(store, A, rewritten, now=SOON + HOUR).new == 0


def test_a_guid_that_changes_at_each_request_leaves_no_trail(store: Store) -> None:
    poll(store, A, [of("a")])
    prune(store)
    for round_ in range(20):
        assert poll(store, A, [of("a", guid=f"random-{round_}")], now=SOON + round_ * HOUR).new == 0
    assert poll(store, A, [of("b", guid="random-3")], now=SOON + DAY).new == 1, "an old guid is forgotten"


def test_what_is_new_under_an_old_link_comes_in(store: Store) -> None:
    page = "https://a.example/today"
    poll(store, A, [of("monday", url=page)])
    prune(store)
    assert poll(store, A, [of("tuesday", url=page, published=SOON)], now=SOON).new == 1


def test_an_undated_column_under_one_title_and_link_comes_in_with_each_new_text(store: Store) -> None:
    def column(day: str) -> EntryDraft:
        text = " ".join(f"{day}{number}" for number in range(50))
        return draft(day, url="https://a.example/column", title="Column", content=text, published=None)

    poll(store, A, [column("monday")])
    prune(store)
    assert poll(store, A, [column("tuesday")], now=SOON).new == 1
    prune(store, now=SOON + DAY)
    assert poll(store, A, [column("tuesday")], now=SOON + DAY).new == 0


def test_a_notice_of_every_day_comes_in_each_day(store: Store) -> None:
    def notice(day: int) -> EntryDraft:
        return draft(f"{day}", title="The bridge is closed", content="As ever.", published=NOW + day * DAY)

    poll(store, A, [notice(0)])
    prune(store)
    assert poll(store, A, [notice(0), notice(2)], now=NOW + 2 * DAY).new == 1


def test_a_guid_that_turns_out_to_be_everybodys_holds_nothing_off(store: Store) -> None:
    poll(store, A, [of("a", guid="same", url=None)])
    prune(store)
    assert poll(store, A, [of(name, guid="same", url=None) for name in "bcd"], now=SOON).new == 3
    assert poll(store, A, [of("e", guid="same", url=None)], now=SOON + HOUR).new == 1, "nor in short ones"


def test_a_story_that_was_deleted_does_not_come_back_by_another_source(store: Store) -> None:
    poll(store, A, [of("a", guid="from-a")])
    prune(store)
    assert poll(store, B, [of("a", guid="from-b")], now=SOON).new == 0
    moved = of("a", guid="from-b", url="https://else.example/", title="Else", content="Else")
    assert poll(store, B, [moved], now=SOON + HOUR).new == 0, "it is known by that source's guid by now"


def test_without_stories_another_sources_item_is_its_own(store: Store) -> None:
    poll(store, A, [of("a", guid="from-a")])
    prune(store)
    off = StoryPolicy(dedupe=Dedupe.OFF)
    assert poll(store, B, [of("a", guid="from-b")], now=SOON, policy=off).new == 1


def test_a_story_that_is_alike_is_found_among_what_is_stored_only(store: Store) -> None:
    similar = StoryPolicy(dedupe=Dedupe.SIMILAR)
    title = "The quick brown fox jumps over the lazy dog"
    poll(store, A, [of("a", title=title, url="https://a.example/1")], policy=similar)
    prune(store)
    item = of("a", guid="b", title=title, url="https://b.example/1")
    assert poll(store, B, [item], now=SOON, policy=similar).new == 1


def test_the_id_of_a_deleted_entry_is_never_given_again(store: Store) -> None:
    poll(store, A, [of("a", published=NOW - HOUR), of("b", published=NOW - HOUR)])
    assert ids(store) == [NOW - HOUR, NOW - HOUR + 1]
    prune(store)
    poll(store, A, [of("c", published=NOW - HOUR)], now=SOON)
    assert ids(store) == [NOW - HOUR + 2]


def test_what_is_stored_is_known_before_what_was_deleted(store: Store) -> None:
    page = "https://a.example/today"
    poll(store, A, [of("monday", url=page)])
    prune(store)
    poll(store, A, [of("tuesday", guid=None, url=page, published=SOON)], now=SOON)
    edited = of("tuesday", guid=None, url=page, published=SOON + 1, content="Edited.")
    assert poll(store, A, [edited], now=SOON + HOUR) == PollTally(updated=1)


def test_a_source_goes_on_as_if_it_had_what_was_deleted(store: Store) -> None:
    poll(store, A, [of("a", published=NOW - 30 * DAY)])
    prune(store)
    poll(store, A, [of("a", published=SOON, title="Edited"), of("b", published=NOW - 20 * DAY)], now=SOON)
    poll(store, A, [of("c", published=NOW - 20 * DAY)], now=SOON + HOUR)
    surfaced = {entry.title: entry.surfaced for entry in store.walk(EntryQuery())}
    assert surfaced == {"Title of b": SOON, "Title of c": NOW - 20 * DAY}, "an archive that was put back"
