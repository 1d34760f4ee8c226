"""Deletes what retention lets go, once a day, beside polls and web."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from aggregator.clock import now_ms
from aggregator.config import Config
from aggregator.exceptions import StoreError
from aggregator.model import Retention, Source, keeps_everything
from aggregator.protocols import Clock, Pruning

log = logging.getLogger(__name__)

BATCH = 100
"""Entries of one transaction, for which polls have to wait."""

PAUSE = 0.02
"""Seconds between two transactions, in which others get their turn."""

GRACE = 300.0
"""Seconds after the start, and after a change of the limits, before which nothing is deleted: so long there
is for the person who reads in the log that it was a mistake."""

EVERY = 86_400.0
"""Seconds from one run to the next."""

RETRY = 600.0
"""Seconds after which a database that failed is tried again."""

_NAMED = 10
"""Sources that the log names."""


@dataclass(frozen=True, slots=True)
class _Limits:
    """What the config says of retention."""

    retention: Retention
    sources: tuple[Source, ...]

    def differs(self, other: _Limits) -> bool:
        """Return whether another entry may be let go; sources have more keys than these."""
        return (self.retention, self._of_sources()) != (other.retention, other._of_sources())

    def _of_sources(self) -> dict[str, tuple[int | None, int | None]]:
        limits = {source.name: (source.max_age, source.max_entries) for source in self.sources}
        return {name: each for name, each in limits.items() if each != (None, None)}


class RetentionService:
    """Prunes in a thread of its own, from `start` to `stop`."""

    def __init__(
        self,
        pruning: Pruning,
        config: Config,
        *,
        clock: Clock = now_ms,
        grace: float = GRACE,
        every: float = EVERY,
    ) -> None:
        """Take the limits of a config; `grace` and `every` are as the module's."""
        self._pruning = pruning
        self._clock = clock
        self._grace, self._every = grace, every
        self._limits = _Limits(config.retention, config.sources)
        self._changed = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="retention", daemon=True)

    def start(self) -> None:
        """Begin: nothing is deleted before `grace` is over. Limits that are new are told of now."""
        self._changed.set()
        self._thread.start()

    def take(self, config: Config) -> None:
        """Go on with another config; where its limits are others, they have their `grace`, too."""
        limits = _Limits(config.retention, config.sources)
        changed = limits.differs(self._limits)
        self._limits = limits
        if changed:
            self._changed.set()

    def stop(self, timeout: float) -> bool:
        """End after the transaction under way; return whether that was within `timeout` seconds."""
        self._stopping.set()
        self._changed.set()
        if self._thread.is_alive():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        wait = self._grace
        while not self._stopping.is_set():
            if self._changed.wait(wait):
                self._changed.clear()
                wait = self._grace
                self._guarded(self._announce)
            else:
                wait = self._every if self._guarded(self._prune) else RETRY

    def _guarded(self, work: Callable[[_Limits], None]) -> bool:
        limits = self._limits
        if self._stopping.is_set() or keeps_everything(limits.retention, limits.sources):
            return True
        try:
            work(limits)
        except StoreError as error:
            if not self._stopping.is_set():
                log.error("old entries could not be looked for or deleted; it is tried again: %s", error)  # noqa: TRY400 - the line says it all
            return False
        except Exception:
            log.exception("a defect of the aggregator keeps old entries from being deleted")
            return False
        return True

    def _announce(self, limits: _Limits) -> None:
        """Say what new limits let go, while it can still be helped."""
        if self._pruning.are_applied(limits.retention, limits.sources):
            return
        told: Counter[str] = Counter()
        for entry in self._pruning.due(limits.retention, limits.sources, now=self._clock()):
            told[entry.source] += 1
            if self._stopping.is_set() or self._changed.is_set():
                return
        if told:
            log.warning(
                "the limits of [retention] or of sources are new: %d entries are deleted, from in %.0f s on:"
                " %s; `aggregator prune --dry-run` tells more, and other limits in the config prevent it",
                told.total(),
                self._grace,
                _of_sources(told),
            )

    def _prune(self, limits: _Limits) -> None:
        gone: Counter[str] = Counter()
        began = time.monotonic()
        run = self._pruning.purge(limits.retention, limits.sources, now=self._clock(), limit=BATCH)
        try:
            for some in run:
                gone.update(entry.source for entry in some)
                if self._stopping.is_set() or self._changed.is_set():
                    break
                if some:
                    self._stopping.wait(PAUSE)
        finally:
            if gone:
                took = time.monotonic() - began
                log.info("retention: deleted %d entries in %.1f s: %s", gone.total(), took, _of_sources(gone))


def _of_sources(entries: Counter[str]) -> str:
    """Return how many entries are of which source, the most first."""
    named = [f"{name} {number}" for name, number in entries.most_common(_NAMED)]
    more = len(entries) - len(named)
    return ", ".join((*named, f"and of {more} more sources") if more > 0 else named)
