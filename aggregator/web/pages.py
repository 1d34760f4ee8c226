"""The pages for people: what is published, and how each source does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from aggregator.config import Config
from aggregator.model import FeedSpec, SourceStatus, TagCount
from aggregator.protocols import Clock, Store
from aggregator.rules.grammar import written
from aggregator.web.access import public_feeds
from aggregator.web.answers import Prepared, document, prepare
from aggregator.web.sources import SourceRow, poll_row, source_row
from aggregator.web.urls import FeedTarget, Kind

TAGS_SHOWN = 200
FAILING_SHOWN = 20
POLLS_SHOWN = 50

_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE_HEADERS = [
    (b"content-security-policy", _POLICY.encode()),
    (b"referrer-policy", b"no-referrer"),
]
_STATIC_TYPES = {"css": "text/css; charset=utf-8", "svg": "image/svg+xml"}
_LAST_MOMENT = 253_402_300_799_000  # the end of the year 9999, in ms


@dataclass(frozen=True, slots=True)
class FeedRow:
    """A feed as the page lists it."""

    title: str
    detail: str
    rss: str
    atom: str
    json: str


@dataclass(frozen=True, slots=True)
class TagRow:
    """A tag as the page lists it."""

    name: str
    entries: int
    rss: str
    atom: str
    json: str


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything that the page shows."""

    title: str
    config_name: str
    everything: FeedRow
    feeds: tuple[FeedRow, ...]
    tags: tuple[TagRow, ...]
    tags_left_out: int
    sources: tuple[SourceRow, ...]
    failing: tuple[SourceRow, ...]
    entries: int
    incidents: FeedRow
    """What happens to sources."""

    @property
    def listed(self) -> tuple[FeedRow, ...]:
        """Every feed but those of tags."""
        return (self.everything, *self.feeds)


def overview(config: Config, *, statuses: list[SourceStatus], tags: list[TagCount], entries: int) -> Overview:
    """Return what the page shows, from the config and the store's answers. Pure.

    Feeds with a token of their own are on it only where the page itself is for those alone who say a token.
    """
    feeds = public_feeds(config) if config.service.token is None else config.feeds
    sources = tuple(source_row(number, status) for number, status in enumerate(statuses, start=1))
    return Overview(
        title=config.service.title,
        config_name=config.path.name,
        everything=_feed_row(Kind.ALL, "", "Everything", "Every entry of every source"),
        feeds=tuple(_feed_row(Kind.FEED, spec.slug, spec.title, _detail(spec)) for spec in feeds),
        tags=tuple(_tag_row(tag) for tag in tags[:TAGS_SHOWN]),
        tags_left_out=max(0, len(tags) - TAGS_SHOWN),
        sources=sources,
        failing=tuple(row for row in sources if row.state == "failing"),
        entries=entries,
        incidents=_feed_row(Kind.STATUS, "", "What happens to sources", ""),
    )


def _links(kind: Kind, name: str) -> dict[str, str]:
    # Relative: they lead to us by whatever address the page was reached.
    return {suffix: FeedTarget(kind, name, suffix).path[1:] for suffix in ("rss", "atom", "json")}


def _feed_row(kind: Kind, name: str, title: str, detail: str) -> FeedRow:
    return FeedRow(title=title, detail=detail, **_links(kind, name))


def _tag_row(tag: TagCount) -> TagRow:
    return TagRow(name=tag.tag, entries=tag.entries, **_links(Kind.TAG, tag.tag))


def _detail(spec: FeedSpec) -> str:
    if spec.description:
        return spec.description
    conditions = [
        f"{words} {', '.join(names)}"
        for words, names in (
            ("any of", spec.any),
            ("all of", spec.all),
            ("none of", spec.none),
            ("from", spec.sources),
            ("matching", () if spec.match is None else (written(spec.match),)),
        )
        if names
    ]
    return "; ".join(conditions) or "Every entry"


