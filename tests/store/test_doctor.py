"""What the doctor finds, and mends."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from aggregator.model import EntryQuery
from aggregator.store import open_store
from aggregator.store.doctor import examine
from aggregator.store.findings import Level
from aggregator.store.repairs import repair
from aggregator.store.steps import known_steps, take_steps
from tests.store.damage import fill, flip_pages
from tests.store.drafts import NOW


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "aggregator.db"
    fill(path, "one", "two")
    return path


def run(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as conn, conn:
        for statement in statements:
            conn.execute(statement)


def problems(path: Path) -> list[str]:
    return [found.message for found in examine(path, now=NOW) if found.level is Level.PROBLEM]


def told(path: Path, check: str) -> Iterator[tuple[Level, str]]:
    return ((found.level, found.message) for found in examine(path, now=NOW) if found.check == check)


def test_a_whole_database_has_nothing_but_good_news(database: Path) -> None:
    levels = {found.check: found.level for found in examine(database, now=NOW)}
    assert levels.pop("disk") is not Level.WARNING
    assert set(levels) == {"files", "service", "sqlite", "integrity", "schema", "rows", "clock", "size"}
    assert set(levels.values()) == {Level.OK}


def test_looking_changes_no_file(database: Path, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    examine(database, now=NOW)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_running_service_is_told_and_does_not_disturb(database: Path) -> None:
    with closing(open_store(str(database))) as store:
        assert list(told(database, "service")) == [(Level.OK, "does not run")]
        store.take_schedule()
        assert list(told(database, "service")) == [(Level.OK, "runs on this database")]
        assert problems(database) == []


_TAG = "INSERT INTO entry_tags (tag, surfaced, entry_id) VALUES ('b', 1"
_NEWEST = "(SELECT max(id) FROM entries)"


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("DELETE FROM entry_tags", "tags that the index of tags lacks: 2;"),
        (f"{_TAG}, {_NEWEST})", "tags in the index of tags that their entries do not have: 1;"),
        (f"{_TAG}, 77)", "rows of entry_tags whose entries are gone: 1;"),
        (f"INSERT INTO identities VALUES (99, x'01', {_NEWEST})", "of which there still is something"),
        ("UPDATE polls SET source_id = 99", "rows of polls whose sources are gone: 1;"),
        ("UPDATE search_entries SET entry_id = 1 - seq", "entries that a search does not find: 2;"),
        ("DELETE FROM search_words", "rows of the search index without their other half: 2;"),
        ("DROP INDEX entries_by_surfaced", "missing: entries_by_surfaced;"),
        ("DROP TRIGGER entry_tags_insert_noted", "missing: entry_tags_insert_noted;"),
    ],
)
def test_what_is_missing_is_told_and_mended(database: Path, broken: str, said: str) -> None:
    run(database, broken)
    assert any(said in message and "--repair" in message for message in problems(database))
    assert problems(database) == problems(database), "nothing is mended by looking"
    assert repair(database)
    assert problems(database) == []
    assert repair(database) == []
    with closing(open_store(str(database))) as store:
        assert len(store.entries(EntryQuery(all=("a",)))) == 2


def test_what_a_person_must_decide_is_told_and_left(database: Path) -> None:
    run(database, "DELETE FROM entry_sources", "DELETE FROM identities")
    for _ in range(2):
        (message,) = problems(database)
        assert message.startswith("entries without a source: 2 (")
        assert message.endswith("; restore a backup")
        assert repair(database) == []


def test_a_damaged_file_is_told_and_left_as_it_is(database: Path) -> None:
    flip_pages(database, after=60)
    before = database.read_bytes()
    assert any("damaged" in message and "restore" in message for message in problems(database))
    assert not any("aggregator doctor" in message for message in problems(database))
    assert repair(database) == []
    assert database.read_bytes() == before


def test_a_file_that_is_no_database_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "diary").write_text("dear diary" * 1000)
    (message,) = problems(tmp_path / "diary")
    assert "file is not a database" in message
    (message,) = problems(tmp_path / "missing.db")
    assert "there is no such file" in message


def test_a_database_of_another_program_is_told(tmp_path: Path) -> None:
    run(tmp_path / "other.db", "CREATE TABLE t (x)")
    assert problems(tmp_path / "other.db") == [f"{tmp_path}/other.db: is no database of the aggregator"]


def test_an_old_schema_is_no_problem_and_stays_old(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "old.db", isolation_level=None)) as conn:
        take_steps(conn, before=known_steps()[-1])
    for _ in range(2):
        ((level, message),) = told(tmp_path / "old.db", "schema")
        assert (level, message.partition(":")[0]) == (Level.WARNING, "of an earlier version")


def test_a_database_from_the_future_is_told(database: Path) -> None:
    run(database, "UPDATE _sqlite_migrations SET name = '9999_from_the_future' WHERE id = 1")
    assert any("newer aggregator" in message for message in problems(database))


def test_entries_ahead_of_the_clock_are_told(database: Path) -> None:
    run(database, f"UPDATE entries SET surfaced = {NOW + 10_000_000}")
    ((level, message),) = told(database, "clock")
    assert (level, message.partition(" ")[0]) == (Level.WARNING, "2")


def test_a_trigger_that_is_not_ours_is_told(database: Path) -> None:
    run(database, "CREATE TRIGGER mine AFTER DELETE ON polls BEGIN SELECT 1; END")
    assert (Level.WARNING, "triggers that are not ours: mine") in list(told(database, "schema"))


def test_litestream_with_an_old_sqlite_is_told(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (database.parent / ".aggregator.db-litestream").mkdir()
    for version, level in (((3, 40, 1), Level.WARNING), ((3, 50, 7), Level.OK), ((3, 51, 3), Level.OK)):
        monkeypatch.setattr(sqlite3, "sqlite_version_info", version)
        assert [said for said, _ in told(database, "sqlite")] == [level]
