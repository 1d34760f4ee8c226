"""Databases that earlier versions made, brought up to date: each step whole, after a backup."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from aggregator.exceptions import StoreError
from aggregator.model import EntryQuery
from aggregator.store import open_store
from aggregator.store.steps import applied_steps, known_steps, take_steps
from tests.store.damage import A, kill_at_each_step, killed, run_python, titles
from tests.store.drafts import NOW, draft, poll

STEPS = known_steps()
NEWEST = STEPS[-1].partition("_")[0]

SOURCES = """
INSERT INTO sources (name, url, tags, keep_categories, enabled, position, next_poll_at)
VALUES ('A', 'https://a.example/feed', '["a"]', 1, 1, 0, 0)
"""
POLLS = f"""
INSERT INTO polls (source_id, started_at, duration_ms, outcome, message, size, new, updated)
VALUES (1, {NOW}, 5, 'ok', '', 9, 2, 0)
"""
ENTRIES = """
INSERT INTO entries (id, uri, guid, url, title, authors, published, first_seen, surfaced, changed, tags,
    categories, content_html, enclosures, base_url)
VALUES ({id}, 'urn:{n}', 'urn:{n}', 'https://a.example/{n}', 'Title of {n}', '[]', {id}, {id}, {id}, {id},
    '["a"]', '[]', 'words', '[["https://www.youtube.com/v/x", null, null]]', 'https://a.example/');
INSERT INTO entry_sources (entry_id, source_id, surfaced, revision, title, categories, tags)
VALUES ({id}, 1, {id}, x'00', 'Title of {n}', '[]', '["a"]');
INSERT INTO entry_tags (tag, surfaced, entry_id) VALUES ('a', {id}, {id});
INSERT INTO identities VALUES (1, x'0{n}', {id});
"""
ROWS = ";".join((SOURCES, POLLS, *(ENTRIES.format(id=NOW + n, n=n) for n in range(2))))
"""What the first release wrote."""


def make(path: Path, *, before: str | None, rows: bool = True) -> None:
    """Make a database as the version did that did not know the step `before` yet."""
    with closing(sqlite3.connect(path, isolation_level=None)) as conn:
        take_steps(conn, before=STEPS[1])
        if rows:
            conn.executescript(ROWS)
        take_steps(conn, before=before)


def schema(path: Path) -> dict[str, str | None]:
    with closing(sqlite3.connect(path)) as conn:
        return dict(conn.execute("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"))


@pytest.fixture(scope="module")
def current(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str | None]:
    path = tmp_path_factory.mktemp("current") / "x.db"
    open_store(str(path)).close()
    return schema(path)


@pytest.mark.parametrize("step", STEPS[1:])
def test_a_database_of_any_earlier_version_is_brought_up_to_date(
    tmp_path: Path, current: dict[str, str | None], step: str
) -> None:
    path = tmp_path / "x.db"
    make(path, before=step)
    with closing(open_store(str(path))) as store:
        assert [entry.title for entry in store.entries(EntryQuery(all=("a",)))] == [
            "Title of 1",
            "Title of 0",
        ]
        store.sync_sources([A], now=NOW)
        assert poll(store, A, [draft("new")]).new == 1
    assert titles(path) == ["1", "0", "new"]
    assert schema(path) == current
    with closing(sqlite3.connect(path)) as conn:
        assert conn.execute("PRAGMA foreign_key_check").fetchall() == []
    before = tmp_path / f"x.before-{step.partition('_')[0]}.db"
    assert titles(before) == ["1", "0"]
    with closing(sqlite3.connect(before)) as conn:
        assert applied_steps(conn) == STEPS[: STEPS.index(step)]
    assert sorted(path.name for path in tmp_path.iterdir()) == [before.name, "x.db", "x.db.lock"]


def test_a_database_without_entries_needs_no_backup(tmp_path: Path) -> None:
    make(tmp_path / "x.db", before=STEPS[-1], rows=False)
    open_store(str(tmp_path / "x.db")).close()
    assert not list(tmp_path.glob("*.before-*"))


def test_the_newest_two_backups_of_this_kind_stay(tmp_path: Path) -> None:
    make(tmp_path / "x.db", before=STEPS[-1])
    make(tmp_path / "other.db", before=STEPS[-1])
    for number in range(4):
        old = tmp_path / f"x.before-000{number}.db"
        shutil.copy(tmp_path / "x.db", old)
        os.utime(old, (number, number))
    others = ["x.before-0009.db", "x.before-0010.db", "x.before-christmas.db"]
    shutil.copy(tmp_path / "other.db", tmp_path / others[0])
    for name in others[1:]:
        (tmp_path / name).write_text("dear diary")
    open_store(str(tmp_path / "x.db")).close()
    kept = [f"x.before-{NEWEST}.db", "x.before-0003.db", *others]
    assert sorted(path.name for path in tmp_path.glob("*.before-*")) == sorted(kept)


def test_a_file_that_has_the_name_of_this_backup_stays(tmp_path: Path) -> None:
    taken = tmp_path / f"x.before-{NEWEST}.db"
    make(taken, before=STEPS[1])
    before = taken.read_bytes()
    (tmp_path / f"x.before-{NEWEST}-2.db").write_text("dear diary")
    make(tmp_path / "x.db", before=STEPS[-1])
    open_store(str(tmp_path / "x.db")).close()
    assert taken.read_bytes() == before
    assert (tmp_path / f"x.before-{NEWEST}-2.db").read_text() == "dear diary"
    assert titles(tmp_path / f"x.before-{NEWEST}-3.db") == ["1", "0"]


_OPEN = """
import sys
from aggregator.exceptions import StoreError
from aggregator.store import open_store
try:
    open_store(sys.argv[1]).close()
