"""Hands claimed sources to threads, so that a slow one never delays another.

`concurrency` counts the polls that move. One that has waited for its source longer than `PATIENCE` is set
aside: it goes on in its own thread, and the next source gets its turn. So dead servers cost an idle thread
each, and the others a moment of patience for each `concurrency` of them, up to `ASIDE` threads for each that
moves, and `LEAST_ASIDE` in any case.

A poll begins when it is its host's turn. Sources of hosts that are busy, or rest from their last request, are
not even claimed: however many one host has, they keep neither a thread nor a place from the others.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from queue import Empty, SimpleQueue

from aggregator.exceptions import AggregatorError
from aggregator.ingest.turns import HostTurns, Turn
from aggregator.model import PollJob

log = logging.getLogger(__name__)

PATIENCE = 0.5
"""Seconds after which a poll no longer counts as one that moves."""

ASIDE = 8
"""Threads at the most, for each of `concurrency` …"""

LEAST_ASIDE = 64
"""… but so many at least: with two polls at a time, twenty dead servers are no more than with sixteen."""

WAITING = 256
"""Threads, beyond those, that wait for a host's turn: redirects may lead many polls to one host at once."""

IDLE = 60.0
"""Seconds after which a thread without work ends."""

PAUSE = 0.05
"""Seconds between two looks at the store, at least, that follow from a host's having rested."""

Claim = Callable[[int, frozenset[str] | None], Sequence[PollJob]]
"""Claims up to so many sources: one of each host, and none of these hosts; of any host when that is None."""


def free_places(started: Iterable[float], *, now: float, concurrency: int, waiting: int = 0) -> int:
    """Return how many more polls may begin, given when those under way did (seconds).

    `waiting` is how many of these wait for a host's turn, which says nothing of the others' hosts.
    """
    begun = list(started)
    moving = sum(1 for start in begun if now - start < PATIENCE)
    most = max(LEAST_ASIDE, concurrency * ASIDE) + min(waiting, WAITING)
    return max(0, min(concurrency - moving, most - len(begun)))


def take_claimable(jobs: list[PollJob], limit: int, busy: Collection[str] | None) -> list[PollJob]:
    """Take out of the list what a `Claim` may return, in its order."""
    taken: list[PollJob] = []
    kept: list[PollJob] = []
    barred = set(busy or ())
    for job in jobs:
        if len(taken) == limit or job.host in barred:
            kept.append(job)
            continue
        taken.append(job)
        if busy is not None:
            barred.add(job.host)
    jobs[:] = kept
    return taken


class Dispatcher:
    """A pool of threads that takes its work from `claim` and does it with `poll`."""

    def __init__(
        self,
        *,
        claim: Claim,
        poll: Callable[[PollJob], None],
        concurrency: int,
        turns: HostTurns,
    ) -> None:
        """Take `claim`, which claims due sources, and `poll`, which polls one while it is its host's turn."""
        self.concurrency = concurrency
        self._turns = turns
        self._claim = claim
        self._poll = poll
        self._lock = threading.RLock()
        self._claimed: deque[PollJob] = deque()
        self._more_due = False
        self._claiming = False
        self._started: dict[int, float] = {}
        self._queue: SimpleQueue[tuple[PollJob, Turn] | None] = SimpleQueue()
        self._idle = 0
        self._threads: set[threading.Thread] = set()
        self._stopping = False
        self._stopped = threading.Event()
        self._awaits_rest = False
        self._done = threading.Condition(self._lock)
        turns.on_rest = self._await_rest

    def tick(self) -> None:
        """Begin the polls that are due and have a place. Call it a few times a second."""
        with self._lock:
            self._more_due = True
        self._fill()

    def drain(self, more: Callable[[], object] = lambda: False) -> None:
        """Poll everything that `claim` gives, and return when all of it is done.

        `more` says whether `claim` still holds something back because of the hosts.
        """
        while True:
            self.tick()
            with self._done:
                # Another thread's claim may have failed just when this one left the claiming to it.
                unclaimed = self._more_due and not self._stopping
                if not (self._started or self._claimed or self._claiming or unclaimed or more()):
                    return
                self._done.wait(PATIENCE / 2)

    def stop(self, timeout: float) -> bool:
        """Begin nothing more; wait up to `timeout` s for the polls under way; return whether all ended."""
        deadline = time.monotonic() + timeout
        with self._lock:
            self._stopping = True
            self._stopped.set()
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
                jobs = self._claim(batch, self._busy())
            finally:
                with self._lock:
                    self._claiming = False
                    self._more_due = self._more_due or len(jobs) == batch
                    if not self._stopping:
                        self._claimed.extend(jobs)

    def _begin_claimed(self) -> bool:
        """Begin the claimed polls that have a place; return whether the caller is to claim more."""
        with self._lock:
            now = time.monotonic()
            started, waiting = self._started.values(), self._turns.waiting
            places = free_places(started, now=now, concurrency=self.concurrency, waiting=waiting)
            for _ in range(len(self._claimed)):
                if not places or self._stopping:
                    break
                job = self._claimed.popleft()
                if job.source_id in self._started:
                    continue
                if (turn := self._turns.take_if_free(job.host)) is None:
                    self._claimed.append(job)  # a redirect leads another poll there just now
                    continue
                self._begin(job, turn, now)
                places -= 1
            claim = places > 0 and self._more_due and not (self._claiming or self._stopping)
            if claim:  # what becomes due, or rested, from now on may be missed by it
                self._claiming, self._more_due = True, False
            return claim

    def _busy(self) -> frozenset[str] | None:
        busy = self._turns.busy()
        with self._lock:
            return None if busy is None else busy.union(job.host for job in self._claimed)

    def _begin(self, job: PollJob, turn: Turn, now: float) -> None:
        self._started[job.source_id] = now
        self._queue.put((job, turn))
        if self._idle:
            self._idle -= 1
        else:
            self._add_thread()

    def _add_thread(self) -> None:
        thread = threading.Thread(target=self._work, name=f"poll-{len(self._threads) + 1}", daemon=True)
        thread.start()
        self._threads.add(thread)

    def _work(self) -> None:
        while (begun := self._take()) is not None:
            job, turn = begun
            try:
                with self._turns.held(turn):
                    self._poll(job)
            except Exception:  # the thread has more to do
                log.exception("source %r: its poll failed in an unforeseen way", job.name)
            with self._lock:
                del self._started[job.source_id]
                self._idle += 1
            self._go_on()
            with self._done:
                self._done.notify_all()

    def _go_on(self) -> None:
        try:
            self._fill()
        except AggregatorError as error:
            log.error("could not claim the next sources: %s", error)  # noqa: TRY400 - the line says it all
        except Exception:
            log.exception("could not claim the next sources")

    def _await_rest(self) -> None:
        """Have a thread that goes on as soon as a host has rested: the next tick may be a second away."""
        with self._lock:
            if self._awaits_rest:
                return
            self._awaits_rest = True
        threading.Thread(target=self._go_on_after_rests, name="poll-rests", daemon=True).start()

    def _go_on_after_rests(self) -> None:
        rest = self._turns.next_free()
        while not self._stopped.wait(max(rest or 0, PAUSE)):
            with self._lock:
                self._more_due = True
                # Asked before the claim: whoever rests by then keeps this thread, or brings the next one.
                rest = self._turns.next_free()
                self._awaits_rest = rest is not None
            self._go_on()
            if rest is None:
                return

    def _take(self) -> tuple[PollJob, Turn] | None:
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
