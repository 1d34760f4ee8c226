"""Whole copies of a database, which are read and verified before they count.

    snapshot of the source ─► draft beside the file ─► verified ─► flushed to the disk ─► named, at once

A draft that a killed process has left is removed by the next one to write the same file.
"""

from __future__ import annotations

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
from aggregator.store.access import BESIDE, connect, translated
from aggregator.store.costs import snapshot
from aggregator.store.steps import applied_steps, refuse_unknown

_PAGES = 1024
"""Pages of one step, between which the copying can be broken off."""

_OPERATIONS = 100_000
"""Of SQLite's machine, between two looks at whether the check is to be broken off."""

_ABANDONED = 3600.0
"""Seconds after which a draft that nobody writes to is left over."""

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


def copy_database(
    source: sqlite3.Connection,
    file: Path,
    *,
    like: Path,
    on_progress: Progress = lambda _done, _total: None,
    cut_off: Callable[[], bool] = lambda: False,
) -> CopyTally:
    """Write what the source holds at this moment to a file, in place of what is there.

    The copy is one file, with the owner and permissions of the file `like`; others may write to the source
    meanwhile. Raises `StoreError` when it cannot be written, is damaged, no database of ours, or a newer
    version's, and when `cut_off` says to stop: then nothing has changed.
    """
    with _draft(file, like) as draft:
        with snapshot(source):
            expected = _count_if_ours(source)
            with translated(file, ""):
                _copy(source, draft, on_progress, cut_off)
        with translated(file, ""), closing(connect(draft, "mode=rw")) as copy:
            copy.execute("PRAGMA journal_mode = DELETE")  # that of the source needs files beside it
            tally = verify(copy, file, cut_off=cut_off)
        if tally.entries != expected:
            raise StoreError(f"{file}: {tally.entries} entries were copied, of {expected}")
        flush(draft)
        try:
            draft.replace(file)
            flush(file.parent)
        except OSError as error:
            raise unwritable(file, error) from error
    return tally


def verify(conn: sqlite3.Connection, file: Path, *, cut_off: Callable[[], bool] = lambda: False) -> CopyTally:
    """Read a database whole, and return what is in it.

    Raises `StoreError` when it is damaged, none of ours, or written by a newer version.
    """
    conn.set_progress_handler(cut_off, _OPERATIONS)
    try:
        with translated(file, ""):
            (said,) = conn.execute("PRAGMA integrity_check(1)").fetchone()
            if said != "ok":
                raise StoreError(
                    f"{file}: the copy is damaged, as its source may be: {' '.join(said.split())}"
                )
            refuse_unknown(conn, file)
            loose = sum(1 for _ in conn.execute("PRAGMA foreign_key_check"))
            (size,) = conn.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
            return CopyTally(entries=entry_count(conn, file), size=size[0], loose=loose)
    finally:
        conn.set_progress_handler(None, 0)


def entry_count(conn: sqlite3.Connection, file: Path) -> int:
    """Return how many entries a database holds, dropped ones too. Raises `StoreError` when it is not ours."""
    if not applied_steps(conn):
        raise StoreError(f"{file}: is no database of the aggregator")
    (count,) = conn.execute("SELECT count(*) FROM entries").fetchone()
    return int(count)


def flush(path: Path) -> None:
    """Have the disk hold a file, or the names in a folder. Raises `StoreError`."""
    try:
        opened = os.open(path, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(file: Path, error: OSError) -> StoreError:
    """Return what to say of a file that cannot be written."""
    return StoreError(f"{file}: cannot be written: {error.strerror}")


def remove(database: Path) -> None:
    """Remove a database and what SQLite keeps beside it, as far as that is there and can be removed."""
    for name in ("", *BESIDE):
        with suppress(OSError):
            Path(f"{database}{name}").unlink()


@contextmanager
def _draft(file: Path, like: Path) -> Iterator[Path]:
    """Lend a new, empty file beside `file`; it is removed when it is still there at the end."""
    for left in file.parent.glob(f".{_escaped(file.name)}.*.draft*"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > _ABANDONED:
                left.unlink()
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}.draft")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        resemble(draft, like)
    except OSError as error:
        raise unwritable(file, error) from error
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
    source: sqlite3.Connection, draft: Path, on_progress: Progress, cut_off: Callable[[], bool]
) -> None:
    def step(_code: int, left: int, total: int) -> None:
        if cut_off():
            raise StoreError(f"{draft}: the copy was broken off")
        on_progress(total - left, total)

    # A draft need not survive anything: it is flushed, whole, before it counts.
    with closing(connect(draft, "mode=rw")) as target:
        target.execute("PRAGMA synchronous = OFF")
        target.execute("PRAGMA journal_mode = OFF")
        source.backup(target, pages=_PAGES, progress=step)


def _count_if_ours(source: sqlite3.Connection) -> int:
    """Return how many entries the source holds; its snapshot begins with this."""
    (name,) = source.execute("SELECT file FROM pragma_database_list WHERE name = 'main'").fetchone()
    with translated(Path(name), ""):
        return entry_count(source, Path(name))


def _escaped(name: str) -> str:
    return "".join(f"[{char}]" if char in "*?[" else char for char in name)
