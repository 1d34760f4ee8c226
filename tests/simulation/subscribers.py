"""Simulated feed readers: they ask for a document, and remember the ids that they have seen."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO

import feedparser
from starlette.types import ASGIApp, Message

_NUMBER = re.compile(r"\bs(\d+)\b")


@dataclass(frozen=True)
class Listed:
    """An item of a published document."""

    id: str
    story: int


@dataclass(frozen=True)
class Visit:
    """What one look at a feed gave."""

    at: int
    changes: int
    """The number that the truth's `changes` had."""
    listed: tuple[Listed, ...]
    new: tuple[Listed, ...]
    """Of these, those whose id the reader had not seen."""
    body: bytes = field(repr=False)


@dataclass
class Reader:
    """A subscriber of one feed, with its own rhythm."""

    path: str
    feed: str
    """As the truth calls it."""
    gap: Callable[[], int]
    """Returns how long it waits until it looks again (ms)."""
    ids: dict[str, int] = field(default_factory=dict)
    """Which story each id that it has seen told."""
    visits: list[Visit] = field(default_factory=list)

    def visit(self, site: Site, *, at: int, changes: int) -> None:
        """Look at the feed."""
        body = site.get(self.path)
        before = self.visits[-1] if self.visits else None
        listed = before.listed if before and before.body == body else read(body)
        new = tuple(item for item in listed if item.id not in self.ids)
        self.ids.update((item.id, item.story) for item in new)
        self.visits.append(Visit(at, changes, listed, new, body))


@dataclass(frozen=True)
class Walk:
    """What a reader finds that follows a feed's history to its end."""

    at: int
    current: tuple[Listed, ...]
    pages: dict[str, bytes]
    """The archive documents by their paths."""


def walk(site: Site, path: str, *, at: int) -> Walk:
    """Go from the current document of a feed, no JSON Feed, from archive document to archive document."""
    current = site.get(path)
    pages: dict[str, bytes] = {}
    following = _link(current, "prev-archive")
    while following:
        page = following.removeprefix("https://feeds.example")
        assert page not in pages
        pages[page] = site.get(page)
        following = _link(pages[page], "prev-archive")
    return Walk(at, read(current), pages)


def _link(body: bytes, relation: str) -> str | None:
    links = feedparser.parse(BytesIO(body)).feed.links
    return next((link.href for link in links if link.rel == relation), None)


def read(body: bytes) -> tuple[Listed, ...]:
    """Return the items of a published document of any format, in its order."""
    if body.startswith(b"{"):
        items = [(item["id"], item["title"]) for item in json.loads(body)["items"]]
    else:
        items = [(entry.id, entry.title) for entry in feedparser.parse(BytesIO(body)).entries]
    return tuple(Listed(name, story_in(title)) for name, title in items)


def story_in(title: str) -> int:
    """Return which story a title tells of."""
    found = _NUMBER.search(title)
    assert found is not None, title
    return int(found[1])


class Site:
    """The web app without a socket, in an event loop of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._loop = asyncio.Runner()

    def get(self, path: str) -> bytes:
        """Return the body of a document that must be there."""
        return self._loop.run(self._get(path))

    def close(self) -> None:
        self._loop.close()

    async def _get(self, path: str) -> bytes:
        stem, _, query = path.partition("?")
        scope = {
            "type": "http",
            "method": "GET",
            "path": stem,
            "raw_path": stem.encode(),
            "query_string": query.encode(),
            "headers": [],
        }
        said: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            said.append(message)

        await self._app(scope, receive, send)
        body = b"".join(message.get("body", b"") for message in said)
        assert said[0]["status"] == 200, (path, said[0]["status"], body[:200])
        return body
