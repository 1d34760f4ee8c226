"""Feeds that are filled beside everything else."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator.daemon import filling
from aggregator.daemon.filling import FeedFiller, fill_for
from aggregator.exceptions import StoreError
from aggregator.model import Applied, InForce, Rule, Source, StoredEntry, StoryPolicy
from aggregator.store import open_store
from tests.store.curated import Tables, feed
from tests.store.drafts import NOW, draft, poll

A = Source(name="A", url="https://a.example/feed")


class Work:
    """A curation with so many batches of feeds left to fill; it fails whenever it is told to."""

    def __init__(self, batches: int) -> None:
        self.left = batches
        self.failures = 0
        self.calls = 0
        self.idle = threading.Event()

    def fill_feeds(self, *, limit: int) -> int:
        assert 0 < limit <= 1000, "polls must not wait for long"
        self.calls += 1
        if self.failures:
            self.failures -= 1
            raise StoreError("the disk is full")
        self.left = max(0, self.left - 1)
        if not self.left:
            self.idle.set()
        return self.left

    def apply_rules(self, rules: tuple[Rule, ...], *, span: int | None, now: int, limit: int) -> Applied:
        raise NotImplementedError

    def in_force(self) -> InForce:
        raise NotImplementedError

    def stored(self, *, since: int | None = None) -> Iterator[StoredEntry]:
        raise NotImplementedError

    def count_stored(self, *, since: int | None = None) -> int:
        raise NotImplementedError

    def stored_entry(self, entry_id: int) -> StoredEntry | None:
        raise NotImplementedError


def test_it_goes_on_until_all_is_filled_and_looks_again_when_it_is_told_to() -> None:
    work = Work(5)
    filler = FeedFiller(work)
    filler.start()
    assert work.idle.wait(10)
    done = work.calls
    time.sleep(0.1)
    assert work.calls == done, "nothing is asked while nothing is to be done"
    work.idle.clear()
    work.left = 3
    filler.look()
    assert work.idle.wait(10)
    assert filler.stop(10)


def test_a_database_that_fails_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(filling, "RETRY", 0.01)
    work = Work(2)
    work.failures = 2
    filler = FeedFiller(work)
    filler.start()
    assert work.idle.wait(10)
    assert filler.stop(10)
    assert "the disk is full" in caplog.text


def test_a_stop_waits_for_one_batch_only() -> None:
    work = Work(1_000_000)
    filler = FeedFiller(work)
    filler.start()
    assert filler.stop(10)
    calls = work.calls
    time.sleep(0.1)
    assert work.calls == calls


def test_a_round_of_polls_fills_for_a_while_and_says_when_something_is_left() -> None:
    assert fill_for(Work(3), 10)
    assert not fill_for(Work(1_000_000), 0.05)


def test_a_feed_is_whole_while_others_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aggregator.store.sources._FILLED_AT_ONCE", 10)
    monkeypatch.setattr(filling, "BATCH", 10)
    store = open_store(str(tmp_path / "aggregator.db"))
    store.sync_sources([A], now=NOW)
    poll(store, A, [draft(f"n{number}", published=NOW - number) for number in range(100)])
    policy = StoryPolicy(feeds=(feed("f", "title:title"),))
    store.sync_sources([A], now=NOW, policy=policy)
    filler = FeedFiller(store.curation)
    filler.start()
    for number in range(5):
        poll(store, A, [draft(f"m{number}", published=NOW + number)], policy=policy, now=NOW + number)
    deadline = time.monotonic() + 20
    while store.curation.fill_feeds(limit=1):
        assert time.monotonic() < deadline
    assert filler.stop(10)
    assert len(Tables(tmp_path / "aggregator.db").feed("f")) == 105
    store.close()
