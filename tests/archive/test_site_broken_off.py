"""An export that is broken off at any instant: the next one ends as if nothing had happened."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator.archive.site import export_site
from aggregator.exceptions import ArchiveError
from aggregator.model import Source, StoryPolicy
from aggregator.protocols import Store
from aggregator.store import open_store
from tests.archive.sites import check, check_from, config, export, files, on_pages, plain
from tests.store.curated import feed, rule
from tests.store.drafts import DAY, NOW, draft, poll

WIRE = Source(name="Wire", url="https://wire.example/feed")
CHIPS = feed("chips", "title:chips")
POLICY = StoryPolicy(feeds=(CHIPS,))
CONFIG = config(CHIPS, sources=(WIRE,))


class PowerCutError(Exception):
    """Stands for the end of the process."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(str(tmp_path / "aggregator.db"))
    store.sync_sources([WIRE], now=NOW, policy=POLICY)
    bring(store, 130, at=NOW - 30 * DAY, tags=("old",))
    bring(store, 120, at=NOW - 20 * DAY, tags=("x", "C++"))
    yield store
    store.close()


def bring(store: Store, count: int, *, at: int, tags: tuple[str, ...]) -> None:
    items = [draft(f"{at}-{n}", published=at + n * 1000, categories=tags) for n in reversed(range(count))]
    poll(store, WIRE, items, now=NOW, policy=POLICY)


def change(store: Store) -> None:
    """Let entries come, also with a tag that nothing had, and others go."""
    bring(store, 70, at=NOW - 10 * DAY, tags=("x", "new"))
    drop = (rule("r", "tag:old", drop=True),)
    while not store.curation.apply_rules(drop, span=None, now=NOW, limit=1000).done:
        pass


def broken_off(store: Store, folder: Path, after: int) -> bool:
    """Export, but let the power go before so many files of entries are done; return whether it did."""

    def progress(done: int, _total: int) -> None:
        nonlocal after
        after -= 1
        if after < 0:
            raise PowerCutError

    try:
        export_site(store, CONFIG, folder, now=NOW, progress=progress)
    except PowerCutError:
        return True
    return False


def test_a_first_export_that_is_broken_off_again_and_again_ends_as_one_at_a_stretch(
    store: Store, tmp_path: Path
) -> None:
    bring(store, 1, at=NOW - 40 * DAY, tags=tuple(f"t{number}" for number in range(24)))
    times = 0
    while broken_off(store, tmp_path / "site", after=25) and times < 10:
        times += 1
    assert 0 < times < 10, "what was done is not done again"
    export(store, CONFIG, tmp_path / "other")
    assert files(tmp_path / "site") == files(tmp_path / "other")


@pytest.mark.parametrize("after", [0, 4])
def test_a_later_export_that_is_broken_off_ends_as_one_at_a_stretch(
    store: Store, tmp_path: Path, after: int
) -> None:
    for name in ("site", "other"):
        export(store, CONFIG, tmp_path / name)
    change(store)
    assert broken_off(store, tmp_path / "site", after=after)
    bring(store, 1, at=NOW - DAY, tags=("later",))
    for name in ("site", "other"):
        export(store, CONFIG, tmp_path / name)
    assert files(tmp_path / "site") == files(tmp_path / "other")
    check(tmp_path / "site")


def test_what_is_there_after_a_broken_export_leads_nowhere_that_is_not_there(
    store: Store, tmp_path: Path
) -> None:
    export(store, CONFIG, tmp_path / "site")
    before = set(plain(tmp_path / "site"))
    change(store)
    for after in (1, 2, 5, 1):
        assert broken_off(store, tmp_path / "site", after=after)
        check_from(tmp_path / "site", before)


def test_an_export_that_is_told_to_stop_ends_and_the_next_one_goes_on(store: Store, tmp_path: Path) -> None:
    steps = iter(range(100))
    tally = export_site(store, CONFIG, tmp_path / "site", now=NOW, stop=lambda: next(steps) > 10)
    assert not tally.finished
    assert tally.written > 0
    assert export(store, CONFIG, tmp_path / "site").finished
    assert len(on_pages(tmp_path / "site", "all")) == 250


def test_entries_that_come_while_a_site_is_written_are_in_it_after_the_next_run(
    store: Store, tmp_path: Path
) -> None:
    turns = iter(range(100))

    def progress(_done: int, _total: int) -> None:
        if (turn := next(turns)) < 8:
            bring(store, 1, at=NOW - DAY + turn * 1000, tags=("x", f"tag{turn}"))

    export_site(store, CONFIG, tmp_path / "site", now=NOW, progress=progress)
    check(tmp_path / "site")
    export(store, CONFIG, tmp_path / "site")
    export(store, CONFIG, tmp_path / "other")
    assert files(tmp_path / "site") == files(tmp_path / "other")


def test_a_folder_that_cannot_be_written_to_is_a_clear_line_and_nothing_is_taken_for_done(
    store: Store, tmp_path: Path
) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site/.aggregator").touch()
    export(store, CONFIG, tmp_path / "site")
    bring(store, 1, at=NOW - DAY, tags=("x",))
    (tmp_path / "site/tags/x.atom").unlink()
    (tmp_path / "site/tags/x.atom").mkdir()
    with pytest.raises(ArchiveError, match=r"x\.atom: cannot be written"):
        export(store, CONFIG, tmp_path / "site")
    (tmp_path / "site/tags/x.atom").rmdir()
    export(store, CONFIG, tmp_path / "site")
    export(store, CONFIG, tmp_path / "other")
    assert files(tmp_path / "site") == files(tmp_path / "other")


def test_a_killed_command_leaves_whole_files_and_the_next_ends_as_if_it_had_not_been(
    store: Store, tmp_path: Path
) -> None:
    settings = tmp_path / "aggregator.toml"
    settings.write_text(
        f'[service]\ntitle = "My reading"\ndatabase = "{tmp_path}/aggregator.db"\n'
        '[[sources]]\nname = "Wire"\nurl = "https://wire.example/feed"\n'
        '[[feeds]]\nslug = "chips"\ntitle = "chips"\nmatch = "title:chips"\n'
    )
    command = [sys.executable, "-m", "aggregator", "-c", str(settings), "export", "site"]
    dice = random.Random(5)
    for _ in range(3):
        with subprocess.Popen([*command, tmp_path / "site"]) as process:
            until = time.monotonic() + 20
            while time.monotonic() < until and not (tmp_path / "site/static/icon.svg").exists():
                time.sleep(0.01)
            time.sleep(dice.uniform(0, 0.3))
            os.kill(process.pid, signal.SIGKILL)
    for name in ("site", "other"):
        subprocess.run([*command, tmp_path / name], check=True, timeout=60, stdout=subprocess.DEVNULL)
    assert files(tmp_path / "site") == files(tmp_path / "other")
