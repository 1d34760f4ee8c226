"""A site whose files, mark or record in the store are lost or of another time, and files of somebody else."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from aggregator.archive.site import export_site
from aggregator.model import Content, Digest, FeedSpec, Source, StoryPolicy
from aggregator.protocols import Store
from aggregator.store import open_store
from tests.archive.sites import check, config, export, files, plain
from tests.store.curated import feed, rule
from tests.store.drafts import DAY, NOW, draft, poll

WIRE = Source(name="Wire", url="https://wire.example/feed", tags=("news",))
CHIPS = feed("chips", "title:chips")
DAILY = FeedSpec(slug="daily", title="Daily", all=("news",), digest=Digest.DAILY, content=Content.NONE)
EMPTY = feed("empty", "title:nothing")
POLICY = StoryPolicy(feeds=(CHIPS, DAILY, EMPTY))
CONFIG = config(CHIPS, DAILY, EMPTY, sources=(WIRE,))
WITHOUT = config(sources=(WIRE,))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = opened(tmp_path / "a.db")
    many(store, 120, tag="x")
    yield store
    store.close()


@pytest.fixture
def site(store: Store, tmp_path: Path) -> Path:
    export(store, CONFIG, tmp_path / "site", base_url="https://me.example")
    return tmp_path / "site"


def opened(path: Path) -> Store:
    store = open_store(str(path))
    store.sync_sources([WIRE], now=NOW, policy=POLICY)
    return store


def many(store: Store, count: int, *, tag: str, at: int = NOW - 9 * DAY) -> None:
    drafts = [
        draft(f"{tag}-{at}-{n}", published=at + n * 60_000, categories=(tag,), title="chips")
        for n in reversed(range(count))
    ]
    poll(store, WIRE, drafts, now=NOW, policy=POLICY)


def is_as_new(store: Store, site: Path) -> bool:
    """Whether a site has the files of one that was made at one go."""
    fresh = site.parent / "fresh"
    export(store, WITHOUT, fresh)
    check(site)
    return files(site) == files(fresh)


def copied(path: Path) -> Path:
    """Copy a store's database, as backups do."""
    older = path.with_name("older.db")
    with closing(sqlite3.connect(path)) as found, closing(sqlite3.connect(older)) as made:
        found.backup(made)
    return older


def test_feeds_that_go_while_the_mark_is_lost_leave_nothing(store: Store, site: Path) -> None:
    (site / ".aggregator").unlink()
    export(store, WITHOUT, site)
    assert is_as_new(store, site)


def test_feeds_that_go_while_the_store_is_lost_leave_nothing(site: Path, tmp_path: Path) -> None:
    store = opened(tmp_path / "b.db")
    many(store, 1, tag="y")
    export(store, WITHOUT, site)
    assert is_as_new(store, site)
    store.close()


def test_packed_forms_whose_files_are_lost_go_too(store: Store, site: Path) -> None:
    (site / ".aggregator").unlink()
    for name in ("html", "rss", "atom"):
        (site / f"feeds/chips.{name}").unlink()
    export(store, WITHOUT, site)
    assert is_as_new(store, site)


def test_a_sweep_that_is_broken_off_is_made_up_for(store: Store, site: Path) -> None:
    (site / ".aggregator").unlink()

    export_site(store, WITHOUT, site, now=NOW, stop=iter([False] * 6 + [True] * 99).__next__)
    export(store, WITHOUT, site)
    assert is_as_new(store, site)


def test_a_site_is_right_again_after_an_older_store_is_restored(store: Store, tmp_path: Path) -> None:
    site = tmp_path / "site"
    export(store, WITHOUT, site)
    older = copied(tmp_path / "a.db")
    many(store, 160, tag="later", at=NOW - 2 * DAY)
    drop = (rule("r", "tag:x", drop=True),)
    while not store.curation.apply_rules(drop, span=None, now=NOW, limit=1000).done:
        pass
    export(store, WITHOUT, site)
    restored = opened(older)
    export(restored, WITHOUT, site)
    assert is_as_new(restored, site)
    assert export(restored, WITHOUT, site).written == 0
    restored.close()


def test_a_site_is_right_again_after_an_older_folder_is_put_back(store: Store, tmp_path: Path) -> None:
    site = tmp_path / "site"
    export(store, WITHOUT, site)
    shutil.copytree(site, tmp_path / "older")
    many(store, 160, tag="later", at=NOW - 2 * DAY)
    export(store, WITHOUT, site)
    shutil.rmtree(site)
    (tmp_path / "older").rename(site)
    export(store, WITHOUT, site)
    assert is_as_new(store, site)


