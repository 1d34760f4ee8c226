from __future__ import annotations

import gzip
import socket
import tracemalloc
import zlib
from collections import deque
from collections.abc import Callable
from functools import partial
from itertools import pairwise

import brotli  # type: ignore[import-untyped]  # it ships no types
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from aggregator.ingest.fetch import HttpFetcher
from aggregator.ingest.inflate import InflateError, Inflater, OversizeError
from aggregator.model import Outcome
from tests.ingest.fetching import answering, asking, failed, fetched
from tests.origin import Origin, Peer, read_request

gzipped = partial(gzip.compress, mtime=0)  # no byte of it depends on the time

DOCUMENT = b"<rss>" + "中文 feed ".encode() * 400 + b"</rss>"


def bare_deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return stream.compress(data) + stream.flush()


COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzipped,
    "x-gzip": gzipped,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}


def encoded(coding: str, body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s" % (
        coding.encode(),
        len(body),
        body,
    )


# --- codings --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("coding", "body"),
    [(coding, compress(DOCUMENT)) for coding, compress in COMPRESS.items()]
    + [
        ("deflate", bare_deflate(DOCUMENT)),
        ("GZip", gzipped(DOCUMENT)),
        ("identity", DOCUMENT),
        ("", DOCUMENT),
        ("gzip, br", brotli.compress(gzipped(DOCUMENT))),
        ("br, identity, gzip", gzipped(brotli.compress(DOCUMENT))),
        ("gzip", gzipped(DOCUMENT[:99]) + gzipped(DOCUMENT[99:])),
        ("gzip", gzipped(DOCUMENT) + bytes(512)),
        ("zstd", zstandard.compress(DOCUMENT) + b"trailing"),
        ("gzip;q=1", gzipped(DOCUMENT)),
        ("aws-chunked", DOCUMENT),
        ("*", DOCUMENT),
        ("zstd", zstandard.compress(DOCUMENT[:99]) + zstandard.compress(DOCUMENT[99:])),
    ],
)
def test_a_compressed_document_comes_out_whole(fetcher: HttpFetcher, coding: str, body: bytes) -> None:
    with Peer(answering(encoded(coding, body))) as peer:
        assert fetched(fetcher.fetch(asking(peer.url))).body == DOCUMENT


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (b"Transfer-Encoding: gzip, chunked", gzipped(DOCUMENT)),
        (b"Transfer-Encoding: gzip\r\nTransfer-Encoding: Chunked", gzipped(DOCUMENT)),
        (b"Content-Encoding: br\r\nTransfer-Encoding: gzip,chunked", gzipped(brotli.compress(DOCUMENT))),
        (b"Transfer-Encoding: identity, chunked", DOCUMENT),
    ],
)
def test_what_was_compressed_on_the_way_comes_out_whole(
    fetcher: HttpFetcher, head: bytes, body: bytes
) -> None:
    framed = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    with Peer(answering(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" + framed)) as peer:
        assert fetched(fetcher.fetch(asking(peer.url))).body == DOCUMENT


def test_a_coding_of_the_way_that_is_not_understood_is_named(fetcher: HttpFetcher) -> None:
    with Peer(answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: snappy, chunked\r\n\r\n0\r\n\r\n")) as peer:
        failure = failed(fetcher.fetch(asking(peer.url)))

    assert (failure.outcome, failure.status) == (Outcome.UNPARSEABLE, 200)
    assert "'snappy'" in failure.message


@given(
    data=st.binary(max_size=3000),
    codings=st.lists(st.sampled_from(sorted(COMPRESS)), max_size=3),
    cuts=st.lists(st.integers(0, 4000), max_size=6),
)
def test_however_a_compressed_document_is_cut_it_comes_out_whole(
    data: bytes, codings: list[str], cuts: list[int]
) -> None:
    wire = data
    for coding in codings:
        wire = COMPRESS[coding](wire)
    inflater = Inflater(", ".join(codings), cap=3000)
    edges = [0, *sorted(cuts), len(wire)]

    parts = [wire[start:end] for start, end in pairwise(edges) if start < end]
    assert b"".join(piece for part in parts for piece in inflater.feed(part)) == data
    inflater.finish()


@pytest.mark.parametrize(("coding", "compress"), [*COMPRESS.items(), ("deflate", bare_deflate)])
@pytest.mark.parametrize("size", [(1 << 18) + 21, (1 << 20) - 1, (1 << 20) + 1, 3_333_333])
def test_what_decompresses_to_many_pieces_comes_out_whole(
    coding: str, compress: Callable[[bytes], bytes], size: int
) -> None:
    inflater = Inflater(coding, cap=size)

    assert sum(map(len, inflater.feed(compress(bytes(size))))) == size
    inflater.finish()


@given(coding=st.sampled_from(sorted(COMPRESS)), kept=st.floats(0, 0.999))
def test_a_compressed_form_that_ends_early_is_never_taken_for_whole(coding: str, kept: float) -> None:
    wire = COMPRESS[coding](DOCUMENT)
    inflater = Inflater(coding, cap=len(DOCUMENT))
    deque(inflater.feed(wire[: int(len(wire) * kept)]), maxlen=0)

    with pytest.raises(InflateError):
        inflater.finish()


@pytest.mark.parametrize(
    ("coding", "body", "told"),
    [
        ("gzip", gzipped(DOCUMENT)[:-9], "ends in the middle of its compressed form (gzip)"),
        ("deflate", b"x", "ends in the middle"),
        ("br", brotli.compress(DOCUMENT)[:-3], "ends in the middle"),
        ("zstd", zstandard.compress(DOCUMENT)[:-3], "ends in the middle"),
        ("gzip", DOCUMENT, "is not compressed as its Content-Encoding (gzip) says"),
        ("deflate", b"\xff" * 99, "is not compressed as"),
        ("br", b"\xff" * 99, "is not compressed as"),
        ("zstd", DOCUMENT, "is not compressed as"),
        ("compress", DOCUMENT, "in a way that is not understood ('compress')"),
        ("gzip, gzip, gzip, gzip", DOCUMENT, "4 times over"),
    ],
)
def test_a_document_that_cannot_be_decompressed_is_told(
    fetcher: HttpFetcher, coding: str, body: bytes, told: str
) -> None:
    with Peer(answering(encoded(coding, body))) as peer:
        failure = failed(fetcher.fetch(asking(peer.url)))

    assert (failure.outcome, failure.status) == (Outcome.UNPARSEABLE, 200)
    assert told in failure.message


def test_an_empty_document_needs_no_compressed_form(fetcher: HttpFetcher) -> None:
    with Peer(answering(encoded("gzip", b""))) as peer:
        assert failed(fetcher.fetch(asking(peer.url))).outcome == Outcome.EMPTY


# --- size -----------------------------------------------------------------------------------------------


def test_a_document_of_just_the_largest_size_is_taken(fetcher: HttpFetcher, origin: Origin) -> None:
    url = origin.serve("/", b"x" * 5000)

    assert len(fetched(fetcher.fetch(asking(url, max_size=5000))).body) == 5000
    assert failed(fetcher.fetch(asking(url, max_size=4999))).outcome == Outcome.TOO_LARGE


def test_a_document_that_says_it_is_too_large_is_not_read(fetcher: HttpFetcher) -> None:
    def speak(sock: socket.socket) -> None:
        read_request(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 123456789\r\n\r\n")
        read_request(sock)  # until the client hangs up

    with Peer(speak) as peer:
        failure = failed(fetcher.fetch(asking(peer.url, max_size=10_000)))

    assert (failure.outcome, failure.status) == (Outcome.TOO_LARGE, 200)
    assert failure.message == (
        "The document of 127.0.0.1 is too large: 123,456,789 bytes, where max_size is 10,000."
    )


@pytest.mark.parametrize("head", [b"\r\n", b"Transfer-Encoding: chunked\r\n\r\n"])
def test_a_document_without_end_is_cut_off_at_the_largest_size(fetcher: HttpFetcher, head: bytes) -> None:
    part = b"x" * 4096 if head == b"\r\n" else b"1000\r\n" + b"x" * 4096 + b"\r\n"

    def speak(sock: socket.socket) -> None:
        read_request(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\n" + head)
        while True:
            sock.sendall(part)

    with Peer(speak) as peer:
        failure = failed(fetcher.fetch(asking(peer.url, max_size=50_000)))

    assert failure.outcome == Outcome.TOO_LARGE
    assert "max_size is 50,000" in failure.message
    assert failure.size <= 50_000


def zeros(size: int) -> bytes:
    """Return so many zeros, gzipped."""
    stream = zlib.compressobj(9, wbits=16 + zlib.MAX_WBITS)
    return b"".join(stream.compress(bytes(1 << 20)) for _ in range(size >> 20)) + stream.flush()


BOMBS = {
    "gzip": zeros(256 << 20),
    "gzip, gzip": gzipped(zeros(256 << 20)),
    "br": brotli.compress(bytes(256 << 20), quality=5),
    "zstd": zstandard.compress(bytes(256 << 20)),
    "zstd, gzip": gzipped(zstandard.compress(bytes(256 << 20))),
    "gzip, zstd": zstandard.compress(gzipped(b"") * 100_000),
}


@pytest.mark.parametrize("coding", sorted(BOMBS))
def test_a_bomb_costs_no_memory_to_speak_of(coding: str) -> None:
    inflater = Inflater(coding, cap=1 << 18)
    tracemalloc.start()
    try:
        with pytest.raises(OversizeError):
            deque(inflater.feed(BOMBS[coding]), maxlen=0)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 12 << 20


def test_a_bomb_is_too_large(fetcher: HttpFetcher) -> None:
    with Peer(answering(encoded("gzip, gzip", BOMBS["gzip, gzip"]))) as peer:
        failure = failed(fetcher.fetch(asking(peer.url)))

    assert failure.outcome == Outcome.TOO_LARGE


# --- cut short ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "response",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n123",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\nnonsense\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 500\r\n\r\n" + gzipped(DOCUMENT)[:50],
    ],
)
def test_a_body_that_is_cut_short_is_told(fetcher: HttpFetcher, response: bytes) -> None:
    with Peer(answering(response)) as peer:
        failure = failed(fetcher.fetch(asking(peer.url)))

    assert failure.outcome == Outcome.CONNECTION_ERROR
    assert failure.message == "127.0.0.1 broke off in the middle of the document."


def test_a_connection_that_is_reset_in_the_document_is_told(fetcher: HttpFetcher) -> None:
    def speak(sock: socket.socket) -> None:
        read_request(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")  # close by a reset

    with Peer(speak) as peer:
        failure = failed(fetcher.fetch(asking(peer.url)))

    assert failure.outcome == Outcome.CONNECTION_ERROR
    assert failure.message.startswith("127.0.0.1 broke")


@pytest.mark.parametrize("framing", [b"Content-Length: 5\r\n\r\n12345", b"\r\n12345"])
def test_a_body_that_is_whole_by_its_framing_is_taken(fetcher: HttpFetcher, framing: bytes) -> None:
    with Peer(answering(b"HTTP/1.1 200 OK\r\n" + framing)) as peer:
        assert fetched(fetcher.fetch(asking(peer.url))).body == b"12345"
