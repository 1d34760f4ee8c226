"""The HTTP server: uvicorn on a socket of ours, in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import socket
import threading
import time

import uvicorn
from starlette.types import ASGIApp

from aggregator.exceptions import ServeError

logger = logging.getLogger(__name__)

_KEEP_ALIVE_S = 15
_GRACE_S = 1.0
"""How long answers under way may take when the server stops."""
_BACKLOG = 256


class WebServer:
    """Serves an ASGI app at `host:port` (or `[v6]:port`) until it is stopped.

    Reads no proxy headers and installs no signal handlers.
    """

    def __init__(self, app: ASGIApp, *, bind: str) -> None:
        self._bind = bind
        self._listener: socket.socket | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                http=_http_protocol(),
                ws="none",
                loop="asyncio",
                interface="asgi3",
                lifespan="off",
                log_config=None,
                log_level="warning",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=_KEEP_ALIVE_S,
            )
        )

    def start(self) -> None:
        """Listen, then serve in the background.

        Raises `ServeError`, in one line, when the address is taken, not allowed or not this machine's.
        """
        self._listener = _listen(self._bind)
        self._thread.start()

    @property
    def address(self) -> tuple[str, int]:
        """The host and port that are really listened at; to be asked after `start`."""
        if self._listener is None:
            raise ServeError(f"The web server for {self._bind} was not started")
        host, port = self._listener.getsockname()[:2]
        return host, port

    @property
    def alive(self) -> bool:
        """Whether requests are served."""
        return self._thread.is_alive() and not self._server.should_exit

    def stop(self, timeout_s: float) -> None:
        """End: answers under way get up to a second, or half of `timeout_s`; then connections are cut."""
        self._server.should_exit = True
        if not self._thread.is_alive():
            return
        deadline = time.monotonic() + timeout_s
        self._thread.join(min(_GRACE_S, timeout_s / 2))
        if self._thread.is_alive() and self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop ended meanwhile
                self._loop.call_soon_threadsafe(self._cut_connections)
            self._thread.join(max(0.0, deadline - time.monotonic()))
        if self._thread.is_alive():
            logger.warning("the web server did not stop within %s s", timeout_s)

    def _run(self) -> None:
        try:
            with asyncio.Runner() as runner:
                self._loop = runner.get_loop()
                runner.run(self._serve())
        except Exception:
            logger.exception("the web server ended")

    async def _serve(self) -> None:
        assert self._listener is not None  # noqa: S101 - `start` made it before the thread
        with self._listener:
            await self._server.serve(sockets=[self._listener])
            self._cut_connections()
            await asyncio.sleep(0)  # lets them close before the loop does

    def _cut_connections(self) -> None:
        self._server.force_exit = True
        for connection in list(self._server.server_state.connections):
            connection.transport.abort()


def _http_protocol() -> type[asyncio.Protocol] | str:
    try:
        from aggregator.web.protocol import PatientlyParsed  # noqa: PLC0415 - may be missing
    except ImportError:  # httptools has no wheel for this machine
        return "h11"
    return PatientlyParsed


def _listen(bind: str) -> socket.socket:
    host, _, port = bind.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    try:
        number = _port(port)
        family, _, _, _, address = socket.getaddrinfo(
            host, number, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        both = family == socket.AF_INET6 and host == "::" and socket.has_dualstack_ipv6()
        listener = socket.create_server(address[:2], family=family, backlog=_BACKLOG, dualstack_ipv6=both)
    except (OSError, ValueError) as error:
        raise ServeError(f"Cannot listen at {bind}: {_reason(error)} ([service] bind)") from error
    # Clients that vanish without a word would hold their connection for ever.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return listener


def _port(text: str) -> int:
    number = int(text)
    if number not in range(65536):  # the system would silently take what is left of it
        raise ValueError(text)
    return number


def _reason(error: Exception) -> str:
    if isinstance(error, socket.gaierror):
        return "there is no such host; give an address of this machine, such as 127.0.0.1:8080"
    match getattr(error, "errno", None):
        case errno.EADDRINUSE:
            return "another program has that port; stop it, or choose another port"
        case errno.EACCES | errno.EPERM:
            return "not allowed; ports below 1024 need a privilege, so choose a higher one"
        case errno.EADDRNOTAVAIL:
            return "not an address of this machine; 0.0.0.0 stands for all that it has"
        case int() as number:
            return os.strerror(number)
        case _:
            return "expected host:port, with a port from 0 to 65535"
