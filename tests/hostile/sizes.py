"""Too much, compressed or not."""

from __future__ import annotations

import gzip
import zlib
from functools import lru_cache, partial

import brotli  # type: ignore[import-untyped]  # it ships no types
import zstandard

from aggregator.model import Outcome
from tests.hostile.scenario import FEED, Answer, Scenario, chunked, endlessly, http, one, redirect, rss

_MAX = 100_000
_BOMB = 24 << 20
_BODY = rss("One", "Two")
_HEAD = b"HTTP/1.1 200 OK\r\n"
_gzip = partial(gzip.compress, mtime=0)


def _padded(size: int) -> bytes:
    return rss("One") + b" " * (size - len(rss("One")))


def _sized(name: str, answer: Answer, outcome: Outcome, *titles: str) -> Scenario:
    return one(name, answer, outcome, *titles, max_size=_MAX)


def bare_deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return stream.compress(data) + stream.flush()


@lru_cache
def zeros(mebibytes: int = _BOMB >> 20) -> bytes:
    """Return so many zeros, gzipped."""
    stream = zlib.compressobj(1, wbits=16 + zlib.MAX_WBITS)
    return b"".join(stream.compress(bytes(1 << 20)) for _ in range(mebibytes)) + stream.flush()


def bombs() -> dict[str, bytes]:
    """Return bodies by their Content-Encoding, each far larger than it looks."""
    return {
        "gzip": zeros(),
        "deflate": zlib.compress(bytes(_BOMB), 1),
        "br": brotli.compress(bytes(_BOMB), quality=1),
        "zstd": zstandard.compress(bytes(_BOMB)),
        "gzip, gzip": _gzip(zeros()),
        "gzip, gzip, gzip": _gzip(_gzip(zeros())),
        "br, zstd": zstandard.compress(brotli.compress(bytes(_BOMB), quality=1)),
        "zstd, gzip": _gzip(zstandard.compress(bytes(_BOMB))),
    }


def _coded(
    coding: str, body: bytes, outcome: Outcome, *titles: str, name: str = "", says: str = ""
) -> Scenario:
    answer = http(body, f"Content-Encoding: {coding}")
    return one(name or f"Content-Encoding {coding!r}", answer, outcome, *titles, says=says)


_LIES = {
    "gzip that is none": ("gzip", _BODY),
    "deflate that is none": ("deflate", b"\xff" * 500),
    "br that is none": ("br", b"\xff" * 500),
    "zstd that is none": ("zstd", _BODY),
    "gzip that is br": ("gzip", brotli.compress(_BODY)),
    "br that is gzip": ("br", _gzip(_BODY)),
    "zstd that is gzip": ("zstd", _gzip(_BODY)),
    "gzip twice that is one": ("gzip, gzip", _gzip(_BODY)),
    "gzip cut short": ("gzip", _gzip(_BODY)[:-20]),
    "gzip without its sum": ("gzip", _gzip(_BODY)[:-8]),
    "gzip with a wrong sum": ("gzip", _gzip(_BODY)[:-8] + bytes(8)),
    "gzip header only": ("gzip", _gzip(_BODY)[:10]),
    "deflate cut short": ("deflate", zlib.compress(_BODY)[:-9]),
    "br cut short": ("br", brotli.compress(_BODY)[:-9]),
    "zstd cut short": ("zstd", zstandard.compress(_BODY)[:-9]),
    "zstd with a window of a gibibyte": (
        "zstd",
        zstandard.ZstdCompressor(
            compression_params=zstandard.ZstdCompressionParameters(
                window_log=28, write_content_size=False, enable_ldm=True
            )
        )
        .compressobj()
        .compress(_BODY)
        + b"\x28\xb5\x2f\xfd\x00\x90\x01\x00\x00",
    ),
    "compress": ("compress", b"\x1f\x9d\x90" + _BODY),
    "a coding that nobody knows": ("x-unheard-of", b"\x00\x01\x02"),
    "four codings": ("gzip, gzip, gzip, gzip", _gzip(_gzip(_gzip(_gzip(_BODY))))),
    "a hundred codings": (", ".join(["gzip"] * 100), _gzip(_BODY)),
}

