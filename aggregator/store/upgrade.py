"""Brings the schema of a database up to date, after a backup."""

from __future__ import annotations

import glob
import logging
import re
import sqlite3
from contextlib import suppress
from pathlib import Path

from aggregator.exceptions import StoreError
from aggregator.store.copies import clean_drafts, copy_database, entry_count
from aggregator.store.marks import mark_of, read_mark
from aggregator.store.steps import applied_steps, known_steps, refuse_unknown, take_steps

log = logging.getLogger(__name__)

KEPT = 2
"""Backups of this kind that are kept, the newest."""


def upgrade(conn: sqlite3.Connection, path: Path) -> None:
    """Take every step of the schema that the database lacks.

    Where entries are stored, the database is first backed up beside itself, as `NAME.before-NUMBER.db` with
    the number of the first step; where something else has that name, a number is added to it. Nobody else may
    write meanwhile. Raises `StoreError`, and changes nothing, when a newer version wrote the database, or
    when it cannot be backed up.
    """
    refuse_unknown(conn, path)
    applied = applied_steps(conn)
    pending = [name for name in known_steps() if name not in applied]
    if not pending:
        return
    if applied and entry_count(conn, path):
        _back_up(conn, path, number=pending[0].partition("_")[0])
    take_steps(conn)


def _back_up(conn: sqlite3.Connection, path: Path, *, number: str) -> None:
    mark = mark_of(conn)
    backup, more = path.with_name(f"{path.stem}.before-{number}.db"), 1
    while backup.exists() and (mark is None or read_mark(backup) != mark):
        more += 1
        backup = path.with_name(f"{path.stem}.before-{number}-{more}.db")
    clean_drafts(path.parent, f"{glob.escape(path.stem)}.before-*.db", age=0.0)  # nobody else writes now
    try:
        copy_database(conn, backup, like=path)
    except StoreError as error:
        raise StoreError(
            f"{path}: has to be brought up to date, which begins with a backup, and that failed;"
            f" nothing was changed: {error}"
        ) from error
    log.info("%s: is brought up to date; what it was before is kept as %s", path, backup)
    for old in _backups(path, mark)[:-KEPT]:
        with suppress(OSError):
            old.unlink()


def _backups(path: Path, mark: str | None) -> list[Path]:
    """Return the backups of this kind that carry the mark, by when they were made."""
    named = re.compile(rf"{re.escape(path.stem)}\.before-[0-9]+(-[0-9]+)?\.db")
    there = [file for file in path.parent.iterdir() if named.fullmatch(file.name)]
    ours = [file for file in there if mark is not None and read_mark(file) == mark]
    return sorted(ours, key=lambda file: file.stat().st_mtime)
