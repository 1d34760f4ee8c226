from __future__ import annotations

from contextlib import closing

import pytest

from aggregator.ingest.opml import DEEPEST, MOST_FEEDS, FeedList, read_opml
from aggregator.ingest.workers import ParsePool
from aggregator.model import Fetched, ListedSource, Outcome, Unreadable

URL = "https://lists.example/mine/feeds.opml"


def document(body: str | bytes, *, content_type: str | None = None, url: str = URL) -> Fetched:
    content = body.encode() if isinstance(body, str) else body
    return Fetched(status=200, url=url, content_type=content_type, body=content, validators=None)


def read(body: str | bytes, *, content_type: str | None = None, url: str = URL) -> FeedList:
    found = read_opml(document(body, content_type=content_type, url=url))
    assert isinstance(found, FeedList), found
    return found


def refused(body: str | bytes) -> Unreadable:
    found = read_opml(document(body))
    assert isinstance(found, Unreadable), found
    return found


def feeds(outlines: str) -> list[tuple[str, str, tuple[str, ...]]]:
    found = read(f'<opml version="2.0"><body>{outlines}</body></opml>')
    assert found.problem is None
    return [(feed.name, feed.url, feed.tags) for feed in found.feeds]


def test_a_list_is_read_with_its_title() -> None:
    found = read(
        '<?xml version="1.0"?>\n<opml version="1.0"><head><title>My\nfeeds</title></head><body>'
        '<outline text="BBC" title="BBC News" type="rss" xmlUrl="https://bbc.example/rss"/></body></opml>'
    )
    assert found == FeedList(
        title="My feeds", feeds=(ListedSource(name="BBC", url="https://bbc.example/rss"),)
    )


@pytest.mark.parametrize("name", ["xmlUrl", "xmlurl", "XMLURL", "rssUrl", "feedurl"])
def test_attributes_are_known_in_any_case(name: str) -> None:
    assert feeds(f'<OUTLINE TITLE="a" {name}="http://a.example/"/>') == [("a", "http://a.example/", ())]


@pytest.mark.parametrize("kind", ["rss", "atom", "RSS1", "pie", "podcast", ""])
def test_a_feed_may_be_of_any_type(kind: str) -> None:
    assert feeds(f'<outline type="{kind}" xmlUrl="http://a.example/"/>') == [("", "http://a.example/", ())]


def test_a_feed_may_have_its_address_where_links_have_it() -> None:
    assert feeds('<outline type="rss" text="a" url="http://a.example/"/>') == [("a", "http://a.example/", ())]
    assert feeds('<outline type="link" text="a" url="http://a.example/"/>') == []


def test_folders_and_categories_become_tags_the_outermost_folder_first() -> None:
    outlines = (
        '<outline text=" World  news "><outline title="日本"><outline xmlUrl="http://a.example/" text="a"'
        ' category="/Boston/Weather, C++,日本"/></outline>'
        '<outline text="b" xmlUrl="http://b.example/"/></outline><outline text="c" xmlUrl="http://c.example/"/>'
    )
    assert feeds(outlines) == [
        ("a", "http://a.example/", ("World news", "日本", "Boston", "Weather", "C++")),
        ("b", "http://b.example/", ("World news",)),
        ("c", "http://c.example/", ()),
    ]


def test_a_feed_is_no_folder_and_neither_is_a_folder_without_a_name() -> None:
    outlines = (
        '<outline text="a" xmlUrl="http://a.example/"><outline><outline text="b" xmlUrl="http://b.example/"/>'
        "</outline></outline>"
    )
    assert feeds(outlines) == [("a", "http://a.example/", ()), ("b", "http://b.example/", ())]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("feed://a.example/x", "http://a.example/x"),
        ("feed:https://a.example/x", "https://a.example/x"),
        ("feed://https://a.example/x", "https://a.example/x"),
        ("FEED:http://a.example/x", "http://a.example/x"),
        ("itpc://a.example/x", "http://a.example/x"),
        ("  https://a.example/a b\n", "https://a.example/a%20b"),
        ("../x.xml", "https://lists.example/x.xml"),
        ("//a.example/x", "https://a.example/x"),
        ("javascript:alert(1)", "javascript:alert(1)"),
    ],
)
def test_addresses_become_what_is_asked(said: str, meant: str) -> None:
    assert [url for _, url, _ in feeds(f'<outline xmlUrl="{said}"/>')] == [meant]


def test_relative_addresses_of_a_file_stay_as_they_are() -> None:
    (feed,) = read('<opml><body><outline xmlUrl="x.xml"/></body></opml>', url="").feeds
    assert feed.url == "x.xml"


def test_lists_within_a_list_are_counted() -> None:
    found = read(
        '<opml><body><outline type="include" text="a" url="http://a.example/x"/>'
        '<outline type="link" text="b" url="http://b.example/b.opml?c"/></body></opml>'
    )
    assert (found.includes, found.feeds) == (2, ())


