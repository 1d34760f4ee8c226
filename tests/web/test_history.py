"""The history of feeds: RFC 5005, sections 3 and 4, walked as a reader would walk it."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from aggregator.model import Digest, FeedSpec, Order, Retention, StoryPolicy
from tests.web.site import HOUR, NOW, Reply, Site, config, item, open_site, poll, source

ATOM = "{http://www.w3.org/2005/Atom}"
HISTORY = "{http://purl.org/syndication/history/1.0}"
BASE = "https://feeds.example"
COUNT = 230
FEEDS = (
    FeedSpec(slug="news", title="News", all=("news",), limit=10, window=0),
    FeedSpec(slug="digest", title="Digest", all=("news",), digest=Digest.DAILY),
    FeedSpec(slug="young", title="Young", all=("news",), max_age=HOUR),
    FeedSpec(slug="few", title="Few", all=("news",), per_source=3),
)
PATHS = ("/feeds/news", "/tags/news", "/all")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A site with more entries than any current document holds."""
    made = config(sources=[source("News", "news")], feeds=FEEDS)
    made = replace(made, stories=StoryPolicy(feeds=FEEDS))
    with open_site(tmp_path, made) as site:
        poll(site.store, "News", *(item(number, "news") for number in range(COUNT)))
        while site.store.curation.fill_feeds(limit=1000):
            pass
        yield site
    site.store.close()


def links(reply: Reply) -> dict[str, str]:
    """The channel's links by relation."""
    root = ET.fromstring(reply.body)
    channel = root if root.tag == f"{ATOM}feed" else root[0]
    return {link.get("rel", "alternate"): link.get("href", "") for link in channel.findall(f"{ATOM}link")}


def ids(reply: Reply) -> list[str]:
    root = ET.fromstring(reply.body)
    found = root.findall(f"{ATOM}entry/{ATOM}id") or root.findall("channel/item/guid")
    return [element.text or "" for element in found]


def walk(site: Site, path: str, relation: str) -> Iterator[tuple[str, Reply]]:
    """Every document from the current one on, in which a relation leads to the next."""
    address: str | None = path
    while address:
        reply = site.get(address)
        assert reply.status == 200, reply.text
        yield address, reply
        address = links(reply).get(relation, "").removeprefix(BASE)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("suffix", ["atom", "rss"])
def test_a_walk_through_the_archive_finds_every_entry_and_each_once(
    site: Site, path: str, suffix: str
) -> None:
    (_, current), *archives = walk(site, f"{path}.{suffix}", "prev-archive")
    archived = [each for _, reply in archives for each in ids(reply)]
    assert len(archived) == len(set(archived))
    assert {*ids(current), *archived} == {f"https://news.example/{number}" for number in range(COUNT)}


@pytest.mark.parametrize("path", PATHS)
def test_json_feed_leads_through_the_history_by_next_url(site: Site, path: str) -> None:
    address, found, documents = f"{path}.json", [], 0
    while address:
        feed = json.loads(site.get(address).body)
        found += [each["id"] for each in feed["items"]]
        address = feed.get("next_url", "").removeprefix(BASE)
        documents += 1
    assert documents == {"/feeds/news": 4, "/tags/news": 3, "/all": 3}[path]
    assert found == [f"https://news.example/{number}" for number in range(COUNT)]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("suffix", ["atom", "rss"])
def test_the_pages_after_the_current_document_go_on_where_it_ends(site: Site, path: str, suffix: str) -> None:
    current = f"{path}.{suffix}"
    pages = list(walk(site, current, "next"))
    found = [each for _, reply in pages for each in ids(reply)]
    assert found == [f"https://news.example/{number}" for number in range(COUNT)]
    for address, reply in pages[1:]:
        told = links(reply)
        assert told["self"] == BASE + address
        assert told["first"] == BASE + current
        assert not told.keys() & {"prev-archive", "next-archive", "current"}
        assert b"syndication/history" not in reply.body
        assert "max-age=60" in reply.headers["cache-control"]
        assert site.get(address, If_None_Match=reply.headers["etag"]).status == 304


