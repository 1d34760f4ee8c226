"""urllib3 taught to connect through a `Dialer`, and requests' adapter kept to what a fetch needs of it."""

from __future__ import annotations

import socket
from functools import partial
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

from aggregator.ingest.deadline import Phase
from aggregator.ingest.dial import Dialer

MAX_INTERIM = 16
"""No honest server announces its answer more often."""


class _FinalAnswer(HTTPResponse):
    """The answer after all interim ones (RFC 9110 section 15.2), of which http.client skips only `100`."""

    def begin(self) -> None:
        for _ in range(MAX_INTERIM + 1):
            super().begin()
            if self.status == HTTPStatus.SWITCHING_PROTOCOLS or self.status >= HTTPStatus.OK:
                return
            self.headers = self.msg = None  # type: ignore[assignment]  # or the next would not be read
        raise HTTPException(f"more than {MAX_INTERIM} interim answers and no final one")


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
