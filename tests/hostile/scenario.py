"""What a scenario is made of: what a source answers, and what must come of it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from aggregator.model import Outcome
from tests.origin import read_request

Speak = Callable[[socket.socket], None]
Answer = bytes | Speak
"""A whole response as it goes over the wire, or a function that speaks once the request was read."""

Found = tuple[str, ...] | OSError | UnicodeError | Callable[[], tuple[str, ...]]
"""What comes of a name that is looked up: addresses, or an error."""

FEED = "/feed"
"""The path that is polled."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One poll of one source, or several polls of it: `then` comes next."""

    name: str
    """A few words; unique."""
    answers: Mapping[str, Answer]
    """By path. `ORIGIN` in bytes stands for host and port of the server, `PORT` for its port alone."""
    outcome: Outcome
    titles: tuple[str, ...] = ()
    """Of all that is stored afterwards, newest surfaced first."""
    says: str = ""
    """A part of the message."""
    silent: bool = False
    """Whether there must be no message."""
    waits: tuple[int, int] | None = None
    """Bounds (ms) of the wait for the next poll."""
    sent: tuple[bytes, ...] = ()
    """What the last request must hold."""
    not_sent: tuple[bytes, ...] = ()
    """What the last request must not hold."""
    requests: int | None = None
    """How many the source must have got in this poll."""
    url: str = f"http://ORIGIN{FEED}?token=s3cret-t0ken"
    names: Mapping[str, Found] = field(default_factory=dict)
    """What names lead to; there are no others."""
    certificate: str | None = None
    """The server speaks TLS, with this one of `tests/data/tls`."""
    raw: Speak | None = None
    """Speaks on each connection before any request was read, in place of all answers."""
    timeout: int = 3_000
    max_size: int = 1_000_000
    then: Scenario | None = None


def one(name: str, answer: Answer, outcome: Outcome, *titles: str, **more: object) -> Scenario:
    """Make a scenario of a single resource."""
    return Scenario(name=name, answers={FEED: answer}, outcome=outcome, titles=titles, **more)  # type: ignore[arg-type]  # named as there


def http(body: bytes = b"", *headers: str, status: str = "200 OK", length: bool = True) -> bytes:
    """Return a response; with its Content-Length unless `length` is False."""
    lines = [f"HTTP/1.1 {status}", *headers]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def rss(*titles: str, channel: str = "", extra: str = "") -> bytes:
    """Return a document whose items have these titles, and no dates; `extra` goes before them."""
    items = "".join(
        f"<item><title>{title}</title><link>https://news.example/{number}</link>"
        f"<guid>https://news.example/{number}</guid></item>"
        for number, title in enumerate(titles)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel><title>News</title>'
        f"<link>https://news.example/</link>{channel}{extra}{items}</channel></rss>"
    ).encode()


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + end


def redirect(to: str, status: int = 302, *headers: str, body: bytes = b"") -> bytes:
    return http(body, f"Location: {to}", *headers, status=f"{status} Elsewhere")


def then_wait(start: bytes = b"") -> Speak:
    """Send this, and then nothing until the client hangs up."""

    def speak(sock: socket.socket) -> None:
        sock.sendall(start)
        sock.recv(1)

    return speak


def endlessly(start: bytes, part: bytes) -> Speak:
    def speak(sock: socket.socket) -> None:
        sock.sendall(start)
        while True:
            sock.sendall(part)

    return speak


def then_reset(start: bytes) -> Speak:
    """Send this, and break the connection by a reset."""

    def speak(sock: socket.socket) -> None:
        sock.sendall(start)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")

    return speak


def on_one_connection(*responses: bytes) -> Speak:
    """Answer as many requests as come, each with the next response."""

    def speak(sock: socket.socket) -> None:
        for number, response in enumerate(responses):
            if number and not read_request(sock):
                return
            sock.sendall(response)
        sock.recv(1)

    return speak


GOOD = http(rss("One", "Two"), "Content-Type: application/rss+xml")
