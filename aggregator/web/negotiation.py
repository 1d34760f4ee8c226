"""What a request's headers ask for: conditions (RFC 9110 section 13) and encodings (12.5.3). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime

Headers = Iterable[tuple[bytes, bytes]]
"""As ASGI has them: names in lower case."""

_OPAQUE_TAG = re.compile(r'"[^"]*"')
"""What weak comparison looks at: an ETag without its `W/`."""
_QVALUE = re.compile(r"0(\.[0-9]*)?|1(\.0*)?", re.ASCII)


def header(headers: Headers, name: bytes) -> str | None:
    """Return a header's value, its lines joined as RFC 9110 section 5.3 has it; None when absent."""
    values = [value for key, value in headers if key == name]
    return b", ".join(values).decode("latin-1") if values else None


def is_current(headers: Headers, *, etag: str, last_modified: int | None, served_since: int) -> bool:
    """Tell whether the client's copy is the one that it would get: the answer is then 304.

    Takes the strong ETag, quotes included, and in seconds since 1970 the Last-Modified date, if there is one,
    and since when nothing else was served. If-None-Match compares weakly, and where it is given
    If-Modified-Since is not looked at. A date there that lies between the two says nothing: what was served
    then may have been newer, since a feed can lose its newest entry and with it its date.
    """
    if (condition := header(headers, b"if-none-match")) is not None:
        return condition.strip() == "*" or etag in _OPAQUE_TAG.findall(condition)
    if last_modified is None or (since := header(headers, b"if-modified-since")) is None:
        return False
    date = _http_date(since)
    return date is not None and (date == last_modified or date >= max(last_modified, served_since))


def _http_date(text: str) -> int | None:
    try:
        date = parsedate_to_datetime(text)
        return int((date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None


def wanted_encoding(headers: Headers, offered: Sequence[str]) -> str | None:
    """Return which of the offered content codings is to be sent; None stands for none of them.

    That of the highest weight; among equals the one offered first, and any before none. None is also the
    answer to a client that rules out everything there is (RFC 9110 section 12.5.3 leaves that open).
    """
    accepted = header(headers, b"accept-encoding")
    if not accepted:
        return None
    weights = _weights(accepted)
    others = weights.get("*", 0.0)
    best, best_weight = None, weights.get("identity", 0.0)
    for coding in reversed(offered):
        weight = weights.get(coding, weights.get(f"x-{coding}", others))
        if weight > 0 and weight >= best_weight:
            best, best_weight = coding, weight
    return best


def _weights(accepted: str) -> dict[str, float]:
    weights = {}
    for part in accepted.lower().split(","):
        coding, _, parameters = part.partition(";")
        weights[coding.strip()] = _weight(parameters)
    return weights


def _weight(parameters: str) -> float:
    name, _, value = parameters.partition("=")
    if name.strip() != "q":
        return 1.0
    return float(value) if _QVALUE.fullmatch(value.strip()) else 0.0
