"""The health of a database: looked at as it is, without making, migrating or repairing anything."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from aggregator.exceptions import StoreError
from aggregator.store import orphans, schema
from aggregator.store.access import BESIDE, reading
from aggregator.store.findings import Finding, Level, ok, problem, warning
from aggregator.store.relations import Relation
from aggregator.store.steps import applied_steps, known_steps, refuse_unknown

FIXED = (3, 51, 3)
"""The version of SQLite whose write-ahead log is not spoiled by two that write and checkpoint at once …"""

FIXED_BEFORE = ((3, 44, 6), (3, 50, 7))
"""… and those of older lines that have got the same correction."""

LARGE_LOG = 256 * 1024 * 1024
"""Bytes of a write-ahead log that somebody keeps from being taken up."""

FREE_SHARE = 0.5
"""Of the file, unused: then it is worth while to give it back."""

_ADVICE = "`aggregator restore` a backup; the next polls bring again what it lacks and sources still list"
_DAMAGED = dict.fromkeys(
    (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB), f"; the file is damaged: keep it, and {_ADVICE}"
)

_MIGRATIONS = "_sqlite_migrations"
"""The table of sqlite-utils, which makes it in its own words."""

_NAMED = 10
"""Rows that are named."""

_SKEW = 3_600_000
"""Milliseconds that an entry may be ahead of the clock."""


def examine(database: Path, *, now: int) -> list[Finding]:
    """Return what there is to say of a database's files and of what is in them; `now` in ms.

    Reads all of it, which takes seconds for each 100,000 entries; others may read and write meanwhile.
    """
    if not database.exists():
        return [problem("database", f"{database}: there is no such file; the service makes it at its start")]
    found = [*_files(database), _service(database), _sqlite(database), *_room(database)]
    try:
        with reading(database, hints=_DAMAGED) as conn:
            found += _contents(conn, database, now)
    except StoreError as error:
        found.append(problem("database", str(error)))
    return found


def _contents(conn: sqlite3.Connection, database: Path, now: int) -> Iterator[Finding]:
    damage = _integrity(conn)
    yield damage
    if damage.level is Level.PROBLEM:
        return
    try:
        refuse_unknown(conn, database)
    except StoreError as error:
        yield problem("schema", str(error))
        return
    applied = applied_steps(conn)
    if not applied:
        yield problem("schema", f"{database}: is no database of the aggregator")
        return
    if set(known_steps()) - set(applied):
        yield warning(
            "schema", "of an earlier version: brought up to date, after a backup, at the next start"
        )
        return
    yield from _schema(conn)
    yield from _orphans(conn)
    yield _clock(conn, now)
    yield _space(conn)


def is_whole(conn: sqlite3.Connection) -> bool:
    """Return whether every page and index of a database can be read and is as it must be."""
    return _damage(conn) == ""


def missing_objects(conn: sqlite3.Connection) -> list[tuple[str, str]]:
    """Return the indexes and triggers that a database of this version lacks, with the SQL that makes them."""
    there, wanted = schema.objects(conn), schema.wanted()
    return [
        (name, sql)
        for name, sql in wanted.items()
        if name not in there and sql is not None and not sql.startswith(("CREATE TABLE", "CREATE VIRTUAL"))
    ]


def _damage(conn: sqlite3.Connection) -> str:
    said = [" ".join(row[0].split()) for row in conn.execute("PRAGMA integrity_check(5)")]
    return "" if said == ["ok"] else "; ".join(said)


def _integrity(conn: sqlite3.Connection) -> Finding:
    if damage := _damage(conn):
        return problem("integrity", f"the file is damaged: {damage}; {_ADVICE}")
    return ok("integrity", "every page and index is as it must be")


def _schema(conn: sqlite3.Connection) -> Iterator[Finding]:
    there, wanted = schema.objects(conn), schema.wanted()
    missing = sorted(name for name in wanted if name not in there)
    other = sorted(
        name
        for name in wanted
        if name in there and there[name] != wanted[name] and not name.endswith(_MIGRATIONS)
    )
    foreign = sorted(name for name, sql in there.items() if name not in wanted and "TRIGGER" in (sql or ""))
    if missing:
        yield problem("schema", f"missing: {', '.join(missing)}; --repair makes indexes and triggers again")
    if other:
        yield problem("schema", f"not as this version makes them: {', '.join(other)}; restore a backup")
    if foreign:
        yield warning("schema", f"triggers that are not ours: {', '.join(foreign)}")
    if not (missing or other or foreign):
        yield ok("schema", "all tables, indexes and triggers are there")


def _orphans(conn: sqlite3.Connection) -> Iterator[Finding]:
    found = False
    for relation in orphans.relations(conn):
        try:
            wrong = relation.find(conn)
        except (sqlite3.Error, ValueError) as error:  # others are still to be looked at
            found = True
            yield problem("rows", f"{relation.what}: cannot be told: {error}")
            continue
        if wrong:
            found = True
            yield problem("rows", _broken(relation, wrong))
    if not found:
        (entries,) = conn.execute("SELECT count(*) FROM entries").fetchone()
        yield ok("rows", f"{entries:,} entries; nothing is without its counterpart")


def _broken(relation: Relation, wrong: Sequence[object]) -> str:
    said = f"{relation.what}: {len(wrong):,}"
    if relation.names_rows:
        some = ", ".join(str(name) for name in wrong[:_NAMED])
        said = f"{said} ({some}{', …' if len(wrong) > _NAMED else ''})"
    return f"{said}; {'--repair mends that' if relation.mend else 'restore a backup'}"


def _clock(conn: sqlite3.Connection, now: int) -> Finding:
    (count,) = conn.execute("SELECT count(*) FROM entries WHERE surfaced > ?", (now + _SKEW,)).fetchone()
    if count:
        return warning("clock", f"{count:,} entries surfaced later than now: is this machine's clock right?")
    return ok("clock", "no entry is ahead of it")


def _space(conn: sqlite3.Connection) -> Finding:
    free, pages, page = (
        conn.execute(f"PRAGMA {name}").fetchone()[0] for name in ("freelist_count", "page_count", "page_size")
    )
    said = f"{_size(pages * page)}, of which {_size(free * page)} are free for what comes"
    if free > pages * FREE_SHARE and free * page > LARGE_LOG:
        return warning("size", f"{said}; stop the service and run `sqlite3 FILE VACUUM` to give that back")
    return ok("size", said)


def _files(database: Path) -> Iterator[Finding]:
    folder = database.absolute().parent
    names = ["", ".lock", ".schedule.lock", *BESIDE]
    there = [path for name in names if (path := Path(f"{database}{name}")).exists()]
    if not os.access(folder, os.W_OK | os.X_OK):
        yield problem(
            "files", f"{folder}: is not writable for this user: SQLite needs files beside the database"
        )
    closed = [str(path) for path in there if not os.access(path, os.R_OK | os.W_OK)]
    if closed:
        yield problem("files", f"not readable and writable for this user: {', '.join(closed)}")
    elif os.access(folder, os.W_OK | os.X_OK):
        yield ok("files", f"{database}: readable and writable")
    if database.stat().st_nlink > 1:
        yield warning(
            "files", f"{database}: has a second name, as after a restore that was killed: restore again"
        )
    with suppress(OSError):
        log = Path(f"{database}-wal").stat().st_size
        if log > LARGE_LOG:
            yield warning(
                "log", f"{database}-wal: {_size(log)}: a program reads for very long, or --repair helps"
            )
        else:
            yield ok("log", f"{_size(log)} of the write-ahead log")


def _service(database: Path) -> Finding:
    try:
        lock = os.open(f"{database}.schedule.lock", os.O_RDWR)
    except OSError:
        return ok("service", "does not run")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return ok("service", "runs on this database")
    finally:
        os.close(lock)
    return ok("service", "does not run")


def _sqlite(database: Path) -> Finding:
    version = sqlite3.sqlite_version_info
    said = f"SQLite {sqlite3.sqlite_version}"
    if version >= FIXED or any(version[:2] == one[:2] and version >= one for one in FIXED_BEFORE):
        return ok("sqlite", said)
    bug = "can damage a database that several programs write to and checkpoint at once"
    wanted = ".".join(map(str, FIXED))
    if database.with_name(f".{database.name}-litestream").exists():
        return warning(
            "sqlite", f"{said} {bug}, as Litestream does beside the service: use {wanted} or later"
        )
    return ok(
        "sqlite", f"{said} {bug}; ours do that one at a time, other programs only with {wanted} or later"
    )


def _room(database: Path) -> Iterator[Finding]:
    try:
        free, size = shutil.disk_usage(database.absolute().parent).free, database.stat().st_size
    except OSError as error:
        yield problem("disk", f"{database}: {error.strerror}")
        return
    said = f"{_size(free)} are free beside a database of {_size(size)}"
    if free < min(size, 100 * 1024 * 1024):
        yield problem("disk", f"{said}: make room before polls cannot be recorded")
    elif free < size:
        yield warning("disk", f"{said}: too little for a backup there, which an upgrade begins with")
    else:
        yield ok("disk", said)


def _size(count: float) -> str:
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":  # noqa: PLR2004 - that is what the units mean
            break
        count /= 1024
    return f"{count:,.0f} {unit}" if unit == "bytes" else f"{count:,.1f} {unit}"
