"""A folder that is written to: files whole or not at all, by one process at a time, and never outside of it.

    with open_folder(Path("site"), ArchiveKind.SITE) as folder:
        folder.write("feeds/all.xml", body)      # False: it had these bytes already

`DIR/.aggregator` marks the folder: a line of JSON with a random mark, by which the store knows the folder
wherever it is moved to, and with what lies in it. It is also what is locked. A file is written as
`DIR/.aggregator.draft` and then takes its place, so that a crash leaves the old file or the new one, and
drafts, which the next run removes.
"""

from __future__ import annotations

import errno
import fcntl
import json
import logging
import os
import secrets
import stat
import time
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path

from aggregator.exceptions import ArchiveError
from aggregator.model import ArchiveKind

log = logging.getLogger(__name__)

MARK = ".aggregator"
_DRAFT = f"{MARK}.draft"

_AT_ONCE = 16
"""Drafts that are written at a time."""

_PAUSE = 0.05
"""Seconds between two tries to get the lock."""

_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})
_NO_NAMES = frozenset({errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ})

_ADVICE = {
    errno.EACCES: "make it writable for the user that runs this, or choose another folder",
    errno.EPERM: "make it writable for the user that runs this, or choose another folder",
    errno.EROFS: "it is on a file system that can only be read: choose another folder",
    errno.ENOSPC: "make room there; what was written stays, and the next run goes on from there",
    errno.EDQUOT: "make room there; what was written stays, and the next run goes on from there",
    errno.ENOTDIR: "there is a file where a folder should be: move it away, or choose another folder",
    errno.EEXIST: "there is a file where a folder should be: move it away, or choose another folder",
    errno.EISDIR: "there is a folder where a file should be: move it away",
    errno.ENAMETOOLONG: "the file system there does not take names as long as this",
    errno.EINVAL: "the file system there does not take this name",
    errno.EILSEQ: "the file system there does not take this name",
}


class NameRefusedError(ArchiveError):
    """The file system does not take the name of a file; it may take another one."""


class FolderBusyError(ArchiveError):
    """Another process is writing to the folder."""


