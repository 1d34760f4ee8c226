"""Several processes at one database: who waits, for how long, and what is said."""

from __future__ import annotations

import gc
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from aggregator.exceptions import StoreError
from aggregator.model import Source
from aggregator.protocols import Store
from aggregator.store import connections, open_store
from aggregator.store.sqlite import SqliteStore
from tests.store.drafts import NOW

A = Source(name="A", url="https://a.example/feed")

_HOLDER = """
import fcntl, os, sys
lock = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
fcntl.flock(lock, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""

_ENDLESS = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2e8) SELECT max(i) FROM n"
)


@contextmanager
def held_by_another_process(path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Let another process hold the lock at `path` until the block ends or its standard input is closed."""
    process = subprocess.Popen(
        [sys.executable, "-S", "-c", _HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "aggregator.db.lock"


def open_files() -> int:
    return len(os.listdir("/dev/fd"))  # noqa: PTH208 - of a folder that is no place on a disk


def open_connections(path: Path) -> int:
    count = 0
    for thing in gc.get_objects():
        if type(thing) is sqlite3.Connection:
            with suppress(sqlite3.ProgrammingError):  # it is closed
                count += thing.execute("PRAGMA database_list").fetchone()[2] == str(path)
    return count


def test_the_database_has_a_write_ahead_log(store: Store, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "aggregator.db")
    assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    other.close()


def test_a_write_waits_for_another_processs_lock_and_a_read_does_not(store: Store, lock: Path) -> None:
    with held_by_another_process(lock) as other:
        writing = threading.Thread(target=store.sync_sources, args=([A],), kwargs={"now": NOW})
        writing.start()
        writing.join(0.15)
        assert writing.is_alive()
        assert store.source_statuses() == []
        other.kill()
        writing.join(5)
    assert [status.name for status in store.source_statuses()] == ["A"]


def test_a_lock_that_is_held_for_too_long_is_one_clear_line(
    store: Store, lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "BUSY_TIMEOUT", 0.1)
    with (
        held_by_another_process(lock),
        pytest.raises(StoreError, match=r"aggregator\.db: another process is writing .*\[service\] database"),
    ):
        store.sync_sources([A], now=NOW)
    store.sync_sources([A], now=NOW)


def test_a_program_that_writes_without_our_lock_is_waited_for_with_a_limit(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "BUSY_TIMEOUT", 0.1)
    monkeypatch.setattr(connections, "_TRY", 0.01)
    other = sqlite3.connect(tmp_path / "aggregator.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match=r"aggregator\.db: database is locked"):
        store.sync_sources([A], now=NOW)
    monkeypatch.setattr(connections, "BUSY_TIMEOUT", 10.0)
    writing = threading.Thread(target=store.sync_sources, args=([A],), kwargs={"now": NOW})
    writing.start()
    writing.join(0.4)
    assert writing.is_alive(), "it asks again after SQLite itself has given up"
    other.execute("ROLLBACK")
    other.close()
    writing.join(5)
    assert [status.name for status in store.source_statuses()] == ["A"]


def test_closing_does_not_wait_for_another_process(tmp_path: Path, lock: Path) -> None:
    store = open_store(str(tmp_path / "aggregator.db"))
    failed: list[StoreError] = []

    def write() -> None:
        try:
            store.sync_sources([A], now=NOW)
        except StoreError as error:
            failed.append(error)

    with held_by_another_process(lock):
        writing = threading.Thread(target=write)
        writing.start()
        began = time.monotonic()
        store.close()
        assert time.monotonic() - began < 2
        writing.join(5)
    assert failed
    assert isinstance(store, SqliteStore)
    store._connections._writer.close()  # left to the end of the process, which here goes on


def test_closing_breaks_off_a_long_write(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "aggregator.db"))
    assert isinstance(store, SqliteStore)
    begun = threading.Event()
    failed: list[StoreError] = []

    def write() -> None:
        try:
            with store._write() as conn:
                conn.execute("DELETE FROM revision")
                begun.set()
                conn.execute(_ENDLESS)
        except StoreError as error:
            failed.append(error)

    writing = threading.Thread(target=write)
    writing.start()
    assert begun.wait(5)
    began = time.monotonic()
    store.close()
    assert time.monotonic() - began < 3
    writing.join(5)
    assert "interrupted" in str(failed[0])
    again = open_store(str(tmp_path / "aggregator.db"))
    assert again.revision() == 0, "what was broken off left nothing"
    again.close()


def test_a_schedule_lock_that_cannot_be_made_is_one_clear_line(store: Store, tmp_path: Path) -> None:
    (tmp_path / "aggregator.db.schedule.lock").mkdir()
    with pytest.raises(StoreError, match=r"schedule\.lock: cannot be opened: .*\[service\] database"):
        store.take_schedule()


def test_a_refused_schedule_leaves_no_file_open(store: Store, tmp_path: Path) -> None:
    with held_by_another_process(tmp_path / "aggregator.db.schedule.lock"):
        before = open_files()
        with pytest.raises(StoreError, match="another aggregator runs on this database"):
            store.take_schedule()
        assert open_files() == before


@pytest.mark.parametrize("what", ["junk", "from the future", "of another program"])
def test_a_database_that_cannot_be_opened_leaves_nothing_open(tmp_path: Path, what: str) -> None:
    path = tmp_path / "x.db"
    if what == "junk":
        path.write_text("this is a diary, not a database" * 100)
    else:
        statement = "CREATE TABLE sources (name TEXT)"
        if what == "from the future":
            open_store(str(path)).close()
            statement = "UPDATE _sqlite_migrations SET name = '9999_from_the_future' WHERE id = 1"
        other = sqlite3.connect(path, isolation_level=None)
        other.execute(statement)
        other.close()
    before = open_files()
    with pytest.raises(StoreError) as refused:
        open_store(str(path))
    assert open_files() == before, f"while the error is at hand: {refused.value}"
    assert not open_connections(path)


def test_closing_leaves_nothing_open(tmp_path: Path) -> None:
    before = open_files()
    store = open_store(str(tmp_path / "x.db"))
    store.take_schedule()
    store.revision()
    assert open_files() > before
    assert open_connections(tmp_path / "x.db") == 2, "a writer and a reader"
    store.close()
    assert open_files() == before
