"""What a command leaves behind when it is killed at any moment, and what the next one makes of that.

Each is killed while it works, several times, and run to its end. `KILLS=50` kills more often than the suite.
"""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.invented_archive import write_archive
from tests.archive.invented import content_of

KILLS = int(os.environ.get("KILLS", "1"))
POSTS = 200
PATIENCE = 60.0
"""Seconds that a command may take."""


class Shop:
    """A config, a database and an archive, and commands on them in processes of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = folder / "store" / "aggregator.db"
        self.archive = folder / "archive"
        self.out = folder / "out"
        self._config = folder / "aggregator.toml"

    def open(self, archive: Path, more: str = "") -> Shop:
        self.database.parent.mkdir(parents=True)
        self.out.mkdir()
        self.archive.symlink_to(archive)
        self._config.write_text(
            f'[service]\nbase_url = "https://feeds.example"\ndatabase = "{self.database}"\n{more}'
        )
        return self

    def twin(self, folder: Path) -> Shop:
        """Return another one of the same content; nothing may be at work here."""
        twin = Shop(folder)
        shutil.copytree(self.folder, folder, symlinks=True)
        twin._config.write_text(self._config.read_text().replace(str(self.database), str(twin.database)))
        return twin

    def run(self, *arguments: str | Path) -> None:
        done = subprocess.run(self._command(arguments), capture_output=True, timeout=PATIENCE, check=False)
        assert done.returncode == 0, (done.stdout + done.stderr).decode()

    def seconds_of_work(self, watched: Path, *arguments: str | Path) -> float:
        """Run a command; return how long it took from its first trace in a folder to its end."""
        with subprocess.Popen(self._command(arguments), stdout=subprocess.DEVNULL) as process:
            self._wait_for_trace(process, watched)
            begun = time.monotonic()
            assert process.wait(PATIENCE) == 0
        return time.monotonic() - begun

    def kill(self, watched: Path, *arguments: str | Path, after: float) -> bool:
        """Run a command and kill it so long after its first trace; return whether it was still at work."""
        with subprocess.Popen(self._command(arguments), stdout=subprocess.DEVNULL) as process:
            self._wait_for_trace(process, watched)
            try:
                assert process.wait(after) == 0
            except subprocess.TimeoutExpired:
                process.kill()
                return True
        return False

    def _command(self, arguments: tuple[str | Path, ...]) -> list[str]:
        return [sys.executable, "-m", "aggregator", "--config", str(self._config), *map(str, arguments)]

    @staticmethod
    def _wait_for_trace(process: subprocess.Popen[bytes], watched: Path) -> None:
        before = _trace(watched)
        while process.poll() is None and _trace(watched) == before:
            time.sleep(0.002)


def _trace(folder: Path) -> list[tuple[str, int]]:
    found = []
    for path in folder.rglob("*"):
        try:
            found.append((str(path), path.stat().st_size))
        except FileNotFoundError:
            continue
    return sorted(found)


def kill_often(
    shop: Shop, watched: Path, *arguments: str | Path, work: float, check: Callable[[], None]
) -> None:
    """Kill a command at random moments of its work, `check` what is left each time; then let it end."""
    dice = random.Random(f"{arguments} {os.environ.get('SEED', '')}")
    for _ in range(KILLS):
        shop.kill(watched, *arguments, after=dice.uniform(0, work))
        check()
    shop.run(*arguments)
    check()


def files_of(folder: Path) -> dict[str, bytes]:
    """Return the files of an export, without its mark."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".aggregator"
    }


def drafts_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.name.endswith((".draft", ".tmp", ".restored"))]


def let_an_hour_pass(folder: Path) -> None:
    """Make drafts old: a younger one may be another process's that is at work."""
    for path in drafts_in(folder):
        os.utime(path, (0, 0))


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    write_archive(folder, posts=POSTS, wild=0.2)
    return folder


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory, archive: Path) -> Shop:
    """A shop whose archive was imported; tests use twins of it."""
    shop = Shop(tmp_path_factory.mktemp("stocked")).open(
        archive, f"[retention]\nmax_entries = {POSTS // 4}\n"
    )
    shop.run("import", "jekyll", shop.archive)
    return shop


