"""The ASGI app: feeds are answered straight away, everything else goes through Starlette's router."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import unquote

from starlette.routing import Route, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aggregator.clock import now_ms
from aggregator.config import Config
from aggregator.exceptions import StoreError
from aggregator.protocols import Clock, Store
from aggregator.web.answers import Answer, send_answer, text
from aggregator.web.feeds import FeedDesk
from aggregator.web.health import HealthDesk, Readiness
from aggregator.web.metrics import Metrics
from aggregator.web.pages import PageDesk
from aggregator.web.urls import below_prefix, path_prefix, resolve

logger = logging.getLogger(__name__)

WORKERS = 3
"""Threads that read entries and render: enough that a slow feed does not keep the others waiting."""


def create_app(
    *,
    store: Store,
    config: Callable[[], Config],
    ready: Readiness,
    metrics: Metrics,
    clock: Clock = now_ms,
) -> ASGIApp:
    """Return the app.

    `config` returns the config in force, which may be another one at each call; `ready` returns None, or a
    sentence that says why the service does not do its work.
    """
    # Not the event loop's own threads: ending that would wait for every reading under way.
    workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="web-worker")
    health = HealthDesk(store=store, ready=ready, metrics=metrics, workers=workers)
    pages = PageDesk(store=store, config=config, clock=clock, workers=workers)
    router = Router(
        [
            Route("/", pages.overview),
            Route("/sources/{name:path}.html", pages.source),
            Route("/static/{name}", pages.static),
            Route("/healthz", health.live),
            Route("/readyz", health.ready),
            Route("/metrics", health.numbers),
        ],
        redirect_slashes=False,
        default=_not_found,
    )
    feeds = FeedDesk(store=store, config=config, clock=clock, workers=workers)
    return App(feeds=feeds, router=router, config=config)


class App:
    """Sorts requests, and is the one place where errors become answers."""

    def __init__(self, *, feeds: FeedDesk, router: Router, config: Callable[[], Config]) -> None:
        self._feeds = feeds
        self._router = router
        self._config = config

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http":
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._serve(scope, receive, watched)
        except StoreError as error:
            logger.warning("web: %s not answered: %s", scope["path"], error)
            if not started:
                await send_answer(_unavailable(scope["method"]), send)
        except Exception:
            logger.exception("web: %s failed", scope["path"])
            if not started:
                await send_answer(_failed(scope["method"]), send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"]
        if method not in ("GET", "HEAD"):
            allowed = [(b"allow", b"GET, HEAD")]
            await send_answer(text(405, "Only GET and HEAD are answered here.", allowed), send)
            return
        sent: bytes = scope["raw_path"]
        prefix = path_prefix(self._config().service.base_url)
        if prefix and sent == prefix:
            # Relative links of the page need the slash.
            home = text(308, "See the address with a slash.", [(b"location", prefix + b"/")], method=method)
            await send_answer(home, send)
            return
        path = below_prefix(sent, prefix)
        asked = resolve(path, scope["query_string"])
        if asked is not None:
            await send_answer(await self._feeds.answer(asked, method, scope["headers"]), send)
            return
        if path != sent:
            scope = {**scope, "path": unquote(path.decode("ascii")), "raw_path": path}
        await self._router(scope, receive, send)


async def _not_found(scope: Scope, _: Receive, send: Send) -> None:
    message = "There is nothing at this address. The page at / lists the feeds, tags and sources."
    await send_answer(text(404, message, method=scope["method"]), send)


def _unavailable(method: str) -> Answer:
    return text(
        503, "The database does not answer; try again soon.", [(b"retry-after", b"30")], method=method
    )


def _failed(method: str) -> Answer:
    return text(500, "Something went wrong here; the log of the service says what.", method=method)