def test_pages_of_a_feed_in_another_order_hold_the_same_entries(site: Site) -> None:
    feeds = (replace(FEEDS[0], order=Order.PUBLISHED), *FEEDS[1:])
    site.config = replace(site.config, feeds=feeds)
    found = [each for _, reply in walk(site, "/feeds/news.atom", "next") for each in ids(reply)]
    assert sorted(found) == sorted(f"https://news.example/{number}" for number in range(COUNT))


def test_an_entry_that_left_and_came_back_is_in_one_archive_document_only(site: Site) -> None:
    for _ in walk(site, "/tags/news.atom", "prev-archive"):
        pass
    poll(site.store, "News", *(item(number, title="Other") for number in range(150)), now=NOW + HOUR)
    assert "Other" not in site.get("/tags/news.atom").text
    poll(
        site.store, "News", *(item(number, "news", title="Back") for number in range(150)), now=NOW + 2 * HOUR
    )
    poll(site.store, "News", *(item(1000 + number, "news") for number in range(80)), now=NOW + 3 * HOUR)
    (_, current), *archives = walk(site, "/tags/news.atom", "prev-archive")
    archived = [each for _, reply in archives for each in ids(reply)]
    assert len(archived) == len(set(archived))
    assert len({*ids(current), *archived}) == COUNT + 80


def test_what_had_left_before_a_page_was_asked_for_is_in_none_of_its_formats(site: Site) -> None:
    site.get("/tags/news.atom")
    poll(site.store, "News", *(item(number, title="Other") for number in range(200)), now=NOW + HOUR)
    first = ids(site.get("/tags/news.atom?archive=3"))
    poll(
        site.store, "News", *(item(number, "news", title="Back") for number in range(200)), now=NOW + 2 * HOUR
    )
    assert ids(site.get("/tags/news.rss?archive=3")) == first
    (_, current), *archives = walk(site, "/tags/news.rss", "prev-archive")
    archived = [each for _, reply in archives for each in ids(reply)]
    assert len(archived) == len(set(archived))
    assert len({*ids(current), *archived}) == COUNT


@pytest.mark.parametrize("suffix", ["atom", "rss", "json"])
def test_an_archive_document_never_changes_and_says_so(site: Site, suffix: str) -> None:
    site.get(f"/feeds/news.{suffix}")
    before = {
        path: site.get(path) for path in (f"/feeds/news.{suffix}?archive={number}" for number in (1, 2, 3))
    }
    edited = [item(number, "news", title=f"Edited {number}") for number in range(COUNT)]
    poll(site.store, "News", *edited, now=NOW + HOUR)
    poll(site.store, "News", *(item(1000 + number, "news") for number in range(COUNT)), now=NOW + 2 * HOUR)
    site.config = replace(site.config, service=replace(site.config.service, title="Another"))
    site.now += 3 * HOUR
    for path, reply in before.items():
        again = site.get(path)
        assert (again.status, again.body) == (200, reply.body)
        assert again.headers["etag"] == reply.headers["etag"]
        assert again.headers["last-modified"] == reply.headers["last-modified"]
        assert again.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert site.get(path, If_None_Match=reply.headers["etag"]).status == 304


@pytest.mark.parametrize("suffix", ["atom", "rss", "json"])
def test_what_was_deleted_leaves_the_archive_documents_at_once(site: Site, suffix: str) -> None:
    site.get(f"/feeds/news.{suffix}")
    pages = [f"/feeds/news.{suffix}?archive={number}" for number in (1, 2, 3)]
    before = [site.get(path) for path in pages]
    assert f"Text of {COUNT - 1}<" in before[0].text.replace("\\u003c", "<").replace("&lt;", "<")
    for _ in site.store.pruning.purge(Retention(max_age=115 * HOUR), [], now=NOW, limit=100):
        pass
    after = [site.get(path) for path in pages]
    assert [reply.status for reply in after] == [200] * 3
    assert f"Text of {COUNT - 1}" not in "".join(reply.text for reply in after)
    assert [len(one.body) < len(other.body) for one, other in zip(after, before, strict=True)] == [
        True, True, False,
    ]  # fmt: skip
    assert [reply.status for _, reply in walk(site, "/feeds/news.atom", "prev-archive")] == [200] * 4


