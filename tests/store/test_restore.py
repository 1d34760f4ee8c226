"""A backup in the place of the database, at once or not at all."""

from __future__ import annotations

import re
import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from aggregator.exceptions import StoreError
from aggregator.store import open_store
from aggregator.store import restore as restoring
from aggregator.store.backup import back_up
from aggregator.store.restore import restore
from tests.store.damage import A, fill, flip_pages, kill_at_each_step, killed, run_python, titles
from tests.store.drafts import NOW, draft, poll


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database with entries that its backup, `b.db`, does not have."""
    path = tmp_path / "aggregator.db"
    fill(path, "old")
    back_up(path, tmp_path / "b.db")
    fill(path, "new")
    return path


@pytest.fixture
def backup(database: Path, tmp_path: Path) -> Path:
    return tmp_path / "b.db"


def kept_names(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.before-restore-*"))


def test_the_database_is_what_the_backup_holds_and_what_it_was_is_kept(database: Path, backup: Path) -> None:
    database.chmod(0o640)
    done = restore(backup, database, now=NOW)
    assert done.tally.entries == 1
    assert done.kept == database.with_name("aggregator.db.before-restore-20270115T080000Z")
    assert (titles(database), titles(done.kept)) == (["old"], ["new", "old"])
    assert stat.S_IMODE(database.stat().st_mode) == 0o640
    assert backup.exists()
    again = restore(done.kept, database, now=NOW)
    assert (titles(database), again.kept != done.kept) == (["new", "old"], True)


def test_the_log_of_the_former_database_is_not_applied_to_the_restored_one(
    database: Path, backup: Path
) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from tests.store.drafts import draft, poll\n"
        "from tests.store.damage import A; from aggregator.store import open_store\n"
        "poll(open_store(sys.argv[1]), A, [draft('logged')]); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert killed(run_python(code, database))
    assert Path(f"{database}-wal").stat().st_size > 0
    done = restore(backup, database, now=NOW)
    assert not Path(f"{database}-wal").exists()
    assert titles(database) == ["old"]
    assert done.kept is not None
    assert "logged" in titles(done.kept)


def test_nothing_is_restored_while_a_service_runs(database: Path, backup: Path) -> None:
    with closing(open_store(str(database))) as store:
        store.take_schedule()
        with pytest.raises(StoreError, match="another aggregator runs on this database"):
            restore(backup, database, now=NOW)
    assert titles(database) == ["new", "old"]


def test_nothing_is_restored_while_another_program_has_the_database_open(
    database: Path, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restoring, "BUSY_TIMEOUT", 0.1)
    with closing(open_store(str(database))) as store:
        with pytest.raises(StoreError, match="another program has it open"):
            restore(backup, database, now=NOW)
        poll(store, A, [draft("later")])
    assert titles(database) == ["new", "old", "later"]
    assert not kept_names(database.parent)
    assert not list(database.parent.glob(".*"))


def test_a_backup_that_cannot_be_used_changes_nothing(database: Path, backup: Path, tmp_path: Path) -> None:
    future, damaged, other = tmp_path / "future.db", tmp_path / "damaged.db", tmp_path / "other.db"
    shutil.copy(backup, future)
    with closing(sqlite3.connect(future)) as conn, conn:
        conn.execute("UPDATE _sqlite_migrations SET name = '9999_from_the_future' WHERE id = 1")
    shutil.copy(backup, damaged)
    flip_pages(damaged, after=60)
    with closing(sqlite3.connect(other)) as conn:
        conn.execute("CREATE TABLE t (x)")
    (tmp_path / "diary").write_text("dear diary" * 1000)
    unsound = tmp_path / "unsound.db"
    shutil.copy(backup, unsound)
    with closing(sqlite3.connect(unsound)) as conn, conn:
        conn.execute("DROP TABLE identities")
    for file, said in (
        (future, "was written by a newer aggregator .*; upgrade this one, or name another backup"),
        (damaged, "(the file is damaged|database disk image is malformed).*; name another backup"),
        (unsound, "is not sound: the table identities is missing; name another backup"),
        (other, "is no database of the aggregator"),
        (tmp_path / "diary", "file is not a database; name another backup"),
        (tmp_path / "missing", "there is no such file"),
        (tmp_path, "is a folder; name a file in it"),
        (database, "is the database itself"),
    ):
        with pytest.raises(StoreError, match=f"{re.escape(str(file))}: {said}") as caught:
            restore(file, database, now=NOW)
        assert ".restored" not in str(caught.value)
        assert "doctor" not in str(caught.value)
        assert titles(database) == ["new", "old"], file
    assert not kept_names(tmp_path)
    assert not list(tmp_path.glob(".*"))


def test_a_full_disk_names_the_database_and_changes_nothing(database: Path, backup: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from aggregator.exceptions import StoreError\n"
        "from aggregator.store.restore import restore\n"
        "try:\n    restore(Path(sys.argv[1]), Path(sys.argv[2]), now=0)\n"
        "except StoreError as error:\n    print(error)\n"
    )
    with run_python(code, backup, database, largest_file=100_000) as process:
        said, failed = process.communicate(timeout=60)
    assert failed == ""
    assert said.startswith(f"nothing was restored, and nothing changed: {database}: ")
    assert said.endswith("make room, and try again\n")
    assert titles(database) == ["new", "old"]


@pytest.mark.parametrize("pages", [0, 1, 60])
def test_a_damaged_database_is_replaced_and_kept_as_it_is(database: Path, backup: Path, pages: int) -> None:
    flip_pages(database, after=pages)
    before = database.read_bytes()
    done = restore(backup, database, now=NOW)
    assert titles(database) == ["old"]
    assert done.kept is not None
    assert done.kept.read_bytes()[100:] == before[100:], "the head says whether there is a log"


def test_a_database_that_is_gone_is_made_and_a_log_that_stayed_behind_is_not_applied(
    database: Path, backup: Path
) -> None:
    log = Path(f"{database}-wal")
    with closing(open_store(str(database))) as store:
        poll(store, A, [draft("logged")])
        bytes_of_log = log.read_bytes()
    database.unlink()
    log.write_bytes(bytes_of_log)
    done = restore(backup, database, now=NOW)
    assert done.kept is not None
    assert done.kept.read_bytes() == bytes_of_log
    assert titles(database) == ["old"]
    database.unlink()
    assert restore(backup, database, now=NOW).kept is None
    assert titles(database) == ["old"]


@pytest.mark.parametrize("damaged", [False, True])
def test_a_restore_that_is_killed_leaves_the_former_database_or_the_restored_one(
    database: Path, backup: Path, tmp_path: Path, *, damaged: bool
) -> None:
    if damaged:
        flip_pages(database, after=0)
    bytes_before, seen = database.read_bytes(), []
    last = kill_at_each_step(
        tmp_path / "k",
        module="aggregator.store.restore",
        function="restore",
        call=f"restore(Path({str(backup)!r}), folder / 'x.db', now=0)",
        given={"x.db": database},
    )
    for moment in range(1, last + 1):
        path = tmp_path / "k" / str(moment) / "x.db"
        seen.append(path.read_bytes()[100:] != bytes_before[100:])
        if not seen[-1]:
            restore(backup, path, now=0)
        assert titles(path) == ["old"]
        assert len(kept_names(path.parent)) == 1, "a name that was given before the end is not given twice"
    assert seen == sorted(seen)
    assert set(seen) == {False, True}