def test_a_copy_of_the_store_that_was_taken_while_a_site_was_written_is_not_believed(
    store: Store, tmp_path: Path
) -> None:

    site = tmp_path / "site"

    def progress(done: int, _total: int) -> None:
        if done == 4:
            copied(tmp_path / "a.db")
            many(store, 3, tag="later", at=NOW - 2 * DAY)

    export_site(store, WITHOUT, site, now=NOW, progress=progress)
    restored = opened(tmp_path / "older.db")
    export(restored, WITHOUT, site)
    assert is_as_new(restored, site)
    restored.close()


def test_a_run_that_writes_nothing_leaves_the_mark_as_it_is(store: Store, site: Path) -> None:
    before = (site / ".aggregator").read_bytes()
    export(store, CONFIG, site, base_url="https://me.example")
    assert (site / ".aggregator").read_bytes() == before
    export(store, WITHOUT, site)
    assert (site / ".aggregator").read_bytes() != before


def test_no_sweep_takes_files_of_somebody_else(store: Store, site: Path) -> None:
    mine = {
        "feeds/mine.html": b"<html>mine",
        "feeds/mine.html.gz": b"mine",
        "tags/mine.json": b'{"version":"https://jsonfeed.org/version/1.1","items":[]}',
        "tags/mine.rss": b"<rss><channel><item><generator>aggregator</generator></item></channel></rss>",
        "all/mine.txt": b"mine",
        "all/empty.html": b"",
        "tags.html": b"<html>mine",
        "tags/odd.atom.br": b"mine",
    }
    for name, body in mine.items():
        (site / name).write_bytes(body)
    (site / "feeds/linked.html").symlink_to(site / "all.html")
    (site / ".aggregator").unlink()
    export(store, WITHOUT, site)
    there = files(site)
    assert {name: there.get(name) for name in mine} == mine
    assert (site / "feeds/linked.html").is_symlink()
    assert "feeds/chips.html" not in there


def test_files_that_somebody_removed_are_made_again(store: Store, site: Path) -> None:
    before = files(site)
    lost = (
        "all.rss",
        "static/style.css",
        "all/1.html",
        "404.html",
        "opml.xml",
        "tags/x.json.br",
        "tags/news.html",
        "feeds/daily.html",
        "feeds/empty.json",
    )
    for name in lost:
        (site / name).unlink()
    assert export(store, CONFIG, site, base_url="https://me.example").written == len(lost)
    assert files(site) == before


def test_a_file_of_somebody_else_is_never_replaced_and_that_is_told(store: Store, site: Path) -> None:
    mine = {"tags/quiet.html": b"<html>mine", "tags/quiet.json": b"{}", "tags/quiet.rss.gz": b"mine"}
    for name, body in mine.items():
        (site / name).write_bytes(body)
    (site / "tags/quiet.atom").symlink_to(site / "all.atom")
    many(store, 1, tag="quiet", at=NOW - DAY)
    tally = export(store, CONFIG, site)
    left = {f"tags/quiet.{suffix}" for suffix in ("html", "json", "rss", "atom")}
    assert set(tally.left) == left
    drop = (rule("r", "tag:quiet", drop=True),)
    while not store.curation.apply_rules(drop, span=None, now=NOW, limit=1000).done:
        pass
    export(store, CONFIG, site)
    there = files(site)
    assert {name: there.get(name) for name in mine} == mine
    assert (site / "tags/quiet.atom").is_symlink()


def test_what_is_in_the_file_that_keeps_jekyll_away_stays(store: Store, site: Path) -> None:
    (site / ".nojekyll").write_text("mine")
    (site / ".aggregator").unlink()
    export(store, CONFIG, site)
    assert (site / ".nojekyll").read_text() == "mine"


def test_a_page_that_is_closed_says_what_time_it_is_of_and_stays(store: Store, site: Path) -> None:
    first = (site / "all/1.html").read_text()
    assert '<span class="part">6 Jan 2027</span></h1>' in first
    assert "<title>Everything, 6 Jan 2027 – My reading</title>" in first
    many(store, 1, tag="x", at=NOW - DAY)
    export(store, CONFIG, site, base_url="https://me.example")
    assert (site / "all/1.html").read_text() == first


def test_a_long_tag_is_shortened_on_entries(store: Store, site: Path) -> None:
    many(store, 1, tag="y" * 300, at=NOW - DAY)
    export(store, CONFIG, site)
    page = plain(site)["all.html"].decode()
    assert f"<bdi>{'y' * 61}" not in page
    assert f"<bdi>{'y' * 40}" in page


def test_an_export_that_does_not_look_for_missing_files_finds_an_empty_folder(
    store: Store, site: Path
) -> None:

    before = files(site)
    for name in before:
        (site / name).unlink()
    settled = replace(CONFIG, service=replace(CONFIG.service, base_url="https://me.example"))
    export_site(store, settled, site, now=NOW, look_for_missing=False)
    assert files(site).keys() == before.keys()
