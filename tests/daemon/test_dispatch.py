from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue

import pytest

from aggregator.daemon import dispatch
from aggregator.daemon.dispatch import ASIDE, LEAST_ASIDE, PATIENCE, WAITING, Dispatcher, free_places
from aggregator.exceptions import StoreError
from aggregator.ingest.turns import Turn
from aggregator.model import PollJob
from tests.daemon.jobs import Work, dispatching, job, wait_until

Start = Callable[[Work, int], Dispatcher]


@pytest.fixture
def start() -> Iterator[Start]:
    begun: list[tuple[Dispatcher, Work]] = []

    def start(work: Work, concurrency: int) -> Dispatcher:
        dispatcher = dispatching(claim=work.claim, poll=work.poll, concurrency=concurrency)
        begun.append((dispatcher, work))
        return dispatcher

    yield start
    for dispatcher, work in begun:
        work.release.set()
        assert dispatcher.stop(5)


def test_one_tick_polls_everything_that_is_due_within_the_concurrency(start: Start) -> None:
    work = Work(jobs=100)
    start(work, 4).tick()
    assert wait_until(lambda: len(work.done) == 100)
    assert work.most_at_once <= 4


def test_draining_returns_when_all_is_done(start: Start) -> None:
    work = Work(jobs=50)
    start(work, 8).drain()
    assert sorted(work.done) == list(range(50))


def test_more_hung_sources_than_places_do_not_delay_the_others(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "PATIENCE", 0.2)
    work = Work(jobs=60, hung=20)
    dispatcher = start(work, 4)

    def tick() -> bool:
        dispatcher.tick()
        return len(work.done) == 40

    assert wait_until(tick, seconds=20)
    assert dispatcher.under_way == 20


def test_after_the_stop_nothing_begins(start: Start) -> None:
    work = Work(jobs=3)
    dispatcher = start(work, 1)
    assert dispatcher.stop(1)
    dispatcher.tick()
    assert work.done == []


def test_a_stop_does_not_wait_for_what_hangs(start: Start) -> None:
    work = Work(jobs=1, hung=1)
    dispatcher = start(work, 1)
    dispatcher.tick()
    assert wait_until(lambda: dispatcher.under_way == 1)
    began = time.monotonic()
    assert not dispatcher.stop(0.2)
    assert time.monotonic() - began < 2


def test_a_source_that_is_being_polled_is_not_polled_beside_itself(start: Start) -> None:
    work = Work(jobs=1, hung=1)
    dispatcher = start(work, 4)
    dispatcher.tick()
    assert wait_until(lambda: dispatcher.under_way == 1)
    work.jobs = [job(0)]
    dispatcher.tick()
    work.release.set()
    assert wait_until(lambda: dispatcher.under_way == 0)
    assert work.done == [0]


def test_a_claim_that_fails_does_not_end_the_polling(start: Start) -> None:
    work = Work(jobs=30)
    claims = 0

    def claim(limit: int, busy: frozenset[str] | None) -> list[PollJob]:
        nonlocal claims
        claims += 1
        if claims == 2:
            raise OSError("disk on fire")
        return work.claim(limit, busy)

    dispatcher = dispatching(claim=claim, poll=work.poll, concurrency=2)

    def tick() -> bool:
        dispatcher.tick()
        return len(work.done) == 30

    dispatcher.tick()
    assert wait_until(lambda: claims >= 2)
    assert wait_until(tick)
    assert dispatcher.stop(1)


def test_idle_threads_end_and_work_begins_again_later(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "IDLE", 0.05)
    before = threading.active_count()
    work = Work(jobs=10)
    dispatcher = start(work, 5)
    dispatcher.tick()
    assert wait_until(lambda: len(work.done) == 10 and threading.active_count() == before)
    assert not dispatcher._threads
    work.jobs = [job(number) for number in range(10)]
    dispatcher.tick()
    assert wait_until(lambda: len(work.done) == 20)


Begun = tuple[PollJob, Turn]


class LastMoment(SimpleQueue[Begun | None]):
    """Gives up waiting just when a job has come."""

    def get(self, block: bool = True, timeout: float | None = None) -> Begun | None:  # noqa: ARG002 - as queues have it
        deadline = time.monotonic() + (timeout or 0)
        while self.empty() and time.monotonic() < deadline:
            time.sleep(0.001)
        raise Empty


def test_a_job_that_comes_when_a_thread_is_about_to_end_is_done(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "IDLE", 0.3)
    work = Work(jobs=20)
    dispatcher = start(work, 2)
    dispatcher._queue = LastMoment()
    dispatcher.tick()
    assert wait_until(lambda: len(work.done) == 20, seconds=5)


