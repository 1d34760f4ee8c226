from __future__ import annotations

from itertools import pairwise

from hypothesis import assume, given
from hypothesis import strategies as st

from aggregator.ingest.rhythm import KEPT, adaptive_interval, rhythm_after

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
NOW = 1_800_000_000_000
LEAST, MOST = 15 * MINUTE, DAY

instants = st.integers(0, 4 * 10**12)
rhythms = st.lists(instants, max_size=KEPT, unique=True).map(sorted).map(tuple)


def every(gap: int, count: int = KEPT, last: int = NOW) -> tuple[int, ...]:
    return tuple(last - gap * number for number in reversed(range(count)))


def interval(rhythm: tuple[int, ...], *, silence: int = 0) -> int:
    now = (rhythm[-1] if rhythm else NOW) + silence
    return adaptive_interval(rhythm, now=now, least=LEAST, most=MOST)


def test_a_source_is_asked_twice_in_the_time_between_two_of_its_items() -> None:
    assert interval(every(4 * HOUR)) == 2 * HOUR
    assert interval(every(MINUTE * 10)) == LEAST
    assert interval(every(30 * DAY)) == MOST


def test_one_odd_gap_changes_nothing() -> None:
    assert interval((*every(4 * HOUR, 8, NOW - 9 * DAY), NOW)) == 2 * HOUR


def test_a_source_whose_rhythm_is_not_known_is_asked_at_twice_the_shortest_wait() -> None:
    assert interval(()) == interval((NOW,)) == 2 * LEAST


def test_a_source_that_falls_silent_is_asked_less_and_less_often() -> None:
    hourly = every(HOUR)
    waits = [interval(hourly, silence=silence) for silence in (0, 5 * HOUR, 10 * HOUR, 100 * HOUR, 99 * DAY)]
    assert waits == [30 * MINUTE, 30 * MINUTE, HOUR, 10 * HOUR, MOST]
    assert interval((NOW,), silence=10 * DAY) == MOST


def test_a_source_that_speaks_again_is_asked_at_its_usual_pace_again() -> None:
    hourly = every(HOUR)
    back = rhythm_after(hourly, [NOW + 9 * DAY], now=NOW + 9 * DAY, least=LEAST)
    assert interval(back) == 30 * MINUTE


@given(rhythm=rhythms, now=instants, least=st.integers(1, DAY), more=st.integers(0, 9 * DAY))
def test_a_wait_is_always_within_its_bounds(rhythm: tuple[int, ...], now: int, least: int, more: int) -> None:
    assert least <= adaptive_interval(rhythm, now=now, least=least, most=least + more) <= least + more


@given(rhythm=rhythms, now=instants, later=st.integers(0, 99 * DAY))
def test_a_longer_silence_never_makes_a_shorter_wait(rhythm: tuple[int, ...], now: int, later: int) -> None:
    before, after = (adaptive_interval(rhythm, now=at, least=LEAST, most=MOST) for at in (now, now + later))
    assert before <= after


@given(rhythm=rhythms.filter(len), now=instants)
def test_a_new_item_never_makes_a_longer_silence_count(rhythm: tuple[int, ...], now: int) -> None:
    assume(now > rhythm[-1] + LEAST)
    after = rhythm_after(rhythm, [now], now=now, least=LEAST)
    gaps = sorted(later - earlier for earlier, later in pairwise(after))
    assert adaptive_interval(after, now=now, least=LEAST, most=MOST) <= max(LEAST, min(MOST, gaps[-1] // 2))


# --- what is remembered ---------------------------------------------------------------------------------


def after(rhythm: tuple[int, ...], *published: int | None) -> tuple[int, ...]:
    return rhythm_after(rhythm, published, now=NOW, least=LEAST)


def test_the_first_document_shows_a_rhythm_already() -> None:
    assert after((), NOW - HOUR, None, NOW - 3 * HOUR, NOW - 2 * HOUR) == every(HOUR, 3, NOW - HOUR)


def test_of_later_documents_only_what_is_newer_counts() -> None:
    known = every(HOUR, 3, NOW - 2 * HOUR)
    assert after(known, NOW - HOUR, *known) == (*known, NOW - HOUR)


def test_new_items_that_are_undated_late_or_in_the_future_appeared_now() -> None:
    known = (NOW - 2 * HOUR,)
    assert after(known, None) == after(known, NOW - 9 * HOUR) == after(known, NOW + 1) == (*known, NOW)
    assert after(()) == (NOW,)


def test_items_that_one_poll_would_find_together_are_one_event() -> None:
    assert after((), NOW - HOUR, NOW - HOUR + MINUTE, NOW - HOUR + 14 * MINUTE, NOW) == (NOW - HOUR, NOW)
    assert after((NOW - MINUTE,), None) == (NOW - MINUTE,)


@given(rhythm=rhythms, published=st.lists(st.none() | instants, max_size=40), now=instants)
def test_a_rhythm_is_short_rising_and_not_in_the_future(
    rhythm: tuple[int, ...], published: list[int | None], now: int
) -> None:
    after = rhythm_after(rhythm, published, now=now, least=LEAST)
    assert 0 < len(after) <= KEPT
    assert list(after) == sorted(set(after))
    assert after[-1] <= max(now, *rhythm, 0)
