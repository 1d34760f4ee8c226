"""Invented jobs for tests of the dispatcher, and what is done with them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from aggregator.daemon.dispatch import Dispatcher, take_claimable
from aggregator.ingest.turns import HostTurns
from aggregator.model import PollJob, SourceState


def job(number: int, host: str | None = None) -> PollJob:
    host = host or f"{number}.example"
    state = SourceState(url=f"https://{host}/{number}")
    return PollJob(source_id=number, name=str(number), host=host, state=state)


def dispatching(gap: int = 0, **given: Any) -> Dispatcher:
    return Dispatcher(turns=HostTurns(gap), **given)


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

    def claim(self, limit: int, busy: frozenset[str] | None) -> list[PollJob]:
        return take_claimable(self.jobs, limit, busy)

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


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
