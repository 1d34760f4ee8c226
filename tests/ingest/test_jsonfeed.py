from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.ingest import jsonfeed
from aggregator.ingest.jsonfeed import parse_json
from aggregator.model import Enclosure, Outcome, ParsedFeed, Unreadable

URL = "https://feeds.example.org/feed.json"
VERSION = "https://jsonfeed.org/version/1.1"


def parse(document: Any) -> ParsedFeed:
    feed = parse_json(json.dumps(document).encode(), content_type="application/feed+json", url=URL)
    assert isinstance(feed, ParsedFeed), feed
    return feed


def parse_items(*items: Any, **members: Any) -> ParsedFeed:
    return parse({"version": VERSION, "title": "t", "items": list(items), **members})


def test_a_feed_of_version_1_1_is_read_whole() -> None:
    feed = parse(
        {
            "version": VERSION,
            "title": " 日本の  新聞 ",
            "home_page_url": "https://example.jp/",
            "feed_url": URL,
            "language": "ja",
            "authors": [{"name": "編集部"}],
            "items": [
                {
                    "id": "https://example.jp/1",
                    "url": "https://example.jp/1?x",
                    "title": "1 < 2 & <b>",
                    "content_html": "<p>長い</p>",
                    "content_text": "長い",
                    "summary": "短い < 要約",
                    "date_published": "2024-04-03T10:46:32+09:00",
                    "date_modified": "2024-04-04T00:00:00Z",
                    "authors": [{"name": "山田"}, {"name": "山田"}, {"url": "https://example.jp/sato"}],
                    "tags": ["半導体", "C++", "半導体", " "],
                    "image": "https://example.jp/i.png",
                    "banner_image": "https://example.jp/b.png",
                    "attachments": [{"url": "/a.mp3", "mime_type": "audio/mpeg", "size_in_bytes": 5}],
                }
            ],
        }
    )
    (entry,) = feed.entries
    assert (feed.version, feed.title, feed.link, feed.language) == (
        "json11",
        "日本の 新聞",
        "https://example.jp/",
        "ja",
    )
    assert (entry.guid, entry.link) == ("https://example.jp/1", "https://example.jp/1?x")
    assert entry.title == "1 < 2 & <b>"
    assert (entry.content, entry.summary) == ("<p>長い</p>", "短い &lt; 要約")
    assert (entry.published, entry.updated) == ("2024-04-03T10:46:32+09:00", "2024-04-04T00:00:00Z")
    assert entry.authors == ("山田", "https://example.jp/sato")
    assert entry.categories == ("半導体", "C++")
    assert entry.enclosures == (Enclosure(url="https://example.jp/a.mp3", type="audio/mpeg", length=5),)
    assert entry.base_url == "https://example.jp/1?x"


def test_a_feed_of_version_1_0_has_one_author() -> None:
    feed = parse(
        {"version": "https://jsonfeed.org/version/1", "author": {"name": "Ann"}, "items": [{"id": "1"}]}
    )
    assert feed.version == "json10"
    assert feed.entries[0].authors == ("Ann",)


@pytest.mark.parametrize("authors", [{"authors": {"name": "Ann"}}, {"author": [{"name": "Ann"}]}])
def test_one_author_in_the_place_of_several_and_the_reverse_are_read(authors: dict[str, Any]) -> None:
    assert parse_items({"id": "1", **authors}).entries[0].authors == ("Ann",)


def test_text_becomes_html_that_shows_the_same() -> None:
    assert (
        parse_items({"id": "1", "content_text": "a < b\n& c"}).entries[0].content == "a &lt; b<br>\n&amp; c"
    )


def test_an_id_that_is_a_number_is_read_as_text() -> None:
    assert [
        entry.guid for entry in parse_items({"id": 7}, {"id": 1.5}, {"id": True}, {"id": ""}).entries
    ] == [
        "7",
        "1.5",
        None,
        None,
    ]


def test_a_number_of_thousands_of_digits_is_an_id_like_any_other() -> None:
    digits = "7" * 5_000
    body = '{"version": "https://jsonfeed.org/version/1.1", "title": "t", "items": [{"id": %s}, {"id": 2}]}'
    feed = parse_json((body % digits).encode(), content_type=None, url=URL)
    assert isinstance(feed, ParsedFeed)
    assert [item.guid for item in feed.entries] == [digits, "2"]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_what_is_no_number_is_passed_over(number: str) -> None:
    body = (
        '{"version": "https://jsonfeed.org/version/1.1", "title": "t", "items": [{"id": %s, "title": "one"}]}'
    )
    feed = parse_json((body % number).encode(), content_type=None, url=URL)
    assert isinstance(feed, ParsedFeed)
    assert [(item.guid, item.title) for item in feed.entries] == [(None, "one")]