def utc(instant: int) -> str:
    """Return an instant (ms) as UTC ISO 8601, in whole seconds."""
    seconds = min(max(instant, 0), _LAST_MOMENT) // 1000
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def size(count: int) -> str:
    """Return a number of bytes as people read it: `0 B`, `12.3 kB`, `1.2 MB`."""
    if count < 1000:  # noqa: PLR2004 - a kilobyte
        return f"{count} B"
    return f"{count / 1000:,.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:,.1f} MB"  # noqa: PLR2004 - a megabyte


def span(milliseconds: int) -> str:
    """Return a span of time as people read it: `80 ms`, `1.2 s`."""
    return f"{milliseconds} ms" if milliseconds < 1000 else f"{milliseconds / 1000:,.1f} s"  # noqa: PLR2004 - a second


def _templates() -> Environment:
    templates = Environment(
        loader=PackageLoader("aggregator.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["utc"] = utc
    templates.filters["size"] = size
    templates.filters["span"] = span
    templates.filters["grouped"] = lambda number: f"{number:,}"
    return templates


class PageDesk:
    """The pages, and the files that they need. Reads the store and renders in worker threads."""

    def __init__(
        self, *, store: Store, config: Callable[[], Config], clock: Clock, workers: Executor
    ) -> None:
        self._store = store
        self._config = config
        self._clock = clock
        self._workers = workers
        self._counted: tuple[int, list[TagCount], int] | None = None
        self._templates = _templates()
        self._static = _static_files(now=clock())

    async def overview(self, request: Request) -> Response:
        """Answer with the page; raises `StoreError` when the database cannot be read."""
        page = await asyncio.get_running_loop().run_in_executor(self._workers, self._overview)
        return _response(page, request)

    async def source(self, request: Request) -> Response:
        """Answer with the page of one source; raises `StoreError` as above."""
        name = request.path_params["name"]
        page = await asyncio.get_running_loop().run_in_executor(self._workers, self._source, name)
        if page is None:
            return PlainTextResponse("There is no source of this name. The page at / lists them.\n", 404)
        return _response(page, request)

    async def static(self, request: Request) -> Response:
        """Answer with a file that the page needs."""
        found = self._static.get(request.path_params["name"])
        if found is None:
            return PlainTextResponse("There is no such file.\n", 404)
        return _response(found, request)

    def _overview(self) -> Prepared:
        revision = self._store.revision()
        counted = self._counted
        if counted is None or counted[0] != revision:  # it takes far longer than the rest of the page
            counted = (revision, self._store.tag_counts(), self._store.entry_count())
            self._counted = counted
        _, tags, entries = counted
        view = overview(self._config(), statuses=self._store.source_statuses(), tags=tags, entries=entries)
        return self._page("overview.html", root="", view=view, failing_shown=FAILING_SHOWN)

    def _source(self, name: str) -> Prepared | None:
        statuses = enumerate(self._store.source_statuses(), start=1)
        source = next((source_row(number, each) for number, each in statuses if each.name == name), None)
        if source is None:
            return None
        polls = [poll_row(*poll) for poll in self._store.polls(name, limit=POLLS_SHOWN)]
        title = self._config().service.title
        return self._page("source.html", root="../", source=source, polls=polls, title=title)

    def _page(self, template: str, **shown: object) -> Prepared:
        html = self._templates.get_template(template).render(shown)
        return prepare(
            document(html.encode(errors="replace"), "text/html; charset=utf-8"),
            cache_control="no-cache",
            now=self._clock(),
            extra=_PAGE_HEADERS,
        )


def _static_files(*, now: int) -> dict[str, Prepared]:
    files = {}
    for file in resources.files("aggregator.web").joinpath("static").iterdir():
        content_type = _STATIC_TYPES.get(file.name.rpartition(".")[2])
        if content_type is not None:
            found = document(file.read_bytes(), content_type)
            files[file.name] = prepare(found, cache_control="public, max-age=300", now=now)
    return files


def _response(prepared: Prepared, request: Request) -> Response:
    answer = prepared.answer(request.method, request.scope["headers"])
    response = Response(answer.body, answer.status)
    response.raw_headers = answer.headers
    return response
