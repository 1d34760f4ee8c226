"""Published feeds over HTTP: rendered once for each change of the store, then answered from memory.

path ─► FeedTarget ─► revision ─┬─ same as last time ─► cached bytes ─► 200 | 304
                                └─ another ─► Selection ─► entries ─► render ─► prepare ─┘

A selection that depends on the clock is made anew when its minute is over, too; where it comes to the same
entries, the bytes and their ETag stay.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace

from aggregator.config import Config
from aggregator.exceptions import CostError
from aggregator.model import Budget, EntryQuery, FeedDocument
from aggregator.model.keeping import keeps_everything
from aggregator.protocols import Clock, Store
from aggregator.publish.feeds import render
from aggregator.web.answers import Answer, Prepared, document, prepare, text
from aggregator.web.cache import BoundedCache
from aggregator.web.contents import Contents, contents_of, status_contents
from aggregator.web.history import archive_document, has_history, with_history
from aggregator.web.lists import feed_list
from aggregator.web.negotiation import Headers
from aggregator.web.options import PLAIN
from aggregator.web.selection import Unknown, select
from aggregator.web.turns import Turns
from aggregator.web.urls import FeedTarget, Kind, Misdirected, OpmlTarget

CACHE_BYTES = 16 * 1024 * 1024
SEARCH_CACHE_BYTES = 8 * 1024 * 1024
"""For what readers narrow down themselves: however many do, the feeds of the config stay in memory."""
_KEPT_BESIDE = 1024
"""What a kept document costs beyond its bytes, roughly."""

INCIDENTS = 100
"""Items of the feed of what happens to sources, at most."""

SEARCH_BUDGET = Budget(entries=200_000, milliseconds=2_000)
"""What may be spent on whatever people ask for by parameters; the config's own feeds have no such limit."""
SEARCHES_AT_ONCE = 2
"""Each has a thread beside the workers: feeds of the config do not wait behind searches."""
SEARCHES_WAITING = 20
TURN_S = 2.0
"""How long a search waits for its turn; what is read then has the time of the budget."""
PATIENCE_S = 4.0
"""How long somebody waits for a search altogether. One that is not done by then ends nevertheless, and its
document is there for the next who ask: rendering cannot be broken off, and what it renders is bounded."""
_TOO_COSTLY_S = 300
"""How long a search that took too much is not tried again."""

_CACHE_CONTROL = "public, max-age=60, must-revalidate"
_FOR_EVER = "public, max-age=31536000, immutable"
_FOR_A_DAY = "public, max-age=86400, must-revalidate"
"""Where entries are deleted: then parts of the history are made anew without them."""
_NO_ARCHIVE = "There is no such part of the feed's history; the feed itself names the newest one."
_OPEN_TO_BROWSERS = (b"access-control-allow-origin", b"*")

Target = FeedTarget | OpmlTarget
ConfigInForce = Callable[[], Config]


@dataclass(frozen=True, slots=True)
class Refused:
    """A search that cannot be answered now: why, for the person who asked, and when to come back."""

    text: str
    retry_after: int
    """Seconds."""


_BUSY = Refused("Too many searches are under way; try again soon.", 10)
_UNFINISHED = Refused("This search takes longer than others; its answer is being made: ask again soon.", 10)

Found = Prepared | Unknown | Refused


@dataclass(frozen=True, slots=True)
class _Kept:
    config: Config
    revision: int | None
    """Of the store; None where that does not matter."""
    contents: int | None
    """A hash of what was rendered; None when there is no such feed."""
    found: Found
    expires: int | None = None
    """When it is to be looked at again (ms), however old the revision; None for never."""

    @property
    def size(self) -> int:
        return self.found.size if isinstance(self.found, Prepared) else len(self.found.text)


