"""The pool of parse processes, each with a deadline and a memory limit.

    read() ─► a free slot ─► an idle process, else a new one ─► document ─► answer ─► idle again
                                                    └─ deadline, crash ─► killed, forgotten

Each process is a program of its own (`child`), reached by a socket. A general pool of processes serves worse
here: multiprocessing's children import the main module again, so each would carry the whole program; pebble's
share one pipe and its locks, so a process that dies while it takes a task breaks the pool for good, and three
threads poll in the parent. This one has no thread, shares nothing between processes, and sleeps when idle.
"""

from __future__ import annotations

import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import aggregator
from aggregator.ingest.child import HEADER, OUT_OF_MEMORY, READY
from aggregator.model import Fetched, Outcome, Reading, Unreadable

_START_TIMEOUT = 30.0
_DOCUMENTS_PER_PROCESS = 500
"""Afterwards a process is replaced, so that a leak in a parser stays small."""
_ALARM_GRACE = 2.0
_EXIT_GRACE = 2.0
"""Seconds for a process that has closed its socket to end, so that its exit code tells why."""
_STOPPING = "The document was not read, because the service is stopping."
_PACKAGES = str(Path(aggregator.__file__).resolve().parents[1])


class ParsePool:
    """Reads documents in at most `workers` processes, started when first needed. A `DocumentReader`.

    `timeout` (ms) is for one document, from the moment a process takes it; `memory` (bytes) for one process.
    """

    def __init__(self, *, workers: int, timeout: int, memory: int) -> None:
        self._timeout = timeout
        self._memory = memory
        self._slots = threading.BoundedSemaphore(workers)
        self._lock = threading.Lock()
        self._idle: list[_Process] = []
        self._busy: set[_Process] = set()
        self._closed = False

    def read(self, document: Fetched) -> Reading | Unreadable:
        """Return what `read_document` makes of it, or why it could not within the limits.

        Blocks while all processes are busy. Raises nothing for the document's faults: one that takes too
        long, too much memory, or its process with it, is `Unreadable`; the next one gets another process.
        """
        with self._slots:
            try:
                process = self._take()
            except _PoolClosedError:
                return _unreadable(_STOPPING)
            except OSError as error:
                return _unreadable(f"The document was not read: no parse process can be started ({error}).")
            try:
                answer = process.ask(document, self._timeout / 1000)
            except TimeoutError:
                self._discard(process)
                return _unreadable(f"The document took longer than {_seconds(self._timeout)} to parse.")
            except OSError:
                return self._post_mortem(process)
            self._give_back(process)
            return answer

    def close(self) -> None:
        """Kill every process, busy or not: reads under way return `Unreadable`, and so do later ones."""
        with self._lock:
            self._closed = True
            idle, busy = self._idle, self._busy
            self._idle, self._busy = [], set()
        for process in idle:
            process.end()
        for process in busy:
            process.kill()  # its socket belongs to the thread that waits for the answer

    def _take(self) -> _Process:
        """Return a process that is ours alone. Raises `_PoolClosedError`, or `OSError` when none starts."""
        process = self._idle_process() or _Process(self._memory)
        with self._lock:
            if not self._closed:
                self._busy.add(process)
                return process
        process.end()
        raise _PoolClosedError

    def _idle_process(self) -> _Process | None:
        while True:
            with self._lock:
                if self._closed:
                    raise _PoolClosedError
                if not self._idle:
                    return None
                process = self._idle.pop()
            if process.is_alive():
                return process
            process.end()

    def _give_back(self, process: _Process) -> None:
        with self._lock:
            self._busy.discard(process)
            if not self._closed and process.documents < _DOCUMENTS_PER_PROCESS:
                self._idle.append(process)
                return
        process.end()

    def _discard(self, process: _Process, grace: float = 0) -> int:
        with self._lock:
            self._busy.discard(process)
        return process.end(grace)

    def _post_mortem(self, process: _Process) -> Unreadable:
        code = self._discard(process, _EXIT_GRACE)
        if self._closed:
            return _unreadable(_STOPPING)
        if code == OUT_OF_MEMORY:
            return _unreadable(f"The document needs more than {_mebibytes(self._memory)} of memory to parse.")
        return _unreadable(f"The document crashed its parse process ({_exit_reason(code)}).")


class _PoolClosedError(Exception):
    """The pool takes no documents any more."""


class _Process:
    """One parse process and its socket; used by one thread at a time, but killed by any."""

    def __init__(self, memory: int) -> None:
        """Start the process; return when it can take documents. Raises `OSError` when it does not start."""
        self.documents = 0
        self._socket, theirs = socket.socketpair()
        try:
            with theirs:
                self._popen = _start(theirs.fileno(), memory)
        except OSError:
            self._socket.close()
            raise
        try:
            self._receive(len(READY), time.monotonic() + _START_TIMEOUT)
        except OSError as error:
            raise OSError(f"{_exit_reason(self.end(_EXIT_GRACE))}: {error}") from error

    def ask(self, document: Fetched, seconds: float) -> Reading | Unreadable:
        """Return the answer to a document. Raises `TimeoutError`, or `OSError` when the process is gone."""
        self.documents += 1
        deadline = time.monotonic() + seconds
        request = pickle.dumps(document, protocol=pickle.HIGHEST_PROTOCOL)
        self._socket.settimeout(seconds)
        self._socket.sendall(HEADER.pack(len(request), seconds + _ALARM_GRACE) + request)
        size, _ = HEADER.unpack(self._receive(HEADER.size, deadline))
        answer: Reading | Unreadable = pickle.loads(self._receive(size, deadline))  # noqa: S301 - of our own child
        return answer

    def is_alive(self) -> bool:
        """Return whether the process can take another document."""
        return self._popen.poll() is None

    def kill(self) -> int:
        """End the process at once, whatever it does; return its exit code (negative: the signal's number).

        Any thread may, and again: a read under way in another one fails. One that has ended keeps its code.
        """
        self._popen.kill()
        return self._popen.wait()

    def end(self, grace: float = 0) -> int:
        """Let go of the socket, give the process `grace` seconds to end by itself; return its exit code."""
        self._socket.close()
        if grace:
            with suppress(subprocess.TimeoutExpired):
                return self._popen.wait(grace)
        return self.kill()

    def _receive(self, size: int, deadline: float) -> bytes:
        received = bytearray(size)
        view = memoryview(received)
        while view:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._socket.settimeout(left)
            count = self._socket.recv_into(view)
            if count == 0:
                raise ConnectionResetError("the process closed its socket")
            view = view[count:]
        return bytes(received)


def _start(descriptor: int, memory: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-P", "-m", "aggregator.ingest.child", str(descriptor), str(memory)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=(descriptor,),
        env=os.environ | {"PYTHONPATH": _python_path()},
        process_group=0,  # out of reach of the terminal's Ctrl-C
    )


def _unreadable(message: str) -> Unreadable:
    return Unreadable(outcome=Outcome.UNPARSEABLE, message=message)


def _python_path() -> str:
    """Return where the process finds this very package, also when it is not installed."""
    return os.pathsep.join(filter(None, (_PACKAGES, os.environ.get("PYTHONPATH"))))


def _exit_reason(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:g} s"


def _mebibytes(size: int) -> str:
    return f"{size / 2**20:g} MiB"
