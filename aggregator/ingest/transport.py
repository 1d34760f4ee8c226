"""urllib3 taught to connect through a `Dialer`, and requests' adapter kept to what a fetch needs of it."""

from __future__ import annotations

import re
import socket
from functools import partial
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse, LineTooLong
from io import BufferedReader
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

from aggregator.ingest.deadline import Phase
from aggregator.ingest.dial import Dialer

MAX_INTERIM = 16
"""No honest server announces its answer more often."""


MAX_MALFORMED = 100
"""As many as http.client takes of those that are well-formed."""

_LONGEST_LINE = 65_536
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,16}[ \t]*(?:;.*)?\r?\n")  # RFC 9112 section 7.1
_STATUS_LINE = b"HTTP/"
# RFC 9112 section 5, without what section 2.2 calls invalid: a bare CR, or NUL, anywhere in it.
_FIELD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n\0]*\r?\n")
_FOLDED = re.compile(rb"[ \t][^\r\n\0]*\r?\n")
_BLANK = (b"\r\n", b"\n")


class _FinalAnswer(HTTPResponse):
    """The answer after all interim ones (RFC 9110 section 15.2), of which http.client skips only `100`.

    Where http.client is lenient, this is not: headers that the connection ends in, and chunk sizes that are
    none, are no answer.
    """

    def begin(self) -> None:
        for _ in range(MAX_INTERIM + 1):
            stream = self.fp
            self.fp = _Head(stream)  # type: ignore[assignment]  # only its lines are read meanwhile
            try:
                super().begin()
            finally:
                self.fp = stream
            self.msg.defects.clear()  # or urllib3 would log each of them, with the whole URL
            self._take_off_chunks()
            if self.status == HTTPStatus.SWITCHING_PROTOCOLS or self.status >= HTTPStatus.OK:
                return
            self.headers = self.msg = None  # type: ignore[assignment]  # or the next would not be read
        raise HTTPException(f"more than {MAX_INTERIM} interim answers and no final one")

    def _take_off_chunks(self) -> None:
        """Do so beneath other codings, too (RFC 9112 section 6.1), which http.client leaves as they came."""
        last = ",".join(self.headers.get_all("transfer-encoding", [])).rpartition(",")[2]
        if last.strip().lower() == "chunked" and self.length != 0:
            self.chunked, self.chunk_left, self.length = True, None, None

    def _read_next_chunk_size(self) -> int:
        line = self.fp.readline(_LONGEST_LINE + 1)
        if len(line) > _LONGEST_LINE:
            raise LineTooLong("chunk size")
        if not _CHUNK_SIZE.fullmatch(line):
            self.close()
            raise ValueError(line)  # which http.client takes for a body that was cut short
        return int(line.partition(b";")[0], 16)


class _Head:
    """The lines of an answer's head, without those that are none of a header.

    http.client would take the first of these for the end of all headers, and a bare CR for the end of a line.
    Raises `ConnectionResetError` when the head ends before its blank line.
    """

    def __init__(self, stream: BufferedReader) -> None:
        self._stream = stream
        self._begun = False
        self._in_fields = False
        self._field_kept = False

    def readline(self, limit: int) -> bytes:
        for _ in range(MAX_MALFORMED + 1):
            line = self._line(limit)
            if line in _BLANK:
                self._in_fields = False  # what follows an interim head is another status line
                return line
            if not self._in_fields:
                self._in_fields, self._field_kept = True, False
                return line
            if self._keeps(line):
                return line
        raise HTTPException(f"more than {MAX_MALFORMED} malformed headers")

    def _keeps(self, line: bytes) -> bool:
        if not line.endswith(b"\n"):
            return True  # too long, as http.client will say
        if line[:1] in (b" ", b"\t"):  # the former one goes on (section 5.2)
            return self._field_kept and _FOLDED.fullmatch(line) is not None
        self._field_kept = _FIELD.fullmatch(line) is not None
        return self._field_kept

    def _line(self, limit: int) -> bytes:
        line = self._stream.readline(limit)
        cut_short = not line.endswith(b"\n") and len(line) < limit
        if cut_short and (self._begun or line.startswith(_STATUS_LINE)):
            raise ConnectionResetError("the head of the answer is not whole")
        self._begun = True
        return line

    def close(self) -> None:
        self._stream.close()


class _Dialled(HTTPConnection):
    """A connection whose socket the current exchange can be interrupted on."""

    dialer: Dialer
    response_class = _FinalAnswer

    def __init__(self, *args: Any, dialer: Dialer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.dialer = dialer

    def _new_conn(self) -> socket.socket:
        return self.dialer.dial(self._dns_host, self.port, guarded=self.proxy is None)

    def connect(self) -> None:
        super().connect()
        self.dialer.exchange.phase = Phase.WAITING

    def request(self, *args: Any, **kwargs: Any) -> None:
        if not self.is_closed:
            self.dialer.exchange.phase = Phase.WAITING
            if isinstance(self.sock, socket.socket):  # TLS within TLS is none: the inner socket is watched
                self.dialer.watch(self.sock)
        super().request(*args, **kwargs)


class _DialledTls(_Dialled, HTTPSConnection):
    """The same over TLS: the handshake is with the host's name, whatever address was dialled."""


class _Pool(HTTPConnectionPool):
    def __init__(self, *args: Any, dialer: Dialer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ConnectionCls = partial(_Dialled, dialer=dialer)  # type: ignore[assignment]  # it is only called


class _TlsPool(HTTPSConnectionPool):
    def __init__(self, *args: Any, dialer: Dialer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ConnectionCls = partial(_DialledTls, dialer=dialer)  # type: ignore[assignment]  # it is only called


def dial_with(manager: PoolManager, dialer: Dialer) -> None:
    """Make every connection of this manager one that the dialer opens."""
    manager.pool_classes_by_scheme = {
        "http": partial(_Pool, dialer=dialer),  # type: ignore[dict-item]  # they are only called
        "https": partial(_TlsPool, dialer=dialer),  # type: ignore[dict-item]
    }
