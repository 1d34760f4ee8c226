"""What supervisors ask: is the process alive, can it do its work, what are its numbers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from aggregator.exceptions import StoreError
from aggregator.protocols import Store
from aggregator.web.metrics import Metrics

Readiness = Callable[[], str | None]
"""Says why the service is not ready, in a sentence; None when it is."""

_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class HealthDesk:
    """The endpoints `/healthz`, `/readyz` and `/metrics`."""

    def __init__(self, *, store: Store, ready: Readiness, metrics: Metrics, workers: Executor) -> None:
        self._store = store
        self._ready = ready
        self._metrics = metrics
        self._workers = workers

    async def live(self, _: Request) -> Response:
        """Answer 200 as long as requests are answered at all; touches nothing."""
        return _plain(200, "ok")

    async def ready(self, _: Request) -> Response:
        """Answer 200 when the store answers and the scheduler ticks, else 503 with the reason."""
        reason = await asyncio.get_running_loop().run_in_executor(self._workers, self._why_not)
        return _plain(503, reason) if reason else _plain(200, "ready")

    async def numbers(self, _: Request) -> Response:
        """Answer with every metric."""
        body, content_type = await asyncio.get_running_loop().run_in_executor(
            self._workers, self._metrics.render
        )
        return Response(body, headers={**_HEADERS, "Content-Type": content_type})

    def _why_not(self) -> str | None:
        try:
            self._store.ping()
        except StoreError as error:
            return f"The store does not answer: {error}"
        return self._ready()


def _plain(status: int, text: str) -> Response:
    return PlainTextResponse(f"{text}\n", status, headers=_HEADERS)
