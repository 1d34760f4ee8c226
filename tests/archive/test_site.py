"""A site as files: what is in it, and what a run changes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from aggregator.archive.site import export_site
from aggregator.archive.sitenames import place_of_tag
from aggregator.exceptions import ArchiveError
from aggregator.model import Content, Digest, FeedSpec, Source, StoryPolicy
from aggregator.protocols import Store
from aggregator.store import open_store
from aggregator.web.contents import contents_of
from aggregator.web.selection import Selection, select
from aggregator.web.urls import FeedTarget, Kind
from tests.archive.sites import check, config, export, files, on_pages, pages_of, plain
from tests.store.curated import feed, rule
from tests.store.drafts import DAY, NOW, draft, poll

WIRE = Source(name="Wire", url="https://wire.example/feed", tags=("news",))
CHIPS = feed("chips", "title:chips")
POLICY = StoryPolicy(feeds=(CHIPS,))
CONFIG = config(CHIPS, sources=(WIRE,))
BASE = "https://me.example/reading"

ODD = (
    "C++",
    "c++",
    "a b",
    "中参馆",
    "a/b",
    "..",
    ".",
    "CON",
    "%2F",
    "x.rss",
    "é",
    "?#",
    "日本 経済",
    "x" * 300,
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(str(tmp_path / "aggregator.db"))
    store.sync_sources([WIRE], now=NOW, policy=POLICY)
    yield store
    store.close()


def bring(store: Store, *names: str, now: int = NOW, policy: StoryPolicy = POLICY, **said: object) -> None:
    drafts = [draft(name, published=now - place, **said) for place, name in enumerate(names)]  # type: ignore[arg-type]  # as draft takes it
    poll(store, WIRE, drafts, now=now, policy=policy)


def many(store: Store, count: int, *, at: int = NOW - 9 * DAY, tag: str = "x") -> None:
    """Bring entries, a minute apart, the last of which is the newest."""
    drafts = [
        draft(f"{at}-{n}", published=at + n * 60_000, categories=(tag,)) for n in reversed(range(count))
    ]
    poll(store, WIRE, drafts, now=NOW, policy=POLICY)


def test_each_feed_and_each_tag_has_a_document_in_each_format_and_a_page(
    store: Store, tmp_path: Path
) -> None:
    bring(store, "a", title="chips", categories=("x",))
    export(store, CONFIG, tmp_path / "site", base_url=BASE)
    found = plain(tmp_path / "site")
    stems = ("all", "feeds/chips", "tags/news", "tags/x")
    documents = {f"{stem}.{suffix}" for stem in stems for suffix in ("rss", "atom", "json", "html")}
    shared = {
        "index.html",
        "404.html",
        "opml.xml",
        ".nojekyll",
        "static/style.css",
        "static/icon.svg",
    }
    assert set(found) == documents | shared
    for stem in stems:
        assert len(json.loads(found[f"{stem}.json"])["items"]) == 1
        assert b"<h2" in found[f"{stem}.html"]


@pytest.mark.parametrize("base_url", [None, BASE])
def test_every_link_leads_to_a_file_whatever_tags_are_called(
    store: Store, tmp_path: Path, base_url: str | None
) -> None:
    many(store, 230)
    bring(store, "odd", categories=ODD, title="chips")
    export(store, CONFIG, tmp_path / "site", base_url=base_url)
    check(tmp_path / "site", *([f"{BASE}/"] if base_url else []))
    for tag in ODD:
        (entry_id,) = on_pages(tmp_path / "site", place_of_tag(tag).stem)
        assert entry_id == NOW


def test_items_are_those_of_the_service_with_the_same_ids(store: Store, tmp_path: Path) -> None:
    daily = FeedSpec(slug="daily", title="Daily", all=("news",), digest=Digest.DAILY)
    settled = config(CHIPS, daily, sources=(WIRE,), base_url="https://feeds.example")
    store.sync_sources([WIRE], now=NOW, policy=settled.stories)
    many(store, 20)
    bring(store, "a", title="chips", policy=settled.stories)
    export(store, settled, tmp_path / "site", base_url=BASE)
    for target, stem in (
        (FeedTarget(Kind.ALL, "", "json"), "all"),
        (FeedTarget(Kind.FEED, "chips", "json"), "feeds/chips"),
        (FeedTarget(Kind.FEED, "daily", "json"), "feeds/daily"),
    ):
        selection = select(target, settled, NOW)
        assert isinstance(selection, Selection)
        served = contents_of(selection, store.entries(selection.query)).items()
        written = json.loads((tmp_path / "site" / f"{stem}.json").read_bytes())
        assert [item["id"] for item in written["items"]] == [item.id for item in served] != []
        assert written["feed_url"] == f"{BASE}/{stem}.json"
        assert written["home_page_url"] == f"{BASE}/{stem}.html"


def test_a_run_with_nothing_new_writes_nothing(store: Store, tmp_path: Path) -> None:
    bring(store, "a", "b")
    export(store, CONFIG, tmp_path / "site")
    for path in (tmp_path / "site").rglob("*"):
        os.utime(path, (1, 1))
    tally = export(store, CONFIG, tmp_path / "site", now=NOW + 30 * DAY)
    assert (tally.written, tally.removed) == (0, 0)
    assert {path.stat().st_mtime for path in (tmp_path / "site").rglob("*") if path.is_file()} == {1}


def test_two_folders_of_the_same_entries_are_alike(store: Store, tmp_path: Path) -> None:
    many(store, 120)
    export(store, CONFIG, tmp_path / "one")
    export(store, CONFIG, tmp_path / "two", now=NOW + DAY)
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_a_new_entry_changes_the_newest_pages_and_documents_of_its_feeds_alone(
    store: Store, tmp_path: Path
) -> None:
    many(store, 180)
    bring(store, "other", categories=("quiet",))
    export(store, CONFIG, tmp_path / "site")
    before = files(tmp_path / "site")
    bring(store, "new", now=NOW + 1, categories=("x",))
    export(store, CONFIG, tmp_path / "site", now=NOW + 1)
    after = files(tmp_path / "site")
    changed = {name for name in after if after[name] != before.get(name)}
    stems = ("all", "tags/news", "tags/x")
    expected = {f"{stem}.{suffix}" for stem in stems for suffix in ("rss", "atom", "json", "html")}
    assert {name for name in changed if not name.endswith((".gz", ".br"))} == {*expected, "index.html"}
    assert before.keys() == after.keys()


def test_pages_are_numbered_from_the_oldest_and_stay_when_new_ones_come(store: Store, tmp_path: Path) -> None:
    many(store, 160)
    export(store, CONFIG, tmp_path / "site")
    pages = pages_of(tmp_path / "site", "tags/x")
    assert {name: len(entries) for name, entries in pages.items()} == {
        "tags/x.html": 60,
        "tags/x/1.html": 50,
        "tags/x/2.html": 50,
    }
    assert max(pages["tags/x/1.html"]) < min(pages["tags/x/2.html"]) < min(pages["tags/x.html"])
    first = (tmp_path / "site/tags/x/1.html").read_bytes()
    many(store, 40, at=NOW - 8 * DAY)
    export(store, CONFIG, tmp_path / "site")
    assert (tmp_path / "site/tags/x/1.html").read_bytes() == first
    after = pages_of(tmp_path / "site", "tags/x")
    assert after["tags/x/2.html"] == pages["tags/x/2.html"]
    assert (len(after["tags/x/3.html"]), len(after["tags/x.html"])) == (50, 50)
    check(tmp_path / "site")


def test_what_surfaces_in_the_past_goes_to_the_page_of_its_time(store: Store, tmp_path: Path) -> None:
    many(store, 160)
    export(store, CONFIG, tmp_path / "site")
    second = (tmp_path / "site/tags/x/2.html").read_bytes()
    many(store, 130, at=NOW - 900 * DAY)
    export(store, CONFIG, tmp_path / "site")
    pages = pages_of(tmp_path / "site", "tags/x")
    assert {name: len(entries) for name, entries in pages.items() if "/1" in name} == {
        "tags/x/1.html": 50,
        "tags/x/1-2.html": 50,
        "tags/x/1-3.html": 80,
    }
    assert len(on_pages(tmp_path / "site", "tags/x")) == 290
    assert [line for line in second.splitlines() if b"<article" in line] == [
        line for line in (tmp_path / "site/tags/x/2.html").read_bytes().splitlines() if b"<article" in line
    ]
    check(tmp_path / "site")


def test_an_edit_changes_the_page_that_the_entry_is_on(store: Store, tmp_path: Path) -> None:
    many(store, 160)
    export(store, CONFIG, tmp_path / "site")
    before = pages_of(tmp_path / "site", "tags/x")
    edited = draft(f"{NOW - 9 * DAY}-0", published=NOW - 9 * DAY, categories=("x",), title="Put right")
    poll(store, WIRE, [edited], now=NOW + 1, policy=POLICY)
    export(store, CONFIG, tmp_path / "site")
    assert b">Put right</a>" in (tmp_path / "site/tags/x/1.html").read_bytes()
    assert pages_of(tmp_path / "site", "tags/x") == before


def test_entries_that_are_dropped_leave_all_pages_and_an_empty_page_goes(
    store: Store, tmp_path: Path
) -> None:
    many(store, 50, at=NOW - 20 * DAY, tag="old")
    many(store, 120)
    bring(store, "new")
    export(store, CONFIG, tmp_path / "site")
    assert len(on_pages(tmp_path / "site", "all")) == 171
    drop = (rule("r", "tag:old", drop=True),)
    while not store.curation.apply_rules(drop, span=None, now=NOW, limit=1000).done:
        pass
    export(store, CONFIG, tmp_path / "site")
    assert len(on_pages(tmp_path / "site", "all")) == 121
    found = plain(tmp_path / "site")
    assert "all/1.html" not in found
    assert "all/2.html" in found
    assert not [name for name in found if name.startswith("tags/old")]
    check(tmp_path / "site")


def test_a_source_that_is_renamed_is_called_so_on_all_pages(store: Store, tmp_path: Path) -> None:
    many(store, 160)
    export(store, CONFIG, tmp_path / "site")
    store.sync_sources([replace(WIRE, name="Telegraph")], now=NOW, policy=POLICY)
    export(store, CONFIG, tmp_path / "site")
    for name in pages_of(tmp_path / "site", "all"):
        assert b">Wire<" not in (tmp_path / "site" / name).read_bytes()


def test_a_feed_that_depends_on_the_clock_is_looked_at_each_time(store: Store, tmp_path: Path) -> None:
    recent = FeedSpec(slug="recent", title="Recent", max_age=DAY)
    settled = config(recent, sources=(WIRE,))
    store.sync_sources([WIRE], now=NOW, policy=settled.stories)
    bring(store, "a", policy=settled.stories)
    export(store, settled, tmp_path / "site")
    assert len(on_pages(tmp_path / "site", "feeds/recent")) == 1
    export(store, settled, tmp_path / "site", now=NOW + 2 * DAY)
    assert on_pages(tmp_path / "site", "feeds/recent") == []
    assert json.loads((tmp_path / "site/feeds/recent.json").read_bytes())["items"] == []
    assert len(on_pages(tmp_path / "site", "all")) == 1


def test_a_feed_with_another_look_is_made_anew_and_one_that_left_the_config_goes(
    store: Store, tmp_path: Path
) -> None:
    bring(store, "a", title="chips", content="<p>secret words</p>" + "text " * 200)
    export(store, CONFIG, tmp_path / "site")
    assert b"secret words" in (tmp_path / "site/feeds/chips.html").read_bytes()
    bare = replace(CHIPS, content=Content.NONE, title="Chips only")
    export(store, config(bare, sources=(WIRE,)), tmp_path / "site")
    page = (tmp_path / "site/feeds/chips.html").read_bytes()
    assert b"Chips only</bdi></h1>" in page
    assert b"secret words" not in page
    tally = export(store, config(sources=(WIRE,)), tmp_path / "site")
    assert tally.removed == 4
    assert not list((tmp_path / "site/feeds").iterdir())
    check(tmp_path / "site")


def test_feeds_with_a_token_are_left_out_and_no_token_is_told(store: Store, tmp_path: Path) -> None:
    private = FeedSpec(slug="private", title="Mine", token="s3cret")
    settled = config(CHIPS, private, sources=(WIRE,))
    settled = replace(settled, service=replace(settled.service, token="0pen"))
    bring(store, "a")
    export(store, settled, tmp_path / "site", base_url=BASE)
    for name, body in plain(tmp_path / "site").items():
        assert "private" not in name
        assert b"s3cret" not in body
        assert b"0pen" not in body
        assert b"Mine" not in body


def test_with_another_base_url_all_is_made_anew_and_without_one_all_is_relative(
    store: Store, tmp_path: Path
) -> None:
    many(store, 120)
    export(store, CONFIG, tmp_path / "site", base_url=BASE)
    assert BASE.encode() in (tmp_path / "site/all/1.html").read_bytes()
    export(store, CONFIG, tmp_path / "site")
    found = plain(tmp_path / "site")
    assert b' xmlUrl="all.atom" htmlUrl="all.html"' in found["opml.xml"]
    assert not [name for name, body in found.items() if b"me.example" in body or b"127.0.0.1" in body]
    check(tmp_path / "site")


def test_the_base_url_of_the_service_counts_when_it_is_set(store: Store, tmp_path: Path) -> None:
    bring(store, "a")
    export(store, config(sources=(WIRE,), base_url="https://feeds.example"), tmp_path / "site")
    check(tmp_path / "site", "https://feeds.example/")
    assert b"https://feeds.example/all.atom" in (tmp_path / "site/opml.xml").read_bytes()


def test_nothing_of_an_entry_becomes_markup_of_a_page(store: Store, tmp_path: Path) -> None:
    evil = '"><script>alert(1)</script>'
    bring(store, "a", title=evil, content=f"<p>{evil}</p><script>alert(2)</script>", categories=(evil,))
    export(store, CONFIG, tmp_path / "site")
    for name, body in plain(tmp_path / "site").items():
        if name.endswith(".html"):
            assert b"<script" not in body


def test_a_folder_with_another_site_is_refused_and_left_as_it_is(store: Store, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site/index.html").write_text("my own page")
    with pytest.raises(ArchiveError, match=r"index\.html: is not of an export"):
        export(store, CONFIG, tmp_path / "site")
    assert files(tmp_path / "site") == {"index.html": b"my own page"}


def test_files_of_others_beside_the_site_stay(store: Store, tmp_path: Path) -> None:
    bring(store, "a")
    (tmp_path / "site/feeds").mkdir(parents=True)
    (tmp_path / "site/CNAME").write_text("me.example")
    (tmp_path / "site/feeds").rmdir()
    export(store, CONFIG, tmp_path / "site")
    (tmp_path / "site/feeds/mine.txt").write_text("mine")
    export(store, config(sources=(WIRE,)), tmp_path / "site")
    assert (tmp_path / "site/CNAME").read_text() == "me.example"
    assert (tmp_path / "site/feeds/mine.txt").read_text() == "mine"


def test_a_folder_whose_files_are_lost_is_filled_again(store: Store, tmp_path: Path) -> None:
    many(store, 120)
    export(store, CONFIG, tmp_path / "site")
    before = files(tmp_path / "site")
    for name in before:
        (tmp_path / "site" / name).unlink()
    export(store, CONFIG, tmp_path / "site")
    assert files(tmp_path / "site") == before


def test_an_empty_store_has_a_site_too(store: Store, tmp_path: Path) -> None:
    tally = export_site(store, CONFIG, tmp_path / "site", now=NOW)
    assert tally.finished
    check(tmp_path / "site")
    assert b"Nothing here yet" in (tmp_path / "site/feeds/chips.html").read_bytes()
    assert not (tmp_path / "site/tags").exists(), "nothing links to a tag that no entry has"
