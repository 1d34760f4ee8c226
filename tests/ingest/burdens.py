"""Work for parse processes that takes more than they have: minutes, or memory."""

from __future__ import annotations

import time

from aggregator.model import Fetched


def dawdle(document: Fetched) -> bool:
    """Keep a processor busy for a minute."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        pass
    return bool(document)


def hoard(document: Fetched) -> int:
    """Take 300 MiB."""
    return len([document.body + bytes(1024 * 1024) for _ in range(300)])


def swell(document: Fetched, kept: list[bytes] = []) -> int:  # noqa: B006 - it is what stays in the process
    """Take 40 MiB, and keep them."""
    kept.extend(document.body + bytes([1]) * 1024 * 1024 for _ in range(40))
    return len(kept)
