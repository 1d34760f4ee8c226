from __future__ import annotations

import gc
import socket
import threading
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import __version__
from aggregator.ingest.dial import Address
from aggregator.ingest.failures import retry_after_ms
from aggregator.ingest.fetch import HttpFetcher
from aggregator.ingest.useragent import user_agent
from aggregator.model import Fetched, NotModified, Outcome
from tests.ingest.fetching import answering, asking, failed, fetched, make_fetcher, names_to, validators
from tests.origin import Origin, Peer, read_request

# --- documents and validators ---------------------------------------------------------------------------


def test_a_document_comes_with_its_type_and_its_validators(fetcher: HttpFetcher, origin: Origin) -> None:
    url = origin.serve("/feed", b"<rss/>", etag='W/"odd, one"', last_modified="yesterday, about noon")

    assert fetcher.fetch(asking(url)) == Fetched(
        status=200,
        url=url,
        content_type="application/xml",
        body=b"<rss/>",
        validators=validators(url, 'W/"odd, one"', "yesterday, about noon"),
        max_size=1_000_000,
    )


def test_a_pause_that_is_asked_for_beside_a_document_is_told(fetcher: HttpFetcher, origin: Origin) -> None:
    url = origin.serve("/feed", b"<rss/>", etag='"1"', headers={"Retry-After": "90"})

    assert fetched(fetcher.fetch(asking(url))).retry_after == 90_000
    not_modified = fetcher.fetch(asking(url, validators=validators(url, '"1"')))
    assert isinstance(not_modified, NotModified)
    assert not_modified.retry_after == 90_000


def test_a_document_without_validators_has_none(fetcher: HttpFetcher, origin: Origin) -> None:
    document = fetched(fetcher.fetch(asking(origin.serve("/feed", b"<rss/>", content_type=None))))

    assert (document.validators, document.content_type) == (None, None)


def test_who_asks_and_what_is_understood_is_said_in_each_request(origin: Origin) -> None:
    fetcher = make_fetcher(user_agent=user_agent("https://example.org/about me"))
    fetcher.fetch(asking(origin.serve("/feed", b"<rss/>")))

    headers = origin.requests[0].headers
    assert headers["user-agent"] == f"aggregator/{__version__} (+https://example.org/about%20me)"
    assert headers["accept-encoding"] == "gzip, deflate, br, zstd"
    assert "application/atom+xml" in headers["accept"]
    assert "if-none-match" not in headers
    assert "if-modified-since" not in headers


def test_validators_go_back_byte_for_byte() -> None:
    etag, last_modified = b'W/"\xe9\xff\x80 \x85"', b"Sun, 06 Nov 1994 08:49:37 +0000 (d\xc3\xa9c)"
    heads: list[bytes] = []

    def speak(sock: socket.socket) -> None:
        while head := read_request(sock):
            heads.append(head)
            sock.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nETag:  " + etag + b" \r\n"
                b"Last-Modified: " + last_modified + b"\r\n\r\nx"
            )

    with Peer(speak) as peer:
        fetcher = make_fetcher()
        first = fetched(fetcher.fetch(asking(peer.url)))
        fetcher.fetch(asking(peer.url, validators=first.validators))

    assert b"\r\nIf-None-Match: " + etag + b"\r\n" in heads[1]
    assert b"\r\nIf-Modified-Since: " + last_modified + b"\r\n" in heads[1]


def test_not_modified_keeps_the_validators_that_were_sent(fetcher: HttpFetcher) -> None:
    with Peer(answering(b"HTTP/1.1 304 Not Modified\r\n\r\n")) as peer:
        answer = fetcher.fetch(asking(peer.url, validators=validators(peer.url, '"1"', "then")))

        assert answer == NotModified(status=304, url=peer.url)


@pytest.mark.parametrize(("status", "refuses"), [(400, True), (412, True), (431, True), (404, False)])
def test_validators_that_a_server_does_not_take_are_told_of(
    fetcher: HttpFetcher, origin: Origin, status: int, refuses: bool
) -> None:
    url = origin.serve("/feed", b"", status=status)

    assert failed(fetcher.fetch(asking(url, validators=validators(url, '"1"')))).refuses_validators == refuses
    assert not failed(fetcher.fetch(asking(url))).refuses_validators


