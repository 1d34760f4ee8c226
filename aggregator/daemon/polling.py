"""The polling side of the service, put together: config → fetcher, reader, poller, dispatcher."""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from functools import partial

from aggregator.clock import now_ms
from aggregator.config import Config
from aggregator.daemon.changes import tell_changes
from aggregator.daemon.dispatch import Claim, Dispatcher, take_claimable
from aggregator.daemon.filling import fill_for
from aggregator.daemon.subscriptions import ListFollower
from aggregator.exceptions import StoreError, UnknownSourceError
from aggregator.ingest.article import extract_article
from aggregator.ingest.fetch import HttpFetcher
from aggregator.ingest.follow import with_lists
from aggregator.ingest.fulltext import TIME_PER_POLL, ArticleFetcher
from aggregator.ingest.guard import AddressGuard
from aggregator.ingest.opml import FeedList, read_opml
from aggregator.ingest.poll import Poller
from aggregator.ingest.turns import HostTurns
from aggregator.ingest.useragent import user_agent
from aggregator.ingest.workers import ParsePool
from aggregator.model import (
    Fetched,
    FetchFailed,
    FetchRequest,
    NotModified,
    PollJob,
    PollReport,
    PollTally,
    Source,
    Unreadable,
)
from aggregator.protocols import Store
from aggregator.store import open_store

log = logging.getLogger(__name__)

LEASE_MARGIN = 60_000
"""Milliseconds that a claim outlives the longest poll by."""

FILL = 10.0
"""Seconds that a round of polls fills new feeds for; the next one goes on."""

_LIMITS = ("parse_workers", "parse_timeout", "parse_memory")

Observer = Callable[[PollReport, PollTally], None]


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
        self._readers: weakref.WeakSet[ParsePool] = weakref.WeakSet()  # likewise
        self._limits: dict[str, int] = {}
        self._turns = HostTurns(config.polling.host_gap)
        self._apply(config)
        self.dispatcher = Dispatcher(
            claim=claim or self._claim_due,
            poll=self._poll,
            concurrency=config.polling.concurrency,
            turns=self._turns,
        )

    def reconfigure(self, config: Config) -> None:
        """Go on with another config. Polls under way end as they began."""
        self._apply(config)
        self.dispatcher.concurrency = config.polling.concurrency

    def stop(self, timeout: float) -> bool:
        """End all polls within about `timeout` seconds; return whether they did.

        A poll that is cut off leaves no record: it is repeated at the next start.
        """
        self._stopping.set()
        for fetcher in list(self._fetchers):
            fetcher.abort()
        ended = self.dispatcher.stop(timeout)
        for reader in list(self._readers):
            reader.close()
        return ended

    def fetch(self, request: FetchRequest) -> Fetched | NotModified | FetchFailed:
        """Fetch something else than a source's document, with the same limits and in its host's turn."""
        return self._poller.fetcher.fetch(request)

    def read_list(self, document: Fetched) -> FeedList | Unreadable:
        """Read a list of feeds as sources' documents are read."""
        return self._reader.run(read_opml, document)

    def _apply(self, config: Config) -> None:
        limits = {name: getattr(config.polling, name) for name in _LIMITS}
        if limits != self._limits:  # the pool before ends with the last poll that uses it
            self._limits = limits
            self._reader = parse_pool(config)
            self._readers.add(self._reader)
        self._turns.set_gap(config.polling.host_gap)
        fetcher = http_fetcher(config, self._turns)
        self._fetchers.add(fetcher)
        self._lease = lease_of(config)
        self._sources: dict[str, Source] = {source.name: source for source in config.sources}
        self._poller = Poller(
            store=self._store,
            fetcher=fetcher,
            reader=self._reader,
            clock=now_ms,
            policy=config.stories,
            max_backoff=config.polling.max_backoff,
            cut_off=self._stopping.is_set,
        )
        self._articles = ArticleFetcher(
            store=self._store,
            fetcher=fetcher,
            extract=partial(self._reader.run, extract_article),
            clock=now_ms,
            policy=config.stories,
            cut_off=self._stopping.is_set,
        )

    def _claim_due(self, limit: int, busy: frozenset[str] | None) -> Sequence[PollJob]:
        return self._store.claim_due(now=now_ms(), limit=limit, lease=self._lease, busy=busy)

    def _poll(self, job: PollJob) -> None:
        source = self._sources.get(job.name)
        if source is None:
            self._store.release([job])  # it has left the config since it was claimed
            return
        articles = self._articles
        try:
            polled = self._poller.poll(job, source)
        except StoreError as error:
            message = "source %r: the poll could not be recorded and will be repeated: %s"
            log.error(message, job.name, error)  # noqa: TRY400 - the line says it all
            return
        if polled is None:
            return
        self._observe(*polled)
        if source.full_text and not polled[0].outcome.is_failure:
            self._fetch_articles(articles, job, source)

    def _fetch_articles(self, articles: ArticleFetcher, job: PollJob, source: Source) -> None:
        """Complete the entries of a poll that was recorded, and give up the claim that was kept for that."""
        try:
            articles.fetch_wanted(job.source_id, source)
        except StoreError as error:
            message = "source %r: its entries' pages are fetched after the next poll: %s"
            log.error(message, job.name, error)  # noqa: TRY400 - the line says it all
        finally:
            with suppress(StoreError):  # then the claim runs out
                self._store.release([job])


