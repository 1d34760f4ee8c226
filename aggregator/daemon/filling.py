"""Fills feeds that are new or changed with what is stored, beside polls and web."""

from __future__ import annotations

import logging
import threading
import time

from aggregator.exceptions import StoreError
from aggregator.protocols import Curation

log = logging.getLogger(__name__)

BATCH = 200
"""Entries of one transaction, for which polls have to wait."""

PAUSE = 0.02
"""Seconds between two transactions, in which others get their turn."""

RETRY = 10.0
"""Seconds after which a database that failed is tried again."""


class FeedFiller:
    """Fills feeds in a thread of its own, from `start` to `stop`, whenever it is told to look."""

    def __init__(self, curation: Curation) -> None:
        self._curation = curation
        self._wanted = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="feed-filler", daemon=True)

    def start(self) -> None:
        """Begin, with what was left when the service last stopped."""
        self._wanted.set()
        self._thread.start()

    def look(self) -> None:
        """Look for feeds that are to be filled: the config has changed."""
        self._wanted.set()

    def stop(self, timeout: float) -> bool:
        """End after the transaction under way; return whether that was within `timeout` seconds."""
        self._stopping.set()
        self._wanted.set()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wanted.wait()
            self._wanted.clear()
            try:
                while not self._stopping.is_set() and self._curation.fill_feeds(limit=BATCH):
                    self._stopping.wait(PAUSE)
            except StoreError as error:
                log.error("feeds could not be filled; it is tried again: %s", error)  # noqa: TRY400 - the line says it all
                self._wanted.set()
                self._stopping.wait(RETRY)
            except Exception:
                log.exception("a defect of the aggregator keeps feeds from being filled until the next start")


def fill_for(curation: Curation, seconds: float) -> bool:
    """Fill feeds for about that long; return whether they are filled. Raises StoreError."""
    until = time.monotonic() + seconds
    while curation.fill_feeds(limit=BATCH):
        if time.monotonic() >= until:
            return False
        time.sleep(PAUSE)
    return True
