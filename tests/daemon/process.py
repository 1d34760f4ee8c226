"""The daemon as a process of its own, as a person runs it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).parents[2]
PATIENCE = 20.0
"""Seconds that a test waits for what should happen at once: these machines are slow at times."""


def wait_until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.02)


class Daemon:
    """`aggregator run` on a config in `folder`; stopped, if need be killed, at the end of the block."""

    def __init__(self, folder: Path, config: str, *arguments: str, host_gap: str = "0s") -> None:
        self._host_gap = host_gap
        self.config = folder / "aggregator.toml"
        self.database = folder / "aggregator.db"
        self.write(config)
        self._arguments = arguments
        self.lines: list[str] = []

    def write(self, config: str) -> None:
        """Write the config: the given tables after a service that listens on a free port."""
        fresh = self.config.with_suffix(".new")
        fresh.write_text(
            f'[service]\nbind = "127.0.0.1:0"\ndatabase = "{self.database}"\n'
            f'[polling]\nallow_private = ["127.0.0.0/8"]\nhost_gap = "{self._host_gap}"\n{config}',
            encoding="utf-8",
        )
        fresh.replace(self.config)

    def __enter__(self) -> Daemon:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "aggregator", "run", "-c", str(self.config), *self._arguments],
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.config.parent,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()
        self._reader.join()
        assert self.process.stderr is not None
        self.process.stderr.close()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line.rstrip("\n"))

    def wait_for_line(self, pattern: str) -> str:
        """Return the first line of the log that matches, once it is there."""
        found: list[str] = []

        def seen() -> bool:
            found.extend(line for line in list(self.lines) if re.search(pattern, line))
            return bool(found) or self.process.poll() is not None

        wait_until(seen, f"the log says {pattern!r}")
        assert found, f"the daemon ended: {self.lines}"
        return found[0]

    @property
    def url(self) -> str:
        found = re.search(r"port (\d+)", self.wait_for_line(r"listening on .* port \d+"))
        assert found
        return f"http://127.0.0.1:{found[1]}"

    def get(self, path: str) -> tuple[int, bytes]:
        try:
            with urllib.request.urlopen(self.url + path, timeout=PATIENCE) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def items(self, path: str = "/all.json") -> list[dict[str, Any]]:
        status, body = self.get(path)
        items: list[dict[str, Any]] = json.loads(body)["items"] if status == 200 else []
        return items

    def stop(self, number: int = signal.SIGTERM) -> float:
        """Send the signal and return after how many seconds the process was gone."""
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(PATIENCE)
        return time.monotonic() - began


def source(name: str, url: str, **keys: str) -> str:
    more = "".join(f"{key} = {text}\n" for key, text in keys.items())
    return f'[[sources]]\nname = "{name}"\nurl = "{url}"\n{more}'


def rss(*names: str) -> str:
    items = "".join(
        f"<item><title>{name}</title><link>https://news.example/{name}</link><guid>{name}</guid>"
        f"<pubDate>Wed, 03 Apr 2024 01:46:{32 + number:02} GMT</pubDate></item>"
        for number, name in enumerate(names)
    )
    return f'<rss version="2.0"><channel><title>News</title>{items}</channel></rss>'
