"""The daemon itself, as `aggregator run` starts it: what memory it holds once it has polled and served."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from aggregator.store import open_store
from benchmarks.processes import family_memory

_TAGS = 5
_PATIENCE = 300.0
"""Seconds that the first round of polls may take."""
_STOP = 15.0


def daemon_memory(url: str, sources: int) -> dict[str, int]:
    """Return the MiB and the number of processes of a daemon that has polled every source and served feeds.

    Raises RuntimeError, with what the daemon said, when it ends or does not get done.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        address = f"127.0.0.1:{_free_port()}"
        _write_config(folder, address, url, sources)
        with _running(folder) as daemon:
            _wait_until_polled(daemon, folder, sources)
            for tag in range(_TAGS):
                with urllib.request.urlopen(f"http://{address}/tags/t{tag}.atom", timeout=30) as feed:
                    feed.read()
            time.sleep(2)
            memory = family_memory(daemon.pid)
    return {key: round(value) for key, value in memory.items()}


def _free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port: int = probe.getsockname()[1]
    return port


def _write_config(folder: Path, address: str, url: str, sources: int) -> None:
    tables = "".join(
        f'[[sources]]\nname = "S{number}"\nurl = "{url}{number}"\ntags = ["t{number % _TAGS}"]\n'
        for number in range(sources)
    )
    (folder / "aggregator.toml").write_text(
        f'[service]\nbind = "{address}"\ndatabase = "{folder / "bench.db"}"\n'
        f'[polling]\nallow_private = ["127.0.0.0/8"]\nhost_gap = "0s"\n{tables}'
    )


@contextmanager
def _running(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    log = folder / "stderr"
    command = [sys.executable, "-m", "aggregator", "run", "-c", str(folder / "aggregator.toml")]
    with log.open("wb") as stderr, subprocess.Popen(command, stderr=stderr) as daemon:
        try:
            yield daemon
        except (RuntimeError, OSError) as error:
            said = "\n".join(log.read_text("utf-8", "replace").splitlines()[-20:])
            raise RuntimeError(f"{error}; the daemon said:\n{said}") from error
        finally:
            daemon.terminate()
            try:
                daemon.wait(_STOP)
            except subprocess.TimeoutExpired:
                daemon.kill()


def _wait_until_polled(daemon: subprocess.Popen[bytes], folder: Path, sources: int) -> None:
    database = folder / "bench.db"
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        time.sleep(1)
        if (code := daemon.poll()) is not None:
            raise RuntimeError(f"the daemon ended with exit code {code}")
        if database.exists():
            with closing(open_store(str(database))) as store:
                polled = sum(1 for status in store.source_statuses() if status.last_poll)
            if polled == sources:
                return
    raise RuntimeError("the daemon did not poll all sources")
