"""What one fetch knows of itself on its way, and what its last answer comes to."""

from __future__ import annotations

import re
import time
from dataclasses import replace

from urllib3 import HTTPResponse

from aggregator.ingest.deadline import Exchange, Phase
from aggregator.ingest.failures import FetchError, max_age_ms, refused_status, retry_after_ms
from aggregator.ingest.inflate import InflateError, Inflater, OversizeError
from aggregator.model import Fetched, FetchFailed, FetchRequest, NotModified, Outcome, Validators

_DOCUMENTS = frozenset({200, 203})
_NOT_MODIFIED = 304
_REFUSES_CONDITION = frozenset({400, 412, 413, 431})
"""Answers that may be to the validators: such a server would never be read again if they were kept."""
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_CHUNK = 64 * 1024


class Visit:
    """One fetch: where it is by now, and what has come."""

    def __init__(self, request: FetchRequest, exchange: Exchange) -> None:
        self.request = request
        self.exchange = exchange
        self.host = "the source"
        self.url = request.url
        self.moved_to: str | None = None
        self.status: int | None = None
        self.size = 0

    def arrive(self, host: str, url: str) -> None:
        """Take note of where the next request goes."""
        self.host, self.url = host, url

    @property
    def validators(self) -> Validators | None:
        """What may be sent to where we are: another document's validators would be taken for its own."""
        known = self.request.validators
        return known if known and known.url == self.url else None

    def conclude(self, raw: HTTPResponse) -> Fetched | NotModified | FetchFailed:
        """Return what this last answer comes to; afterwards its connection is kept or closed."""
        status = raw.status
        max_age = max_age_ms(_field(raw, "cache-control"), _field(raw, "age"))
        retry_after = retry_after_ms(_field(raw, "retry-after"), int(time.time() * 1000))
        if status == _NOT_MODIFIED and self.validators:
            _keep_connection(raw)
            return NotModified(
                status=status,
                url=self.url,
                moved_to=self.moved_to,
                max_age=max_age,
                retry_after=retry_after,
            )
        if status not in _DOCUMENTS:
            raw.close()
            with_login = bool(self.request.user or self.request.headers)
            refused = refused_status(status, self.host, retry_after, with_login=with_login)
            blamed = self.validators is not None and status in _REFUSES_CONDITION
            return replace(refused, refuses_validators=blamed)
        try:
            body = self._read(raw)
        except BaseException:
            raw.close()
            raise
        if not body:
            raise FetchError(Outcome.EMPTY, f"{self.host} answered with an empty document.")
        return Fetched(
            status=status,
            url=self.url,
            content_type=_field(raw, "content-type"),
            body=body,
            max_size=self.request.max_size,
            validators=_validators(raw, self.url),
            moved_to=self.moved_to,
            max_age=max_age,
            retry_after=retry_after,
        )

    def _read(self, raw: HTTPResponse) -> bytes:
        """Return the whole document, decompressed."""
        self.exchange.phase = Phase.READING
        limit = self.request.max_size
        codings = ",".join(filter(None, (_field(raw, "content-encoding"), _field(raw, "transfer-encoding"))))
        pieces: list[bytes] = []
        came = 0
        try:
            inflater = Inflater(codings, limit)
            if inflater.is_identity and (raw.length_remaining or 0) > limit:
                raise self._too_large(f"{raw.length_remaining:,} bytes")
            while chunk := raw.read1(_CHUNK, decode_content=False):
                came += len(chunk)
                for piece in inflater.feed(chunk):
                    self.exchange.remaining()
                    self.size += len(piece)
                    pieces.append(piece)
            self.exchange.remaining()  # a connection that was shut down reads like one that came to its end
            if came:
                inflater.finish()
        except OversizeError as error:
            raise self._too_large(f"at least {error.size:,} bytes") from error
        except InflateError as error:
            message = f"The document of {self.host} {error}."
            raise FetchError(Outcome.UNPARSEABLE, message, size=self.size) from error
        return b"".join(pieces)

    def _too_large(self, size: str) -> FetchError:
        message = (
            f"The document of {self.host} is too large: {size}, where max_size is {self.request.max_size:,}."
        )
        return FetchError(Outcome.TOO_LARGE, message, size=self.size)


def _validators(raw: HTTPResponse, url: str) -> Validators | None:
    etag, last_modified = _validator(raw, "etag"), _validator(raw, "last-modified")
    return Validators(url=url, etag=etag, last_modified=last_modified) if etag or last_modified else None


def _validator(raw: HTTPResponse, name: str) -> str | None:
    """Return a validator that can be sent back as it came."""
    text = _field(raw, name)
    return None if text is None or _CONTROLS.search(text) else text


def _field(raw: HTTPResponse, name: str) -> str | None:
    """Return a header as it was sent, without the white space around it (RFC 9110 section 5.5)."""
    return (raw.headers.get(name) or "").strip(" \t") or None


def _keep_connection(raw: HTTPResponse) -> None:
    """Let the next exchange have the connection of an answer that has no body."""
    if raw.chunked:  # allowed in a 304, where no chunk follows: to drain it would wait for one
        raw.close()
    else:
        raw.drain_conn()
