"""What the tests of fetching have in common."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence
from typing import Any

from aggregator.ingest.dial import Address
from aggregator.ingest.fetch import HttpFetcher
from aggregator.ingest.guard import AddressGuard
from aggregator.ingest.useragent import user_agent
from aggregator.model import Fetched, FetchFailed, FetchRequest, NotModified, Validators
from tests.origin import read_request

LOOPBACK = AddressGuard([ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128")])


def names_to(host: str) -> Callable[[str, int], Sequence[Address]]:
    """Make a look-up by which every name leads to this address of the loopback."""
    return lambda _name, port: [(socket.AF_INET, (host, port))]


def make_fetcher(**given: Any) -> HttpFetcher:
    return HttpFetcher(**{"guard": LOOPBACK, "user_agent": user_agent(None), **given})


def asking(url: str, **given: Any) -> FetchRequest:
    return FetchRequest(**{"url": url, "timeout": 5000, "max_size": 1_000_000, **given})


def validators(url: str, etag: str | None = None, last_modified: str | None = None) -> Validators:
    return Validators(url=url, etag=etag, last_modified=last_modified)


def failed(answer: Fetched | NotModified | FetchFailed) -> FetchFailed:
    assert isinstance(answer, FetchFailed)
    return answer


def fetched(answer: Fetched | NotModified | FetchFailed) -> Fetched:
    assert isinstance(answer, Fetched), answer
    return answer


def answering(*responses: bytes) -> Callable[[socket.socket], None]:
    """Make a peer that answers the requests of a connection with these bytes, one after another."""

    def speak(sock: socket.socket) -> None:
        for response in responses:
            if not read_request(sock):
                return
            sock.sendall(response)

    return speak
