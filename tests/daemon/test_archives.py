"""Folders that the service keeps up to date."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from aggregator.archive import following
from aggregator.archive.folder import open_folder
from aggregator.archive.posts import ExportTally, export_posts
from aggregator.config import Config, load
from aggregator.daemon import archives as module
from aggregator.daemon.archives import ArchiveKeeper
from aggregator.model import ArchiveFolder, ArchiveKind, Source
from aggregator.protocols import Store
from aggregator.store import open_store
from tests.daemon.process import Daemon, rss, source, wait_until
from tests.origin import Origin
from tests.store.drafts import NOW, draft, poll

SOURCE = Source(name="A", url="https://a.example/feed")


@dataclass
class Bench:
    store: Store
    config: Config
    keeper: ArchiveKeeper
    folder: Path

    def having(self, *archives: ArchiveFolder) -> Config:
        return replace(self.config, archives=archives)

    def archive(self, name: str = "site", **keys: object) -> ArchiveFolder:
        made = ArchiveFolder(folder=self.folder / name, interval=50)
        return replace(made, **keys)  # type: ignore[arg-type]  # by name

    def poll(self, *names: str) -> None:
        poll(self.store, SOURCE, [draft(name) for name in names], now=NOW)

    def posts(self, name: str = "site") -> int:
        return len(list((self.folder / name / "_posts").glob("*.md")))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    path = tmp_path / "aggregator.toml"
    path.write_text(
        '[service]\nbind = "127.0.0.1:0"\n[[sources]]\nname = "A"\nurl = "https://a.example/feed"\n'
    )
    store = open_store(str(tmp_path / "x.db"))
    store.sync_sources([SOURCE], now=NOW)
    keeper = ArchiveKeeper(store)
    yield Bench(store, load(path, {}), keeper, tmp_path)
    assert keeper.stop(10)
    store.close()


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level("INFO", logger="aggregator")
    return caplog


def test_a_folder_has_what_the_store_has_soon_after(bench: Bench, said: pytest.LogCaptureFixture) -> None:
    bench.poll("a", "b")
    bench.keeper.start(bench.having(bench.archive()))
    wait_until(lambda: bench.posts() == 2, "the folder is written")
    bench.poll("c")
    wait_until(lambda: bench.posts() == 3, "it follows")
    wait_until(lambda: f"{bench.folder / 'site'}: 1 post written" in said.text, "the log says so")


def test_a_reload_takes_archives_up_and_drops_them(bench: Bench) -> None:
    bench.keeper.start(bench.having())
    bench.poll("a")
    bench.keeper.take(bench.having(bench.archive("one")))
    wait_until(lambda: bench.posts("one") == 1, "it is taken up")
    bench.keeper.take(bench.having(bench.archive("two")))
    wait_until(lambda: bench.posts("two") == 1, "the other one is")
    bench.poll("b")
    wait_until(lambda: bench.posts("two") == 2, "the other one follows")
    assert bench.posts("one") == 1


def test_what_fails_is_told_once_and_tried_again_until_it_works(
    bench: Bench, said: pytest.LogCaptureFixture
) -> None:
    bench.poll("a")
    (bench.folder / "site").write_text("")
    bench.keeper.start(bench.having(bench.archive(), bench.archive("other")))
    wait_until(lambda: "a file where a folder should be" in said.text, "the log says so")
    wait_until(lambda: bench.posts("other") == 1, "others are written")
    time.sleep(0.3)
    assert said.text.count("a file where a folder should be") == 1
    (bench.folder / "site").unlink()
    wait_until(lambda: bench.posts() == 1, "it is written when it can be")
    wait_until(lambda: "is up to date again" in said.text, "the log says so")


def test_a_folder_that_a_command_writes_to_is_left_to_it_meanwhile(
    bench: Bench, said: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUSY_RETRY", 0.02)
    bench.poll("a")
    with open_folder(bench.folder / "site", ArchiveKind.JEKYLL, style="safe"):
        bench.keeper.start(bench.having(bench.archive()))
        time.sleep(0.2)
        assert bench.posts() == 0
    wait_until(lambda: bench.posts() == 1, "it is free")
    assert "another process" not in said.text


def test_a_stop_does_not_wait_for_a_long_export(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.poll(*map(str, range(300)))
    slow = threading.Event()

    def fsync(_file: int) -> None:
        slow.set()
        time.sleep(0.02)

    monkeypatch.setattr(os, "fsync", fsync)
    bench.keeper.start(bench.having(bench.archive()))
    assert slow.wait(10)
    began = time.monotonic()
    assert bench.keeper.stop(5)
    assert time.monotonic() - began < 1
    assert bench.posts() < 300


def test_a_stop_does_not_wait_for_git(bench: Bench) -> None:
    bench.poll("a")
    site = bench.folder / "site"
    subprocess.run(["git", "init", "-q", str(site)], check=True)
    hook = site / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ntouch started\nsleep 30\n")
    hook.chmod(0o755)
    bench.keeper.start(bench.having(bench.archive(commit=True)))
    wait_until((site / "started").exists, "git is at work")
    assert bench.keeper.stop(4)


@pytest.fixture
def slow_site(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """The first export of `slow` takes for ever, until it is told to stop; set when it has begun."""
    begun = threading.Event()

    def export(
        store: Store, archive: ArchiveFolder, *, stop: Callable[[], bool], **keys: object
    ) -> ExportTally:
        if archive.folder.name != "slow" or archive.update:
            return export_posts(store, archive, stop=stop)
        with open_folder(archive.folder, ArchiveKind.JEKYLL, style="safe"):
            begun.set()
            while not stop():
                time.sleep(0.01)
        return ExportTally(finished=False)

    monkeypatch.setattr(following, "export_posts", export)
    return begun


def test_an_archive_does_not_wait_for_another(bench: Bench, slow_site: threading.Event) -> None:
    bench.poll("a")
    bench.keeper.start(bench.having(bench.archive("slow"), bench.archive("quick")))
    assert slow_site.wait(10)
    wait_until(lambda: bench.posts("quick") == 1, "the other one is written")
    bench.poll("b")
    wait_until(lambda: bench.posts("quick") == 2, "and follows")


def test_a_reload_ends_the_export_of_an_archive_that_is_dropped(
    bench: Bench, slow_site: threading.Event
) -> None:
    bench.poll("a")
    bench.keeper.start(bench.having(bench.archive("slow")))
    assert slow_site.wait(10)
    bench.keeper.take(bench.having(bench.archive("new")))
    wait_until(lambda: bench.posts("new") == 1, "the new one is written")
    with open_folder(bench.folder / "slow", ArchiveKind.JEKYLL, style="safe", patience=5):
        pass
    assert bench.posts("slow") == 0


def test_a_reload_ends_an_export_for_a_config_that_was_another(
    bench: Bench, slow_site: threading.Event
) -> None:
    bench.poll("a")
    bench.keeper.start(bench.having(bench.archive("slow", interval=3_600_000)))
    assert slow_site.wait(10)
    bench.keeper.take(bench.having(bench.archive("slow", interval=3_600_000, update=True)))
    wait_until(lambda: bench.posts("slow") == 1, "it goes on as the new config says")


def test_a_reload_that_changes_nothing_lets_an_export_go_on(
    bench: Bench, slow_site: threading.Event, said: pytest.LogCaptureFixture
) -> None:
    config = bench.having(bench.archive("slow"))
    bench.keeper.start(config)
    assert slow_site.wait(10)
    slow_site.clear()
    bench.keeper.take(replace(config))
    assert not slow_site.wait(0.2)


def test_all_that_is_under_way_ends_at_a_stop_also_what_was_dropped_before(
    bench: Bench, slow_site: threading.Event
) -> None:
    bench.keeper.start(bench.having(bench.archive("slow"), bench.archive("x/slow"), bench.archive("quick")))
    assert slow_site.wait(10)
    bench.keeper.take(bench.having(bench.archive("x/slow")))
    assert bench.keeper.stop(2)
    bench.keeper.take(bench.having(bench.archive("late")))
    assert not [each for each in threading.enumerate() if each.name.startswith("archive ")]


def test_a_folder_that_is_never_free_is_told_once(
    bench: Bench, said: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUSY_RETRY", 0.02)
    monkeypatch.setattr(module, "BUSY_TOLD", 0.1)
    bench.poll("a")
    with open_folder(bench.folder / "site", ArchiveKind.JEKYLL, style="safe"):
        bench.keeper.start(bench.having(bench.archive()))
        wait_until(lambda: "another process is writing to it" in said.text, "the log says so")
        time.sleep(0.1)
    wait_until(lambda: "is up to date again" in said.text, "it is free")
    assert said.text.count("another process is writing to it") == 1


def test_what_is_known_of_a_folder_is_not_told_again_after_a_reload(
    bench: Bench, said: pytest.LogCaptureFixture
) -> None:
    (bench.folder / "site").write_text("")
    bench.keeper.start(bench.having(bench.archive()))
    wait_until(lambda: "a file where a folder should be" in said.text, "the log says so")
    bench.keeper.take(bench.having(bench.archive(interval=60), bench.archive("other")))
    wait_until((bench.folder / "other").exists, "the reload is in force")
    time.sleep(0.2)
    assert said.text.count("a file where a folder should be") == 1


def test_what_a_command_has_written_is_committed(bench: Bench) -> None:
    site = bench.folder / "site"
    subprocess.run(["git", "init", "-q", str(site)], check=True)
    archive = bench.archive(commit=True)

    def commits() -> int:
        log = subprocess.run(["git", "log", "--format=%s"], cwd=site, capture_output=True, check=False)
        return len(log.stdout.splitlines())

    bench.poll("a")
    bench.keeper.start(bench.having(replace(archive, interval=1_000)))
    wait_until(lambda: commits() == 1, "it is committed")
    bench.poll("b")
    export_posts(bench.store, archive, patience=5)
    wait_until(lambda: commits() == 2, "so is what another process wrote")


def test_it_can_be_stopped_before_it_began_and_without_archives(bench: Bench) -> None:
    bench.keeper.start(bench.having())
    assert bench.keeper.stop(5)
    assert ArchiveKeeper(bench.store).stop(5)


def test_a_site_follows_too(bench: Bench) -> None:
    bench.keeper.start(bench.having(bench.archive(kind=ArchiveKind.SITE)))
    wait_until((bench.folder / "site/index.html").exists, "the site is there")
    bench.poll("a")
    feed = bench.folder / "site/all.atom"
    wait_until(lambda: feed.exists() and b"Title of a" in feed.read_bytes(), "it follows")


def test_the_service_writes_and_commits_what_it_polls(tmp_path: Path, origin: Origin) -> None:
    url = origin.serve("/feed.xml", rss("one", "two"))
    site = tmp_path / "site"
    subprocess.run(["git", "init", "-q", str(site)], check=True)
    config = source("A", url) + f'[[archives]]\nfolder = "{site}"\ncommit = true\ninterval = "1s"\n'
    with Daemon(tmp_path, config) as daemon:
        daemon.wait_for_line(r"site: 2 posts written, 2 committed")
        assert daemon.stop() < 5
    log = subprocess.run(["git", "log", "--format=%s"], cwd=site, capture_output=True, text=True, check=True)
    assert log.stdout == "Add 2 posts\n"
