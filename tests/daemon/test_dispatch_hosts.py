"""Polls of sources that share a host: one at a time, a gap between them, and no other host delayed."""

from __future__ import annotations

import threading
import time
from itertools import pairwise

from aggregator.daemon.dispatch import PAUSE, Dispatcher, take_claimable
from aggregator.ingest.turns import HostTurns, Turn
from aggregator.model import PollJob
from tests.daemon.jobs import Work, dispatching, job, wait_until


class Hosts(Work):
    """Remembers when each poll of a host began and ended."""

    def __init__(self, jobs: list[PollJob], hung: int = 0) -> None:
        super().__init__(jobs=0, hung=hung)
        self.jobs = jobs
        self.visits: dict[str, list[tuple[float, float]]] = {}

    def poll(self, job: PollJob) -> None:
        began = time.monotonic()
        super().poll(job)
        self.visits.setdefault(job.host, []).append((began, time.monotonic()))

    def gaps(self, host: str) -> list[float]:
        visits = sorted(self.visits[host])
        return [began - ended for (_, ended), (began, _) in pairwise(visits)]


def test_a_host_with_many_sources_is_asked_gap_by_gap_and_holds_up_no_other() -> None:
    work = Hosts([*(job(n, "big.example") for n in range(15)), *(job(n) for n in range(15, 45))])
    dispatcher = dispatching(claim=work.claim, poll=work.poll, concurrency=4, gap=60)
    began = time.monotonic()
    dispatcher.tick()
    assert wait_until(lambda: len(work.done) == 45), "no other tick is needed"
    took = time.monotonic() - began
    assert min(work.gaps("big.example")) >= 0.06
    assert took < 15 * (0.06 + 2 * PAUSE) + 1
    assert sum(host == "big.example" for host in order(work)[:31]) <= 5, "the others did not wait"
    assert dispatcher.stop(2)


def order(work: Hosts) -> list[str]:
    return [
        host for _, host in sorted((began, host) for host in work.visits for began, _ in work.visits[host])
    ]


def test_sources_that_hang_on_one_host_hold_up_that_host_alone() -> None:
    jobs = [job(n, "hung.example") for n in range(20)] + [job(n) for n in range(20, 60)]
    work = Hosts(jobs, hung=20)
    dispatcher = dispatching(claim=work.claim, poll=work.poll, concurrency=4, gap=10)
    began = time.monotonic()
    dispatcher.tick()
    assert wait_until(lambda: len(work.done) == 40)
    assert time.monotonic() - began < 3
    assert (dispatcher.under_way, len(work.jobs)) == (1, 19)
    work.release.set()
    assert wait_until(lambda: len(work.done) == 60)
    assert dispatcher.stop(2)


def test_draining_waits_for_what_is_held_back_and_not_for_the_last_rest() -> None:
    work = Hosts([job(n, "a.example") for n in range(2)])
    dispatcher = dispatching(claim=work.claim, poll=work.poll, concurrency=4, gap=1000)
    began = time.monotonic()
    dispatcher.drain(more=lambda: work.jobs)
    took = time.monotonic() - began
    assert sorted(work.done) == [0, 1]
    assert 1 <= took < 1.9
    assert dispatcher.stop(2)


def test_a_host_that_rests_is_left_before_its_poll_is_done() -> None:
    """A document that is long in reading keeps no turn: the server is not busy with it."""
    jobs = [job(n, "a.example") for n in range(2)]
    reading = threading.Event()
    turns = HostTurns(10)

    def poll(job: PollJob) -> None:
        turns.leave()
        if job.source_id == 0:
            reading.wait(20)
        else:
            reading.set()

    def claim(limit: int, busy: frozenset[str] | None) -> list[PollJob]:
        return take_claimable(jobs, limit, busy)

    dispatcher = Dispatcher(claim=claim, poll=poll, concurrency=4, turns=turns)
    dispatcher.tick()
    assert reading.wait(5)
    assert wait_until(lambda: dispatcher.under_way == 0)
    assert dispatcher.stop(2)


def test_a_claimed_source_waits_while_another_poll_was_led_to_its_host() -> None:
    work = Hosts([job(0)])
    turns = HostTurns(10)
    dispatcher = Dispatcher(claim=work.claim, poll=work.poll, concurrency=4, turns=turns)
    redirected: list[Turn | None] = []

    def claim(limit: int, busy: frozenset[str] | None) -> list[PollJob]:
        redirected.append(turns.take_if_free("0.example"))
        return take_claimable(work.jobs, limit, busy)

    dispatcher._claim = claim
    dispatcher.tick()
    assert (work.jobs, dispatcher.under_way) == ([], 0)
    assert redirected[0]
    with turns.held(redirected[0]):
        pass
    assert wait_until(lambda: work.done == [0])
    assert dispatcher.stop(2)


def test_after_the_rests_no_thread_watches_and_an_idle_service_asks_nothing() -> None:
    work = Hosts([job(n) for n in range(5)])
    claims: list[float] = []

    def claim(limit: int, busy: frozenset[str] | None) -> list[PollJob]:
        claims.append(time.monotonic())
        return work.claim(limit, busy)

    dispatcher = dispatching(claim=claim, poll=work.poll, concurrency=2, gap=50)
    dispatcher.tick()
    assert wait_until(lambda: len(work.done) == 5 and not dispatcher._awaits_rest)
    asked = len(claims)
    time.sleep(0.3)
    assert len(claims) == asked
    assert "poll-rests" not in {thread.name for thread in threading.enumerate()}
    assert dispatcher.stop(2)


def test_jobs_of_busy_hosts_stay_in_the_list_in_their_order() -> None:
    jobs = [job(number, host) for number, host in enumerate("aabbc")]
    assert [each.source_id for each in take_claimable(jobs, 2, frozenset("b"))] == [0, 4]
    assert [each.source_id for each in jobs] == [1, 2, 3]
    assert [each.source_id for each in take_claimable(jobs, 1, frozenset())] == [1]
    assert [each.source_id for each in take_claimable(jobs, 9, None)] == [2, 3]
    assert jobs == []
