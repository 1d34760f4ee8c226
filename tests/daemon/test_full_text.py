"""Articles from entries' pages: a real origin, fetcher, parse process and store, as the service has them."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from aggregator.clock import now_ms
from aggregator.config import Config, parse
from aggregator.daemon.polling import PollService, lease_of
from aggregator.ingest.fulltext import PAGES_PER_POLL, TIME_PER_POLL
from aggregator.model import Entry, EntryQuery, Outcome, PollReport, PollTally
from aggregator.protocols import Store
from aggregator.store import open_store
from aggregator.store.articles import MOST_TRIES, MOST_WANTED
from tests.daemon.process import Daemon, source, wait_until
from tests.origin import Answer, Origin, Seen

TEXT = "The new fab opens today, after years of work, and nearly everybody in the town has come to see it. "


def page(name: str) -> str:
    return f"<html><body><nav>Menu</nav><article><p>Page {name}. {TEXT * 5}</p></article></body></html>"


def feed(*links: str, teaser: str = "Just the beginning") -> str:
    items = "".join(
        f"<item><title>{number}</title><link>{link}</link><description>{teaser}</description>"
        f"<pubDate>Wed, 03 Apr 2024 01:{number // 60:02}:{number % 60:02} GMT</pubDate></item>"
        for number, link in enumerate(links)
    )
    return f'<rss version="2.0"><channel><title>News</title>{items}</channel></rss>'


class House:
    """The service in this process, on a store of its own. `poll` polls a source as if it were due."""

    def __init__(self, folder: Path) -> None:
        self.store: Store = open_store(str(folder / "x.db"))
        self.reports: list[PollReport] = []
        self.service: PollService | None = None

    def configure(
        self, *sources: str, polling: str = 'host_gap = "0s"', allow: str = "127.0.0.0/8"
    ) -> Config:
        text = f'[polling]\nallow_private = ["{allow}"]\n{polling}\n{"".join(sources)}'
        config = parse(text, Path("aggregator.toml"), {})
        self.store.sync_sources(config.sources, now=0)
        if self.service is None:
            self.service = PollService(self.store, config, observe=self._observe)
        else:
            self.service.reconfigure(config)
        return config

    def poll(self, name: str = "A") -> Outcome:
        assert self.service is not None
        (job,) = self.store.claim([name], now=now_ms(), lease=60_000)
        self.service._poll(job)
        return self.reports[-1].outcome

    def entries(self) -> dict[str, Entry]:
        return {entry.title: entry for entry in self.store.entries(EntryQuery(limit=1000))}

    def articles(self) -> list[str]:
        return sorted(title for title, entry in self.entries().items() if entry.article)

    def waiting(self) -> int:
        return len(self.store.wanted_pages(1, now=now_ms(), limit=1000))

    def _observe(self, report: PollReport, _tally: PollTally) -> None:
        self.reports.append(report)

    def close(self) -> None:
        if self.service is not None:
            self.service.stop(2)
        self.store.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with closing(House(tmp_path)) as house:
        yield house


def full(url: str, **keys: str) -> str:
    return source("A", url, full_text="true", **keys)


def hanging(release: threading.Event) -> Answer:
    def hang(_seen: Seen, _handler: BaseHTTPRequestHandler) -> None:
        release.wait(20)

    return hang


def pages_asked(origin: Origin) -> list[str]:
    return [request.path for request in origin.requests if request.path != "/feed"]


def test_a_new_entrys_article_is_kept_beside_what_the_feed_says(house: House, origin: Origin) -> None:
    link = origin.serve("/one", page("one"), content_type="text/html")
    house.configure(full(origin.serve("/feed", feed(link))))
    before = house.store.revision()
    assert house.poll() is Outcome.OK
    entry = house.entries()["0"]
    assert entry.article is not None
    assert "Page one." in entry.article
    assert "Menu" not in entry.article
    assert entry.content_html == "Just the beginning"
    assert entry.changed > entry.first_seen
    assert house.store.revision() >= before + 2, "readers hear of it"
    assert house.poll() is Outcome.UNCHANGED
    assert pages_asked(origin) == ["/one"]


def test_a_source_that_does_not_ask_for_it_has_no_pages_fetched(house: House, origin: Origin) -> None:
    link = origin.serve("/one", page("one"), content_type="text/html")
    url = origin.serve("/feed", feed(link))
    house.configure(source("A", url))
    house.poll()
    house.configure(full(url))
    newer = origin.serve("/two", page("two"), content_type="text/html")
    origin.serve("/feed", feed(link, newer))
    house.poll()
    assert house.articles() == ["1"], "what was there before stays as it was"
    assert pages_asked(origin) == ["/two"]


def test_a_selector_says_what_the_article_is(house: House, origin: Origin) -> None:
    link = origin.serve("/one", "<p>No</p><main><p>Yes</p></main>", content_type="text/html")
    house.configure(full(origin.serve("/feed", feed(link)), selector='"main"'))
    house.poll()
    assert house.entries()["0"].article == "<main><p>Yes</p></main>"


def test_a_page_that_fails_is_tried_at_later_polls_even_of_an_unchanged_feed(
    house: House, origin: Origin, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    link = origin.url + "/later"
    house.configure(full(origin.serve("/feed", feed(link), etag='"1"')))
    house.poll()
    (entry,) = house.entries().values()
    assert entry.article is None
    assert entry.content_html == "Just the beginning"
    assert "404" in (entry.article_problem or "")
    assert f"full text of A: {link}: " in caplog.text
    origin.serve("/later", page("later"), content_type="text/html")
    assert house.poll() is Outcome.NOT_MODIFIED
    assert house.articles() == ["0"]
    (entry,) = house.entries().values()
    assert entry.article_problem is None


def test_a_page_is_given_up_after_a_few_tries_and_the_feeds_text_stays(
    house: House, origin: Origin, caplog: pytest.LogCaptureFixture
) -> None:
    origin.serve("/none", "<html><body></body></html>", content_type="text/html")
    house.configure(full(origin.serve("/feed", feed(origin.url + "/none"))))
    for _ in range(MOST_TRIES + 2):
        house.poll()
    assert pages_asked(origin) == ["/none"] * MOST_TRIES
    (entry,) = house.entries().values()
    assert (entry.article, entry.content_html) == (None, "Just the beginning")
    assert entry.article_problem == "No article was found in the page."
    assert "The feed's own text stays." in caplog.text


@pytest.mark.parametrize(
    ("body", "content_type", "why"),
    [
        (b"%PDF-1.7", "application/pdf", "no web page"),
        (b"<p>" + b"x" * 200_000, "text/html", "too large"),
    ],
)
def test_a_page_that_will_not_be_another_the_next_time_is_asked_once(
    house: House, origin: Origin, body: bytes, content_type: str, why: str
) -> None:
    link = origin.serve("/one", body, content_type=content_type)
    house.configure(full(origin.serve("/feed", feed(link)), max_size='"100 KiB"'))
    house.poll()
    house.poll()
    assert pages_asked(origin) == ["/one"]
    (entry,) = house.entries().values()
    assert why in (entry.article_problem or "")


def test_no_page_is_fetched_from_an_address_that_is_not_allowed(house: House, origin: Origin) -> None:
    with Origin("127.0.0.2") as private:
        links = [
            private.serve("/secret", page("secret"), content_type="text/html"),
            origin.serve("/to", "", status=302, headers={"Location": private.url + "/secret"}),
        ]
        house.configure(full(origin.serve("/feed", feed(*links))), allow="127.0.0.1/32")
        house.poll()
        assert private.requests == []
    assert house.articles() == []
    problems = [entry.article_problem or "" for entry in house.entries().values()]
    assert len([problem for problem in problems if "127.0.0.2" in problem]) == 2, problems


def test_hostile_pages_cost_neither_their_neighbours_articles_nor_the_service(
    house: House, origin: Origin
) -> None:
    bomb = gzip.compress(b"<p>" + b"\0" * 30_000_000)
    slow = f"<p {' '.join(f'a{number}=1' for number in range(60_000))}>"  # takes libxml2 quadratic time
    links = [
        origin.serve("/bomb", bomb, content_type="text/html", headers={"Content-Encoding": "gzip"}),
        origin.serve("/slow", slow, content_type="text/html"),
        origin.serve("/deep", "<div>" * 100_000, content_type="text/html"),
        origin.serve("/good", page("good"), content_type="text/html"),
    ]
    house.configure(
        full(origin.serve("/feed", feed(*links))), polling='host_gap = "0s"\nparse_timeout = "1s"'
    )
    assert house.poll() is Outcome.OK
    assert house.articles() == ["3"]
    problems = {title: entry.article_problem or "" for title, entry in house.entries().items()}
    assert "too large" in problems["0"]
    assert "took longer than 1 s" in problems["1"]
    assert problems["2"]


def test_pages_are_asked_one_after_another_with_the_hosts_gap_between(house: House, origin: Origin) -> None:
    begun: list[float] = []
    ended: list[float] = []

    def answer(_seen: Seen, handler: BaseHTTPRequestHandler) -> None:
        begun.append(time.monotonic())
        time.sleep(0.05)
        body = page("any").encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\n\r\n"
        handler.wfile.write(head.encode() + body)
        ended.append(time.monotonic())

    links = [origin.answer(f"/{name}", answer) for name in "abc"]
    house.configure(full(origin.serve("/feed", feed(*links))), polling='host_gap = "200ms"')
    house.poll()
    assert house.articles() == ["0", "1", "2"]
    assert all(later - earlier > 0.19 for earlier, later in zip(ended, begun[1:], strict=False))


def test_pages_are_asked_for_as_pages_and_secrets_stay_with_the_sources_host(
    house: House, origin: Origin
) -> None:
    with Origin("127.0.0.2") as other:
        links = [server.serve("/p", page("p"), content_type="text/html") for server in (origin, other)]
        secrets = {"user": '"me"', "password": '"secret"', "headers": '{ X-Key = "k", Accept = "text/xml" }'}
        house.configure(full(origin.serve("/feed", feed(*links)), **secrets))
        house.poll()
        (own,), (foreign,) = origin.seen("/p"), other.seen("/p")
    assert own.headers["authorization"].startswith("Basic ")
    assert own.headers["x-key"] == "k"
    assert not {"authorization", "x-key"} & set(foreign.headers)
    assert own.headers["accept"].startswith("text/html,")
    assert foreign.headers["accept"].startswith("text/html,")


def test_a_host_that_calls_it_too_many_requests_is_asked_for_no_further_page(
    house: House, origin: Origin
) -> None:
    links = [origin.serve(f"/{name}", page(name), content_type="text/html") for name in "ab"]
    links.append(origin.serve("/busy", "", status=429, headers={"Retry-After": "3600"}))
    house.configure(full(origin.serve("/feed", feed(*links))))
    house.poll()
    house.poll()
    assert pages_asked(origin) == ["/busy"]
    (status,) = house.store.source_statuses()
    assert status.next_poll is not None
    assert status.next_poll > now_ms() + 3_500_000, "the feed's own host is the same one"


def test_a_first_poll_takes_the_newest_pages_and_leaves_a_bounded_number_for_the_next(
    house: House, origin: Origin
) -> None:
    links = [
        origin.serve(f"/{number}", page(str(number)), content_type="text/html")
        for number in range(MOST_WANTED + 5)
    ]
    house.configure(full(origin.serve("/feed", feed(*links))))
    house.poll()
    newest = [f"/{number}" for number in reversed(range(MOST_WANTED + 5))]
    assert pages_asked(origin) == newest[:PAGES_PER_POLL]
    assert house.waiting() == MOST_WANTED - PAGES_PER_POLL
    house.poll()
    assert pages_asked(origin) == newest[: 2 * PAGES_PER_POLL]


def test_a_stop_ends_a_visit_at_once_and_counts_it_as_no_try(house: House, origin: Origin) -> None:
    release = threading.Event()
    links = [origin.answer(f"/{name}", hanging(release)) for name in "ab"]
    config = house.configure(full(origin.serve("/feed", feed(*links)), interval='"1s"'))
    assert house.service is not None
    house.service.dispatcher.tick()
    wait_until(lambda: pages_asked(origin), "a page is asked for")
    soon = now_ms() + 10_000
    assert house.store.claim_due(now=soon, limit=1, lease=1, busy=None) == [], "it is still at work"
    began = time.monotonic()
    assert house.service.stop(5)
    took = time.monotonic() - began
    release.set()
    assert took < 3
    assert [report.outcome for report in house.reports] == [Outcome.OK]
    assert len(house.entries()) == 2
    assert pages_asked(origin) == ["/b"]
    assert house.waiting() == 2
    assert [entry.article_problem for entry in house.entries().values()] == [None, None]
    assert len(house.store.claim_due(now=soon, limit=1, lease=1, busy=None)) == 1
    longest_visit = config.sources[0].timeout + config.polling.parse_timeout
    assert lease_of(config) > longest_visit + TIME_PER_POLL + longest_visit + config.polling.host_gap


def test_a_kill_between_a_poll_and_its_pages_loses_none_of_them(tmp_path: Path, origin: Origin) -> None:
    release = threading.Event()
    link = origin.answer("/one", hanging(release))
    config = full(origin.serve("/feed", feed(link)), interval='"1s"')
    with Daemon(tmp_path, config) as daemon:
        wait_until(lambda: origin.seen("/one"), "the page is asked for")
        daemon.process.kill()
    release.set()
    origin.serve("/one", page("one"), content_type="text/html")
    with Daemon(tmp_path, config) as daemon:
        wait_until(
            lambda: any("Page one." in item.get("content_html", "") for item in daemon.items()),
            "the article is published",
        )
        (item,) = daemon.items()
        assert item["summary"] == "Just the beginning"
