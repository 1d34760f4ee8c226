"""Servers that take their time, or all of it."""

from __future__ import annotations

import gzip
import socket
import time
from dataclasses import replace

from aggregator.model import Outcome
from tests.hostile.scenario import (
    FEED,
    Answer,
    Scenario,
    Speak,
    endlessly,
    http,
    one,
    redirect,
    rss,
    then_wait,
)

_TIMEOUT = 350
_HEAD = b"HTTP/1.1 200 OK\r\n"
_CHUNKED = _HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def drip(start: bytes, part: bytes, pause: float = 0.03) -> Speak:
    """Send this, then small parts for as long as anybody listens."""

    def speak(sock: socket.socket) -> None:
        sock.sendall(start)
        while True:
            time.sleep(pause)
            sock.sendall(part)

    return speak


def after(seconds: float, answer: bytes) -> Speak:
    def speak(sock: socket.socket) -> None:
        time.sleep(seconds)
        sock.sendall(answer)

    return speak


def _in_time(sock: socket.socket) -> None:
    document = http(rss("One"))
    for start in range(0, len(document), 30):
        time.sleep(0.005)
        sock.sendall(document[start : start + 30])


def _hangs(name: str, answer: Answer, **more: object) -> Scenario:
    return replace(one(name, answer, Outcome.TIMEOUT, **more), timeout=_TIMEOUT)


def _blocks() -> tuple[str, ...]:
    time.sleep(1.2)
    return ("127.0.0.1",)


SCENARIOS = [
    _hangs("no answer", then_wait()),
    _hangs("half a status line, then nothing", then_wait(b"HTTP/1.1 2")),
    _hangs("status line, then nothing", then_wait(_HEAD)),
    _hangs("headers, then nothing", then_wait(_HEAD + b"Content-Length: 99\r\n\r\n")),
    _hangs("half a body, then nothing", then_wait(http(rss("One"))[:-9])),
    _hangs("a whole body without length, then nothing", then_wait(http(rss("One"), length=False))),
    _hangs("chunks, then nothing", then_wait(_CHUNKED + b"5\r\n<rss>\r\n")),
    _hangs("half a chunk size, then nothing", then_wait(_CHUNKED + b"5")),
    _hangs("half a trailer, then nothing", then_wait(_CHUNKED + b"5\r\n<rss>\r\n0\r\nX")),
    _hangs("status line drips", drip(b"HTTP/1.1 200 ", b"O")),
    _hangs("headers drip", drip(_HEAD + b"X: ", b"y")),
    _hangs("header lines drip", drip(_HEAD, b"X: y\r\n")),
    _hangs("interim answers drip", drip(b"", b"HTTP/1.1 102 Wait\r\n\r\n", pause=0.05)),
    _hangs("body drips", drip(_HEAD + b"Content-Length: 99999\r\n\r\n", b"<")),
    _hangs("body without length drips", drip(_HEAD + b"\r\n", b"<")),
    _hangs("chunks drip", drip(_CHUNKED, b"1\r\nx\r\n")),
    _hangs("chunk extension drips", drip(_CHUNKED + b"5;", b"a")),
    _hangs("trailers drip", drip(_CHUNKED + b"0\r\n", b"X: y\r\n", pause=0.05)),
    _hangs(
        "gzip drips", drip(_HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(rss("One"))[:40], b"\0")
    ),
    _hangs(
        "zstd frames of nothing",
        endlessly(_HEAD + b"Content-Encoding: zstd\r\n\r\n", b"\x50\x2a\x4d\x18\0\0\0\0"),
        max_size=10**12,
    ),
    Scenario(
        name="redirect, then nothing",
        answers={FEED: redirect("/there"), "/there": then_wait()},
        outcome=Outcome.TIMEOUT,
        timeout=_TIMEOUT,
    ),
    Scenario(
        name="each redirect in time, all together not",
        answers={
            FEED: after(0.1, redirect("/1")),
            **{f"/{n}": after(0.1, redirect(f"/{n + 1}")) for n in range(1, 9)},
        },
        outcome=Outcome.TIMEOUT,
        timeout=_TIMEOUT,
    ),
    one("slow, but in time", _in_time, Outcome.OK, "One"),
    one("answer after a while", after(0.3, http(rss("One"))), Outcome.OK, "One"),
    Scenario(
        name="redirect whose body hangs",
        answers={
            FEED: then_wait(b"HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 99\r\n\r\n<"),
            "/there": http(rss("One")),
        },
        outcome=Outcome.OK,
        titles=("One",),
    ),
    one(
        "error page that hangs",
        then_wait(b"HTTP/1.1 500 No\r\nContent-Length: 99\r\n\r\n<"),
        Outcome.HTTP_ERROR,
    ),
    Scenario(
        name="look-up that hangs",
        answers={},
        outcome=Outcome.TIMEOUT,
        url=f"http://slow.test:PORT{FEED}",
        names={"slow.test": _blocks},
        timeout=_TIMEOUT,
        requests=0,
    ),
    Scenario(
        name="TLS handshake that hangs",
        answers={FEED: b""},
        outcome=Outcome.TIMEOUT,
        url=f"https://127.0.0.1:PORT{FEED}",
        timeout=_TIMEOUT,
    ),
    Scenario(
        name="no answer over TLS",
        answers={FEED: then_wait()},
        outcome=Outcome.TIMEOUT,
        url=f"https://127.0.0.1:PORT{FEED}",
        certificate="server",
        timeout=_TIMEOUT,
    ),
    Scenario(
        name="body drips over TLS",
        answers={FEED: drip(_HEAD + b"\r\n", b"<")},
        outcome=Outcome.TIMEOUT,
        url=f"https://127.0.0.1:PORT{FEED}",
        certificate="server",
        timeout=_TIMEOUT,
    ),
]
