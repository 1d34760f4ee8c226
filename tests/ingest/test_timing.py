from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aggregator.ingest.timing import LONGEST_ASKED, SPREAD, next_poll_at
from aggregator.model import Outcome

NOW = 1_800_000_000_000
MINUTE = 60_000
DAY = 86_400_000


def wait(
    outcome: Outcome, *, failures: int = 0, interval: int = 30 * MINUTE, retry_after: int | None = None
) -> int:
    at = next_poll_at(
        outcome=outcome,
        failures=failures,
        interval=interval,
        max_backoff=DAY,
        retry_after=retry_after,
        now=NOW,
        dice=0.0,
    )
    return at - NOW


def test_a_source_that_answers_is_asked_again_after_its_interval() -> None:
    assert wait(Outcome.OK) == wait(Outcome.NOT_MODIFIED) == wait(Outcome.UNCHANGED) == 30 * MINUTE


def test_each_failure_doubles_the_wait_up_to_the_cap() -> None:
    waits = [wait(Outcome.TIMEOUT, failures=failures) for failures in range(1, 9)]
    assert waits == [30 * MINUTE * 2**n for n in range(6)] + [DAY, DAY]


def test_a_source_is_never_given_up_however_often_it_fails() -> None:
    assert wait(Outcome.DNS_ERROR, failures=100_000) == DAY


def test_a_source_that_is_gone_slows_to_the_cap_at_once() -> None:
    assert wait(Outcome.GONE, failures=1) == DAY


def test_the_pause_that_a_server_asks_for_is_kept() -> None:
    assert wait(Outcome.RATE_LIMITED, failures=1, retry_after=2 * DAY) == 2 * DAY
    assert wait(Outcome.RATE_LIMITED, failures=1, retry_after=1000) == 30 * MINUTE
    assert wait(Outcome.HTTP_ERROR, failures=1, retry_after=400 * DAY) == LONGEST_ASKED


def test_waits_are_spread_so_that_sources_drift_apart() -> None:
    waits = [
        next_poll_at(
            outcome=Outcome.OK,
            failures=0,
            interval=30 * MINUTE,
            max_backoff=DAY,
            retry_after=None,
            now=NOW,
            dice=dice,
        )
        - NOW
        for dice in (0.0, 0.5, 0.99)
    ]
    assert waits == [30 * MINUTE, 31.5 * MINUTE, 32.97 * MINUTE]


@given(
    outcome=st.sampled_from(Outcome),
    failures=st.integers(1, 10_000),
    interval=st.integers(1000, 30 * DAY),
    retry_after=st.none() | st.integers(0, 10**15),
    dice=st.floats(0, 1, exclude_max=True),
)
def test_no_wait_is_shorter_than_the_interval_or_longer_than_its_bound(
    outcome: Outcome, failures: int, interval: int, retry_after: int | None, dice: float
) -> None:
    at = next_poll_at(
        outcome=outcome,
        failures=failures,
        interval=interval,
        max_backoff=DAY,
        retry_after=retry_after,
        now=NOW,
        dice=dice,
    )
    assert NOW + interval <= at <= NOW + max(interval, LONGEST_ASKED) * (1 + SPREAD)
