"""How far a folder is that holds a site, and whether what the store remembers is of the files that are there.

A random number stands in the folder's mark and in the store. Each run that writes something changes it, when
it begins and when it ends. Where the two differ (the store was restored, or the folder was, or another store
wrote to it), nothing that is remembered of the folder counts.
"""

from __future__ import annotations

import secrets

from aggregator.archive.folder import Folder
from aggregator.model import FolderState
from aggregator.protocols import Folders


class FolderRecord:
    """What the store remembers of a folder; it begins anew where that is not of these files.

    Every method raises ArchiveError and StoreError.
    """

    def __init__(self, folders: Folders, folder: Folder) -> None:
        self._folders = folders
        self._folder = folder
        self._is_begun = False
        state = folders.state(folder.mark)
        look, _, run = ("" if state is None else state.made_with).partition(" ")
        self.look = look
        """What all files depended on when the folder was last up to date; empty when it never was."""
        if state is not None and run and run == folder.run:
            self.number = state.number
            return
        folders.forget(folder.mark)
        self.look = ""
        # Before anything is read, so that nothing is missed that changes from now on.
        self.number = folders.number()
        self.begin()

    def begin(self) -> None:
        """Take note, before the first change of a run, that the files are others than they were."""
        if not self._is_begun:
            self._is_begun = True
            self._change()

    def finish(self, number: int, look: str) -> None:
        """Take note that the files are up to date with all changes up to this number."""
        self.number, self.look = number, look
        if self._is_begun:
            self._change()  # what was copied of the store meanwhile knows a part of what was written
        else:
            self._keep(self._folder.run)

    def _change(self) -> None:
        run = secrets.token_hex(8)
        self._keep(run)
        self._folder.begin_run(run)

    def _keep(self, run: str) -> None:
        state = FolderState(number=self.number, made_with=f"{self.look} {run}")
        self._folders.keep(self._folder.mark, state=state)
