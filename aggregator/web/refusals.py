"""What the log says of wrong tokens: how often, never which or whose."""

from __future__ import annotations

import asyncio
import logging

logger = logging.getLogger(__name__)

APART_S = 60.0
"""Seconds between two lines, at least: somebody who tries tokens cannot fill the log."""


class WrongTokens:
    """Counts requests that said a wrong token. Lives in one event loop."""

    def __init__(self, *, apart_s: float = APART_S) -> None:
        self._apart_s = apart_s
        self._count = 0
        self._pause: asyncio.TimerHandle | None = None

    def note(self) -> None:
        """Count one, and tell of it at once or, when that was done a short while ago, with others later."""
        self._count += 1
        if self._pause is None:
            self._tell()

    def _tell(self) -> None:
        self._pause = None
        if self._count:
            logger.warning("web: requests refused because of a wrong token: %d", self._count)
            self._count = 0
            self._pause = asyncio.get_running_loop().call_later(self._apart_s, self._tell)