SCENARIOS = [
    _sized("as large as may be", http(_padded(_MAX)), Outcome.OK, "One"),
    _sized("one byte too large", http(_padded(_MAX + 1)), Outcome.TOO_LARGE),
    _sized("one byte too large, without length", http(_padded(_MAX + 1), length=False), Outcome.TOO_LARGE),
    _sized(
        "one byte too large, in chunks",
        http(chunked(_padded(_MAX), b" "), "Transfer-Encoding: chunked", length=False),
        Outcome.TOO_LARGE,
    ),
    _sized("body without end", endlessly(_HEAD + b"\r\n", b" " * 65536), Outcome.TOO_LARGE),
    _sized(
        "chunks without end",
        endlessly(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1000\r\n" + b"x" * 4096 + b"\r\n"),
        Outcome.TOO_LARGE,
    ),
    _sized(
        "items without end",
        endlessly(_HEAD + b"\r\n<rss><channel>", b"<item><title>x</title></item>" * 99),
        Outcome.TOO_LARGE,
    ),
    _sized(
        "length of a terabyte", http(_BODY, "Content-Length: 1099511627776", length=False), Outcome.TOO_LARGE
    ),
    _sized("title of 50 MB", http(rss("x" * 50_000_000)), Outcome.TOO_LARGE),
    _sized(
        "gzip one byte too large", http(_gzip(_padded(_MAX + 1)), "Content-Encoding: gzip"), Outcome.TOO_LARGE
    ),
    _sized(
        "gzip as large as may be", http(_gzip(_padded(_MAX)), "Content-Encoding: gzip"), Outcome.OK, "One"
    ),
    *(_coded(coding, body, Outcome.TOO_LARGE, name=f"bomb: {coding}") for coding, body in bombs().items()),
    one("bomb in a gzip file", http(zeros()), Outcome.TOO_LARGE),
    one("bomb in a gzip file, gzipped", http(_gzip(zeros()), "Content-Encoding: gzip"), Outcome.TOO_LARGE),
    one("bomb in a gzip file in a gzip file", http(_gzip(zeros())), Outcome.UNPARSEABLE),
    one(
        "bomb of zstd frames",
        http(zstandard.compress(_gzip(b"") * 100_000), "Content-Encoding: gzip, zstd"),
        Outcome.TOO_LARGE,
    ),
    Scenario(
        name="bomb in a redirect",
        answers={
            FEED: redirect("/there", 302, "Content-Encoding: gzip", body=zeros()),
            "/there": http(_BODY),
        },
        outcome=Outcome.OK,
        titles=("One", "Two"),
    ),
    one("bomb in an error", http(zeros(), "Content-Encoding: gzip", status="500 No"), Outcome.HTTP_ERROR),
    Scenario(
        name="bomb in a 304",
        answers={FEED: http(_BODY, 'ETag: "1"')},
        outcome=Outcome.OK,
        titles=("One", "Two"),
        then=one(
            "not decoded",
            http(zeros(), "Content-Encoding: gzip", status="304 Not Modified"),
            Outcome.NOT_MODIFIED,
            *("One", "Two"),
        ),
    ),
    *(
        _coded(coding, body, Outcome.OK, "One", "Two")
        for coding, body in {
            "gzip": _gzip(_BODY),
            "x-gzip": _gzip(_BODY),
            "GZIP": _gzip(_BODY),
            "gzip,": _gzip(_BODY),
            "deflate": zlib.compress(_BODY),
            "br": brotli.compress(_BODY),
            "zstd": zstandard.compress(_BODY),
            "identity": _BODY,
            "": _BODY,
            "utf-8": _BODY,
            "UTF-8, gzip": _gzip(_BODY),
            "none": _BODY,
            "gzip, gzip": _gzip(_gzip(_BODY)),
            "gzip, br": brotli.compress(_gzip(_BODY)),
            "br, zstd, gzip": _gzip(zstandard.compress(brotli.compress(_BODY))),
        }.items()
    ),
    _coded("deflate", bare_deflate(_BODY), Outcome.OK, "One", "Two", name="bare deflate"),
    _coded("gzip", _gzip(_gzip(_BODY)), Outcome.OK, "One", "Two", name="gzip twice, said once"),
    _coded(
        "gzip", _gzip(_BODY[:70]) + _gzip(_BODY[70:]), Outcome.OK, "One", "Two", name="gzip in two members"
    ),
    _coded("gzip", _gzip(_BODY) + b"\0" * 99, Outcome.OK, "One", "Two", name="gzip with padding"),
    _coded(
        "gzip", _gzip(_BODY) + b"<!-- x -->", Outcome.OK, "One", "Two", name="gzip with a comment behind it"
    ),
    _coded(
        "zstd",
        b"\x50\x2a\x4d\x18\x04\0\0\0abcd" + zstandard.compress(_BODY),
        Outcome.OK,
        "One",
        "Two",
        name="zstd behind a frame to skip",
    ),
    _coded("gzip", b"", Outcome.EMPTY, name="gzip of no bytes"),
    _coded("gzip", _gzip(b""), Outcome.EMPTY, name="gzip of nothing"),
    _coded("br", brotli.compress(b""), Outcome.EMPTY, name="br of nothing"),
    one("gzip that nobody says", http(_gzip(_BODY)), Outcome.OK, "One", "Two"),
    one("gzip that nobody says, cut short", http(_gzip(_BODY)[:-20]), Outcome.UNPARSEABLE),
    one("br that nobody says", http(brotli.compress(_BODY)), Outcome.UNPARSEABLE),
    one("zstd that nobody says", http(zstandard.compress(_BODY)), Outcome.UNPARSEABLE),
    one(
        "two codings in two headers",
        http(brotli.compress(_gzip(_BODY)), "Content-Encoding: gzip", "Content-Encoding: br"),
        Outcome.OK,
        "One",
        "Two",
    ),
    *(_coded(coding, body, Outcome.UNPARSEABLE, name=name) for name, (coding, body) in _LIES.items()),
    one(
        "gzip cut short of its length",
        http(
            _gzip(_BODY)[:-20], "Content-Encoding: gzip", f"Content-Length: {len(_gzip(_BODY))}", length=False
        ),
        Outcome.CONNECTION_ERROR,
    ),
    one("no bytes", http(), Outcome.EMPTY),
    one("white space", http(b" \r\n\t " * 99), Outcome.EMPTY),
    one("a byte order mark", http(b"\xef\xbb\xbf"), Outcome.EMPTY),
    one("a byte order mark of UTF-16", http(b"\xff\xfe"), Outcome.EMPTY),
]
