"""The lock that one process alone holds: the one that claims due sources."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from aggregator.exceptions import StoreError


def lock_schedule(database: Path) -> int:
    """Return the open file whose lock makes this process the only one with this database's schedule.

    The lock ends with the file, or with the process. Raises StoreError when another one has it.
    """
    path = f"{database}.schedule.lock"
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StoreError(f"{path}: cannot be opened: {error.strerror} ([service] database)") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise StoreError(
            f"{database}: another aggregator runs on this database;"
            " stop it or choose another file in [service] database"
        ) from error
    except OSError as error:
        os.close(lock)
        raise StoreError(f"{path}: cannot be locked: {error.strerror} ([service] database)") from error
    return lock
