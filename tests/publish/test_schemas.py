"""Each format's own rules, asked of documents that hold whatever entries may hold."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from aggregator.model import Channel, Content, Enclosure, Entry, Episode
from aggregator.publish.feeds import render
from aggregator.publish.item import Item, items_of
from tests.publish.entries import CHANNEL, an_entry
from tests.publish.nasty import nasty_channel, nasty_entries

ATOM = "{http://www.w3.org/2005/Atom}"
ITUNES = "{http://www.itunes.com/dtds/podcast-1.0.dtd}"
PODCAST = "{https://podcastindex.org/namespace/1.0}"
DC = "{http://purl.org/dc/elements/1.1/}"
SCHEMA = etree.RelaxNG(etree.parse(Path(__file__).parents[1] / "data" / "atom.rng"))
LOADED = ("http://", "https://")

RSS_CHANNEL = {
    "title": 1, "link": 1, "description": 1, "language": 1, "generator": 1, "docs": 1, "lastBuildDate": 1,
    "image": 1, "item": None, f"{ATOM}link": None, f"{ITUNES}image": 1, f"{ITUNES}explicit": 1,
    "{http://purl.org/syndication/history/1.0}archive": 1,
}  # fmt: skip
RSS_ITEM = {
    "title": 1, "link": 1, "description": 1, "guid": 1, "category": None, "enclosure": 1, "pubDate": 1,
    "source": 1, "{http://purl.org/rss/1.0/modules/content/}encoded": 1, f"{DC}creator": None,
    f"{DC}language": 1, "{http://purl.org/dc/terms/}modified": 1, f"{ATOM}link": None,
    "{http://search.yahoo.com/mrss/}content": None, f"{ITUNES}duration": 1, f"{ITUNES}image": 1,
    f"{ITUNES}episode": 1, f"{ITUNES}season": 1, f"{ITUNES}episodeType": 1, f"{ITUNES}explicit": 1,
    f"{PODCAST}chapters": 1, f"{PODCAST}transcript": None,
}  # fmt: skip
"""Elements of RSS 2.0 and of its modules, and how often each may be there."""

ITEM_MEMBERS = {
    "id": str, "url": str, "title": str, "content_html": str, "content_text": str, "summary": str,
    "image": str, "date_published": str, "date_modified": str, "authors": list, "tags": list,
    "language": str, "attachments": list, "_aggregator": dict,
}  # fmt: skip
FEED_MEMBERS = {
    "version": str, "title": str, "home_page_url": str, "feed_url": str, "description": str,
    "language": str, "next_url": str, "icon": str, "items": list,
}  # fmt: skip
FILE_MEMBERS = {"url": str, "mime_type": str, "size_in_bytes": int, "duration_in_seconds": int}


def check_atom(channel: Channel, items: Sequence[Item]) -> None:
    feed = etree.fromstring(render("atom", channel, items).body)
    SCHEMA.assertValid(feed)
    entries = feed.findall(f"{ATOM}entry")
    assert len(entries) == len(items)
    assert feed.find(f"{ATOM}author") is not None, "or each entry needs one (section 4.1.1)"
    for element in (feed, *entries):
        links = element.findall(f"{ATOM}link")
        alternates = [link for link in links if link.get("rel", "alternate") == "alternate"]
        assert len(alternates) <= 1, "of one type and language (section 4.1.1)"
        if element is not feed:
            assert alternates or element.find(f"{ATOM}content") is not None, "section 4.1.2"


def check_rss(channel: Channel, items: Sequence[Item]) -> None:
    (top,) = etree.fromstring(render("rss", channel, items).body)
    check_children(top, RSS_CHANNEL)
    assert all((top.findtext(name) or "").strip() for name in ("title", "link", "description"))
    image = top.find("image")
    if image is not None:
        assert [child.tag for child in image] == ["url", "title", "link"]
        assert (image.findtext("title"), image.findtext("link")) == (top.findtext("title"), channel.home_url)
    elements = top.findall("item")
    assert len(elements) == len(items)
    for item in elements:
        check_children(item, RSS_ITEM)
        check_rss_item(item)


def check_rss_item(item: etree._Element) -> None:
    assert (item.findtext("title") or "").strip()
    guid, file = item.find("guid"), item.find("enclosure")
    assert guid is not None
    assert guid.get("isPermaLink") == "false"
    assert parsedate_to_datetime(item.findtext("pubDate") or "")
    if item.find("{http://purl.org/rss/1.0/modules/content/}encoded") is not None:
        assert item.find("description") is not None, "some take the full text for the description else"
    if file is not None:
        assert set(file.keys()) == {"url", "length", "type"}
        assert (file.get("url") or "").startswith(LOADED)
        assert int(file.get("length") or "") >= 0
    for name in ("duration", "episode", "season"):
        number = item.findtext(ITUNES + name)
        assert number is None or int(number) >= 1
    assert item.findtext(f"{ITUNES}episodeType") in {None, "full", "trailer", "bonus"}
    assert item.findtext(f"{ITUNES}explicit") in {None, "true", "false"}
    for file in item.iter(f"{PODCAST}chapters", f"{PODCAST}transcript"):
        assert (file.get("url") or "").startswith(LOADED)
        assert re.fullmatch(r"\S+/\S+", file.get("type") or "")


def check_children(element: etree._Element, known: Mapping[str, int | None]) -> None:
    tags = [child.tag for child in element]
    for tag in set(tags):
        most = known[str(tag)]
        assert most is None or tags.count(tag) <= most, tag


def check_json(channel: Channel, items: Sequence[Item]) -> None:
    feed = json.loads(render("json", channel, items).body)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    check_members(feed, FEED_MEMBERS, {"version", "title", "items"})
    assert len(feed["items"]) == len(items)
    for item in feed["items"]:
        check_members(item, ITEM_MEMBERS, {"id"})
        assert ("content_html" in item) != ("content_text" in item)
        assert all(author["name"] for author in item.get("authors", ()))
        for file in item.get("attachments", ()):
            check_members(file, FILE_MEMBERS, {"url", "mime_type"})


def check_members(record: dict[str, Any], members: Mapping[str, type], required: set[str]) -> None:
    assert required <= set(record)
    for name, value in record.items():
        assert type(value) is members[name]
        assert value not in ("", []) or name == "items"


CHECKS = (check_atom, check_rss, check_json)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(nasty_channel, nasty_entries, st.sampled_from(Content))
def test_whatever_entries_hold_each_is_published_by_the_rules_of_each_format(
    channel: Channel, entries: list[Entry], content: Content
) -> None:
    for check in CHECKS:
        check(channel, items_of(entries, content))


def test_the_rules_are_asked_of_everything_that_can_be_said() -> None:
    episode = Episode(
        duration=1,
        image="https://a.example/i.png",
        number=1,
        season=1,
        kind="full",
        explicit=True,
        chapters=Enclosure(url="https://a.example/c.json"),
        transcripts=(Enclosure(url="https://a.example/t.vtt"),),
    )
    bare = an_entry(
        id=2, url=None, title="", content_html=None, summary=None, authors=(), tags=(), enclosures=()
    )
    for content in Content:
        items = items_of([an_entry(episode=episode), bare], content)
        for check in CHECKS:
            check(CHANNEL, items)
