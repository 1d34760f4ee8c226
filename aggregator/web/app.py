"""The ASGI app: feeds are answered straight away, everything else goes through Starlette's router."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import unquote

from starlette.routing import Route, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aggregator.clock import now_ms
from aggregator.config import Config
from aggregator.exceptions import StoreError
from aggregator.protocols import Clock, Store
from aggregator.web.access import (
    Access,
    Said,
    access_to_feed,
    access_to_service,
    opened_feeds,
    private_headers,
    refusal,
    tokens_said,
    varying_headers,
    without_tokens,
)
from aggregator.web.answers import Answer, send_answer, text
from aggregator.web.feeds import FeedDesk, Target
from aggregator.web.health import HealthDesk, Readiness
from aggregator.web.metrics import Metrics
from aggregator.web.pages import PageDesk
from aggregator.web.refusals import WrongTokens
from aggregator.web.urls import FeedTarget, Kind, Misdirected, OpmlTarget, below_prefix, path_prefix, resolve

logger = logging.getLogger(__name__)

WORKERS = 3
"""Threads that read entries and render: enough that a slow feed does not keep the others waiting."""
PAGE_WORKERS = 1
"""Threads of the pages, which count what is stored: neither they nor feeds wait for each other."""


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
    page_workers = ThreadPoolExecutor(PAGE_WORKERS, thread_name_prefix="web-page")
    pages = PageDesk(store=store, config=config, clock=clock, workers=page_workers)
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
        self._wrong_tokens = WrongTokens()

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
            logger.warning("web: %s not answered: %s", _shown(scope["path"]), error)
            if not started:
                await send_answer(_unavailable(scope["method"]), send)
        except Exception:
            logger.exception("web: %s failed", _shown(scope["path"]))
            if not started:
                await send_answer(_failed(scope["method"]), send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"]
        if method not in ("GET", "HEAD"):
            allowed = [(b"allow", b"GET, HEAD")]
            await send_answer(text(405, "Only GET and HEAD are answered here.", allowed), send)
            return
        config = self._config()
        sent: bytes = scope["raw_path"]
        prefix = path_prefix(config.service.base_url)
        path = below_prefix(sent, prefix)
        said = tokens_said(scope["headers"], scope["query_string"])
        asked = resolve(path, b"")  # strangers are told of no mistake in the rest
        access = _access(config, path, asked, said)
        if not access.is_granted:
            if said:
                self._wrong_tokens.note()
            await send_answer(refusal(method), send)
        elif prefix and sent == prefix:
            # Relative links of the page need the slash.
            home = text(308, "See the address with a slash.", [(b"location", prefix + b"/")], method=method)
            await send_answer(home, send)
        elif asked is not None:
            asked = resolve(path, without_tokens(scope["query_string"])) or asked
            answer = await self._answer(config, asked, said, access, scope)
            if self._config() is config:
                await send_answer(answer, send)
            else:  # other tokens may hold by now
                await self._serve(scope, receive, send)
        else:
            if path != sent:
                scope = {**scope, "path": unquote(path.decode("ascii")), "raw_path": path}
            await self._router(scope, receive, _privately(send) if access.is_private else send)

    async def _answer(
        self, config: Config, asked: Target | Misdirected, said: Said, access: Access, scope: Scope
    ) -> Answer:
        is_private = access.is_private
        if isinstance(asked, OpmlTarget):
            asked = OpmlTarget(opened_feeds(config, said))
            is_private = is_private or bool(asked.opened)
        answer = await self._feeds.answer(asked, scope["method"], scope["headers"])
        if is_private:
            return replace(answer, headers=private_headers(answer.headers))
        if isinstance(asked, OpmlTarget):
            return replace(answer, headers=varying_headers(answer.headers))
        return answer


def _access(config: Config, path: bytes, asked: Target | Misdirected | None, said: Said) -> Access:
    if isinstance(asked, FeedTarget) and asked.kind is Kind.FEED:
        return access_to_feed(config, asked.name, said)
    return access_to_service(config, path, said)


def _privately(send: Send) -> Send:
    async def changed(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": private_headers(list(message["headers"]))}
        await send(message)

    return changed


def _shown(path: str) -> str:
    """Return a path as the log may have it: some people put there what belongs behind it."""
    before, token, _ = path.partition("token=")
    return f"{before}{token}…" if token else path


async def _not_found(scope: Scope, _: Receive, send: Send) -> None:
    message = "There is nothing at this address. The page at / lists the feeds, tags and sources."
    await send_answer(text(404, message, method=scope["method"]), send)


def _unavailable(method: str) -> Answer:
    return text(
        503, "The database does not answer; try again soon.", [(b"retry-after", b"30")], method=method
    )


def _failed(method: str) -> Answer:
    return text(500, "Something went wrong here; the log of the service says what.", method=method)