@pytest.mark.parametrize("etag", [b'"a\rb"', b'"a\0b"', b'"a\x1fb"', b'"a\x7fb"'])
def test_a_validator_that_could_not_go_back_as_it_came_is_none(fetcher: HttpFetcher, etag: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nETag: " + etag + b"\r\nLast-Modified: now\r\n\r\nx"
    with Peer(answering(head)) as peer:
        document = fetched(fetcher.fetch(asking(peer.url)))

        assert document.validators == validators(peer.url, None, "now")


def test_not_modified_without_a_condition_is_an_error(fetcher: HttpFetcher) -> None:
    with Peer(answering(b"HTTP/1.1 304 Not Modified\r\n\r\n")) as peer:
        failure = failed(fetcher.fetch(asking(peer.url)))

    assert (failure.outcome, failure.status) == (Outcome.HTTP_ERROR, 304)


def test_the_source_s_own_headers_win_over_ours(fetcher: HttpFetcher, origin: Origin) -> None:
    url = origin.serve("/feed", b"<rss/>")
    fetcher.fetch(asking(url, headers=(("user-agent", "Café"), ("X-Key", "k"))))

    headers = origin.requests[0].headers
    assert headers["user-agent"].encode("latin-1").decode() == "Café"
    assert headers["x-key"] == "k"


@pytest.mark.parametrize("header", [("X-Key", "s3cret\r\nHost: b"), ("X Key", "s3cret"), ("", "s3cret")])
def test_a_header_that_cannot_be_sent_is_told_without_its_value(
    fetcher: HttpFetcher, origin: Origin, header: tuple[str, str]
) -> None:
    failure = failed(fetcher.fetch(asking(origin.serve("/feed", b"<rss/>"), headers=(header,))))

    assert failure.message == f"The header {header[0]!r} of the source cannot be sent: check its spelling."
    assert origin.requests == []


def test_an_international_host_and_path_are_asked_for_in_ascii(origin: Origin) -> None:
    origin.serve("/caf%C3%A9?q=%E4%B8%AD", b"<rss/>")
    fetcher = make_fetcher(lookup=names_to("127.0.0.1"))

    url = f"http://Bücher.example:{origin.port}/café?q=中#part"
    assert fetched(fetcher.fetch(asking(url))).body == b"<rss/>"
    assert origin.requests[0].headers["host"] == f"xn--bcher-kva.example:{origin.port}"


def test_a_source_on_ipv6_is_fetched(fetcher: HttpFetcher) -> None:
    try:
        peer = Peer(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"), host="::1")
    except OSError:
        pytest.skip("this machine has no IPv6")
    with peer:
        assert fetched(fetcher.fetch(asking(peer.url + "/feed"))).body == b"x"


# --- connections ----------------------------------------------------------------------------------------


def test_a_connection_serves_many_polls(fetcher: HttpFetcher) -> None:
    not_modified = b"HTTP/1.1 304 Not Modified\r\n\r\n"
    document = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"
    with Peer(answering(document, not_modified, not_modified, document)) as peer:
        answers = [fetcher.fetch(asking(peer.url, validators=validators(peer.url, '"1"'))) for _ in range(4)]

        assert [type(answer) for answer in answers] == [Fetched, NotModified, NotModified, Fetched]
        assert peer.connections == 1


def test_a_304_that_announces_chunks_is_not_waited_for(fetcher: HttpFetcher) -> None:
    with Peer(answering(*[b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n"] * 2)) as peer:
        started = time.monotonic()
        answers = [fetcher.fetch(asking(peer.url, validators=validators(peer.url, '"1"'))) for _ in range(2)]

    assert [type(answer) for answer in answers] == [NotModified, NotModified]
    assert time.monotonic() - started < 2


def test_a_kept_connection_that_the_server_has_given_up_is_replaced_silently(fetcher: HttpFetcher) -> None:
    def speak(sock: socket.socket) -> None:
        read_request(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
        read_request(sock)  # and closes without a word when it is asked again

    with Peer(speak) as peer:
        for connections in (1, 2, 3):
            assert fetched(fetcher.fetch(asking(peer.url))).body == b"x"
            assert peer.connections == connections


def test_a_new_connection_that_is_closed_without_an_answer_is_not_tried_again(fetcher: HttpFetcher) -> None:
    with Peer(answering(b"")) as peer:
        failure = failed(fetcher.fetch(asking(peer.url)))

        assert failure.outcome == Outcome.CONNECTION_ERROR
        assert failure.message == "127.0.0.1 closed the connection without an answer."
        assert peer.connections == 1


def test_a_refused_connection_is_told_with_host_and_port(fetcher: HttpFetcher) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    failure = failed(fetcher.fetch(asking(f"http://127.0.0.1:{port}/")))

    assert failure.outcome == Outcome.CONNECTION_ERROR
    assert failure.message == f"127.0.0.1 could not be connected to on port {port}: nothing listens there."


def test_the_next_address_of_a_name_is_tried_when_the_first_fails(origin: Origin) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = listener.getsockname()

    def lookup(_name: str, port: int) -> list[Address]:
        return [(socket.AF_INET, closed), (socket.AF_INET, ("127.0.0.1", port))]

    origin.serve("/feed", b"<rss/>")

    url = f"http://two.test:{origin.port}/feed"
    assert fetched(make_fetcher(lookup=lookup).fetch(asking(url))).body == b"<rss/>"


def test_what_is_not_http_is_told(fetcher: HttpFetcher) -> None:
    with Peer(answering(b"220 mail.example ESMTP\r\n")) as peer:
        failure = failed(fetcher.fetch(asking(peer.url)))

    assert failure.outcome == Outcome.CONNECTION_ERROR
    assert "is not HTTP" in failure.message


def test_cookies_are_neither_kept_nor_sent(fetcher: HttpFetcher, origin: Origin) -> None:
    url = origin.serve("/feed", b"<rss/>", headers={"Set-Cookie": "a=b; Path=/"})
    fetcher.fetch(asking(url))
    fetcher.fetch(asking(url))

    assert [("cookie" in seen.headers) for seen in origin.requests] == [False, False]


def test_a_fetcher_leaves_no_threads_and_no_connections_behind(origin: Origin) -> None:
    url = origin.serve("/feed", b"<rss/>", etag='"1"')
    before = set(threading.enumerate())

    def poll(fetcher: HttpFetcher) -> None:
        for _ in range(5):
            fetcher.fetch(asking(url, validators=validators(url, '"1"'), timeout=200))

    fetcher = make_fetcher()
    pollers = [threading.Thread(target=poll, args=(fetcher,)) for _ in range(4)]
    for poller in pollers:
        poller.start()
    for poller in pollers:
        poller.join()
    del fetcher, pollers, poller
    gc.collect()  # a socket that is left open warns, and a warning is an error
    _wait_until(lambda: not [t for t in set(threading.enumerate()) - before if t.name.startswith("fetch")])


def _wait_until(holds: Callable[[], bool], seconds: float = 3) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.01)


# --- status ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "outcome", "told"),
    [
        (404, Outcome.HTTP_ERROR, "127.0.0.1 answered 404 Not Found."),
        (401, Outcome.HTTP_ERROR, "401 Unauthorized: it wants a user and a password."),
        (403, Outcome.HTTP_ERROR, "403 Forbidden: it wants a login, or lets no programs in."),
        (500, Outcome.HTTP_ERROR, "500 Internal Server Error"),
        (503, Outcome.HTTP_ERROR, "503 Service Unavailable"),
        (299, Outcome.HTTP_ERROR, "answered 299."),
        (226, Outcome.HTTP_ERROR, "226 IM Used"),
        (206, Outcome.HTTP_ERROR, "206 Partial Content"),
        (300, Outcome.HTTP_ERROR, "300 Multiple Choices"),
        (204, Outcome.EMPTY, "204 No Content"),
        (410, Outcome.GONE, "taken down for good"),
        (429, Outcome.RATE_LIMITED, "polled less often"),
    ],
)
def test_an_answer_that_is_no_document_is_told_by_its_status(
    fetcher: HttpFetcher, status: int, outcome: Outcome, told: str
) -> None:
    with Peer(answering(b"HTTP/1.1 %d whatever\r\nContent-Length: 0\r\n\r\n" % status)) as peer:
        failure = failed(fetcher.fetch(asking(peer.url)))

    assert (failure.outcome, failure.status) == (outcome, status)
    assert told in failure.message


@pytest.mark.parametrize("sent", [{"user": "me", "password": "p"}, {"headers": (("X-Key", "k"),)}])
def test_only_a_login_that_was_sent_is_blamed(
    fetcher: HttpFetcher, origin: Origin, sent: dict[str, object]
) -> None:
    url = origin.serve("/", "", status=403)
    assert (
        "check the source's user, password and headers" in failed(fetcher.fetch(asking(url, **sent))).message
    )
    assert "check" not in failed(fetcher.fetch(asking(url))).message


def test_an_answer_by_the_name_of_203_is_a_document(fetcher: HttpFetcher, origin: Origin) -> None:
    assert fetched(fetcher.fetch(asking(origin.serve("/", b"x", status=203)))).status == 203


def test_an_empty_document_is_told(fetcher: HttpFetcher, origin: Origin) -> None:
    failure = failed(fetcher.fetch(asking(origin.serve("/", b""))))

    assert (failure.outcome, failure.status) == (Outcome.EMPTY, 200)


@pytest.mark.parametrize("status", [429, 503, 500])
def test_retry_after_in_seconds_is_given_in_milliseconds(
    fetcher: HttpFetcher, origin: Origin, status: int
) -> None:
    url = origin.serve("/", b"later", status=status, headers={"Retry-After": "120"})

    assert failed(fetcher.fetch(asking(url))).retry_after == 120_000


NOW = 1_700_000_000_000  # 2023-11-14T22:13:20Z


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("0", 0),
        (" 30 ", 30_000),
        ("Tue, 14 Nov 2023 22:14:20 GMT", 60_000),
        ("Tue, 14 Nov 2023 22:14:20 -0000", 60_000),
        ("Tuesday, 14-Nov-23 22:14:20 GMT", 60_000),
        ("Tue, 14 Nov 2023 22:12:20 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 365 * 86_400_000),
        ("9" * 5000, 365 * 86_400_000),
        ("7200, 7200", 7_200_000),
        ("soon, 30", 30_000),
        ("Tue, 14 Nov 2023 22:14:20 GMT, Tue, 14 Nov 2023 22:15:20 GMT", 60_000),
        ("later,Tue, 14 Nov 2023 22:14:20 GMT", 60_000),
        ("2023-11-14T22:14:20Z", 60_000),
        ("2023-11-15T00:14:20+02:00, 5", 60_000),
        ("7200.0", 7_200_000),
        ("1e9", None),
        ("-5", None),
        ("²", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_a_date(header: str | None, wait: int | None) -> None:
    assert retry_after_ms(header, NOW) == wait


@given(st.text())
def test_no_retry_after_is_too_odd(header: str) -> None:
    wait = retry_after_ms(header, NOW)

    assert wait is None or 0 <= wait <= 365 * 86_400_000


def test_the_body_of_an_error_is_not_read(fetcher: HttpFetcher) -> None:
    def speak(sock: socket.socket) -> None:
        answering(b"HTTP/1.1 500 Oops\r\nContent-Length: 1000000\r\n\r\n")(sock)
        read_request(sock)  # until the client hangs up

    with Peer(speak) as peer:
        started = time.monotonic()
        assert failed(fetcher.fetch(asking(peer.url))).status == 500

    assert time.monotonic() - started < 2
