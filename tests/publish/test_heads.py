"""What a feed says of itself beside its items: its icon, and its other documents (RFC 5005)."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import feedparser
import pytest
from lxml import etree

from aggregator.publish.feeds import render
from aggregator.publish.item import items_of
from tests.publish.entries import CHANNEL, an_entry

ATOM = "{http://www.w3.org/2005/Atom}"
ARCHIVE = "{http://purl.org/syndication/history/1.0}archive"
ICON = "https://reader.example/icon.png"
LINKS = (
    ("current", "https://reader.example/feeds/chips"),
    ("prev-archive", "https://reader.example/feeds/chips/archive/1"),
    ("next", "https://reader.example/feeds/chips?page=2"),
)
ITEMS = items_of([an_entry()])


def head(form: str, **changes: object) -> etree._Element:
    feed = etree.fromstring(render(form, replace(CHANNEL, **changes), ITEMS).body)  # type: ignore[arg-type]  # as given
    return feed if form == "atom" else feed[0]


def test_each_format_has_its_own_word_for_the_icon() -> None:
    assert head("atom", icon=ICON).findtext(f"{ATOM}icon") == ICON
    image = head("rss", icon=ICON).find("image")
    assert image is not None
    assert [(child.tag, child.text) for child in image] == [
        ("url", ICON),
        ("title", CHANNEL.title),
        ("link", CHANNEL.home_url),
    ]
    assert json.loads(render("json", replace(CHANNEL, icon=ICON), ITEMS).body)["icon"] == ICON


@pytest.mark.parametrize("form", ["rss", "atom"])
def test_the_icon_s_title_and_link_are_not_taken_for_the_feed_s(form: str) -> None:
    feed = feedparser.parse(io.BytesIO(render(form, replace(CHANNEL, icon=ICON), ITEMS).body)).feed
    assert (feed.title, feed.link) == (CHANNEL.title, CHANNEL.home_url)
    assert (feed.icon if form == "atom" else feed.image.href) == ICON


@pytest.mark.parametrize("form", ["rss", "atom", "json"])
def test_what_is_no_web_address_is_no_icon_and_no_link(form: str) -> None:
    odd = replace(CHANNEL, icon="data:image/png;base64,AA", links=(("next", "/2"), ("no word", ICON)))
    assert render(form, odd, ITEMS).body == render(form, CHANNEL, ITEMS).body


@pytest.mark.parametrize(
    ("form", "media_type"), [("rss", "application/rss+xml"), ("atom", "application/atom+xml")]
)
def test_other_documents_of_the_feed_are_linked(form: str, media_type: str) -> None:
    links = head(form, links=LINKS).findall(f"{ATOM}link")
    others = [link for link in links if link.get("rel") not in {"self", "alternate"}]
    assert [(link.get("rel"), link.get("href")) for link in others] == list(LINKS)
    assert {link.get("type") for link in others} == {media_type}


@pytest.mark.parametrize("form", ["rss", "atom"])
def test_an_archive_says_that_it_is_one(form: str) -> None:
    assert [child.tag for child in head(form, archived=True)].count(ARCHIVE) == 1
    assert head(form).find(ARCHIVE) is None
    assert "fh" not in head(form).nsmap


def test_json_feed_knows_the_next_document_only() -> None:
    feed = json.loads(render("json", replace(CHANNEL, links=LINKS), ITEMS).body)
    assert feed["next_url"] == LINKS[2][1]
    assert "next_url" not in json.loads(render("json", replace(CHANNEL, links=LINKS[:2]), ITEMS).body)
