"""Backups by the clock."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from aggregator.daemon import backups
from aggregator.daemon.backups import BackupService
from aggregator.model import BackupPlan
from aggregator.store.backup import back_up_by_the_clock, backup_name
from aggregator.store.marks import read_mark
from tests.daemon.process import Daemon, wait_until
from tests.store.damage import fill, titles
from tests.store.drafts import DAY, HOUR, NOW


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "aggregator.db"
    fill(path, "one")
    return path


@contextmanager
def service(
    database: Path, plan: BackupPlan | None, *, clock: Callable[[], int] = lambda: NOW
) -> Iterator[BackupService]:
    running = BackupService(database, plan, clock=clock, first=0.0)
    running.start()
    yield running
    assert running.stop(5.0)


def name_of(database: Path) -> str:
    mark = read_mark(database)
    assert mark is not None
    return backup_name(database, mark, now=NOW)


def made(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_the_first_backup_comes_soon_and_no_second_one_before_it_is_due(
    database: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "b"
    for _ in range(2):
        with service(database, BackupPlan(folder=folder)):
            wait_until(lambda: made(folder) == [name_of(database)], "it was made")
            time.sleep(0.1)
    assert made(folder) == [name_of(database)]
    assert titles(folder / made(folder)[0]) == ["one"]


def test_a_backup_that_is_due_is_made_and_the_oldest_goes(database: Path, tmp_path: Path) -> None:
    folder = tmp_path / "b"
    files = [back_up_by_the_clock(database, folder, now=NOW - days * DAY)[0] for days in (3, 2, 1)]
    with service(database, BackupPlan(folder=folder, keep=2)):
        stay = [files[2].name, name_of(database)]
        wait_until(lambda: made(folder) == stay, "the newest two stay")


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("DELETE FROM entries", "has no entries, as "),
        ("DROP TABLE identities", "is not sound: the table identities is missing"),
    ],
)
def test_good_backups_do_not_go_for_what_has_lost_something(
    database: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, harm: str, said: str
) -> None:
    folder = tmp_path / "b"
    good = [back_up_by_the_clock(database, folder, now=NOW - days * DAY)[0] for days in (3, 2)]
    with closing(sqlite3.connect(database)) as conn, conn:
        conn.execute(harm)
    with service(database, BackupPlan(folder=folder, keep=1)):
        wait_until(lambda: any(said in message for message in caplog.messages), "it is told")
    assert [titles(file) for file in good] == [["one"], ["one"]]


def test_the_clock_is_followed(database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backups, "LONGEST_WAIT", 0.02)
    now = [NOW]
    folder = tmp_path / "b"
    with service(database, BackupPlan(folder=folder, interval=HOUR), clock=lambda: now[0]):
        for count in (1, 2, 3):
            wait_until(lambda count=count: len(made(folder)) == count, "one more was made")  # type: ignore[misc]  # a default is a type of its own
            now[0] += HOUR


def test_a_backup_that_fails_is_told_and_tried_again(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(backups, "RETRY", 0.05)
    folder = tmp_path / "b"
    folder.write_text("in the way")
    with service(database, BackupPlan(folder=folder)):
        wait_until(lambda: len(caplog.records) >= 2, "two tries failed")
        folder.unlink()
        wait_until(lambda: len(made(folder)) == 1, "the way is free")
    assert "no backup: " in caplog.messages[0]
    assert str(folder) in caplog.messages[0]
    assert caplog.records[0].exc_info is None


def test_a_plan_that_comes_with_a_new_config_is_followed_at_once(database: Path, tmp_path: Path) -> None:
    with service(database, None) as running:
        time.sleep(0.05)
        assert made(tmp_path / "b") == []
        running.take(BackupPlan(folder=tmp_path / "b"))
        wait_until(lambda: len(made(tmp_path / "b")) == 1, "it was made")


def test_stopping_breaks_a_backup_off_without_a_word_and_without_a_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    database, folder = tmp_path / "x.db", tmp_path / "b"
    fill(database, *map(str, range(40)), size=400_000)
    monkeypatch.setattr(backups, "_PAUSE", 0.2)
    caplog.set_level(logging.ERROR)
    with service(database, BackupPlan(folder=folder)) as running:
        wait_until(lambda: list(folder.glob(".*")), "it has begun")
        assert running.stop(2.0)
    assert list(folder.iterdir()) == []
    assert caplog.messages == []


def test_the_service_backs_up_what_it_stores(tmp_path: Path) -> None:
    fill(tmp_path / "aggregator.db", "one")
    with Daemon(tmp_path, '[backup]\nfolder = "b"\n'):
        wait_until(lambda: made(tmp_path / "b"), "a backup was made")
    (name,) = made(tmp_path / "b")
    assert titles(tmp_path / "b" / name) == ["one"]
