"""`python -m benchmarks.hostile`: memory that hostile documents cost, and what 10,000 polls leave behind."""

from __future__ import annotations

import ctypes
import gzip
import json
import multiprocessing
import os
import re
import tempfile
import threading
import zlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import brotli  # type: ignore[import-untyped]  # it ships no types
import click
import zstandard

from aggregator.clock import now_ms
from aggregator.ingest.fetch import HttpFetcher
from aggregator.ingest.guard import AddressGuard
from aggregator.ingest.poll import Poller
from aggregator.ingest.workers import ParsePool
from aggregator.model import PollReport, Source, StoryPolicy
from aggregator.protocols import Store
from aggregator.store import open_store
from benchmarks.processes import family_memory

MIB = 2**20
BOMB = 512 * MIB
LARGEST = 10 * MIB


def bodies() -> Iterator[tuple[str, str, bytes]]:
    """Yield name, Content-Encoding and body of each document. Made in the origin's process only."""
    stream = zlib.compressobj(1, wbits=16 + zlib.MAX_WBITS)
    zeros = b"".join(stream.compress(bytes(MIB)) for _ in range(BOMB // MIB)) + stream.flush()
    yield "bomb, gzip", "gzip", zeros
    yield "bomb, gzip twice", "gzip, gzip", gzip.compress(zeros)
    yield "bomb, br", "br", brotli.compress(bytes(BOMB // 4), quality=1)
    yield "bomb, zstd", "zstd", zstandard.compress(bytes(BOMB))
    yield "bomb in a gzip file", "", zeros
    yield "no feed, as large as may be", "", b"<x>" + b" " * (LARGEST - 3)
    title = b"<rss><channel><item><title>%s</title></item></channel></rss>"
    yield "title of 9 MiB", "", title % (b"x" * 9 * MIB)
    yield "title of 9 MiB with an emoji", "", title % (b"x" * 9 * MIB + "🎉".encode())
    items = b"".join(b"<item><title>%d</title></item>" % number for number in range(200_000))
    yield "200,000 items", "", b"<rss><channel>%s</channel></rss>" % items
    yield "nesting of 1,000,000", "", b"<rss><channel>" + b"<x>" * 1_000_000
    attributes = b" ".join(b'a%d=""' % number for number in range(400_000))
    yield "400,000 attributes", "", b"<rss><channel><x %s/></channel></rss>" % attributes
    text = b"<item><title>%d</title><description>%s</description></item>"
    feed = b"".join(text % (number, b"y" * 90_000) for number in range(100))
    yield "100 long articles", "", b"<rss><channel>%s</channel></rss>" % feed


def _serve(ready: Connection) -> None:
    resources = {f"/{number}": one for number, one in enumerate(bodies())}
    feed = b"<rss><channel><title>A</title>%s</channel></rss>"
    item = b"<item><title>%d</title><link>https://news.example/%d</link></item>"
    asked: Counter[str] = Counter()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked[self.path] += 1
            if self.path.startswith("/feed"):  # a new item each fourth time
                first = asked[self.path] // 4
                self.answer(
                    "", feed % b"".join(item % (number, number) for number in range(first, first + 20))
                )
            else:
                _, coding, body = resources[self.path]
                self.answer(coding, body)

        def answer(self, coding: str, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Encoding", coding)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            pass  # a client that has seen enough hangs up

    with Server(("127.0.0.1", 0), Handler) as server:
        ready.send((server.server_address[1], [name for name, _, _ in resources.values()]))
        server.serve_forever()


@contextmanager
def _origin() -> Iterator[tuple[str, list[str]]]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        port, names = ours.recv()
        yield f"http://127.0.0.1:{port}/", names
    finally:
        process.terminate()
        process.join()


class _Bench:
    def __init__(self, folder: str) -> None:
        self.store: Store = open_store(str(Path(folder) / "bench.db"))
        self.pool = ParsePool(workers=2, timeout=30_000, memory=512 * MIB)
        self.poller = Poller(
            store=self.store,
            fetcher=HttpFetcher(
                guard=AddressGuard([ip_network("127.0.0.1/32")]), user_agent="aggregator-benchmarks"
            ),
            reader=self.pool,
            clock=now_ms,
            policy=StoryPolicy(),
            max_backoff=86_400_000,
        )

    def poll(self, source: Source) -> PollReport:
        (job,) = self.store.claim([source.name], now=now_ms(), lease=1)
        done = self.poller.poll(job, source)
        assert done is not None
        return done[0]

    def close(self) -> None:
        self.pool.close()
        self.store.close()


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--polls", default=10_000, show_default=True, help="How many polls are counted.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON in place of the table.")
def main(*, polls: int, as_json: bool) -> None:
    """Measure what hostile documents cost in memory, and what many polls leave behind. Needs Linux."""
    with _origin() as (url, names), tempfile.TemporaryDirectory() as folder:
        bench = _Bench(folder)
        try:
            rows = {**_hostile(bench, url, names), **_many(bench, url, polls)}
        finally:
            bench.close()
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for name, row in rows.items():
        click.echo(f"{name:<30}" + "  ".join(f"{key} {value}" for key, value in row.items()))


def _hostile(bench: _Bench, url: str, names: list[str]) -> dict[str, dict[str, Any]]:
    sources = [
        Source(name=name, url=f"{url}{number}", timeout=60_000, max_size=LARGEST)
        for number, name in enumerate(names)
    ]
    calm = Source(name="calm", url=f"{url}feed", max_size=LARGEST)
    bench.store.sync_sources([*sources, calm], now=now_ms())
    bench.poll(calm)  # what is loaded once is loaded now
    rows = {}
    for source in sources:
        _give_back_memory()
        before = _own_memory("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew: see proc(5)
        report = bench.poll(source)
        rows[source.name] = {
            "outcome": report.outcome.value,
            "s": round(report.duration_ms / 1000, 2),
            "service_peak_mib": round(_own_memory("VmHWM") - before, 1),
        }
    return rows


def _many(bench: _Bench, url: str, polls: int) -> dict[str, dict[str, Any]]:
    sources = [Source(name=f"S{number}", url=f"{url}feed{number}") for number in range(50)]
    bench.store.sync_sources(sources, now=now_ms())
    rows = {}
    with ThreadPoolExecutor(8) as threads:
        for label, count in (
            ("after a tenth of the polls", polls // 10),
            ("after all polls", polls - polls // 10),
        ):
            outcomes = Counter(
                report.outcome.value
                for report in threads.map(bench.poll, (sources[number % 50] for number in range(count)))
            )
            rows[label] = {
                "rss_mib": round(_own_memory("VmRSS"), 1),
                "threads": threading.active_count(),
                "files": len(list(Path("/proc/self/fd").iterdir())),
                "processes": family_memory(os.getpid())["processes"],
                "outcomes": dict(outcomes),
            }
    return rows


def _give_back_memory() -> None:
    """Let go of what was freed before, so that the next one cannot use it unseen."""
    with suppress(OSError, AttributeError):  # only glibc has it
        ctypes.CDLL(None).malloc_trim(0)


def _own_memory(field: str) -> float:
    found = re.search(rf"^{field}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


if __name__ == "__main__":
    main()
