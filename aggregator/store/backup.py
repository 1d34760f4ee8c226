"""Backups: where they may be written, and which of a folder's files are ours."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from aggregator.exceptions import StoreError
from aggregator.store.access import BESIDE, reading
from aggregator.store.copies import CopyTally, Progress, copy_database, entry_count

_STAMP = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A file that a scheduled backup has written."""

    file: Path
    made_at: int
    """Milliseconds UTC, as its name tells."""


def back_up(
    database: Path,
    file: Path,
    *,
    force: bool = False,
    on_progress: Progress = lambda _done, _total: None,
    cut_off: Callable[[], bool] = lambda: False,
) -> CopyTally:
    """Write a copy of the database as it is at this moment, whoever else reads or writes it, and verify it.

    The copy is one plain SQLite file, which takes the place of an older backup at once or not at all. Raises
    `StoreError` when the file is in use as a database, or holds something else than a backup (unless
    `force`), and as `copy_database` does.
    """
    _refuse_database(database, file)
    if file.exists() and not force:
        _refuse_others(file)
    with reading(database) as conn:
        return copy_database(conn, file, like=database, on_progress=on_progress, cut_off=cut_off)


def backup_name(database: Path, *, now: int) -> str:
    """Return what a scheduled backup that is made at `now` (ms) is called."""
    return f"{database.stem}-{datetime.fromtimestamp(now / 1000, UTC):{_STAMP}}.db"


def find_backups(database: Path, folder: Path) -> list[Backup]:
    """Return the scheduled backups of a database in a folder, by when they were made.

    Raises `StoreError` when the folder is there and cannot be read.
    """
    pattern = re.compile(rf"{re.escape(database.stem)}-([0-9]{{8}}T[0-9]{{6}}Z)\.db")
    try:
        found = [(file, pattern.fullmatch(file.name)) for file in folder.iterdir() if file.is_file()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError(f"{folder}: cannot be read: {error.strerror}") from error
    backups = []
    for file, match in found:
        if match and (made_at := _instant(match[1])) is not None:
            backups.append(Backup(file=file, made_at=made_at))
    return sorted(backups, key=lambda backup: backup.made_at)


def newest_backup(backups: list[Backup], *, now: int) -> Backup | None:
    """Return the last backup that was made before `now`: a clock that was wrong once hides no others."""
    return max((one for one in backups if one.made_at <= now), key=lambda one: one.made_at, default=None)


def rotate(database: Path, folder: Path, *, keep: int, newest: Path) -> list[Path]:
    """Remove all scheduled backups but the `newest` and the `keep` - 1 before it; return what was removed.

    Raises `StoreError` when one cannot be removed.
    """
    others = [backup.file for backup in find_backups(database, folder) if backup.file != newest]
    removed = others[: max(0, len(others) - (keep - 1))]
    for file in removed:
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{file}: cannot be removed: {error.strerror}") from error
    return removed


def _refuse_database(database: Path, file: Path) -> None:
    """Raise `StoreError` for a place where a copy would destroy the database itself, or another one."""
    own = [Path(f"{database}{name}").resolve() for name in ("", ".lock", ".schedule.lock", *BESIDE)]
    same = file.exists() and database.exists() and file.samefile(database)
    if same or file.resolve() in own:
        raise StoreError(f"{file}: is the database itself; name another file for the backup")
    used = next((name for name in BESIDE if Path(f"{file}{name}").exists()), None)
    if used:
        raise StoreError(
            f"{file}: is a database in use, as {file.name}{used} beside it tells; name another file"
        )


def _refuse_others(file: Path) -> None:
    if not file.is_file():
        raise StoreError(f"{file}: is no file; name one for the backup")
    hint = "name another file, or use --force to replace it"
    if Path(f"{file}.lock").exists():
        raise StoreError(f"{file}: is the database of a service, as {file.name}.lock beside it tells; {hint}")
    try:
        with reading(file) as conn:
            entry_count(conn, file)
    except StoreError as error:
        raise StoreError(f"{file}: is there already, and no backup of ours; {hint}") from error


def _instant(text: str) -> int | None:
    try:
        return int(datetime.strptime(text, _STAMP).replace(tzinfo=UTC).timestamp()) * 1000
    except ValueError:
        return None
