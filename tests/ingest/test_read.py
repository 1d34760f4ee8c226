from __future__ import annotations

import gzip
import json
import pickle
from dataclasses import replace
from functools import partial

import pytest

from aggregator.ingest.read import read_document
from aggregator.model import Fetched, Outcome, Reading, Unreadable

RSS = "<rss version='2.0'><channel><title>新聞</title><item><title>一</title></item></channel></rss>"
ATOM = "<feed xmlns='http://www.w3.org/2005/Atom'><title>新聞</title><entry><title>一</title></entry></feed>"
JSON_FEED = (
    '{"version": "https://jsonfeed.org/version/1.1", "title": "新聞", "items": [{"id": "1", "title": "一"}]}'
)

VERSION = "https://jsonfeed.org/version/1.1"


compressed = partial(gzip.compress, mtime=0)  # no byte of it depends on the time


def document(body: bytes, content_type: str | None = None) -> Fetched:
    return Fetched(
        status=200,
        url="https://example.org/feed",
        content_type=content_type,
        body=body,
        validators=None,
    )


@pytest.mark.parametrize("text", [RSS, ATOM, JSON_FEED])
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("content_type", [None, "text/html", "application/json", "text/xml; charset=latin-1"])
def test_the_format_is_told_from_the_bytes(text: str, codec: str, content_type: str | None) -> None:
    reading = read_document(document(text.encode(codec), content_type))
    assert isinstance(reading, Reading)
    assert reading.title == "新聞"
    assert [draft.title for draft in reading.drafts] == ["一"]


@pytest.mark.parametrize("body", [b"", b"  \n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
def test_an_empty_document_is_called_empty(body: bytes) -> None:
    answer = read_document(document(body))
    assert isinstance(answer, Unreadable)
    assert answer.outcome is Outcome.EMPTY


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"%PDF-1.7", "PDF"),
        (b"\x00\x00\x01\x00\x01\x00\x10\x10", "icon"),
        (b"BM\x36\x00\x0c\x00\x00\x00\x00\x00", "BMP"),
        (b"II*\x00", "TIFF"),
        (b"MM\x00*", "TIFF"),
        (b"\x00\x00\x00\x1cftypavif", "AVIF"),
        (b"\x00\x00\x00\x1cftypisom", "media"),
        (b"\xff\x0a\xfa\x1f", "JPEG XL"),
        (b"\x00\x00\x00\x0cJXL \r\n", "JPEG XL"),
        (b"RIFF\x24\x00\x00\x00WEBPVP8 ", "WebP"),
        (b"ID3\x03", "audio"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        (b"<html></html>", "web page"),
        (b'{"data": []}', "JSON"),
    ],
)
def test_another_format_is_not_a_feed_and_named(body: bytes, named: str) -> None:
    answer = read_document(document(body))
    assert isinstance(answer, Unreadable)
    assert answer.outcome is Outcome.NOT_A_FEED
    assert named in answer.message


@pytest.mark.parametrize("content_type", ["image/x-unheard-of", "Video/mp4", "audio/mpeg; x=y"])
def test_what_is_said_to_be_an_image_and_begins_like_one_is_not_a_feed(content_type: str) -> None:
    answer = read_document(document(b"\x01\x02\x03 <rss>", content_type))
    assert isinstance(answer, Unreadable)
    assert answer.outcome is Outcome.NOT_A_FEED
    assert isinstance(read_document(document(RSS.encode(), content_type)), Reading)


def test_nothing_but_nul_bytes_is_not_empty_but_broken() -> None:
    answer = read_document(document(bytes(5_000)))
    assert isinstance(answer, Unreadable)
    assert answer.outcome is Outcome.UNPARSEABLE
    blank = read_document(document(" \n".encode("utf-16-le")))
    assert isinstance(blank, Unreadable)
    assert blank.outcome is Outcome.EMPTY


@pytest.mark.parametrize(("max_size", "is_read"), [(50, False), (1_000, True)])
def test_a_gzip_file_may_inflate_to_max_size(max_size: int, *, is_read: bool) -> None:
    answer = read_document(replace(document(compressed(RSS.encode())), max_size=max_size))
    assert isinstance(answer, Reading) == is_read
    if isinstance(answer, Unreadable):
        assert answer.outcome is Outcome.TOO_LARGE
        assert "50 bytes (max_size)" in answer.message


@pytest.mark.parametrize("text", [RSS, ATOM, JSON_FEED])
def test_a_gzip_file_is_read_for_what_is_in_it(text: str) -> None:
    reading = read_document(document(compressed(text.encode()), "application/gzip"))
    assert isinstance(reading, Reading)
    assert [draft.title for draft in reading.drafts] == ["一"]