except StoreError as error:
    print(error)
"""


def test_without_room_for_the_backup_nothing_is_changed(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    make(path, before=STEPS[-1])
    before = schema(path)
    with run_python(_OPEN, path, largest_file=path.stat().st_size // 2) as process:
        said, failed = process.communicate(timeout=60)
    assert failed == ""
    assert said.count("\n") == 1
    assert "begins with a backup, and that failed; nothing was changed" in said
    assert schema(path) == before
    assert titles(path) == ["1", "0"]
    assert not list(tmp_path.glob("*.before-*"))
    open_store(str(path)).close()


_TAKE_STEPS = """
import os, signal, sqlite3, sys
from aggregator.store.steps import take_steps
conn = sqlite3.connect(sys.argv[1], isolation_level=None)
left = int(sys.argv[2])
def count(statement):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
conn.set_trace_callback(count)
take_steps(conn)
"""


@pytest.mark.parametrize("statement", [7, 30, 75, 110, 150])
def test_a_step_that_is_killed_was_not_taken_at_all(
    tmp_path: Path, current: dict[str, str | None], statement: int
) -> None:
    path, like = tmp_path / "x.db", tmp_path / "like.db"
    make(path, before=STEPS[2])
    assert killed(run_python(_TAKE_STEPS, path, statement))
    with closing(sqlite3.connect(path)) as conn:
        taken = applied_steps(conn)
    assert taken == STEPS[: len(taken)]
    make(like, before=STEPS[len(taken)])
    assert schema(path) == schema(like)
    open_store(str(path)).close()
    assert schema(path) == current
    assert titles(path) == ["1", "0"]


def test_an_upgrade_that_is_killed_at_any_step_has_its_backup_and_is_made_up_for(
    tmp_path: Path, current: dict[str, str | None]
) -> None:
    make(tmp_path / "x.db", before=STEPS[-1])
    last = kill_at_each_step(
        tmp_path / "k",
        module="aggregator.store",
        function="open_store",
        call="open_store(str(folder / 'x.db')).close()",
        given={"x.db": tmp_path / "x.db"},
    )
    seen = []
    for moment in range(1, last + 1):
        path, before = (tmp_path / "k" / str(moment) / name for name in ("x.db", f"x.before-{NEWEST}.db"))
        with closing(sqlite3.connect(path)) as conn:
            taken = applied_steps(conn) == STEPS
        seen.append((before.exists(), taken))
        if before.exists():
            assert titles(before) == ["1", "0"]
        open_store(str(path)).close()
        assert schema(path) == current
        assert titles(path) == titles(before) == ["1", "0"]
        assert not list(path.parent.glob(".*")), "a draft that was left is removed at once"
    assert seen == sorted(seen)
    assert set(seen) == {(False, False), (True, False), (True, True)}


def test_a_database_from_the_future_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    make(path, before=STEPS[-1])
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.execute("UPDATE _sqlite_migrations SET name = '9999_from_the_future' WHERE id = 1")
    before = schema(path)
    with pytest.raises(StoreError, match=r"newer aggregator \(it has 9999_from_the_future\); upgrade"):
        open_store(str(path))
    assert schema(path) == before
    assert not list(tmp_path.glob("*.before-*"))
