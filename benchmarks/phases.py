"""The measured work. Each phase runs in a process of its own, so that it finds nothing warm but its store."""

from __future__ import annotations

import http.client
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import requests

from aggregator.clock import now_ms
from aggregator.config import Config, Polling, Service
from aggregator.daemon.dispatch import take_claimable
from aggregator.daemon.polling import PollService, lease_of
from aggregator.model import FeedSpec, PollJob, PollReport, PollTally, Source, StoryPolicy
from aggregator.protocols import Store
from aggregator.store import open_store
from aggregator.web.app import create_app
from aggregator.web.metrics import Metrics
from aggregator.web.server import WebServer
from benchmarks.processes import family_cpu

CONCURRENCY = 16
FEED = FeedSpec(slug="all-languages", title="All languages", any=("en", "zh", "ja"))


def config(url: str, sources: int, database: Path) -> Config:
    """Return a config of that many loopback sources."""
    return Config(
        path=Path("benchmark.toml"),
        service=Service(database=str(database), bind="127.0.0.1:0"),
        polling=Polling(concurrency=CONCURRENCY, allow_private=(ip_network("127.0.0.0/8"),), host_gap=0),
        stories=StoryPolicy(feeds=(FEED,)),
        sources=tuple(
            Source(name=f"S{number}", url=f"{url}{number}", tags=(f"t{number % 5}",))
            for number in range(sources)
        ),
        feeds=(FEED,),
    )


def poll_all(config: Config) -> dict[str, Any]:
    """Poll every source once; return counts, wall and CPU seconds (parse processes included)."""
    store = open_store(config.service.database)
    store.sync_sources(config.sources, now=now_ms(), policy=config.stories)
    jobs = store.claim([source.name for source in config.sources], now=now_ms(), lease=lease_of(config))
    outcomes: Counter[str] = Counter()
    lock = threading.Lock()

    def observe(report: PollReport, _tally: PollTally) -> None:
        with lock:
            outcomes[report.outcome.value] += 1

    def claim(limit: int, busy: frozenset[str] | None) -> Sequence[PollJob]:
        return take_claimable(jobs, limit, busy)

    service = PollService(store, config, observe=observe, claim=claim)
    result = _measured(service.dispatcher.drain)
    service.stop(2)
    result |= {"outcomes": dict(outcomes), "entries": store.entry_count()}
    store.close()
    return result


def bare_requests(url: str, sources: int) -> dict[str, Any]:
    """Ask every source once with requests alone: a yardstick for a warm poll."""
    etags = {number: requests.get(f"{url}{number}", timeout=20).headers["ETag"] for number in range(sources)}
    local = threading.local()

    def ask(number: int) -> None:
        if not hasattr(local, "session"):
            local.session = requests.Session()
            local.session.trust_env = False
        answer = local.session.get(f"{url}{number}", headers={"If-None-Match": etags[number]}, timeout=20)
        assert answer.status_code == 304

    def ask_all() -> None:
        with ThreadPoolExecutor(CONCURRENCY) as pool:
            list(pool.map(ask, range(sources)))

    return _measured(ask_all)


class CountingStore:
    """A store that counts how often it is touched."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.touches = 0

    def __getattr__(self, name: str) -> Any:
        self.touches += 1
        return getattr(self._store, name)


def serve(config: Config, requests_: int) -> dict[str, Any]:
    """Answer conditional and full requests for one feed; return CPU µs and store touches of each."""
    store = CountingStore(open_store(config.service.database))
    app = create_app(store=store, config=lambda: config, ready=lambda: None, metrics=Metrics(store))
    server = WebServer(app, bind="127.0.0.1:0")
    server.start()
    host, port = server.address
    target = f"/feeds/{FEED.slug}.atom"
    connection = http.client.HTTPConnection(host, port)
    connection.request("GET", target)
    answer = connection.getresponse()
    size = len(answer.read())
    result: dict[str, Any] = {"bytes": size}
    for name, headers in (("304", {"If-None-Match": answer.headers["ETag"]}), ("200", {})):
        store.touches = 0
        client = _client_cpu(host, port, target, headers, requests_)
        result[name] = {
            "cpu_us": round(client["server_cpu_s"] / requests_ * 1e6),
            "store_touches": store.touches / requests_,
        }
    connection.close()
    server.stop(1)
    store.close()
    return result


def _client_cpu(host: str, port: int, target: str, headers: dict[str, str], count: int) -> dict[str, float]:
    """Ask from this process's main thread and subtract its CPU: what is left is the server's."""
    connection = http.client.HTTPConnection(host, port)
    before, own = time.process_time(), time.thread_time()
    for _ in range(count):
        connection.request("GET", target, headers=headers)
        connection.getresponse().read()
    used = (time.process_time() - before) - (time.thread_time() - own)
    connection.close()
    return {"server_cpu_s": used}


def _measured(work: Callable[[], object]) -> dict[str, Any]:
    wall, cpu = time.perf_counter(), family_cpu()
    work()
    return {"wall_s": time.perf_counter() - wall, "cpu_s": family_cpu() - cpu}


def main(arguments: list[str]) -> dict[str, Any]:
    """Run the named phase."""
    phase, url, sources, database = arguments
    settings = config(url, int(sources), Path(database))
    if phase == "bare":
        return bare_requests(url, int(sources))
    if phase == "serve":
        return serve(settings, 2000)
    return poll_all(settings)


if __name__ == "__main__":
    import json

    print(json.dumps(main(sys.argv[1:])))
