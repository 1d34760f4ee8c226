from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.ingest.timing import (
    LONGEST_ASKED,
    LONGEST_FRESH,
    SPREAD,
    UNVALIDATED,
    next_poll_at,
    pause_of_host,
    usual_interval,
)
from aggregator.model import Outcome, Pace, Source, SourceState, Validators

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
NOW = 1_800_000_000_000  # a Friday, 08:00 UTC
ALL_HOURS, ALL_DAYS = tuple(range(24)), tuple(range(7))
URL = "https://a.example/feed"


def poll_at(outcome: Outcome = Outcome.OK, **given: Any) -> int:
    arguments: dict[str, Any] = {
        "failures": 0,
        "interval": 30 * MINUTE,
        "max_backoff": DAY,
        "retry_after": None,
        "max_age": None,
        "pace": Pace(),
        "now": NOW,
        "dice": 0.0,
    }
    return next_poll_at(outcome=outcome, **{**arguments, **given})


def wait(outcome: Outcome = Outcome.OK, **given: Any) -> int:
    return poll_at(outcome, **given) - NOW


# --- what stretches a wait ------------------------------------------------------------------------------


def test_a_source_that_answers_is_asked_again_after_its_interval() -> None:
    assert {wait(outcome) for outcome in Outcome if not outcome.is_failure} == {30 * MINUTE}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"max_age": 2 * HOUR}, 2 * HOUR),
        ({"max_age": MINUTE}, 30 * MINUTE),
        ({"max_age": 365 * DAY}, LONGEST_FRESH),
        ({"pace": Pace(every=3 * HOUR)}, 3 * HOUR),
        ({"pace": Pace(every=MINUTE)}, 30 * MINUTE),
        ({"pace": Pace(every=30 * DAY)}, LONGEST_ASKED),
        ({"max_age": 2 * HOUR, "pace": Pace(every=3 * HOUR)}, 3 * HOUR),
        ({"max_age": 2 * HOUR, "interval": 2 * DAY}, 2 * DAY),
    ],
)
def test_what_server_and_document_ask_for_stretches_the_interval_and_never_shrinks_it(
    said: dict[str, Any], expected: int
) -> None:
    assert wait(**said) == expected


@pytest.mark.parametrize(
    "outcome", [Outcome.OK, Outcome.RATE_LIMITED, Outcome.HTTP_ERROR, Outcome.NOT_MODIFIED]
)
def test_the_pause_that_a_server_asks_for_is_kept_whatever_it_answered(outcome: Outcome) -> None:
    failures = int(outcome.is_failure)
    assert wait(outcome, failures=failures, retry_after=2 * DAY) == 2 * DAY
    assert wait(outcome, failures=failures, retry_after=1000) == 30 * MINUTE
    assert wait(outcome, failures=failures, retry_after=400 * DAY) == LONGEST_ASKED


def test_a_host_is_paused_as_long_as_it_asks_for_or_for_the_sources_interval() -> None:
    assert pause_of_host(retry_after=HOUR, interval=30 * MINUTE, now=NOW) == NOW + HOUR
    assert pause_of_host(retry_after=1000, interval=30 * MINUTE, now=NOW) == NOW + 1000
    assert pause_of_host(retry_after=None, interval=30 * MINUTE, now=NOW) == NOW + 30 * MINUTE
    assert pause_of_host(retry_after=0, interval=30 * MINUTE, now=NOW) == NOW + 30 * MINUTE
    assert pause_of_host(retry_after=99 * DAY, interval=30 * MINUTE, now=NOW) == NOW + LONGEST_ASKED


# --- failures -------------------------------------------------------------------------------------------


def test_each_failure_doubles_the_wait_up_to_the_cap() -> None:
    waits = [wait(Outcome.TIMEOUT, failures=failures) for failures in range(1, 9)]
    assert waits == [30 * MINUTE * 2**n for n in range(6)] + [DAY, DAY]


def test_a_source_is_never_given_up_however_often_it_fails() -> None:
    assert wait(Outcome.DNS_ERROR, failures=100_000) == DAY


def test_a_source_that_is_gone_slows_to_the_cap_at_once() -> None:
    assert wait(Outcome.GONE, failures=1) == DAY


def test_a_source_that_fails_is_asked_no_more_often_than_while_it_answered() -> None:
    said: dict[str, Any] = {"max_age": 5 * HOUR, "pace": Pace(every=4 * HOUR, skip_hours=(13,))}
    assert wait(Outcome.TIMEOUT, failures=1, **said) == wait(**said) == 6 * HOUR


# --- hours and days to skip -----------------------------------------------------------------------------


def test_a_poll_that_falls_into_a_skipped_hour_waits_for_the_next_that_is_none() -> None:
    assert wait(pace=Pace(skip_hours=(8, 9, 10))) == 3 * HOUR
    assert wait(pace=Pace(skip_hours=(9,))) == 30 * MINUTE
    assert wait(pace=Pace(skip_hours=tuple(hour for hour in range(24) if hour != 7))) == 23 * HOUR


