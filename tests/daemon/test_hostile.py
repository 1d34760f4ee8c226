"""The whole service beside sources that want to hold it up, and under a kill at any moment."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections import defaultdict
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler
from itertools import pairwise
from pathlib import Path

from tests.daemon.process import ROOT, Daemon, rss, source, wait_until
from tests.hostile import framing, headers, sizes, slow, statuses
from tests.hostile.scenario import FEED, Scenario, Speak, http
from tests.origin import Origin, Peer, Seen, read_request

INTERVAL = 2.0
PATIENCE = 4.0  # with a busy machine: four tests run at a time
BENCH = 7.5
"""Seconds for which the daemon is watched."""

PARSER_BOMBS = {
    "nesting of 80,000": b"<rss><channel>" + b"<x>" * 80_000,
    "nesting of 80,000 that ends": b"<rss><channel>"
    + b"<x>" * 80_000
    + b"</x>" * 80_000
    + b"</channel></rss>",
    "300,000 items": b"<rss><channel>" + b"<item><title>x</title></item>" * 300_000 + b"</channel></rss>",
}
SOME = {
    *("no answer", "headers, then nothing", "headers drip", "body drips", "chunks drip"),
    *("half a body, then nothing", "status line drips", "chunk extension drips", "redirect whose body hangs"),
    *(
        "500",
        "404",
        "429",
        "410",
        "header of 100 KB",
        "binary HTTP/2",
        "SMTP",
        "reset in the body",
        "nothing",
    ),
    *(
        "no last chunk",
        "body without end",
        "chunks without end",
        "items without end",
        "bomb: gzip, gzip",
        "bomb: br",
    ),
    *(
        "bomb in a gzip file",
        "gzip that is none",
        "white space",
        "bomb in a redirect",
        "error page without end",
    ),
}


def some_scenarios() -> list[Scenario]:
    themes = (statuses, headers, framing, slow, sizes)
    found = [one for theme in themes for one in theme.SCENARIOS if one.name in SOME]
    assert {one.name for one in found} == SOME
    return found


def speaking(answers: dict[str, bytes | Speak]) -> Speak:
    def speak(sock: socket.socket) -> None:
        head = read_request(sock)
        answer = answers.get(head.split()[1].decode() if head else "", b"")
        if callable(answer):
            answer(sock)
        else:
            sock.sendall(answer)

    return speak


def test_healthy_sources_are_polled_in_time_beside_hostile_ones(origin: Origin, tmp_path: Path) -> None:
    seen: dict[str, list[float]] = defaultdict(list)

    def healthy(request: Seen, handler: BaseHTTPRequestHandler) -> None:
        seen[request.path].append(time.monotonic())
        handler.wfile.write(http(rss(request.path[1:]).encode()))

    config = 'parse_timeout = "2s"\n'
    for number in range(10):
        url = origin.answer(f"/healthy{number}", healthy)
        config += source(f"healthy {number}", url, interval=f'"{INTERVAL:g}s"')
    outcomes = {}
    with ExitStack() as stack:
        for scenario in some_scenarios():
            peer = stack.enter_context(Peer(speaking(dict(scenario.answers))))
            outcomes[scenario.name] = scenario.outcome
            config += source(
                scenario.name, peer.url + FEED, interval='"1s"', timeout='"3s"', max_size='"1MiB"'
            )
        for name, body in PARSER_BOMBS.items():
            peer = stack.enter_context(Peer(speaking({FEED: http(body)})))
            config += source(name, peer.url + FEED, interval='"1s"')
        daemon = stack.enter_context(Daemon(tmp_path, config))
        wait_until(lambda: len(seen) == 10, "each healthy source was polled")
        wait_until(lambda: len(daemon.items("/all.json?limit=1000")) >= 10, "their entries are published")
        time.sleep(BENCH / 3)
        before = resources(daemon)
        end = time.monotonic() + BENCH * 2 / 3
        slowest = 0.0
        while time.monotonic() < end:
            began = time.monotonic()
            assert daemon.get("/")[0] == 200
            slowest = max(slowest, time.monotonic() - began)
            time.sleep(0.2)
        after = resources(daemon)
        told = outcomes_of(daemon)
        assert daemon.stop() < 5
    assert slowest < 1
    assert max(b - a for times in seen.values() for a, b in pairwise(times)) < 2 * INTERVAL + PATIENCE
    told = {name: "ok" if outcome == "unchanged" else outcome for name, outcome in told.items()}
    assert {name: told[name] for name in outcomes} == {name: str(one) for name, one in outcomes.items()}
    assert all(later <= earlier + 25 for earlier, later in zip(before, after, strict=True)), (before, after)


def resources(daemon: Daemon) -> tuple[int, int]:
    """Return how many files and threads the daemon has, where the system tells."""
    process = Path(f"/proc/{daemon.process.pid}")
    if not process.exists():
        return 0, 0
    return len(list((process / "fd").iterdir())), len(list((process / "task").iterdir()))


def outcomes_of(daemon: Daemon) -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "aggregator", "-c", str(daemon.config), "sources", "--json"],
        capture_output=True,
        check=True,
        cwd=daemon.config.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    records = [json.loads(line) for line in done.stdout.splitlines()]
    return {record["name"]: record["outcome"] for record in records}


def test_kill_9_at_random_moments_loses_and_doubles_nothing(origin: Origin, tmp_path: Path) -> None:
    """`KILLS` sets how many, `KILL_SEED` which; each daemon lives for less than a second after its start."""
    kills = int(os.environ.get("KILLS", "8"))
    dice = random.Random(os.environ.get("KILL_SEED", "1"))
    config = ""
    for number in range(20):
        names = [f"n{number}-{item}" for item in range(20)]
        url = origin.serve(f"/{number}", rss(*names), etag=f'"{number}"')
        config += source(f"S{number}", url, interval='"1s"')
    for _ in range(kills):
        with Daemon(tmp_path, config) as daemon:
            if dice.random() < 0.8:  # the others are killed while they start
                daemon.wait_for_line("listening on")
            time.sleep(dice.uniform(0, 0.7))
            daemon.stop(signal.SIGKILL)
        check_sound(daemon.database)
    with Daemon(tmp_path, config) as daemon:
        wait_until(lambda: len(daemon.items("/all.json?limit=1000")) == 400, "everything is there")
        daemon.stop()
    with sqlite3.connect(daemon.database) as connection:
        counted = connection.execute("SELECT count(*), count(DISTINCT guid) FROM entries").fetchone()
    connection.close()
    assert counted == (400, 400)


def check_sound(database: Path) -> None:
    if not database.exists():
        return  # killed before it was made
    with sqlite3.connect(database) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'entries'").fetchone():
            doubled = "SELECT guid FROM entries GROUP BY guid HAVING count(*) > 1"
            assert connection.execute(doubled).fetchall() == []
    connection.close()