def test_the_link_is_the_url_then_the_external_one_then_an_id_that_is_one() -> None:
    feed = parse_items(
        {"id": "1", "external_url": "https://other.example.org/x"},
        {"id": "https://example.org/2"},
        {"id": "3"},
        {"id": "4", "url": "four"},
        home_page_url="https://example.org/blog/",
    )
    assert [entry.link for entry in feed.entries] == [
        "https://other.example.org/x",
        "https://example.org/2",
        None,
        "https://example.org/blog/four",
    ]


def test_members_of_wrong_types_lose_no_item_and_no_neighbour() -> None:
    wrong: Any = {"a": []}
    members = [
        "url",
        "title",
        "content_html",
        "summary",
        "date_published",
        "authors",
        "author",
        "tags",
        "attachments",
        "language",
        "image",
    ]
    feed = parse_items(
        {"id": "1", **dict.fromkeys(members, wrong)},
        {"id": "2", "tags": [1, None, "x"], "authors": ["Ann", {"name": 3}], "attachments": [{"url": 1}, 2]},
        {"id": "3", "attachments": [{"url": "https://h.example/a", "size_in_bytes": size}]}
        if (size := "many")
        else {},
        "no object",
        None,
        {"id": "6", "date_published": 1712108792},
    )
    assert [entry.guid for entry in feed.entries] == ["1", "2", "3", "6"]
    assert feed.entries[1].categories == ("x",)
    assert feed.entries[2].enclosures[0].length is None
    assert feed.entries[3].published == "1712108792"


@pytest.mark.parametrize("size", [-1, 2**63, 1.5, True, "5x"])
def test_a_size_that_cannot_be_is_left_out(size: Any) -> None:
    feed = parse_items({"id": "1", "attachments": [{"url": "https://h.example/a", "size_in_bytes": size}]})
    assert feed.entries[0].enclosures[0].length is None


def test_a_byte_order_mark_is_no_fault() -> None:
    body = b"\xef\xbb\xbf" + json.dumps({"version": VERSION, "title": "t", "items": []}).encode()
    assert isinstance(parse_json(body, content_type=None, url=URL), ParsedFeed)


@pytest.mark.parametrize(
    "document", [{"items": 1}, [], [1], {"title": "an API", "data": []}, "text", 1, None]
)
def test_other_json_is_not_a_feed(document: Any) -> None:
    answer = parse_json(json.dumps(document).encode(), content_type="application/json", url=URL)
    assert isinstance(answer, Unreadable)
    assert answer.outcome is Outcome.NOT_A_FEED


@pytest.mark.parametrize("body", [b'{"version":', b"[" * 200_000, b'{"a": 1} x', b"{'a': 1}"])
def test_broken_json_is_unparseable_and_the_message_says_where(body: bytes) -> None:
    answer = parse_json(body, content_type=None, url=URL)
    assert isinstance(answer, Unreadable)
    assert answer.outcome is Outcome.UNPARSEABLE
    assert answer.message.startswith("The JSON is broken: ")


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                [
                    "id",
                    "url",
                    "title",
                    "content_html",
                    "authors",
                    "name",
                    "tags",
                    "attachments",
                    "date_published",
                    "items",
                ]
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


@settings(deadline=None)  # a busy machine is no fault
@given(st.lists(JSON, max_size=4), JSON)
def test_no_items_make_it_raise(items: list[Any], home: Any) -> None:
    parse({"version": VERSION, "title": home, "home_page_url": home, "authors": home, "items": items})


@pytest.mark.parametrize(("piece", "is_read"), [('"a, [ { \\" b",', True), ("[],", False), ("{},", False)])
def test_values_beyond_the_limit_are_refused_and_commas_in_texts_are_no_values(
    piece: str, *, is_read: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jsonfeed, "MOST_VALUES", 20)
    body = '{"title": "t", "items": [], "x": [' + piece * 12 + "1]}"
    feed = jsonfeed.parse_json(body.encode(), content_type=None, url="https://a.example/feed")
    assert isinstance(feed, ParsedFeed) == is_read
