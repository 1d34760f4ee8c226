"""Links that are known from before: their items are not taken in."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pytest

from aggregator.ingest.normalize import normalize
from aggregator.model import Dedupe, ParsedEntry, ParsedFeed, PollTally, Source, StoryPolicy
from aggregator.protocols import Store
from aggregator.store.tombstones import know_links
from tests.store.drafts import DAY, HOUR, NOW, draft, key, poll
from tests.store.pruned import ids, prune, rows

A = Source(name="A", url="https://a.example/feed", tags=("a",))
B = Source(name="B", url="https://b.example/feed", tags=("b",))
LATER = NOW + HOUR


@pytest.fixture(autouse=True)
def _configured(store: Store) -> None:
    store.sync_sources([A, B], now=NOW)


def know(folder: Path, keys: Iterable[bytes]) -> int:
    with closing(sqlite3.connect(folder / "aggregator.db")) as conn, conn:
        return know_links(conn, keys)


def link(name: str) -> bytes:
    return key(f"https://example.org/{name}")


def test_items_of_known_links_are_passed_over_in_any_source(store: Store, tmp_path: Path) -> None:
    assert know(tmp_path, [link("a"), link("b"), link("a")]) == 2
    assert know(tmp_path, [link("a")]) == 0, "known already"
    off = StoryPolicy(dedupe=Dedupe.OFF)
    for source in (A, B):
        assert poll(store, source, [draft("a"), draft("b")], policy=off) == PollTally()
        assert poll(store, source, [draft("c"), draft("a"), draft("b")], policy=off, now=LATER).new == 1


def test_a_link_is_known_however_it_is_written(store: Store, tmp_path: Path) -> None:
    def read(url: str) -> bytes:
        feed = ParsedFeed(version="rss20", entries=(ParsedEntry(link=url, title="T"),))
        found = normalize(feed, url="https://a.example/feed").drafts[0].keys.link
        assert found is not None
        return found

    know(tmp_path, [read("http://EXAMPLE.org/story?utm_source=rss")])
    said = draft("a")
    item = type(said)(
        keys=type(said.keys)(text=key("t"), link=read("https://example.org/story")), revision=key("r")
    )
    assert poll(store, A, [item]).new == 0


def test_an_item_that_was_passed_over_stays_known_when_its_link_changes(store: Store, tmp_path: Path) -> None:
    know(tmp_path, [link("a")])
    poll(store, A, [draft("a")])
    assert poll(store, A, [draft("a", url="https://moved.example/1", title="Edited")], now=LATER).new == 0


def test_what_is_new_under_a_known_link_comes_in_once_the_source_was_met(
    store: Store, tmp_path: Path
) -> None:
    page = "https://example.org/today"
    know(tmp_path, [key(page)])
    assert poll(store, A, [draft("monday", url=page, content="Of monday")]).new == 0
    tuesday = draft("tuesday", url=page, content="Of tuesday", published=NOW + DAY)
    assert poll(store, A, [tuesday], now=NOW + DAY).new == 1


def test_an_entry_that_is_stored_is_updated_though_its_link_is_known(store: Store, tmp_path: Path) -> None:
    poll(store, A, [draft("a")])
    know(tmp_path, [link("a")])
    assert poll(store, A, [draft("a", title="Edited")], now=LATER).updated == 1
    assert poll(store, B, [draft("a", guid="from-b")], now=LATER).joined == 1


def test_an_entry_without_a_guid_does_not_make_its_link_anothers(store: Store, tmp_path: Path) -> None:
    poll(store, A, [draft("a", guid=None)])
    know(tmp_path, [link("a")])
    otherwise = draft("a", title="Edited", published=NOW - DAY, content="Edited, too")
    for round_ in range(3):
        assert poll(store, A, [otherwise], now=LATER + round_ * HOUR).new == 0
    assert len(ids(store)) == 1


def test_a_link_that_items_of_a_document_share_tells_nothing(store: Store, tmp_path: Path) -> None:
    page = "https://example.org/changelog"
    know(tmp_path, [key(page)])
    items = [draft(name, url=page, content=name, published=NOW - n * HOUR) for n, name in enumerate("abc")]
    assert poll(store, A, items).new == 3


def test_each_known_link_leaves_one_trace_at_most_in_a_source(store: Store, tmp_path: Path) -> None:
    know(tmp_path, [link("a")])
    for round_ in range(5):
        poll(store, A, [draft("a", guid=f"{round_}", published=NOW - round_ * DAY)], now=NOW + round_ * HOUR)
    assert rows(tmp_path, "SELECT entry_id FROM tombstones") == [(-1,)]


def test_a_link_that_is_known_after_its_entry_was_deleted_changes_nothing(
    store: Store, tmp_path: Path
) -> None:
    poll(store, A, [draft("a")])
    prune(store)
    know(tmp_path, [link("a")])
    assert poll(store, A, [draft("a")], now=NOW + 2 * DAY) == PollTally()
