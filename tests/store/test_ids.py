from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from aggregator.store.ids import EARLIEST, TakenFrom, assign_ids, usable_instant

SEEN = 1_712_200_000_000
instants = st.integers(min_value=SEEN, max_value=SEEN + 20)


def among(taken: set[int]) -> TakenFrom:
    def taken_from(first: int) -> list[int]:
        return [first] if first in taken else []

    return taken_from


def test_a_publication_is_believed_to_the_millisecond() -> None:
    assert usable_instant(1_712_108_792_123, SEEN) == 1_712_108_792_123


def test_a_date_before_1990_is_none() -> None:
    assert usable_instant(EARLIEST - 1, SEEN) is None
    assert usable_instant(-62_135_596_800_000, SEEN) is None
    assert usable_instant(EARLIEST, SEEN) == EARLIEST


def test_a_future_date_is_clamped_to_first_seen() -> None:
    assert usable_instant(253_402_300_799_000, SEEN) == SEEN


def test_no_date_is_none() -> None:
    assert usable_instant(None, SEEN) is None


def test_five_hundred_items_of_one_second_get_five_hundred_ids_the_upper_one_the_highest() -> None:
    ids = assign_ids([SEEN] * 500, among(set()))
    assert ids == list(range(SEEN + 499, SEEN - 1, -1))


def test_a_taken_id_gives_way_to_the_next_free_millisecond() -> None:
    assert assign_ids([SEEN], among({SEEN, SEEN + 1, SEEN + 3})) == [SEEN + 2]


@given(st.lists(instants, max_size=30), st.sets(instants))
def test_ids_are_unique_never_taken_and_never_before_their_instant(said: list[int], taken: set[int]) -> None:
    ids = assign_ids(said, among(taken))
    assert len(set(ids)) == len(said)
    assert taken.isdisjoint(ids)
    assert all(entry_id >= instant for entry_id, instant in zip(ids, said, strict=True))


@given(st.lists(instants, max_size=30), st.sets(instants))
def test_of_two_entries_of_one_instant_the_upper_has_the_higher_id(said: list[int], taken: set[int]) -> None:
    ids = assign_ids(said, among(taken))
    for upper in range(len(said)):
        for lower in range(upper + 1, len(said)):
            if said[upper] == said[lower]:
                assert ids[upper] > ids[lower]


@given(st.lists(instants, max_size=30), st.sets(instants))
def test_the_same_input_in_the_same_order_gives_the_same_ids(said: list[int], taken: set[int]) -> None:
    assert assign_ids(said, among(taken)) == assign_ids(said, among(taken))


def test_ids_for_a_crowd_under_a_crowd_cost_a_look_up_or_two_for_each() -> None:
    looked_up = 0

    def taken_from(first: int) -> list[int]:
        nonlocal looked_up
        looked_up += 1
        return []

    crowd = 4_000
    ids = assign_ids([*range(SEEN + 1, SEEN + crowd + 1), *[SEEN] * crowd], taken_from)
    assert len(set(ids)) == 2 * crowd
    assert looked_up <= 20_000


def test_a_long_run_of_taken_ids_is_passed_over_in_a_few_look_ups() -> None:
    looked_up = 0
    end = SEEN + 10_000

    def taken_from(first: int) -> list[int]:
        nonlocal looked_up
        looked_up += 1
        return list(range(first, min(first + 500, end)))

    assert assign_ids([SEEN] * 1000, taken_from) == list(range(end + 999, end - 1, -1))
    assert looked_up <= 2_000


@given(st.lists(instants, max_size=30), st.sets(instants), st.integers(1, 4))
def test_how_many_taken_ids_a_look_up_tells_of_does_not_matter(
    said: list[int], taken: set[int], at_once: int
) -> None:
    def run_of(first: int) -> list[int]:
        run: list[int] = []
        while first + len(run) in taken and len(run) < at_once:
            run.append(first + len(run))
        return run

    assert assign_ids(said, run_of) == assign_ids(said, among(taken))


@given(st.lists(instants, max_size=20), st.lists(instants, max_size=20))
def test_ids_that_were_given_stay_whatever_comes_later(first: list[int], later: list[int]) -> None:
    given_ids = assign_ids(first, among(set()))
    later_ids = assign_ids(later, among(set(given_ids)))
    assert len({*given_ids, *later_ids}) == len(first) + len(later)
    rising = sorted(range(len(first)), key=lambda place: (first[place], -place))
    for earlier, after in pairwise(rising):
        if first[earlier] == first[after]:
            assert given_ids[earlier] < given_ids[after], "the order of the document"
