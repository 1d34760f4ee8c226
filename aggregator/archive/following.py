"""A folder that follows the store: written when something has changed, committed where that is asked for."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from aggregator.archive.git import commit_archive
from aggregator.archive.posts import ExportTally, export_posts
from aggregator.archive.site import SiteTally, export_site
from aggregator.clock import now_ms
from aggregator.config import Config
from aggregator.model import ArchiveFolder, ArchiveKind
from aggregator.protocols import Store

REFRESH = 3600.0
"""Seconds after which a site is looked at though nothing has changed: some feeds depend on the clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """What one look at a folder did."""

    tally: ExportTally | SiteTally
    committed: int = 0
    """Files of it that were, with those that earlier looks had left."""

    def __bool__(self) -> bool:
        """Whether anything was done."""
        tally = self.tally
        changed = tally.updated if isinstance(tally, ExportTally) else tally.removed
        return bool(tally.written or changed or self.committed)

    def __str__(self) -> str:
        """What was done, in a few words."""
        tally = self.tally
        noun = "post" if isinstance(tally, ExportTally) else "file"
        said = [f"{tally.written} {noun}{'' if tally.written == 1 else 's'} written"]
        if isinstance(tally, ExportTally):
            said += [f"{tally.updated} updated"] if tally.updated else []
            said += [f"{tally.left} left to a person who changed them"] if tally.left else []
        else:
            said += [f"{tally.removed} removed"] if tally.removed else []
            said += (
                [f"files of somebody else left in the way of {', '.join(tally.left)}"] if tally.left else []
            )
        said += [f"{self.committed} committed"] if self.committed else []
        return ", ".join(said)


class Follower:
    """Keeps one archive up to date: `look` from time to time."""

    def __init__(
        self,
        store: Store,
        config: Config,
        archive: ArchiveFolder,
        *,
        patience: float = 0.0,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self.archive = archive
        self._store = store
        self._config = config
        self._patience = patience
        self._stop = stop
        self._number: int | None = None
        self._looked_at = 0.0
        self._uncommitted = archive.commit

    def look(self, progress: Callable[[int, int], None] = lambda _done, _of: None) -> Followed | None:
        """Write what has changed since the last look; return None when nothing had.

        What fails is tried again by the next call. Raises ArchiveError and StoreError.
        """
        number = self._store.folders.number()
        followed = None
        if number != self._number or self._is_old():
            self._uncommitted = self.archive.commit  # also what a run that fails, or another process, writes
            tally = self._export(progress)
            followed = Followed(tally=tally)
            if not tally.finished:
                return followed
            self._number, self._looked_at = number, time.monotonic()
        if self._uncommitted:
            committed = commit_archive(self._store, self.archive, patience=self._patience, stop=self._stop)
            self._uncommitted = False
            tally = followed.tally if followed is not None else self._nothing()
            followed = Followed(tally=tally, committed=committed)
        return followed

    def _nothing(self) -> ExportTally | SiteTally:
        return ExportTally() if self.archive.kind is ArchiveKind.JEKYLL else SiteTally()

    def _is_old(self) -> bool:
        return self.archive.kind is ArchiveKind.SITE and time.monotonic() > self._looked_at + REFRESH

    def _export(self, progress: Callable[[int, int], None]) -> ExportTally | SiteTally:
        archive = self.archive
        if archive.kind is ArchiveKind.JEKYLL:
            return export_posts(
                self._store, archive, patience=self._patience, stop=self._stop, progress=progress
            )
        return export_site(
            self._store,
            self._config,
            archive.folder,
            base_url=archive.base_url,
            now=now_ms(),
            patience=self._patience,
            stop=self._stop,
            progress=progress,
            look_for_missing=self._number is None or self._is_old(),
        )
