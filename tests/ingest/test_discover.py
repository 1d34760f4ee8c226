from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.config.urls import source_url
from aggregator.ingest.discover import LONGEST_ADDRESS, MOST_FEEDS, FoundFeed, announced
from aggregator.ingest.examine import FeedSummary, NoFeed, examine
from aggregator.ingest.read import read_document
from aggregator.model import Fetched, Outcome, Unreadable
from aggregator.printable import escape

URL = "https://example.org/blog/page.html"
RSS = 'type="application/rss+xml"'
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
WEB_PAGE = "The address leads to a web page (HTML), not to a feed"


def page(markup: str | bytes, *, url: str = URL, content_type: str | None = "text/html") -> Fetched:
    body = markup.encode() if isinstance(markup, str) else markup
    return Fetched(status=200, url=url, content_type=content_type, body=body, validators=None)


def urls(markup: str | bytes, **said: str) -> list[str]:
    return [feed.url for feed in announced(page(markup, **said))]


def told(markup: str) -> str:
    answer = read_document(page(markup))
    assert isinstance(answer, Unreadable)
    assert answer.outcome is Outcome.NOT_A_FEED
    return answer.message


@pytest.mark.parametrize(
    "link",
    [
        f'<link rel="alternate" {RSS} href="https://example.org/f">',
        f"<LINK REL=ALTERNATE {RSS.upper()} HREF=https://example.org/f />",
        '<link rel="alternate" type="application/atom+xml; charset=utf-8" href="/f">',
        '<link rel="alternate nofollow" type="application/feed+json" href="//example.org/f">',
        '<link rel="alternate" type="application/rdf+xml" href="../f">',
        "<link rel='feed' href=' /f '>",
        '<link rel="alternate" type="text/xml" href="/f#top">',
        '<a rel="alternate" type="application/rss+xml" href="/f">',
        '<link rel="alternate" type="application/rss+xml" href="feed:https://example.org/f">',
        '<link rel="alternate" type="application/rss+xml" href="&#x2F;f">',
        '<link rel="alternate" type="application/rss+xml" href="/\nf">',
    ],
)
@pytest.mark.parametrize("around", ["<html><head>{}</head></html>", "<body><div><p>{}", "<title>x</title>{}"])
def test_a_link_of_a_feed_s_relation_and_type_announces_it(link: str, around: str) -> None:
    assert urls(around.format(link)) == ["https://example.org/f"]


@pytest.mark.parametrize(
    "markup",
    [
        f"<!-- <link rel=alternate {RSS} href=/f> -->",
        f"<script>'<link rel=alternate {RSS} href=/f>'</script>",
        f"<link rel=alternate {RSS}>",
        f'<link rel=alternate {RSS} href="">',
        f'<link rel=alternate {RSS} href="javascript:f()">',
        f'<link rel=alternate {RSS} href="file:///etc/passwd">',
        f'<link rel=alternate {RSS} href="https://user:secret@example.org/f">',
        f'<link rel=alternate {RSS} href="http://[/f">',
        f'<link rel=alternate {RSS} href="/a\\b">',
        f'<link rel=alternate {RSS} href="/{"a" * LONGEST_ADDRESS}">',
        '<link rel="alternate" hreflang="de" href="/de/">',
        '<link rel="alternate stylesheet" type="text/css" href="/f.css">',
        '<link rel="alternate" type="application/json" href="/wp-json/wp/v2/pages/1">',
        '<link rel="alternate" type="application/json+oembed" href="/oembed?x">',
        '<link rel="sitemap" type="application/xml" href="/sitemap.xml">',
        '<a href="/feedback">Feedback</a><a href="/rss-explained">RSS?</a>',
        "",
    ],
)
def test_other_links_announce_nothing(markup: str) -> None:
    assert urls(f"<html>{markup}</html>") == []


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("https://other.example/a/", "https://other.example/a/f"),
        ("/top/", "https://example.org/top/f"),
        ("javascript:0", "https://example.org/blog/f"),
        ("", "https://example.org/blog/f"),
    ],
)
def test_addresses_are_resolved_against_the_first_base_that_says_one(base: str, expected: str) -> None:
    markup = f'<base target=x><base href="{base}"><base href="https://third.example"><link rel=feed href=f>'
    if base:
        assert urls(markup) == [expected]
    else:
        assert urls("<link rel=feed href=f>") == [expected]


