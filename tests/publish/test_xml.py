from __future__ import annotations

from html import escape
from typing import Any

import pytest
from lxml import etree

from aggregator.model import Enclosure, Entry, RawHtml
from aggregator.publish.html import plain_text, sanitize
from aggregator.publish.item import items_of
from aggregator.publish.xml import atom, rss
from tests.publish.entries import CHANNEL, an_entry

ATOM = "{http://www.w3.org/2005/Atom}"


def channel(*entries: Entry) -> etree._Element:
    element = etree.fromstring(rss(CHANNEL, items_of(entries))).find("channel")
    assert element is not None
    return element


def test_both_start_with_an_xml_declaration_in_utf8() -> None:
    for document in (rss(CHANNEL, []), atom(CHANNEL, [])):
        assert document.startswith(b"<?xml version='1.0' encoding='UTF-8'?>")


def test_the_head_of_rss_says_what_it_is_and_where() -> None:
    head = channel(an_entry(changed=1_712_108_792_000))
    assert head.findtext("title") == CHANNEL.title
    assert head.findtext("link") == CHANNEL.home_url
    assert head.findtext("description") == CHANNEL.description
    assert head.findtext("language") == "en"
    assert head.findtext("lastBuildDate") == "Wed, 03 Apr 2024 01:46:32 GMT"
    assert head.findtext("generator") == "aggregator"
    assert [
        (link.get("rel"), link.get("href"), link.get("type")) for link in head.findall(f"{ATOM}link")
    ] == [("self", CHANNEL.self_url, "application/rss+xml")]


def test_rss_without_entries_has_no_build_date() -> None:
    assert channel().find("lastBuildDate") is None


def test_the_head_of_atom_says_what_it_is_and_where() -> None:
    feed = etree.fromstring(atom(CHANNEL, items_of([an_entry(changed=1_712_108_792_000)])))
    assert feed.findtext(f"{ATOM}id") == CHANNEL.id
    assert feed.findtext(f"{ATOM}title") == CHANNEL.title
    assert feed.findtext(f"{ATOM}updated") == "2024-04-03T01:46:32Z"
    assert feed.findtext(f"{ATOM}author/{ATOM}name") == CHANNEL.title
    assert feed.get("{http://www.w3.org/XML/1998/namespace}lang") == "en"
    assert {link.get("rel"): link.get("href") for link in feed.findall(f"{ATOM}link")} == {
        "self": CHANNEL.self_url,
        "alternate": CHANNEL.home_url,
    }


def test_atom_without_entries_has_a_constant_date() -> None:
    assert etree.fromstring(atom(CHANNEL, [])).findtext(f"{ATOM}updated") == "1970-01-01T00:00:00Z"


def test_an_rss_guid_is_no_address() -> None:
    guid = channel(an_entry()).find("item/guid")
    assert guid is not None
    assert guid.get("isPermaLink") == "false"


def test_rss_describes_by_the_summary_and_else_by_the_beginning_of_the_text() -> None:
    assert channel(an_entry()).findtext("item/description") == "<p>工場ができました。</p>"
    assert (channel(an_entry(summary=None)).findtext("item/description") or "").startswith("The fab opens")


TEXT = "How to write <script>alert(1)</script> and 1 < 2 & List<T>"


@pytest.mark.parametrize(
    "changes",
    [
        {"summary": None, "content_html": RawHtml(f"<p>{escape(TEXT)}</p>")},
        {"summary": None, "content_html": None, "title": TEXT},
    ],
    ids=["excerpt", "title"],
)
def test_text_in_an_rss_description_is_text_to_who_reads_it_as_html(changes: dict[str, Any]) -> None:
    description = channel(an_entry(**changes)).findtext("item/description")
    shown = sanitize(RawHtml(description or ""), "")
    assert plain_text(shown) == TEXT
    assert "<" not in shown


@pytest.mark.parametrize("summary", [None, an_entry().content_html])
def test_atom_has_no_summary_that_repeats_the_content(summary: str | None) -> None:
    assert (
        etree.fromstring(atom(CHANNEL, items_of([an_entry(summary=summary)]))).find(f".//{ATOM}summary")
        is None
    )


def test_rss_gives_every_file_of_an_item_with_several() -> None:
    files = tuple(Enclosure(url=f"https://a.example/{n}.mp3", length=n or None) for n in range(2))
    item = channel(an_entry(enclosures=files)).find("item")
    assert item is not None
    assert [(file.get("url"), file.get("length")) for file in item.findall("enclosure")] == [
        (files[0].url, "0")
    ]
    media = item.findall("{http://search.yahoo.com/mrss/}content")
    assert [(file.get("url"), file.get("fileSize")) for file in media] == [
        (files[0].url, None),
        (files[1].url, "1"),
    ]


def test_atom_links_files_with_type_and_length() -> None:
    link = etree.fromstring(atom(CHANNEL, items_of([an_entry()]))).find(f".//{ATOM}link[@rel='enclosure']")
    assert link is not None
    assert dict(link.items()) == {
        "rel": "enclosure",
        "href": "https://chips.example/fab.mp3",
        "type": "audio/mpeg",
        "length": "12345",
    }


def test_the_source_is_the_author_of_an_atom_entry_that_names_none() -> None:
    entry = etree.fromstring(atom(CHANNEL, items_of([an_entry(authors=())]))).find(f"{ATOM}entry")
    assert entry is not None
    assert entry.find(f"{ATOM}author") is None
    assert entry.findtext(f"{ATOM}source/{ATOM}author/{ATOM}name") == "半導体だより"


def test_an_item_says_its_own_language() -> None:
    entry = etree.fromstring(atom(CHANNEL, items_of([an_entry()]))).find(f"{ATOM}entry")
    assert entry is not None
    assert entry.get("{http://www.w3.org/XML/1998/namespace}lang") == "ja"
    assert channel(an_entry()).findtext("item/{http://purl.org/dc/elements/1.1/}language") == "ja"
