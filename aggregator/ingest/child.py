"""The parse process: takes work on documents from a socket and answers it, until the socket closes.

Started by `workers` as `python -m aggregator.ingest.child FD MEMORY`. It imports nothing but the parsers, so
it stays small.
"""

from __future__ import annotations

import os
import pickle
import resource
import signal
import socket
import struct
import sys
from contextlib import suppress
from io import BufferedRWPair
from pathlib import Path

import aggregator.ingest.read  # noqa: F401 - what nearly every document needs is there when the first one comes

HEADER = struct.Struct(">Qd")
"""Before each message: its length in bytes, and the seconds until the alarm; in answers 1
from a process that has grown and should be replaced, else 0."""
READY = b"R"
"""Sent once, when documents can be taken."""
OUT_OF_MEMORY = 12
"""The exit code after a document that needed more memory than allowed."""

_LARGEST = 48 * 1024 * 1024
"""Bytes of memory that a process may keep between two documents: a new one has about half."""


def main(arguments: list[str]) -> int:
    """Serve the socket of the given number, with the given limit of memory (bytes). Returns the exit code."""
    descriptor, memory = map(int, arguments)
    # A terminal's Ctrl-C and a service manager's SIGTERM reach every process; only the parent decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    limit_memory(memory)
    with socket.socket(fileno=descriptor) as connection, connection.makefile("rwb") as stream:
        try:
            serve(stream)
        except MemoryError:  # nothing that was begun can be trusted any more
            os._exit(OUT_OF_MEMORY)
        except ConnectionError:  # the parent went while an answer was on its way
            return 0
    return 0


def limit_memory(memory: int) -> None:
    """Let the process have no more than `memory` bytes, where the platform can."""
    for limit in (resource.RLIMIT_AS, resource.RLIMIT_DATA):
        _, hard = resource.getrlimit(limit)
        soft = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
        with suppress(ValueError, OSError):  # macOS refuses what it cannot enforce
            resource.setrlimit(limit, (soft, hard))


def serve(stream: BufferedRWPair) -> None:
    """Answer each document in turn; return when the other end has closed."""
    stream.write(READY)
    stream.flush()
    while header := stream.read(HEADER.size):
        size, seconds = HEADER.unpack(header)
        # The parent kills this process at the deadline. Should the parent be gone by then, the alarm does it:
        # a hostile document must not keep a processor busy for minutes.
        signal.setitimer(signal.ITIMER_REAL, seconds)
        work, document, options = pickle.loads(stream.read(size))  # noqa: S301 - written by our own parent
        answer = pickle.dumps(work(document, *options), protocol=pickle.HIGHEST_PROTOCOL)
        signal.setitimer(signal.ITIMER_REAL, 0)
        del document, options
        stream.write(HEADER.pack(len(answer), own_memory() > _LARGEST))
        stream.write(answer)  # by itself: joined to its header, it would be there twice
        stream.flush()
        del answer


def own_memory() -> int:
    """Return how many bytes of memory the process has at the moment; 0 where the platform does not tell."""
    with suppress(OSError):
        pages = Path("/proc/self/statm").read_text().split()[1]
        return int(pages) * resource.getpagesize()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
