from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.ingest import parsers
from aggregator.ingest.parse import parse_xml
from aggregator.model import Outcome, ParsedFeed, Unreadable

FEEDS = Path(__file__).parent.parent / "data" / "feeds"
URL = "https://feeds.example.org/feed.xml"


def parse(body: bytes | str, content_type: str | None = "application/xml") -> ParsedFeed:
    feed = parse_xml(body.encode() if isinstance(body, str) else body, content_type=content_type, url=URL)
    assert isinstance(feed, ParsedFeed), feed
    return feed


def assert_says(actual: Any, expected: Any, where: str = "feed") -> None:
    """Check what a fixture expects: only the fields that it names."""
    if isinstance(expected, dict):
        for key, value in expected.items():
            assert_says(getattr(actual, key), value, f"{where}.{key}")
    elif isinstance(expected, list):
        assert len(actual) == len(expected), f"{where}: {actual}"
        for index, value in enumerate(expected):
            assert_says(actual[index], value, f"{where}[{index}]")
    else:
        assert actual == expected, where


@pytest.mark.parametrize("fixture", sorted(FEEDS.glob("*.xml")), ids=lambda path: path.stem)
def test_each_quirk_is_read_as_its_fixture_says(fixture: Path) -> None:
    body = fixture.read_bytes()
    comment = body.decode().partition("-->")[0]
    assert_says(parse(body), json.loads(comment.partition("Expect:")[2]))


RSS = '<rss version="2.0"><channel><title>見出し</title><item><title>t</title></item></channel></rss>'


def test_a_web_page_is_not_a_feed() -> None:
    for page in (
        "<!DOCTYPE html><html><head><title>x</title></head></html>",
        "\n<HTML><body><rss></rss></body></HTML>",
    ):
        answer = parse_xml(page.encode(), content_type="text/html", url=URL)
        assert isinstance(answer, Unreadable)
        assert answer.outcome is Outcome.NOT_A_FEED
        assert "web page" in answer.message


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ("<opml version='2.0'/>", "OPML"),
        ("<urlset/>", "sitemap"),
        ("<Response><Error/></Response>", "<response>"),
    ],
)
def test_xml_that_is_no_feed_is_named(document: str, named: str) -> None:
    answer = parse_xml(document.encode(), content_type="text/xml", url=URL)
    assert isinstance(answer, Unreadable)
    assert answer.outcome is Outcome.NOT_A_FEED
    assert named in answer.message


@pytest.mark.parametrize("garbage", [b"no tags at all", b"\xff\xfe\xfa", b"<<<<", b"<rss", b"<!-- only -->"])
def test_garbage_is_unparseable(garbage: bytes) -> None:
    answer = parse_xml(garbage, content_type=None, url=URL)
    assert isinstance(answer, Unreadable)
    assert answer.outcome is Outcome.UNPARSEABLE


def test_white_space_and_a_mark_before_the_declaration_are_no_fault() -> None:
    feed = parse("\ufeff\n  <?xml version='1.0' encoding='UTF-8'?>" + RSS)
    assert feed.title == "見出し"
    assert feed.problem is None


def test_xml_1_1_is_read() -> None:
    assert parse('<?xml version="1.1"?>' + RSS).title == "見出し"


def test_nuls_and_controls_are_dropped() -> None:
    feed = parse(RSS.replace("<title>t", "<title>a\x00b\x1b\x08c"))
    assert feed.entries[0].title == "abc"
    assert feed.problem is not None


def test_a_problem_names_the_line_of_the_document() -> None:
    feed = parse("<?xml version='1.0'?>\n<!-- a\nb -->\n<rss><channel>\n<title>a & b</title></channel></rss>")
    assert feed.title == "a & b"
    assert "line 5" in (feed.problem or "")


def test_a_wrong_encoding_is_a_problem_that_is_named() -> None:
    feed = parse('<?xml version="1.0" encoding="shift_jis"?>' + RSS)
    assert feed.title == "見出し"
    assert feed.problem == "It is said to be encoded in cp932, but is in utf-8."


