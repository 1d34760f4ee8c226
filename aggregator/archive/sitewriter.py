"""Writes a site's files, each with its packed forms beside it."""

from __future__ import annotations

import gzip
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

import brotli  # type: ignore[import-untyped]  # it ships no types

from aggregator.archive.folder import Folder

_BROTLI_QUALITY = 5
_GZIP_LEVEL = 6
"""What takes a few milliseconds for a page, and for the longest feeds less than the rest of the work."""

_TOGETHER = 16
"""Files that are written together, while the next ones are made and packed: so much is in memory."""

_PACKERS = 2


class SiteWriter:
    """Writes files in the order in which they are given; they are packed beside that. For one thread.

    Every method may raise ArchiveError, for this file or one before.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._packers = ThreadPoolExecutor(_PACKERS, thread_name_prefix="site-packer")
        self._waiting: list[tuple[str, bytes, list[Future[tuple[str, bytes]]]]] = []
        self.written = 0
        self.unchanged = 0
        self.removed = 0

    def put(self, name: str, body: bytes) -> None:
        """Write a file of text, whole, soon; a file that has these bytes is left as it is."""
        packed = [self._packers.submit(pack, name, body) for pack in (_brotli, _gzip)]
        self._waiting.append((name, body, packed))
        if len(self._waiting) >= _TOGETHER:
            self.flush()

    def flush(self) -> None:
        """Write all that waits."""
        waiting, self._waiting = self._waiting, []
        files = [[*(form.result() for form in packed), (name, body)] for name, body, packed in waiting]
        self._folder.stage([form for file in files for form in file])
        for file in files:
            changed = [self._folder.write(name, body) for name, body in file]
            self.written += any(changed)
            self.unchanged += not any(changed)

    def remove(self, name: str) -> None:
        """Remove a file and its packed forms, after all that waits is written."""
        self.flush()
        for suffix in ("", *_SUFFIXES):
            self._folder.remove(name + suffix)
        self.removed += 1

    def __enter__(self) -> SiteWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._packers.shutdown(cancel_futures=True)


_SUFFIXES = (".br", ".gz")
"""As nginx's `brotli_static` and `gzip_static` look for them."""


def _brotli(name: str, body: bytes) -> tuple[str, bytes]:
    return f"{name}.br", bytes(brotli.compress(body, quality=_BROTLI_QUALITY))


def _gzip(name: str, body: bytes) -> tuple[str, bytes]:
    return f"{name}.gz", gzip.compress(body, compresslevel=_GZIP_LEVEL, mtime=0)
