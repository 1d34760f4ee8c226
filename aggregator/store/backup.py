"""Backups: where they may be written, and which of a folder's files are ours."""

from __future__ import annotations

import glob
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from aggregator.exceptions import StoreError
from aggregator.store.access import BESIDE, reading
from aggregator.store.copies import CopyTally, Progress, clean_drafts, copy_database, entry_count
from aggregator.store.marks import mark_of, read_mark

_STAMP = "%Y%m%dT%H%M%SZ"

_SHORT = 8
"""Characters of a database's mark in the names of its backups."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A file that a scheduled backup has written."""

    file: Path
    made_at: int
    """Milliseconds UTC, as its name tells."""
    mark: str
    """Of the database."""
    is_empty: bool
    """Whether it holds no entries."""


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
    `StoreError` when the file is in use as a database, or holds something else than a backup of this
    database (unless `force`), and as `copy_database` does.
    """
    _refuse_database(database, file)
    with reading(database) as conn:
        place = file.parent.resolve() / file.name  # `..` of a folder that is still to be made leads somewhere
        if place.exists() and not force:
            _refuse_others(place, mark_of(conn))
        return copy_database(conn, file, like=database, on_progress=on_progress, cut_off=cut_off)


def back_up_by_the_clock(
    database: Path,
    folder: Path,
    *,
    now: int,
    on_progress: Progress = lambda _done, _total: None,
    cut_off: Callable[[], bool] = lambda: False,
) -> tuple[Path, CopyTally]:
    """Back the database up to a file in a folder that is named by `now` (ms); return that file, and a tally.

    Removes what killed processes have left of such files. Raises `StoreError` as `back_up` does.
    """
    with reading(database) as conn:
        mark = mark_of(conn)
    if mark is None:
        raise StoreError(f"{database}: is no database of the aggregator")
    clean_drafts(folder, f"{glob.escape(database.stem)}-{_short(mark)}-*.db")
    file = folder / backup_name(database, mark, now=now)
    return file, back_up(database, file, on_progress=on_progress, cut_off=cut_off)


def backup_name(database: Path, mark: str, *, now: int) -> str:
    """Return what the scheduled backup is called that is made at `now` (ms) of a database with this mark."""
    return f"{database.stem}-{_short(mark)}-{datetime.fromtimestamp(now / 1000, UTC):{_STAMP}}.db"


def find_backups(database: Path, folder: Path) -> list[Backup]:
    """Return the scheduled backups of a database in a folder, by when they were made.

    While the database itself cannot be read, those are returned that may be its own, by their names. Raises
    `StoreError` when the folder is there and cannot be read.
    """
    mark = read_mark(database)
    return [backup for backup in _named_alike(database, folder) if mark in (None, backup.mark)]


def newest_backup(backups: list[Backup], *, now: int) -> Backup | None:
    """Return the last backup that was made before `now`: a clock that was wrong once hides no others."""
    return max((one for one in backups if one.made_at <= now), key=lambda one: one.made_at, default=None)


def suddenly_empty(backups: list[Backup], newest: Backup | None) -> str | None:
    """Return what to say when the newest backup has no entries and others have some; None otherwise."""
    full = [one.file for one in backups if not one.is_empty]
    if newest is None or not newest.is_empty or not full:
        return None
    return (
        f"{newest.file}: has no entries, as {full[-1]} has: no backup is removed until there are some again"
    )


def rotate(database: Path, folder: Path, *, keep: int, newest: Path) -> list[Path]:
    """Remove all scheduled backups of this database but the `newest` and the `keep` - 1 before it.

    Only files go that carry the mark of the `newest`; none does while that holds no entries, and others do.
    Returns what was removed. Raises `StoreError` when one cannot be removed.
    """
    mark = read_mark(newest)
    own = [one for one in _named_alike(database, folder) if one.mark == mark]
    last = next((one for one in own if one.file == newest), None)
    if last is None or suddenly_empty(own, last):
        return []
    others = [backup.file for backup in own if backup is not last]
    removed = others[: max(0, len(others) - (keep - 1))]
    for file in removed:
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{file}: cannot be removed: {error.strerror}") from error
    return removed


def _named_alike(database: Path, folder: Path) -> list[Backup]:
    """Return the files that are what their names say: backups of a database that is called like this one."""
    pattern = re.compile(rf"{re.escape(database.stem)}-([0-9a-f]{{{_SHORT}}})-([0-9]{{8}}T[0-9]{{6}}Z)\.db")
    try:
        found = [(file, match) for file in folder.iterdir() if (match := pattern.fullmatch(file.name))]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError(f"{folder}: cannot be read: {error.strerror}") from error
    backups = []
    for file, match in found:
        made_at, held = _instant(match[2]), _held(file)
        if made_at is not None and held is not None and _short(held[0]) == match[1]:
            backups.append(Backup(file=file, made_at=made_at, mark=held[0], is_empty=held[1]))
    return sorted(backups, key=lambda backup: backup.made_at)


def _held(file: Path) -> tuple[str, bool] | None:
    """Return a backup's mark, and whether it holds no entries; None for a file that is none."""
    try:
        with reading(file) as conn:
            mark = mark_of(conn)
            empty = conn.execute("SELECT 1 FROM entries").fetchone() is None
    except StoreError:
        return None
    return None if mark is None else (mark, empty)


def _short(mark: str) -> str:
    return mark[:_SHORT]


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


def _refuse_others(file: Path, mark: str | None) -> None:
    if not file.is_file():
        raise StoreError(f"{file}: is no file; name one for the backup")
    hint = "name another file, or use --force to replace it"
    if Path(f"{file}.lock").exists():
        raise StoreError(f"{file}: is the database of a service, as {file.name}.lock beside it tells; {hint}")
    try:
        with reading(file) as conn:
            entry_count(conn, file)
            other = mark_of(conn)
    except StoreError as error:
        raise StoreError(f"{file}: is there already, and no backup of ours; {hint}") from error
    if other != mark:
        raise StoreError(f"{file}: is a backup of another database; {hint}")


def _instant(text: str) -> int | None:
    try:
        return int(datetime.strptime(text, _STAMP).replace(tzinfo=UTC).timestamp()) * 1000
    except ValueError:
        return None
