"""What a request costs the database, counted by a store that notes every call."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import pytest

from aggregator.protocols import Store
from tests.web.site import NOW, Site, item, open_site, poll, source
from tests.web.site import config as make_config


class CountingStore:
    """Hands every call on to a store, and counts it; `gate` can hold back the reading of entries."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.calls: Counter[str] = Counter()
        self.gate = threading.Event()
        self.gate.set()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if not callable(method):
            return method

        def call(*args: Any, **named: Any) -> Any:
            self.calls[name] += 1
            if name == "entries":
                assert self.gate.wait(5)
            return method(*args, **named)

        return call


@pytest.fixture
def counted(tmp_path: Any) -> Iterator[tuple[Site, CountingStore]]:
    plain = open_site(tmp_path, make_config(sources=[source("News")]))
    poll(plain.store, "News", item(0, "chips"), item(1, "tea"))
    store = CountingStore(plain.store)
    with Site(cast("Store", store), plain.config) as site:
        yield site, store
    plain.store.close()


@pytest.mark.parametrize("path", ["/all.rss", "/tags/chips.atom", "/tags/none.json"])
def test_an_unchanged_feed_touches_the_database_once_for_each_request(
    counted: tuple[Site, CountingStore], path: str
) -> None:
    site, store = counted
    etag = site.get(path).headers.get("etag", '"none"')
    for headers in ({"If_None_Match": etag}, {"Accept_Encoding": "gzip"}, {}):
        store.calls.clear()
        site.get(path, **headers)
        assert store.calls == {"revision": 1}


@pytest.mark.parametrize(
    "path", ["/feeds/none.rss", "/all.rss?limit=x", "/nothing", "/healthz", "/static/style.css"]
)
def test_what_is_not_in_the_database_is_not_asked_of_it(
    counted: tuple[Site, CountingStore], path: str
) -> None:
    site, store = counted
    site.get(path)
    store.calls.clear()
    site.get(path)
    assert sum(store.calls.values()) <= (1 if path.startswith("/feeds") else 0)


def test_the_page_counts_the_entries_once_for_each_change(counted: tuple[Site, CountingStore]) -> None:
    site, store = counted
    site.get("/")
    site.get("/")
    assert store.calls["tag_counts"] == store.calls["entry_count"] == 1
    poll(site.store, "News", item(2, "new"))
    assert ">new<" in site.get("/").text
    assert store.calls["tag_counts"] == store.calls["entry_count"] == 2


def test_a_change_reads_the_entries_once_more(counted: tuple[Site, CountingStore]) -> None:
    site, store = counted
    site.get("/all.rss")
    poll(site.store, "News", item(2, "new"))
    store.calls.clear()
    site.get("/all.rss")
    site.get("/all.rss")
    assert store.calls == {"revision": 2, "entries": 1}


def test_a_change_of_other_feeds_entries_costs_no_rendering(counted: tuple[Site, CountingStore]) -> None:
    site, _ = counted
    before = site.get("/tags/chips.rss").headers["last-modified"]
    poll(site.store, "News", item(2, "new"))
    site.config = replace(site.config, modified=NOW + 60_000)  # would be the date of what is rendered now
    assert site.get("/tags/chips.rss").headers["last-modified"] == before
    assert site.get("/tags/new.rss").headers["last-modified"] != before


def test_many_who_ask_at_once_wait_for_one_rendering(counted: tuple[Site, CountingStore]) -> None:
    site, store = counted
    store.gate.clear()
    replies: list[bytes] = []
    askers = [threading.Thread(target=lambda: replies.append(site.get("/all.rss").body)) for _ in range(12)]
    for asker in askers:
        asker.start()
    deadline = time.monotonic() + 5
    while store.calls["revision"] < len(askers) and time.monotonic() < deadline:
        time.sleep(0.005)
    store.gate.set()
    for asker in askers:
        asker.join(5)
    assert len(replies) == len(askers)
    assert len(set(replies)) == 1
    assert store.calls["entries"] == 1


def test_a_slow_feed_does_not_keep_health_or_cached_feeds_waiting(
    counted: tuple[Site, CountingStore],
) -> None:
    site, store = counted
    site.get("/all.rss")
    store.gate.clear()
    slow = threading.Thread(target=site.get, args=("/tags/tea.rss",))
    slow.start()
    while store.calls["entries"] < 2:
        time.sleep(0.005)
    assert site.get("/healthz").status == 200
    assert site.get("/all.rss").status == 200
    assert slow.is_alive()
    store.gate.set()
    slow.join(5)


class FaultyStore(CountingStore):
    """A store with a programming error in its way."""

    def __getattr__(self, name: str) -> Any:
        if name in ("revision", "source_statuses"):
            raise RuntimeError("a secret detail")
        return super().__getattr__(name)


@pytest.mark.parametrize("path", ["/all.rss", "/"])
def test_an_unexpected_fault_is_told_to_the_log_and_not_to_the_client(
    own_site: Site, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    store = FaultyStore(own_site.store)
    with Site(cast("Store", store), own_site.config) as site:
        reply = site.get(path)
    assert (reply.status, reply.headers["content-type"]) == (500, "text/plain; charset=utf-8")
    assert "secret" not in reply.text
    assert "Traceback" not in reply.text
    assert "a secret detail" in caplog.text
