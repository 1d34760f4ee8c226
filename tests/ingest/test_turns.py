"""Who may ask which host when, and what a fetch on its way to other hosts makes of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from aggregator.ingest.fetch import HttpFetcher
from aggregator.ingest.turns import HostTurns
from aggregator.model import Fetched, FetchFailed, NotModified, Outcome, host_of
from tests.ingest.fetching import asking, failed, fetched, make_fetcher
from tests.origin import Origin, Seen

GAP = 0.2
Answer = Fetched | NotModified | FetchFailed


@pytest.fixture
def turns() -> HostTurns:
    return HostTurns(int(GAP * 1000))


@pytest.fixture
def other() -> Iterator[Origin]:
    with Origin("127.0.0.2") as other:
        yield other


class Log:
    """Answers with a document and remembers when each request came and was answered."""

    def __init__(self, takes: float = 0.0) -> None:
        self.came: list[float] = []
        self.answered: list[float] = []
        self._takes = takes

    def __call__(self, _seen: Seen, handler: BaseHTTPRequestHandler) -> None:
        self.came.append(time.monotonic())
        time.sleep(self._takes)
        self.answered.append(time.monotonic())
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<rss/>")

    @property
    def gaps(self) -> list[float]:
        return [came - before for before, came in zip(self.answered, self.came[1:], strict=False)]


def redirect(to: str) -> dict[str, object]:
    return {"body": b"", "status": 302, "headers": {"Location": to}}


def in_threads(*works: Callable[[], Answer]) -> list[Answer]:
    answers: list[Answer] = []
    threads = [threading.Thread(target=lambda work=work: answers.append(work())) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads)
    return answers


# --- turns ----------------------------------------------------------------------------------------------


def test_a_host_that_is_asked_is_nobody_elses_until_it_has_rested(turns: HostTurns) -> None:
    turn = turns.take_if_free("a.example")
    assert turn is not None
    assert turns.take_if_free("a.example") is None
    assert turns.next_free() is None, "it is not known when"
    with turns.held(turn):
        assert turns.may_ask("a.example")
        assert not turns.may_ask("b.example")
    assert not turns.may_ask("a.example")
    rest = turns.next_free()
    assert rest is not None
    assert 0 < rest <= GAP
    assert turns.take_if_free("a.example") is None
    assert turns.busy() == frozenset({"a.example"})
    time.sleep(rest + 0.01)
    assert turns.busy() == frozenset()
    assert turns.next_free() is None
    assert turns.take_if_free("a.example")


def test_one_host_does_not_hold_up_another(turns: HostTurns) -> None:
    assert turns.take_if_free("a.example")
    assert turns.take_if_free("b.example")
    assert turns.busy() == frozenset({"a.example", "b.example"})


def test_without_a_gap_nobody_waits_for_anybody() -> None:
    turns = HostTurns(0)
    assert turns.busy() is None
    assert turns.take_if_free("a.example")
    assert turns.take_if_free("a.example")
    assert turns.may_ask("a.example")


def test_who_waits_comes_before_who_only_looks_whether_it_is_free(turns: HostTurns) -> None:
    turn = turns.take_if_free("a.example")
    assert turn
    order: list[str] = []

    def wait(name: str) -> None:
        turns.go_to("a.example", unless=lambda: False)
        order.append(name)
        turns.leave()

    threads = []
    for name in ("first", "second"):
        threads.append(threading.Thread(target=wait, args=(name,)))
        threads[-1].start()
        time.sleep(0.03)
    with turns.held(turn):
        pass
    while len(order) < 2:
        assert turns.take_if_free("a.example") is None
    for thread in threads:
        thread.join(5)
    assert order == ["first", "second"]
    time.sleep(GAP + 0.01)
    assert turns.take_if_free("a.example"), "nobody waits any more"


def test_a_gap_that_is_taken_away_lets_those_who_wait_go(turns: HostTurns) -> None:
    turns.set_gap(60_000)
    assert turns.take_if_free("a.example")
    waiting = threading.Thread(target=turns.go_to, args=("a.example",), kwargs={"unless": lambda: False})
    waiting.start()
    time.sleep(0.03)
    turns.set_gap(0)
    waiting.join(5)
    assert not waiting.is_alive()


def test_two_threads_that_go_to_each_others_hosts_do_not_wait_for_each_other(turns: HostTurns) -> None:
    arrived = threading.Barrier(2)

    def visit(host: str, then: str) -> Answer:
        turns.go_to(host, unless=lambda: False)
        arrived.wait(5)
        turns.go_to(then, unless=lambda: False)
        turns.leave()
        return FetchFailed(outcome=Outcome.OK, message="")

    assert len(in_threads(lambda: visit("a", "b"), lambda: visit("b", "a"))) == 2


# --- fetches --------------------------------------------------------------------------------------------


def test_requests_to_one_host_go_one_after_the_other_with_a_gap(turns: HostTurns, origin: Origin) -> None:
    log = Log(takes=0.02)
    urls = [origin.answer(f"/{number}", log) for number in range(4)]
    fetcher = make_fetcher(turns=turns)
    answers = in_threads(*(lambda url=url: fetcher.fetch(asking(url)) for url in urls))
    assert len([fetched(answer) for answer in answers]) == 4
    assert min(log.gaps) >= GAP
    assert max(log.gaps) < GAP + 1


def test_a_redirect_within_a_host_is_the_same_visit(turns: HostTurns, origin: Origin) -> None:
    origin.serve("/new", b"<rss/>")
    origin.serve("/old", **redirect("/new"))  # type: ignore[arg-type]  # a dict of different things
    turns.set_gap(5000)
    began = time.monotonic()
    fetched(make_fetcher(turns=turns).fetch(asking(origin.url + "/old")))
    assert time.monotonic() - began < 3


def test_a_redirect_to_another_host_waits_there_and_leaves_the_first_to_others(
    turns: HostTurns, origin: Origin, other: Origin
) -> None:
    log = Log()
    url = origin.serve("/old", **redirect(other.answer("/new", log)))  # type: ignore[arg-type]
    turn = turns.take_if_free(host_of(other.url))
    assert turn
    answers: list[Answer] = []
    fetcher = make_fetcher(turns=turns)
    thread = threading.Thread(target=lambda: answers.append(fetcher.fetch(asking(url, timeout=250))))
    thread.start()
    time.sleep(3 * GAP)
    assert (len(origin.requests), len(log.came)) == (1, 0)
    free = turns.take_if_free(host_of(origin.url))
    assert free, "the host before is asked by others meanwhile"
    left = time.monotonic()
    with turns.held(turn):
        pass
    thread.join(5)
    assert log.came[0] - left >= GAP * 0.99
    assert fetched(answers[0]).body == b"<rss/>", "the wait is not held against the source"
    assert not fetcher._watchdog._running, "no exchange is left behind"


def test_the_time_that_a_source_takes_counts_over_all_its_hosts(
    turns: HostTurns, origin: Origin, other: Origin
) -> None:
    def slow(_seen: Seen, handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.3)
        handler.wfile.write(f"HTTP/1.1 302 Found\r\nLocation: {url}\r\n\r\n".encode())

    url = other.answer("/new", Log(takes=0.4))
    answer = make_fetcher(turns=turns).fetch(asking(origin.answer("/old", slow), timeout=500))
    assert failed(answer).outcome is Outcome.TIMEOUT


def test_after_a_fetch_the_turn_is_given_back_whatever_came_of_it(turns: HostTurns, origin: Origin) -> None:
    def hang(_seen: Seen, handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.flush()
        time.sleep(0.5)

    fetcher = make_fetcher(turns=turns)
    host = host_of(origin.url)
    for path, handler in (("/hang", hang), ("/good", Log())):
        turn = turns.take_if_free(host)
        assert turn
        with turns.held(turn):
            fetcher.fetch(asking(origin.answer(path, handler), timeout=100))
            assert not turns.may_ask(host), "what follows, such as a page of the feed, is another visit"
        time.sleep(GAP + 0.01)
        assert turns.busy() == frozenset()


def test_a_stop_ends_a_fetch_that_waits_for_its_turn(turns: HostTurns, origin: Origin) -> None:
    turns.set_gap(60_000)
    assert turns.take_if_free(host_of(origin.url))
    fetcher: HttpFetcher = make_fetcher(turns=turns)
    threading.Timer(0.1, fetcher.abort).start()
    began = time.monotonic()
    (answer,) = in_threads(lambda: fetcher.fetch(asking(origin.url + "/feed")))
    assert "stopping" in failed(answer).message
    assert time.monotonic() - began < 2
    assert origin.requests == []
