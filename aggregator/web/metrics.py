"""Numbers for Prometheus: counted while polling, and read from the store when somebody asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from aggregator.clock import now_ms
from aggregator.exceptions import StoreError
from aggregator.model import Outcome, PollReport, PollTally, SourceStatus
from aggregator.protocols import Clock, Store

_DURATION_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40)


class Metrics:
    """Everything that `/metrics` shows, in a registry of its own. Safe to call from several threads.

    Nothing is labelled by source: thousands of sources would be thousands of series. The page and
    `aggregator sources` tell which one fails.
    """

    def __init__(self, store: Store, *, clock: Clock = now_ms) -> None:
        self._registry = CollectorRegistry()
        self._polls = Counter("aggregator_polls", "Polls by outcome.", ["outcome"], registry=self._registry)
        for outcome in Outcome:
            self._polls.labels(outcome.value)
        self._duration = Histogram(
            "aggregator_poll_duration_seconds",
            "From a poll's request to its record.",
            buckets=_DURATION_BUCKETS,
            registry=self._registry,
        )
        self._new = Counter("aggregator_entries_new", "Entries first seen.", registry=self._registry)
        self._updated = Counter(
            "aggregator_entries_updated", "Times that a known entry changed.", registry=self._registry
        )
        self._bytes = Counter(
            "aggregator_document_bytes", "Bytes of documents, decompressed.", registry=self._registry
        )
        self._registry.register(_StoreGauges(store, clock))
        ProcessCollector(registry=self._registry)

    def observe_poll(self, report: PollReport, tally: PollTally) -> None:
        """Count one poll and what it changed."""
        self._polls.labels(report.outcome.value).inc()
        self._duration.observe(report.duration_ms / 1000)
        self._new.inc(tally.new)
        self._updated.inc(tally.updated)
        self._bytes.inc(report.size)

    def render(self) -> tuple[bytes, str]:
        """Return all numbers in Prometheus' text format, and its content type. Reads the store."""
        return generate_latest(self._registry), CONTENT_TYPE_LATEST


class _StoreGauges(Collector):
    """What the store knows at the moment of the scrape."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def collect(self) -> Iterable[GaugeMetricFamily]:
        try:
            statuses, entries = self._store.source_statuses(), self._store.entry_count()
        except StoreError:
            yield _gauge("store_up", "Whether the database answers.", 0)
            return
        yield _gauge("store_up", "Whether the database answers.", 1)
        yield _gauge("entries", "Entries in the store.", entries)
        yield from _source_gauges(statuses, self._clock())


def _source_gauges(statuses: list[SourceStatus], now: int) -> Iterable[GaugeMetricFamily]:
    enabled = [status for status in statuses if status.enabled]
    yield _gauge("sources", "Sources in the config that are polled.", len(enabled))
    yield _gauge(
        "sources_disabled", "Sources in the config that are not polled.", len(statuses) - len(enabled)
    )
    yield _gauge("sources_failing", "Sources whose last poll failed.", _count(enabled, _is_failing))
    yield _gauge("sources_unpolled", "Sources that were never polled.", _count(enabled, _is_unpolled))
    if polls := [status.last_poll for status in enabled if status.last_poll is not None]:
        yield _gauge("last_poll_timestamp_seconds", "When a source was last polled.", max(polls) / 1000)
        yield _gauge("stalest_poll_age_seconds", "Age of the least recent poll.", (now - min(polls)) / 1000)
    waits = [now - status.next_poll for status in enabled if status.next_poll is not None]
    lag = max([0, *waits]) / 1000
    yield _gauge("poll_lag_seconds", "How long the most overdue source has been due.", lag)


def _is_failing(status: SourceStatus) -> bool:
    return status.outcome is not None and status.outcome.is_failure


def _is_unpolled(status: SourceStatus) -> bool:
    return status.last_poll is None


def _count(statuses: Iterable[SourceStatus], test: Callable[[SourceStatus], bool]) -> int:
    return sum(map(test, statuses))


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"aggregator_{name}", text, value=value)
