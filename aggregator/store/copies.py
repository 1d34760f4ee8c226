"""Whole copies of a database, which are read and verified before they count.

    snapshot of the source ─► draft beside the file ─► verified ─► flushed to the disk ─► named, at once

A draft that a killed process has left is removed by the next one to write the same file.
"""

from __future__ import annotations

import glob
import os
import secrets
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from aggregator.exceptions import StoreError
from aggregator.store.access import BESIDE, DOCTOR, Hints, connect, translated
from aggregator.store.costs import snapshot
from aggregator.store.schema import lost_helpers, unsound_tables
from aggregator.store.steps import applied_steps, refuse_unknown

_PAGES = 1024
"""Pages of one step, between which the copying can be broken off."""

_OPERATIONS = 100_000
"""Of SQLite's machine, between two looks at whether the check is to be broken off."""

_ABANDONED = 3600.0
"""Seconds after which a draft that nobody writes to is left over."""

_ROOM = "; nothing was changed: make room, and try again"
_HINTS: Hints = {sqlite3.SQLITE_FULL: _ROOM, sqlite3.SQLITE_IOERR: _ROOM}

Progress = Callable[[int, int], None]
"""Told how many pages were copied, and of how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyTally:
    """What is in a copy."""

    entries: int
    size: int
    """Bytes."""
    loose: int
    """Rows that belong to rows that are gone, as in the database that was copied."""
    lost: tuple[str, ...] = ()
    """Indexes and triggers that are missing, as there; they can be made again."""


def copy_database(
    source: sqlite3.Connection,
    file: Path,
    *,
    like: Path,
    called: Path | None = None,
    advice: str = DOCTOR,
    on_progress: Progress = lambda _done, _total: None,
    cut_off: Callable[[], bool] = lambda: False,
) -> CopyTally:
    """Write what the source holds at this moment to a file, in place of what is there.

    The copy is one file, with the owner and permissions of the file `like`; others may write to the source
    meanwhile. Raises `StoreError` when it cannot be written, which names the file `called`, and when the
    source is damaged or unsound, no database of ours, or a newer version's, which names that and ends with
    the `advice`; also when `cut_off` says to stop: then nothing has changed.
    """
    called, origin = called or file, _file_of(source)
    with _draft(file, like, called) as draft:

        def stop() -> bool:
            with suppress(OSError):
                os.utime(draft)  # somebody works on it
            return cut_off()

        with snapshot(source):
            with translated(origin, ""):
                expected = entry_count(source, origin)  # the snapshot begins with this
                refuse_unknown(source, origin)
            with translated(called, "", hints=_HINTS):
                _copy(source, draft, called, on_progress, stop)
        with translated(called, "", hints=_HINTS), closing(connect(draft, "mode=rw")) as copy:
            copy.execute("PRAGMA journal_mode = DELETE")  # that of the source needs files beside it
        damaged = dict.fromkeys((sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB), f"; {advice}")
        with translated(origin, "", hints=damaged), closing(connect(draft, "mode=ro")) as copy:
            tally = verify(copy, origin, advice=advice, cut_off=stop)
        if tally.entries != expected:
            raise StoreError(f"{called}: {tally.entries} entries were copied, of {expected}")
        flush(draft, called)
        try:
            draft.replace(file)
            flush(file.parent, called)
        except OSError as error:
            raise unwritable(called, error) from error
    return tally


def verify(
    conn: sqlite3.Connection,
    origin: Path,
    *,
    advice: str = DOCTOR,
    cut_off: Callable[[], bool] = lambda: False,
) -> CopyTally:
    """Read the copy of a database whole, and return what is in it.

    Raises `StoreError`, which names the `origin`, when it is damaged, or lacks what a database with the same
    steps has: tables, columns, or the row of those that always have one.
    """
    conn.set_progress_handler(cut_off, _OPERATIONS)
    try:
        (said,) = conn.execute("PRAGMA integrity_check(1)").fetchone()
        if said != "ok":
            raise StoreError(f"{origin}: the file is damaged: {' '.join(said.split())}; {advice}")
        if found := unsound_tables(conn):
            raise StoreError(f"{origin}: is not sound: {', '.join(found)}; {advice}")
        loose = sum(1 for _ in conn.execute("PRAGMA foreign_key_check"))
        (size,) = conn.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
        return CopyTally(
            entries=entry_count(conn, origin), size=size[0], loose=loose, lost=tuple(lost_helpers(conn))
        )
    finally:
        conn.set_progress_handler(None, 0)


def entry_count(conn: sqlite3.Connection, file: Path) -> int:
    """Return how many entries a database holds, dropped ones too. Raises `StoreError` when it is not ours."""
    if not applied_steps(conn):
        raise StoreError(f"{file}: is no database of the aggregator")
    (count,) = conn.execute("SELECT count(*) FROM entries").fetchone()
    return int(count)


def flush(path: Path, called: Path | None = None) -> None:
    """Have the disk hold a file, or the names in a folder. Raises `StoreError`, which names `called`."""
    try:
        opened = os.open(path, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
    except OSError as error:
        raise unwritable(called or path, error) from error


def unwritable(file: Path, error: OSError) -> StoreError:
    """Return what to say of a file that cannot be written."""
    return StoreError(f"{file}: cannot be written: {error.strerror}")


def remove(database: Path) -> None:
    """Remove a database and what SQLite keeps beside it, as far as that is there and can be removed."""
    for name in ("", *BESIDE):
        with suppress(OSError):
            Path(f"{database}{name}").unlink()


def clean_drafts(folder: Path, pattern: str, *, age: float = _ABANDONED) -> None:
    """Remove drafts that killed processes left of the files whose names match a pattern of `glob`.

    Those are left alone that somebody wrote to in the last `age` seconds.
    """
    for left in folder.glob(f".{pattern}.{'[0-9a-f]' * 8}.draft*"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > age:
                left.unlink()


@contextmanager
def _draft(file: Path, like: Path, called: Path) -> Iterator[Path]:
    """Lend a new, empty file beside `file`; it is removed when it is still there at the end."""
    clean_drafts(file.parent, glob.escape(file.name))
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}.draft")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        resemble(draft, like)
    except OSError as error:
        raise unwritable(called, error) from error
    try:
        yield draft
    finally:
        remove(draft)


def resemble(file: Path, like: Path) -> None:
    """Give a file the permissions and, where we may, the owner of another one. Raises `OSError`.

    Its owner can write to it in any case.
    """
    status = like.stat()
    with suppress(PermissionError):
        os.chown(file, status.st_uid, status.st_gid)
    file.chmod(status.st_mode & 0o666 | stat.S_IRUSR | stat.S_IWUSR)


def _copy(
    source: sqlite3.Connection,
    draft: Path,
    called: Path,
    on_progress: Progress,
    cut_off: Callable[[], bool],
) -> None:
    def step(_code: int, left: int, total: int) -> None:
        if cut_off():
            raise StoreError(f"{called}: the copy was broken off")
        on_progress(total - left, total)

    # A draft need not survive anything: it is flushed, whole, before it counts.
    with closing(connect(draft, "mode=rw")) as target:
        target.execute("PRAGMA synchronous = OFF")
        target.execute("PRAGMA journal_mode = OFF")
        source.backup(target, pages=_PAGES, progress=step)


def _file_of(source: sqlite3.Connection) -> Path:
    (name,) = source.execute("SELECT file FROM pragma_database_list WHERE name = 'main'").fetchone()
    return Path(name)
