"""The service's main loop in this process: reloads that fail, and a web server that ends."""

from __future__ import annotations

import fcntl
import os
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import SimpleQueue

import pytest

from aggregator.config import Config, load
from aggregator.daemon import runtime
from aggregator.daemon.runtime import _Daemon
from aggregator.exceptions import ConfigError, ServeError
from aggregator.protocols import Store
from aggregator.store import connections, open_store
from aggregator.web.server import WebServer
from tests.daemon.process import wait_until


@dataclass
class Bench:
    """A daemon's main loop in a thread, with a web server that only listens to the test."""

    store: Store
    config: Config
    reloads: list[Config | Exception] = field(default_factory=list)
    signals: SimpleQueue[int] = field(default_factory=SimpleQueue)
    error: ServeError | None = None

    def __post_init__(self) -> None:
        self.daemon = _Daemon(self.store, self.config, self.reload)
        self.server = WebServer(self.daemon.app, bind="127.0.0.1:0")
        self.server.start()
        self.daemon.serve_at(self.server.address)
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def reload(self) -> Config:
        loaded = self.reloads.pop(0) if len(self.reloads) > 1 else self.reloads[0]
        if isinstance(loaded, Exception):
            raise loaded
        return loaded

    def run(self) -> None:
        try:
            self.daemon.run(self.signals, self.server)
        except ServeError as error:
            self.error = error

    def stop(self) -> None:
        self.signals.put(signal.SIGTERM)
        self.thread.join(10)
        self.server.stop(2)


Begin = Callable[..., Bench]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    path = tmp_path / "aggregator.toml"
    path.write_text('[service]\nbind = "127.0.0.1:0"\n')
    loaded = load(path, {})
    return replace(loaded, service=replace(loaded.service, database=str(tmp_path / "x.db")))


@pytest.fixture
def begin(config: Config, monkeypatch: pytest.MonkeyPatch) -> Iterator[Begin]:
    monkeypatch.setattr(runtime, "WATCH", 0.05)
    store = open_store(config.service.database)
    begun: list[Bench] = []

    def begin(*reloads: Config | Exception) -> Bench:
        begun.append(Bench(store, config, list(reloads)))
        return begun[-1]

    yield begin
    for bench in begun:
        bench.stop()
    store.close()


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level("INFO", logger="aggregator")
    return caplog


def test_a_reload_while_the_database_is_locked_is_tried_again(
    begin: Begin, config: Config, said: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "BUSY_TIMEOUT", 0.05)
    bench = begin(config)
    lock = os.open(f"{config.service.database}.lock", os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    bench.signals.put(signal.SIGHUP)
    wait_until(lambda: said.text.count("was not reloaded") >= 2, "it was tried in vain, twice")
    assert "another process is writing" in said.text
    os.close(lock)
    wait_until(lambda: "reloaded: sources: 0" in said.text, "it has worked")


def test_a_config_that_cannot_be_used_is_not_read_again_before_it_changes(
    begin: Begin, config: Config, said: pytest.LogCaptureFixture
) -> None:
    bench = begin(ConfigError(["x.toml: wrong", "y: wrong, too"]), config)
    bench.signals.put(signal.SIGHUP)
    wait_until(lambda: "was not reloaded" in said.text, "it was refused")
    assert {"x.toml: wrong", "y: wrong, too"} < set(said.messages), "a line for each problem"
    bench.thread.join(0.3)
    assert "reloaded: sources" not in said.text
    config.path.write_text("# changed\n")
    wait_until(lambda: "reloaded: sources: 0" in said.text, "another file is read")


def test_a_web_server_that_ends_by_itself_ends_the_service(begin: Begin, config: Config) -> None:
    bench = begin(config)
    bench.server.stop(2)
    bench.thread.join(5)
    assert not bench.thread.is_alive()
    assert isinstance(bench.error, ServeError)
    assert "the web server has ended by itself" in str(bench.error)


def test_a_hangup_is_no_stop_and_a_termination_is(begin: Begin, config: Config) -> None:
    bench = begin(config)
    bench.signals.put(signal.SIGHUP)
    bench.thread.join(0.3)
    assert bench.thread.is_alive()
    bench.signals.put(signal.SIGINT)
    bench.thread.join(5)
    assert not bench.thread.is_alive()
    assert bench.error is None
