from __future__ import annotations

import os
import pickle
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator.ingest import child, workers
from aggregator.ingest.read import read_document
from aggregator.ingest.workers import ParsePool
from aggregator.model import Fetched, Outcome, Reading, Unreadable
from tests.ingest.burdens import dawdle, hoard, swell

ROOT = Path(__file__).parents[2]
MIB = 2**20


def document(body: bytes) -> Fetched:
    url = "https://example.org/feed"
    return Fetched(status=200, url=url, content_type=None, body=body, validators=None)


RSS = document(b"<rss version='2.0'><channel><title>t</title><item><title>one</title></item></channel></rss>")


def filled(head: bytes, piece: bytes, tail: bytes) -> bytes:
    """Return ten mebibytes."""
    return head + piece * ((10 * MIB - len(head + tail)) // len(piece)) + tail


HUGE = {
    "attributes": filled(
        b"<rss><channel><x", b"".join(b" a%d=''" % number for number in range(40_000)), b"/></channel></rss>"
    ),
    "nesting": filled(b"<rss><channel>", b"<z>", b""),
    "links": filled(b"<rss><channel><item>", b"<link>a</link>", b"</item></channel></rss>"),
    "JSON": filled(b'{"title":"a","items":[', b"[],", b"[]]}"),
}


@pytest.fixture
def pool() -> Iterator[ParsePool]:
    pool = ParsePool(workers=2, timeout=20_000, memory=256 * MIB)
    yield pool
    pool.close()


def pids(pool: ParsePool) -> list[int]:
    return [process._popen.pid for process in (*pool._idle, *pool._busy)]


def wait_until_busy(pool: ParsePool) -> int:
    deadline = time.monotonic() + 10
    while not pool._busy:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return next(iter(pool._busy))._popen.pid


def has_ended(pid: int) -> bool:
    """Return whether a process is gone, or a zombie that nobody has waited for."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return state.stdout.strip()[:1] in {"", "Z"}


def test_a_process_answers_what_reading_here_would(pool: ParsePool) -> None:
    assert pool.read(RSS) == read_document(RSS)


def test_no_process_is_started_before_the_first_document(pool: ParsePool) -> None:
    assert pids(pool) == []


def test_one_process_takes_one_document_after_the_other(pool: ParsePool) -> None:
    for _ in range(3):
        pool.read(RSS)
    assert len(pids(pool)) == 1


def test_a_document_that_takes_too_long_is_given_up_and_its_process_killed() -> None:
    pool = ParsePool(workers=1, timeout=300, memory=256 * MIB)
    answer: object = pool.run(dawdle, RSS)
    assert isinstance(answer, Unreadable)
    assert answer.outcome is Outcome.UNPARSEABLE
    assert "0.3 s" in answer.message
    assert pids(pool) == []
    assert isinstance(pool.read(RSS), Reading)
    pool.close()


def test_a_document_that_needs_too_much_memory_is_given_up() -> None:
    pool = ParsePool(workers=1, timeout=20_000, memory=100 * MIB)
    answer = pool.run(hoard, RSS)
    if sys.platform != "darwin":  # which enforces no limit of memory
        assert isinstance(answer, Unreadable)
        assert answer.outcome is Outcome.UNPARSEABLE
        assert "100 MiB" in answer.message
    assert isinstance(pool.read(RSS), Reading)
    pool.close()


def test_a_process_that_crashes_takes_its_document_only(pool: ParsePool) -> None:
    answers: list[bool | Unreadable] = []
    reader = threading.Thread(target=lambda: answers.append(pool.run(dawdle, RSS)))
    reader.start()
    pid = wait_until_busy(pool)
    assert isinstance(pool.read(RSS), Reading)
    os.kill(pid, signal.SIGSEGV)
    reader.join()
    (answer,) = answers
    assert isinstance(answer, Unreadable)
    assert answer.outcome is Outcome.UNPARSEABLE
    assert "SIGSEGV" in answer.message
    assert isinstance(pool.read(RSS), Reading)


def test_a_process_that_died_while_idle_is_replaced(pool: ParsePool) -> None:
    pool.read(RSS)
    (pid,) = pids(pool)
    os.kill(pid, signal.SIGKILL)
    while not has_ended(pid):
        time.sleep(0.01)
    assert isinstance(pool.read(RSS), Reading)
    assert pids(pool) != [pid]


def test_a_process_ignores_the_signals_that_are_meant_for_its_parent(pool: ParsePool) -> None:
    pool.read(RSS)
    (pid,) = pids(pool)
    os.kill(pid, signal.SIGINT)
    os.kill(pid, signal.SIGTERM)
    assert isinstance(pool.read(RSS), Reading)
    assert pids(pool) == [pid]


def test_a_process_is_replaced_after_many_documents(pool: ParsePool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_DOCUMENTS_PER_PROCESS", 2)
    pool.read(RSS)
    (pid,) = pids(pool)
    pool.read(RSS)
    assert pids(pool) == []
    assert has_ended(pid)
    assert isinstance(pool.read(RSS), Reading)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process its own size")
def test_a_process_that_has_grown_is_replaced(pool: ParsePool) -> None:
    pool.read(RSS)
    (pid,) = pids(pool)
    assert pool.run(swell, RSS) == 40
    assert pids(pool) == []
    assert has_ended(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the size of a process")
@pytest.mark.parametrize("name", HUGE)
def test_a_hostile_document_costs_little_memory(name: str) -> None:
    pool = ParsePool(workers=1, timeout=90_000, memory=(30 + 64) * MIB)
    answer = pool.read(document(HUGE[name]))
    pool.close()
    assert isinstance(answer, Reading) or "values" in answer.message


@pytest.mark.parametrize("interpreter", ["/does/not/exist", shutil.which("false")])
def test_a_process_that_does_not_start_is_said_to(
    pool: ParsePool, interpreter: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", interpreter)
    answer = pool.read(RSS)
    assert isinstance(answer, Unreadable)
    assert "no parse process can be started" in answer.message


def test_closing_ends_busy_and_idle_processes_long_before_they_are_done(pool: ParsePool) -> None:
    answers: list[bool | Unreadable] = []
    reader = threading.Thread(target=lambda: answers.append(pool.run(dawdle, RSS)))
    reader.start()
    wait_until_busy(pool)
    pool.read(RSS)
    running = pids(pool)
    assert len(running) == 2
    started = time.monotonic()
    pool.close()
    reader.join()
    assert time.monotonic() - started < 5
    assert all(map(has_ended, running))
    assert isinstance(answers[0], Unreadable)
    assert "stopping" in answers[0].message


def test_a_closed_pool_reads_nothing(pool: ParsePool) -> None:
    pool.close()
    pool.close()
    answer = pool.read(RSS)
    assert isinstance(answer, Unreadable)
    assert "stopping" in answer.message


def test_many_threads_share_the_processes(pool: ParsePool) -> None:
    answers: list[Reading | Unreadable] = []
    readers = [threading.Thread(target=lambda: answers.append(pool.read(RSS))) for _ in range(12)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert answers == [read_document(RSS)] * 12
    assert len(pids(pool)) <= 2


def test_slow_documents_do_not_hold_up_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "PATIENCE", 0.2)
    pool = ParsePool(workers=2, timeout=60_000, memory=512 * MIB)
    slow = [threading.Thread(target=pool.run, args=(dawdle, RSS)) for _ in range(8)]
    for reader in slow:
        reader.start()
    wait_until_busy(pool)
    started = time.monotonic()
    for _ in range(3):
        assert isinstance(pool.read(RSS), Reading)
    assert time.monotonic() - started < 15
    assert len(pids(pool)) <= 2 + workers.ASIDE
    pool.close()
    for reader in slow:
        reader.join()


def test_a_slow_document_is_answered_when_it_has_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "PATIENCE", 0.001)
    monkeypatch.setattr(workers, "ASIDE", 1)
    long = document(b"<rss><channel>" + b"<item><title>t</title></item>" * 500 + b"</channel></rss>")
    pool = ParsePool(workers=2, timeout=20_000, memory=256 * MIB)
    answers: list[Reading | Unreadable] = []
    readers = [threading.Thread(target=lambda: answers.append(pool.read(long))) for _ in range(6)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert answers == [read_document(long)] * 6
    assert len(pids(pool)) <= 2
    pool.close()


def test_an_answer_that_no_document_can_need_is_refused(
    pool: ParsePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "largest_answer", lambda document: len(document.body) // 10)
    answer = pool.read(RSS)
    assert isinstance(answer, Unreadable)
    assert answer.outcome is Outcome.UNPARSEABLE
    assert "holds too much" in answer.message
    assert pids(pool) == []


ORPHAN = """
import os, signal, threading, time
from tests.ingest.test_workers import RSS, ParsePool, dawdle, pids, wait_until_busy
pool = ParsePool(workers=2, timeout=2000, memory=2**28)
pool.read(RSS)
threading.Thread(target=pool.run, args=(dawdle, RSS), daemon=True).start()
wait_until_busy(pool)
pool.read(RSS)
print(*pids(pool), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_processes_end_by_themselves_when_their_parent_is_killed() -> None:
    # stderr is not piped: the processes inherit it, and would be waited for
    parent = subprocess.run(
        [sys.executable, "-c", ORPHAN],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,
        timeout=60,
    )
    running = [int(pid) for pid in parent.stdout.split()]
    assert len(running) == 2
    deadline = time.monotonic() + 10
    while not all(map(has_ended, running)) and time.monotonic() < deadline:
        time.sleep(0.05)
    left = [pid for pid in running if not has_ended(pid)]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert left == []


def test_a_parse_process_does_not_carry_the_rest_of_the_program() -> None:
    code = "import sys, aggregator.ingest.child; print(*sys.modules)"
    listed = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    heavy = {
        "requests",
        "lxml",
        "pydantic",
        "click",
        "rich",
        "starlette",
        "sqlite_utils",
        "sqlite3",
        "nh3",
        "asyncio",
    }
    assert not heavy & set(listed.stdout.split())


def test_documents_are_answered_in_turn_until_the_socket_closes() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, theirs.makefile("rwb") as stream:
        for _ in range(2):
            request = pickle.dumps((read_document, RSS, (None,)))
            ours.sendall(child.HEADER.pack(len(request), 60) + request)
        ours.shutdown(socket.SHUT_WR)
        child.serve(stream)
        theirs.shutdown(socket.SHUT_WR)
        with ours.makefile("rb") as answers:
            assert answers.read(1) == child.READY
            for _ in range(2):
                size, _ = child.HEADER.unpack(answers.read(child.HEADER.size))
                assert pickle.loads(answers.read(size)) == read_document(RSS)
            assert answers.read() == b""