LATIN = '<?xml version="1.0" encoding="ISO-8859-1"?>'
ACCENT = '<opml><body><outline text="é" xmlUrl="x"/></body></opml>'


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ((LATIN + ACCENT).encode("latin-1"), None),
        ((LATIN + ACCENT).encode(), None),
        (ACCENT.encode("utf-16"), None),
        (f"\ufeff{ACCENT}".encode(), "text/xml; charset=us-ascii"),
    ],
)
def test_any_encoding_is_read_even_one_declared_wrongly(body: bytes, content_type: str | None) -> None:
    assert [feed.name for feed in read(body, content_type=content_type).feeds] == ["é"]


@pytest.mark.parametrize(
    "outlines",
    [
        '<outline text="AT&T <b>" xmlUrl="http://a.example/?a=1&copy=2">',
        "<outline text='AT&amp;T &lt;b>' xmlUrl=http://a.example/?a=1&amp;copy=2 /></outline></x>",
        '<title><outline text="AT&T <b>" text="x" xmlUrl="http://a.example/?a=1&copy=2"/',
    ],
)
def test_an_ill_formed_list_is_read_as_far_as_possible(outlines: str) -> None:
    whole = '<outline text="w" xmlUrl="http://w.example/"/>'
    found = read(f"<opml><body>{whole}{outlines}{'' if outlines.endswith('/') else whole}</body></opml>")
    assert ("w", "http://w.example/") in [(feed.name, feed.url) for feed in found.feeds]
    assert "ill-formed XML, read as far as possible: line 1: " in (found.problem or "")
    if not outlines.endswith("/"):
        assert [(feed.name, feed.url) for feed in found.feeds][1] == (
            "AT&T <b>",
            "http://a.example/?a=1&copy=2",
        )


def test_a_list_that_is_cut_off_keeps_what_came() -> None:
    found = read('<opml><body><outline text="a" xmlUrl="http://a.example/"/><outline text="b" xmlU')
    assert [feed.name for feed in found.feeds] == ["a"]
    assert found.problem


def test_no_entity_grows_and_none_is_fetched() -> None:
    bomb = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 20))
    found = read(
        f'<!DOCTYPE opml [<!ENTITY e0 "ha"><!ENTITY x SYSTEM "file:///etc/hostname">{bomb}]>'
        '<opml><body><outline text="[&e19;&x;]" xmlUrl="http://a.example/"/></body></opml>'
    )
    assert [feed.name for feed in found.feeds] == ["[&e19;&x;]"]


def test_short_entities_are_understood() -> None:
    found = read(
        '<!DOCTYPE opml [<!ENTITY co "A B">]><opml><body><outline text="&co;" xmlUrl="x"/></body></opml>'
    )
    assert [feed.name for feed in found.feeds] == ["A B"]


def test_folders_beyond_a_depth_are_read_as_if_they_were_not_there() -> None:
    deep = "".join(f'<outline text="{n}">' for n in range(5000))
    found = read(
        f'<opml><body>{deep}<outline text="a" xmlUrl="x"/>{"</outline>" * 5000}'
        '<outline text="b" xmlUrl="y"/></body></opml>'
    )
    assert [(feed.name, len(feed.tags)) for feed in found.feeds] == [("a", DEEPEST), ("b", 0)]


def test_what_is_beyond_any_list_is_left_out_and_told() -> None:
    many = '<outline text="a" xmlUrl="x"/>' * (MOST_FEEDS + 1)
    found = read(f"<opml><body>{many}</body></opml>")
    assert len(found.feeds) == MOST_FEEDS
    assert found.problem == f"1 feeds beyond the first {MOST_FEEDS} were left out."


@pytest.mark.parametrize(
    ("body", "outcome", "said"),
    [
        ("<!DOCTYPE html><html><body>x</body></html>", Outcome.NOT_A_FEED, "a web page"),
        ('<rss version="2.0"><channel/></rss>', Outcome.NOT_A_FEED, "a feed"),
        ("<urlset/>", Outcome.NOT_A_FEED, "XML that begins with <urlset>"),
        ("hello", Outcome.UNPARSEABLE, "no XML"),
        ("", Outcome.UNPARSEABLE, "no XML"),
        ("<opml><", Outcome.UNPARSEABLE, "cannot be parsed: line 1: "),
    ],
)
def test_what_is_no_list_says_what_it_is(body: str, outcome: Outcome, said: str) -> None:
    found = refused(body)
    assert found.outcome is outcome
    assert said in found.message


def test_an_empty_list_is_a_list() -> None:
    assert read("<opml><body/></opml>") == FeedList(feeds=())


def test_a_list_that_takes_a_parser_forever_is_given_up() -> None:
    body = '<opml><body><outline text="' + '<outline "' * 100_000
    with closing(ParsePool(workers=1, timeout=700, memory=192 << 20)) as readers:
        found = readers.run(read_opml, document(body))
    assert isinstance(found, Unreadable)
