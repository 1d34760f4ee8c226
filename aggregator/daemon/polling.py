"""The polling side of the service, put together: config → fetcher, reader, poller, dispatcher."""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections.abc import Callable, Sequence

from aggregator.config import Config
from aggregator.daemon.dispatch import Dispatcher
from aggregator.exceptions import StoreError, UnknownSourceError
from aggregator.ingest.fetch import HttpFetcher, user_agent
from aggregator.ingest.guard import AddressGuard
from aggregator.ingest.poll import Poller
from aggregator.ingest.workers import ParsePool
from aggregator.model import PollJob, PollReport, PollTally, Source
from aggregator.protocols import Store
from aggregator.store import open_store

log = logging.getLogger(__name__)

LEASE = 15 * 60_000
"""Milliseconds that a claim holds: longer than any poll, so that none is claimed twice while it runs."""

Observer = Callable[[PollReport, PollTally], None]
Claim = Callable[[int], Sequence[PollJob]]


def now_ms() -> int:
    """Return the time: milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


class PollService:
    """Polls the sources of the config in force, in threads, and tells `observe` how each poll went."""

    def __init__(
        self, store: Store, config: Config, *, observe: Observer, claim: Claim | None = None
    ) -> None:
        """Take `claim`, which says what to poll: by default whatever is due in the store."""
        self._store = store
        self._observe = observe
        self._stopping = threading.Event()
        self._fetchers: weakref.WeakSet[HttpFetcher] = weakref.WeakSet()  # those of polls under way, too
        self._reader = parse_pool(config)
        self._apply(config)
        self.dispatcher = Dispatcher(
            claim=claim or self._claim_due, poll=self._poll, concurrency=config.polling.concurrency
        )

    def reconfigure(self, config: Config) -> None:
        """Go on with another config. Polls under way end as they began."""
        before = self._config.polling
        after = config.polling
        if (before.parse_workers, before.parse_timeout, before.parse_memory) != (
            after.parse_workers,
            after.parse_timeout,
            after.parse_memory,
        ):
            retired, self._reader = self._reader, parse_pool(config)
            threading.Timer(after.parse_timeout / 1000, retired.close).start()
        self._apply(config)
        self.dispatcher.concurrency = after.concurrency

    def stop(self, timeout: float) -> bool:
        """End all polls within about `timeout` seconds; return whether they did.

        A poll that is cut off leaves no record: it is repeated at the next start.
        """
        self._stopping.set()
        for fetcher in list(self._fetchers):
            fetcher.abort()
        ended = self.dispatcher.stop(timeout)
        self._reader.close()
        return ended

    def _apply(self, config: Config) -> None:
        self._config = config
        self._sources: dict[str, Source] = {source.name: source for source in config.sources}
        fetcher = http_fetcher(config)
        self._fetchers.add(fetcher)
        self._poller = Poller(
            store=self._store,
            fetcher=fetcher,
            reader=self._reader,
            clock=now_ms,
            policy=config.stories,
            max_backoff=config.polling.max_backoff,
            cut_off=self._stopping.is_set,
        )

    def _claim_due(self, limit: int) -> Sequence[PollJob]:
        return self._store.claim_due(now=now_ms(), limit=limit, lease=LEASE)

    def _poll(self, job: PollJob) -> None:
        source = self._sources.get(job.name)
        if source is None:
            return  # it has left the config since it was claimed
        try:
            polled = self._poller.poll(job, source)
        except StoreError as error:
            log.error("source %r: the poll could not be recorded and will be repeated: %s", job.name, error)  # noqa: TRY400 - the sentence is for the person who runs the service
            return
        if polled is not None:
            self._observe(*polled)


def poll_now(
    config: Config,
    names: Sequence[str],
    *,
    on_start: Callable[[int], None],
    on_result: Observer,
) -> None:
    """Poll these sources at once, due or not; all that are enabled when none is named.

    Tells `on_start` how many there are, and `on_result` how each went, from the threads that poll. Safe while
    the service runs on the same database. Raises `UnknownSourceError` before anything is polled, and
    `StoreError`.
    """
    chosen = _chosen(config, names)
    store = open_store(config.service.database)
    try:
        store.sync_sources(config.sources, now=now_ms())
        jobs = store.claim(chosen, now=now_ms(), lease=LEASE)
        on_start(len(jobs))

        def claim(limit: int) -> Sequence[PollJob]:
            some, jobs[:limit] = jobs[:limit], []
            return some

        service = PollService(store, config, observe=on_result, claim=claim)
        try:
            service.dispatcher.drain()
        finally:
            service.stop(timeout=2.0)
    finally:
        store.close()


def http_fetcher(config: Config) -> HttpFetcher:
    """Return a fetcher that keeps to the config's limits and says who we are."""
    return HttpFetcher(
        guard=AddressGuard(config.polling.allow_private),
        user_agent=user_agent(config.service.contact),
        proxy=config.polling.proxy,
    )


def parse_pool(config: Config) -> ParsePool:
    """Return a pool of parse processes with the config's limits; it starts them when they are needed."""
    return ParsePool(
        workers=config.polling.parse_workers,
        timeout=config.polling.parse_timeout,
        memory=config.polling.parse_memory,
    )


def _chosen(config: Config, names: Sequence[str]) -> list[str]:
    known = [source.name for source in config.sources]
    for name in names:
        if name not in known:
            raise UnknownSourceError(name, names=known, config=config.path)
    return list(dict.fromkeys(names)) or [source.name for source in config.sources if source.enabled]
