from __future__ import annotations

import base64
import socket
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.ingest.failures import FetchError
from aggregator.ingest.fetch import HttpFetcher
from aggregator.ingest.target import redirected, target_of
from aggregator.model import Outcome
from tests.ingest.fetching import (
    answering,
    asking,
    failed,
    fetched,
    make_fetcher,
    names_to,
    validators,
)
from tests.origin import Origin, Peer, Seen, read_request


def urls() -> st.SearchStrategy[bytes]:
    part = st.text(alphabet="ab:/@[]%#?.0é中ß ", max_size=12)
    return st.tuples(st.sampled_from(["http://", "HTTPS://", "//", "ftp:"]), part, part).map(
        lambda parts: "/".join(parts).encode()
    )


# --- redirects ------------------------------------------------------------------------------------------


def redirecting(location: str, status: int = 302, body: bytes = b"") -> dict[str, Any]:
    return {"body": body, "status": status, "headers": {"Location": location}}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed_to_the_document(fetcher: HttpFetcher, origin: Origin, status: int) -> None:
    origin.serve("/new/feed", b"<rss/>", etag='"1"')
    url = origin.serve("/old/feed", **redirecting("../new/feed#x", status))

    document = fetched(fetcher.fetch(asking(url, validators=validators(url, '"0"'))))

    assert (document.body, document.url) == (b"<rss/>", origin.url + "/new/feed")
    assert document.validators == validators(document.url, '"1"')
    assert [seen.headers.get("if-none-match") for seen in origin.requests] == ['"0"', None]


def test_validators_of_a_redirect_are_not_the_document_s(fetcher: HttpFetcher, origin: Origin) -> None:
    origin.serve("/new", b"<rss/>")
    origin.serve("/old", b"", status=301, headers={"Location": "/new", "ETag": '"r"', "Last-Modified": "r"})

    document = fetched(fetcher.fetch(asking(origin.url + "/old")))

    assert document.validators is None


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ("/中文 feed".encode(), "/%E4%B8%AD%E6%96%87%20feed"),
        (b"/caf\xe9", "/caf%E9"),
        (b"/a%20b%zz", "/a%2520b%25zz"),
    ],
)
def test_a_location_that_is_not_encoded_is_asked_for_byte_by_byte(
    fetcher: HttpFetcher, origin: Origin, sent: bytes, path: str
) -> None:
    def answer(_seen: Seen, handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + sent + b"\r\n\r\n")

    origin.serve(path, b"<rss/>")

    assert fetched(fetcher.fetch(asking(origin.answer("/", answer)))).url == origin.url + path


def test_a_location_on_an_international_host_is_followed(origin: Origin) -> None:
    location = f"http://bücher.example:{origin.port}/feed"

    def answer(_seen: Seen, handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(f"HTTP/1.1 302 Found\r\nLocation: {location}\r\n\r\n".encode())

    origin.serve("/feed", b"<rss/>")
    url = origin.answer("/", answer)

    document = fetched(make_fetcher(lookup=names_to("127.0.0.1")).fetch(asking(url)))

    assert document.url == f"http://xn--bcher-kva.example:{origin.port}/feed"


def test_ten_redirects_are_followed_and_no_more(fetcher: HttpFetcher, origin: Origin) -> None:
    for number in range(11):
        origin.serve(f"/{number}", **redirecting(f"/{number + 1}"))
    origin.serve("/11", b"<rss/>")

    assert fetched(fetcher.fetch(asking(origin.url + "/1"))).url == origin.url + "/11"
    failure = failed(fetcher.fetch(asking(origin.url + "/0")))
    assert (failure.outcome, failure.message) == (
        Outcome.HTTP_ERROR,
        "127.0.0.1 redirects more than 10 times.",
    )


def test_redirects_in_a_circle_are_told(fetcher: HttpFetcher, origin: Origin) -> None:
    origin.serve("/a", **redirecting("/b"))
    origin.serve("/b", **redirecting("/a"))

    failure = failed(fetcher.fetch(asking(origin.url + "/a")))

    assert (failure.outcome, failure.message) == (Outcome.HTTP_ERROR, "127.0.0.1 redirects in a circle.")
    assert len(origin.requests) == 2


@pytest.mark.parametrize(
    ("location", "outcome"),
    [
        ("file:///etc/passwd", Outcome.REFUSED_ADDRESS),
        ("ftp://127.0.0.1/feed", Outcome.REFUSED_ADDRESS),
        ("javascript:alert(1)", Outcome.REFUSED_ADDRESS),
        ("http://10.0.0.1/", Outcome.REFUSED_ADDRESS),
        ("http://[::ffff:10.0.0.1]/", Outcome.REFUSED_ADDRESS),
        ("http://169.254.169.254/latest", Outcome.REFUSED_ADDRESS),
        ("http://[bad/", Outcome.HTTP_ERROR),
        ("http://:80/", Outcome.HTTP_ERROR),
        ("  ", Outcome.HTTP_ERROR),
    ],
)
def test_a_redirect_to_where_nobody_may_go_is_not_followed(
    fetcher: HttpFetcher, origin: Origin, location: str, outcome: Outcome
) -> None:
    url = origin.serve("/feed", **redirecting(location))

    assert failed(fetcher.fetch(asking(url))).outcome == outcome
    assert len(origin.requests) == 1


def test_the_body_of_a_redirect_is_not_read(fetcher: HttpFetcher, origin: Origin) -> None:
    origin.serve("/new", b"<rss/>")

    def answer(_seen: Seen, handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 302 Found\r\nContent-Length: 9999999\r\nLocation: /new\r\n\r\n")
        handler.rfile.read(1)  # until the client hangs up

    started = time.monotonic()
    assert fetched(fetcher.fetch(asking(origin.answer("/", answer)))).body == b"<rss/>"
    assert time.monotonic() - started < 2


def test_a_fragment_or_credentials_in_a_location_are_not_kept(fetcher: HttpFetcher, origin: Origin) -> None:
    origin.serve("/new", b"<rss/>")
    url = origin.serve("/old", **redirecting(f"http://me:secret@127.0.0.1:{origin.port}/new#top"))

    assert fetched(fetcher.fetch(asking(url))).url == origin.url + "/new"
    assert "authorization" not in origin.requests[1].headers


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode) | urls())
def test_no_location_is_too_odd(sent: bytes) -> None:
    source = target_of("https://example.org/a/feed")
    try:
        target = redirected(source, sent.decode("latin-1"))
    except FetchError:
        return
    assert target.url.isascii()
    assert target.scheme in ("http", "https")
    assert target.host
    assert target_of(target.url) == target


