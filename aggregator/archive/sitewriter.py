"""Writes a site's files, each with its packed forms beside it."""

from __future__ import annotations

import gzip
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

import brotli  # type: ignore[import-untyped]  # it ships no types

from aggregator.archive.folder import Folder

_BROTLI_QUALITY = 5
_GZIP_LEVEL = 6
"""What takes a few milliseconds for a page, and for the longest feeds less than the rest of the work."""

_AHEAD = 16
"""Files that wait to be written while they are packed: so much is in memory."""

_PACKERS = 2


class SiteWriter:
    """Writes files in the order in which they are given; they are packed beside that. For one thread.

    The packed forms of a file are written before it: where it is as it should be, they are, too. Every method
    may raise ArchiveError, for this file or one before.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._packers = ThreadPoolExecutor(_PACKERS, thread_name_prefix="site-packer")
        self._waiting: deque[tuple[str, bytes, list[tuple[str, Future[bytes]]]]] = deque()
        self.written = 0
        self.unchanged = 0
        self.removed = 0

    def put(self, name: str, body: bytes) -> None:
        """Write a file of text, whole, soon; a file that has these bytes is left as it is."""
        packed = [(suffix, self._packers.submit(pack, body)) for suffix, pack in _FORMS]
        self._waiting.append((name, body, packed))
        while len(self._waiting) > _AHEAD:
            self._write_next()

    def flush(self) -> None:
        """Write all that waits."""
        while self._waiting:
            self._write_next()

    def remove(self, name: str) -> None:
        """Remove a file and its packed forms, after all that waits is written."""
        self.flush()
        for suffix in ("", *(suffix for suffix, _ in _FORMS)):
            self._folder.remove(name + suffix)
        self.removed += 1

    def _write_next(self) -> None:
        name, body, packed = self._waiting.popleft()
        changed = [self._folder.write(name + suffix, done.result()) for suffix, done in packed]
        changed.append(self._folder.write(name, body))
        self.written += any(changed)
        self.unchanged += not any(changed)

    def __enter__(self) -> SiteWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._packers.shutdown(cancel_futures=True)


def _gzip(body: bytes) -> bytes:
    return gzip.compress(body, compresslevel=_GZIP_LEVEL, mtime=0)


def _brotli(body: bytes) -> bytes:
    return bytes(brotli.compress(body, quality=_BROTLI_QUALITY))


_FORMS: tuple[tuple[str, Callable[[bytes], bytes]], ...] = ((".br", _brotli), (".gz", _gzip))
"""As nginx's `brotli_static` and `gzip_static` look for them."""
