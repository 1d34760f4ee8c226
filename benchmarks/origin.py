"""A fast origin on loopback: `/N` is feed N, with an ETag. Run as a process of its own."""

from __future__ import annotations

import asyncio
import hashlib
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from multiprocessing.connection import Connection

from benchmarks.documents import document


@contextmanager
def origin() -> Iterator[str]:
    """Serve until the block ends; yield the URL that feeds' numbers are appended to."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_main, args=(theirs,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}/"
    finally:
        process.terminate()
        process.join()


@cache
def _answer(path: str) -> tuple[bytes, bytes, bytes]:
    kind, body = document(int(path.strip("/")))
    etag = f'"{hashlib.sha1(body, usedforsecurity=False).hexdigest()}"'.encode()
    head = b"ETag: %s\r\nConnection: keep-alive\r\n" % etag
    full = b"HTTP/1.1 200 OK\r\n%sContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s"
    return etag, full % (head, kind.encode(), len(body), body), b"HTTP/1.1 304 Not Modified\r\n%s\r\n" % head


class _Http(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._received = b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head, self._received = self._received[:end], self._received[end + 4 :]
            etag, full, unchanged = _answer(head.split(b" ", 2)[1].decode())
            self._transport.write(unchanged if etag in head else full)


async def _serve(ready: Connection) -> None:
    server = await asyncio.get_running_loop().create_server(_Http, "127.0.0.1", 0, backlog=512)
    ready.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def _main(ready: Connection) -> None:
    asyncio.run(_serve(ready))
