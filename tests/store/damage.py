"""Databases in trouble: damaged, killed at a given moment, short of room."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from aggregator.model import EntryDraft, Source
from aggregator.store import open_store
from tests.store.drafts import NOW, draft, poll

ROOT = Path(__file__).parents[2]
A = Source(name="A", url="https://a.example/feed", tags=("a",))


def fill(path: Path, *names: str, size: int = 4) -> None:
    """Let a database hold these entries, each with a text of so many characters."""
    drafts: list[EntryDraft] = [
        draft(name, content=name + "x" * size, published=NOW - n) for n, name in enumerate(names)
    ]
    with closing(open_store(str(path))) as store:
        store.sync_sources([A], now=NOW)
        poll(store, A, drafts)


def titles(path: Path) -> list[str]:
    """Return what the entries of a whole database are called, without `Title of`."""
    with closing(sqlite3.connect(path)) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = conn.execute("SELECT title FROM entries ORDER BY id DESC").fetchall()
    return [title.removeprefix("Title of ") for (title,) in rows]


def flip_pages(path: Path, *, after: int = 1) -> None:
    """Destroy all pages of a closed database after the first so many; below 0, the last so many."""
    with closing(sqlite3.connect(path)) as conn:
        (page,) = conn.execute("PRAGMA page_size").fetchone()
        (pages,) = conn.execute("PRAGMA page_count").fetchone()
    after = after if after >= 0 else pages + after
    with path.open("r+b") as file:
        file.seek(page * after)
        rest = file.read()
        file.seek(page * after)
        file.write(bytes(byte ^ 0x5A for byte in rest))


def run_python(code: str, *arguments: object, largest_file: int | None = None) -> subprocess.Popen[str]:
    """Start a process of ours; no file of its can grow beyond `largest_file` bytes."""
    limit = (
        ""
        if largest_file is None
        else f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({largest_file}, {largest_file}))\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", limit + code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


_RUN_AND_KILL = """
import os, shutil, signal, sys
from {module} import {function}
from pathlib import Path

def look():
    state = []
    for file in os.scandir(folder):
        status = file.stat()
        with open(file, "rb") as opened:
            head = opened.read(100)
        state.append((file.name, status.st_size, status.st_ino, status.st_mode, status.st_nlink, head))
    return sorted(state)

def count(frame, event, called):
    global left, state
    if event == "c_call" and called.__name__ in {calls} and type(called.__self__) is not str:
        if (now := look()) != state:
            left, state = left - 1, now
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

for moment in range(1, 500):
    folder = Path(sys.argv[1]) / str(moment)
    folder.mkdir(parents=True)
    for name, content in {given}.items():
        shutil.copyfile(content, folder / name)
    if (child := os.fork()) == 0:
        left, state = moment, None
        sys.setprofile(count)
        {call}
        os._exit(0)
    if os.waitpid(child, 0)[1] == 0:
        print(moment)
        break
"""


_CALLS = frozenset(
    {
        "open",
        "close",
        "chmod",
        "fsync",
        "link",
        "rename",
        "replace",
        "unlink",
        "execute",
        "backup",
        "rollback",
    }
)
"""What changes files, as Python calls it in C: functions of the system and of SQLite."""


def kill_at_each_step(
    folder: Path, *, module: str, function: str, call: str, given: Mapping[str, Path]
) -> int:
    """Make a call in processes that are killed after the first, second, … step that changes a file.

    Each finds copies of the `given` files, by these names, in a `folder` of its own, which is called by its
    number from 1. Returns the number of the one that was not killed.
    """
    code = _RUN_AND_KILL.format(
        module=module,
        function=function,
        call=call,
        given={name: str(file) for name, file in given.items()},
        calls=set(_CALLS),
    )
    with run_python(code, folder) as process:
        said, failed = process.communicate(timeout=60)
    assert failed == ""
    return int(said)


def killed(process: subprocess.Popen[str]) -> bool:
    """Wait for a process; return whether it was killed, and not done. It must not fail."""
    with process:
        _, said = process.communicate(timeout=60)
    assert process.returncode in (0, -signal.SIGKILL), said
    return process.returncode != 0
