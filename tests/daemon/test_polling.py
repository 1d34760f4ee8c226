"""The polling side of the service in this process: what a new config changes, and what a stop ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from aggregator.config import Config, parse
from aggregator.daemon.dispatch import take_claimable
from aggregator.daemon.polling import PollService
from aggregator.model import Outcome, PollJob, PollReport, PollTally
from aggregator.protocols import Store
from aggregator.store import open_store
from tests.daemon.process import rss, source, wait_until
from tests.origin import Origin, Seen

NOW = 0
HOUR = 3_600_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(str(tmp_path / "x.db"))
    yield store
    store.close()


class Reports:
    """Remembers how polls went."""

    def __init__(self) -> None:
        self.outcomes: list[tuple[str, Outcome]] = []

    def __call__(self, report: PollReport, _tally: PollTally) -> None:
        self.outcomes.append((report.name, report.outcome))


def configured(*sources: str, host_gap: str = "0s", **polling: int) -> Config:
    limits = "".join(f"{key} = {number}\n" for key, number in polling.items())
    text = f'[polling]\nallow_private = ["127.0.0.0/8"]\nhost_gap = "{host_gap}"\n{limits}{"".join(sources)}'
    return parse(text, Path("aggregator.toml"), {})


def test_a_claimed_source_that_has_left_the_config_is_given_back(store: Store) -> None:
    both = configured(*(source(name, f"http://127.0.0.1:9/{name}") for name in "AB"))
    store.sync_sources(both.sources, now=NOW)
    jobs = store.claim(["B"], now=NOW, lease=HOUR)
    waiting = list(jobs)

    def claim(limit: int, busy: frozenset[str] | None) -> list[PollJob]:
        return take_claimable(waiting, limit, busy)

    reports = Reports()
    without = configured(source("A", "http://127.0.0.1:9/A"))
    service = PollService(store, without, observe=reports, claim=claim)
    service.dispatcher.drain()
    assert service.stop(1)
    assert reports.outcomes == []
    assert [job.name for job in store.claim_due(now=NOW, limit=2, lease=1)] == ["A", "B"]


def test_a_stop_ends_the_polls_of_the_config_before_too(store: Store, origin: Origin) -> None:
    release = threading.Event()

    def hang(_seen: Seen, handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.flush()
        release.wait(20)

    urls = [origin.answer(f"/{name}", hang) for name in "AB"]
    config = configured(*(source(name, url) for name, url in zip("AB", urls, strict=True)))
    store.sync_sources(config.sources, now=NOW)
    reports = Reports()
    service = PollService(store, config, observe=reports)
    service.dispatcher.tick()
    wait_until(lambda: len(origin.requests) == 2, "both polls are under way")
    service.reconfigure(configured(parse_workers=1))
    began = time.monotonic()
    ended = service.stop(5)
    took = time.monotonic() - began
    release.set()
    assert ended
    assert took < 3
    assert reports.outcomes == [], "what the stop cut off is repeated at the next start"
    assert [status.outcome for status in store.source_statuses()] == [None, None]


def test_a_new_config_brings_its_concurrency_and_limits_and_ends_the_processes_of_the_old_ones(
    store: Store, origin: Origin
) -> None:
    text = source("A", origin.serve("/feed", rss("one")))
    config = configured(text, concurrency=3)
    store.sync_sources(config.sources, now=NOW)
    reports = Reports()
    service = PollService(store, config, observe=reports)
    service.dispatcher.drain()
    assert reports.outcomes == [("A", Outcome.OK)]
    (process,) = service._reader._idle

    service.reconfigure(configured(text, concurrency=5, host_gap="5s"))
    assert service.dispatcher.concurrency == 5
    assert service._turns.busy() == frozenset(), "hosts are told apart now"
    assert service._reader._idle == [process], "the same limits keep the same processes"

    service.reconfigure(configured(text, concurrency=5, parse_workers=1))
    wait_until(lambda: not process.is_alive(), "the process of the old limits has ended")
    assert service._reader._idle == []
    origin.serve("/feed", rss("one", "two"))
    store.sync_sources(config.sources, now=NOW)
    (job,) = store.claim(["A"], now=NOW, lease=HOUR)
    service._poll(job)
    assert reports.outcomes[1:] == [("A", Outcome.OK)]
    assert len(service._reader._idle) == 1
    assert service.stop(1)


def test_after_the_stop_no_parse_process_lives(store: Store, origin: Origin) -> None:
    config = configured(source("A", origin.serve("/feed", rss("one"))))
    store.sync_sources(config.sources, now=NOW)
    service = PollService(store, config, observe=Reports())
    service.dispatcher.drain()
    (process,) = service._reader._idle
    assert service.stop(1)
    assert not process.is_alive()
