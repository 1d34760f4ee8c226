"""Four ticks a second: the only importer of APScheduler.

There is one job for all sources, not one for each: what is due is asked of the store, so due times survive
restarts and ten thousand sources cost the scheduler nothing.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from apscheduler.schedulers.background import BackgroundScheduler

from aggregator.exceptions import AggregatorError

log = logging.getLogger(__name__)

TICK = 0.25
"""Seconds between two ticks."""

LATE = 15.0
"""Seconds without a tick after which the scheduler counts as stuck."""

TOLD_AGAIN = 60.0
"""Seconds after which an error that stays is told again: each tick has it, and fills the log."""


class Scheduler:
    """Calls `tick` every `TICK` seconds, in a thread of its own, from `start` to `stop`."""

    def __init__(self, tick: Callable[[], None]) -> None:
        self._tick = tick
        self._last: float | None = None
        self._failure: str | None = None
        self._told = 0.0
        # By default a job that is a second late is skipped; this one is always still wanted, once.
        self._scheduler = BackgroundScheduler(
            timezone="UTC", job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )
        self._scheduler.add_job(self._run, "interval", seconds=TICK)

    def start(self) -> None:
        """Begin to tick, at once."""
        self._run()
        self._scheduler.start()

    def stop(self) -> None:
        """Tick no more. Does not wait for a tick under way."""
        self._scheduler.shutdown(wait=False)

    def problem(self) -> str | None:
        """Return None while it ticks, else a sentence that says since when it does not."""
        if self._last is None:
            return "The scheduler has not started yet."
        silent = time.monotonic() - self._last
        if silent < LATE:
            return None
        why = f": {self._failure}" if self._failure else "."
        return f"The scheduler has not ticked for {silent:.0f} s{why}"

    def _run(self) -> None:
        try:
            self._tick()
        except AggregatorError as error:
            self._fail(str(error))
        except Exception:
            log.exception("the scheduler's tick failed; the next one tries again")
        else:
            self._last = time.monotonic()
            if self._failure is not None:
                self._failure = None
                log.info("the scheduler goes on")

    def _fail(self, message: str) -> None:
        if message != self._failure or time.monotonic() - self._told > TOLD_AGAIN:
            self._failure, self._told = message, time.monotonic()
            log.error("%s; it is tried again several times a second", message)
