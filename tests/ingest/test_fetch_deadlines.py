from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import pytest

from aggregator.ingest.deadline import Ending, Watchdog
from aggregator.ingest.dial import Address
from aggregator.ingest.fetch import HttpFetcher
from aggregator.model import FetchFailed, Outcome
from tests.ingest.fetching import asking, failed, fetched, make_fetcher
from tests.origin import Origin, Peer, read_request

TIMEOUT = 300

Speak = Callable[[socket.socket], None]


def dripping(head: bytes, drop: bytes) -> Speak:
    """Make a peer that sends the head, then drop by drop, each well within any socket's timeout."""

    def speak(sock: socket.socket) -> None:
        read_request(sock)
        sock.sendall(head)
        while True:
            sock.sendall(drop)
            time.sleep(0.02)

    return speak


def silent(sock: socket.socket) -> None:
    while sock.recv(4096):
        pass


def timed(fetcher: HttpFetcher, url: str) -> tuple[FetchFailed, float]:
    started = time.monotonic()
    return failed(fetcher.fetch(asking(url, timeout=TIMEOUT))), time.monotonic() - started


@pytest.mark.parametrize(
    ("speak", "phase"),
    [
        (silent, "waiting for the answer"),
        (dripping(b"HTTP/1.1 200 O", b"K"), "waiting for the answer"),
        (dripping(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"), "waiting for the answer"),
        (dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), "waiting for the answer"),
        (dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"x"), "reading the document"),
        (dripping(b"HTTP/1.1 200 OK\r\n\r\n", b"x"), "reading the document"),
        (
            dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
            "reading the document",
        ),
        (dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"), "reading the document"),
    ],
    ids=["silence", "status", "headers", "continue", "length", "to the end", "chunks", "chunk size"],
)
def test_an_exchange_ends_at_its_deadline_whatever_it_waits_for(
    fetcher: HttpFetcher, speak: Speak, phase: str
) -> None:
    with Peer(speak) as peer:
        failure, took = timed(fetcher, peer.url)

    assert failure.outcome == Outcome.TIMEOUT
    assert failure.message.startswith(f"After 300 ms the exchange with 127.0.0.1 was still {phase}")
    assert 0.25 < took < 1


def test_a_deadline_holds_on_a_kept_connection_too(fetcher: HttpFetcher) -> None:
    def speak(sock: socket.socket) -> None:
        read_request(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
        dripping(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n")(sock)

    with Peer(speak) as peer:
        fetched(fetcher.fetch(asking(peer.url)))
        failure, took = timed(fetcher, peer.url)

        assert failure.message.endswith("still waiting for the answer.")
        assert took < 1
        assert peer.connections == 1


def test_what_had_come_by_the_deadline_is_told(fetcher: HttpFetcher) -> None:
    def speak(sock: socket.socket) -> None:
        read_request(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + b"x" * 1234)
        silent(sock)

    with Peer(speak) as peer:
        failure, _ = timed(fetcher, peer.url)

    assert failure.size == 1234
    assert "1,234 bytes had come" in failure.message


def test_a_handshake_that_stands_still_ends_at_the_deadline(fetcher: HttpFetcher) -> None:
    with Peer(silent) as peer:
        failure, took = timed(fetcher, peer.url.replace("http:", "https:"))

    assert failure.outcome == Outcome.TIMEOUT
    assert failure.message.endswith("still connecting.")
    assert took < 1


def test_a_connection_that_does_not_come_about_ends_at_the_deadline(fetcher: HttpFetcher) -> None:
    with full_listener() as port:
        failure, took = timed(fetcher, f"http://127.0.0.1:{port}")

    assert failure.outcome == Outcome.TIMEOUT
    assert failure.message.endswith("still connecting.")
    assert took < 1


def test_a_name_that_is_never_found_ends_at_the_deadline() -> None:
    found = threading.Event()

    def lookup(_name: str, _port: int) -> list[Address]:
        found.wait(5)
        return []

    failure, took = timed(make_fetcher(lookup=lookup), "http://slow.test/")
    found.set()

    assert failure.outcome == Outcome.TIMEOUT
    assert failure.message.endswith("still looking up the name.")
    assert took < 1


def test_redirects_share_one_deadline(fetcher: HttpFetcher) -> None:
    def speak(sock: socket.socket) -> None:
        path = read_request(sock).split(b" ")[1]
        time.sleep(0.1)
        sock.sendall(b"HTTP/1.1 302 Found\r\nLocation: %sx\r\n\r\n" % path)

    with Peer(speak) as peer:
        failure, took = timed(fetcher, peer.url)

        assert failure.outcome == Outcome.TIMEOUT
        assert took < 1
        assert peer.connections < 5


def test_a_dead_address_leaves_time_for_the_next_one(origin: Origin) -> None:
    origin.serve("/feed", b"<rss/>")
    with full_listener() as dead:

        def lookup(_name: str, port: int) -> list[Address]:
            return [(socket.AF_INET, ("127.0.0.1", dead)), (socket.AF_INET, ("127.0.0.1", port))]

        url = f"http://half.test:{origin.port}/feed"
        assert fetched(make_fetcher(lookup=lookup).fetch(asking(url, timeout=600))).body == b"<rss/>"


def test_after_a_timeout_the_next_exchange_has_a_sound_connection(fetcher: HttpFetcher) -> None:
    slow = [True]

    def speak(sock: socket.socket) -> None:
        while read_request(sock):
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx")
            if slow.pop() if slow else False:
                silent(sock)
            sock.sendall(b"y")

    with Peer(speak) as peer:
        assert timed(fetcher, peer.url)[0].outcome == Outcome.TIMEOUT
        for _ in range(3):
            assert fetched(fetcher.fetch(asking(peer.url))).body == b"xy"
        assert peer.connections == 2


# --- abort ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_abort_ends_every_exchange_at_once_and_later_ones_at_their_start(scheme: str) -> None:
    stuck = threading.Event()

    def lookup(_name: str, _port: int) -> list[Address]:
        stuck.wait(5)
        return []

    fetcher = make_fetcher(lookup=lookup)
    answers: list[FetchFailed] = []

    def poll(url: str) -> None:
        answers.append(failed(fetcher.fetch(asking(url, timeout=20_000))))

    with Peer(silent) as peer, full_listener() as dead:
        urls = [
            peer.url.replace("http:", f"{scheme}:"),
            f"{scheme}://127.0.0.1:{dead}",
            f"{scheme}://slow.test/",
        ]
        pollers = [threading.Thread(target=poll, args=(url,)) for url in urls * 2]
        for poller in pollers:
            poller.start()
        time.sleep(0.2)
        started = time.monotonic()
        fetcher.abort()
        for poller in pollers:
            poller.join(5)
        took = time.monotonic() - started
        poll(peer.url)
    stuck.set()

    assert len(answers) == len(urls) * 2 + 1
    assert {answer.outcome for answer in answers} == {Outcome.CONNECTION_ERROR}
    assert all("the service is stopping" in answer.message for answer in answers)
    assert took < 0.5


# --- watchdog -------------------------------------------------------------------------------------------


def test_a_nearer_deadline_is_not_kept_waiting_by_a_later_one() -> None:
    watchdog = Watchdog()
    later = watchdog.start(30)
    time.sleep(0.1)  # by now it waits for that one
    nearer = watchdog.start(0.05)
    ended = threading.Event()
    nearer.interrupt_by(ended.set)

    assert ended.wait(2)
    assert later.ended_by is None
    watchdog.abort()


def test_a_finished_exchange_is_not_interrupted() -> None:
    watchdog = Watchdog()
    exchange, other = watchdog.start(0.05), watchdog.start(0.1)
    interrupted: list[str] = []
    exchange.interrupt_by(lambda: interrupted.append("finished"))
    over = threading.Event()
    other.interrupt_by(over.set)
    watchdog.finish(exchange)

    assert over.wait(2)
    exchange.end(Ending.ABORT)
    assert (interrupted, exchange.ended_by) == ([], None)


class full_listener:  # noqa: N801 - reads as what it is where it is used
    """A port of loopback whose queue is full: connections to it neither succeed nor fail."""

    def __enter__(self) -> int:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=0)
        port: int = self._listener.getsockname()[1]
        self._waiting = [socket.socket() for _ in range(4)]
        for sock in self._waiting:
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", port))
        time.sleep(0.05)
        return port

    def __exit__(self, *_: object) -> None:
        for sock in (*self._waiting, self._listener):
            sock.close()
