"""A store that everything was done with is in order: the doctor has nothing to say against it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from aggregator.clock import now_ms
from aggregator.ingest.normalize import normalize
from aggregator.model import EntryDraft, EntryQuery, ParsedEntry, ParsedFeed, RawHtml
from aggregator.store import open_store
from aggregator.store.doctor import examine
from aggregator.store.findings import Level
from aggregator.store.repairs import repair
from benchmarks.invented_archive import write_archive
from tests.cli.conftest import Desk
from tests.store.drafts import DAY, HOUR

CONFIG = """
[[sources]]
name = "A"
url = "https://a.example/feed"
tags = ["{tag}"]
[[sources]]
name = "B"
url = "https://b.example/feed"
[[rules]]
name = "drop"
match = "title:3*"
drop = true
[[rules]]
name = "tag"
match = "title:4*"
add = ["four"]
[[feeds]]
slug = "mine"
title = "Mine"
any = ["{tag}"]
[retention]
max_entries = 100
"""


def _drafts(names: range, *, text: str = "", guid: str | None = None) -> tuple[EntryDraft, ...]:
    items = [
        ParsedEntry(
            title=f"Title {name}",
            link=f"https://x.example/{name if guid is None else 'log'}",
            guid=guid or f"guid {name}",
            published=None if name % 4 == 0 else f"2024-01-{1 + name % 28:02}T08:00:00Z",
            content=RawHtml(f"About {name % 20}. {text}"),
            categories=("news", f"c{name % 3}"),
        )
        for name in names
    ]
    return normalize(ParsedFeed(version="rss20", entries=tuple(items)), url="https://a.example/").drafts


def _against(path: Path) -> list[str]:
    found = [each for each in examine(path, now=now_ms()) if each.level is not Level.OK]
    return [each.message for each in found if each.check not in {"sqlite", "disk"}]


def _be_busy(desk: Desk, folder: Path) -> None:
    now = now_ms() - 10 * DAY
    desk.write(CONFIG.format(tag="a"))
    desk.bring("A", *_drafts(range(40)), now=now)
    desk.bring("B", *_drafts(range(20, 60)), now=now + HOUR)
    desk.bring("A", *_drafts(range(10, 50), text="More of it."), now=now + 2 * HOUR)
    desk.bring("A", *_drafts(range(100, 110), guid="0"), now=now + 3 * HOUR)
    desk.write(CONFIG.format(tag="z").replace("4*", "5*"))
    desk.bring("A", *_drafts(range(105, 115), guid="0"), now=now + 4 * HOUR)
    write_archive(folder / "archive", posts=500, wild=0.5)
    assert desk.type("import", "jekyll", folder / "archive").exit_code == 0
    desk.bring("B", *_drafts(range(30, 70), text="Other words."), now=now + 5 * HOUR)
    desk.done("rules", "apply")
    assert desk.type("prune").exit_code == 0
    desk.bring("A", *_drafts(range(45), text="Again."), now=now + 6 * HOUR)
    for arguments in (
        ("jekyll", folder / "safe"),
        ("site", folder / "site", "--base-url", "https://o.example"),
    ):
        assert desk.type("export", *arguments).exit_code == 0
    desk.done("backup", folder / "copy.db")


def test_a_busy_store_is_in_order_and_there_is_nothing_to_repair(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    _be_busy(desk, tmp_path)
    with closing(open_store(str(desk.database))) as store:
        store.entries(replace(EntryQuery(), limit=5))
    with closing(sqlite3.connect(desk.database)) as conn:
        tables = ("tombstones", "posts", "folders", "feed_entries", "known_links", "search_entries")
        for table in tables:
            assert conn.execute(f"SELECT EXISTS (SELECT 1 FROM {table})").fetchone() == (1,), table
        assert conn.execute("SELECT EXISTS (SELECT 1 FROM entries WHERE dropped)").fetchone() == (1,)
    assert _against(desk.database) == []
    assert _against(tmp_path / "copy.db") == []
    assert repair(desk.database) == []
