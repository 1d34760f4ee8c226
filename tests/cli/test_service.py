from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.cli.conftest import Desk
from tests.origin import Origin, Seen

FEED = """\
<?xml version="1.0"?><rss version="2.0"><channel><title>t</title>
<item><title>One</title><link>https://example.org/1</link></item>
<item><title>Two</title><link>https://example.org/2</link></item>
</channel></rss>
"""
POLL_KEYS = ["name", "outcome", "message", "http_status", "new", "updated", "bytes", "duration_ms"]


def source(name: str, url: str) -> str:
    return f'[[sources]]\nname = "{name}"\nurl = "{url}"\ntags = ["{name}s"]\n'


def test_a_poll_tells_how_each_source_went(desk: Desk, origin: Origin) -> None:
    url = origin.serve("/feed.xml", FEED, etag='"1"')
    desk.write(source("good", url) + source("missing", f"{origin.url}/nothing"))
    result = desk.type("poll", "--json")
    records = [json.loads(line) for line in result.stdout.splitlines()]
    good, missing = sorted(records, key=lambda record: str(record["name"]))
    assert list(good) == list(missing) == POLL_KEYS
    assert (good["name"], good["outcome"], good["http_status"], good["new"]) == ("good", "ok", 200, 2)
    assert good["bytes"] == len(FEED)
    assert (missing["name"], missing["outcome"], missing["http_status"]) == ("missing", "http error", 404)
    assert missing["message"]
    assert result.exit_code == 1


@pytest.fixture
def held(origin: Origin) -> Iterator[threading.Event]:
    """What is at /slow is answered once this is set."""
    released = threading.Event()

    def answer(_: Seen, handler: BaseHTTPRequestHandler) -> None:
        released.wait(20)
        handler.wfile.write(b"HTTP/1.0 404 Not Found\r\n\r\n")

    origin.answer("/slow", answer)
    yield released
    released.set()


def polling(desk: Desk) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "aggregator", "poll", "--json", "-c", str(desk.config_file)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_a_poll_is_printed_as_soon_as_it_ends(desk: Desk, origin: Origin, held: threading.Event) -> None:
    desk.write(source("slow", f"{origin.url}/slow") + source("good", origin.serve("/feed.xml", FEED)))
    with polling(desk) as command:
        assert command.stdout is not None
        first = json.loads(command.stdout.readline())
        assert not held.is_set()
        held.set()
        rest, _ = command.communicate(timeout=20)
    assert first["name"] == "good"
    assert [json.loads(line)["name"] for line in rest.splitlines()] == ["slow"]
    assert command.returncode == 1


def test_polls_go_on_when_nobody_reads_of_them_any_more(
    desk: Desk, origin: Origin, held: threading.Event
) -> None:
    names = [f"n{number}" for number in range(3)]
    urls = [origin.serve(f"/{name}", FEED) for name in names]
    desk.write(source("slow", f"{origin.url}/slow") + "".join(map(source, names, urls)))
    with polling(desk) as command:
        assert command.stdout is not None
        assert command.stderr is not None
        command.stdout.readline()
        command.stdout.close()
        held.set()
        said = command.stderr.read()
    assert (command.returncode, said) == (1, b"")
    assert {status["outcome"] for status in desk.json("sources")} == {"ok", "http error"}


def test_the_table_of_a_poll_is_in_the_order_of_the_config(
    desk: Desk, origin: Origin, held: threading.Event
) -> None:
    desk.write(source("slow", f"{origin.url}/slow") + source("good", origin.serve("/feed.xml", FEED)))
    threading.Timer(0.3, held.set).start()
    _, *rows = desk.type("poll").stdout.splitlines()
    assert [row.split()[0] for row in rows] == ["slow", "good"]


def test_a_named_source_is_polled_at_once_though_it_is_not_due(desk: Desk, origin: Origin) -> None:
    url = origin.serve("/feed.xml", FEED, etag='"1"')
    desk.write(source("good", url) + source("missing", f"{origin.url}/nothing"))
    assert desk.json("poll", "good")[0]["outcome"] == "ok"
    assert desk.json("poll", "good")[0]["outcome"] == "not modified"
    assert not origin.seen("/nothing")


