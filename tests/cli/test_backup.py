from __future__ import annotations

import sqlite3
from contextlib import closing

from aggregator.store import open_store
from tests.cli.conftest import Desk
from tests.store.damage import titles
from tests.store.drafts import NOW, draft

SOURCE = '[[sources]]\nname = "A"\nurl = "https://a.example/feed"\n'


def test_what_is_backed_up_is_restored(desk: Desk) -> None:
    desk.write(SOURCE)
    desk.bring("A", draft("one"), now=NOW)
    file = desk.folder / "b.db"
    said = desk.done("backup", file)
    assert said == f"{file}: 1 entry, {file.stat().st_size:,} bytes, verified\n"
    desk.bring("A", draft("two"), now=NOW)
    restored, kept = desk.done("restore", file).splitlines()
    assert restored.startswith(f"{desk.database}: restored from {file}: 1 entry,")
    assert kept.startswith(f"{desk.database}.before-restore-")
    assert titles(desk.database) == ["one"]
    assert [entry["title"] for entry in desk.json("entries")] == ["Title of one"]


def test_a_backup_is_written_while_the_service_has_the_database_and_a_restore_is_refused(desk: Desk) -> None:
    desk.write(SOURCE)
    desk.bring("A", draft("one"), now=NOW)
    with closing(open_store(str(desk.database))) as store:
        store.take_schedule()
        desk.done("backup", desk.folder / "b.db")
        result = desk.type("restore", desk.folder / "b.db")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"aggregator: {desk.database}: another aggregator runs on this database")


def test_rows_that_belong_to_nothing_are_told(desk: Desk) -> None:
    desk.write(SOURCE)
    desk.bring("A", draft("one"), now=NOW)
    with closing(sqlite3.connect(desk.database)) as conn, conn:
        conn.execute("UPDATE polls SET source_id = 99")
    said = desk.done("backup", desk.folder / "b.db")
    assert said.endswith("verified; rows that belong to nothing: 1, see `aggregator doctor`\n")


def test_what_cannot_be_backed_up_or_restored_is_one_line(desk: Desk) -> None:
    desk.write(SOURCE)
    result = desk.type("backup", desk.folder / "b.db")
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "there is no database at" in result.stderr
    desk.bring("A", now=NOW)
    diary = desk.folder / "diary"
    diary.write_text("dear diary")
    for arguments in (("backup", diary), ("backup", desk.database), ("restore", diary)):
        result = desk.type(*arguments)
        assert (result.exit_code, result.stderr.count("\n")) == (1, 1), result.stderr
    assert diary.read_text() == "dear diary"
    assert desk.done("backup", diary, "--force").startswith(f"{diary}: 0 entries")


def test_an_older_schema_is_backed_up_as_it_is(desk: Desk) -> None:
    desk.write(SOURCE)
    desk.bring("A", draft("one"), now=NOW)
    newest = "SELECT max(name) FROM _sqlite_migrations"
    with closing(sqlite3.connect(desk.database)) as conn, conn:
        conn.execute(f"DELETE FROM _sqlite_migrations WHERE name = ({newest})")
        older = conn.execute(newest).fetchone()
    desk.done("backup", desk.folder / "b.db")
    for file in (desk.database, desk.folder / "b.db"):
        with closing(sqlite3.connect(file)) as conn:
            assert conn.execute(newest).fetchone() == older