# --- secrets --------------------------------------------------------------------------------------------

SECRETS: dict[str, Any] = {"headers": (("X-Key", "k3y"),), "user": "mé", "password": "p:ss"}


def test_credentials_go_to_the_source_as_basic(fetcher: HttpFetcher, origin: Origin) -> None:
    fetcher.fetch(asking(origin.serve("/feed", b"<rss/>"), **SECRETS))

    scheme, _, pair = origin.requests[0].headers["authorization"].partition(" ")
    assert (scheme, base64.b64decode(pair).decode()) == ("Basic", "mé:p:ss")


def test_secrets_follow_a_redirect_within_the_source_s_origin(fetcher: HttpFetcher, origin: Origin) -> None:
    origin.serve("/new", b"<rss/>")
    fetcher.fetch(asking(origin.serve("/old", **redirecting("/new")), **SECRETS))

    assert [seen.headers.get("x-key") for seen in origin.requests] == ["k3y", "k3y"]


@pytest.mark.parametrize("other", ["127.0.0.1", "other.test"])
def test_secrets_do_not_go_to_another_host_nor_back_from_there(origin: Origin, other: str) -> None:
    fetcher = make_fetcher(lookup=names_to("127.0.0.1"))
    with Origin() as elsewhere:
        origin.serve("/back", b"<rss/>")
        elsewhere.serve("/away", **redirecting(origin.url + "/back"))
        url = origin.serve("/", **redirecting(f"http://{other}:{elsewhere.port}/away"))
        assert fetched(fetcher.fetch(asking(url, **SECRETS))).body == b"<rss/>"

        sent = [seen.headers for seen in (origin.requests[0], *elsewhere.requests, origin.requests[1])]
        assert [headers.get("x-key") for headers in sent] == ["k3y", None, None]
        assert [("authorization" in headers) for headers in sent] == [True, False, False]


def test_no_failure_tells_secrets(origin: Origin) -> None:
    url = origin.serve("/feed?token=s3cret", b"", status=401)

    failure = failed(make_fetcher().fetch(asking(url, user="me", password="hunter2")))

    assert "hunter2" not in repr(failure)
    assert "s3cret" not in repr(failure)


def test_a_failure_knows_which_address_answered_last(origin: Origin) -> None:
    with Origin() as elsewhere:
        last = elsewhere.serve("/busy", b"", status=429)
        url = origin.serve("/", **redirecting(last))

        assert failed(make_fetcher().fetch(asking(url))).url == last


def then_silent(answer: bytes) -> Callable[[socket.socket], None]:
    def speak(sock: socket.socket) -> None:
        answering(answer)(sock)
        read_request(sock)  # which never comes

    return speak


def test_a_failure_has_the_status_of_the_last_answer(origin: Origin) -> None:
    origin.serve("/circle", **redirecting("/circle"))
    origin.serve("/nowhere", b"", status=302)
    origin.serve("/forbidden", **redirecting("http://10.0.0.1/"))
    broken = (
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    )
    fetcher = make_fetcher()

    for path in ("/circle", "/nowhere", "/forbidden"):
        assert failed(fetcher.fetch(asking(origin.url + path))).status in {301, 302}, path
    for answer in broken:
        with Peer(answering(answer)) as peer:
            assert failed(fetcher.fetch(asking(peer.url))).status == 200
    with Peer(then_silent(broken[0])) as peer:
        failure = failed(fetcher.fetch(asking(peer.url, timeout=200)))
    assert (failure.outcome, failure.status) == (Outcome.TIMEOUT, 200)
    with Peer(answering(b"")) as peer:
        assert failed(fetcher.fetch(asking(peer.url))).status is None
