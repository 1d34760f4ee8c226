from __future__ import annotations

import json

from aggregator.publish.item import items_of
from aggregator.publish.jsonfeed import json_feed
from tests.publish.entries import CHANNEL, an_entry


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
