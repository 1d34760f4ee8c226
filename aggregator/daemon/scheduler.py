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


class Scheduler:
    """Calls `tick` every `TICK` seconds, in a thread of its own, from `start` to `stop`."""

    def __init__(self, tick: Callable[[], None]) -> None:
        self._tick = tick
        self._last: float | None = None
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
        return None if silent < LATE else f"The scheduler has not ticked for {silent:.0f} s."

    def _run(self) -> None:
        try:
            self._tick()
        except AggregatorError as error:
            log.error("%s; the next tick tries again", error)  # noqa: TRY400 - the line says it all
        except Exception:
            log.exception("the scheduler's tick failed; the next one tries again")
        else:
            self._last = time.monotonic()