def test_what_was_claimed_but_not_begun_is_not_begun_after_the_stop(start: Start) -> None:
    work = Work(jobs=2, hung=1)
    dispatcher = start(work, 1)
    dispatcher.tick()
    assert wait_until(lambda: dispatcher.under_way == 1)
    assert work.jobs == [], "both were claimed at once"
    assert not dispatcher.stop(0.05)
    work.release.set()
    assert dispatcher.stop(5)
    assert (work.done, dispatcher.under_way) == ([0], 0)


def test_what_a_claim_brings_after_the_stop_is_not_begun(start: Start) -> None:
    work = Work(jobs=2)
    asked, answer = threading.Event(), threading.Event()

    def claim(limit: int, busy: frozenset[str] | None) -> list[PollJob]:
        asked.set()
        answer.wait(20)
        return work.claim(limit, busy)

    dispatcher = dispatching(claim=claim, poll=work.poll, concurrency=2)
    ticking = threading.Thread(target=dispatcher.tick)
    ticking.start()
    assert asked.wait(5)
    began = time.monotonic()
    assert dispatcher.stop(0.2), "no poll is under way"
    assert time.monotonic() - began < 2, "a claim that hangs does not hold up the stop"
    answer.set()
    ticking.join(5)
    assert (work.jobs, work.done, dispatcher.under_way) == ([], [], 0)


def test_a_poll_that_fails_in_an_unforeseen_way_costs_neither_its_thread_nor_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    work = Work(jobs=10)
    threads = set()

    def poll(job: PollJob) -> None:
        threads.add(threading.current_thread())
        work.poll(job)
        raise ZeroDivisionError(job.name)

    dispatcher = dispatching(claim=work.claim, poll=poll, concurrency=1)
    dispatcher.drain()
    assert (work.done, len(threads), dispatcher.under_way) == (list(range(10)), 1, 0)
    assert "source '3': its poll failed in an unforeseen way" in caplog.text
    assert dispatcher.stop(5)


@pytest.mark.parametrize(
    ("error", "in_one_line"), [(StoreError("x.db: is locked"), True), (ZeroDivisionError("oops"), False)]
)
def test_a_claim_that_fails_in_a_thread_does_not_hang_the_draining(
    error: Exception, in_one_line: bool, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "PATIENCE", 0.1)
    work = Work(jobs=5)

    def claim(limit: int, busy: frozenset[str] | None) -> list[PollJob]:
        if threading.current_thread().name.startswith("poll-"):
            raise error
        return work.claim(limit, busy)

    dispatcher = dispatching(claim=claim, poll=work.poll, concurrency=1)
    draining = threading.Thread(target=dispatcher.drain, daemon=True)
    draining.start()
    draining.join(10)
    assert not draining.is_alive()
    assert sorted(work.done) == list(range(5))
    assert dispatcher.stop(5)
    failures = [record for record in caplog.records if "could not claim the next sources" in record.message]
    assert failures
    assert all((record.exc_info is None) == in_one_line for record in failures)


def test_a_claim_that_fails_for_who_drains_is_told_to_them() -> None:
    def claim(limit: int, busy: frozenset[str] | None) -> list[PollJob]:
        raise StoreError("x.db: is locked")

    dispatcher = dispatching(claim=claim, poll=Work(jobs=0).poll, concurrency=1)
    with pytest.raises(StoreError, match="is locked"):
        dispatcher.drain()
    assert dispatcher.stop(1)


def test_places_are_those_of_polls_that_move_up_to_a_bound() -> None:
    moving, aside = 100.0, 100.0 - PATIENCE - 1
    assert free_places([], now=100.0, concurrency=4) == 4
    assert free_places([moving, moving], now=100.0, concurrency=4) == 2
    assert free_places([moving, aside, aside], now=100.0, concurrency=4) == 3
    assert free_places([aside] * (16 * ASIDE - 1), now=100.0, concurrency=16) == 1
    assert free_places([aside] * 16 * ASIDE, now=100.0, concurrency=16) == 0
    assert free_places([aside] * (LEAST_ASIDE - 1), now=100.0, concurrency=1) == 1
    assert free_places([aside] * LEAST_ASIDE, now=100.0, concurrency=1) == 0
    assert free_places([aside] * LEAST_ASIDE, now=100.0, concurrency=1, waiting=1) == 1
    most = LEAST_ASIDE + WAITING
    assert free_places([aside] * most, now=100.0, concurrency=1, waiting=most) == 0
