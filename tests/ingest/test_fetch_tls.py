from __future__ import annotations

import select
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator.ingest.fetch import HttpFetcher
from aggregator.model import Outcome
from tests.ingest.fetching import answering, asking, failed, fetched, make_fetcher, names_to
from tests.origin import Peer, read_request

# Made by openssl for these tests alone: an authority, and feeds.test with its key; valid from 2000
# until 2099, whatever clock the machine has.
TLS = Path(__file__).parent.parent / "data" / "tls"
DOCUMENT = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<rss/>"


@pytest.fixture
def server_tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "server.pem", TLS / "server.key")
    return context


def trusting(**given: object) -> HttpFetcher:
    """Make a fetcher that trusts the tests' own authority, and finds every name on loopback."""
    authority = ssl.create_default_context(cafile=TLS / "authority.pem")
    return make_fetcher(tls=authority, lookup=names_to("127.0.0.1"), **given)


def test_a_server_is_asked_for_by_name_and_its_certificate_is_checked_against_that(
    server_tls: ssl.SSLContext,
) -> None:
    names: list[str | None] = []
    server_tls.sni_callback = lambda _sock, name, _context: names.append(name)
    with Peer(answering(DOCUMENT, DOCUMENT), tls=server_tls) as peer:
        fetcher = trusting()
        url = f"https://feeds.test:{peer.port}/feed"

        assert fetched(fetcher.fetch(asking(url))).body == b"<rss/>"
        assert fetched(fetcher.fetch(asking(url))).body == b"<rss/>"
        assert peer.connections == 1
    assert names == ["feeds.test"]


def test_a_certificate_for_another_name_is_not_accepted(server_tls: ssl.SSLContext) -> None:
    heads: list[bytes] = []
    with Peer(lambda sock: heads.append(read_request(sock)), tls=server_tls) as peer:
        failure = failed(trusting().fetch(asking(f"https://other.test:{peer.port}/")))

    assert failure.outcome == Outcome.TLS_ERROR
    assert failure.message.startswith("The certificate of other.test cannot be trusted: Hostname mismatch")
    assert heads == []


def test_a_certificate_that_nobody_vouches_for_is_not_accepted(server_tls: ssl.SSLContext) -> None:
    with Peer(answering(DOCUMENT), tls=server_tls) as peer:
        fetcher = make_fetcher(lookup=names_to("127.0.0.1"))
        failure = failed(fetcher.fetch(asking(f"https://feeds.test:{peer.port}/")))

    assert failure.outcome == Outcome.TLS_ERROR
    assert failure.message == (
        "The certificate of feeds.test cannot be trusted: unable to get local issuer certificate."
    )


def test_a_server_that_does_not_speak_tls_is_told() -> None:
    def speak(sock: socket.socket) -> None:
        sock.recv(4096)
        sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with Peer(speak) as peer:
        failure = failed(trusting().fetch(asking(f"https://feeds.test:{peer.port}/")))

    assert failure.outcome == Outcome.TLS_ERROR
    assert failure.message.startswith("No encrypted connection to feeds.test came about: ")
    assert "_ssl.c" not in failure.message


def test_a_kept_connection_that_the_server_has_given_up_is_replaced_silently(
    server_tls: ssl.SSLContext,
) -> None:
    def speak(sock: socket.socket) -> None:
        read_request(sock)
        sock.sendall(DOCUMENT)
        read_request(sock)  # and closes without a word when it is asked again

    with Peer(speak, tls=server_tls) as peer:
        fetcher = trusting()
        for connections in (1, 2, 3):
            assert fetched(fetcher.fetch(asking(f"https://feeds.test:{peer.port}/"))).body == b"<rss/>"
            assert peer.connections == connections


def test_a_deadline_ends_what_is_read_over_tls(server_tls: ssl.SSLContext) -> None:
    def speak(sock: socket.socket) -> None:
        read_request(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\n\r\nsome")
        while sock.recv(4096):
            pass

    with Peer(speak, tls=server_tls) as peer:
        failure = failed(trusting().fetch(asking(f"https://feeds.test:{peer.port}/", timeout=300)))

    assert failure.outcome == Outcome.TIMEOUT
    assert failure.size == 4


@pytest.fixture
def tunnel() -> Iterator[Peer]:
    """A proxy that connects whoever asks to a port of loopback, whatever the name."""

    def speak(sock: socket.socket) -> None:
        method, where, _ = read_request(sock).split(b" ", 2)
        assert method == b"CONNECT"
        with socket.create_connection(("127.0.0.1", int(where.rpartition(b":")[2]))) as far:
            sock.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            sock.setblocking(True)
            _relay(sock, far)

    with Peer(speak) as proxy:
        yield proxy


def _relay(near: socket.socket, far: socket.socket) -> None:
    while True:
        for sock in select.select([near, far], [], [])[0]:
            data = sock.recv(65536)
            if not data:
                return
            (far if sock is near else near).sendall(data)


def test_through_a_proxy_tls_is_with_the_source(server_tls: ssl.SSLContext, tunnel: Peer) -> None:
    with Peer(answering(DOCUMENT), tls=server_tls) as peer:
        answer = trusting(proxy=tunnel.url).fetch(asking(f"https://feeds.test:{peer.port}/"))

        assert fetched(answer).body == b"<rss/>"
        assert tunnel.connections == 1


def test_through_a_proxy_the_certificate_is_checked_all_the_same(
    server_tls: ssl.SSLContext, tunnel: Peer
) -> None:
    with Peer(answering(DOCUMENT), tls=server_tls) as peer:
        failure = failed(trusting(proxy=tunnel.url).fetch(asking(f"https://other.test:{peer.port}/")))

    assert failure.outcome == Outcome.TLS_ERROR
