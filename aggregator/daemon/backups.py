"""Backups by the clock: `[backup]` in the config."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

from aggregator.clock import now_ms
from aggregator.exceptions import StoreError
from aggregator.model import BackupPlan
from aggregator.protocols import Clock
from aggregator.store.backup import (
    back_up_by_the_clock,
    find_backups,
    newest_backup,
    rotate,
    suddenly_empty,
)

log = logging.getLogger(__name__)

RETRY = 600.0
"""Seconds after which a backup that failed is tried again, if it is not due more often anyway."""

LONGEST_WAIT = 600.0
"""Seconds between two looks at what is due: a machine that slept does not know how long."""

FIRST = 2.0
"""Seconds after the start before which there is none: everything else goes first then."""

_PAUSE = 0.005
"""Seconds between two steps of copying, in which others have the disk."""


class BackupService:
    """Backs the database up in a thread of its own, from `start` to `stop`."""

    def __init__(
        self, database: Path, plan: BackupPlan | None, *, clock: Clock = now_ms, first: float = FIRST
    ) -> None:
        """Take the plan of the config; without one nothing is done. `first` as `FIRST`."""
        self._database = database
        self._plan = plan
        self._clock = clock
        self._first = first
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="backups", daemon=True)

    def start(self) -> None:
        """Begin to look at what is due, soon."""
        self._thread.start()

    def take(self, plan: BackupPlan | None) -> None:
        """Go on with another plan."""
        if plan != self._plan:
            self._plan = plan
            self._wake.set()

    def stop(self, timeout: float) -> bool:
        """Break off the backup under way, which leaves nothing; return whether it ended in `timeout` s."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        self._stopping.wait(self._first)
        while not self._stopping.is_set():
            self._wake.clear()
            wait = self._look()
            if not self._stopping.is_set():
                self._wake.wait(wait)

    def _look(self) -> float | None:
        """Back up when it is due; return for how many seconds nothing will be, None without a plan."""
        plan = self._plan
        if plan is None:
            return None
        try:
            due = self._due(plan)
            if due <= self._clock():
                self._back_up(plan)
                due = self._due(plan)
        except StoreError as error:
            if not self._stopping.is_set():
                log.error("no backup: %s; it is tried again", error)  # noqa: TRY400 - the line says it all
            return min(RETRY, plan.interval / 1000)
        except Exception:
            log.exception("a defect of the aggregator keeps the database from being backed up")
            return RETRY
        return min(max((due - self._clock()) / 1000, 0.0), LONGEST_WAIT)

    def _due(self, plan: BackupPlan) -> int:
        newest = newest_backup(find_backups(self._database, plan.folder), now=self._clock())
        return 0 if newest is None else newest.made_at + plan.interval

    def _back_up(self, plan: BackupPlan) -> None:
        began, now = time.monotonic(), self._clock()
        file, tally = back_up_by_the_clock(
            self._database,
            plan.folder,
            now=now,
            on_progress=lambda _done, _total: time.sleep(_PAUSE),
            cut_off=self._stopping.is_set,
        )
        took = time.monotonic() - began
        log.info("backed up to %s: %d entries, %d bytes, in %.1f s", file, tally.entries, tally.size, took)
        if tally.lost:
            log.warning("missing in the database: %s; `aggregator doctor` says more", ", ".join(tally.lost))
        try:
            backups = find_backups(self._database, plan.folder)
            if warning := suddenly_empty(backups, newest_backup(backups, now=now)):
                log.warning("%s", warning)
            rotate(self._database, plan.folder, keep=plan.keep, newest=file)
        except StoreError as error:
            log.error("an old backup stays: %s", error)  # noqa: TRY400 - the line says it all
