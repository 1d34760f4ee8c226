"""Deadlines for whole exchanges, and their end from outside.

A socket's timeout is counted anew for each call, so a server that drips its headers byte by byte never meets
it. Here a watchdog thread interrupts whatever an exchange is blocked in once its deadline has passed.
"""

from __future__ import annotations

import heapq
import itertools
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from time import monotonic


class Phase(Enum):
    """What an exchange is busy with; reads well after "still"."""

    LOOKING_UP = "looking up the name"
    CONNECTING = "connecting"
    WAITING = "waiting for the answer"
    READING = "reading the document"


class Ending(Enum):
    """Why an exchange was ended from outside."""

    DEADLINE = "deadline"
    ABORT = "abort"


class ExchangeEndedError(Exception):
    """The exchange was ended from outside; `Exchange.ended_by` says why."""


class Exchange:
    """One exchange with a deadline. All but `end` is for the thread that carries it out."""

    __slots__ = ("_finished", "_interrupt", "_lock", "deadline", "ended_by", "phase")

    def __init__(self, seconds: float) -> None:
        self.deadline = monotonic() + seconds
        self.phase = Phase.CONNECTING
        self.ended_by: Ending | None = None
        self._finished = False
        self._interrupt: Callable[[], object] | None = None
        self._lock = threading.Lock()

    @property
    def finished(self) -> bool:
        """Whether nothing is left to be interrupted."""
        return self._finished

    def remaining(self) -> float:
        """Return the seconds that are left; raises ExchangeEndedError when it was ended or none are."""
        left = self.deadline - monotonic()
        if left <= 0:
            self.end(Ending.DEADLINE)
        if self.ended_by is not None:
            raise ExchangeEndedError
        return left

    def interrupt_by(self, interrupt: Callable[[], object]) -> None:
        """Set what wakes this exchange from what it is going to block in; replaces what was set before.

        Raises ExchangeEndedError when it was ended already: nothing would call `interrupt` any more.
        """
        with self._lock:
            self._interrupt = interrupt
        if self.ended_by is not None:
            raise ExchangeEndedError

    def end(self, why: Ending) -> None:
        """End the exchange from outside; the first reason stays, and a finished one is left alone."""
        with self._lock:  # a socket is not shut down once it may serve the thread's next exchange
            if self._finished or self.ended_by is not None:
                return
            self.ended_by = why
            if self._interrupt is not None:
                self._interrupt()

    def finish(self) -> None:
        """Say that the exchange is over: from now on it cannot be interrupted."""
        with self._lock:
            self._finished = True
            self._interrupt = None


def shut_down(sock: socket.socket) -> None:
    """Wake every thread that is blocked in this socket; it then reads as closed by the other side."""
    with suppress(OSError):
        # Not the method: that of a TLS socket would also turn it into one that reads the raw cipher text.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


class Watchdog:
    """Ends exchanges at their deadline, from one thread that runs only while there are any."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._deadlines: list[tuple[float, int, Exchange]] = []
        self._tickets = itertools.count()
        self._running: set[Exchange] = set()
        self._guarding = False
        self._aborted = False

    @property
    def aborted(self) -> bool:
        """Whether `abort` was called."""
        return self._aborted

    def start(self, seconds: float) -> Exchange:
        """Return a new exchange that is ended after so many seconds unless it is finished before."""
        exchange = Exchange(seconds)
        with self._changed:
            if self._aborted:
                exchange.end(Ending.ABORT)
                return exchange
            self._running.add(exchange)
            heapq.heappush(self._deadlines, (exchange.deadline, next(self._tickets), exchange))
            if not self._guarding:
                self._guarding = True
                threading.Thread(target=self._guard, name="fetch-deadlines", daemon=True).start()
            elif self._deadlines[0][2] is exchange:
                self._changed.notify()
        return exchange

    def finish(self, exchange: Exchange) -> None:
        """Say that the exchange is over. Its entry stays until the thread wakes the next time: cheaper."""
        exchange.finish()
        self._running.discard(exchange)

    def abort(self) -> None:
        """End every exchange that runs, and each later one at its start."""
        with self._changed:
            self._aborted = True
            running = list(self._running)
            self._changed.notify()
        for exchange in running:
            exchange.end(Ending.ABORT)

    def _guard(self) -> None:
        with self._changed:
            while True:
                while self._deadlines and (self._aborted or self._deadlines[0][2].finished):
                    heapq.heappop(self._deadlines)
                if not self._deadlines:
                    self._guarding = False
                    return
                wait = self._deadlines[0][0] - monotonic()
                if wait > 0:
                    self._changed.wait(wait)
                else:
                    heapq.heappop(self._deadlines)[2].end(Ending.DEADLINE)
