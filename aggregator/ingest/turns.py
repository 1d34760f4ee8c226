"""Turns at hosts: one request at a time to each, and a pause before the next one.

    free ─► taken (by a `Turn`) ─► given back: rests for the gap ─► free

A thread holds one turn at the most. On its way to another host, by a redirect or to an entry's page, it gives
back the one it has before it waits for the next: so no two polls ever wait for each other.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic


class Turn:
    """The right of one thread to be the only one that asks this host."""

    __slots__ = ("host",)

    def __init__(self, host: str) -> None:
        self.host = host


class HostTurns:
    """Says who may ask which host now. Safe to call from several threads at once.

    Hosts are named as `model.host_of` does. With a gap of 0 hosts are not told apart: nobody waits.
    """

    def __init__(self, gap: int) -> None:
        """Take the pause (ms) between the end of one request to a host and the start of the next."""
        self._changed = threading.Condition()
        self._gap = gap / 1000
        self._taken: dict[str, Turn] = {}
        self._rests_until: dict[str, float] = {}
        self._waiting: dict[str, deque[Turn]] = {}
        self._here = threading.local()
        self.on_rest: Callable[[], None] = lambda: None
        """Called whenever a host begins to rest, by the thread that was there."""

    def set_gap(self, gap: int) -> None:
        """Keep another gap (ms) from the next turn on."""
        with self._changed:
            self._gap = gap / 1000
            if not gap:
                self._taken.clear()
                self._rests_until.clear()
            self._changed.notify_all()

    def busy(self) -> frozenset[str] | None:
        """Return the hosts that may not be asked now, waited for included; None when there is no gap."""
        with self._changed:
            if not self._gap:
                return None
            self._forget_rested()
            return frozenset({*self._taken, *self._rests_until, *self._waiting})

    def next_free(self) -> float | None:
        """Return the seconds after which the first of the hosts that rest has rested; None without one."""
        with self._changed:
            self._forget_rested()
            return min(self._rests_until.values()) - monotonic() if self._rests_until else None

    @property
    def waiting(self) -> int:
        """How many threads wait for a host's turn."""
        with self._changed:
            return sum(map(len, self._waiting.values()))

    def take_if_free(self, host: str) -> Turn | None:
        """Take the host's turn, for any thread; None when it is not free or others wait for it."""
        with self._changed:
            if host in self._waiting or self._until_free(host) != 0:
                return None
            return self._take(Turn(host))

    @contextmanager
    def held(self, turn: Turn) -> Iterator[None]:
        """Make it this thread's own for the block; what the thread holds in the end is given back."""
        self._here.turn = turn
        try:
            yield
        finally:
            self.leave()

    def may_ask(self, host: str) -> bool:
        """Whether this thread holds the host's turn, or needs none."""
        return not self._gap or (self._turn is not None and self._turn.host == host)

    def go_to(self, host: str, *, unless: Callable[[], bool]) -> None:
        """Give back the turn that this thread holds, wait for the host's, in order of arrival, and take it.

        Also waits when it is the same host's: for another visit. Waits no longer once `unless` holds, which
        is asked again at each `wake`: then the thread holds no turn.
        """
        self.leave()
        turn = Turn(host)
        with self._changed:
            queue = self._waiting.setdefault(host, deque())
            queue.append(turn)
            try:
                while not unless():
                    wait = self._until_free(host) if queue[0] is turn else None
                    if wait == 0 or not self._gap:
                        self._here.turn = self._take(turn)
                        return
                    self._changed.wait(wait)
            finally:
                queue.remove(turn)
                if not queue:
                    del self._waiting[host]
                self._changed.notify_all()

    def leave(self) -> None:
        """Give back the turn that this thread holds, if it does: the host's rest begins."""
        turn, self._here.turn = self._turn, None
        if turn is None:
            return
        with self._changed:
            if self._taken.get(turn.host) is not turn:
                return
            del self._taken[turn.host]
            self._rests_until[turn.host] = monotonic() + self._gap
            self._changed.notify_all()
        self.on_rest()

    def wake(self) -> None:
        """Let everybody who waits look again whether they still want to."""
        with self._changed:
            self._changed.notify_all()

    @property
    def _turn(self) -> Turn | None:
        turn: Turn | None = getattr(self._here, "turn", None)
        return turn

    def _take(self, turn: Turn) -> Turn:
        if self._gap:
            self._rests_until.pop(turn.host, None)
            self._taken[turn.host] = turn
        return turn

    def _until_free(self, host: str) -> float | None:
        """Return the seconds for which the host still rests, 0 when it is free; None while it is taken."""
        if host in self._taken:
            return None
        return max(0.0, self._rests_until.get(host, 0.0) - monotonic())

    def _forget_rested(self) -> None:
        now = monotonic()
        for host in [host for host, until in self._rests_until.items() if until <= now]:
            del self._rests_until[host]
