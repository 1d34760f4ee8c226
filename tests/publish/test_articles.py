"""What is published of an entry whose article was taken from its own page."""

from __future__ import annotations

import json
from typing import Any

from lxml import etree

from aggregator.model import Entry, RawHtml
from aggregator.publish.item import items_of, to_item
from aggregator.publish.jekyll.legacy import legacy_post
from aggregator.publish.jsonfeed import json_feed
from aggregator.publish.xml import atom, rss
from tests.publish.entries import CHANNEL, an_entry

ARTICLE = RawHtml(
    f"<p>{'The whole article. 記事の全文。' * 20}</p>\n"
    '<p><img src="https://chips.example/big.jpg" onerror="alert(1)"><script>alert(2)</script></p>'
    '<pre>one\n\ttwo</pre><p><a href="/relative">x</a></p>'
)
TEASER = "<p>Just the beginning…</p>"


def completed(**changes: Any) -> Entry:
    return an_entry(**{"article": ARTICLE, "content_html": RawHtml(TEASER), "summary": None} | changes)


def test_the_article_is_published_in_the_place_of_the_sources_text_and_safe() -> None:
    content = to_item(completed()).content
    assert "The whole article. 記事の全文。" in content
    assert "https://chips.example/big.jpg" in content
    assert "alert" not in content
    assert "Just the beginning" not in content


def test_each_format_has_the_article() -> None:
    item = json.loads(json_feed(CHANNEL, items_of([completed()])))["items"][0]
    assert "The whole article" in item["content_html"]
    assert item["summary"] == "Just the beginning…"
    written = etree.fromstring(rss(CHANNEL, items_of([completed()])))
    assert "The whole article" in written.findtext(".//{*}encoded", "")
    assert "Just the beginning" in written.findtext(".//item/description", "")
    assert "The whole article" in etree.fromstring(atom(CHANNEL, items_of([completed()]))).findtext(
        ".//{*}content", ""
    )


def test_addresses_in_an_article_are_not_resolved_against_the_feed() -> None:
    assert "/relative" not in to_item(completed(base_url="https://feeds.example/")).content


def test_the_sources_summary_stays_the_summary() -> None:
    summary = to_item(completed(summary=RawHtml("<p>What it is about.</p>"))).summary
    assert summary == "<p>What it is about.</p>"


def test_the_sources_short_text_becomes_the_summary_where_it_gave_none_or_the_same() -> None:
    assert to_item(completed()).summary == TEASER
    assert to_item(completed(summary=RawHtml(TEASER))).summary == TEASER


def test_a_text_of_the_source_that_is_nearly_the_article_is_not_published_twice() -> None:
    long = RawHtml(ARTICLE[:-100])
    assert to_item(completed(content_html=long)).summary == ""
    assert to_item(completed(content_html=long, summary=long)).summary == ""


def test_an_article_with_nothing_safe_in_it_leaves_the_sources_text() -> None:
    item = to_item(completed(article=RawHtml("<script>x()</script>")))
    assert (item.content, item.summary) == (TEASER, "")


def test_an_article_changes_neither_what_the_entry_is_known_by_nor_its_dates() -> None:
    before, after = to_item(completed(article=None)), to_item(completed(changed=an_entry().changed + 10**9))
    for fact in ("id", "url", "title", "published", "updated", "tags", "excerpt"):
        assert getattr(after, fact) == getattr(before, fact), fact


def test_a_post_has_the_article_safe_and_on_one_line_that_keeps_its_code() -> None:
    text = legacy_post(completed()).body.decode()
    (line,) = (line for line in text.splitlines() if "The whole article" in line)
    assert "<pre>one&#10;&#9;two</pre>" in line
    assert "alert" not in text
