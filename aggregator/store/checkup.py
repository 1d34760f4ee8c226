"""The config against the store: what one says that the other does not know."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from aggregator.config import Config
from aggregator.exceptions import StoreError
from aggregator.store.access import reading
from aggregator.store.backup import find_backups, newest_backup, suddenly_empty
from aggregator.store.findings import Finding, ok, problem, warning

_HOUR = 3_600_000
_DAY = 24 * _HOUR


def compare(config: Config, database: Path, *, now: int) -> list[Finding]:
    """Return what there is to say of the config's sources, feeds, archives and backups; `now` in ms.

    What cannot be read of the database is left to `doctor.examine`.
    """
    found = [*_archives(config), _backups(config, database, now)]
    with suppress(StoreError), reading(database) as conn:
        found += [_sources(config, conn), _feeds(conn)]
    return found


def _sources(config: Config, conn: sqlite3.Connection) -> Finding:
    sources, entries = conn.execute(
        "SELECT count(DISTINCT s.id), count(DISTINCT e.entry_id) FROM sources AS s"
        " JOIN entry_sources AS e ON e.source_id = s.id WHERE s.position IS NULL"
    ).fetchone()
    said = f"{len(config.sources)} in the config"
    if sources:
        said = f"{said}; in it no longer: {sources}, whose entries stay: {entries:,}"
    return ok("sources", said)


def _feeds(conn: sqlite3.Connection) -> Finding:
    rows = conn.execute("SELECT slug FROM feeds WHERE position IS NOT NULL AND filled = 0 ORDER BY position")
    unfilled = [slug for (slug,) in rows]
    if unfilled:
        return warning("feeds", f"still to be filled, by the service or a poll: {', '.join(unfilled)}")
    return ok("feeds", "all are filled")


def _archives(config: Config) -> Iterator[Finding]:
    for archive in config.archives:
        if reason := unwritable(archive.folder):
            yield problem("archives", f"{archive.folder}: {reason}")
        else:
            yield ok("archives", f"{archive.folder}: writable")


def _backups(config: Config, database: Path, now: int) -> Finding:
    plan = config.backup
    if plan is None:
        return warning("backups", "none are made: see [backup] in the config, or `aggregator backup FILE`")
    try:
        made = find_backups(database, plan.folder)
        newest, reason = newest_backup(made, now=now), unwritable(plan.folder)
    except StoreError as error:
        newest, reason = None, str(error).removeprefix(f"{plan.folder}: ")
    if reason:
        return problem("backups", f"{plan.folder}: {reason}")
    if newest is None:
        return warning("backups", f"{plan.folder}: there is none yet; the service makes them while it runs")
    said = f"{newest.file}: {_span(now - newest.made_at)} old"
    if now - newest.made_at > 2 * plan.interval + _HOUR:
        return problem("backups", f"{said}: is the service running? its log says why there is no newer one")
    warned = suddenly_empty(made, newest)
    return warning("backups", warned) if warned else ok("backups", said)


def unwritable(folder: Path) -> str | None:
    """Return why no files can be put into a folder that may have to be made first; None when they can."""
    there = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    if not there.is_dir():
        return f"{there} is no folder"
    if not os.access(there, os.W_OK | os.X_OK):
        return f"{there} is not writable for this user"
    return None


def _span(milliseconds: int) -> str:
    if milliseconds >= 2 * _DAY:
        return f"{milliseconds // _DAY} days"
    if milliseconds >= 2 * _HOUR:
        return f"{milliseconds // _HOUR} hours"
    return f"{milliseconds // 60_000} minutes"