def test_a_killed_import_goes_on_where_it_was(tmp_path: Path, archive: Path) -> None:
    calm, killed = (Shop(tmp_path / name) for name in ("calm", "killed"))
    for shop in (calm, killed):
        shop.folder.mkdir()
        shop.open(archive)
    command = ("import", "jekyll")
    work = calm.seconds_of_work(calm.database.parent, *command, calm.archive)

    def check() -> None:
        if killed.database.exists():
            with closing(sqlite3.connect(killed.database)) as conn:
                assert conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]

    kill_often(killed, killed.database.parent, *command, killed.archive, work=work, check=check)
    assert content_of(killed.database) == content_of(calm.database)


@pytest.mark.parametrize(
    "command",
    [
        ("export", "jekyll"),
        ("export", "site"),
    ],
    ids=["jekyll", "site"],
)
def test_a_killed_export_leaves_whole_files_and_goes_on(
    tmp_path: Path, stocked: Shop, command: tuple[str, ...]
) -> None:
    calm, killed = stocked.twin(tmp_path / "calm"), stocked.twin(tmp_path / "killed")
    work = calm.seconds_of_work(calm.out, *command, calm.out)
    expected = files_of(calm.out)
    assert expected

    def check() -> None:
        files = files_of(killed.out)
        assert {
            name: body for name, body in files.items() if name in expected and body != expected[name]
        } == {}
        assert all(name.startswith(".aggregator.draft") for name in files if name not in expected)

    kill_often(killed, killed.out, *command, killed.out, work=work, check=check)
    assert files_of(killed.out) == expected
    assert content_of(killed.database) == content_of(calm.database)


def test_a_killed_prune_goes_on_where_it_was(tmp_path: Path, stocked: Shop) -> None:
    calm, killed = stocked.twin(tmp_path / "calm"), stocked.twin(tmp_path / "killed")
    before = content_of(killed.database)["entries"]
    work = calm.seconds_of_work(calm.database.parent, "prune")
    expected = content_of(calm.database)
    assert 0 < len(expected["entries"]) < len(before)

    def check() -> None:
        left = content_of(killed.database)["entries"]
        assert set(expected["entries"]) <= set(left) <= set(before)

    kill_often(killed, killed.database.parent, "prune", work=work, check=check)
    assert content_of(killed.database) == expected


def test_a_killed_backup_leaves_the_old_one_or_the_new_one(tmp_path: Path, stocked: Shop) -> None:
    shop = stocked.twin(tmp_path / "shop")
    file = shop.out / "backup.db"
    work = shop.seconds_of_work(shop.out, "backup", file)
    expected = content_of(shop.database)

    def check() -> None:
        assert content_of(file) == expected
        let_an_hour_pass(shop.out)

    kill_often(shop, shop.out, "backup", file, work=work, check=check)
    assert content_of(shop.database) == expected
    assert drafts_in(shop.out) == []


def test_a_killed_restore_leaves_the_old_database_or_the_restored_one(tmp_path: Path, stocked: Shop) -> None:
    shop = stocked.twin(tmp_path / "shop")
    file = shop.out / "backup.db"
    shop.run("backup", file)
    restored = content_of(file)
    shop.run("prune")
    pruned = content_of(shop.database)
    work = shop.twin(tmp_path / "calm").seconds_of_work(tmp_path / "calm/store", "restore", file)

    def check() -> None:
        assert content_of(shop.database) in (pruned, restored)
        let_an_hour_pass(shop.database.parent)

    kill_often(shop, shop.database.parent, "restore", file, work=work, check=check)
    assert content_of(shop.database) == restored
    assert drafts_in(shop.database.parent) == []
