from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aggregator.publish.item import items_of
from aggregator.publish.jsonfeed import json_feed
from tests.publish.entries import CHANNEL, an_entry

FEED_MEMBERS = {
    "version": str,
    "title": str,
    "home_page_url": str,
    "feed_url": str,
    "description": str,
    "language": str,
    "items": list,
}
ITEM_MEMBERS = {
    "id": str,
    "url": str,
    "title": str,
    "content_html": str,
    "content_text": str,
    "summary": str,
    "date_published": str,
    "date_modified": str,
    "authors": list,
    "tags": list,
    "language": str,
    "attachments": list,
    "_aggregator": dict,
}
FILE_MEMBERS = {"url": str, "mime_type": str, "size_in_bytes": int}


def conforms(record: dict[str, Any], members: Mapping[str, type], required: set[str]) -> bool:
    return required <= set(record) and all(isinstance(value, members[name]) for name, value in record.items())


def test_the_document_is_json_feed_1_1() -> None:
    bare = an_entry(
        id=2, url=None, title="", content_html=None, summary=None, authors=(), tags=(), enclosures=()
    )
    feed = json.loads(json_feed(CHANNEL, items_of([an_entry(), bare])))
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert conforms(feed, FEED_MEMBERS, {"version", "title", "items"})
    for item in feed["items"]:
        assert conforms(item, ITEM_MEMBERS, {"id"})
        assert ("content_html" in item) != ("content_text" in item)
        assert all(author["name"] for author in item.get("authors", ()))
        assert all(conforms(file, FILE_MEMBERS, {"url", "mime_type"}) for file in item.get("attachments", ()))


def test_the_head_says_where_the_feed_is() -> None:
    feed = json.loads(json_feed(CHANNEL, []))
    assert feed["feed_url"] == CHANNEL.self_url
    assert feed["home_page_url"] == CHANNEL.home_url
    assert feed["language"] == "en"


def test_text_is_written_as_itself_and_not_escaped() -> None:
    assert "新しい工場".encode() in json_feed(CHANNEL, items_of([an_entry()]))


def test_a_summary_is_plain_text() -> None:
    assert (
        json.loads(json_feed(CHANNEL, items_of([an_entry()])))["items"][0]["summary"] == "工場ができました。"
    )
