from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from aggregator.clock import now_ms
from aggregator.store.backup import back_up_by_the_clock
from tests.cli.conftest import Desk
from tests.store.drafts import NOW, draft

SOURCE = '[[sources]]\nname = "A"\nurl = "https://a.example/feed"\ntags = ["a"]\n'


@pytest.fixture
def healthy(desk: Desk) -> Desk:
    """A desk whose database is in order, and as new as the clock says."""
    desk.write(f'{SOURCE}[backup]\nfolder = "{desk.folder}/backups"\n')
    desk.bring("A", draft("one"), now=NOW)
    with closing(sqlite3.connect(desk.database)) as conn, conn:
        conn.execute("UPDATE entries SET surfaced = 1")
        conn.execute("UPDATE search_entries SET surfaced = 1")
    return desk


def test_a_healthy_service_has_a_line_for_each_thing_and_no_problem(healthy: Desk) -> None:
    lines = healthy.done("doctor").splitlines()
    levels = {check: level for level, check in (line.split(":")[0].split() for line in lines)}
    warnings = {check for check, level in levels.items() if level != "ok"}
    assert warnings - {"disk"} == {"backups"}, "there is none yet"
    assert {"integrity", "schema", "rows", "service", "sources", "feeds"} <= set(levels)


def test_programs_read_the_findings_as_records(healthy: Desk) -> None:
    records = healthy.json("doctor")
    assert all(list(record) == ["level", "check", "message"] for record in records)
    assert {record["level"] for record in records} == {"ok", "warning"}


def test_a_problem_is_exit_code_1_until_it_is_repaired(healthy: Desk) -> None:
    with closing(sqlite3.connect(healthy.database)) as conn, conn:
        conn.execute("DELETE FROM entry_tags")
    result = healthy.type("doctor")
    assert result.exit_code == 1
    assert "problem  rows: tags that the index of tags lacks: 1; --repair mends that\n" in result.stdout
    assert "ok       repair: tags that the index of tags lacks: 1, mended\n" in healthy.done(
        "doctor", "--repair"
    )
    healthy.done("doctor")


def test_without_a_database_there_is_one_problem_and_none_is_made(desk: Desk) -> None:
    for arguments in ((), ("--repair",)):
        result = desk.type("doctor", *arguments)
        assert result.exit_code == 1
        assert "there is no such file" in result.stdout
        assert not desk.database.exists()


def test_what_left_the_config_and_what_is_not_filled_is_told(healthy: Desk) -> None:
    feed = '[[feeds]]\nslug = "f"\ntitle = "F"\nall = ["a"]\n'
    healthy.write(f'[[sources]]\nname = "B"\nurl = "https://b.example/feed"\n{feed}')
    healthy.bring("B", now=NOW)
    with closing(sqlite3.connect(healthy.database)) as conn, conn:
        conn.execute("UPDATE feeds SET filled = 0")
    said = {record["check"]: record for record in healthy.json("doctor")}
    assert said["sources"]["message"] == "1 in the config; in it no longer: 1, whose entries stay: 1"
    assert said["feeds"]["message"].endswith(": f")
    assert said["backups"]["message"].startswith("none are made")


def test_backups_that_are_too_old_are_a_problem(healthy: Desk) -> None:
    folder = healthy.folder / "backups"
    back_up_by_the_clock(healthy.database, folder, now=1_000_000_000_000)
    result = healthy.type("doctor")
    assert result.exit_code == 1
    assert "problem  backups: " in result.stdout
    assert "is the service running?" in result.stdout


def test_a_backup_without_entries_beside_others_is_a_warning(healthy: Desk) -> None:
    folder, now = healthy.folder / "backups", now_ms()
    back_up_by_the_clock(healthy.database, folder, now=now - 2000)
    with closing(sqlite3.connect(healthy.database)) as conn, conn:
        conn.execute("DELETE FROM entries")
    back_up_by_the_clock(healthy.database, folder, now=now)
    said = healthy.type("doctor").stdout
    assert "warning  backups: " in said
    assert "has no entries, as " in said


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_folders_that_cannot_be_written_are_a_problem(healthy: Desk) -> None:
    closed = healthy.folder / "closed"
    closed.mkdir(mode=0o555)
    healthy.write(f'{SOURCE}[[archives]]\nfolder = "{closed}"\n[backup]\nfolder = "{closed}/b"\n')
    result = healthy.type("doctor")
    assert result.exit_code == 1
    assert f"problem  archives: {closed}: {closed} is not writable" in result.stdout
    assert f"problem  backups: {closed}/b: {closed} is not writable" in result.stdout


def test_a_file_in_the_place_of_a_folder_is_a_problem(healthy: Desk) -> None:
    Path(healthy.folder / "file").touch()
    healthy.write(f'{SOURCE}[[archives]]\nfolder = "{healthy.folder}/file/posts"\n')
    result = healthy.type("doctor")
    assert result.exit_code == 1
    assert f"file/posts: {healthy.folder}/file is no folder" in result.stdout
