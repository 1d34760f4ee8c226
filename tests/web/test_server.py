from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from starlette.types import Receive, Scope, Send

from aggregator.exceptions import ServeError
from aggregator.web import protocol
from aggregator.web.server import WebServer


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


async def headers_only(scope: Scope, receive: Receive, send: Send) -> None:
    """An answer that never ends."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await receive()
    await receive()


async def flood(scope: Scope, receive: Receive, send: Send) -> None:
    """An answer larger than any socket's buffer."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(64):
        await send({"type": "http.response.body", "body": b"x" * 1_000_000, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def server() -> Iterator[WebServer]:
    server = WebServer(hello, bind="127.0.0.1:0")
    server.start()
    yield server
    server.stop(2)


def connect(server: WebServer, request: bytes = b"") -> socket.socket:
    client = socket.create_connection(server.address, timeout=5)
    client.sendall(request)
    return client


def read_answer(client: socket.socket) -> bytes:
    """Return `hello`'s answer, which may come in pieces."""
    answer = b""
    while not answer.endswith(b"hello") and (piece := client.recv(1000)):
        answer += piece
    return answer


REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def test_it_serves_as_soon_as_start_returns(server: WebServer) -> None:
    with connect(server, REQUEST) as client:
        assert client.recv(100).startswith(b"HTTP/1.1 200 OK\r\n")
    assert server.alive


def test_port_0_is_a_free_port_that_the_address_tells(server: WebServer) -> None:
    host, port = server.address
    assert host == "127.0.0.1"
    assert port > 0


def test_the_address_is_asked_for_after_start() -> None:
    with pytest.raises(ServeError, match="not started"):
        WebServer(hello, bind="127.0.0.1:0").address  # noqa: B018 - the property raises


@pytest.mark.parametrize("opening", [b"", b"GET / HTTP/1.1\r\nHo", REQUEST], ids=["silent", "slow", "idle"])
def test_it_stops_within_two_seconds_with_clients_that_hold_on(server: WebServer, opening: bytes) -> None:
    with connect(server, opening) as client:
        time.sleep(0.1)
        begun = time.monotonic()
        server.stop(2)
        assert time.monotonic() - begun < 2
        assert not server.alive
        while client.recv(1000):
            pass


@pytest.mark.parametrize("app", [headers_only, flood])
def test_it_stops_within_two_seconds_with_an_answer_that_does_not_end(
    app: object, caplog: pytest.LogCaptureFixture
) -> None:
    server = WebServer(app, bind="127.0.0.1:0")  # type: ignore[arg-type] # one of the two above
    server.start()
    with connect(server, REQUEST):
        time.sleep(0.1)
        begun = time.monotonic()
        server.stop(2)
        assert time.monotonic() - begun < 2
    assert not server.alive
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_an_answer_under_way_is_finished_before_it_stops() -> None:
    entered = threading.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        entered.set()
        await asyncio.sleep(0.3)
        await hello(scope, receive, send)

    server = WebServer(slow, bind="127.0.0.1:0")
    server.start()
    with connect(server, REQUEST) as client:
        assert entered.wait(5)
        server.stop(2)
        assert b"".join(iter(lambda: client.recv(1000), b"")).endswith(b"hello")


def test_stopping_gives_back_the_port_and_the_thread() -> None:
    server = WebServer(hello, bind="127.0.0.1:0")
    threads = threading.active_count()
    server.start()
    host, port = server.address
    server.stop(2)
    assert threading.active_count() == threads
    WebServer(hello, bind=f"{host}:{port}").start()


def test_stopping_twice_or_unstarted_does_nothing(server: WebServer) -> None:
    server.stop(2)
    server.stop(2)
    WebServer(hello, bind="127.0.0.1:0").stop(2)


def test_a_taken_port_is_said_in_one_line_with_what_to_do(server: WebServer) -> None:
    bind = "{}:{}".format(*server.address)
    with pytest.raises(ServeError) as caught:
        WebServer(hello, bind=bind).start()
    message = str(caught.value)
    assert "\n" not in message
    assert bind in message
    assert "[service] bind" in message
    assert "another program has that port" in message


@pytest.mark.parametrize(
    ("bind", "said"),
    [
        ("192.0.2.1:8080", "not an address of this machine"),
        ("127.0.0.1:99999", "port from 0 to 65535"),
        ("127.0.0.1:http!", "port from 0 to 65535"),
    ],
)
def test_an_address_that_is_not_ours_is_said_in_one_line(bind: str, said: str) -> None:
    with pytest.raises(ServeError) as caught:
        WebServer(hello, bind=bind).start()
    assert bind in str(caught.value)
    assert said in str(caught.value)


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_ipv6_addresses_are_written_in_brackets() -> None:
    server = WebServer(hello, bind="[::1]:0")
    try:
        server.start()
    except ServeError:
        pytest.skip("no IPv6 loopback here")
    with connect(server, REQUEST) as client:
        assert client.recv(100).startswith(b"HTTP/1.1 200 OK\r\n")
    server.stop(2)


@pytest.mark.parametrize("drip", [b"", b"GET / HTTP/1.1\r\nHost"])
def test_a_client_that_never_ends_its_head_is_let_go(
    server: WebServer, monkeypatch: pytest.MonkeyPatch, drip: bytes
) -> None:
    monkeypatch.setattr(protocol, "HEAD_TIMEOUT_S", 0.1)
    with connect(server, drip) as client:
        assert client.recv(100) == b""


def test_a_second_request_on_a_connection_is_served_after_the_time_for_the_first_head(
    server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEAD_TIMEOUT_S", 0.1)
    with connect(server, REQUEST) as client:
        assert read_answer(client).endswith(b"hello")
        time.sleep(0.2)
        client.sendall(REQUEST)
        assert read_answer(client).endswith(b"hello")


def paths_seen(pieces: list[bytes]) -> tuple[list[bytes], bytes]:
    """Send these pieces, each in a segment of its own; return the paths asked for, and the answers."""
    paths: list[bytes] = []

    async def look(scope: Scope, receive: Receive, send: Send) -> None:
        paths.append(scope["raw_path"])
        await hello(scope, receive, send)

    server = WebServer(look, bind="127.0.0.1:0")
    server.start()
    with connect(server) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            client.sendall(piece)
            time.sleep(0.02)
        client.shutdown(socket.SHUT_WR)
        answers = b"".join(iter(lambda: client.recv(1000), b""))
    server.stop(2)
    return paths, answers


RAW = "GET /tags/中参馆.rss HTTP/1.1\r\nHost: x\r\n".encode()
RAW_PATH = b"/tags/%E4%B8%AD%E5%8F%82%E9%A6%86.rss"


@pytest.mark.parametrize("split", [1, 10, 11, 12, 18, 19, 33, 34, 35])
def test_a_path_of_bare_bytes_is_understood_in_whatever_segments_it_comes(split: int) -> None:
    paths, answers = paths_seen([b"\r\n", RAW[:split], RAW[split:], b"\r\n", RAW, b"\r\n"])
    assert paths == [RAW_PATH, RAW_PATH]
    assert answers.count(b"HTTP/1.1 200 OK") == 2


def test_a_path_of_bare_bytes_is_understood_byte_by_byte() -> None:
    paths, answers = paths_seen([bytes([byte]) for byte in RAW[:20]] + [RAW[20:], b"\r\n"])
    assert paths == [RAW_PATH]
    assert b" 400 " not in answers


@pytest.mark.parametrize("before", [b"", REQUEST], ids=["alone", "pipelined"])
@pytest.mark.parametrize("split", [0, 40])
def test_headers_and_bodies_keep_their_bytes(before: bytes, split: int) -> None:
    seen: list[bytes] = []

    async def look(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(dict(scope["headers"]).get(b"x-name", b""))
        seen.append((await receive())["body"])
        await hello(scope, receive, send)

    server = WebServer(look, bind="127.0.0.1:0")
    server.start()
    request = "POST / HTTP/1.1\r\nContent-Length: 6\r\nX-Name: 工場\r\n\r\n工場".encode()
    with connect(server, before + request[:split]) as client:
        time.sleep(0.05)
        client.sendall(request[split:])
        client.shutdown(socket.SHUT_WR)
        while client.recv(1000):
            pass
    server.stop(2)
    assert seen[-2:] == ["工場".encode()] * 2


def test_what_a_proxy_header_says_is_not_believed() -> None:
    seen: list[Scope] = []

    async def look(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)
        await hello(scope, receive, send)

    server = WebServer(look, bind="127.0.0.1:0")
    server.start()
    spoofed = b"GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 9.9.9.9\r\nX-Forwarded-Proto: https\r\n\r\n"
    with connect(server, spoofed) as client:
        client.recv(1000)
    server.stop(2)
    assert seen[0]["client"][0] == "127.0.0.1"
    assert seen[0]["scheme"] == "http"


def test_a_fault_of_the_app_is_logged_and_does_not_end_the_server(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("a fault")

    server = WebServer(broken, bind="127.0.0.1:0")
    server.start()
    for _ in range(2):
        with connect(server, REQUEST) as client:
            assert client.recv(1000).startswith(b"HTTP/1.1 500 ")
    server.stop(2)
    assert "a fault" in caplog.text
