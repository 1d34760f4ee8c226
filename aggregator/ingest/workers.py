"""The pool of parse processes, each with a deadline and a memory limit.

    run() ─► a place ─► an idle process, else a new one ─► document ─► answer ─► idle again
                                                    │          └─ deadline, crash ─► killed, forgotten
                                                    └─ PATIENCE ─► a place aside, to go on or to begin again

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
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TypeVar, cast

import aggregator
from aggregator.ingest.child import HEADER, OUT_OF_MEMORY, READY
from aggregator.ingest.limits import largest_answer
from aggregator.ingest.read import read_document
from aggregator.model import Fetched, Outcome, Reading, Selectors, Unreadable

PATIENCE = 1.0
"""Seconds after which a document must leave its place to the next one."""
ASIDE = 4
"""Processes, beyond `workers`, for documents that take longer."""

T = TypeVar("T")
_Task = tuple[Callable[..., object], Fetched, tuple[object, ...]]

_LOW_PRIORITY = 15
_START_TIMEOUT = 30.0
_DOCUMENTS_PER_PROCESS = 500
"""Afterwards a process is replaced, so that a leak in a parser stays small. One that has grown is
replaced at once."""
_ALARM_GRACE = 2.0
_EXIT_GRACE = 2.0
"""Seconds for a process that has closed its socket to end, so that its exit code tells why."""
_STOPPING = "The document was not read, because the service is stopping."
_PACKAGES = str(Path(aggregator.__file__).resolve().parents[1])


class ParsePool:
    """Reads documents in processes of their own, started when first needed. A `DocumentReader`.

    `timeout` (ms) is for one document, from the moment a process takes it; `memory` (bytes) for one process.
    `workers` documents are read at the same time, and up to `ASIDE` more that took longer than `PATIENCE`: so
    slow documents wait for each other, and the others for none of them longer than that.
    """

    def __init__(self, *, workers: int, timeout: int, memory: int) -> None:
        self._timeout = timeout
        self._memory = memory
        self._workers = workers
        self._places = threading.BoundedSemaphore(workers)
        self._places_aside = threading.BoundedSemaphore(ASIDE)
        self._lock = threading.Lock()
        self._idle: list[_Process] = []
        self._busy: set[_Process] = set()
        self._closed = False

    def read(self, document: Fetched, selectors: Selectors | None = None) -> Reading | Unreadable:
        """Return what `read_document` makes of it, or why it could not within the limits; see `run`."""
        return self.run(read_document, document, selectors)

    def run(self, work: Callable[..., T], document: Fetched, *options: object) -> T | Unreadable:
        """Return what `work(document, *options)` returns in a process of its own, or why it could not.

        `work` is a function of a module, and what it takes and returns can be pickled. Blocks while all
        places are taken. Raises nothing for the document's faults: one that takes too long, too much memory,
        or its process with it, is `Unreadable`; the next one gets another process.
        """
        task = (work, document, options)
        with ExitStack() as aside:
            with self._places:
                begun = self._begin(task)
                if isinstance(begun, Unreadable):
                    return begun
                if self._timeout <= PATIENCE * 1000 or begun.answers_within(PATIENCE):
                    return cast("T | Unreadable", self._answer(begun))
                goes_on = self._places_aside.acquire(blocking=False)
                if goes_on:
                    aside.callback(self._places_aside.release)
                else:
                    self._discard(begun)
            if not goes_on:
                aside.enter_context(self._places_aside)
                begun = self._begin(task)
            if isinstance(begun, Unreadable):
                return begun
            begun.step_back()
            return cast("T | Unreadable", self._answer(begun))

    def __del__(self) -> None:
        """Leave no processes behind: a changed config retires a pool with the last poll that uses it."""
        self.close()

    def _begin(self, task: _Task) -> _Process | Unreadable:
        """Return a process that works on the task."""
        try:
            process = self._take()
        except _PoolClosedError:
            return _unreadable(_STOPPING)
        except OSError as error:
            return _unreadable(f"The document was not read: no parse process can be started ({error}).")
        try:
            process.take(task, self._timeout / 1000)
        except TimeoutError:
            return self._given_up(process)
        except OSError:
            return self._post_mortem(process)
        return process

    def _answer(self, process: _Process) -> object:
        try:
            answer = process.answer()
        except TimeoutError:
            return self._given_up(process)
        except _AnswerTooLargeError as error:
            self._discard(process)
            return _unreadable(f"The document holds too much: its items would take {_mebibytes(error.size)}.")
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
            fresh = process.documents < _DOCUMENTS_PER_PROCESS
            if not self._closed and fresh and len(self._idle) < self._workers:
                self._idle.append(process)
                return
        process.end()

    def _discard(self, process: _Process, grace: float = 0) -> int:
        with self._lock:
            self._busy.discard(process)
        return process.end(grace)

    def _given_up(self, process: _Process) -> Unreadable:
        self._discard(process)
        return _unreadable(f"The document took longer than {_seconds(self._timeout)} to parse.")

    def _post_mortem(self, process: _Process) -> Unreadable:
        code = self._discard(process, _EXIT_GRACE)
        if self._closed:
            return _unreadable(_STOPPING)
        if code == OUT_OF_MEMORY:
            return _unreadable(f"The document needs more than {_mebibytes(self._memory)} of memory to parse.")
        return _unreadable(f"The document crashed its parse process ({_exit_reason(code)}).")


class _PoolClosedError(Exception):
    """The pool takes no documents any more."""


class _AnswerTooLargeError(Exception):
    """A process wants to send more than any document can honestly hold: `size` bytes."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