def test_an_archive_document_belongs_to_the_feed_and_leads_back_to_its_current_document(site: Site) -> None:
    current = site.get("/feeds/news.atom")
    archive = site.get(links(current)["prev-archive"].removeprefix(BASE))
    told = links(archive)
    assert told["current"] == f"{BASE}/feeds/news.atom"
    assert told["self"] == f"{BASE}/feeds/news.atom?archive=3"
    assert not told.keys() & {"next", "first"}
    assert told["prev-archive"] == f"{BASE}/feeds/news.atom?archive=2"
    assert "next-archive" not in told
    root = ET.fromstring(archive.body)
    assert root.find(f"{HISTORY}archive") is not None
    assert ET.fromstring(current.body).find(f"{HISTORY}archive") is None
    assert root.findtext(f"{ATOM}id") == ET.fromstring(current.body).findtext(f"{ATOM}id")
    oldest = site.get("/feeds/news.atom?archive=1")
    assert links(oldest)["next-archive"] == f"{BASE}/feeds/news.atom?archive=2"
    assert "prev-archive" not in links(oldest)


def test_entries_that_came_after_a_walk_are_found_by_the_next_one(site: Site) -> None:
    for _ in walk(site, "/feeds/news.atom", "prev-archive"):
        pass
    poll(site.store, "News", *(item(1000 + number, "news") for number in range(30)), now=NOW + HOUR)
    documents = list(walk(site, "/feeds/news.atom", "prev-archive"))
    found = {each for _, reply in documents for each in ids(reply)}
    assert len(found) == COUNT + 30
    assert documents[1][0] == "/feeds/news.atom?archive=4"


@pytest.mark.parametrize("path", ["/feeds/digest", "/feeds/young", "/feeds/few", "/tags/news"])
def test_what_entries_leave_as_time_goes_by_or_by_options_has_no_history(site: Site, path: str) -> None:
    query = "?limit=5" if path == "/tags/news" else ""
    reply = site.get(f"{path}.atom{query}")
    assert not links(reply).keys() & {"prev-archive", "next"}
    if not query:
        assert site.get(f"{path}.atom?archive=1").status == 404
        assert site.get(f"{path}.atom?before=1-1").status == 404


@pytest.mark.parametrize(
    ("query", "status"),
    [
        *[("archive=99", 404), ("archive=0", 400), ("archive=x", 400), ("archive=1&limit=5", 400)],
        *[("before=1-1", 200), ("before=1", 400), ("before=-1-1", 400), ("before=1-1&before=1-1", 400)],
        *[("before=1-1&limit=5", 400), ("before=1-1&archive=1", 400), (f"before={'9' * 19}-1", 400)],
    ],
)
def test_a_part_of_the_history_that_is_none_is_told(site: Site, query: str, status: int) -> None:
    site.get("/feeds/news.atom")
    assert site.get(f"/feeds/news.atom?{query}").status == status


def test_a_feed_that_holds_all_it_ever_had_has_no_history(own_site: Site) -> None:
    poll(own_site.store, "News", item(1, "news"))
    assert not links(own_site.get("/all.atom")).keys() & {"prev-archive", "next"}


def test_a_search_has_no_pages(own_site: Site) -> None:
    assert own_site.get("/search.atom?before=1-1").status == 404


def test_each_page_of_a_feed_names_the_first_one(site: Site) -> None:
    documents = list(walk(site, "/feeds/news.atom", "next"))
    assert len(documents) > 2
    assert {links(reply)["first"] for _, reply in documents} == {f"{BASE}/feeds/news.atom"}
