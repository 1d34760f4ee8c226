"""Old entries that are deleted beside everything else."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from aggregator.config import Config, load
from aggregator.daemon import retention
from aggregator.daemon.retention import RetentionService
from aggregator.exceptions import StoreError
from aggregator.model import DueEntry, EntryQuery, PurgeReason, Retention, Source
from aggregator.store import open_store
from tests.daemon.process import wait_until
from tests.store.drafts import DAY, NOW, draft, poll

A = Source(name="A", url="https://a.example/feed")
OLD = DueEntry(id=1, title="Old", source="A", surfaced=1, reason=PurgeReason.AGE)
LIMITS = Retention(max_age=DAY)


class Work:
    """A pruning with so many batches left; it fails whenever it is told to."""

    def __init__(self, batches: int, *, applied: bool = True) -> None:
        self.left = batches
        self.applied = applied
        self.failures = 0
        self.runs = 0

    def due(self, _retention: Retention, _sources: Sequence[Source], *, now: int) -> Iterator[DueEntry]:
        assert now
        yield from [OLD] * self.left

    def purge(
        self, retention: Retention, _sources: Sequence[Source], *, now: int, limit: int
    ) -> Iterator[Sequence[DueEntry]]:
        assert now
        assert retention == LIMITS
        assert 0 < limit <= 1000, "polls must not wait for long"
        self.runs += 1
        if self.failures:
            self.failures -= 1
            raise StoreError("the disk is full")
        while self.left:
            self.left -= 1
            yield [OLD]

    def are_applied(self, _retention: Retention, _sources: Sequence[Source]) -> bool:
        return self.applied

    def compact(self) -> None:
        raise NotImplementedError


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "aggregator.toml").write_text("", encoding="utf-8")
    return replace(load(tmp_path / "aggregator.toml", {}), sources=(A,), retention=LIMITS)


@pytest.fixture(autouse=True)
def _speak(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="aggregator")


def serve(work: Work, config: Config, *, grace: float = 0.05, every: float = 60.0) -> RetentionService:
    service = RetentionService(work, config, grace=grace, every=every)
    service.start()
    return service


def test_it_prunes_after_its_grace_and_says_what_it_did(
    config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    work = Work(3)
    service = serve(work, config)
    wait_until(lambda: "deleted 3 entries" in caplog.text, "it has pruned")
    assert service.stop(5)
    assert ": A 3" in caplog.text
    assert "are new" not in caplog.text


def test_it_prunes_again_and_again(config: Config) -> None:
    work = Work(1)
    service = serve(work, config, every=0.02)
    wait_until(lambda: work.runs >= 3, "there were three runs")
    assert service.stop(5)


def test_nothing_is_deleted_before_the_grace_is_over_and_new_limits_are_told(
    config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    work = Work(3, applied=False)
    service = serve(work, config, grace=60)
    wait_until(lambda: "3 entries are deleted, from in 60 s on: A 3" in caplog.text, "they are told")
    assert service.stop(5)
    assert (work.runs, work.left) == (0, 3)


def test_other_limits_have_their_grace_and_others_keys_change_nothing(
    config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    work = Work(0)
    service = serve(work, replace(config, retention=Retention()), every=0.02)
    service.take(replace(config, retention=Retention(), sources=(replace(A, tags=("x",)),)))
    assert work.runs == 0
    work.left, work.applied = 2, False
    service.take(config)
    wait_until(lambda: "deleted 2 entries" in caplog.text, "it has pruned")
    assert "limits of [retention] or of sources are new: 2 entries" in caplog.text
    assert service.stop(5)


def test_a_database_that_fails_is_tried_again(
    config: Config, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "RETRY", 0.02)
    work = Work(1)
    work.failures = 2
    service = serve(work, config)
    wait_until(lambda: "deleted 1 entries" in caplog.text, "it has pruned")
    assert caplog.text.count("the disk is full") == 2
    assert service.stop(5)


def test_a_stop_ends_a_run_soon(config: Config) -> None:
    work = Work(1_000_000)
    service = serve(work, config)
    wait_until(lambda: work.runs, "it has begun")
    assert service.stop(5)
    assert work.left > 0


def test_what_is_due_goes_from_a_real_store(config: Config, tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "x.db"))
    store.sync_sources([A], now=NOW)
    poll(store, A, [draft("new", published=NOW), draft("old", published=NOW - 2 * DAY)])
    service = RetentionService(store.pruning, config, clock=lambda: NOW, grace=0.05)
    service.start()
    wait_until(lambda: store.entry_count() == 1, "the old one is gone")
    wait_until(lambda: store.pruning.are_applied(LIMITS, (A,)), "the run has come to its end")
    assert service.stop(5)
    assert [entry.title for entry in store.walk(EntryQuery())] == ["Title of new"]
    store.close()