def poll_now(
    config: Config,
    names: Sequence[str],
    *,
    on_start: Callable[[int], None],
    on_result: Observer,
    due_only: bool = False,
) -> None:
    """Poll these sources at once, due or not; all that are enabled when none is named.

    With `due_only`, those of them alone that the service would poll by now.
    Tells `on_start` how many there are, and `on_result` how each went, from the threads that poll. Safe while
    the service runs on the same database, whose own poll of a source may then run beside this one. Raises
    `UnknownSourceError` before anything is polled, and `StoreError`.
    """
    store = open_store(config.service.database)
    try:
        before = with_lists(config, store).sources
        if not names:
            _look_at_lists(config, store)
        config = with_lists(config, store)
        tell_changes(before, config.sources)
        chosen = _chosen(config, names)
        store.sync_sources(config.sources, now=now_ms(), policy=config.stories)
        if due_only:
            due = _due(store, now_ms())
            chosen = [name for name in chosen if name in due]
        lease = lease_of(config) + len(chosen) * config.polling.host_gap
        jobs = store.claim(chosen, now=now_ms(), lease=lease)
        waiting = list(jobs)
        on_start(len(jobs))

        def claim(limit: int, busy: frozenset[str] | None) -> Sequence[PollJob]:
            return take_claimable(waiting, limit, busy)

        service = PollService(store, config, observe=on_result, claim=claim)
        try:
            service.dispatcher.drain(more=lambda: waiting)
        except BaseException:  # also Ctrl-C: nobody shall wait for what will not be polled
            store.release(jobs)
            raise
        finally:
            service.stop(timeout=2.0)
        fill_for(store.curation, FILL)
    finally:
        store.close()


def _due(store: Store, now: int) -> set[str]:
    return {
        status.name
        for status in store.source_statuses()
        if status.next_poll is None or status.next_poll <= now
    }


def _look_at_lists(config: Config, store: Store) -> None:
    """Look at the lists that are due, so that they are followed without a running service, too."""
    if config.subscriptions:
        with closing(parse_pool(config)) as readers:
            ListFollower(
                store=store,
                fetch=http_fetcher(config, HostTurns(config.polling.host_gap)).fetch,
                read=partial(readers.run, read_opml),
                clock=now_ms,
            ).look_at_due(config)


def lease_of(config: Config) -> int:
    """Return how long (ms) a claim holds: longer than any poll, so that none is claimed while it runs."""
    document = max((source.timeout for source in config.sources), default=0) + config.polling.parse_timeout
    if not any(source.full_text for source in config.sources):
        return document + LEASE_MARGIN
    page = config.polling.host_gap + document  # the last one may begin when the time is nearly up
    return document + TIME_PER_POLL + page + LEASE_MARGIN


def http_fetcher(config: Config, turns: HostTurns | None = None) -> HttpFetcher:
    """Return a fetcher that keeps to the config's limits and says who we are, and waits for its `turns`."""
    return HttpFetcher(
        guard=AddressGuard(config.polling.allow_private),
        user_agent=user_agent(config.service.contact, config.service.base_url),
        proxy=config.polling.proxy,
        turns=turns,
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
