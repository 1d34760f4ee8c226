"""Backups that are written while the database is in use."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import stat
import time
from contextlib import closing
from pathlib import Path

import pytest

from aggregator.exceptions import StoreError
from aggregator.store import open_store
from aggregator.store.backup import (
    back_up,
    back_up_by_the_clock,
    backup_name,
    find_backups,
    newest_backup,
    rotate,
)
from aggregator.store.copies import verify
from aggregator.store.marks import read_mark
from aggregator.store.restore import restore
from aggregator.store.schema import ONE_ROW
from aggregator.store.steps import known_steps, take_steps
from tests.store.damage import A, fill, flip_pages, kill_at_each_step, run_python, titles
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
    with pytest.raises(StoreError, match="no backup of ours"):
        back_up(database, tmp_path / "missing" / ".." / "diary")
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


def test_damage_that_only_a_look_at_every_page_finds_makes_no_backup(database: Path, tmp_path: Path) -> None:
    back_up(database, tmp_path / "b.db")
    with closing(sqlite3.connect(database)) as conn, conn:
        conn.execute("PRAGMA writable_schema = ON")
        conn.execute("DELETE FROM sqlite_master WHERE name = 'entries_by_date'")  # its pages stay
    with pytest.raises(StoreError, match=r"aggregator\.db: the file is damaged: .*never used.*doctor"):
        back_up(database, tmp_path / "b.db")
    assert titles(tmp_path / "b.db") == ["one", "two", "three"]


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
    left = [tmp_path / name for name in (".b.db.0123abcd.draft", ".b.db.0123abce.draft", ".b.db.my.draft")]
    for file in left:
        file.touch()
    for file in (left[0], left[2]):
        os.utime(file, (1, 1))
    back_up(database, tmp_path / "b.db")
    assert [file.exists() for file in left] == [False, True, True]


def test_drafts_of_this_databases_scheduled_backups_are_removed_some_time_later(
    database: Path, tmp_path: Path
) -> None:
    folder, mark = tmp_path / "b", read_mark(database)
    assert mark is not None
    folder.mkdir()
    own, other = (backup_name(database, one, now=NOW - DAY) for one in (mark, "0" * 32))
    left = [folder / f".{name}.0123abcd.draft" for name in (own, other)]
    left.append(folder / f".{own}.0123abce.draft")
    for file in left:
        file.touch()
    for file in left[:2]:
        os.utime(file, (1, 1))
    back_up_by_the_clock(database, folder, now=NOW)
    assert [file.exists() for file in left] == [False, True, True]


def test_the_newest_backups_stay_and_what_is_none_of_this_database_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    databases = [tmp_path / name / "aggregator.db" for name in ("one", "two")]
    made = []
    for database in databases:
        fill(database, "entry")
        made.append([back_up_by_the_clock(database, folder, now=NOW + day * DAY)[0] for day in range(5)])
    own, others = made
    diary = folder / own[0].name.replace("20270115", "20200101")
    diary.write_text("dear diary")
    (folder / "aggregator-20260101T000000Z.db").touch()
    shutil.copy(others[0], folder / own[0].name.replace("20270115", "20200102"))
    before = names(folder)
    assert rotate(databases[0], folder, keep=3, newest=own[4]) == own[:2]
    assert names(folder) == [name for name in before if name not in {file.name for file in own[:2]}]
    assert [backup.file for backup in find_backups(databases[0], folder)] == own[2:]
    assert [backup.file for backup in find_backups(databases[1], folder)] == others
    assert rotate(databases[0], folder, keep=1, newest=own[2]) == own[3:], "the one just made stays anyway"


def test_a_backup_from_the_future_is_not_taken_for_the_newest(database: Path, tmp_path: Path) -> None:
    folder = tmp_path / "b"
    assert find_backups(database, folder) == []
    for now in (NOW, NOW + DAY):
        back_up_by_the_clock(database, folder, now=now)
    found = find_backups(database, folder)
    assert [backup.made_at for backup in found] == [NOW, NOW + DAY]
    assert newest_backup(found, now=NOW + 1) == found[0]
    assert newest_backup(found, now=NOW - 1) is None


def test_backups_of_a_database_that_cannot_be_read_are_found_by_their_names(
    database: Path, tmp_path: Path
) -> None:
    file, _ = back_up_by_the_clock(database, tmp_path / "b", now=NOW)
    flip_pages(database, after=0)
    assert [backup.file for backup in find_backups(database, tmp_path / "b")] == [file]


def test_a_backup_without_entries_takes_none_away_that_has_some(database: Path, tmp_path: Path) -> None:
    folder = tmp_path / "b"
    full = [back_up_by_the_clock(database, folder, now=NOW + day * DAY)[0] for day in range(3)]
    with closing(sqlite3.connect(database)) as conn, conn:
        conn.execute("DELETE FROM entries")
    empty, _ = back_up_by_the_clock(database, folder, now=NOW + 3 * DAY)
    assert rotate(database, folder, keep=1, newest=empty) == []
    fill(database, "four")
    again, _ = back_up_by_the_clock(database, folder, now=NOW + 4 * DAY)
    assert rotate(database, folder, keep=1, newest=again) == [*full, empty]


def test_a_restored_database_goes_on_with_its_backups_and_a_new_one_has_others(
    database: Path, tmp_path: Path
) -> None:
    file, _ = back_up_by_the_clock(database, tmp_path / "b", now=NOW)
    restore(file, database, now=NOW)
    open_store(str(database)).close()
    assert [backup.file for backup in find_backups(database, tmp_path / "b")] == [file]
    database.unlink()
    open_store(str(database)).close()
    assert find_backups(database, tmp_path / "b") == []


def test_a_backup_of_another_database_is_replaced_when_that_is_asked_for_only(
    database: Path, tmp_path: Path
) -> None:
    fill(tmp_path / "other.db", "other")
    back_up(tmp_path / "other.db", tmp_path / "b.db")
    with pytest.raises(StoreError, match=r"b\.db: is a backup of another database; .*--force"):
        back_up(database, tmp_path / "b.db")
    assert titles(tmp_path / "b.db") == ["other"]
    back_up(database, tmp_path / "b.db", force=True)
    assert len(titles(tmp_path / "b.db")) == 3


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("DROP TABLE identities", "the table identities is missing"),
        ("ALTER TABLE sources DROP COLUMN etag", "the table sources lacks etag"),
        *((f"DELETE FROM {table}", f"the table {table} has 0 rows") for table in ONE_ROW),
        ("INSERT INTO revision VALUES (7)", "the table revision has 2 rows"),
    ],
)
def test_an_unsound_database_makes_no_backup_and_takes_none_away(
    database: Path, tmp_path: Path, harm: str, said: str
) -> None:
    back_up(database, tmp_path / "b.db")
    with closing(sqlite3.connect(database)) as conn, conn:
        conn.execute(harm)
    for file in (tmp_path / "b.db", tmp_path / "c.db"):
        with pytest.raises(StoreError, match=rf"aggregator\.db: is not sound: {said}.*doctor"):
            back_up(database, file, force=True)
    assert len(titles(tmp_path / "b.db")) == 3
    assert not (tmp_path / "c.db").exists()


def test_every_table_that_begins_with_one_row_has_to_have_it() -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as conn:
        take_steps(conn)
        rows = conn.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'search^_text%' ESCAPE '^'"
        ).fetchall()
        count = "SELECT count(*) FROM "
        one = {name for (name,) in rows if conn.execute(f'{count}"{name}"').fetchone() == (1,)}
    assert one == set(ONE_ROW)


def test_lost_indexes_and_triggers_are_told_and_the_backup_counts(database: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(database)) as conn, conn:
        conn.execute("DROP INDEX entries_by_date")
        conn.execute("DROP TRIGGER folders_delete_sites")
        conn.execute("CREATE INDEX mine ON entries (title)")
    tally = back_up(database, tmp_path / "b.db")
    assert (tally.entries, tally.lost) == (3, ("entries_by_date", "folders_delete_sites"))


@pytest.mark.parametrize("step", known_steps()[1:])
def test_a_database_of_an_earlier_version_is_measured_by_that(tmp_path: Path, step: str) -> None:
    with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as conn:
        take_steps(conn, before=step)
        assert verify(conn, tmp_path / "x.db").entries == 0
        conn.execute("DROP TABLE identities")
        with pytest.raises(StoreError, match="identities is missing"):
            verify(conn, tmp_path / "x.db")


def test_a_database_of_a_newer_version_is_named_and_none_that_was_to_be_written(
    database: Path, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(database)) as conn, conn:
        conn.execute("UPDATE _sqlite_migrations SET name = '9999_from_the_future' WHERE id = 1")
    with pytest.raises(StoreError, match=r"aggregator\.db: was written by a newer aggregator") as caught:
        back_up(database, tmp_path / "b.db")
    assert "b.db" not in str(caught.value)


def test_a_backup_that_is_killed_leaves_the_older_backup_or_the_new_one(
    database: Path, tmp_path: Path
) -> None:
    old = tmp_path / "old.db"
    back_up(database, old)
    fill(database, "four")
    last = kill_at_each_step(
        tmp_path / "k",
        module="aggregator.store.backup",
        function="back_up",
        call=f"back_up(Path({str(database)!r}), folder / 'b.db')",
        given={"b.db": old},
    )
    seen = []
    for moment in range(1, last + 1):
        file = tmp_path / "k" / str(moment) / "b.db"
        seen.append(len(titles(file)))
        assert back_up(database, file).entries == 4
    assert seen == sorted(seen)
    assert set(seen) == {3, 4}
