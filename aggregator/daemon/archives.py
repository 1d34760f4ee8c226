"""Keeps the folders of `[[archives]]` up to date, beside polls and web."""

from __future__ import annotations

import logging
import threading
import time

from aggregator.archive.folder import FolderBusyError
from aggregator.archive.following import Follower
from aggregator.config import Config
from aggregator.exceptions import AggregatorError
from aggregator.model import ArchiveFolder
from aggregator.protocols import Store

log = logging.getLogger(__name__)

BUSY_RETRY = 5.0
"""Seconds after which a folder is looked at again that another process was writing to, at the latest."""


class _Watched:
    """A folder, when it is looked at next, and what last kept it from being written."""

    def __init__(self, follower: Follower) -> None:
        self.follower = follower
        self.due = 0.0
        self.problem: str | None = None


class ArchiveKeeper:
    """Writes folders in a thread of its own, from `start` to `stop`, each as often as its config says."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._watched: dict[ArchiveFolder, _Watched] = {}
        self._config: Config | None = None
        self._wanted = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="archive-keeper", daemon=True)

    def start(self, config: Config) -> None:
        """Begin with the archives of this config; each is looked at once."""
        self.take(config)
        self._thread.start()

    def take(self, config: Config) -> None:
        """Go on with the archives of this config; those that it does not have are left as they are."""
        with self._lock:
            kept = self._watched if config == self._config else {}
            self._config = config
            self._watched = {
                archive: kept.get(archive) or self._follow(config, archive) for archive in config.archives
            }
        self._wanted.set()

    def stop(self, timeout: float) -> bool:
        """End after the file under way; return whether that was within `timeout` seconds."""
        self._stopping.set()
        self._wanted.set()
        if self._thread.ident is not None:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def _follow(self, config: Config, archive: ArchiveFolder) -> _Watched:
        watched = _Watched(Follower(self._store, config, archive, stop=self._stopping.is_set))
        if (before := self._watched.get(archive)) is not None:
            watched.problem = before.problem  # it is known
        return watched

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wanted.clear()
            with self._lock:
                watched = list(self._watched.values())
            for each in watched:
                if not self._stopping.is_set() and time.monotonic() >= each.due:
                    self._look(each)
            due = min((each.due for each in watched), default=None)
            self._wanted.wait(None if due is None else max(0.0, due - time.monotonic()))

    def _look(self, watched: _Watched) -> None:
        follower = watched.follower
        interval = follower.archive.interval / 1000
        watched.due = time.monotonic() + interval
        try:
            followed = follower.look()
        except FolderBusyError as error:
            log.debug("%s", error)
            watched.due = time.monotonic() + min(interval, BUSY_RETRY)
        except AggregatorError as error:
            if not self._stopping.is_set() and str(error) != watched.problem:
                watched.problem = str(error)
                log.error("%s (it is tried again)", error)  # noqa: TRY400 - the line says it all
        except Exception as error:
            if repr(error) != watched.problem:
                watched.problem = repr(error)
                log.exception(
                    "a defect of the aggregator keeps %s from being written", follower.archive.folder
                )
        else:
            if watched.problem is not None:
                watched.problem = None
                log.info("%s: is written again", follower.archive.folder)
            if followed:
                log.info("%s: %s", follower.archive.folder, followed)