EXTENSIONS = """<rss version="2.0" xmlns:psc="http://podlove.org/simple-chapters"
xmlns:gml="http://www.opengis.net/gml" xmlns:georss="http://www.georss.org/georss"><channel><title>t</title>
<item><title>one</title><guid>1</guid>%s<description>text</description></item>
<item><title>two</title><description>more</description></item></channel></rss>"""


@pytest.mark.parametrize(
    "extension",
    [
        "<psc:chapters><psc:chapter/></psc:chapters>",
        "<gml:pos>1 2</gml:pos>",
        "<gml:posList>1 2 3 4</gml:posList>",
        "<georss:where><gml:Point srsName='EPSG:x'><gml:pos>1 2</gml:pos></gml:Point></georss:where>",
        "<georss:point>a b</georss:point>",
    ],
)
@pytest.mark.parametrize("fault", ["", "<x>&</x>"])
def test_an_odd_extension_spoils_neither_its_item_nor_the_next(extension: str, fault: str) -> None:
    feed = parse(EXTENSIONS % (extension + fault))
    assert [(item.title, item.summary) for item in feed.entries] == [("one", "text"), ("two", "more")]
    assert (feed.problem is None) == (not fault)


@pytest.mark.parametrize("where", ["_start_generator", "_end_generator"])
def test_an_element_that_cannot_be_understood_is_passed_over_and_named(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(*_: object) -> None:
        raise KeyError(where)

    monkeypatch.setattr(parsers._Readings, where, stumble, raising=False)
    body = """<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://a.example/"><title>t</title>
    <generator xml:base="https://b.example/">x</generator><entry><title>one</title><link href="1"/></entry>
    </feed>"""
    feed = parse(body)
    assert [(item.title, item.link) for item in feed.entries] == [("one", "https://a.example/1")]
    assert "<generator>" in (feed.problem or "")


@pytest.mark.parametrize("fault", ["", "<x>&</x>"])
def test_void_elements_of_xhtml_have_no_end_tag(fault: str) -> None:
    body = f"""<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><entry>{fault}<content type="xhtml">
    <div xmlns="http://www.w3.org/1999/xhtml"><p>a<br/>b<br></br>c<img src="i" alt="&gt;"/><i/></p></div>
    </content></entry></feed>"""
    (item,) = parse(body).entries
    assert item.content == '<p>a<br />b<br />c<img src="i" alt="&gt;" /><i></i></p>'


def test_a_24_kilobyte_author_is_read_at_once() -> None:
    author = "a@b." * 6_000
    feed = parse(f"<rss><channel><item><author>{author}</author></item></channel></rss>")
    assert feed.entries[0].authors == (author,)


def test_the_base_of_an_item_without_link_is_the_site_then_the_document() -> None:
    item = "<item><title>t</title></item>"
    with_site = parse(f"<rss><channel><link>https://example.org/</link>{item}</channel></rss>")
    without = parse(f"<rss><channel>{item}</channel></rss>")
    assert with_site.entries[0].base_url == "https://example.org/"
    assert without.entries[0].base_url == URL


HEAD = {
    "rss": '<rss version="2.0"><channel><title>見出し</title><link>https://example.org/</link>',
    "rdf": """<rdf:RDF xmlns="http://purl.org/rss/1.0/"
        xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
        <channel><title>見出し</title><link>https://example.org/</link></channel>""",
    "atom": '<feed xmlns="http://www.w3.org/2005/Atom"><title>見出し</title>',
    "prefixed": '<a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:title>見出し</a:title>',
}
ITEM = {
    "rss": """<item><title>題 &amp; %s</title><link>https://example.org/%s</link>
        <!-- </item> --><guid>%s</guid>
        <pubDate>Wed, 03 Apr 2024 01:46:32 GMT</pubDate><enclosure url="https://example.org/a?b" type="x/y"/>
        <description><![CDATA[<p>本文 <b>&amp;</b> </item><item>]]></description></item>""",
    "rdf": """<item rdf:about="https://example.org/%s"><title>題%s</title>
        <link>https://example.org/%s</link></item>""",
    "atom": """<entry><title type="html">題&lt;b></title><id>%s</id><link href="https://example.org/%s"/>
        <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>本文<br/>%s</p></div></content>
        <updated>2024-04-03T01:46:32Z</updated></entry>""",
    "prefixed": """<a:entry><a:title>題%s</a:title><a:id>%s</a:id>
        <a:link href='https://example.org/%s'/></a:entry>""",
}
TAIL = {"rss": "</channel></rss>", "rdf": "</rdf:RDF>", "atom": "</feed>", "prefixed": "</a:feed>"}


@pytest.mark.parametrize("kind", HEAD)
def test_wherever_a_document_is_cut_off_its_whole_items_stay_and_the_half_one_goes(kind: str) -> None:
    items = "\n".join(ITEM[kind] % (n, n, n) for n in ("one", "two"))
    body = (HEAD[kind] + items + "<!-- <item><title>no</title></item> -->" + TAIL[kind]).encode()
    whole = parse(body)
    assert whole.problem is None
    assert len(whole.entries) == 2
    counts = []
    for length in range(len(HEAD[kind].encode()), len(body)):
        feed = parse(body[:length], "text/xml; charset=iso-8859-1")
        assert feed.entries == whole.entries[: len(feed.entries)], body[:length]
        assert feed.whole is False
        counts.append(len(feed.entries))
    assert counts == sorted(counts)
    assert set(counts) == {0, 1, 2}


def test_a_character_that_is_cut_in_two_does_not_change_the_encoding_of_the_others() -> None:
    body = "<rss><channel><item><title>Größe</title></item><item><title>Grö".encode()[:-1]
    assert [item.title for item in parse(body, "text/xml; charset=iso-8859-1").entries] == ["Größe"]


CUT_ITEM = "The document ends in the middle of an item, which is left out until it is whole."


@pytest.mark.parametrize(
    "half",
    [
        "",
        "<title>tw",
        "<link>https://example.org/2</link><guid>https://exa",
        "<title>two</title><description><![CDATA[ </item> ",
        "<title>two</title><!-- </item> </rss>",
        "<title>two</title></item",
    ],
)
def test_an_item_that_the_document_ends_in_is_left_out_and_told_of(half: str) -> None:
    feed = parse(f"<rss><channel><item><title>one</title></item><item>{half}")
    assert [item.title for item in feed.entries] == ["one"]
    assert feed.whole is False
    assert (feed.problem or "").endswith(CUT_ITEM)


@pytest.mark.parametrize("end", ["", "</channel>", "</channel></rs", "<!-- <item><title>no</title></item>"])
def test_a_document_that_lacks_only_its_end_keeps_all_items_but_is_not_whole(end: str) -> None:
    feed = parse(f"<rss><channel><item><title>one</title></item>{end}")
    assert [item.title for item in feed.entries] == ["one"]
    assert feed.whole is False
    assert "cut short" in (feed.problem or "")


def test_an_item_that_its_source_never_ends_is_kept_in_a_document_that_ends() -> None:
    feed = parse("<rss><channel><item><title>one</title></channel></rss>")
    assert [item.title for item in feed.entries] == ["one"]
    assert feed.whole is True


def test_a_half_item_of_a_second_document_behind_the_first_is_left_out() -> None:
    feed = parse(RSS + RSS.partition("</item>")[0])
    assert [item.title for item in feed.entries] == ["t"]
    assert feed.whole is False


@pytest.mark.parametrize("other_fault", ["", "</x>", "<x>", "<?x"])
def test_a_bare_ampersand_stays_what_it_is_whatever_else_is_wrong(other_fault: str) -> None:
    feed = parse(
        f"<rss><channel><title>AT&T &eacute; &amp;</title><item><title>Q&A</title>"
        f"<link>https://example.org/?a=1&b=2&amp;c=3</link>"
        f"<description>R&D, &lt;b>x&amp;amp;y</description></item>{other_fault}</channel></rss>"
    )
    (item,) = feed.entries
    assert (feed.title, item.title, item.summary) == ("AT&T é &", "Q&A", "R&D, <b>x&amp;y")
    assert item.link == "https://example.org/?a=1&b=2&c=3"


XML_PIECES = st.sampled_from(
    ["<", ">", "&", "</", "/>", "<![CDATA[", "]]>", "<!--", "-->", "<item>", "</item>", "<title>", "</title>",
     "<link>", "<guid>", "<author>", "<description>", "<content type='xhtml'>", "<div>", "&#x110000;",
     "<!DOCTYPE x [", "]>", "<a:b>", ' xmlns="http://www.w3.org/2005/Atom"', 'xml:base="//["', "\x00",
     "\ud800", "&amp;",
     "<enclosure url='http://a/' length='x'/>", "<media:content/>", "<source>", "<image>", "<category/>"]
)  # fmt: skip


@settings(deadline=None)  # a busy machine is no fault
@given(
    root=st.sampled_from(["<rss>", "<feed>", "<rdf:RDF>", "<channel>", ""]),
    pieces=st.lists(st.one_of(XML_PIECES, st.text(max_size=10)), max_size=30),
)
def test_no_text_makes_it_raise(root: str, pieces: list[str]) -> None:
    body = (root + "".join(pieces)).encode("utf-8", "surrogatepass")
    parse_xml(body, content_type=None, url=URL)


@settings(deadline=None)  # a busy machine is no fault
@given(body=st.binary(max_size=200), content_type=st.one_of(st.none(), st.text(max_size=40)))
def test_no_bytes_make_it_raise(body: bytes, content_type: str | None) -> None:
    parse_xml(b"<rss><channel>" + body, content_type=content_type, url=URL)


def test_an_element_that_an_item_does_not_end_swallows_no_other_item() -> None:
    bad = "<item><title>Bad</title><description><b>bold</item>"
    good = "<item><title>Good</title><description>text</description></item>"

    feed = parse(f"<rss><channel>{good}{bad}{good}</channel></rss>")

    assert [entry.title for entry in feed.entries] == ["Good", "Bad", "Good"]
    assert feed.entries[2].summary == "text"


def test_all_dates_of_an_item_are_read_the_last_of_the_first_kind_first() -> None:
    dates = "<pubDate>one</pubDate><dc:date>dc</dc:date><pubDate>two</pubDate>"
    feed = parse(
        f'<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>'
        f"<item>{dates}</item></channel></rss>"
    )
    (entry,) = feed.entries
    assert (entry.published, *entry.further_dates) == ("two", "one", "dc")


@pytest.mark.parametrize("fault", ["", "&"])
def test_the_root_of_rss_1_0_tells_the_language(fault: str) -> None:
    names = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"'
    feed = parse(f'<rdf:RDF {names} xml:lang="ja"><channel><title>a{fault}b</title></channel></rdf:RDF>')
    assert feed.language == "ja"


def test_bases_within_bases_do_not_grow_without_bound() -> None:
    base = "a" * 1000 + "/"
    nested = f'<x xml:base="{base}">' * 20 + '<link href="p"/>' + "</x>" * 20
    feed = parse(f'<feed xmlns="http://www.w3.org/2005/Atom"><entry>{nested}</entry></feed>')
    assert feed.entries[0].link == URL.rpartition("/")[0] + "/" + base * 4 + "p"


def test_what_a_server_complains_of_before_the_document_is_passed_over() -> None:
    notice = "<br />\n<b>Notice</b>:  Undefined index in /var/www/feed.php\n"

    assert parse(notice + "<rss><channel><title>News</title></channel></rss>").title == "News"


def test_a_hundred_thousand_attributes_are_read_at_once() -> None:
    attributes = " ".join(f'a{number}=""' for number in range(100_000))
    categories = "<category>c</category>" + "".join(f"<category>{n}</category>" for n in range(10_000))
    item = f"<item><title>One</title>{categories}</item>"

    began = time.monotonic()
    assert parse(f"<rss><channel><x {attributes}/>{item}</channel></rss>").entries[0].title == "One"
    assert time.monotonic() - began < 20  # a second; without bounds, minutes
