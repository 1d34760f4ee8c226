"""Answers to requests: a document once prepared is sent in each of its forms at almost no cost."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import formatdate

import brotli  # type: ignore[import-untyped]  # it ships no types
from starlette.types import Send

from aggregator.model import FeedDocument
from aggregator.web.negotiation import Headers, is_current, wanted_encoding

HeaderList = list[tuple[bytes, bytes]]

PLAIN = "text/plain; charset=utf-8"

_WORTH_PACKING = 150
"""Bytes: what is smaller grows by being packed, or hardly shrinks."""
_BROTLI_QUALITY = 5
"""Packs a feed of 220 KB in 6 ms, smaller than gzip at its best does in 12; beyond it time grows faster."""
_GZIP_LEVEL = 6


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back to one request."""

    status: int
    headers: HeaderList
    body: bytes


@dataclass(frozen=True, slots=True)
class Representation:
    """A document's bytes in one encoding, with the headers of both answers that they can lead to."""

    body: bytes
    etag: str
    full: HeaderList
    """Of the 200."""
    current: HeaderList
    """Of the 304: those that RFC 9110 section 15.4.5 asks for."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document ready to be sent, as it is and in each coding that makes it smaller."""

    plain: Representation
    packed: Mapping[str, Representation]
    """By content coding, the most wanted first; none for a document that is small as it is."""
    last_modified: int | None
    """Seconds since 1970."""
    served_since: int
    """Who got it at that second (since 1970) or later got these bytes."""

    @property
    def size(self) -> int:
        """Bytes that it takes to keep it."""
        return len(self.plain.body) + sum(len(packed.body) for packed in self.packed.values())

    def answer(self, method: str, headers: Headers) -> Answer:
        """Return the answer to a GET or HEAD request with these headers."""
        coding = wanted_encoding(headers, tuple(self.packed)) if self.packed else None
        chosen = self.plain if coding is None else self.packed[coding]
        if is_current(
            headers,
            etag=chosen.etag,
            last_modified=self.last_modified,
            served_since=self.served_since,
        ):
            return Answer(304, chosen.current, b"")
        return Answer(200, chosen.full, b"" if method == "HEAD" else chosen.body)


def prepare(
    document: FeedDocument, *, cache_control: str, now: int, extra: Sequence[tuple[bytes, bytes]] = ()
) -> Prepared:
    """Compress a document and write its headers, once for all requests.

    `now` (ms) keeps Last-Modified from lying in the future (RFC 9110 section 8.8.2.1); a document that says 0
    gets none. `extra` headers go with each full answer.
    """
    seconds = min(document.last_modified, now) // 1000 or None
    shared = [(b"cache-control", cache_control.encode()), (b"vary", b"Accept-Encoding")]
    if seconds is not None:
        shared.append((b"last-modified", formatdate(seconds, usegmt=True).encode()))
    content = [(b"content-type", document.content_type.encode()), (b"x-content-type-options", b"nosniff")]
    full = [*content, *shared, *extra]
    current = [*shared, *(item for item in extra if item[0].startswith(b"access-control-"))]
    small = len(document.body) < _WORTH_PACKING
    return Prepared(
        plain=_representation(document.body, document.etag, full, current),
        packed={}
        if small
        else {
            coding: _representation(
                pack(document.body),
                # Strong ETags tell bytes apart, so each coding has its own (RFC 9110 section 8.8.3.3).
                f'{document.etag[:-1]}-{suffix}"',
                [*full, (b"content-encoding", coding.encode())],
                current,
            )
            for coding, suffix, pack in _CODINGS
        },
        last_modified=seconds,
        served_since=-(-now // 1000),
    )


def _brotli(body: bytes) -> bytes:
    return bytes(brotli.compress(body, quality=_BROTLI_QUALITY))


def _gzip(body: bytes) -> bytes:
    return gzip.compress(body, compresslevel=_GZIP_LEVEL, mtime=0)


_CODINGS = (("br", "br", _brotli), ("gzip", "gz", _gzip))
"""What documents are packed with: name, suffix of the ETag, and how."""


def _representation(body: bytes, etag: str, full: HeaderList, current: HeaderList) -> Representation:
    tag = (b"etag", etag.encode("latin-1"))
    length = (b"content-length", str(len(body)).encode())
    return Representation(body=body, etag=etag, full=[*full, tag, length], current=[*current, tag])


def document(body: bytes, content_type: str, last_modified: int = 0) -> FeedDocument:
    """Return bytes that are not a feed as a document: with an ETag; its date in ms, 0 for none."""
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    return FeedDocument(body=body, content_type=content_type, etag=etag, last_modified=last_modified)


def text(
    status: int, message: str, extra: Sequence[tuple[bytes, bytes]] = (), *, method: str = "GET"
) -> Answer:
    """Return a short message for the person or program that asked."""
    body = f"{message}\n".encode(errors="replace")
    headers = [
        (b"content-type", PLAIN.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"cache-control", b"no-store"),
        (b"content-length", str(len(body)).encode()),
        *extra,
    ]
    return Answer(status, headers, b"" if method == "HEAD" else body)


async def send_answer(answer: Answer, send: Send) -> None:
    """Send an answer over ASGI."""
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": answer.body})