def test_the_table_of_a_poll_has_a_row_per_source(desk: Desk, origin: Origin) -> None:
    desk.write(source("good", origin.serve("/feed.xml", FEED)))
    head, row = desk.done("poll").splitlines()
    assert head.split() == ["name", "outcome", "http", "new", "updated", "bytes", "ms", "message"]
    assert row.split()[:5] == ["good", "ok", "200", "2", "0"]


def test_an_unknown_name_is_a_mistake_and_nothing_is_polled(desk: Desk, origin: Origin) -> None:
    desk.write(source("good", origin.serve("/feed.xml", FEED)))
    result = desk.type("poll", "good", "goood")
    assert result.exit_code == 2
    assert "'goood'" in result.stderr
    assert "did you mean 'good'?" in result.stderr
    assert not origin.requests


def test_the_service_polls_serves_and_stops(desk: Desk, origin: Origin) -> None:
    desk.write(source("good", origin.serve("/feed.xml", FEED)))
    command = [sys.executable, "-m", "aggregator", "run", "-c", str(desk.config_file), "--log-format", "json"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as service:
        try:
            assert service.stderr is not None
            events = []
            for line in service.stderr:
                events.append(json.loads(line))
                if events[-1]["message"].startswith("polled good"):
                    break
            port = next(
                e["message"].split("port ")[1].split(")")[0] for e in events if "port" in e["message"]
            )
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/tags/goods.rss", timeout=10) as answer:
                assert answer.read().count(b"<item>") == 2
            service.send_signal(signal.SIGTERM)
            out, rest = service.communicate(timeout=10)
        finally:
            service.kill()
    assert service.returncode == 0
    assert out == ""
    events += [json.loads(line) for line in rest.splitlines()]
    (polled,) = (event for event in events if event.get("source") == "good")
    assert (polled["level"], polled["logger"], polled["outcome"]) == (
        "info",
        "aggregator.daemon.runtime",
        "ok",
    )
    assert isinstance(polled["ts"], int)


def test_what_prevents_the_start_is_logged_in_the_format_that_was_asked_for(
    desk: Desk, origin: Origin
) -> None:
    command = [sys.executable, "-m", "aggregator", "run", "-c", str(desk.config_file), "--log-format", "json"]
    for key, value, code in (
        ("BIND", f"127.0.0.1:{origin.port}", 1),
        ("BIND", "nonsense", 2),
    ):
        result = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env={f"AGGREGATOR_SERVICE__{key}": value},
        )
        assert result.returncode == code
        (event,) = [json.loads(line) for line in result.stderr.splitlines()]
        assert event["level"] == "error"
        assert value in event["message"]


@pytest.fixture
def starting(desk: Desk) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A service that reads its config from a pipe, and the pipe: its start takes as long as a test wants."""
    desk.config_file.unlink()
    os.mkfifo(desk.config_file)
    command = [sys.executable, "-m", "aggregator", "run", "-c", str(desk.config_file)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as service:
        try:
            yield service, _opened(desk.config_file)
        finally:
            service.kill()


def _opened(pipe: Path) -> int:
    for _ in range(1000):
        with suppress(OSError):  # until somebody reads from it
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        time.sleep(0.02)
    raise TimeoutError("the service did not read its config")


def test_a_reload_during_the_start_does_not_end_the_service(
    starting: tuple[subprocess.Popen[str], int],
) -> None:
    service, pipe = starting
    service.send_signal(signal.SIGHUP)
    os.write(pipe, b'[service]\nbind = "nonsense"\n')
    os.close(pipe)
    assert service.wait(20) == 2
    assert service.stderr is not None
    assert "nonsense" in service.stderr.read()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_during_the_start_is_a_quiet_end(
    starting: tuple[subprocess.Popen[str], int], number: signal.Signals
) -> None:
    service, pipe = starting
    service.send_signal(number)
    assert service.wait(5) == 0
    os.close(pipe)
    assert service.stderr is not None
    assert service.stderr.read() == ""


def test_an_address_that_is_taken_is_one_clear_line(desk: Desk, origin: Origin, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "aggregator", "run", "-c", str(desk.config_file)]
    env = {"AGGREGATOR_SERVICE__BIND": f"127.0.0.1:{origin.port}", "PATH": ""}
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=env)
    assert result.returncode == 1
    said = f"{desk.config_file}: Cannot listen at 127.0.0.1:{origin.port}: another program has that port"
    assert result.stderr.startswith(f"aggregator: {said}")
    assert result.stderr.count("\n") == 1
