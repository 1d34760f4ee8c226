"""Folders that the service keeps up to date."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from aggregator.archive.folder import open_folder
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
    wait_until(lambda: "is written again" in said.text, "the log says so")


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
