from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from aggregator.daemon import dispatch
from aggregator.daemon.dispatch import ASIDE, PATIENCE, Dispatcher, free_places
from aggregator.model import PollJob, SourceState


def job(number: int) -> PollJob:
    return PollJob(source_id=number, name=str(number), state=SourceState(url=f"https://s.example/{number}"))


class Work:
    """Jobs to claim, and what was done with them; `hung` ones wait until `release` is set."""

    def __init__(self, jobs: int, hung: int = 0) -> None:
        self.jobs = [job(number) for number in range(jobs)]
        self.hung = hung
        self.release = threading.Event()
        self.done: list[int] = []
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()

    def claim(self, limit: int) -> list[PollJob]:
        some, self.jobs[:limit] = self.jobs[:limit], []
        return some

    def poll(self, job: PollJob) -> None:
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        if job.source_id < self.hung:
            self.release.wait(20)
        else:
            time.sleep(0.002)
        with self._lock:
            self._at_once -= 1
            self.done.append(job.source_id)


Start = Callable[[Work, int], Dispatcher]


@pytest.fixture
def start() -> Iterator[Start]:
    begun: list[tuple[Dispatcher, Work]] = []

    def start(work: Work, concurrency: int) -> Dispatcher:
        dispatcher = Dispatcher(claim=work.claim, poll=work.poll, concurrency=concurrency)
        begun.append((dispatcher, work))
        return dispatcher

    yield start
    for dispatcher, work in begun:
        work.release.set()
        assert dispatcher.stop(5)


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


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

    def claim(limit: int) -> list[PollJob]:
        nonlocal claims
        claims += 1
        if claims == 2:
            raise OSError("disk on fire")
        return work.claim(limit)

    dispatcher = Dispatcher(claim=claim, poll=work.poll, concurrency=2)

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
    work.jobs = [job(number) for number in range(10)]
    dispatcher.tick()
    assert wait_until(lambda: len(work.done) == 20)


def test_places_are_those_of_polls_that_move_up_to_a_bound() -> None:
    moving, aside = 100.0, 100.0 - PATIENCE - 1
    assert free_places([], now=100.0, concurrency=4) == 4
    assert free_places([moving, moving], now=100.0, concurrency=4) == 2
    assert free_places([moving, aside, aside], now=100.0, concurrency=4) == 3
    assert free_places([aside] * (4 * ASIDE - 1), now=100.0, concurrency=4) == 1
    assert free_places([aside] * 4 * ASIDE, now=100.0, concurrency=4) == 0
