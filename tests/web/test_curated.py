"""What the keys of a configured feed make of it; and the feed of sources."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from aggregator.model import Content, Digest, FeedSpec, Order, Outcome, TaggedDraft
from aggregator.rules.grammar import parse
from tests.web.site import HOUR, NOW, Reply, Site, config, item, open_site, poll, source

DAY = 24 * HOUR
MIDNIGHT = NOW // DAY * DAY
ATOM = "{http://www.w3.org/2005/Atom}"


def titles(reply: Reply) -> list[str]:
    assert reply.status == 200, reply.text
    return [found["title"] for found in json.loads(reply.body)["items"]]


def news(number: int, *tags: str, title: str | None = None) -> TaggedDraft:
    return item(number, "news", *tags, title=title)


@contextmanager
def site_of(folder: Path, *feeds: FeedSpec, **shared: str) -> Iterator[Site]:
    sources = [source("News", "news"), source("Other")]
    with open_site(folder, config(sources=sources, feeds=feeds, **shared)) as site:
        site.now = NOW
        yield site
    site.store.close()


def test_a_feed_holds_what_its_expression_and_its_tags_say(tmp_path: Path) -> None:
    spec = FeedSpec(slug="f", title="F", any=("news",), match=parse("title:chips and not tag:sport"))
    with site_of(tmp_path, spec) as site:
        poll(site.store, "News", news(0, title="Chips"), news(1, "sport", title="Chips"), news(2))
        poll(site.store, "Other", item(3, title="Chips elsewhere"))
        assert titles(site.get("/feeds/f.json")) == ["Chips"]
        assert titles(site.get("/feeds/f.json?filterout_title=Chips")) == []


def test_icon_order_and_content_are_as_configured_unless_the_reader_says_otherwise(tmp_path: Path) -> None:
    spec = FeedSpec(
        slug="f",
        title="F",
        any=("news",),
        icon="https://feeds.example/icon.png",
        order=Order.PUBLISHED,
        content=Content.NONE,
    )
    with site_of(tmp_path, spec) as site:
        poll(site.store, "News", news(5))
        poll(site.store, "News", news(3), news(5), now=NOW + 1000)
        poll(site.store, "News", news(4), news(3), news(5), now=NOW + 2000)
        reply = site.get("/feeds/f.json")
        assert titles(reply) == ["Item 3", "Item 4", "Item 5"]
        assert titles(site.get("/feeds/f.json?order=surfaced")) == ["Item 4", "Item 3", "Item 5"]
        assert json.loads(reply.body)["icon"] == "https://feeds.example/icon.png"
        assert "Text of" not in reply.text
        assert "Text of" in site.get("/feeds/f.json?content=full").text


def test_entries_leave_a_feed_with_an_age_by_the_clock(tmp_path: Path) -> None:
    specs = [
        FeedSpec(slug="key", title="F", any=("news",), max_age=2 * HOUR),
        FeedSpec(slug="term", title="F", match=parse("tag:news and age <= 2h")),
        FeedSpec(slug="old", title="F", match=parse("tag:news and age > 2h")),
    ]
    with site_of(tmp_path, *specs) as site:
        poll(site.store, "News", *(news(number) for number in range(4)))
        assert titles(site.get("/feeds/key.json")) == ["Item 0", "Item 1", "Item 2"]
        assert titles(site.get("/feeds/term.json")) == ["Item 0", "Item 1", "Item 2"]
        old = site.get("/feeds/old.json")
        assert titles(old) == ["Item 3"]
        site.now += 60_000
        assert titles(site.get("/feeds/key.json")) == ["Item 0", "Item 1"]
        assert titles(site.get("/feeds/term.json")) == ["Item 0", "Item 1"]
        modified = old.headers["last-modified"]
        later = site.get("/feeds/old.json", If_Modified_Since=modified)
        assert titles(later) == ["Item 2", "Item 3"]


def test_of_each_source_only_the_newest_are_held(tmp_path: Path) -> None:
    with site_of(tmp_path, FeedSpec(slug="f", title="F", per_source=2)) as site:
        poll(site.store, "News", *(news(number) for number in range(4)))
        poll(site.store, "Other", item(7))
        assert titles(site.get("/feeds/f.json")) == ["Item 0", "Item 1", "Item 7"]


# --- digests ----------------------------------------------------------------------------------------


def test_a_digest_appears_when_its_day_is_over_and_stays_as_it_is(tmp_path: Path) -> None:
    spec = FeedSpec(slug="f", title="F", any=("news",), digest=Digest.DAILY)
    with site_of(tmp_path, spec) as site:
        poll(site.store, "News", news(0, title="Today"), news(9, title="Yesterday"), news(34, title="Before"))
        first = site.get("/feeds/f.json")
        assert titles(first) == ["F, 2025-11-21", "F, 2025-11-20"]
        assert "Today" not in first.text
        poll(site.store, "News", news(0, title="Today"), news(1, title="Too"), now=NOW + HOUR)
        site.now = MIDNIGHT + DAY - 1
        assert site.get("/feeds/f.json", If_None_Match=first.headers["etag"]).status == 304
        site.now = MIDNIGHT + DAY
        later = site.get("/feeds/f.json", If_None_Match=first.headers["etag"])
        assert titles(later) == ["F, 2025-11-22", "F, 2025-11-21", "F, 2025-11-20"]
        assert json.loads(later.body)["items"][1:] == json.loads(first.body)["items"]
        assert titles(site.get("/feeds/f.json?limit=1")) == ["F, 2025-11-22"]
        assert titles(site.get("/feeds/f.json?hours=30")) == ["F, 2025-11-22", "F, 2025-11-21"]


def test_an_entry_that_joins_a_feed_late_is_in_the_digest_of_the_day_it_did(tmp_path: Path) -> None:
    spec = FeedSpec(slug="f", title="F", any=("sport",), digest=Digest.DAILY)
    with site_of(tmp_path, spec) as site:
        poll(site.store, "News", news(34, title="Story"), now=NOW - 2 * DAY + HOUR)
        poll(site.store, "News", news(34, "sport", title="Story, told again"), now=NOW)
        site.now = MIDNIGHT + DAY
        assert titles(site.get("/feeds/f.json")) == ["F, 2025-11-22"]


def test_ages_and_numbers_in_a_digest_count_from_its_own_end(tmp_path: Path) -> None:
    specs = [
        FeedSpec(slug="key", title="F", digest=Digest.DAILY, max_age=30 * HOUR),
        FeedSpec(slug="term", title="F", digest=Digest.DAILY, match=parse("age < 30h")),
        FeedSpec(slug="each", title="F", digest=Digest.DAILY, per_source=1),
    ]
    with site_of(tmp_path, *specs) as site:
        days = [news(24 * number + hours) for number in range(3) for hours in (9, 10)]
        poll(site.store, "News", *days)
        for slug, entries in (("key", 2), ("term", 2), ("each", 1)):
            items = json.loads(site.get(f"/feeds/{slug}.json").body)["items"]
            assert [found["content_html"].count("<li>") for found in items] == [entries] * 3, slug
            site.now += DAY
            again = json.loads(site.get(f"/feeds/{slug}.json").body)["items"]
            assert again == items
            site.now = NOW


# --- what happens to sources ------------------------------------------------------------------------


@pytest.fixture
def troubled(tmp_path: Path) -> Iterator[Site]:
    with site_of(tmp_path) as site:
        poll(site.store, "News", item(0))
        poll(site.store, "Other", item(1))
        yield site


def fail(site: Site, times: int) -> None:
    for number in range(times):
        poll(
            site.store,
            "News",
            now=NOW + number * HOUR,
            outcome=Outcome.HTTP_ERROR,
            message="The server says 500.",
            http_status=500,
            failures=number + 1,
        )


@pytest.mark.parametrize("suffix", ["rss", "atom", "json"])
def test_sources_that_fail_have_a_feed_of_their_own_in_each_format(troubled: Site, suffix: str) -> None:
    before = troubled.get(f"/status.{suffix}")
    assert before.status == 200
    entries = troubled.get(f"/all.{suffix}").body
    fail(troubled, 4)
    after = troubled.get(f"/status.{suffix}", If_None_Match=before.headers["etag"])
    assert after.status == 200
    assert "News: failing" in after.text
    assert troubled.get(f"/status.{suffix}", If_None_Match=after.headers["etag"]).status == 304
    assert troubled.get(f"/status.{suffix}?limit=x&q=y").body == after.body
    assert troubled.get(f"/all.{suffix}").body == entries


def test_the_feed_of_sources_says_what_it_is(troubled: Site) -> None:
    feed = ET.fromstring(troubled.get("/status.atom").body)
    assert feed.findtext(f"{ATOM}title") == "My reading: sources"
    assert feed.findtext(f"{ATOM}id") == "https://feeds.example/status"
