"""Web pages' bytes, as trees."""

from __future__ import annotations

import pytest
from lxml.html import HtmlElement

from aggregator.ingest.html import html_text, page_tree
from aggregator.model import Fetched, Outcome, Unreadable

URL = "https://news.example/2026/11/story.html"


def page(body: bytes | str, content_type: str | None = "text/html") -> Fetched:
    return Fetched(
        status=200,
        url=URL,
        content_type=content_type,
        body=body.encode() if isinstance(body, str) else body,
        validators=None,
    )


def tree_of(body: bytes | str, content_type: str | None = "text/html") -> HtmlElement:
    tree = page_tree(page(body, content_type))
    assert not isinstance(tree, Unreadable), tree
    return tree


@pytest.mark.parametrize(
    ("encoding", "meta"),
    [
        ("shift_jis", '<meta charset="shift_jis">'),
        ("gb18030", "<meta http-equiv=Content-Type content='text/html; charset=gb2312'>"),
        ("euc_kr", "<META CHARSET=euc-kr>"),
        ("cp1251", '<meta charset="windows-1251">'),
        ("utf-8", '<meta charset="shift_jis">'),
    ],
)
def test_what_a_page_says_of_its_encoding_counts_more_than_the_servers_default(
    encoding: str, meta: str
) -> None:
    text = {
        "shift_jis": "日本語の記事です",
        "gb18030": "中文的文章",
        "euc_kr": "한국어 기사",
        "cp1251": "Русская статья",
        "utf-8": "日本語😀",
    }[encoding]
    body = f"<!DOCTYPE html><head>{meta}</head><p>{text}</p>".encode(encoding)
    assert text in html_text(page(body, "text/html; charset=iso-8859-1"))
    assert tree_of(body, "text/html; charset=iso-8859-1").text_content().strip() == text


def test_an_xml_declaration_with_another_encoding_does_not_change_a_page_that_was_decoded() -> None:
    body = '<?xml version="1.0" encoding="shift_jis"?><html><body><p>日本語の記事</p></body></html>'
    assert tree_of(body).text_content().strip() == "日本語の記事"


def test_a_nul_ends_no_page() -> None:
    assert tree_of("<p>one\0two</p>").text_content() == "one\ufffdtwo"


def test_a_page_that_nests_deeply_or_has_one_long_text_comes_out_whole() -> None:
    deep = "<div>" * 1000 + "within" + "</div>" * 1000 + "<p>after</p>"
    assert tree_of(deep).text_content() == "withinafter"
    assert len(tree_of(f"<p>{'x' * 11_000_000}</p>").text_content()) == 11_000_000


def test_addresses_are_made_absolute_by_where_the_page_was_found() -> None:
    tree = tree_of(
        '<p><a href="../x">x</a><img src="i.png" srcset="a.png 1x, /b,c.png 2x"><a href="#here">y</a>'
        '<a href="//[bad">z</a><a href="mailto:me@a.example">m</a>'
    )
    assert tree.xpath("//a/@href") == [
        "https://news.example/2026/x",
        f"{URL}#here",
        "//[bad",
        "mailto:me@a.example",
    ]
    assert tree.xpath("//img/@src") == ["https://news.example/2026/11/i.png"]
    assert tree.xpath("//img/@srcset") == [
        "https://news.example/2026/11/a.png 1x, https://news.example/b,c.png 2x"
    ]


def test_addresses_are_made_absolute_by_the_base_that_the_page_names() -> None:
    tree = tree_of('<head><base href="/other/"></head><p><a href="x">x</a>')
    assert tree.xpath("//a/@href") == ["https://news.example/other/x"]


def test_an_image_that_a_script_would_load_gets_its_address() -> None:
    tree = tree_of(
        '<p><img src="data:image/gif;base64,R0=" data-src="late.jpg">'
        '<img src="now.jpg" data-src="other.jpg"><img data-lazy-src="lazy.jpg" data-srcset="l.jpg 2x">'
    )
    assert [address.rpartition("/")[2] for address in tree.xpath("//img/@src")] == [
        "late.jpg",
        "now.jpg",
        "lazy.jpg",
    ]
    assert tree.xpath("//img/@srcset") == ["https://news.example/2026/11/l.jpg 2x"]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"%PDF-1.7 ...", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n\0\0", "image/png"),
        (b'{"html": "<b>"}', "application/json"),
        (b"<?xml version='1.0'?><rss version='2.0'><channel/></rss>", "text/html"),
        (b"plain words", None),
        (b"   ", "text/html"),
    ],
)
def test_what_is_no_web_page_is_not_taken_for_one(body: bytes, content_type: str | None) -> None:
    found = page_tree(page(body, content_type))
    assert isinstance(found, Unreadable)
    assert found.outcome is Outcome.NOT_A_FEED
    assert "no web page" in found.message


def test_a_page_is_told_from_its_markup_whatever_the_server_calls_it() -> None:
    assert tree_of("<!doctype html><title>t</title>x", "application/octet-stream") is not None


def test_a_page_of_a_comment_only_holds_nothing() -> None:
    found = page_tree(page("<!-- <p> -->"))
    assert isinstance(found, Unreadable)
    assert found.outcome is Outcome.EMPTY
