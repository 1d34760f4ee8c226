"""A story of several sources names each of them, and the page on which it tells the story."""

from __future__ import annotations

import io
import json

import feedparser
import pytest

from aggregator.model import SourceRef
from aggregator.publish.feeds import render
from aggregator.publish.item import items_of
from tests.publish.entries import CHANNEL, SOURCE, an_entry

PAGE = "https://two.example/story"
SECOND = SourceRef(name="Zweite Quelle", url="https://two.example/feed", entry_url=PAGE)


@pytest.mark.parametrize("form", ["rss", "atom"])
def test_a_further_sources_page_is_related_and_its_feed_is_where_it_came_from(form: str) -> None:
    entry = an_entry(sources=(SOURCE, SECOND))
    item = feedparser.parse(io.BytesIO(render(form, CHANNEL, items_of([entry])).body)).entries[0]
    links = [(link.rel, link.href, link.title) for link in item.links if link.rel in {"via", "related"}]
    assert links == [("via", SECOND.url, SECOND.name), ("related", PAGE, SECOND.name)]
    assert item.link == entry.url, "the first source's page stays the item's link"


def test_json_feed_has_a_further_sources_page_beside_its_feed() -> None:
    (record,) = json.loads(render("json", CHANNEL, items_of([an_entry(sources=(SOURCE, SECOND))])).body)[
        "items"
    ]
    assert record["_aggregator"]["sources"] == [
        {"name": SOURCE.name, "feed_url": SOURCE.url, "home_page_url": SOURCE.site_url},
        {"name": SECOND.name, "url": PAGE, "feed_url": SECOND.url},
    ]


@pytest.mark.parametrize("form", ["rss", "atom", "json"])
def test_what_is_no_web_address_is_not_published_as_a_further_sources_page(form: str) -> None:
    entry = an_entry(sources=(SOURCE, SourceRef(name="B", url=SECOND.url, entry_url="javascript:evil()")))
    body = render(form, CHANNEL, items_of([entry])).body
    assert b"two.example/feed" in body
    assert b"evil" not in body
    assert b"related" not in body
