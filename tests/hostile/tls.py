"""Certificates and handshakes."""

from __future__ import annotations

import socket

from aggregator.model import Outcome
from tests.hostile.scenario import FEED, GOOD, Answer, Scenario, Speak, http, redirect, rss, then_reset

_NAMES = dict.fromkeys(("feeds.test", "other.test"), ("127.0.0.1",))


def _over_tls(
    name: str,
    outcome: Outcome,
    *titles: str,
    answer: Answer = GOOD,
    certificate: str | None = "server",
    host: str = "feeds.test",
    raw: Speak | None = None,
    says: str = "",
) -> Scenario:
    return Scenario(
        name=f"TLS: {name}",
        answers={FEED: answer, "/there": GOOD},
        outcome=outcome,
        titles=titles,
        says=says,
        url=f"https://{host}:PORT{FEED}",
        names=_NAMES,
        certificate=certificate,
        raw=raw,
        timeout=1_500,
    )


def _to_hello(answer: bytes) -> Speak:
    """Answer a client's first message with this."""

    def speak(sock: socket.socket) -> None:
        sock.recv(4096)
        sock.sendall(answer)

    return speak


def _breaks_record(sock: socket.socket) -> None:
    """Begin a document, then send what no key of this connection has made."""
    sock.sendall(http(rss("One"))[:-50])
    raw = socket.socket(fileno=sock.detach())
    raw.sendall(b"\x17\x03\x03\x00\x20" + b"x" * 32)
    raw.close()


def _hangs_up_in_body(sock: socket.socket) -> None:
    """End the connection in the middle of a document, without TLS's own goodbye."""
    sock.sendall(http(rss("One"))[:-50])


SCENARIOS = [
    _over_tls("good", Outcome.OK, "One", "Two"),
    _over_tls("good, by address", Outcome.OK, "One", "Two", host="127.0.0.1"),
    _over_tls("expired", Outcome.TLS_ERROR, certificate="expired", says="expired"),
    _over_tls("not valid yet", Outcome.TLS_ERROR, certificate="not_yet", says="not yet valid"),
    _over_tls("of another host", Outcome.TLS_ERROR, host="other.test", says="cannot be trusted"),
    _over_tls("self-signed", Outcome.TLS_ERROR, certificate="selfsigned", says="self-signed"),
    _over_tls("plain text", Outcome.TLS_ERROR, raw=_to_hello(GOOD), certificate=None),
    _over_tls("garbage", Outcome.TLS_ERROR, raw=_to_hello(bytes(range(256))), certificate=None),
    _over_tls("alert", Outcome.TLS_ERROR, raw=_to_hello(b"\x15\x03\x03\x00\x02\x02\x28"), certificate=None),
    _over_tls(
        "record without end",
        Outcome.TLS_ERROR,
        raw=_to_hello(b"\x16\x03\x03\xff\xff" + b"x" * 70_000),
        certificate=None,
    ),
    _over_tls("handshake reset", Outcome.CONNECTION_ERROR, raw=then_reset(b""), certificate=None),
    _over_tls(
        "handshake cut short", Outcome.TLS_ERROR, raw=_to_hello(b"\x16\x03\x03\x00\x50\x02"), certificate=None
    ),
    _over_tls("handshake not answered", Outcome.TLS_ERROR, raw=_to_hello(b""), certificate=None),
    _over_tls("broken record in the body", Outcome.CONNECTION_ERROR, answer=_breaks_record),
    _over_tls("body cut short", Outcome.CONNECTION_ERROR, answer=_hangs_up_in_body),
    _over_tls("no answer", Outcome.CONNECTION_ERROR, answer=b""),
    _over_tls("redirect to http", Outcome.REFUSED_ADDRESS, answer=redirect("http://127.0.0.2/")),
    _over_tls("redirect", Outcome.OK, "One", "Two", answer=redirect("/there")),
    Scenario(
        name="TLS: redirect to a host that nobody vouches for",
        answers={FEED: redirect("https://other.test:PORT/there"), "/there": GOOD},
        outcome=Outcome.TLS_ERROR,
        url=f"https://feeds.test:PORT{FEED}",
        names=_NAMES,
        certificate="server",
    ),
    Scenario(
        name="TLS: asked without it",
        answers={FEED: GOOD},
        outcome=Outcome.CONNECTION_ERROR,
        certificate="server",
    ),
]
