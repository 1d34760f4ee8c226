"""The composition root of `aggregator run`: store, polling and web server, from start to stop."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from types import FrameType

from aggregator.config import Config
from aggregator.daemon.polling import PollService, now_ms
from aggregator.daemon.reachability import Reachability
from aggregator.daemon.scheduler import Scheduler
from aggregator.exceptions import AggregatorError
from aggregator.model import PollReport, PollTally
from aggregator.protocols import Store
from aggregator.store import open_store
from aggregator.web.app import create_app
from aggregator.web.metrics import Metrics
from aggregator.web.server import WebServer

log = logging.getLogger(__name__)

STOP_POLLS = 2.5
STOP_WEB = 1.5
"""Seconds; with what else there is to do, well within the five that a stop may take."""

WATCH = 1.0
"""Seconds between two looks at the config file."""


def run_daemon(config: Config, reload: Callable[[], Config]) -> None:
    """Poll and serve until SIGTERM or SIGINT; read the config again at SIGHUP and when its file changes.

    `reload` returns the config as it is now, or raises `ConfigError`. Raises `StoreError` and `ServeError`
    when the service cannot start. Call it from the main thread.
    """
    with ExitStack() as stack:
        store = open_store(config.service.database)
        stack.callback(store.close)
        store.take_schedule()
        daemon = _Daemon(store, config, reload)
        server = WebServer(daemon.app, bind=config.service.bind)
        server.start()
        stack.callback(server.stop, STOP_WEB)
        host, port = server.address
        log.info(
            "serving %s (listening on %s port %d): %d sources, %d feeds",
            config.service.base_url,
            host,
            port,
            len(config.sources),
            len(config.feeds),
        )
        if not config.sources:
            log.warning("%s: there are no [[sources]] yet: add one with `aggregator add URL`", config.path)
        daemon.run()


class _Daemon:
    def __init__(self, store: Store, config: Config, reload: Callable[[], Config]) -> None:
        self._store = store
        self._config = config
        self._reload = reload
        self._stop = threading.Event()
        self._hangup = threading.Event()
        self._stamp = _stamp(config)
        self._metrics = Metrics(store)
        self._reachability = Reachability(_enabled(config))
        store.sync_sources(config.sources, now=now_ms())
        self._polls = PollService(store, config, observe=self._observe)
        self._scheduler = Scheduler(self._polls.dispatcher.tick)
        self.app = create_app(
            store=store,
            config=lambda: self._config,
            ready=self._scheduler.problem,
            metrics=self._metrics,
        )

    def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_stop)
        signal.signal(signal.SIGHUP, self._on_hangup)
        self._scheduler.start()
        try:
            while not self._stop.wait(WATCH):
                stamp = _stamp(self._config)
                if self._hangup.is_set() or stamp != self._stamp:
                    self._hangup.clear()
                    self._stamp = stamp
                    self._read_config()
        finally:
            log.info("stopping")
            began = time.monotonic()
            self._scheduler.stop()
            if not self._polls.stop(STOP_POLLS):
                log.warning("some polls hang and are left behind; they are repeated at the next start")
            log.info("stopped polling after %.1f s", time.monotonic() - began)

    def _read_config(self) -> None:
        before = self._config
        try:
            config = self._reload()
            self._store.sync_sources(config.sources, now=now_ms())
        except AggregatorError as error:
            for line in str(error).splitlines():
                log.error("%s", line)  # noqa: TRY400 - the line says it all
            log.error("the config was not reloaded: the one before stays in force")  # noqa: TRY400
            return
        self._config = config
        self._polls.reconfigure(config)
        self._reachability.sources = _enabled(config)
        log.info("%s: reloaded: %d sources, %d feeds", config.path, len(config.sources), len(config.feeds))
        for key in ("bind", "database"):
            if getattr(config.service, key) != getattr(before.service, key):
                log.warning("%s: [service] %s has changed: that takes a restart", config.path, key)
        self._polls.dispatcher.tick()

    def _observe(self, report: PollReport, tally: PollTally) -> None:
        self._metrics.observe_poll(report, tally)
        self._reachability.observe(report)
        if report.outcome.is_failure:
            level, said = logging.WARNING, report.message
        else:
            changes = tally.new or tally.updated
            level = logging.INFO if changes else logging.DEBUG
            said = f"{tally.new} new, {tally.updated} updated" if changes else report.message
        log.log(
            level,
            "polled %s: %s%s",
            report.name,
            report.outcome.value,
            f": {said}" if said else "",
            extra={
                "source": report.name,
                "outcome": report.outcome.value,
                "http_status": report.http_status,
                "new": tally.new,
                "updated": tally.updated,
                "bytes": report.size,
                "duration_ms": report.duration_ms,
            },
        )

    def _on_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stop.set()

    def _on_hangup(self, _number: int, _frame: FrameType | None) -> None:
        self._hangup.set()


def _enabled(config: Config) -> int:
    return sum(1 for source in config.sources if source.enabled)


def _stamp(config: Config) -> tuple[int, int, int] | None:
    """What changes when the config file is written or replaced; None while there is no such file."""
    try:
        status = config.path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
