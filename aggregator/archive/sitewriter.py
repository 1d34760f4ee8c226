"""Writes a site's files, each with its packed forms beside it."""

from __future__ import annotations

import gzip
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType

import brotli  # type: ignore[import-untyped]  # it ships no types

from aggregator.archive.folder import Folder

_BROTLI_QUALITY = 5
_GZIP_LEVEL = 6
_LONG = 300_000
"""Bytes from which on a file is packed a little faster: every new entry makes the longest feeds anew."""
_BROTLI_QUALITY_OF_LONG = 4
_GZIP_LEVEL_OF_LONG = 4

_TOGETHER = 16
"""Files that are written together: disks wait for several about as long as for one."""
_AHEAD = 2 * _TOGETHER
"""Files that are in memory at most while they are packed."""

_PACKERS = 2


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    body: bytes
    packed: tuple[Future[tuple[str, bytes]], ...]

    def forms(self) -> list[tuple[str, bytes]]:
        """Return its packed forms, as soon as they are there, and the file itself."""
        return [*(form.result() for form in self.packed), (self.name, self.body)]


class SiteWriter:
    """Writes files in the order in which they are given; they are packed beside that. For one thread.

    Every method may raise ArchiveError, for this file or one before.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._packers = ThreadPoolExecutor(_PACKERS, thread_name_prefix="site-packer")
        self._waiting: deque[_File | Callable[[], None]] = deque()
        self.written = 0
        self.unchanged = 0
        self.removed = 0

    def put(self, name: str, body: bytes) -> None:
        """Write a file of text, whole, soon; a file that has these bytes is left as it is."""
        packed = tuple(self._packers.submit(pack, name, body) for pack in (_brotli, _gzip))
        self._waiting.append(_File(name, body, packed))
        if len(self._waiting) >= _AHEAD:
            self._write(_TOGETHER)

    def then(self, action: Callable[[], None]) -> None:
        """Do something when all that was put before is written for good."""
        self._waiting.append(action)

    def flush(self) -> None:
        """Write all that waits, and do what is to be done then."""
        while self._waiting:
            self._write(_AHEAD)

    def _write(self, count: int) -> None:
        """Write the first that wait."""
        first = [self._waiting.popleft() for _ in range(min(count, len(self._waiting)))]
        forms = {id(each): each.forms() for each in first if isinstance(each, _File)}
        self._folder.stage([form for each in forms.values() for form in each])
        for each in first:
            if isinstance(each, _File):
                changed = [self._folder.write(*form) for form in forms[id(each)]]
                self.written += any(changed)
                self.unchanged += not any(changed)
            else:
                each()

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
    quality = _BROTLI_QUALITY if len(body) < _LONG else _BROTLI_QUALITY_OF_LONG
    return f"{name}.br", bytes(brotli.compress(body, quality=quality))


def _gzip(name: str, body: bytes) -> tuple[str, bytes]:
    level = _GZIP_LEVEL if len(body) < _LONG else _GZIP_LEVEL_OF_LONG
    return f"{name}.gz", gzip.compress(body, compresslevel=level, mtime=0)
