"""Connections to one SQLite file, and the locks and transactions that they are used in.

One connection writes, under a lock that also holds between processes, and so does everything that SQLite does
at commit and close: versions before 3.51.3 can corrupt a write-ahead log that several connections write and
checkpoint at once. Readers have connections of their own and never wait for the writer.
"""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from aggregator.exceptions import StoreError
from aggregator.store.access import translated
from aggregator.store.locks import lock_schedule
from aggregator.store.upgrade import upgrade

log = logging.getLogger(__name__)

BUSY_TIMEOUT = 10.0
"""Seconds that a write waits for another process's; not so long when the store is being closed."""

_TRY = 0.25
"""Seconds that SQLite itself waits for a lock before it is asked again."""

_PAUSE = 0.005
"""Seconds between two tries to get the lock between processes."""

_PATIENCE = 1.0
"""Seconds that closing waits for a write under way."""

_IDLE_READERS = 4
"""Reading connections that are kept open for the next reader."""


_LARGEST_LOG = 64 * 1024 * 1024
"""Bytes that the write-ahead log is cut to when it begins anew, if a long read has made it grow."""


class Connections:
    """A writer and readers of the file at `path`, which is made, or brought up to date, when needed.

    Safe to use from several threads at once. Every method raises `StoreError` when the database cannot be
    read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._write_lock = threading.RLock()
        self._readers: list[sqlite3.Connection] = []
        self._readers_lock = threading.Lock()
        self._closing = False
        self._closed = False
        self._schedule_lock: int | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock_file = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            what = "opened for writing" if path.exists() else "created"
            raise StoreError(
                f"{path}: cannot be {what}: {error.strerror} ({error.filename});"
                " make its folder writable or choose another in [service] database"
            ) from error
        try:
            self._writer = self._open_writer()
        except BaseException:
            os.close(self._lock_file)
            raise

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Run the block in one transaction of the connection it gets: all of it is committed, or nothing."""
        with self._write_lock:
            if self._closed:
                raise StoreError(f"{self.path}: is closed")
            with self._between_processes(), self._translated():
                self._begin()
                try:
                    yield self._writer
                    self._writer.execute("COMMIT")
                except BaseException:
                    self._writer.rollback()
                    raise

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Lend a reading connection to the block."""
        with self._readers_lock:
            if self._closed:
                raise StoreError(f"{self.path}: is closed")
            conn = self._readers.pop() if self._readers else None
        conn = conn or self._connect()
        try:
            with self._translated():
                yield conn
        finally:
            with self._readers_lock:
                keep = not self._closed and len(self._readers) < _IDLE_READERS
                if keep:
                    self._readers.append(conn)
            if not keep:
                conn.close()

    def checkpoint(self) -> None:
        """Take the write-ahead log up into the file, as far as nobody reads what was before, and cut it."""
        with self._write_lock, self._between_processes(), self._translated():
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def take_schedule(self) -> None:
        """Become the process that has the schedule, until `close`; see `locks.lock_schedule`."""
        self._schedule_lock = lock_schedule(self.path)

    def close(self) -> None:
        """Let go of the database. A long write under way is broken off, whole; a short one ends.

        While another process holds the database, the connections are left to the end of this process.
        """
        self._closing = True
        patience = time.monotonic() + _PATIENCE
        while not self._write_lock.acquire(timeout=0.01):
            if time.monotonic() > patience:
                self._writer.interrupt()
        try:
            if self._closed:
                return
            self._closed = True
            # SQLite may checkpoint at close, which must not meet another process's write.
            with suppress(StoreError), self._between_processes():
                with self._readers_lock:
                    for conn in self._readers:
                        conn.close()
                    self._readers.clear()
                self._writer.close()
            if self._schedule_lock is not None:
                os.close(self._schedule_lock)
            os.close(self._lock_file)
        finally:
            self._write_lock.release()

    def _connect(self) -> sqlite3.Connection:
        with self._translated():
            conn = sqlite3.connect(self.path, timeout=_TRY, isolation_level=None, check_same_thread=False)
            try:
                conn.row_factory = sqlite3.Row
                # NORMAL: a power cut can take back the last polls, which are repeated; it corrupts nothing.
                conn.execute("PRAGMA synchronous = NORMAL")
                conn.execute(f"PRAGMA journal_size_limit = {_LARGEST_LOG}")
            except BaseException:
                conn.close()
                raise
        return conn

    def _open_writer(self) -> sqlite3.Connection:
        # Until it is made and brought up to date nobody else of ours opens it, and finds it empty.
        with self._between_processes(), self._translated():
            _look_whether_lost(self.path)
            writer = self._connect()
            try:
                writer.execute("PRAGMA journal_mode = WAL")
                upgrade(writer, self.path)
            except BaseException:
                writer.close()
                raise
        return writer

    def _begin(self) -> None:
        """Begin a write, waiting for programs that write to the file without our locks."""
        deadline = time.monotonic() + BUSY_TIMEOUT
        while True:
            try:
                self._writer.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                busy = error.sqlite_errorcode == sqlite3.SQLITE_BUSY
                if not busy or self._closing or time.monotonic() > deadline:
                    raise
            else:
                return

    @contextmanager
    def _between_processes(self) -> Iterator[None]:
        deadline = time.monotonic() + BUSY_TIMEOUT
        while True:
            try:
                fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if self._closing or time.monotonic() > deadline:
                    message = f"{self.path}: another process is writing to it for a long time"
                    raise StoreError(f"{message} ([service] database)") from error
                time.sleep(_PAUSE)
            except OSError as error:
                message = f"{self.path}.lock: cannot be locked: {error.strerror} ([service] database)"
                raise StoreError(message) from error
        try:
            yield
        finally:
            fcntl.flock(self._lock_file, fcntl.LOCK_UN)

    def _translated(self) -> AbstractContextManager[None]:
        return translated(self.path)


def _look_whether_lost(path: Path) -> None:
    """Warn when a new database is about to be made in a file that is there, and empty.

    Raises `StoreError` when a log is beside it, which SQLite would throw away: then it was not always empty.
    """
    try:
        if path.stat().st_size > 0:
            return
        log_beside = Path(f"{path}-wal")
        if log_beside.exists() and log_beside.stat().st_size > 0:
            raise StoreError(
                f"{path}: is empty, but {log_beside.name} beside it is not: the file was cut off;"
                " `aggregator restore` a backup, or delete both files to begin anew"
            )
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror} ([service] database)") from error
    if path.is_file():
        log.warning(
            "%s: is an empty file: a new database is begun in it; if it held entries, stop,"
            " and `aggregator restore` a backup",
            path,
        )
