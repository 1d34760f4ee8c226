from __future__ import annotations

import base64
import ipaddress
import socket
import unicodedata

import pytest

from aggregator.exceptions import ConfigError
from aggregator.ingest.dial import Address
from aggregator.ingest.fetch import HttpFetcher
from aggregator.ingest.guard import AddressGuard
from aggregator.model import Outcome
from tests.ingest.fetching import answering, asking, failed, fetched, make_fetcher, names_to
from tests.origin import Origin, Peer, read_request

# --- addresses ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "0", "[::ffff:7f00:1]"]
)
def test_a_private_address_is_refused_however_it_is_spelled(host: str) -> None:
    fetcher = make_fetcher(guard=AddressGuard([]))

    failure = failed(fetcher.fetch(asking(f"http://{host}:9/feed")))

    assert failure.outcome == Outcome.REFUSED_ADDRESS
    assert "allow_private" in failure.message


@pytest.mark.parametrize(
    "host",
    ["10.0.0.1.", "127.1.", "①⓪.⓪.⓪.①", "10\N{IDEOGRAPHIC FULL STOP}0.0.1", "10\N{FULLWIDTH FULL STOP}0.0.1"],
)
def test_no_name_server_is_asked_for_what_browsers_take_for_an_address(host: str) -> None:
    asked: list[str] = []

    def lookup(name: str, _port: int) -> list[Address]:
        asked.append(name)
        return []

    fetcher = make_fetcher(guard=AddressGuard([]), lookup=lookup)

    assert failed(fetcher.fetch(asking(f"http://{host}/"))).outcome == Outcome.REFUSED_ADDRESS
    assert asked == []


@pytest.mark.parametrize("mark", ["SOLIDUS", "COMMERCIAL AT", "COLON", "NUMBER SIGN", "QUESTION MARK"])
def test_a_host_with_what_stands_for_a_delimiter_is_none(fetcher: HttpFetcher, mark: str) -> None:
    wide = unicodedata.lookup(f"FULLWIDTH {mark}")
    failure = failed(fetcher.fetch(asking(f"http://a.example{wide}127.0.0.1/")))

    assert failure.outcome == Outcome.HTTP_ERROR
    assert "cannot be understood" in failure.message


def test_a_name_that_leads_to_a_private_address_is_refused_without_a_connection() -> None:
    with Peer(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")) as peer:
        fetcher = make_fetcher(guard=AddressGuard([]), lookup=names_to("127.0.0.1"))
        failure = failed(fetcher.fetch(asking(f"http://inner.example:{peer.port}/")))

        assert failure.outcome == Outcome.REFUSED_ADDRESS
        assert failure.message.startswith("inner.example leads to 127.0.0.1, an address (loopback)")
        assert peer.connections == 0


def test_a_name_is_looked_up_once_and_only_its_judged_addresses_are_connected_to(origin: Origin) -> None:
    asked: list[str] = []

    def rebinding(name: str, port: int) -> list[Address]:
        asked.append(name)
        return [(socket.AF_INET, ("127.0.0.1" if len(asked) == 1 else "10.0.0.1", port))]

    origin.serve("/feed", b"<rss/>")
    fetcher = make_fetcher(lookup=rebinding)

    assert fetched(fetcher.fetch(asking(f"http://re.example:{origin.port}/feed"))).body == b"<rss/>"
    assert asked == ["re.example"]


def test_of_a_name_s_addresses_only_those_that_may_are_connected_to() -> None:
    with Peer(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")) as peer:

        def lookup(_name: str, port: int) -> list[Address]:
            return [(socket.AF_INET, ("127.0.0.2", port)), (socket.AF_INET, ("127.0.0.1", port))]

        fetcher = make_fetcher(guard=AddressGuard([ipaddress.ip_network("127.0.0.1/32")]), lookup=lookup)
        assert fetched(fetcher.fetch(asking(f"http://mixed.example:{peer.port}/"))).body == b"x"


@pytest.mark.parametrize(
    ("url", "outcome"),
    [
        ("ftp://example.org/feed", Outcome.REFUSED_ADDRESS),
        ("file:///etc/passwd", Outcome.REFUSED_ADDRESS),
        ("example.org/feed", Outcome.REFUSED_ADDRESS),
        ("http://", Outcome.HTTP_ERROR),
        ("http://a:99999/", Outcome.HTTP_ERROR),
    ],
)
def test_a_url_that_is_not_of_the_web_is_told(fetcher: HttpFetcher, url: str, outcome: Outcome) -> None:
    assert failed(fetcher.fetch(asking(url))).outcome == outcome


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "there is no such name"),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure"), "the name server did not answer"),
        (socket.gaierror(socket.EAI_FAIL, "Non-recoverable failure"), "Non-recoverable failure"),
        (UnicodeError("label too long"), "it is not a possible name"),
    ],
)
def test_a_name_that_cannot_be_looked_up_is_told(error: Exception, told: str) -> None:
    def lookup(_name: str, _port: int) -> list[Address]:
        raise error

    failure = failed(make_fetcher(lookup=lookup).fetch(asking("http://nowhere.test/")))

    assert failure.outcome == Outcome.DNS_ERROR
    assert failure.message == f"The name nowhere.test could not be looked up: {told}."


def test_the_system_s_names_are_looked_up_when_nothing_else_is_given(
    fetcher: HttpFetcher, origin: Origin
) -> None:
    origin.serve("/feed", b"<rss/>")

    assert fetched(fetcher.fetch(asking(f"http://localhost:{origin.port}/feed"))).body == b"<rss/>"


# --- proxy ----------------------------------------------------------------------------------------------


def test_a_proxy_gets_the_whole_url_and_its_own_credentials(origin: Origin) -> None:
    seen: list[bytes] = []

    def speak(sock: socket.socket) -> None:
        seen.append(read_request(sock))
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")

    with Peer(speak) as proxy:
        fetcher = make_fetcher(guard=AddressGuard([]), proxy=f"http://me:pw@127.0.0.1:{proxy.port}")
        assert fetched(fetcher.fetch(asking("http://feeds.example/feed"))).body == b"x"

    assert seen[0].startswith(b"GET http://feeds.example/feed HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic " + base64.b64encode(b"me:pw") in seen[0]


@pytest.mark.parametrize("host", ["10.0.0.1", "2130706433", "[::1]"])
def test_a_private_address_in_a_url_is_not_asked_of_the_proxy(host: str) -> None:
    with Peer(answering(b"")) as proxy:
        fetcher = make_fetcher(guard=AddressGuard([]), proxy=proxy.url)

        assert failed(fetcher.fetch(asking(f"http://{host}/"))).outcome == Outcome.REFUSED_ADDRESS
        assert proxy.connections == 0


def test_a_proxy_that_refuses_a_tunnel_is_told() -> None:
    with Peer(answering(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")) as proxy:
        failure = failed(make_fetcher(proxy=proxy.url).fetch(asking("https://feeds.example/")))

    assert failure.outcome == Outcome.CONNECTION_ERROR
    assert "407" in failure.message
    assert "proxy" in failure.message


def test_a_proxy_that_is_not_there_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    failure = failed(make_fetcher(proxy=f"http://127.0.0.1:{port}").fetch(asking("https://feeds.example/")))

    assert failure.outcome == Outcome.CONNECTION_ERROR
    assert f"The proxy 127.0.0.1 could not be connected to on port {port}" in failure.message


def test_a_proxy_of_another_kind_is_an_error_of_the_config() -> None:
    with pytest.raises(ConfigError, match=r"\[polling\] proxy: expected"):
        make_fetcher(proxy="socks5://127.0.0.1:1080")
