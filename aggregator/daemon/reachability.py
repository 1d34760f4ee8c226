"""Notices when it is not the sources that fail but the way to them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable

from aggregator.model import PollReport

log = logging.getLogger(__name__)


class Reachability:
    """Says in one line of the log when no source can be reached, and when one can again."""

    def __init__(self, sources: Iterable[str]) -> None:
        self.sources = frozenset(sources)
        """The names of the sources that are polled; others do not count."""
        self._lock = threading.Lock()
        self._silent: set[str] = set()
        self._said = False

    def observe(self, report: PollReport) -> None:
        """Take note of how a poll went."""
        with self._lock:
            if report.outcome.is_silence:
                self._silent.add(report.name)
            else:
                self._silent.discard(report.name)
                if self._said:
                    log.info("sources can be reached again")
                self._said = False
            if not self._said and self.sources and self._silent >= self.sources:
                self._said = True
                log.error(
                    "none of the %d sources can be reached (the last: %s: %s);"
                    " is this machine online? Polling goes on",
                    len(self.sources),
                    report.outcome.value,
                    report.message,
                )
