"""What a source changes in its documents, from bytes to served feeds: no flood, and nothing lost in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from xml.sax.saxutils import escape

import pytest

from aggregator.ingest.poll import Poller
from aggregator.ingest.read import read_document
from aggregator.model import (
    Channel,
    EntryQuery,
    Fetched,
    FetchRequest,
    Outcome,
    Reading,
    Selectors,
    Source,
    StoryPolicy,
    Unreadable,
)
from aggregator.protocols import Store
from aggregator.publish.item import items_of
from aggregator.publish.xml import atom
from tests.store.drafts import DAY, HOUR, NOW

A = Source(name="A", url="https://a.example/feed", tags=("a",))
CHANNEL = Channel(
    id="https://x.example/all",
    title="All",
    description="",
    home_url="https://x.example/",
    self_url="https://x.example/all.atom",
)


@dataclass
class Shelf:
    """A fetcher that answers with the document that lies on it."""

    body: str = ""

    def fetch(self, request: FetchRequest) -> Fetched:
        return Fetched(
            status=200,
            url=request.url,
            content_type="application/rss+xml; charset=utf-8",
            body=self.body.encode(),
            validators=None,
        )

    def abort(self) -> None:
        pass


class Here:
    """Reads in this process."""

    def read(self, document: Fetched, selectors: Selectors | None = None) -> Reading | Unreadable:
        return read_document(document, selectors)

    def close(self) -> None:
        pass


def rss(
    numbers: list[int],
    *,
    host: str = "http://a.example",
    guid: str = "{host}/?p={n}",
    day: str = "{n:02} Jan 2027 08:00:00 GMT",
    title: str = 'Story {n}: "all of it"',
    query: str = "",
) -> str:
    items = "".join(
        f"<item><title>{escape(title.format(n=n))}</title><link>{host}/{n}{escape(query.format(n=n))}</link>"
        f"<guid isPermaLink='false'>{escape(guid.format(n=n, host=host))}</guid>"
        + (f"<pubDate>{day.format(n=n)}</pubDate>" if day else "")
        + f"<description>What is to be said of story {n}.</description></item>"
        for n in numbers
    )
    return f"<rss version='2.0'><channel><title>A</title><link>{host}/</link>{items}</channel></rss>"


class Bench:
    """Polls the source hourly; tells how many entries were new."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = NOW
        self.shelf = Shelf()
        self.poller = Poller(
            store=store,
            fetcher=self.shelf,
            reader=Here(),
            clock=lambda: self.now,
            policy=StoryPolicy(),
            max_backoff=DAY,
        )

    def poll(self, body: str) -> int:
        self.shelf.body = body
        self.now += HOUR
        (job,) = self.store.claim([A.name], now=self.now, lease=1)
        polled = self.poller.poll(job, A)
        assert polled is not None
        report, tally = polled
        assert report.outcome in {Outcome.OK, Outcome.UNCHANGED}, report.message
        return tally.new

    def served(self) -> list[str]:
        """The ids of the served feed's entries, in its order."""
        feed = atom(CHANNEL, items_of(self.store.entries(EntryQuery(limit=100)))).decode()
        return re.findall(r"<entry[^>]*>\s*<id>([^<]*)</id>", feed)


@pytest.fixture
def bench(store: Store) -> Bench:
    store.sync_sources([A], now=NOW)
    return Bench(store)


OLD = [6, 5, 4, 3]

DOCUMENTS: dict[str, Callable[[list[int], int], str]] = {
    "empty, then back": lambda numbers, poll: rss(numbers if poll % 2 else []),
    "reversed": lambda numbers, _: rss(numbers[::-1]),
    "dated now": lambda numbers, poll: rss(numbers, day=f"15 Jan 2027 {8 + poll:02}:00:00 GMT"),
    "undated": lambda numbers, _: rss(numbers, day=""),
    "other guids": lambda numbers, _: rss(numbers, guid="urn:x:{n}"),
    "a guid per request": lambda numbers, poll: rss(numbers, guid=f"{poll}-{{n}}"),
    "https": lambda numbers, _: rss(numbers, host="https://a.example"),
    "tracked": lambda numbers, poll: rss(numbers, query=f"?utm_source=rss&utm_id={poll}"),
    "tracked oddly": lambda numbers, poll: rss(numbers, query=f"?visit={poll}"),
    "another domain": lambda numbers, _: rss(numbers, host="https://other.example"),
    "another domain, undated": lambda numbers, _: rss(numbers, host="https://other.example", day=""),
    "another domain, dated now": lambda numbers, poll: rss(
        numbers, host="https://other.example", day=f"15 Jan 2027 {8 + poll:02}:00:00 GMT"
    ),
    "punctuated": lambda numbers, _: rss(numbers, title="Story {n} – “all of it”…"),
    "punctuated, other guids": lambda numbers, _: rss(
        numbers, title="Story {n} – all of it.", guid="urn:{n}"
    ),
}


@pytest.mark.parametrize("change", DOCUMENTS)
def test_what_is_served_stays_whatever_a_source_changes_and_one_more_article_is_one_more(
    bench: Bench, change: str
) -> None:
    assert bench.poll(rss(OLD)) == len(OLD)
    before = bench.served()
    document = DOCUMENTS[change]
    assert [bench.poll(document(OLD, number)) for number in range(1, 5)] == [0, 0, 0, 0]
    assert bench.served() == before
    assert bench.poll(document([7, *OLD], 5)) == 1
    assert bench.served()[1:] == before, "the new one is on top"
    assert bench.poll(rss([7, *OLD])) == 0, "and as it was before"


def test_an_undated_source_that_moves_brings_nothing_new(bench: Bench) -> None:
    assert bench.poll(rss(OLD, day="")) == len(OLD)
    assert bench.poll(rss(OLD, day="", host="https://other.example")) == 0
    assert bench.poll(rss([7, *OLD], day="", host="https://third.example")) == 1
