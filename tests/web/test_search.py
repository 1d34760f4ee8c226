"""Searches as feeds, over real sockets and a real store."""

from __future__ import annotations

import json
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import pytest

from aggregator.exceptions import CostError
from aggregator.model import Budget, Entry, EntryQuery, FeedSpec
from aggregator.protocols import Store
from aggregator.web import feeds
from aggregator.web.feeds import SEARCHES_AT_ONCE, SEARCHES_WAITING
from tests.web.site import NOW, Reply, Site, config, item, open_site, poll, source

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site whose entries no test changes."""
    folder = tmp_path_factory.mktemp("library")
    with open_site(folder, config(sources=[source("News", "news")])) as site:
        poll(
            site.store,
            "News",
            item(1, "japan", title="Chips from Kumamoto"),
            item(2, "japan", "sport", title="半导体芯片短缺"),
            item(3, "C++", title="Templates & more"),
        )
        yield site
    site.store.close()


def search(site: Site, expression: str, suffix: str = "json", more: str = "") -> Reply:
    return site.get(f"/search.{suffix}?q={quote(expression, safe='')}{more}")


def titles(reply: Reply) -> list[str]:
    assert reply.status == 200, reply.text
    return [found["title"] for found in json.loads(reply.body)["items"]]


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("title:chips", ["Chips from Kumamoto"]),
        ("title:芯片 or title:/[Cc]hips/", ["Chips from Kumamoto", "半导体芯片短缺"]),
        ("tag:japan and not tag:sport", ["Chips from Kumamoto"]),
        ("tag:C++", ["Templates & more"]),
        ("unheard", []),
        ("age < 2h30m", ["Chips from Kumamoto"]),  # the clock of the site is an hour ahead
    ],
)
def test_a_search_is_a_feed_of_what_its_expression_matches(
    library: Site, expression: str, found: list[str]
) -> None:
    assert titles(search(library, expression)) == found


def test_every_format_names_the_search_and_its_one_address(library: Site) -> None:
    written = "?q=tag%3Ajapan%20and%20not%20tag%3Asport"
    spelled = "  tag:japan  AND -tag:sport "
    feed = json.loads(search(library, spelled).body)
    assert feed["title"] == "Search: tag:japan and not tag:sport"
    assert feed["feed_url"] == f"https://feeds.example/search.json{written}"
    atom = ET.fromstring(search(library, spelled, "atom").body)
    assert atom.findtext(f"{ATOM}id") == f"https://feeds.example/search{written}"
    rss = ET.fromstring(search(library, spelled, "rss").body)
    assert rss.findtext("channel/title") == "Search: tag:japan and not tag:sport"


def test_the_address_that_a_search_gives_for_itself_leads_to_the_same_bytes(library: Site) -> None:
    reply = search(
        library, 'title:"chips from" or (芯片 -"x\\"y") or /a&b+c#/i', more="&limit=2&utm_source=x"
    )
    address = json.loads(reply.body)["feed_url"].removeprefix("https://feeds.example")
    again = library.get(address)
    assert (again.body, again.headers["etag"]) == (reply.body, reply.headers["etag"])
    assert library.get(address, If_None_Match=reply.headers["etag"]).status == 304


@pytest.mark.parametrize("path", ["/search.atom", "/search.atom?q=", "/search.rss?limit=3"])
def test_a_search_for_nothing_is_a_400_that_tells_how(library: Site, path: str) -> None:
    reply = library.get(path)
    assert (reply.status, reply.headers["content-type"]) == (400, "text/plain; charset=utf-8")
    assert "?q=title%3Ajapan" in reply.text


def test_a_bad_expression_is_a_400_that_points_at_the_place(library: Site) -> None:
    reply = search(library, "title:(a or")
    assert reply.status == 400
    assert reply.text.splitlines()[1:] == ["    title:(a or", "               ^"]
    assert "column 12" in reply.text
    assert "expected" in reply.text


def test_head_of_a_refused_search_has_the_headers_of_get_and_no_body(library: Site) -> None:
    get, head = library.get("/search.rss"), library.get("/search.rss", method="HEAD")
    assert (head.status, head.body) == (400, b"")
    assert head.headers["content-length"] == get.headers["content-length"]


@pytest.mark.parametrize("path", ["/search", "/search.xml", "/search.html?q=x", "/status", "/search.x.rss"])
def test_what_is_near_a_search_is_a_404_for_people(library: Site, path: str) -> None:
    reply = library.get(path)
    assert (reply.status, reply.headers["content-type"]) == (404, "text/plain; charset=utf-8")


def test_other_methods_are_refused(library: Site) -> None:
    assert library.get("/search.rss?q=x", method="POST", Content_Length="0").status == 405


# --- what a search costs ----------------------------------------------------------------------------


class Seam:
    """Hands calls on to a store; notes what is asked of it, can hold searches back or refuse them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.asked: list[tuple[EntryQuery, Budget | None]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.refusing = False
        self.requests = 0

    def revision(self) -> int:
        self.requests += 1
        return self._store.revision()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def entries(self, query: EntryQuery, budget: Budget | None = None) -> list[Entry]:
        self.asked.append((query, budget))
        if budget is not None:
            assert self.gate.wait(10)
        if self.refusing:
            raise CostError("this search costs too much: 5 entries were looked at")
        return self._store.entries(query, budget)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[tuple[Site, Seam]]:
    feeds = [FeedSpec(slug="all-news", title="News", any=("news",))]
    plain = open_site(tmp_path, config(sources=[source("News", "news")], feeds=feeds))
    poll(plain.store, "News", item(1, "japan", title="Chips"))
    seam = Seam(plain.store)
    with Site(cast("Store", seam), plain.config) as site:
        yield site, seam
    plain.store.close()


def test_a_search_asked_again_in_any_spelling_is_answered_from_memory(watched: tuple[Site, Seam]) -> None:
    site, seam = watched
    for query in ("q=title:chips", "q=title%3Achips&utm_source=x", "fbclid=1&q=%20title%3Achips%20"):
        assert site.get(f"/search.rss?{query}").status == 200
    assert len(seam.asked) == 1


def test_only_what_people_ask_for_by_parameters_has_a_budget(watched: tuple[Site, Seam]) -> None:
    site, seam = watched
    site.get("/search.rss?q=title:chips")
    site.get("/all.rss?hours=3")
    site.get("/feeds/all-news.rss")
    assert [budget is not None for _, budget in seam.asked] == [True, True, False]


def test_a_search_that_costs_too_much_is_a_503_and_not_tried_again_soon(watched: tuple[Site, Seam]) -> None:
    site, seam = watched
    seam.refusing = True
    reply = site.get("/search.rss?q=/x/")
    assert (reply.status, reply.headers["retry-after"]) == (503, "300")
    assert "too much" in reply.text
    poll(site.store, "News", item(2), now=NOW + 1000)
    assert site.get("/search.atom?q=/x/", method="HEAD").status == 503
    assert site.get("/search.rss?q=/x/").status == 503
    assert len(seam.asked) == 2  # once for each format
    site.now += 300_000
    seam.refusing = False
    assert site.get("/search.rss?q=/x/").status == 200


@pytest.mark.parametrize(
    "address", ["/search.rss?q=word{}", "/all.rss?hours=9&none=tag{}", "/all.rss?before=9-{}"]
)
def test_searches_wait_for_each_other_and_not_feeds_and_pages_for_them(
    watched: tuple[Site, Seam], address: str
) -> None:
    site, seam = watched
    seam.gate.clear()
    replies: list[int] = []
    askers = [
        threading.Thread(target=lambda n=n: replies.append(site.get(address.format(n)).status))
        for n in range(SEARCHES_WAITING)
    ]
    for asker in askers:
        asker.start()
    deadline = time.monotonic() + 5
    while seam.requests < SEARCHES_WAITING and time.monotonic() < deadline:
        time.sleep(0.01)
    busy = site.get(address.format(99))
    assert busy.status == 503
    assert int(busy.headers["retry-after"]) > 0
    for quick in ("/feeds/all-news.rss", "/tags/japan.rss", "/", "/readyz"):
        assert site.get(quick).status == 200
    assert sum(budget is not None for _, budget in seam.asked) == SEARCHES_AT_ONCE
    seam.gate.set()
    for asker in askers:
        asker.join(10)
    assert replies == [200] * SEARCHES_WAITING
    assert site.get(address.format(99)).status == 200


def test_parts_of_the_history_have_their_turns_among_the_searches(watched: tuple[Site, Seam]) -> None:
    site, seam = watched
    seam.gate.clear()
    askers = [
        threading.Thread(target=site.get, args=(f"/search.rss?q=word{n}",)) for n in range(SEARCHES_WAITING)
    ]
    for asker in askers:
        asker.start()
    deadline = time.monotonic() + 5
    while seam.requests < SEARCHES_WAITING and time.monotonic() < deadline:
        time.sleep(0.01)
    assert site.get("/all.rss?archive=1").status == 503
    seam.gate.set()
    for asker in askers:
        asker.join(10)
    assert site.get("/all.rss?archive=1").status == 404


def test_nobody_waits_for_long_and_what_was_begun_is_there_for_who_comes_again(
    watched: tuple[Site, Seam], monkeypatch: pytest.MonkeyPatch
) -> None:
    site, seam = watched
    monkeypatch.setattr(feeds, "PATIENCE_S", 0.4)
    monkeypatch.setattr(feeds, "TURN_S", 0.1)
    with Site(cast("Store", seam), site.config) as hurried:
        seam.gate.clear()
        replies: dict[int, tuple[Reply, float]] = {}

        def ask(number: int) -> None:
            began = time.monotonic()
            reply = hurried.get(f"/search.rss?q=word{number}")
            replies[number] = reply, time.monotonic() - began

        askers = [threading.Thread(target=ask, args=(n,)) for n in range(SEARCHES_AT_ONCE + 1)]
        for asker in askers:
            asker.start()
            time.sleep(0.02)  # so that the last one has no turn
        for asker in askers:
            asker.join(5)
        for reply, took in replies.values():
            assert (reply.status, reply.headers["retry-after"]) == (503, "10")
            assert took < 2
        assert "under way" in replies[SEARCHES_AT_ONCE][0].text
        assert "being made" in replies[0][0].text
        seam.gate.set()
        assert hurried.get("/search.rss?q=word0").status == 200
        begun = len(seam.asked)
        assert hurried.get("/search.rss?q=word0").status == 200
        assert len(seam.asked) == begun == SEARCHES_AT_ONCE
