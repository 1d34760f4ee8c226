"""Hands claimed sources to threads, so that a slow one never delays another.

`concurrency` counts the polls that move. One that has waited for its source longer than `PATIENCE` is set
aside: it goes on in its own thread, and the next source gets its turn. So dead servers cost an idle thread
each, and the others a moment of patience for each `concurrency` of them, up to `ASIDE` threads for each that
moves.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from queue import Empty, SimpleQueue

from aggregator.exceptions import AggregatorError
from aggregator.model import PollJob

log = logging.getLogger(__name__)

PATIENCE = 0.5
"""Seconds after which a poll no longer counts as one that moves."""

ASIDE = 8
"""Threads at the most, for each of `concurrency`."""

IDLE = 60.0
"""Seconds after which a thread without work ends."""


def free_places(started: Iterable[float], *, now: float, concurrency: int) -> int:
    """Return how many more polls may begin, given when those under way did (seconds)."""
    begun = list(started)
    moving = sum(1 for start in begun if now - start < PATIENCE)
    return max(0, min(concurrency - moving, concurrency * ASIDE - len(begun)))


class Dispatcher:
    """A pool of threads that takes its work from `claim` and does it with `poll`."""

    def __init__(
        self,
        *,
        claim: Callable[[int], Sequence[PollJob]],
        poll: Callable[[PollJob], None],
        concurrency: int,
    ) -> None:
        """Take `claim`, which claims up to so many due sources, and `poll`, which polls one."""
        self.concurrency = concurrency
        self._claim = claim
        self._poll = poll
        self._lock = threading.RLock()
        self._claimed: deque[PollJob] = deque()
        self._more_due = False
        self._claiming = False
        self._started: dict[int, float] = {}
        self._queue: SimpleQueue[PollJob | None] = SimpleQueue()
        self._idle = 0
        self._threads: set[threading.Thread] = set()
        self._stopping = False
        self._done = threading.Condition(self._lock)

    def tick(self) -> None:
        """Begin the polls that are due and have a place. Call it about once a second."""
        with self._lock:
            self._more_due = True
        self._fill()

    def drain(self) -> None:
        """Poll everything that `claim` gives, and return when all of it is done."""
        while True:
            self.tick()
            with self._done:
                if not (self._started or self._claimed or self._claiming):
                    return
                self._done.wait(PATIENCE / 2)

    def stop(self, timeout: float) -> bool:
        """Begin nothing more; wait up to `timeout` s for the polls under way; return whether all ended."""
        deadline = time.monotonic() + timeout
        with self._lock:
            self._stopping = True
            self._claimed.clear()
            threads = list(self._threads)
        for _ in threads:
            self._queue.put(None)
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)

    @property
    def under_way(self) -> int:
        """How many polls are under way."""
        return len(self._started)

    def _fill(self) -> None:
        """Begin what has a place. Claims outside the lock: a store that hangs must not hang the stop."""
        batch = 2 * self.concurrency  # ahead of need: one transaction claims for many polls
        while self._begin_claimed():
            jobs: Sequence[PollJob] = ()
            try:
                jobs = self._claim(batch)
            finally:
                with self._lock:
                    self._claiming = False
                    self._more_due = len(jobs) == batch
                    if not self._stopping:
                        self._claimed.extend(jobs)

    def _begin_claimed(self) -> bool:
        """Begin the claimed polls that have a place; return whether the caller is to claim more."""
        with self._lock:
            now = time.monotonic()
            places = free_places(self._started.values(), now=now, concurrency=self.concurrency)
            while places and self._claimed and not self._stopping:
                job = self._claimed.popleft()
                if job.source_id not in self._started:
                    self._begin(job, now)
                    places -= 1
            claim = places > 0 and self._more_due and not (self._claiming or self._stopping)
            self._claiming = self._claiming or claim
            return claim

    def _begin(self, job: PollJob, now: float) -> None:
        self._started[job.source_id] = now
        self._queue.put(job)
        if self._idle:
            self._idle -= 1
        else:
            self._add_thread()

    def _add_thread(self) -> None:
        thread = threading.Thread(target=self._work, name=f"poll-{len(self._threads) + 1}", daemon=True)
        self._threads.add(thread)
        thread.start()

    def _work(self) -> None:
        while (job := self._take()) is not None:
            try:
                self._poll(job)
            except Exception:  # the thread has more to do
                log.exception("source %r: its poll failed in an unforeseen way", job.name)
            with self._lock:
                del self._started[job.source_id]
                self._idle += 1
            try:
                self._fill()
            except AggregatorError as error:
                log.error("could not claim the next sources: %s", error)  # noqa: TRY400 - the line says it all
            except Exception:
                log.exception("could not claim the next sources")
            with self._done:
                self._done.notify_all()

    def _take(self) -> PollJob | None:
        try:
            return self._queue.get(timeout=IDLE)
        except Empty:
            with self._lock:
                try:  # it may have come at the last moment, and counts on this thread
                    return self._queue.get_nowait()
                except Empty:
                    self._idle -= 1
                    self._threads.discard(threading.current_thread())
                    return None
