"""Answers to requests: a document once prepared is sent in each of its forms at almost no cost."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import formatdate

from starlette.types import Send

from aggregator.model import FeedDocument
from aggregator.web.negotiation import Headers, accepts_gzip, is_current

HeaderList = list[tuple[bytes, bytes]]

PLAIN = "text/plain; charset=utf-8"


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
    """A document ready to be sent, as it is and compressed."""

    plain: Representation
    compressed: Representation
    last_modified: int | None
    """Seconds since 1970."""

    @property
    def size(self) -> int:
        """Bytes that it takes to keep it."""
        return len(self.plain.body) + len(self.compressed.body)

    def answer(self, method: str, headers: Headers) -> Answer:
        """Return the answer to a GET or HEAD request with these headers."""
        chosen = self.compressed if accepts_gzip(headers) else self.plain
        if is_current(headers, etag=chosen.etag, last_modified=self.last_modified):
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
    always = [item for item in extra if item[0].startswith(b"access-control-")]
    packed = gzip.compress(document.body, mtime=0)
    packed_etag = f'{document.etag[:-1]}-gz"'
    return Prepared(
        plain=_representation(document.body, document.etag, full, [*shared, *always]),
        compressed=_representation(
            packed, packed_etag, [*full, (b"content-encoding", b"gzip")], [*shared, *always]
        ),
        last_modified=seconds,
    )


def _representation(body: bytes, etag: str, full: HeaderList, current: HeaderList) -> Representation:
    tag = (b"etag", etag.encode("latin-1"))
    length = (b"content-length", str(len(body)).encode())
    return Representation(body=body, etag=etag, full=[*full, tag, length], current=[*current, tag])


def document(body: bytes, content_type: str) -> FeedDocument:
    """Return bytes that are not a feed as a document: with an ETag, without a date."""
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    return FeedDocument(body=body, content_type=content_type, etag=etag, last_modified=0)


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
