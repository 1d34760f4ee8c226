from __future__ import annotations

from lxml import etree

from aggregator.publish.opml import Outline, opml

CHIPS = Outline(
    title="Chips & 半導体\0",
    xml_url="https://reader.example/tags/半導体.rss",
    html_url="https://reader.example/",
    description="About chips",
    category="tags",
)


def test_every_feed_is_an_outline_that_readers_import() -> None:
    root = etree.fromstring(opml("My <feeds>", [CHIPS]))
    assert (root.tag, root.get("version")) == ("opml", "2.0")
    assert root.findtext("head/title") == "My <feeds>"
    assert [dict(outline.attrib) for outline in root.iterfind("body/outline")] == [
        {
            "type": "rss",
            "text": "Chips & 半導体",
            "title": "Chips & 半導体",
            "xmlUrl": "https://reader.example/tags/%E5%8D%8A%E5%B0%8E%E4%BD%93.rss",
            "htmlUrl": "https://reader.example/",
            "description": "About chips",
            "category": "tags",
        }
    ]


def test_outlines_keep_their_order_and_the_bytes_never_change() -> None:
    feeds = [
        Outline(title=name, xml_url=f"https://a.example/{name}", html_url="") for name in ("b", "a", "c")
    ]
    document = opml("x", feeds)
    assert [outline.get("text") for outline in etree.fromstring(document).iter("outline")] == ["b", "a", "c"]
    assert document == opml("x", feeds)


def test_a_feed_without_an_address_is_left_out() -> None:
    document = opml("x", [Outline(title="a", xml_url="nonsense", html_url="")])
    assert etree.fromstring(document).find("body/outline") is None