class _Process:
    """One parse process and its socket; used by one thread at a time, but killed by any."""

    def __init__(self, memory: int) -> None:
        """Start the process; return when it can take documents. Raises `OSError` when it does not start."""
        self.documents = 0
        self._deadline = 0.0
        self._largest_answer = 0
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

    def take(self, task: _Task, seconds: float) -> None:
        """Have work done within so many seconds.

        Raises `TimeoutError`, or `OSError` when the process is gone.
        """
        self.documents += 1
        self._deadline = time.monotonic() + seconds
        self._largest_answer = largest_answer(task[1])
        request = pickle.dumps(task, protocol=pickle.HIGHEST_PROTOCOL)
        self._socket.settimeout(seconds)
        self._socket.sendall(HEADER.pack(len(request), seconds + _ALARM_GRACE))
        self._socket.sendall(request)  # by itself: joined to its header, it would be there twice

    def answers_within(self, seconds: float) -> bool:
        """Return whether there is an answer, or none to wait for, within so many seconds."""
        self._socket.settimeout(seconds)
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except TimeoutError:
            return False
        except OSError:  # which `answer` makes known
            return True
        return True

    def step_back(self) -> None:
        """Let others have the processor first, from now on; the process takes no more documents."""
        self.documents = _DOCUMENTS_PER_PROCESS  # priority that was given up cannot be had again
        with suppress(OSError):  # it may be gone, which `answer` makes known
            os.setpriority(os.PRIO_PROCESS, self._popen.pid, _LOW_PRIORITY)

    def answer(self) -> object:
        """Return the answer to the task that was taken.

        Raises `TimeoutError`, `_AnswerTooLargeError`, or `OSError` when the process is gone.
        """
        size, has_grown = HEADER.unpack(self._receive(HEADER.size, self._deadline))
        if has_grown:
            self.documents = _DOCUMENTS_PER_PROCESS
        if size > self._largest_answer:
            raise _AnswerTooLargeError(size)
        answer: object = pickle.loads(self._receive(size, self._deadline))  # noqa: S301 - of our own child
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

    def _receive(self, size: int, deadline: float) -> bytearray:
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
        return received


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
    return f"{size / 2**20:.4g} MiB"