@pytest.mark.parametrize(
    ("body", "outcome", "said"),
    [
        (compressed(RSS.encode())[:-9], Outcome.UNPARSEABLE, "in the middle"),
        (b"\x1f\x8b\x08", Outcome.UNPARSEABLE, "in the middle"),
        (b"\x1f\x8bxxxxxxxxxxxxxxx", Outcome.UNPARSEABLE, "damaged"),
        (compressed(bytes(21 * 2**20)), Outcome.TOO_LARGE, "20,971,520"),
        (compressed(compressed(RSS.encode())), Outcome.UNPARSEABLE, "neither XML nor JSON"),
        (compressed(b""), Outcome.EMPTY, "empty"),
    ],
)
def test_a_gzip_file_that_cannot_be_read_is_said_why(body: bytes, outcome: Outcome, said: str) -> None:
    answer = read_document(document(body))
    assert isinstance(answer, Unreadable)
    assert answer.outcome is outcome
    assert said in answer.message


@pytest.mark.parametrize(
    "body",
    [
        "<evil\x9b31m\x07/>",
        "<evil\u2028\u202e/>",
        "<rss><channel><title>t</title></evil\x9b31m></channel></rss>",
        "<rss><channel><title>t</title><item><a\x85b>&a\x9b;",
        '{"version": "\x9b',
    ],
)
def test_no_message_holds_what_could_steer_a_terminal(body: str) -> None:
    answer = read_document(document(body.encode()))
    message = answer.message if isinstance(answer, Unreadable) else answer.problem
    assert message
    assert message.isprintable()


def test_text_that_an_entity_multiplies_is_bounded() -> None:
    body = (
        "<!DOCTYPE rss [<!ENTITY a '%s'>]><rss><channel><title>t</title>"
        "<item><title>t</title><description>%s</description></item>"
    )
    reading = read_document(document((body % ("x" * 256, "&a;" * 100_000)).encode()))
    assert isinstance(reading, Reading)
    assert len(pickle.dumps(reading)) < 4 * 2**20
    assert reading.problem


def test_text_that_every_item_inherits_is_bounded() -> None:
    long_page = f"https://example.org/{'x' * 100_000}/"
    feed = {
        "version": VERSION,
        "title": "t",
        "home_page_url": long_page,
        "items": [{"id": "a", "url": "b"}] * 100,
    }
    reading = read_document(document(json.dumps(feed).encode()))
    assert isinstance(reading, Reading)
    assert 0 < len(reading.drafts) < 100
    assert len(pickle.dumps(reading)) < 5 * 2**20
    assert f"{100 - len(reading.drafts)} items were left out" in (reading.problem or "")


def test_a_long_language_is_none() -> None:
    feed = {"version": VERSION, "title": "t", "language": "zh" + "-hans" * 20, "items": [{"id": "a"}]}
    reading = read_document(document(json.dumps(feed).encode()))
    assert isinstance(reading, Reading)
    assert (reading.language, reading.drafts[0].language) == (None, None)


def test_an_item_of_the_usual_shape_has_the_instant_and_the_texts_that_were_said() -> None:
    body = """<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel>
    <title><![CDATA[某新聞]]></title><link>https://example.org/</link><language>zh-cn</language><item>
    <title><![CDATA[一颗芯片]]></title><description><![CDATA[<p>   甲 "乙"&nbsp;</p>]]></description>
    <pubDate>Wed, 03 Apr 2024 01:46:32 GMT</pubDate><guid isPermaLink="false">https://example.org/1.html</guid>
    <link>https://example.org/1.html</link><author><![CDATA[某人]]></author></item></channel></rss>"""
    reading = read_document(document(body.encode()))
    assert isinstance(reading, Reading)
    (draft,) = reading.drafts
    assert draft.published == 1_712_108_792_000
    assert draft.title == "一颗芯片"
    assert draft.content_html == '<p>   甲 "乙"&nbsp;</p>'
    assert draft.authors == ("某人",)
    assert draft.url == draft.guid == "https://example.org/1.html"
    assert draft.language == "zh-cn"


@pytest.mark.parametrize(
    "text",
    [
        "<rss><channel><item/><item><guid>1</guid></item><item><title> </title></item></channel></rss>",
        json.dumps({"version": VERSION, "title": "t", "items": [{}, {"id": "1"}, {"content_html": " "}]}),
    ],
)
def test_items_that_say_nothing_at_all_are_left_out_and_told_of(text: str) -> None:
    reading = read_document(document(text.encode()))
    assert isinstance(reading, Reading)
    assert [draft.guid for draft in reading.drafts] == ["1"]
    assert reading.problem == "Items without guid, link, title, text and file were left out: 2."


@pytest.mark.parametrize(
    "item",
    [
        "<guid>1</guid>",
        "<link>https://example.org/1</link>",
        "<title>t</title>",
        "<description>d</description>",
        "<enclosure url='https://example.org/a.mp3' type='audio/mpeg'/>",
    ],
)
def test_an_item_that_says_one_thing_is_taken(item: str) -> None:
    reading = read_document(document(f"<rss><channel><item>{item}</item></channel></rss>".encode()))
    assert isinstance(reading, Reading)
    assert (len(reading.drafts), reading.problem) == (1, None)


def test_a_reading_says_whether_its_document_was_whole() -> None:
    whole, cut = (read_document(document(body.encode())) for body in (RSS, RSS.removesuffix("</rss>")))
    assert isinstance(whole, Reading)
    assert isinstance(cut, Reading)
    assert (whole.whole, cut.whole) == (True, False)
