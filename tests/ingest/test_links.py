"""From a document to what is published: links and images are absolute, and lead where they were meant to."""

from __future__ import annotations

import re

import pytest

from aggregator.ingest.normalize import normalize
from aggregator.ingest.parse import parse_xml
from aggregator.model import EntryDraft, ParsedFeed
from aggregator.publish.html import sanitize

URL = "https://feeds.example.org/dir/feed.xml"
TEXT = '&lt;img src="i.png" srcset="i.png 1x, //cdn.example/j.png 2x"&gt;&lt;a href="/top"&gt;a&lt;/a&gt;'
ANY_URL = re.compile(r'(?:href|src|poster|cite)="([^"]*)"')


def read(document: str) -> EntryDraft:
    feed = parse_xml(document.encode(), content_type=None, url=URL)
    assert isinstance(feed, ParsedFeed)
    (draft,) = normalize(feed, url=URL).drafts
    return draft


def atom(attributes: str, inside: str, base: str = "") -> str:
    feed = f'<feed xmlns="http://www.w3.org/2005/Atom" {base}><title>f</title>'
    return f"{feed}<entry {attributes}>{inside}</entry></feed>"


def rss(link: str, inside: str, attributes: str = "") -> str:
    return (
        f'<rss version="2.0"><channel><link>{link}</link><item {attributes}>{inside}</item></channel></rss>'
    )


@pytest.mark.parametrize(
    ("document", "image"),
    [
        (
            atom("", f'<link href="p/1"/><content type="html">{TEXT}</content>'),
            "https://feeds.example.org/dir/p/i.png",
        ),
        (
            atom(
                'xml:base="b/"',
                f'<link href="1"/><content type="html" xml:base="c/">{TEXT}</content>',
                'xml:base="https://a.example/"',
            ),
            "https://a.example/b/c/i.png",
        ),
        (
            atom("", f'<link href="//h.example/p/1"/><summary type="html">{TEXT}</summary>'),
            "https://h.example/p/i.png",
        ),
        (rss("https://s.example/", f"<description>{TEXT}</description>"), "https://s.example/i.png"),
        (
            rss("/blog/", f"<link>p/1</link><description>{TEXT}</description>"),
            "https://feeds.example.org/blog/p/i.png",
        ),
        (
            rss(
                "https://s.example/", f"<description>{TEXT}</description>", 'xml:base="https://b.example/x/"'
            ),
            "https://b.example/x/i.png",
        ),
    ],
)
def test_images_in_html_lead_where_the_nearest_base_says(document: str, image: str) -> None:
    draft = read(document)
    shown = sanitize(draft.content_html, draft.base_url)
    assert f'src="{image}"' in shown
    assert f'srcset="{image} 1x, https://cdn.example/j.png 2x"' in shown
    assert all(url.startswith("https://") for url in ANY_URL.findall(shown))


def test_links_in_xhtml_lead_where_the_base_inside_of_it_says() -> None:
    content = (
        '<content type="xhtml" xml:base="https://a.example/"><div xmlns="http://www.w3.org/1999/xhtml">'
        '<p xml:base="x/"><a href="1">1</a></p><p xml:base="y/"><a href="2">2</a></p><a href="3">3</a></div>'
        "</content>"
    )
    draft = read(atom("", content))
    shown = sanitize(draft.content_html, draft.base_url)
    assert ANY_URL.findall(shown) == ["https://a.example/x/1", "https://a.example/y/2", "https://a.example/3"]


def test_files_and_links_are_absolute() -> None:
    draft = read(rss("/", '<link>//h.example/1</link><enclosure url="../a.mp3" type="audio/mpeg"/>'))
    assert draft.url == "https://h.example/1"
    assert [file.url for file in draft.enclosures] == ["https://feeds.example.org/a.mp3"]
