"""Backups that are written while the database is in use."""

from __future__ import annotations

import os
import random
import sqlite3
import stat
import time
from contextlib import closing
from pathlib import Path

import pytest

from aggregator.exceptions import StoreError
from aggregator.store import open_store
from aggregator.store.backup import back_up, backup_name, find_backups, newest_backup, rotate
from tests.store.damage import A, fill, flip_pages, run_python, titles
from tests.store.drafts import DAY, NOW, draft, poll


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "aggregator.db"
    fill(path, "one", "two", "three")
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_backup_is_one_file_that_needs_nothing_beside_it(database: Path, tmp_path: Path) -> None:
    tally = back_up(database, tmp_path / "b" / "x.db")
    assert (tally.entries, tally.loose) == (3, 0)
    assert tally.size == (tmp_path / "b" / "x.db").stat().st_size
    assert names(tmp_path / "b") == ["x.db"]
    assert titles(tmp_path / "b" / "x.db") == ["one", "two", "three"]
    with closing(sqlite3.connect(tmp_path / "b" / "x.db")) as conn:
        assert conn.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_a_backup_holds_one_moment_and_does_not_begin_anew_while_others_write(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    fill(database, *map(str, range(40)), size=400_000)
    steps: list[int] = []
    with closing(open_store(str(database))) as store:

        def write(done: int, _total: int) -> None:
            steps.append(done)
            poll(store, A, [draft(f"late {len(steps)}")], now=NOW + len(steps))

        tally = back_up(database, tmp_path / "b.db", on_progress=write)
        assert store.entry_count() == 40 + len(steps)
    assert tally.entries == 40
    assert len(steps) > 2
    assert steps == sorted(set(steps))


def test_a_newer_backup_takes_the_place_of_an_older_one(database: Path, tmp_path: Path) -> None:
    back_up(database, tmp_path / "b.db")
    fill(database, "four")
    back_up(database, tmp_path / "b.db")
    assert titles(tmp_path / "b.db") == ["four", "one", "two", "three"]


def test_a_backup_is_as_private_as_the_database(database: Path, tmp_path: Path) -> None:
    for mode in (0o600, 0o640):
        database.chmod(mode)
        back_up(database, tmp_path / "b.db")
        assert stat.S_IMODE((tmp_path / "b.db").stat().st_mode) == mode
    database.chmod(0o440)
    back_up(database, tmp_path / "b.db")
    assert stat.S_IMODE((tmp_path / "b.db").stat().st_mode) == 0o640, "what is restored must be writable"


def test_a_file_that_is_no_backup_is_replaced_when_that_is_asked_for_only(
    database: Path, tmp_path: Path
) -> None:
    diary = tmp_path / "diary"
    diary.write_text("dear diary" * 1000)
    with pytest.raises(StoreError, match=r"diary: is there already, and no backup of ours.*--force"):
        back_up(database, diary)
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE t (x)")
    with pytest.raises(StoreError, match="no backup of ours"):
        back_up(database, tmp_path / "other.db")
    assert diary.read_text().startswith("dear diary")
    back_up(database, diary, force=True)
    assert len(titles(diary)) == 3


@pytest.mark.parametrize("name", ["aggregator.db", "link.db", "aggregator.db-wal", "aggregator.db.lock"])
def test_the_database_itself_is_never_written_to(database: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "link.db").symlink_to(database)
    with pytest.raises(StoreError, match="is the database itself"):
        back_up(database, tmp_path / name, force=True)
    assert len(titles(database)) == 3


def test_another_services_database_is_no_backup(database: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    with closing(open_store(str(other))), pytest.raises(StoreError, match="is a database in use"):
        back_up(database, other, force=True)
    with pytest.raises(StoreError, match="is the database of a service"):
        back_up(database, other)


def test_a_folder_is_no_place_for_a_backup(database: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for force in (False, True):
        with pytest.raises(StoreError, match=r"folder: (is no file|cannot be written)"):
            back_up(database, tmp_path / "folder", force=force)
    assert names(tmp_path / "folder") == []


@pytest.mark.parametrize("pages", [60, -1])
def test_a_damaged_database_makes_no_backup_and_takes_none_away(
    database: Path, tmp_path: Path, pages: int
) -> None:
    back_up(database, tmp_path / "b.db")
    flip_pages(database, after=pages)
    with pytest.raises(StoreError, match=r"\.db: (the copy is damaged|database disk image is malformed)"):
        back_up(database, tmp_path / "b.db")
    assert titles(tmp_path / "b.db") == ["one", "two", "three"]
    assert not list(tmp_path.glob(".*"))


def test_a_backup_that_is_broken_off_leaves_nothing(database: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="broken off"):
        back_up(database, tmp_path / "b" / "x.db", cut_off=lambda: True)
    assert names(tmp_path / "b") == []


def test_a_missing_database_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"x\.db: there is no such file"):
        back_up(tmp_path / "x.db", tmp_path / "b.db")
    assert names(tmp_path) == []


_BACK_UP = """
import sys
from pathlib import Path
from aggregator.exceptions import StoreError
from aggregator.store.backup import back_up
try:
    back_up(Path(sys.argv[1]), Path(sys.argv[2]))
except StoreError as error:
    print(error)
"""


def test_a_full_disk_is_one_clear_line_and_takes_no_backup_away(database: Path, tmp_path: Path) -> None:
    back_up(database, tmp_path / "b.db")
    with run_python(_BACK_UP, database, tmp_path / "b.db", largest_file=100_000) as process:
        said, failed = process.communicate(timeout=60)
    assert failed == ""
    assert said.count("\n") == 1
    assert "make room" in said
    assert len(titles(tmp_path / "b.db")) == 3
    assert not list(tmp_path.glob(".*"))


def test_a_process_that_is_killed_leaves_a_whole_backup_or_none(database: Path, tmp_path: Path) -> None:
    code = (
        f"while True:\n    {'    '.join(_BACK_UP.strip().splitlines(keepends=True))}\n    print(flush=True)"
    )
    dice = random.Random(5)
    for _ in range(4):
        with run_python(code, database, tmp_path / "b.db") as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(dice.uniform(0.0, 0.1))
            process.kill()
        assert len(titles(tmp_path / "b.db")) == 3


def test_a_draft_that_was_left_behind_is_removed_some_time_later(database: Path, tmp_path: Path) -> None:
    old, young = tmp_path / ".b.db.0a.draft", tmp_path / ".b.db.0b.draft"
    for left in (old, young):
        left.touch()
    os.utime(old, (1, 1))
    back_up(database, tmp_path / "b.db")
    assert (old.exists(), young.exists()) == (False, True)


def test_the_newest_backups_stay_and_other_files_are_left_alone(tmp_path: Path) -> None:
    database, folder = tmp_path / "aggregator.db", tmp_path / "backups"
    folder.mkdir()
    own = [folder / backup_name(database, now=NOW + day * DAY) for day in range(5)]
    others = ["diary", "other-20260101T000000Z.db", "aggregator-mine.db", "aggregator-20269901T000000Z.db"]
    for file in (*own, *(folder / name for name in others)):
        file.touch()
    assert rotate(database, folder, keep=3, newest=own[4]) == own[:2]
    assert names(folder) == sorted([*others, *(file.name for file in own[2:])])
    assert rotate(database, folder, keep=1, newest=own[2]) == own[3:], "the one just made stays in any case"


def test_a_backup_from_the_future_is_not_taken_for_the_newest(tmp_path: Path) -> None:
    database = tmp_path / "aggregator.db"
    for now in (NOW, NOW + DAY):
        (tmp_path / backup_name(database, now=now)).touch()
    found = find_backups(database, tmp_path)
    assert [backup.made_at for backup in found] == [NOW, NOW + DAY]
    assert newest_backup(found, now=NOW + 1) == found[0]
    assert newest_backup(found, now=NOW - 1) is None
    assert find_backups(database, tmp_path / "missing") == []
