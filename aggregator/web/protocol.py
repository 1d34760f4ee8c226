"""How HTTP is read from a connection: uvicorn's way, with two things that the open Internet asks for."""

from __future__ import annotations

import asyncio
import re
from enum import Enum, auto

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_TIMEOUT_S = 20.0

_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")


class _At(Enum):
    """Where in the stream of requests the next byte stands."""

    BETWEEN = auto()
    LINE = auto()
    REST = auto()
    """In the headers or the body."""


class PatientlyParsed(HttpToolsProtocol):
    """Takes paths that were not percent-encoded, and no endless time for a request's head.

    `curl http://host/tags/中参馆.rss` sends the bytes as they are; uvicorn calls that an invalid request.
    And it waits for ever for a client that connects and says nothing, or never ends its headers.
    """

    _head_deadline: asyncio.TimerHandle | None = None
    _at = _At.BETWEEN

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
        """Start the clock for the first request's head."""
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._head_came()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Percent-encode what a request line should not hold as it is: the parser would refuse it."""
        if self._at is not _At.REST:
            data = self._encoded_line(data)
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Start the clock for a later request on the same connection."""
        if self._at is _At.BETWEEN:  # it came in one piece with the end of the request before
            self._at = _At.REST
        super().on_message_begin()
        self._expect_head()

    def on_message_complete(self) -> None:
        """Note that the next bytes begin a request."""
        self._at = _At.BETWEEN
        super().on_message_complete()

    def on_headers_complete(self) -> None:
        """Stop the clock and serve the request."""
        self._head_came()
        super().on_headers_complete()

    def _encoded_line(self, data: bytes) -> bytes:
        """Encode the request line, or the part of it that is in `data`, and note whether it ends there."""
        blank = len(data) - len(data.lstrip(b"\r\n")) if self._at is _At.BETWEEN else 0
        if blank == len(data):  # empty lines may precede a request (RFC 9112, section 2.2)
            return data
        end = data.find(b"\n", blank)
        self._at = _At.LINE if end < 0 else _At.REST
        line, rest = (data, b"") if end < 0 else (data[:end], data[end:])
        return _BEYOND_ASCII.sub(lambda byte: b"%%%02X" % ord(byte[0]), line) + rest

    def _expect_head(self) -> None:
        if self._head_deadline is None:
            self._head_deadline = self.loop.call_later(HEAD_TIMEOUT_S, self._give_up)

    def _head_came(self) -> None:
        if self._head_deadline is not None:
            self._head_deadline.cancel()
            self._head_deadline = None

    def _give_up(self) -> None:
        self._head_deadline = None
        if not self.transport.is_closing():
            self.transport.close()
