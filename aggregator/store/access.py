"""A database file as it is: opened without being made or brought up to date, and its errors in words."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

from aggregator.exceptions import StoreError

BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database, by what is appended to its name."""

_PAUSE = 0.005
"""Seconds between two tries to get a lock."""

DOCTOR = "`aggregator doctor` says more, `aggregator restore` brings a backup back; keep this file until then"
"""What to do about a database that is damaged or unsound."""

_DAMAGED = f"; the file is damaged: {DOCTOR}"
_HINTS = {
    sqlite3.SQLITE_FULL: "; nothing was written: make room, and it goes on by itself",
    sqlite3.SQLITE_IOERR: "; nothing was written: make room if the disk is full, and it goes on by itself;"
    " else look at the disk's health",
    sqlite3.SQLITE_READONLY: "; the file and its folder must be writable for the user of this",
    sqlite3.SQLITE_CANTOPEN: "; the file and its folder must be there and writable for the user of this",
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_BUSY: "; another program writes to it for a long time",
}


Hints = Mapping[int, str]
"""What to do, by SQLite's result code; it follows what SQLite says."""


@contextmanager
def translated(
    path: Path, where: str = " ([service] database)", *, hints: Hints = MappingProxyType({})
) -> Iterator[None]:
    """Let errors of SQLite in the block be a `StoreError` that names the file and what to do.

    That is what holds for the database in use, unless `hints` say otherwise.
    """
    try:
        yield
    except sqlite3.Error as error:
        code = primary_code(error)
        hint = hints.get(code, _HINTS.get(code, ""))
        raise StoreError(f"{path}: {error}{hint}{where}") from error


def primary_code(error: sqlite3.Error) -> int:
    """Return SQLite's result code without what is more precise; -1 where it is Python's own error."""
    code = getattr(error, "sqlite_errorcode", None)
    return -1 if code is None else int(code) & 0xFF


def is_damaged(error: sqlite3.Error) -> bool:
    """Whether SQLite says that the file holds something else than a whole database."""
    return primary_code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


@contextmanager
def reading(path: Path, *, hints: Hints = MappingProxyType({})) -> Iterator[sqlite3.Connection]:
    """Lend a connection that only reads the file, as it is, while others may write to it.

    Raises `StoreError` when there is no such file, or it cannot be read; `hints` as `translated` takes them.
    """
    _refuse_no_file(path)
    with translated(path, "", hints=hints):
        conn = _open(path)
        try:
            yield conn
        finally:
            # Who closes last checkpoints, which must not meet another process's write.
            with _held_if_free(Path(f"{path}.lock")):
                conn.close()


@contextmanager
def held(path: Path, *, timeout: float, message: str) -> Iterator[int]:
    """Hold the lock of a file, which is made where it is missing, during the block.

    Raises `StoreError` with the message when another process holds it for `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StoreError(f"{path}: cannot be opened: {error.strerror}") from error
    try:
        while not _lock(lock):
            if time.monotonic() > deadline:
                raise StoreError(message)
            time.sleep(_PAUSE)
        yield lock
    finally:
        os.close(lock)


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """Return a connection to a file that exists, with a mode of SQLite's URIs such as `mode=ro`."""
    return sqlite3.connect(
        f"file:{quote(os.fspath(path))}?{mode}", uri=True, isolation_level=None, check_same_thread=False
    )


def _refuse_no_file(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError) as error:
        raise StoreError(f"{path}: there is no such file") from error
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror}") from error
    if stat.S_ISDIR(mode):
        raise StoreError(f"{path}: is a folder; name a file in it")
    if not stat.S_ISREG(mode):
        raise StoreError(f"{path}: is no file that can be read")


def _open(path: Path) -> sqlite3.Connection:
    """Return a connection that has read the file's head: without that, nothing of it is opened yet."""
    modes = ["mode=ro"]
    if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK):
        modes.insert(0, "mode=rw")  # it leaves nothing beside the file at its end
    elif not Path(f"{path}-wal").exists():
        modes.append("mode=ro&immutable=1")  # in a folder where SQLite can put nothing beside it
    for mode in modes:
        conn = connect(path, mode)
        try:
            conn.execute("PRAGMA query_only = ON")
            conn.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except BaseException as error:
            conn.close()
            last = mode == modes[-1]
            if last or not isinstance(error, sqlite3.OperationalError):
                raise
        else:
            return conn
    raise AssertionError


@contextmanager
def _held_if_free(path: Path) -> Iterator[None]:
    lock = None
    with suppress(OSError):
        lock = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        until = time.monotonic() + 1.0
        while lock is not None and not _lock(lock) and time.monotonic() < until:
            time.sleep(_PAUSE)
        yield
    finally:
        if lock is not None:
            os.close(lock)


def _lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
