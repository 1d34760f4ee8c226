"""Writes a site's files, each with its packed forms beside it."""

from __future__ import annotations

import gzip
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType

import brotli  # type: ignore[import-untyped]  # it ships no types

from aggregator.archive.folder import Folder
from aggregator.archive.siteowned import PACKED, is_free, is_ours

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

    A file of somebody else is neither replaced nor removed. Every method may raise ArchiveError, for this
    file or one before.
    """

    def __init__(self, folder: Folder, begin: Callable[[], None]) -> None:
        """Take what is called before the first change of a file, and may be called again."""
        self._folder = folder
        self._begin = begin
        self._packers = ThreadPoolExecutor(_PACKERS, thread_name_prefix="site-packer")
        self._waiting: deque[_File | Callable[[], None]] = deque()
        self.written = 0
        self.unchanged = 0
        self.removed = 0
        self.left: list[str] = []
        """Names that files of somebody else have, which were left as they are."""

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
        changed: list[tuple[str, bytes]] = []
        for each in first:
            if isinstance(each, _File):
                changed += self._to_write(each, forms[id(each)])
        if changed:
            self._begin()
            self._folder.stage(changed)
        names = {name for name, _ in changed}
        for each in first:
            if isinstance(each, _File):
                for name, body in forms[id(each)]:
                    if name in names:
                        self._folder.write(name, body)
            else:
                each()

    def _to_write(self, file: _File, forms: Sequence[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
        """Return those forms that are not there yet; none where a file of somebody else is in the way."""
        changed = [(name, body) for name, body in forms if self._folder.read(name) != body]
        if changed and not is_free(self._folder, file.name):
            self.left.append(file.name)
            return []
        self.written += bool(changed)
        self.unchanged += not changed
        return changed

    def remove(self, name: str) -> None:
        """Remove a file and its packed forms, after all that waits is written."""
        self.flush()
        if not is_ours(self._folder, name):
            return
        self._begin()
        for suffix in ("", *PACKED):
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


def _brotli(name: str, body: bytes) -> tuple[str, bytes]:
    quality = _BROTLI_QUALITY if len(body) < _LONG else _BROTLI_QUALITY_OF_LONG
    return f"{name}.br", bytes(brotli.compress(body, quality=quality))


def _gzip(name: str, body: bytes) -> tuple[str, bytes]:
    level = _GZIP_LEVEL if len(body) < _LONG else _GZIP_LEVEL_OF_LONG
    return f"{name}.gz", gzip.compress(body, compresslevel=level, mtime=0)
