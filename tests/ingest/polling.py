"""What the tests of polls have in common: a poller over a real store, with fakes of our own seams."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from aggregator.ingest.poll import Poller
from aggregator.ingest.read import read_document
from aggregator.model import (
    Fetched,
    FetchFailed,
    FetchRequest,
    NotModified,
    PollReport,
    PollTally,
    Reading,
    Selectors,
    Source,
    StoryPolicy,
    Unreadable,
    Validators,
)
from aggregator.protocols import Store

NOW = 1_800_000_000_000
DAY = 86_400_000
SOURCE = Source(name="A", url="https://a.example/feed", tags=("chips",), user="me", password="secret")
RSS = b"""<rss version="2.0"><channel><title>A</title><link>https://a.example/</link>
<item><title>One</title><link>https://a.example/1</link><guid>1</guid><category>asia</category>
<pubDate>Wed, 03 Apr 2024 01:46:32 GMT</pubDate></item></channel></rss>"""


def validators(etag: str | None, last_modified: str = "whenever") -> Validators:
    return Validators(url=SOURCE.url, etag=etag, last_modified=last_modified)


def document(body: bytes = RSS, etag: str | None = '"1"') -> Fetched:
    return Fetched(
        status=200,
        url=SOURCE.url,
        content_type="application/rss+xml",
        body=body,
        validators=validators(etag),
    )


@dataclass
class FakeFetcher:
    """Answers what it is told and remembers what it was asked."""

    answer: Fetched | NotModified | FetchFailed | Exception
    asked: list[FetchRequest] = field(default_factory=list)

    def fetch(self, request: FetchRequest) -> Fetched | NotModified | FetchFailed:
        self.asked.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def abort(self) -> None:
        pass


@dataclass
class CountingReader:
    """Reads in this process and counts; `problem` is what it finds wrong with every document."""

    reads: int = 0
    problem: str | None = None

    def read(self, document: Fetched, selectors: Selectors | None = None) -> Reading | Unreadable:
        self.reads += 1
        reading = read_document(document, selectors)
        return replace(reading, problem=self.problem) if isinstance(reading, Reading) else reading

    def close(self) -> None:
        pass


@dataclass
class Bench:
    """A poller with everything around it. The time stands still; each poll takes `takes` ms."""

    store: Store
    fetcher: FakeFetcher
    reader: CountingReader = field(default_factory=CountingReader)
    stopping: bool = False
    now: int = NOW
    takes: int = 0
    dice: float = 0.0

    def poll(self, source: Source = SOURCE) -> tuple[PollReport, PollTally] | None:
        times = iter((self.now, self.now + self.takes))
        poller = Poller(
            store=self.store,
            fetcher=self.fetcher,
            reader=self.reader,
            clock=lambda: next(times),
            policy=StoryPolicy(),
            max_backoff=DAY,
            dice=lambda: self.dice,
            cut_off=lambda: self.stopping,
        )
        (job,) = self.store.claim([source.name], now=self.now, lease=1)
        return poller.poll(job, source)

    def report(self) -> PollReport:
        polled = self.poll()
        assert polled is not None
        return polled[0]