def test_references_in_addresses_and_titles_are_decoded() -> None:
    (feed,) = announced(
        page('<link rel=feed href="/f?a=1&amp;b=2&copy=3" title=" 日経 &eacute;\n&quot;x&quot; ">')
    )
    assert feed == FoundFeed(url="https://example.org/f?a=1&b=2&copy=3", title='日経 é "x"', type=None)


@pytest.mark.parametrize(
    ("codec", "content_type", "meta"),
    [
        ("utf-8", "text/html", ""),
        ("utf-8", "text/html; charset=iso-8859-1", ""),
        ("shift_jis", "text/html", '<meta charset="Shift_JIS">'),
        ("shift_jis", "text/html; charset=Shift_JIS", '<meta charset="utf-8">'),
        ("shift_jis", "text/html; charset=iso-8859-1", '<meta charset="Shift_JIS">'),
        ("euc_jp", "text/html", '<meta http-equiv="Content-Type" content="text/html; charset=EUC-JP">'),
        ("utf-16", "text/html", ""),
    ],
)
def test_titles_come_out_right_in_any_encoding(codec: str, content_type: str, meta: str) -> None:
    markup = f'<!DOCTYPE html><html>{meta}<link rel=feed href=/f title="日本経済新聞の記事">'
    (feed,) = announced(page(markup.encode(codec), content_type=content_type))
    assert feed.title == "日本経済新聞の記事"


def test_each_address_is_told_once_and_feeds_of_comments_come_last() -> None:
    markup = (
        f'<link rel=alternate {RSS} title="Comments on this" href="/post/feed/">'
        f'<link rel=alternate {RSS} title="Site" href="/comments/feed/">'
        f'<link rel=alternate {RSS} title="Site" href="/feed/">'
        f'<link rel=alternate {RSS} hreflang=de title="Seite" href="/feed/">'
        '<link rel=alternate type="application/atom+xml" href="/feed/atom/">'
    )
    assert [url.removeprefix("https://example.org") for url in urls(markup)] == [
        *("/feed/", "/feed/atom/", "/post/feed/", "/comments/feed/"),
    ]


@pytest.mark.parametrize(
    "href",
    [
        "feed",
        "feed/",
        "/rss",
        "/rss.xml",
        "/index.rdf",
        "/news.atom",
        "/a.rss?x=1",
        "/?feed=rss2",
        "/feed.json",
        "/x.xml",
    ],
)
def test_links_that_look_like_feeds_stand_in_when_nothing_is_announced(href: str) -> None:
    anchor = f'<a href="{href}">RSS</a><a href="/about">About</a><a href="/sitemap.xml">Map</a>'
    assert len(urls(anchor)) == 1
    assert urls(f"{anchor}<link rel=alternate {RSS} href=/announced>") == ["https://example.org/announced"]


def test_a_channel_of_youtube_is_told_by_its_page() -> None:
    markup = f'<script>{{"externalId":"UC{"a" * 22}"}}</script>'
    found = urls(markup, url="https://www.youtube.com/@handle")
    assert found == [f"https://www.youtube.com/feeds/videos.xml?channel_id=UC{'a' * 22}"]
    assert urls(markup, url="https://example.org/@handle") == []


@pytest.mark.parametrize(
    "markup",
    [
        f"<html>{'<div>' * 100_000}",
        f"<html><title>{'x' * 50_000_000}</title>",
        f"<html><a {' '.join(f'a{i}=1' for i in range(100_000))}>",
        "<" * 2_000_000,
        "<a " * 700_000,
        "<!--" * 500_000,
        "&" * 2_000_000,
        f"<html>{'<a href=/x.rss>' * 100_000}",
    ],
)
def test_a_hostile_page_is_read_in_time(markup: str) -> None:
    hostile = page(f"<link rel=feed href=/f>{markup}")
    begun = time.monotonic()
    assert [feed.url for feed in announced(hostile)] == ["https://example.org/f"]
    assert time.monotonic() - begun < 5


