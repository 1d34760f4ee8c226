"""What a request's headers ask for: conditions (RFC 9110 section 13) and encodings (12.5.3). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC
from email.utils import parsedate_to_datetime

Headers = Iterable[tuple[bytes, bytes]]
"""As ASGI has them: names in lower case."""

_OPAQUE_TAG = re.compile(r'"[^"]*"')
"""What weak comparison looks at: an ETag without its `W/`."""


def header(headers: Headers, name: bytes) -> str | None:
    """Return a header's value, its lines joined as RFC 9110 section 5.3 has it; None when absent."""
    values = [value for key, value in headers if key == name]
    return b", ".join(values).decode("latin-1") if values else None


def is_current(headers: Headers, *, etag: str, last_modified: int | None) -> bool:
    """Tell whether the client's copy is the one that it would get: the answer is then 304.

    Takes the strong ETag, quotes included, and the Last-Modified date in seconds since 1970, if there is one.
    If-None-Match compares weakly, and where it is given If-Modified-Since is not looked at.
    """
    if (condition := header(headers, b"if-none-match")) is not None:
        return condition.strip() == "*" or etag in _OPAQUE_TAG.findall(condition)
    if last_modified is None or (since := header(headers, b"if-modified-since")) is None:
        return False
    date = _http_date(since)
    return date is not None and last_modified <= date


def _http_date(text: str) -> int | None:
    try:
        date = parsedate_to_datetime(text)
        return int((date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None


def accepts_gzip(headers: Headers) -> bool:
    """Tell whether gzip may be sent, and is wanted at least as much as no encoding."""
    accepted = header(headers, b"accept-encoding")
    if not accepted:
        return False
    weights = {}
    for part in accepted.lower().split(","):
        coding, _, parameters = part.partition(";")
        weights[coding.strip()] = _weight(parameters)
    gzip = weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0)))
    return gzip > 0 and gzip >= weights.get("identity", 0.0)


def _weight(parameters: str) -> float:
    name, _, value = parameters.partition("=")
    if not name.strip():
        return 1.0
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0