class Folder:
    """A folder that is locked for this process: see `open_folder`. For one thread at a time.

    Names of files are relative to it, with `/`. Every method raises ArchiveError.
    """

    def __init__(self, path: Path, file: int, said: Mapping[str, str], *, is_new: bool) -> None:
        self.path, self._file, self._said = path, file, said
        self.mark = said["mark"]
        """What the store knows it by."""
        self.is_new = is_new
        """Whether it got its mark only now: then what lies in it is not known to any store."""
        self._real = path.resolve()
        self._parents: dict[str, Path] = {}
        self._apart: set[Path] = set()
        self.ignores_case = path.joinpath(MARK.upper()).exists()
        """Whether names that differ in case only are one to its file system."""
        self._staged: dict[str, tuple[Path, bytes]] = {}
        with suppress(OSError):
            for draft in path.glob(f"{_DRAFT}*"):
                draft.unlink(missing_ok=True)

    @property
    def run(self) -> str:
        """What `begin_run` was last given, by whatever process; empty when it was given nothing yet."""
        return self._said.get("run", "")

    def begin_run(self, run: str) -> None:
        """Keep a word in the folder's mark."""
        self._said = {**self._said, "run": run}
        _write_mark(self._file, self.path, self._said)

    def key(self, name: str) -> str:
        """Return what is equal for two names exactly if they name the same file here."""
        return unicodedata.normalize("NFC", name).casefold() if self.ignores_case else name

    def write(self, name: str, body: bytes) -> bool:
        """Make the file have these bytes, at once and for good; return False if it had them already.

        Folders on the way are made. A symbolic link in the file's place is replaced, what it leads to is not.
        Raises NameRefusedError for names that the file system does not take.
        """
        if self.read(name) == body:
            return False
        parent, last = self._split(name)
        try:
            folder = self._inside(parent)
            if parent not in self._parents:
                folder.mkdir(parents=True, exist_ok=True)
                self._parents[parent] = folder
            self._put(folder, last, body, self._staged.pop(name, None))
        except OSError as error:
            raise _unwritable(self.path / name, error) from error
        return True

    def stage(self, files: Sequence[tuple[str, bytes]]) -> None:
        """Write drafts of files that `write` is to be given next: together, which takes much less time.

        Disks wait for several files about as long as for one. What is not written before the next call, or
        the end, is forgotten.
        """
        self.unstage()
        for number, (name, body) in enumerate(files):
            if self.read(name) != body:
                self._staged[name] = (self.path / f"{_DRAFT}-{number}", body)
        if not self._staged:
            return
        try:
            with ThreadPoolExecutor(min(_AT_ONCE, len(self._staged))) as writers:
                list(writers.map(lambda staged: _write_through(*staged), self._staged.values()))
        except OSError as error:
            names = list(self._staged)
            self.unstage()
            raise _unwritable(self.path / names[0], error) from error

    def unstage(self) -> None:
        """Forget the drafts that `stage` has written and nobody asked for."""
        for draft, _ in self._staged.values():
            with suppress(OSError):
                draft.unlink(missing_ok=True)
        self._staged.clear()

    def read(self, name: str) -> bytes | None:
        """Return the bytes of a file; None when there is none, or what is there is no file."""
        parent, last = self._split(name)
        try:
            # Not waiting: what is there may be a pipe.
            file = os.open(
                self._inside(parent) / last, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            )
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            if error.errno in {errno.ELOOP, errno.EMLINK, errno.ENXIO, *_NO_NAMES}:
                return None
            raise _unwritable(self.path / name, error, "read") from error
        try:
            status = os.fstat(file)
            return _all_of(file, status.st_size) if stat.S_ISREG(status.st_mode) else None
        except OSError as error:
            raise _unwritable(self.path / name, error, "read") from error
        finally:
            os.close(file)

    def remove(self, name: str) -> None:
        """Remove a file, if it is there, after what was written before for good."""
        parent, last = self._split(name)
        try:
            folder = self._inside(parent)
            _sync(folder)
            (folder / last).unlink(missing_ok=True)
            _sync(folder)
        except NotADirectoryError:
            return
        except OSError as error:
            if error.errno not in _NO_NAMES:
                raise _unwritable(self.path / name, error, "removed") from error

    def names(self, under: str = "") -> Iterator[str]:
        """Yield the names of all there is in a folder and those in it but folders, in no order.

        Also symbolic links, which are not followed; hidden files and folders (`.git`) are passed over.
        """
        try:
            with os.scandir(self._inside(under)) as found:
                below = f"{under}/" if under else ""
                entries = [
                    (below + entry.name, entry.is_dir(follow_symlinks=False))
                    for entry in found
                    if not entry.name.startswith(".")
                ]
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise _unwritable(self.path / under, error, "read") from error
        for name, is_folder in entries:
            if is_folder:
                yield from self.names(name)
            else:
                yield name

    def _put(self, folder: Path, last: str, body: bytes, staged: tuple[Path, bytes] | None = None) -> None:
        draft = (folder if folder in self._apart else self.path) / _DRAFT
        try:
            if staged is None:
                _write_through(draft, body)
            else:
                draft = staged[0]
                if staged[1] != body:
                    _write_through(draft, body)
            draft.replace(folder / last)
        except BaseException as error:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            if not isinstance(error, OSError) or error.errno != errno.EXDEV or folder in self._apart:
                raise
            self._apart.add(folder)  # another file system is mounted there
        else:
            return
        self._put(folder, last, body)

    def _split(self, name: str) -> tuple[str, str]:
        """Return the name of the folder that a file is in, and the rest."""
        parent, slash, last = name.rpartition("/")
        if (slash and not parent) or not {"", ".", ".."}.isdisjoint(name.split("/")):
            raise ArchiveError(f"{name}: is no name of a file in {self.path}")
        return parent, last

    def _inside(self, name: str) -> Path:
        """Return a folder in this one, which need not be there, having made sure that it leads not out."""
        if name in self._parents:
            return self._parents[name]
        at = self.path
        for part in name.split("/") if name else ():
            at = at / part
            if at.is_symlink() and not at.resolve().is_relative_to(self._real):
                raise ArchiveError(
                    f"{at}: is a symbolic link that leads out of {self.path}, where nothing is written;"
                    " make it a folder"
                )
        return at