def test_a_poll_that_falls_on_a_skipped_day_waits_for_the_next_that_is_none() -> None:
    assert datetime.fromtimestamp(NOW / 1000, UTC).strftime("%A %H:%M") == "Friday 08:00"
    assert wait(pace=Pace(skip_days=(4,))) == 16 * HOUR
    assert wait(pace=Pace(skip_days=(4, 5, 6))) == 16 * HOUR + 2 * DAY
    assert wait(pace=Pace(skip_days=(5, 6))) == 30 * MINUTE


def test_days_and_hours_are_skipped_together() -> None:
    assert wait(pace=Pace(skip_days=(4,), skip_hours=(0, 1))) == 18 * HOUR


def test_to_skip_all_hours_or_all_days_is_to_skip_none() -> None:
    assert wait(pace=Pace(skip_hours=ALL_HOURS)) == 30 * MINUTE
    assert wait(pace=Pace(skip_days=ALL_DAYS)) == 30 * MINUTE
    assert wait(pace=Pace(skip_hours=ALL_HOURS, skip_days=(4,))) == 16 * HOUR


def test_a_pause_that_ends_in_a_skipped_hour_ends_after_it() -> None:
    paused = wait(Outcome.RATE_LIMITED, failures=1, retry_after=2 * HOUR, pace=Pace(skip_hours=(10,)))
    assert paused == 3 * HOUR


# --- spread ---------------------------------------------------------------------------------------------


def test_waits_are_spread_so_that_sources_drift_apart() -> None:
    assert [wait(dice=dice) for dice in (0.0, 0.5, 0.99)] == [30 * MINUTE, 31.5 * MINUTE, 32.97 * MINUTE]


def test_sources_that_wait_for_the_end_of_a_skipped_hour_do_not_all_come_with_it() -> None:
    pace = Pace(skip_hours=(8,))
    assert [wait(pace=pace, dice=dice) for dice in (0.0, 0.5)] == [60 * MINUTE, 61.5 * MINUTE]


def test_the_spread_ends_where_a_skipped_hour_begins() -> None:
    spread = wait(interval=115 * MINUTE, pace=Pace(skip_hours=(10,)), dice=0.999)
    assert 119 * MINUTE < spread < 120 * MINUTE


paces = st.builds(
    Pace,
    every=st.none() | st.integers(1, 10**15),
    skip_hours=st.frozensets(st.integers(0, 23)).map(sorted).map(tuple),
    skip_days=st.frozensets(st.integers(0, 6)).map(sorted).map(tuple),
)


@given(
    outcome=st.sampled_from(Outcome),
    failures=st.integers(0, 10_000),
    interval=st.integers(1000, 30 * DAY),
    retry_after=st.none() | st.integers(0, 10**15),
    max_age=st.none() | st.integers(0, 10**15),
    pace=paces,
    now=st.integers(0, 4 * 10**12),
    dice=st.floats(0, 1, exclude_max=True),
)
def test_no_wait_is_shorter_than_the_interval_longer_than_its_bound_or_ends_when_it_is_unwelcome(
    pace: Pace, interval: int, now: int, **given: Any
) -> None:
    at = poll_at(pace=pace, interval=interval, now=now, **given)
    longest = max(interval, LONGEST_ASKED)
    assert now + interval <= at <= now + (longest + 8 * DAY) + longest * SPREAD
    instant = datetime.fromtimestamp(at / 1000, UTC)
    assert len(pace.skip_hours) == 24 or instant.hour not in pace.skip_hours
    assert len(pace.skip_days) == 7 or instant.weekday() not in pace.skip_days
    if not (pace.skip_hours or pace.skip_days):
        assert at <= now + longest * (1 + SPREAD)


# --- the interval ---------------------------------------------------------------------------------------


def source(**given: Any) -> Source:
    return Source(**{"name": "A", "url": URL, "interval": 30 * MINUTE, **given})


def test_a_source_that_gives_no_validators_is_asked_less_often_once_it_has_given_a_document() -> None:
    state = SourceState(url=URL)
    assert usual_interval(source(), state, now=NOW) == 30 * MINUTE, "nothing is known of it yet"
    known = SourceState(url=URL, body_hash=b"1", validators=Validators(url=URL, etag='"1"'))
    assert usual_interval(source(), known, now=NOW) == 30 * MINUTE
    unvalidated = SourceState(url=URL, body_hash=b"1")
    assert usual_interval(source(), unvalidated, now=NOW) == 45 * MINUTE
    assert UNVALIDATED * (1 + SPREAD) < 2, "nobody is more than an interval late"


def test_an_adaptive_source_keeps_to_its_bounds_without_validators_too() -> None:
    adaptive = source(adaptive=True, max_interval=4 * HOUR)
    silent = SourceState(url=URL, body_hash=b"1", rhythm=(NOW - 90 * DAY, NOW - 60 * DAY))
    assert usual_interval(adaptive, silent, now=NOW) == 4 * HOUR
    regular = SourceState(url=URL, body_hash=b"1", rhythm=(NOW - 4 * HOUR, NOW - 2 * HOUR, NOW))
    assert usual_interval(adaptive, regular, now=NOW) == 90 * MINUTE


def test_only_an_adaptive_source_follows_its_rhythm() -> None:
    state = SourceState(url=URL, rhythm=(NOW - 90 * DAY, NOW - 60 * DAY))
    assert usual_interval(source(), state, now=NOW) == 30 * MINUTE
