"""How much of an entry's text a feed holds."""

from __future__ import annotations

import json
from typing import Any

import pytest
from lxml import etree

from aggregator.model import Content, Entry, RawHtml
from aggregator.publish.feeds import render
from aggregator.publish.html import plain_text
from aggregator.publish.item import items_of
from tests.publish.entries import CHANNEL, an_entry

ATOM = "{http://www.w3.org/2005/Atom}"
ENCODED = "{http://purl.org/rss/1.0/modules/content/}encoded"
SUMMARY = "<p>工場ができました。</p>"
LONG = RawHtml("<p>" + "Long <b>words</b> 長い & more. " * 200 + "</p>")


def rss_item(entry: Entry, content: Content) -> dict[str, str | None]:
    item = etree.fromstring(render("rss", CHANNEL, items_of([entry], content)).body).find("channel/item")
    assert item is not None
    return {str(child.tag): child.text for child in item}


def atom_entry(entry: Entry, content: Content) -> etree._Element:
    feed = etree.fromstring(render("atom", CHANNEL, items_of([entry], content)).body)
    element = feed.find(f"{ATOM}entry")
    assert element is not None
    return element


def atom_texts(entry: Entry, content: Content) -> tuple[str | None, str | None]:
    element = atom_entry(entry, content)
    return element.findtext(f"{ATOM}content"), element.findtext(f"{ATOM}summary")


def json_item(entry: Entry, content: Content) -> dict[str, Any]:
    item: dict[str, Any] = json.loads(render("json", CHANNEL, items_of([entry], content)).body)["items"][0]
    return item


def test_a_summary_stands_in_place_of_the_content() -> None:
    item = rss_item(an_entry(), Content.SUMMARY)
    assert item["description"] == SUMMARY
    assert ENCODED not in item
    assert atom_texts(an_entry(), Content.SUMMARY) == (None, SUMMARY)
    record = json_item(an_entry(), Content.SUMMARY)
    assert (record["content_html"], record["summary"]) == (SUMMARY, plain_text(SUMMARY))


@pytest.mark.parametrize("changes", [{"summary": None, "content_html": LONG}, {"summary": LONG}])
def test_a_long_text_is_summarized_by_its_beginning(changes: dict[str, Any]) -> None:
    entry = an_entry(**changes)
    (item,) = items_of([entry], Content.SUMMARY)
    assert item.excerpt.endswith("…")
    assert len(item.excerpt) <= 300
    assert item.summary.startswith("Long words 長い &amp; more."), "text, in HTML's terms"
    assert plain_text(item.summary) == item.excerpt
    assert rss_item(entry, Content.SUMMARY)["description"] == item.summary
    assert atom_texts(entry, Content.SUMMARY) == (None, item.summary)
    assert json_item(entry, Content.SUMMARY)["content_html"] == item.summary


def test_a_short_text_is_its_own_summary_with_its_markup() -> None:
    short = RawHtml("<p>A <b>short</b> text.</p>")
    assert items_of([an_entry(summary=None, content_html=short)], Content.SUMMARY)[0].summary == str(short)


def test_a_text_of_much_markup_and_few_words_is_not_short() -> None:
    pictures = RawHtml('<img src="https://a.example/picture.png">' * 100 + "one word")
    (item,) = items_of([an_entry(summary=None, content_html=pictures)], Content.SUMMARY)
    assert item.summary == "one word"


def test_without_any_text_there_are_title_and_link_only() -> None:
    item = rss_item(an_entry(), Content.NONE)
    assert not {"description", ENCODED} & set(item)
    assert (item["title"], item["link"]) == (an_entry().title, an_entry().url)
    assert atom_texts(an_entry(), Content.NONE) == (None, None)
    record = json_item(an_entry(), Content.NONE)
    assert not {"content_html", "summary"} & set(record)
    assert record["content_text"] == record["title"], "the format demands a text"


def test_an_atom_entry_without_a_link_has_a_content_since_it_needs_one_of_them() -> None:
    entry = an_entry(url=None)
    assert atom_texts(entry, Content.SUMMARY) == (SUMMARY, None)
    assert atom_texts(entry, Content.NONE) == (entry.title, None)


@pytest.mark.parametrize("content", Content)
def test_an_entry_is_the_same_one_however_much_of_it_is_shown(content: Content) -> None:
    (full,), (item,) = items_of([an_entry()]), items_of([an_entry()], content)
    for fact in ("id", "url", "title", "published", "updated", "changed", "attachments", "authors", "tags"):
        assert getattr(item, fact) == getattr(full, fact), fact


def test_a_title_is_made_of_the_text_also_where_none_is_shown() -> None:
    (item,) = items_of([an_entry(title="")], Content.NONE)
    assert item.title == plain_text(SUMMARY)