class FeedDesk:
    """Answers requests for feeds. Lives in one event loop; reads entries and renders in worker threads."""

    def __init__(self, *, store: Store, config: ConfigInForce, clock: Clock, workers: Executor) -> None:
        self._store = store
        self._config = config
        self._clock = clock
        self._workers = workers
        self._kept: BoundedCache[Target, _Kept] = BoundedCache(CACHE_BYTES)
        self._kept_searches: BoundedCache[Target, _Kept] = BoundedCache(SEARCH_CACHE_BYTES)
        self._searchers = ThreadPoolExecutor(SEARCHES_AT_ONCE, thread_name_prefix="web-searcher")
        self._under_way: dict[tuple[Target, int, int], asyncio.Task[Found]] = {}
        self._turns = Turns(at_once=SEARCHES_AT_ONCE, most=SEARCHES_WAITING, patience_s=TURN_S)

    async def answer(self, asked: Target | Misdirected, method: str, headers: Headers) -> Answer:
        """Return the answer to a GET or HEAD request.

        Raises `StoreError` when the database cannot be read.
        """
        if isinstance(asked, Misdirected):
            return text(asked.status, asked.text, [_OPEN_TO_BROWSERS], method=method)
        found = await self._find(asked)
        match found:
            case Prepared():
                return found.answer(method, headers)
            case Unknown():
                return text(404, found.text, [_OPEN_TO_BROWSERS], method=method)
            case Refused():
                extra = [_OPEN_TO_BROWSERS, (b"retry-after", str(found.retry_after).encode())]
                return text(503, found.text, extra, method=method)

    async def _find(self, target: Target) -> Found:
        config = self._config()
        # Inline, not in a worker: it takes less time than handing it over would.
        revision = 0 if isinstance(target, OpmlTarget) else self._store.revision()
        last = self._cache_of(target).get(target)
        if last is not None and self._holds(last, config, revision):
            return last.found
        flight, searches = (target, revision, id(config)), _searches(target)
        task = self._under_way.get(flight)
        if task is None:
            if searches and self._turns.are_taken:
                return _BUSY
            task = asyncio.create_task(self._renew(target, config, revision, last))
            self._under_way[flight] = task
            task.add_done_callback(lambda done: self._landed(flight, done))
        # Not the task itself: one client's end must not take the document away from the others.
        await asyncio.wait({task}, timeout=PATIENCE_S if searches else None)
        return task.result() if task.done() else _UNFINISHED

    def _landed(self, flight: tuple[Target, int, int], task: asyncio.Task[Found]) -> None:
        self._under_way.pop(flight, None)
        if not task.cancelled():
            task.exception()  # perhaps nobody waits for it any more

    def _cache_of(self, target: Target) -> BoundedCache[Target, _Kept]:
        return self._kept_searches if _searches(target) else self._kept

    def _holds(self, kept: _Kept, config: Config, revision: int) -> bool:
        if kept.config is not config or kept.revision not in (None, revision):
            return False
        return kept.expires is None or self._clock() < kept.expires

    async def _renew(self, target: Target, config: Config, revision: int, last: _Kept | None) -> Found:
        def work() -> _Kept:
            if isinstance(target, OpmlTarget):
                return _Kept(config, revision, None, self._opml(config, target))
            return self._render(target, config, revision, last)

        in_worker = asyncio.get_running_loop().run_in_executor
        if _searches(target):
            async with self._turns.turn() as has_turn:
                if not has_turn:
                    return _BUSY
                kept = await in_worker(self._searchers, work)
        else:
            kept = await in_worker(self._workers, work)
        self._cache_of(target).put(target, kept, size=kept.size + _KEPT_BESIDE)
        return kept.found

    def _render(self, target: FeedTarget, config: Config, revision: int, last: _Kept | None) -> _Kept:
        now = self._clock()
        if target.options.archive is not None:
            return self._archived(target, config, revision, now)
        try:
            contents = self._contents(target, config, now)
        except CostError as error:
            refused = Refused(str(error), _TOO_COSTLY_S)
            return _Kept(config, None, None, refused, now + _TOO_COSTLY_S * 1000)
        if isinstance(contents, Unknown):
            return _Kept(config, revision, None, contents)
        # Most revisions are of other feeds' entries: the same contents need no second rendering.
        if last is not None and last.contents == contents.fingerprint:
            return replace(last, config=config, revision=revision, expires=contents.expires)
        rendered = render(target.suffix, contents.channel, contents.items())
        before = last.found if last is not None and isinstance(last.found, Prepared) else None
        if before is not None and before.plain.etag == rendered.etag:
            prepared = before
        else:
            # What the config says of a feed is part of it, and may be newer than all entries.
            modified = max(rendered.last_modified, config.modified)
            if not _tells_apart(modified, before, moving=contents.expires is not None):
                modified = now
            prepared = self._prepare(replace(rendered, last_modified=modified))
        return _Kept(config, revision, contents.fingerprint, prepared, contents.expires)

    def _contents(self, target: FeedTarget, config: Config, now: int) -> Contents | Unknown:
        if target.kind is Kind.STATUS:
            return status_contents(target, config, self._store.incidents(limit=INCIDENTS))
        selection = select(target, config, now)
        if isinstance(selection, Unknown):
            return selection
        if target.options.before is not None and not has_history(target, selection):
            return Unknown(_NO_ARCHIVE)
        budget = SEARCH_BUDGET if _searches(target) else None
        entries = self._store.entries(selection.query, budget)
        if not entries and selection.unknown is not None:
            tagged = EntryQuery(all=(selection.named,), limit=1)
            if not self._store.entries(tagged):
                return selection.unknown
        channel = with_history(self._store, target, selection, entries)
        return contents_of(replace(selection, channel=channel), entries)

    def _archived(self, target: FeedTarget, config: Config, revision: int, now: int) -> _Kept:
        selection = select(target, config, now)
        if isinstance(selection, Unknown):
            return _Kept(config, revision, None, selection)
        found = archive_document(self._store.archives, target, selection)
        if found is None:
            return _Kept(config, revision, None, Unknown(_NO_ARCHIVE))
        cache_control = _FOR_EVER if keeps_everything(config.retention, config.sources) else _FOR_A_DAY
        prepared = prepare(found, cache_control=cache_control, now=now, extra=[_OPEN_TO_BROWSERS])
        # These bytes are older than this process.
        prepared = replace(prepared, served_since=prepared.last_modified or 0)
        return _Kept(config, revision, None, prepared)

    def _opml(self, config: Config, target: OpmlTarget) -> Prepared:
        body = feed_list(config, target.opened)
        return self._prepare(document(body, "text/x-opml; charset=utf-8", config.modified))

    def _prepare(self, rendered: FeedDocument) -> Prepared:
        return prepare(rendered, cache_control=_CACHE_CONTROL, now=self._clock(), extra=[_OPEN_TO_BROWSERS])


def _searches(target: Target) -> bool:
    """Tell whether people ask for more than what the config has: of that there is no end."""
    return isinstance(target, FeedTarget) and target.options is not PLAIN and target.options != PLAIN


def _tells_apart(modified: int, before: Prepared | None, *, moving: bool) -> bool:
    """Tell whether that date (ms) is of no other document, so that If-Modified-Since is answered right.

    Entries that leave a feed, or enter it by the clock alone, have no newer date than those that were there.
    """
    if before is None:
        return not moving
    return before.last_modified is None or before.last_modified < modified // 1000
