"""The store in trouble: nothing is lost, what can be read is read, and it goes on when the cause ends."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from aggregator.exceptions import StoreError
from aggregator.model import EntryQuery
from aggregator.store import open_store
from tests.store.damage import A, fill, flip_pages, run_python, titles
from tests.store.drafts import HOUR, NOW, draft, poll

_FULL_FOR_A_WHILE = """
import resource, sys
from aggregator.exceptions import StoreError
from aggregator.model import EntryQuery
from aggregator.store import open_store
from tests.store.damage import A
from tests.store.drafts import HOUR, NOW, draft, poll

def limit(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

store = open_store(sys.argv[1])
store.sync_sources([A], now=NOW)
poll(store, A, [draft("before")])
for room in range(0, 400_000, 40_000):
    limit(room)
    try:
        poll(store, A, [draft(f"{n} {room}", content="x" * 20_000) for n in range(20)], now=NOW + HOUR)
    except StoreError as error:
        print(str(error).count("make room"), len(str(error).splitlines()))
    assert len(store.entries(EntryQuery())) == 1, room
    assert store.source_statuses()[0].last_poll == NOW
limit(resource.RLIM_INFINITY)
poll(store, A, [draft("after")], now=NOW + HOUR)
store.close()
"""


def test_a_full_disk_at_any_moment_of_a_poll_loses_nothing_and_does_not_last(tmp_path: Path) -> None:
    with run_python(_FULL_FOR_A_WHILE, tmp_path / "x.db") as process:
        said, failed = process.communicate(timeout=60)
    assert failed == ""
    assert said.splitlines() == ["1 1"] * 10
    assert titles(tmp_path / "x.db") == ["after", "before"]


def test_damaged_texts_are_one_clear_line_and_do_not_stop_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    fill(path, *map(str, range(20)), size=100_000)
    with closing(sqlite3.connect(path)) as conn:
        (pages,) = conn.execute("PRAGMA page_count").fetchone()
    flip_pages(path, after=pages * 3 // 4)
    before = path.read_bytes()
    with closing(open_store(str(path))) as store:
        with pytest.raises(StoreError, match=r"x\.db: .*damaged.*`aggregator doctor`.*`aggregator restore`"):
            store.entries(EntryQuery(limit=20))
        assert [status.name for status in store.source_statuses()] == ["A"]
        store.ping()
    assert len(path.read_bytes()) == len(before)


def test_an_empty_file_is_a_new_database_and_that_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "x.db"
    open_store(str(path)).close()
    assert caplog.messages == []
    path.write_bytes(b"")
    for _ in range(2):
        open_store(str(path)).close()
    (said,) = caplog.messages
    assert said.startswith(f"{path}: is an empty file: ")
    assert "`aggregator restore`" in said


def test_an_empty_file_whose_log_is_there_is_refused_and_the_log_stays(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.touch()
    Path(f"{path}-wal").write_bytes(b"log" * 1000)
    with pytest.raises(StoreError, match=r"x\.db: is empty, but x\.db-wal beside it is not.*restore"):
        open_store(str(path))
    assert Path(f"{path}-wal").read_bytes() == b"log" * 1000


def test_a_file_that_is_none_of_sqlites_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.write_bytes(b"dear diary" * 1000)
    with pytest.raises(StoreError, match="file is not a database"):
        open_store(str(path))
    assert path.read_bytes() == b"dear diary" * 1000


def test_another_programs_lock_is_told_with_what_to_do_and_does_not_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.db"
    fill(path, "one")
    monkeypatch.setattr("aggregator.store.connections.BUSY_TIMEOUT", 0.1)
    with closing(open_store(str(path))) as store:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match="database is locked; another program writes to it"):
                poll(store, A, [draft("two")], now=NOW + HOUR)
            assert len(store.entries(EntryQuery())) == 1
        poll(store, A, [draft("two")], now=NOW + HOUR)
    assert titles(path) == ["one", "two"]
