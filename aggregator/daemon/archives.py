"""Keeps the folders of `[[archives]]` up to date, beside polls and web."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

from aggregator.archive.folder import FolderBusyError
from aggregator.archive.following import Follower
from aggregator.config import Config
from aggregator.exceptions import AggregatorError
from aggregator.model import ArchiveFolder
from aggregator.protocols import Store

log = logging.getLogger(__name__)

BUSY_RETRY = 5.0
"""Seconds after which a folder is looked at again that another process was writing to, at the latest."""

BUSY_TOLD = 600.0
"""Seconds after which that is told: no export of a process that works takes so long."""


class ArchiveKeeper:
    """Writes each folder in a thread of its own, from `start` to `stop`, as often as its config says."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._config: Config | None = None
        self._kept: dict[Path, _Keeping] = {}
        self._ending: list[_Keeping] = []
        self._is_stopped = False

    def start(self, config: Config) -> None:
        """Begin with the archives of this config; each is looked at once."""
        self.take(config)

    def take(self, config: Config) -> None:
        """Go on with the archives of this config; those that it does not have are left as they are.

        An export under way for a config that was another ends after the file that it is at, and goes on from
        there with this one.
        """
        if self._is_stopped or config == self._config:
            return
        self._config = config
        before, self._kept = self._kept, {}
        for keeping in before.values():
            keeping.end()
        self._ending = [each for each in (*self._ending, *before.values()) if each.thread.is_alive()]
        for archive in config.archives:
            keeping = _Keeping(self._store, config, archive, before.get(archive.folder))
            self._kept[archive.folder] = keeping
            keeping.thread.start()

    def stop(self, timeout: float) -> bool:
        """End each after the file under way; return whether that was within `timeout` seconds."""
        self._is_stopped = True
        until = time.monotonic() + timeout
        every = [*self._ending, *self._kept.values()]
        for keeping in every:
            keeping.end()
        for keeping in every:
            keeping.thread.join(max(0.0, until - time.monotonic()))
        return not any(keeping.thread.is_alive() for keeping in every)


class _Keeping:
    """One folder, as one config says, and what last kept it from being written."""

    def __init__(self, store: Store, config: Config, archive: ArchiveFolder, before: _Keeping | None) -> None:
        self.thread = threading.Thread(target=self._run, name=f"archive {archive.folder.name}", daemon=True)
        self._archive = archive
        self._ended = threading.Event()
        self._follower = Follower(store, config, archive, stop=self._ended.is_set)
        self._before = before
        self.problem: str | None = None
        self._busy_since: float | None = None

    def end(self) -> None:
        """Have the thread end soon."""
        self._ended.set()

    def _run(self) -> None:
        if self._before is not None:
            self._before.thread.join()  # it was told to end, and has the folder until then
            self.problem = self._before.problem  # it is known
            self._before = None
        while not self._ended.is_set():
            due = time.monotonic() + self._archive.interval / 1000
            if not self._look():
                due = min(due, time.monotonic() + BUSY_RETRY)
            self._ended.wait(max(0.0, due - time.monotonic()))

    def _look(self) -> bool:
        """Bring the folder up to date; return False when another process was writing to it."""
        folder = self._archive.folder
        try:
            followed = self._follower.look()
        except FolderBusyError as error:
            self._busy_since = self._busy_since or time.monotonic()
            if time.monotonic() - self._busy_since >= BUSY_TOLD:
                self._tell(str(error))
            return False
        except AggregatorError as error:
            if not self._ended.is_set():
                self._tell(str(error))
        except Exception as error:
            if repr(error) != self.problem:
                self.problem = repr(error)
                log.exception("a defect of the aggregator keeps %s from being written", folder)
        else:
            if self.problem is not None and not self._ended.is_set():
                self.problem = None
                log.info("%s: is up to date again", folder)
            if followed:
                log.info("%s: %s", folder, followed)
        self._busy_since = None
        return True

    def _tell(self, problem: str) -> None:
        if problem != self.problem:
            self.problem = problem
            log.error("%s (it is tried again)", problem)
