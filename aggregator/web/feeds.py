"""Published feeds over HTTP: rendered once for each change of the store, then answered from memory.

path ─► FeedTarget ─► revision ─┬─ same as last time ─► cached bytes ─► 200 | 304
                                └─ another ─► Selection ─► entries ─► render ─► prepare ─┘
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace

from aggregator.config import Config
from aggregator.model import Entry, FeedDocument
from aggregator.protocols import Clock, Store
from aggregator.publish.feeds import render
from aggregator.publish.item import items_of
from aggregator.publish.opml import Outline, opml
from aggregator.web.answers import Answer, Prepared, document, prepare, text
from aggregator.web.cache import BoundedCache
from aggregator.web.negotiation import Headers
from aggregator.web.selection import Selection, Unknown, select
from aggregator.web.urls import FeedTarget, Kind, Misdirected, OpmlTarget

CACHE_BYTES = 16 * 1024 * 1024
_KEPT_BESIDE = 1024
"""What a kept document costs beyond its bytes, roughly."""

_CACHE_CONTROL = "public, max-age=60, must-revalidate"
_OPEN_TO_BROWSERS = (b"access-control-allow-origin", b"*")

Target = FeedTarget | OpmlTarget
ConfigInForce = Callable[[], Config]


@dataclass(frozen=True, slots=True)
class _Kept:
    config: Config
    revision: int
    contents: int | None
    """A hash of what was rendered; None when there is no such feed."""
    found: Prepared | Unknown


class FeedDesk:
    """Answers requests for feeds. Lives in one event loop; reads entries and renders in worker threads."""

    def __init__(self, *, store: Store, config: ConfigInForce, clock: Clock, workers: Executor) -> None:
        self._store = store
        self._config = config
        self._clock = clock
        self._workers = workers
        self._kept: BoundedCache[Target, _Kept] = BoundedCache(CACHE_BYTES)
        self._under_way: dict[tuple[Target, int, int], asyncio.Task[_Kept]] = {}

    async def answer(self, asked: Target | Misdirected, method: str, headers: Headers) -> Answer:
        """Return the answer to a GET or HEAD request.

        Raises `StoreError` when the database cannot be read.
        """
        if isinstance(asked, Misdirected):
            return text(asked.status, asked.text, [_OPEN_TO_BROWSERS], method=method)
        found = await self._find(asked)
        if isinstance(found, Unknown):
            return text(404, found.text, [_OPEN_TO_BROWSERS], method=method)
        return found.answer(method, headers)

    async def _find(self, target: Target) -> Prepared | Unknown:
        config = self._config()
        # Inline, not in a worker: it takes less time than handing it over would.
        revision = 0 if isinstance(target, OpmlTarget) else self._store.revision()
        last = self._kept.get(target)
        if last is not None and last.revision == revision and last.config is config:
            return last.found
        flight = (target, revision, id(config))
        task = self._under_way.get(flight)
        if task is None:
            task = asyncio.create_task(self._renew(target, config, revision, last))
            self._under_way[flight] = task
            task.add_done_callback(lambda _: self._under_way.pop(flight, None))
        # One client's end must not take the document away from the others who wait for it.
        return (await asyncio.shield(task)).found

    async def _renew(self, target: Target, config: Config, revision: int, last: _Kept | None) -> _Kept:
        def work() -> _Kept:
            if isinstance(target, OpmlTarget):
                return _Kept(config, revision, None, self._opml(config))
            return self._render(target, config, revision, last)

        kept = await asyncio.get_running_loop().run_in_executor(self._workers, work)
        size = kept.found.size if isinstance(kept.found, Prepared) else len(kept.found.text)
        self._kept.put(target, kept, size=size + _KEPT_BESIDE)
        return kept

    def _render(self, target: FeedTarget, config: Config, revision: int, last: _Kept | None) -> _Kept:
        selection = select(target, config)
        if isinstance(selection, Unknown):
            return _Kept(config, revision, None, selection)
        entries = self._store.entries(selection.query)
        if not entries and selection.unknown is not None:
            return _Kept(config, revision, None, selection.unknown)
        # Most revisions are of other feeds' entries: the same contents need no second rendering.
        contents = _contents(selection, entries)
        if last is not None and last.contents == contents:
            return _Kept(config, revision, contents, last.found)
        rendered = render(target.suffix, selection.channel, items_of(entries))
        # What the config says of a feed is part of it, and may be newer than all entries.
        fresh = replace(rendered, last_modified=max(rendered.last_modified, config.modified))
        return _Kept(config, revision, contents, self._prepare(fresh))

    def _opml(self, config: Config) -> Prepared:
        base = config.service.base_url
        everything = Outline(
            title=config.service.title,
            xml_url=f"{base}/all.atom",
            html_url=f"{base}/",
            description="Everything",
        )
        feeds = [
            Outline(
                title=spec.title,
                xml_url=base + FeedTarget(Kind.FEED, spec.slug, "atom").path,
                html_url=f"{base}/",
                description=spec.description,
            )
            for spec in config.feeds
        ]
        body = opml(config.service.title, [everything, *feeds])
        return self._prepare(document(body, "text/x-opml; charset=utf-8"))

    def _prepare(self, rendered: FeedDocument) -> Prepared:
        return prepare(rendered, cache_control=_CACHE_CONTROL, now=self._clock(), extra=[_OPEN_TO_BROWSERS])


def _contents(selection: Selection, entries: list[Entry]) -> int:
    return hash((selection.channel, tuple(entries)))
