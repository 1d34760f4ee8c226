"""A real web server on loopback that plays the sources' part."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any


@dataclass(frozen=True)
class Seen:
    """One request as the origin got it; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]


@dataclass
class Resource:
    """What the origin answers at one path."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


Answer = Callable[[Seen, BaseHTTPRequestHandler], None]


class Origin:
    """Serves what a test puts there, honours If-None-Match, and remembers every request.

    `serve` puts a resource at a path and returns its URL; `answer` lets a function write the raw response
    (`handler.wfile` is the socket: nothing was sent yet).
    """

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.requests: list[Seen] = []
        self._resources: dict[str, Resource | Answer] = {}
        origin = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                origin._handle(self)

            do_HEAD = do_GET  # noqa: N815 - http.server looks methods up by this name

            def log_message(self, *args: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # a client that hangs up is part of many tests

        self._server = Server((host, 0), Handler)
        self.port: int = self._server.server_address[1]
        self.url = f"http://{host}:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Origin:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def serve(
        self,
        path: str,
        body: bytes | str,
        *,
        content_type: str | None = "application/xml",
        status: int = 200,
        etag: str | None = None,
        last_modified: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> str:
        said = {"Content-Type": content_type, "ETag": etag, "Last-Modified": last_modified}
        self._resources[path] = Resource(
            body=body.encode() if isinstance(body, str) else body,
            status=status,
            headers={name: text for name, text in {**said, **(headers or {})}.items() if text is not None},
        )
        return self.url + path

    def answer(self, path: str, handler: Answer) -> str:
        self._resources[path] = handler
        return self.url + path

    def seen(self, path: str) -> list[Seen]:
        return [request for request in self.requests if request.path == path]

    def _handle(self, handler: BaseHTTPRequestHandler) -> None:
        seen = Seen(
            method=handler.command,
            path=handler.path,
            headers={name.lower(): text for name, text in handler.headers.items()},
        )
        self.requests.append(seen)
        resource = self._resources.get(handler.path, Resource(body=b"nothing here", status=404))
        if not isinstance(resource, Resource):
            handler.close_connection = True
            resource(seen, handler)
            return
        etag = resource.headers.get("ETag")
        unchanged = etag is not None and seen.headers.get("if-none-match") == etag
        handler.send_response(304 if unchanged else resource.status)
        for name, text in resource.headers.items():
            handler.send_header(name, text)
        body = b"" if unchanged else resource.body
        if not unchanged:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(body)


class Peer:
    """Listens on loopback and lets a function speak on each connection: for what no real server says.

    The function may block in `recv` for as long as it likes: its connection is shut down at the end.
    """

    def __init__(
        self,
        speak: Callable[[socket.socket], None],
        *,
        host: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.connections = 0
        self._speak = speak
        self._tls = tls
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family, backlog=128)
        self._open: set[socket.socket] = set()
        self._threads = [threading.Thread(target=self._listen, daemon=True)]
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http{'s' if tls else ''}://{f'[{host}]' if ':' in host else host}:{self.port}"

    def __enter__(self) -> Peer:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for sock in (self._listener, *self._open):
            with suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                self.connections += 1
                self._open.add(sock)
                self._threads.append(threading.Thread(target=self._serve, args=(sock,), daemon=True))
                self._threads[-1].start()

    def _serve(self, sock: socket.socket) -> None:
        speaking = sock
        try:
            if self._tls is not None:
                speaking = self._tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
                self._open.add(speaking)
                speaking.do_handshake()
            self._speak(speaking)
        except OSError:
            pass  # a client that hangs up is part of many tests
        finally:
            self._open -= {sock, speaking}
            speaking.close()


def read_request(sock: socket.socket) -> bytes:
    """Return the next request's head as it came; empty when the client hung up."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = sock.recv(1)
        if not byte:
            return b""
        head += byte
    return head
