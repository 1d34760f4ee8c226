"""A whole site on loopback: a real store, the app and the server; and a client that hides nothing."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import ClassVar

from starlette.types import ASGIApp, Receive, Scope, Send

from aggregator.config import Config, Polling, Service
from aggregator.model import (
    EntryDraft,
    FeedSpec,
    IdentityKeys,
    Outcome,
    PollCommit,
    PollReport,
    RawHtml,
    ReadFeed,
    Source,
    SourceState,
    StoryPolicy,
    TaggedDraft,
)
from aggregator.protocols import Store
from aggregator.store import open_store
from aggregator.web.app import create_app
from aggregator.web.metrics import Metrics
from aggregator.web.server import WebServer

NOW = 1_763_800_000_000
"""2025-11-22T08:26:40Z."""
HOUR = 3_600_000


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


def config(
    *,
    sources: Sequence[Source] = (),
    feeds: Sequence[FeedSpec] = (),
    base_url: str = "https://feeds.example",
    title: str = "My reading",
) -> Config:
    return Config(
        path=Path("aggregator.toml"),
        service=Service(base_url=base_url, title=title),
        polling=Polling(),
        stories=StoryPolicy(feeds=tuple(feeds)),
        sources=tuple(sources),
        feeds=tuple(feeds),
    )


def source(name: str = "News", *tags: str, enabled: bool = True) -> Source:
    return Source(name=name, url=f"https://{name.lower()}.example/feed", tags=tags, enabled=enabled)


def item(number: int, *tags: str, title: str | None = None) -> TaggedDraft:
    """An item of its own, an hour older for each number."""
    link = f"https://news.example/{number}"
    text = number.to_bytes(16, "big")
    draft = EntryDraft(
        keys=IdentityKeys(guid=text, text=text),
        revision=f"{title}".encode().ljust(16)[:16],
        guid=link,
        url=link,
        title=title or f"Item {number}",
        published=NOW - number * HOUR,
        content_html=RawHtml(f"<p>Text of {number}</p>"),
    )
    return TaggedDraft(draft=draft, tags=tags)


def poll(
    store: Store,
    name: str,
    *items: TaggedDraft,
    now: int = NOW,
    outcome: Outcome = Outcome.OK,
    message: str = "",
    http_status: int | None = 200,
    failures: int = 0,
    site_url: str | None = "https://news.example/",
) -> None:
    """Record a poll of the source that brought these items."""
    (job,) = store.claim([name], now=now, lease=1000)
    report = PollReport(
        source_id=job.source_id,
        name=name,
        started_at=now,
        duration_ms=5,
        outcome=outcome,
        message=message,
        http_status=http_status,
    )
    state = SourceState(url=job.state.url, failures=failures, next_poll_at=now + HOUR)
    feed = None if outcome.is_failure else ReadFeed(title=name, site_url=site_url, drafts=items)
    store.record(PollCommit(report=report, state=state, feed=feed), StoryPolicy(), now=now)


class Stage:
    """A server whose app can be another one: stopping and starting one for each test takes long."""

    free: ClassVar[list[Stage]] = []

    def __init__(self) -> None:
        self.app: ASGIApp | None = None
        self.server = WebServer(self._serve, bind="127.0.0.1:0")
        self.server.start()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.app is not None
        await self.app(scope, receive, send)


class Site:
    """Serves a store; `config` and `reason` (of not being ready) may be set at any time."""

    def __init__(self, store: Store, config: Config) -> None:
        self.store = store
        self.config = config
        self.reason: str | None = None
        self.now = NOW + HOUR
        self.clock_reads = 0
        self.metrics = Metrics(store, clock=self._clock)
        self.app = create_app(
            store=store,
            config=lambda: self.config,
            ready=lambda: self.reason,
            metrics=self.metrics,
            clock=self._clock,
        )

    def _clock(self) -> int:
        self.clock_reads += 1
        return self.now

    def __enter__(self) -> Site:
        self._stage = Stage.free.pop() if Stage.free else Stage()
        self._stage.app = self.app
        self.address = self._stage.server.address
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        Stage.free.append(self._stage)

    def get(self, path: str, *, method: str = "GET", **headers: str) -> Reply:
        """Ask once; header names have `_` for `-`. Nothing is added to the request but Host."""
        connection = http.client.HTTPConnection(*self.address, timeout=5)
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name.replace("_", "-"), value)
            connection.endheaders()
            reply = connection.getresponse()
            return Reply(
                reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read()
            )
        finally:
            connection.close()

    def raw(self, request: bytes) -> bytes:
        """Send these very bytes; return all that comes back until the server closes."""
        with socket.create_connection(self.address, timeout=5) as client:
            client.sendall(request)
            return b"".join(iter(lambda: client.recv(65536), b""))


def open_site(folder: Path, config: Config) -> Site:
    """Return a site on a new store that knows the config's sources."""
    store = open_store(str(folder / "site.db"))
    store.sync_sources(config.sources, now=NOW, policy=config.stories)
    return Site(store, config)


def renamed(config: Config, title: str) -> Config:
    return replace(config, service=replace(config.service, title=title))
