"""Turns at what may take long: few at a time, some wait for a while, and who comes then is sent away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """So many `at_once`; `most` counts those who wait, too, each for so long. Lives in one event loop."""

    def __init__(self, *, at_once: int, most: int, patience_s: float) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._most = most
        self._patience_s = patience_s
        self._here = 0

    @property
    def are_taken(self) -> bool:
        """Whether there is no room to wait either."""
        return self._here >= self._most

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[bool]:
        """Wait for a turn, which lasts as long as the block; False when there was none within the time."""
        self._here += 1
        try:
            has_turn = await self._had()
            try:
                yield has_turn
            finally:
                if has_turn:
                    self._free.release()
        finally:
            self._here -= 1

    async def _had(self) -> bool:
        try:
            async with asyncio.timeout(self._patience_s):
                return await self._free.acquire()
        except TimeoutError:
            return False
