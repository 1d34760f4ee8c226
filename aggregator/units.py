"""Spans of time and sizes as people write them; pure."""

from __future__ import annotations

import re

_MILLISECONDS = {"w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}
_DURATION = re.compile(" ?".join(rf"(?:([0-9]{{1,12}}) ?{unit})?" for unit in _MILLISECONDS))

_BYTES = {
    "b": 1,
    "kb": 1000,
    "mb": 1000**2,
    "gb": 1000**3,
    "kib": 1024,
    "mib": 1024**2,
    "gib": 1024**3,
}
_SIZE = re.compile(rf"([0-9]{{1,12}}) ?({'|'.join(_BYTES)})", re.IGNORECASE)


def parse_duration(text: str) -> int:
    """Return the milliseconds of `"90s"`, `"30m"`, `"1h30m"`, `"7d"`, `"500ms"`.

    Units are w, d, h, m, s and ms, in lower case, the larger before the smaller, each at most once; whole
    numbers only. Raises `ValueError`, whose text says what is expected.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None or not any(match.groups()):
        raise ValueError('a duration such as "30m" or "24h"')
    amounts = zip(match.groups(), _MILLISECONDS.values(), strict=True)
    return sum(int(amount) * unit for amount, unit in amounts if amount)


def parse_size(text: str) -> int:
    """Return the bytes of `"10MiB"`, `"500 kB"`, `"4096 B"`.

    kB, MB and GB are powers of 1000, KiB, MiB and GiB of 1024, in any case; whole numbers only. Raises
    `ValueError`, whose text says what is expected.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError('a size such as "10MiB" or "500 kB"')
    return int(match[1]) * _BYTES[match[2].lower()]
