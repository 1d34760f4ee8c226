from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from aggregator.daemon import scheduler
from aggregator.daemon.scheduler import Scheduler
from aggregator.exceptions import StoreError
from tests.daemon.process import wait_until


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "TICK", 0.02)


@contextmanager
def started(ticker: Scheduler) -> Iterator[None]:
    ticker.start()
    yield
    ticker.stop()


def test_before_the_start_that_is_the_problem() -> None:
    assert Scheduler(lambda: None).problem() == "The scheduler has not started yet."


def test_it_ticks_at_once_again_and_again_and_no_more_after_the_stop() -> None:
    ticks: list[float] = []
    ticker = Scheduler(lambda: ticks.append(time.monotonic()))
    began = time.monotonic()
    with started(ticker):
        assert len(ticks) == 1
        assert ticks[0] - began < 1
        wait_until(lambda: len(ticks) > 3, "it has ticked some more")
        assert ticker.problem() is None
    time.sleep(0.05)
    after = len(ticks)
    time.sleep(0.1)
    assert len(ticks) == after


def test_a_tick_that_hangs_is_told_with_the_time_since_the_last_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "LATE", 0.2)
    release = threading.Event()
    ticks = 0

    def tick() -> None:
        nonlocal ticks
        ticks += 1
        if ticks > 1:
            release.wait(20)

    ticker = Scheduler(tick)
    with started(ticker):
        wait_until(ticker.problem, "the scheduler is late")
        assert ticker.problem() == "The scheduler has not ticked for 0 s."
        release.set()
        wait_until(lambda: ticker.problem() is None, "it goes on")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (StoreError("x.db: locked"), ["x.db: locked; it is tried again", "the scheduler goes on"]),
        (ZeroDivisionError("oops"), ["the scheduler's tick failed; the next one tries again"] * 3),
    ],
)
def test_a_tick_that_fails_is_tried_again(
    error: Exception, said: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """What can be acted on is one line, however many ticks have it: there are four in a second."""
    caplog.set_level(logging.INFO, "aggregator.daemon.scheduler")
    ticks = 0

    def tick() -> None:
        nonlocal ticks
        ticks += 1
        if ticks < 4:
            raise error

    ticker = Scheduler(tick)
    with started(ticker):
        wait_until(lambda: ticks > 4, "it goes on")
        assert ticker.problem() is None
    records = [record for record in caplog.records if record.name == "aggregator.daemon.scheduler"]
    assert len(records) == len(said)
    assert all(record.message.startswith(line) for record, line in zip(records, said, strict=True))
    assert all((record.exc_info is None) == isinstance(error, StoreError) for record in records)


def test_an_error_that_stays_is_told_again_and_by_who_asks(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(scheduler, "TOLD_AGAIN", 0.1)
    monkeypatch.setattr(scheduler, "LATE", 0.05)
    ticks = 0

    def tick() -> None:
        nonlocal ticks
        ticks += 1
        if ticks > 1:
            raise StoreError("the disk is full")

    ticker = Scheduler(tick)
    with started(ticker):
        wait_until(lambda: len(caplog.records) >= 2, "it was told twice")
        assert ticks > len(caplog.records)
        assert ticker.problem() == "The scheduler has not ticked for 0 s: the disk is full"
