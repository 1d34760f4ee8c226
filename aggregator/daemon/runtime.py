"""The composition root of `aggregator run`: store, polling and web server, from start to stop."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from queue import Empty, SimpleQueue

from aggregator.clock import now_ms
from aggregator.config import Config, Service
from aggregator.config.urls import base_url_of
from aggregator.daemon.archives import ArchiveKeeper
from aggregator.daemon.backups import BackupService
from aggregator.daemon.changes import tell_changes
from aggregator.daemon.filling import FeedFiller
from aggregator.daemon.polling import PollService
from aggregator.daemon.reachability import Reachability
from aggregator.daemon.retention import RetentionService
from aggregator.daemon.scheduler import Scheduler
from aggregator.daemon.subscriptions import ListService
from aggregator.exceptions import AggregatorError, ServeError, StoreError
from aggregator.ingest.follow import with_lists
from aggregator.model import PollReport, PollTally
from aggregator.protocols import Store
from aggregator.store import database_file, open_store
from aggregator.web.app import create_app
from aggregator.web.metrics import Metrics
from aggregator.web.server import WebServer

log = logging.getLogger(__name__)

STOP_POLLS = 2.5
STOP_WEB = 1.5
STOP_FILLER = 0.5
STOP_RETENTION = 0.2
STOP_BACKUP = 0.3
STOP_ARCHIVES = 0.3
"""Seconds; with what else there is to do, well within the five that a stop may take."""

WATCH = 1.0
"""Seconds between two looks at the config file."""

START = 3_000
"""Milliseconds over which few sources are spread that are due when the service starts."""

START_APART = 100
"""Milliseconds between two of them, at least: many take longer."""


def run_daemon(config: Config, reload: Callable[[], Config]) -> None:
    """Poll and serve until SIGTERM or SIGINT; read the config again at SIGHUP and when its file changes.

    `reload` returns the config as it is now, or raises `ConfigError`. Raises `StoreError` and `ServeError`
    when the service cannot start, and `ServeError` when the web server ends by itself. Call it from the main
    thread.
    """
    signals: SimpleQueue[int] = SimpleQueue()  # its put is safe in a signal handler, unlike an Event's set
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: signals.put(number))
    with ExitStack() as stack:
        with _naming(config):
            store = open_store(config.service.database)
            stack.callback(store.close)
            store.take_schedule()
            daemon = _Daemon(store, config, reload)
            server = WebServer(daemon.app, bind=config.service.bind)
            server.start()
            stack.callback(server.stop, STOP_WEB)
        daemon.serve_at(server.address)
        daemon.run(signals, server)


class _Daemon:
    def __init__(self, store: Store, config: Config, reload: Callable[[], Config]) -> None:
        self._store = store
        self._reload = reload
        self._stale = False
        self._stamp = _stamp(config)
        self._started = config.service
        self._own = config  # without the sources of lists
        taken = store.lists.revision()
        self._config = config = with_lists(config, store)
        self._metrics = Metrics(store)
        self._reachability = Reachability(_enabled(config))
        self._sync(config)
        self._polls = PollService(store, config, observe=self._observe)
        self._scheduler = Scheduler(self._polls.dispatcher.tick)
        self._filler = FeedFiller(store.curation)
        self._retention = RetentionService(store.pruning, config)
        self._archives = ArchiveKeeper(store)
        self._backups = BackupService(database_file(config.service.database), config.backup)
        polls = self._polls
        self._lists = ListService(store, self._own, fetch=polls.fetch, read=polls.read_list, taken=taken)
        self.app = create_app(
            store=store,
            config=lambda: self._config,
            ready=self._scheduler.problem,
            metrics=self._metrics,
        )

    def serve_at(self, address: tuple[str, int]) -> None:
        """Say where the service listens, and publish that address where the config names no other."""
        host, port = address
        config = self._config
        if _is_derived(config.service):
            bound = f"{config.service.bind.rpartition(':')[0]}:{port}"
            self._started = replace(self._started, base_url=base_url_of(bound))
            self._config = replace(config, service=self._started)
            self._own = replace(self._own, service=self._started)
        log.info(
            "serving %s (listening on %s port %d): sources: %d, feeds: %d",
            self._config.service.base_url,
            host,
            port,
            len(config.sources),
            len(config.feeds),
        )
        if not config.sources and not config.subscriptions:
            log.warning("%s: there are no [[sources]] yet: add one with `aggregator add URL`", config.path)

    def run(self, signals: SimpleQueue[int], server: WebServer) -> None:
        self._scheduler.start()
        self._filler.start()
        self._lists.start()
        self._retention.start()
        self._backups.start()
        self._archives.start(self._config)
        try:
            while self._wait(signals):
                if not server.alive:
                    raise ServeError("the web server has ended by itself; the log before says why")
                stamp = _stamp(self._config)
                if self._stale or stamp != self._stamp:
                    self._stamp = stamp
                    self._stale = not self._read_config()
                elif self._lists.have_news():
                    self._take_lists()
        finally:
            log.info("stopping")
            began = time.monotonic()
            self._scheduler.stop()
            self._archives.stop(0)  # it has all the time that the others take
            self._lists.stop()
            self._filler.stop(STOP_FILLER)
            self._retention.stop(STOP_RETENTION)
            self._backups.stop(STOP_BACKUP)
            if not self._polls.stop(STOP_POLLS):
                log.warning("some polls hang and are left behind; they are repeated at the next start")
            if not self._archives.stop(STOP_ARCHIVES):
                log.warning("an archive is left as it is; the next start goes on with it")
            log.info("stopped polling after %.1f s", time.monotonic() - began)

    def _wait(self, signals: SimpleQueue[int]) -> bool:
        """Wait for a signal or the next look at the config; return whether to go on."""
        try:
            number = signals.get(timeout=WATCH)
        except Empty:
            return True
        self._stale = self._stale or number == signal.SIGHUP
        return number == signal.SIGHUP

    def _read_config(self) -> bool:
        """Go on with the config as it is now, if it can be used; return False when to try again soon."""
        try:
            config = self._in_force(self._reload())
            self._go_on_with(config)
        except AggregatorError as error:
            for line in str(error).splitlines():
                log.error("%s", line)  # noqa: TRY400 - the line says it all
            log.error("the config was not reloaded: the one before stays in force")  # noqa: TRY400
            return not isinstance(error, StoreError)  # what the file says will not change by itself
        sources, feeds = len(self._config.sources), len(config.feeds)
        log.info("%s: reloaded: sources: %d, feeds: %d", config.path, sources, feeds)
        return True

    def _take_lists(self) -> None:
        """Go on with the sources that lists name by now; when it fails, the next look tries again."""
        try:
            self._go_on_with(self._own)
        except StoreError as error:
            log.error("the sources of lists were not taken up: %s", error)  # noqa: TRY400 - the line says it all

    def _go_on_with(self, own: Config) -> None:
        taken = self._store.lists.revision()
        config = with_lists(own, self._store)
        self._sync(config)
        tell_changes(self._config.sources, config.sources)
        self._own, self._config = own, config
        self._polls.reconfigure(config)
        self._lists.take(own, taken=taken)
        self._reachability.sources = _enabled(config)
        self._filler.look()
        self._retention.take(config)
        self._backups.take(config.backup)
        self._archives.take(config)
        self._polls.dispatcher.tick()

    def _sync(self, config: Config) -> None:
        now = now_ms()
        self._store.sync_sources(config.sources, now=now, policy=config.stories)
        self._store.spread_due(now=now, apart=START_APART, over=START)

    def _in_force(self, config: Config) -> Config:
        """Return a new config without what takes a restart, which stays as it was at the start."""
        fixed = {"bind": self._started.bind, "database": self._started.database}
        for key, value in fixed.items():
            if getattr(config.service, key) != value:
                log.warning("%s: [service] %s has changed: that takes a restart", config.path, key)
        if _is_derived(config.service):
            fixed["base_url"] = self._started.base_url
        return replace(config, service=replace(config.service, **fixed))

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


@contextmanager
def _naming(config: Config) -> Iterator[None]:
    """Let errors of the start name the file that says what cannot be done."""
    try:
        yield
    except (StoreError, ServeError) as error:
        raise type(error)(f"{config.path}: {error}") from error


def _is_derived(service: Service) -> bool:
    """Whether the address that subscribers use follows from where the service listens."""
    return service.base_url == base_url_of(service.bind)


def _enabled(config: Config) -> frozenset[str]:
    return frozenset(source.name for source in config.sources if source.enabled)


def _stamp(config: Config) -> tuple[int, int, int] | None:
    """What changes when the config file is written or replaced; None while there is no such file."""
    try:
        status = config.path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