def test_of_a_thousand_announced_feeds_the_first_are_told() -> None:
    found = urls("".join(f"<link rel=feed href=/{number}>" for number in range(1000)))
    assert found == [f"https://example.org/{number}" for number in range(MOST_FEEDS)]


@given(st.text() | st.text(alphabet="<>link rel=fed/\"'&#x0;base ahref!-", max_size=200))
def test_any_page_is_survived_and_what_it_announces_is_fit_for_a_config(markup: str) -> None:
    for feed in announced(page(f"<link rel=feed href='{markup}'>{markup}".encode("utf-8", "replace"))):
        assert source_url(feed.url) == feed.url == escape(feed.url)


def test_a_page_that_announces_one_feed_is_reported_with_its_address() -> None:
    markup = f'<!DOCTYPE html><link rel=alternate {RSS} href="../rss.xml">'
    assert told(markup) == f"{WEB_PAGE}; it announces one: https://example.org/rss.xml."
    with_comments = f'{markup}<link rel=alternate {RSS} href="/comments/feed/">'
    assert told(with_comments) == told(markup)


@pytest.mark.parametrize("start", ["<html>", "<head>", "<title>x</title>", "<br />Warning<html>", "<div>"])
def test_a_page_is_recognized_without_a_doctype(start: str) -> None:
    assert told(f"{start}<link rel=feed href=/f>").startswith(WEB_PAGE)


def test_a_page_that_announces_several_feeds_is_reported_with_their_number() -> None:
    message = told("<html><link rel=feed href=/a><link rel=feed href=/b>")
    assert (
        message == f'{WEB_PAGE}; it announces 2 feeds: "aggregator add --list" with this address tells which.'
    )


def test_an_address_that_is_too_long_for_a_sentence_is_not_cut_but_left_out() -> None:
    message = told(f"<html><link rel=feed href=/{'a' * 1500}>")
    assert message == f'{WEB_PAGE}; it announces one: "aggregator add --list" with this address tells which.'


@pytest.mark.parametrize(
    "markup", ["<html>", '<html><a href="/feed">RSS</a>', f"<html><link rel=feed href='{URL}'>"]
)
def test_a_page_that_announces_nothing_is_called_a_web_page(markup: str) -> None:
    assert told(markup) == f"{WEB_PAGE}."


@pytest.mark.parametrize(
    ("body", "format_"),
    [
        ("<rss version='2.0'><channel><title>T</title></channel></rss>", "RSS"),
        (
            "<?xml version='1.0'?><!-- x --><feed xmlns='http://www.w3.org/2005/Atom'><title>T</title></feed>",
            "Atom",
        ),
        (f"<r:RDF xmlns:r='{RDF}'><channel><title>T</title></channel></r:RDF>", "RSS 1.0"),
        ('{"version": "https://jsonfeed.org/version/1.1", "title": "T", "items": []}', "JSON Feed"),
    ],
)
def test_a_feed_without_items_is_told_by_title_and_format(body: str, format_: str) -> None:
    assert examine(page(body)) == FeedSummary(title="T", format=format_, entries=0, newest=None)


def test_a_feed_is_told_with_the_number_of_its_items_and_the_latest_date() -> None:
    items = "".join(
        f"<item><pubDate>{day} Jan 2024 00:00:00 GMT</pubDate><title>x</title></item>" for day in (1, 3, 2)
    )
    found = examine(page(f"<rss><channel>{items}</channel></rss>"))
    assert isinstance(found, FeedSummary)
    assert (found.entries, found.newest) == (3, 1_704_240_000_000)


def test_a_page_is_told_with_its_feeds_and_a_broken_feed_as_unreadable() -> None:
    found = examine(page("<html><link rel=feed href=/a>"))
    assert found == NoFeed(message=f"{WEB_PAGE}.", feeds=(FoundFeed(url="https://example.org/a"),))
    assert isinstance(examine(page("")), Unreadable)
