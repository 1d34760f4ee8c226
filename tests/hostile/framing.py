"""Where a body ends, and connections that break."""

from __future__ import annotations

from aggregator.model import Outcome
from tests.hostile.scenario import (
    FEED,
    GOOD,
    Scenario,
    Speak,
    chunked,
    http,
    on_one_connection,
    one,
    rss,
    then_reset,
)

_BODY = rss("One", "Two")
_CHUNKED = "Transfer-Encoding: chunked"
_KEPT = http(_BODY, 'ETag: "1"')


def _framed(
    name: str, body: bytes, outcome: Outcome, *titles: str, headers: tuple[str, ...] = (_CHUNKED,)
) -> Scenario:
    return one(name, http(body, *headers, length=False), outcome, *titles)


def _broken(name: str, start: bytes) -> Scenario:
    return one(name, start, Outcome.CONNECTION_ERROR)


def _length(value: object, outcome: Outcome, *titles: str) -> Scenario:
    header = f"Content-Length: {value}"
    return _framed(f"Content-Length {value!r}", _BODY, outcome, *titles, headers=(header,))


def _reset(start: bytes) -> Speak:
    return then_reset(start)


SCENARIOS = [
    _framed("no length, closed at the end", _BODY, Outcome.OK, "One", "Two", headers=()),
    _length(len(_BODY) + 1, Outcome.CONNECTION_ERROR),
    _length(900_000, Outcome.CONNECTION_ERROR),
    _length(-1, Outcome.OK, "One", "Two"),
    _length("", Outcome.OK, "One", "Two"),
    _length("many", Outcome.OK, "One", "Two"),
    _length(f"+{len(_BODY)}", Outcome.OK, "One", "Two"),
    _length(10**30, Outcome.TOO_LARGE),
    _length(f"{len(_BODY)}, {len(_BODY)}", Outcome.OK, "One", "Two"),
    _length(f"{len(_BODY)}, 5", Outcome.CONNECTION_ERROR),
    _length(0, Outcome.EMPTY),
    one(
        "length that ends in the second item",
        http(_BODY[:-60], length=True) + _BODY[-60:],
        Outcome.OK,
        "One",
        says="ill-formed",
    ),
    one("more than the length", http(_BODY) + b"<item>surplus</item>" * 99, Outcome.OK, "One", "Two"),
    _framed(
        "two lengths that differ",
        _BODY,
        Outcome.CONNECTION_ERROR,
        headers=("Content-Length: 5", "Content-Length: 6"),
    ),
    _framed(
        "two lengths alike", _BODY, Outcome.OK, "One", "Two", headers=(f"Content-Length: {len(_BODY)}",) * 2
    ),
    _framed("chunks", chunked(_BODY[:100], _BODY[100:]), Outcome.OK, "One", "Two"),
    _framed("chunks of one byte", chunked(*(bytes([byte]) for byte in _BODY)), Outcome.OK, "One", "Two"),
    _framed(
        "chunk sizes in upper case", b"%X\r\n%s\r\n0\r\n\r\n" % (len(_BODY), _BODY), Outcome.OK, "One", "Two"
    ),
    _framed(
        "chunk sizes with zeros",
        b"0000%x\r\n%s\r\n000\r\n\r\n" % (len(_BODY), _BODY),
        Outcome.OK,
        "One",
        "Two",
    ),
    _framed(
        "chunk extension", b"%x;a=b;c\r\n%s\r\n0\r\n\r\n" % (len(_BODY), _BODY), Outcome.OK, "One", "Two"
    ),
    _framed("trailers", chunked(_BODY, end=b"0\r\nX-A: b\r\nETag: c\r\n\r\n"), Outcome.OK, "One", "Two"),
    _framed(
        "chunks and a length",
        chunked(_BODY),
        Outcome.OK,
        "One",
        "Two",
        headers=(_CHUNKED, "Content-Length: 3"),
    ),
    _framed(
        "chunks in upper case",
        chunked(_BODY),
        Outcome.OK,
        "One",
        "Two",
        headers=("Transfer-Encoding: CHUNKED",),
    ),
    _framed("chunk cut short", b"%x\r\n%s" % (len(_BODY), _BODY[:50]), Outcome.CONNECTION_ERROR),
    _framed("no last chunk", chunked(_BODY, end=b""), Outcome.CONNECTION_ERROR),
    _framed("half a last chunk", chunked(_BODY, end=b"0"), Outcome.CONNECTION_ERROR),
    _framed("chunk size of nonsense", b"zz\r\n" + _BODY, Outcome.CONNECTION_ERROR),
    _framed("negative chunk size", b"-5\r\n" + _BODY, Outcome.CONNECTION_ERROR),
    _framed(
        "chunk size with a prefix", b"0x%x\r\n%s\r\n0\r\n\r\n" % (len(_BODY), _BODY), Outcome.CONNECTION_ERROR
    ),
    _framed("no chunk size", b"\r\n" + _BODY, Outcome.CONNECTION_ERROR),
    _framed("chunk of 2 to the 64th", b"ffffffffffffffff\r\n" + _BODY, Outcome.CONNECTION_ERROR),
    _framed("chunk size of many figures", b"1" * 5_000 + b"\r\n" + _BODY, Outcome.CONNECTION_ERROR),
    _framed("chunk size without end", b"1;" + b"a" * 200_000, Outcome.CONNECTION_ERROR),
    _framed("longer chunk than said", b"5\r\n" + _BODY + b"\r\n0\r\n\r\n", Outcome.CONNECTION_ERROR),
    _framed("said to be chunked", _BODY, Outcome.CONNECTION_ERROR),
    _framed("no chunk at all", b"", Outcome.CONNECTION_ERROR),
    _framed("only the last chunk", b"0\r\n\r\n", Outcome.EMPTY),
    _broken("nothing", b""),
    _broken("half a status line", b"HTTP/1."),
    _broken("status line only", b"HTTP/1.1 200 OK\r\n"),
    _broken("half a header", b"HTTP/1.1 200 OK\r\nContent-Ty"),
    _broken("headers without end", b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n"),
    _broken("half a redirect", b"HTTP/1.1 302 Found\r\nLocation: /els"),
    one("reset at once", _reset(b""), Outcome.CONNECTION_ERROR),
    one("reset in the headers", _reset(b"HTTP/1.1 200 OK\r\nContent-"), Outcome.CONNECTION_ERROR),
    one("reset in the body", _reset(http(_BODY, "X: y")[:-20]), Outcome.CONNECTION_ERROR),
    one(
        "reset in a chunk",
        _reset(http(b"ffff\r\n" + _BODY, _CHUNKED, length=False)),
        Outcome.CONNECTION_ERROR,
    ),
    one(
        "reset of a body without length",
        _reset(b"HTTP/1.1 200 OK\r\n\r\n" + _BODY[:-90]),
        Outcome.CONNECTION_ERROR,
    ),
    Scenario(
        name="a second response behind the first",
        answers={FEED: on_one_connection(_KEPT + http(rss("Smuggled")))},
        outcome=Outcome.OK,
        titles=("One", "Two"),
        then=one(
            "which is not taken for the next",
            on_one_connection(b"HTTP/1.1 304 No\r\n\r\n"),
            Outcome.NOT_MODIFIED,
            "One",
            "Two",
        ),
    ),
    Scenario(
        name="connection closed after each answer, without notice",
        answers={FEED: http(_BODY, "Connection: keep-alive")},
        outcome=Outcome.OK,
        titles=("One", "Two"),
        then=one("asked on another", GOOD, Outcome.UNCHANGED, "One", "Two"),
    ),
    Scenario(
        name="304 with a body",
        answers={FEED: _KEPT},
        outcome=Outcome.OK,
        titles=("One", "Two"),
        then=one(
            "which is ignored",
            http(rss("Three"), status="304 Not Modified"),
            Outcome.NOT_MODIFIED,
            "One",
            "Two",
        ),
    ),
    Scenario(
        name="304 that says it comes in chunks",
        answers={FEED: _KEPT},
        outcome=Outcome.OK,
        titles=("One", "Two"),
        then=one(
            "none follows",
            http(b"", _CHUNKED, status="304 No", length=False),
            Outcome.NOT_MODIFIED,
            "One",
            "Two",
        ),
    ),
]
