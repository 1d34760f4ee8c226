"""What the servers of sources see of the whole service, by their own logs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from itertools import pairwise
from pathlib import Path

import pytest

from aggregator.clock import now_ms
from aggregator.config import Config, parse
from aggregator.daemon.polling import PollService, poll_now
from aggregator.daemon.runtime import START_APART
from aggregator.model import PollReport
from aggregator.store import open_store
from tests.daemon.process import Daemon, rss, source, wait_until
from tests.origin import Origin, Seen

GAP = 0.25
ALLOWED = '[polling]\nallow_private = ["127.0.0.0/8"]\n'


@pytest.fixture
def other() -> Iterator[Origin]:
    with Origin("127.0.0.2") as other:
        yield other


class Log:
    """Answers with a feed, after a while, and remembers when each request came and was answered."""

    def __init__(self, takes: float = 0.02, head: str = "200 OK") -> None:
        self.visits: list[tuple[float, float]] = []
        self._takes = takes
        self._head = head

    def __call__(self, seen: Seen, handler: BaseHTTPRequestHandler) -> None:
        came = time.monotonic()
        time.sleep(self._takes)
        body = rss(seen.path.strip("/"))
        head = f"HTTP/1.1 {self._head}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        self.visits.append((came, time.monotonic()))
        handler.wfile.write((head + body).encode())

    @property
    def gaps(self) -> list[float]:
        """Seconds from each answer to the next request; negative when two were under way at once."""
        return [came - answered for (_, answered), (came, _) in pairwise(sorted(self.visits))]


def feeds(origin: Origin, log: Log, count: int, prefix: str = "") -> str:
    urls = [origin.answer(f"/{prefix}{number}", log) for number in range(count)]
    return "".join(source(f"{prefix}{number}", url) for number, url in enumerate(urls))


def test_one_request_at_a_time_with_a_gap_to_each_host_and_no_host_delays_another(
    origin: Origin, other: Origin, tmp_path: Path
) -> None:
    busy, quick = Log(), Log()
    config = feeds(origin, busy, 5, "a") + feeds(other, quick, 2, "b") + feeds(origin, busy, 4, "c")
    with Daemon(tmp_path, config, host_gap=f"{GAP * 1000:.0f}ms") as daemon:
        wait_until(lambda: len(busy.visits) == 9 and len(quick.visits) == 2, "all are polled")
        daemon.stop()
    assert min(busy.gaps) >= GAP
    assert min(quick.gaps) >= GAP
    assert busy.visits[-1][0] - busy.visits[0][0] < 7, "not one for each tick"
    assert quick.visits[-1][0] < busy.visits[-1][0], "the other host's sources did not wait for all of these"


def test_a_redirect_to_another_host_takes_its_place_among_that_hosts_requests(
    origin: Origin, other: Origin, tmp_path: Path
) -> None:
    log = Log()
    direct = feeds(other, log, 3, "direct")
    targets = [other.answer(f"/target{number}", log) for number in range(3)]
    led = "".join(
        source(f"led{number}", origin.serve(f"/led{number}", b"", status=302, headers={"Location": to}))
        for number, to in enumerate(targets)
    )
    config = parse(f'{ALLOWED}host_gap = "{GAP * 1000:.0f}ms"\n{led}{direct}', tmp_path / "x.toml", {})
    reports = polled(config, tmp_path)
    assert sorted(report.outcome.value for report in reports) == ["ok"] * 6
    assert len(log.visits) == 6
    assert min(log.gaps) >= GAP


def polled(config: Config, folder: Path, *names: str, due_only: bool = False) -> list[PollReport]:
    """Poll as `aggregator poll` does."""
    reports: list[PollReport] = []
    poll_now(
        in_folder(config, folder),
        names,
        on_start=lambda _: None,
        on_result=lambda report, _: reports.append(report),
        due_only=due_only,
    )
    return reports


def in_folder(config: Config, folder: Path) -> Config:
    return replace(config, service=replace(config.service, database=str(folder / "x.db")))


def test_who_polls_by_hand_keeps_to_the_gap_and_does_not_wait_longer(origin: Origin, tmp_path: Path) -> None:
    log = Log(takes=0)
    config = parse(f'{ALLOWED}host_gap = "1s"\n{feeds(origin, log, 3)}', tmp_path / "x.toml", {})
    assert len(polled(config, tmp_path)) == 3
    assert min(log.gaps) >= 1
    assert max(log.gaps) < 2.5
    began = time.monotonic()
    polled(replace(config, polling=replace(config.polling, host_gap=30_000)), tmp_path, "1")
    assert time.monotonic() - began < 10


def test_who_polls_what_is_due_asks_nobody_twice(origin: Origin, tmp_path: Path) -> None:
    log = Log(takes=0)
    config = parse(f'{ALLOWED}host_gap = "0s"\n{feeds(origin, log, 2)}', tmp_path / "x.toml", {})
    assert len(polled(config, tmp_path, "1", due_only=True)) == 1
    assert [report.name for report in polled(config, tmp_path, due_only=True)] == ["0"]
    assert polled(config, tmp_path, due_only=True) == []
    assert len(log.visits) == 2


def test_a_host_that_says_too_many_is_left_alone_over_a_restart(
    origin: Origin, other: Origin, tmp_path: Path
) -> None:
    limited, fine = Log(takes=0, head="429 Too Many Requests\r\nRetry-After: 3600"), Log(takes=0)
    config = feeds(origin, limited, 5, "a") + feeds(other, fine, 2, "b")
    for _ in range(2):
        with Daemon(tmp_path, config, host_gap="200ms") as daemon:
            wait_until(lambda: len(fine.visits) == 2, "the other host's sources are polled")
            time.sleep(1.2)
            daemon.stop()
    assert (len(limited.visits), len(fine.visits)) == (1, 2)


def test_a_start_does_not_ask_everybody_at_once(tmp_path: Path, origin: Origin) -> None:
    log = Log(takes=0)
    with Daemon(tmp_path, feeds(origin, log, 20)) as daemon:
        wait_until(lambda: len(log.visits) == 20, "all are polled")
        first = log.visits[0][0]
        assert log.visits[-1][0] - first > 15 * START_APART / 1000
        daemon.write(feeds(origin, log, 20) + feeds(origin, log, 15, "new"))
        wait_until(lambda: len(log.visits) == 35, "the new ones are polled")
        assert log.visits[-1][0] - log.visits[20][0] > 8 * START_APART / 1000
        daemon.stop()


def test_ten_restarts_ask_nobody_before_it_is_due(tmp_path: Path, origin: Origin) -> None:
    urls = [
        origin.serve("/plain", rss("a")),
        origin.serve("/fresh", rss("b"), headers={"Cache-Control": "max-age=7200"}),
        origin.serve("/down", "no", status=503, headers={"Retry-After": "1800"}),
        origin.serve("/gone", "no", status=410),
    ]
    sources = "".join(source(url.rsplit("/", 1)[1], url, interval='"1m"') for url in urls)
    config = in_folder(parse(f'{ALLOWED}host_gap = "0s"\n{sources}', tmp_path / "x.toml", {}), tmp_path)
    for _ in range(11):
        with closing(open_store(config.service.database)) as store:
            store.take_schedule()
            store.sync_sources(config.sources, now=now_ms())
            store.spread_due(now=now_ms(), apart=0)
            service = PollService(store, config, observe=lambda _report, _tally: None)
            service.dispatcher.drain()
            assert service.stop(2)
    assert len(origin.requests) == 4