@contextmanager
def open_folder(
    path: Path,
    kind: ArchiveKind,
    *,
    style: str = "",
    patience: float = 0.0,
    vet: Callable[[Path], None] = lambda _: None,
) -> Iterator[Folder]:
    """Lend the folder at `path` to the block: made where it is missing, marked, and locked for this process.

    Waits up to `patience` seconds for another process that writes to it. Where the file system knows no
    locks, it goes on without one. `vet` is called before a folder gets its mark, and may raise ArchiveError
    for what lies in it. Raises ArchiveError when the folder cannot be had, or holds another kind of archive,
    or one of another style.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        file = _locked(path / MARK, time.monotonic() + patience)
    except OSError as error:
        raise _unwritable(path, error) from error
    if file is None:
        raise FolderBusyError(f"{path}: another process is writing to it; wait until it is done, or stop it")
    try:
        said = _mark_in(file, path, kind, style)
        if is_new := said is None:
            vet(path)
            said = {"kind": kind.value, "style": style, "mark": secrets.token_hex(16)}
            _write_mark(file, path, said)
        folder = Folder(path, file, said, is_new=is_new)
        try:
            yield folder
        finally:
            folder.unstage()
    finally:
        os.close(file)


def digest_of(body: bytes) -> bytes:
    """Return the digest by which the store remembers what a file had in it."""
    return blake2b(body, digest_size=16).digest()


def _locked(path: Path, until: float) -> int | None:
    """Return the open, locked file; None when another process still has it at that time (monotonic)."""
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
        try:
            if _try_lock(file):
                if _is_at(file, path):
                    return file
            elif time.monotonic() > until:
                os.close(file)
                return None
        except BaseException:
            os.close(file)
            raise
        os.close(file)
        time.sleep(_PAUSE)


def _try_lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        log.debug("the file system of the folder knows no locks: %s", error.strerror)
    return True


def _is_at(file: int, path: Path) -> bool:
    """Whether that is still the file of that name: it may have been replaced, as by a checkout of git."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


def _mark_in(file: int, path: Path, kind: ArchiveKind, style: str) -> dict[str, str] | None:
    """Return what the folder's mark says; None when it has none yet, or lost it in a power cut."""
    try:
        text = os.pread(file, 4096, 0).strip(b"\0 \t\r\n")
    except OSError as error:
        raise _unwritable(path / MARK, error, "read") from error
    if not text:
        return None
    try:
        said = {str(key): str(value) for key, value in json.loads(text).items()}
        _, held, written = (said[key] for key in ("mark", "kind", "style"))
    except (ValueError, LookupError, AttributeError) as error:
        raise ArchiveError(
            f"{path / MARK}: is not what an export wrote; if nothing needs it, remove it, and run this again"
        ) from error
    if held != kind:
        raise ArchiveError(
            f"{path}: holds an archive of the kind {held}; choose another folder for {kind.value}"
        )
    if written != style:
        raise ArchiveError(
            f"{path}: its posts are written in the style {written}: go on with that one (--style {written},"
            f' or style = "{written}" in [[archives]]), or choose another folder for {style}'
        )
    return said


def _write_mark(file: int, path: Path, said: Mapping[str, str]) -> None:
    line = (json.dumps(said) + "\n").encode()
    try:
        os.pwrite(file, line, 0)
        os.ftruncate(file, len(line))
        os.fsync(file)
        _sync(path)
    except OSError as error:
        with suppress(OSError):
            os.ftruncate(file, 0)
        raise _unwritable(path / MARK, error) from error


def _write_through(path: Path, body: bytes) -> None:
    with path.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())  # else a power cut could leave the file's new name without its bytes


def _all_of(file: int, size: int) -> bytes:
    parts = [os.read(file, size + 1)]
    while parts[-1]:
        parts.append(os.read(file, size + 1))
    return b"".join(parts)


def _sync(folder: Path) -> None:
    """Make what happened to the names in a folder outlast a power cut, where the file system can."""
    with suppress(OSError):
        file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(file)
        finally:
            os.close(file)


def _unwritable(path: Path, error: OSError, what: str = "written") -> ArchiveError:
    advice = _ADVICE.get(error.errno or 0, "choose a folder that you may write to, with space left")
    kind = NameRefusedError if error.errno in _NO_NAMES else ArchiveError
    return kind(f"{path}: cannot be {what} ({error.strerror or error}); {advice}")
