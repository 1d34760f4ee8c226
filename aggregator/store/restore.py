"""Puts a backup in the place of the database, which is kept beside it.

    backup ─► draft beside the database, verified ─► nobody else has the database open
    ─► it gets a second name ─► the draft gets its name, at once

Killed at any moment, the database is there whole: the old one or the restored one. What was logged for the
old one is never applied to the restored one: before it goes, it holds its log itself, or that goes with it.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from aggregator.exceptions import StoreError
from aggregator.store.access import (
    BESIDE,
    Hints,
    connect,
    held,
    is_damaged,
    primary_code,
    reading,
    translated,
)
from aggregator.store.copies import CopyTally, Progress, copy_database, flush, resemble, unwritable
from aggregator.store.locks import lock_schedule
from aggregator.store.steps import refuse_unknown

BUSY_TIMEOUT = 5.0
"""Seconds that other programs have to come to an end with the database."""

_ADVICE = "name another backup"
_HINTS: Hints = {
    sqlite3.SQLITE_CORRUPT: f"; {_ADVICE}",
    sqlite3.SQLITE_NOTADB: f"; {_ADVICE}",
    sqlite3.SQLITE_CANTOPEN: "; it must be readable for the user of this",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What a restore has done."""

    tally: CopyTally
    kept: Path | None
    """Where what was there before is now; None when there was nothing."""


def restore(
    backup: Path, database: Path, *, now: int, on_progress: Progress = lambda _done, _total: None
) -> Restored:
    """Let the database be what the backup holds. What it was is kept, `now` (ms) being in its name.

    An older backup is brought up to date at the next start. Raises `StoreError`, and changes nothing, while
    another program has the database open, and when the backup is damaged, none of ours, or from a newer
    version.
    """
    try:
        if backup.exists() and database.exists() and backup.samefile(database):
            raise StoreError(f"{backup}: is the database itself; name a backup of it")
    except OSError as error:
        raise StoreError(f"{error.filename}: cannot be read: {error.strerror}") from error
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(database, error) from error
    with _alone(database):
        _forget_second_names(database)
        incoming = database.with_name(f".{database.name}.restored")
        try:
            with reading(backup, hints=_HINTS) as source:
                refuse_unknown(source, backup, otherwise=_ADVICE)
                tally = copy_database(
                    source,
                    incoming,
                    like=_like(database),
                    called=database,
                    advice=_ADVICE,
                    on_progress=on_progress,
                )
        except StoreError as error:
            raise StoreError(f"nothing was restored, and nothing changed: {error}") from error
        try:
            with _closed_for_others(database):
                kept = _keep(database, now)
                _take_away_logs(database)
                incoming.replace(database)
            flush(database.parent)
        except OSError as error:
            raise unwritable(database, error) from error
        finally:
            incoming.unlink(missing_ok=True)
    return Restored(tally=tally, kept=kept)


@contextmanager
def _alone(database: Path) -> Iterator[None]:
    """Hold the locks of the service and of writers during the block, so that none of ours begins."""
    schedule = lock_schedule(database)
    try:
        busy = f"{database}: another aggregator is writing to it; end it first"
        with held(Path(f"{database}.lock"), timeout=BUSY_TIMEOUT, message=busy):
            for lock in (".lock", ".schedule.lock"):  # which the service must open, perhaps as another user
                with suppress(OSError):
                    resemble(Path(f"{database}{lock}"), _like(database))
            yield
    finally:
        os.close(schedule)


@contextmanager
def _closed_for_others(database: Path) -> Iterator[None]:
    """Keep everybody else from the database during the block; it has no log then, unless it is damaged.

    Raises `StoreError` when another program has it open: that would go on with its log, beside another one.
    """
    if not database.exists():
        yield
        return
    if not os.access(database, os.W_OK):
        raise StoreError(f"{database}: is not writable for this user, who could not use what is restored")
    conn = connect(database, "mode=rw")
    try:
        conn.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT * 1000)}")
        try:
            conn.execute("PRAGMA journal_mode = DELETE")
            conn.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            if primary_code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                message = (
                    f"{database}: another program has it open; end that first (a service, Litestream, …)"
                )
                raise StoreError(message) from error
            if not is_damaged(error):
                with translated(database):
                    raise
        yield
    finally:
        conn.close()


def _keep(database: Path, now: int) -> Path | None:
    """Give the database, and what is left of its log, a second name; return that."""
    there = [name for name in ("", "-wal", "-journal") if Path(f"{database}{name}").exists()]
    if not there:
        return None
    stamp = f"{datetime.fromtimestamp(now / 1000, UTC):%Y%m%dT%H%M%SZ}"
    kept, number = database.with_name(f"{database.name}.before-restore-{stamp}"), 1
    while kept.exists():
        number += 1
        kept = database.with_name(f"{database.name}.before-restore-{stamp}-{number}")
    for name in there:
        source, target = Path(f"{database}{name}"), Path(f"{kept}{name}")
        try:
            target.hardlink_to(source)
        except OSError:  # some file systems have no second names
            shutil.copy2(source, target)
            flush(target)
    flush(database.parent)
    return Path(f"{kept}{there[0]}")


def _like(database: Path) -> Path:
    return database if database.exists() else database.parent


def _take_away_logs(database: Path) -> None:
    for name in BESIDE:
        Path(f"{database}{name}").unlink(missing_ok=True)


def _forget_second_names(database: Path) -> None:
    """Remove the second name that a restore gave which was killed before the database went."""
    if not database.exists() or database.stat().st_nlink == 1:
        return
    for kept in database.parent.glob("*.before-restore-*"):
        if kept.samefile(database):
            kept.unlink()
