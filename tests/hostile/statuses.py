"""Status codes, and what goes with them."""

from __future__ import annotations

from email.utils import formatdate
from time import time

from aggregator.model import Outcome
from tests.hostile.scenario import FEED, GOOD, Scenario, endlessly, http, one, rss

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
INTERVAL = 1_800_000
"""A source's default."""


def refusing(status: str, *headers: str, body: bytes = rss("Not this")) -> bytes:
    return http(body, *headers, status=status)


_HTTP_ERRORS = (
    *("201 Created", "202 Accepted", "206 Partial Content", "226 IM Used"),
    *("300 Multiple Choices", "304 Not Modified", "305 Use Proxy", "306 Switch Proxy"),
    *("400 Bad Request", "401 Unauthorized", "402 Payment Required", "403 Forbidden", "404 Not Found"),
    *("405 Method Not Allowed", "406 Not Acceptable", "407 Proxy Authentication Required"),
    *(
        "408 Request Timeout",
        "409 Conflict",
        "412 Precondition Failed",
        "418 I'm a teapot",
        "421 Misdirected",
    ),
    *("425 Too Early", "426 Upgrade Required", "451 Unavailable For Legal Reasons", "499 Client Closed"),
    *("500 Internal Server Error", "501 Not Implemented", "502 Bad Gateway", "503 Service Unavailable"),
    *("504 Gateway Timeout", "505 HTTP Version Not Supported", "520 Unknown", "526 Invalid SSL Certificate"),
    *("530 Origin DNS Error", "599 Whatever", "700 Nobody Knows", "999 Request denied"),
)


def _once_known(name: str, answer: bytes, outcome: Outcome) -> Scenario:
    """Make a scenario of a source that gave a feed before it answers thus: that feed stays."""
    then = one(name, answer, outcome, "One", "Two")
    return Scenario(
        name=f"{name}, after a feed",
        answers={FEED: GOOD},
        outcome=Outcome.OK,
        titles=("One", "Two"),
        then=then,
    )


SCENARIOS = [
    one("200 with a feed", GOOD, Outcome.OK, "One", "Two", silent=True),
    one("203 with a feed", http(rss("One"), status="203 Changed on the way"), Outcome.OK, "One"),
    one("200 without a reason", http(rss("One"), status="200"), Outcome.OK, "One"),
    one("200 with a reason in Latin-1", http(rss("One"), status="200 Très bien"), Outcome.OK, "One"),
    one("204", b"HTTP/1.1 204 No Content\r\n\r\n", Outcome.EMPTY),
    one("205", http(status="205 Reset Content"), Outcome.EMPTY),
    *(
        one(status.partition(" ")[0], refusing(status), Outcome.HTTP_ERROR, says=status[:3])
        for status in _HTTP_ERRORS
        if not status.startswith("304")
    ),
    one(
        "304 although nothing was known", b"HTTP/1.1 304 Not Modified\r\n\r\n", Outcome.HTTP_ERROR, says="304"
    ),
    one("101", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", Outcome.HTTP_ERROR, says="101"),
    one("410", refusing("410 Gone"), Outcome.GONE, waits=(DAY, DAY * 2), says="for good"),
    one("429", refusing("429 Too Many Requests"), Outcome.RATE_LIMITED, waits=(INTERVAL, DAY)),
    one(
        "429 with a wait in seconds",
        refusing("429 Too Many Requests", "Retry-After: 7200"),
        Outcome.RATE_LIMITED,
        waits=(2 * HOUR, 3 * HOUR),
    ),
    one(
        "429 with a wait as a date",
        refusing("429 Too Many Requests", f"Retry-After: {formatdate(time() + 7200, usegmt=True)}"),
        Outcome.RATE_LIMITED,
        waits=(2 * HOUR - 10 * MINUTE, 3 * HOUR),  # this was written some minutes before it is sent
    ),
    one(
        "429 with a wait of a thousand years",
        refusing("429 Too Many Requests", "Retry-After: 31536000000"),
        Outcome.RATE_LIMITED,
        waits=(INTERVAL, 8 * DAY),
    ),
    one(
        "429 with a wait that ended long ago",
        refusing("429 Too Many Requests", "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT"),
        Outcome.RATE_LIMITED,
        waits=(INTERVAL, DAY),
    ),
    one(
        "503 with a wait",
        refusing("503 Service Unavailable", "Retry-After: 7200"),
        Outcome.HTTP_ERROR,
        waits=(2 * HOUR, 3 * HOUR),
        says="503",
    ),
    *(
        one(
            f"503 with a wait of {wait!r}",
            refusing("503 Service Unavailable", f"Retry-After: {wait}"),
            Outcome.HTTP_ERROR,
            waits=(INTERVAL, DAY),
        )
        for wait in ("soon", "-5", "1e9", "", "\x80\xff", "Feb 30 2025")
    ),
    _once_known("404", refusing("404 Not Found"), Outcome.HTTP_ERROR),
    _once_known("410", refusing("410 Gone"), Outcome.GONE),
    _once_known("304 without validators", b"HTTP/1.1 304 Not Modified\r\n\r\n", Outcome.HTTP_ERROR),
    one(
        "error page without end",
        endlessly(b"HTTP/1.1 500 Oops\r\n\r\n", b"x" * 65536),
        Outcome.HTTP_ERROR,
        says="500",
    ),
    one(
        "404 of an image",
        refusing("404 Not Found", "Content-Type: image/png", body=b"\x89PNG\r\n\x1a\n"),
        Outcome.HTTP_ERROR,
    ),
    one(
        "403 of a challenge page",
        refusing("403 Forbidden", body=b"<html>Are you human?</html>"),
        Outcome.HTTP_ERROR,
    ),
]
