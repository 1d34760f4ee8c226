"""What holds for every format; each is read back with the field's own readers."""

from __future__ import annotations

import calendar
import io
import json
import sys
from dataclasses import dataclass, replace
from typing import Any

import feedparser
import pytest
from lxml import etree

from aggregator.model import Enclosure, Entry, RawHtml, SourceRef
from aggregator.publish.feeds import FORMATS, render
from aggregator.publish.item import items_of
from tests.publish.entries import CHANNEL, PUBLISHED, SOURCE, an_entry

SECOND = SourceRef(name="Zweite Quelle", url="https://user:secret@two.example/feed", site_url=None)


@dataclass(frozen=True)
class ReadItem:
    """An item as a feed reader got it."""

    id: str
    title: str
    link: str | None
    content: str
    authors: list[str]
    tags: list[str]
    published: int
    updated: int
    enclosures: list[tuple[str, str]]


def seconds(moment: Any) -> int:
    return calendar.timegm(moment)


def read_xml(body: bytes) -> list[ReadItem]:
    etree.fromstring(body)  # strict: well-formed, or an error
    feed = feedparser.parse(
        io.BytesIO(body),
        response_headers={"content-type": "application/xml; charset=utf-8"},
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    assert not feed.bozo
    return [
        ReadItem(
            id=item.id,
            title=item.title,
            link=next((link.href for link in item.get("links", ()) if link.rel == "alternate"), None),
            content=item.content[0].value if "content" in item else "",
            authors=[author.name for author in item.get("authors", ())],
            tags=[tag.term for tag in item.get("tags", ())],
            published=seconds(item.published_parsed),
            updated=seconds(item.updated_parsed),
            enclosures=[(file.href, file.type) for file in item.get("enclosures", ())],
        )
        for item in feed.entries
    ]


def rfc3339_seconds(text: str) -> int:
    return seconds(feedparser.datetimes._parse_date_w3dtf(text))


def read_json(body: bytes) -> list[ReadItem]:
    return [
        ReadItem(
            id=item["id"],
            title=item["title"],
            link=item.get("url"),
            content=item.get("content_html", ""),
            authors=[author["name"] for author in item.get("authors", ())],
            tags=item.get("tags", []),
            published=rfc3339_seconds(item["date_published"]),
            updated=rfc3339_seconds(item["date_modified"]),
            enclosures=[(file["url"], file["mime_type"]) for file in item.get("attachments", ())],
        )
        for item in json.loads(body)["items"]
    ]


READERS = {"rss": read_xml, "atom": read_xml, "json": read_json}
every_format = pytest.mark.parametrize("form", FORMATS)

OWN_URI = "urn:uuid:6d697f67-f5a2-5d31-be28-c8add3d694fe"
"""What is made for an entry without a name of its own."""


def published(form: str, *entries: Entry) -> list[ReadItem]:
    return READERS[form](render(form, CHANNEL, items_of(entries)).body)


@every_format
def test_a_reader_gets_everything_back(form: str) -> None:
    [item] = published(form, an_entry())
    assert item == ReadItem(
        id=item.id,
        title="A new fab — 新しい工場 & 新厂房",
        link="https://chips.example/2024/new-fab",
        content="<p>The <b>fab</b> opens today. 工場は今日開きます。</p><p>新厂房今天启用。 "
        '<a href="https://chips.example/plan" rel="noopener noreferrer">plan</a> '
        '<img src="https://chips.example/fab.jpg" alt="fab"></p>',
        authors=["Ada Example", "例 花子"],
        tags=["chips", "半導体", "C++", "中参馆"],
        published=PUBLISHED // 1000,
        updated=PUBLISHED // 1000 + 3600,
        enclosures=[("https://chips.example/fab.mp3", "audio/mpeg")],
    )


@every_format
def test_items_keep_the_order_of_the_entries(form: str) -> None:
    items = published(form, *(an_entry(id=n, title=f"t{n}") for n in (3, 1, 2)))
    assert [item.title for item in items] == ["t3", "t1", "t2"]


def test_an_id_is_the_same_in_every_format_whatever_else_the_source_changes() -> None:
    ids = {
        published(form, entry)[0].id
        for form in FORMATS
        for entry in (an_entry(), an_entry(url="https://new.example/", title="New", sources=(SECOND,)))
    }
    assert ids == {OWN_URI}, "readers would show every entry again"


@every_format
def test_a_guid_that_is_a_uri_of_its_own_is_the_id(form: str) -> None:
    uri = "https://example.org/?p=123&a=%E4%B8%AD"
    (item,) = published(form, an_entry(guid=uri, uri=uri))
    assert item.id == uri


@pytest.mark.parametrize(
    ("name", "in_atom"),
    [
        ("yt:video:dQw4w9WgXcQ", "yt:video:dQw4w9WgXcQ"),
        ("https://例え.example/記事/1#a", "https://例え.example/記事/1#a"),
        ("60A76C80-D399-11D9-B93C-0003939E0AF6", "urn:uuid:60a76c80-d399-11d9-b93c-0003939e0af6"),
        ("jp-0", OWN_URI),
        ('<a href="x">日本 & \'</a>', OWN_URI),
    ],
)
def test_a_name_that_is_no_uri_is_the_id_where_it_can_be_one(name: str, in_atom: str) -> None:
    ids = {form: published(form, an_entry(guid=name, uri=name))[0].id for form in FORMATS}
    assert ids == {"rss": name, "json": name, "atom": in_atom}


@every_format
def test_entries_of_one_guid_have_different_ids(form: str) -> None:
    items = published(form, an_entry(id=1, guid="1"), an_entry(id=2, guid="1", sources=(SECOND,)))
    assert len({item.id for item in items}) == 2


@every_format
@pytest.mark.parametrize(
    ("changes", "title"),
    [
        ({"title": " \n"}, "工場ができました。"),
        (
            {"title": "", "summary": None, "content_html": RawHtml("<p>" + "word " * 50)},
            "word " * 14 + "word…",
        ),
        ({"title": "", "summary": None, "content_html": None}, "https://chips.example/2024/new-fab"),
        ({"title": "", "summary": None, "content_html": None, "url": None}, "Untitled"),
    ],
)
def test_an_item_without_a_title_is_given_one(form: str, changes: dict[str, Any], title: str) -> None:
    assert published(form, an_entry(**changes))[0].title == title


@every_format
def test_an_item_is_never_updated_before_it_was_published(form: str) -> None:
    [item] = published(form, an_entry(updated=PUBLISHED - 5000))
    assert item.updated == item.published == PUBLISHED // 1000


@every_format
def test_an_undated_entry_is_dated_by_its_id(form: str) -> None:
    assert published(form, an_entry(id=PUBLISHED - 60_000, published=None, updated=None))[0].published == (
        PUBLISHED // 1000 - 60
    )


@every_format
def test_the_same_entries_give_the_same_bytes_and_etag(form: str) -> None:
    first, second = (render(form, CHANNEL, items_of([an_entry(), an_entry(id=2)])) for _ in range(2))
    assert first == second
    other = render(form, CHANNEL, items_of([an_entry(title="edited"), an_entry(id=2)]))
    assert other.etag != first.etag
    assert first.etag.startswith('"')
    assert first.etag.endswith('"')


@every_format
def test_last_modified_is_the_newest_change(form: str) -> None:
    entries = [an_entry(id=1, changed=5_000), an_entry(id=2, changed=9_000), an_entry(id=3, changed=7_000)]
    assert render(form, CHANNEL, items_of(entries)).last_modified == 9_000
    assert render(form, CHANNEL, []).last_modified == 0


@every_format
def test_a_feed_without_entries_is_a_feed(form: str) -> None:
    assert published(form) == []


@every_format
def test_credentials_of_a_source_are_not_published(form: str) -> None:
    body = render(form, CHANNEL, items_of([an_entry(sources=(SECOND, SECOND), base_url=SECOND.url)])).body
    assert b"two.example" in body
    assert b"secret" not in body


@every_format
@pytest.mark.parametrize("name", ["token", "api_key", "key", "sig", "password"])
def test_a_secret_in_a_sources_query_is_not_published(form: str, name: str) -> None:
    sources = tuple(
        SourceRef(name=host, url=f"https://{host}.example/feed?{name}=s3cr3t", site_url=None)
        for host in ("one", "two")
    )
    body = render(form, CHANNEL, items_of([an_entry(sources=sources)])).body
    assert b"https://one.example/feed" in body
    assert b"https://two.example/feed" in body, "a via link"
    assert b"s3cr3t" not in body


@every_format
def test_a_harmless_query_of_a_source_is_published(form: str) -> None:
    sources = tuple(replace(SOURCE, url=f"https://{host}.example/?feed=rss2") for host in ("one", "two"))
    body = render(form, CHANNEL, items_of([an_entry(sources=sources)])).body
    assert b"https://one.example/?feed=rss2" in body
    assert b"https://two.example/?feed=rss2" in body


@every_format
@pytest.mark.parametrize(
    ("changes", "updated"),
    [
        ({"updated": PUBLISHED + 900_000_000}, 3_700),
        ({"updated": PUBLISHED + 60_000}, 60),
        ({"updated": None}, 0),
        ({"updated": None, "edited": PUBLISHED + 90_000}, 90),
        ({"updated": PUBLISHED + 60_000, "edited": PUBLISHED + 90_000}, 90),
        ({"updated": PUBLISHED + 120_000, "edited": PUBLISHED + 90_000}, 120),
        ({"updated": PUBLISHED - 60_000, "edited": PUBLISHED - 90_000}, 0),
        ({"updated": PUBLISHED + 60_000, "changed": PUBLISHED - 60_000}, 0),
    ],
)
def test_an_item_is_updated_by_what_its_source_could_say_and_by_edits_that_were_seen(
    form: str, changes: dict[str, Any], updated: int
) -> None:
    (item,) = published(form, an_entry(**changes))
    assert item.updated - PUBLISHED // 1000 == updated


@every_format
def test_files_get_a_type_and_valid_addresses(form: str) -> None:
    files = (
        Enclosure(url="https://a.example/a b.mp4", type="nonsense", length=-4),
        Enclosure(url="javascript:x", type="audio/mpeg"),
        Enclosure(url="https://a.example/x", type=None),
    )
    [item] = published(form, an_entry(enclosures=files))
    expected = [
        ("https://a.example/a%20b.mp4", "video/mp4"),
        ("https://a.example/x", "application/octet-stream"),
    ]
    assert item.enclosures == (expected[:1] if form == "rss" else expected), "RSS has one enclosure per item"


@every_format
def test_an_entry_that_cannot_be_rendered_leaves_its_neighbours(
    form: str, caplog: pytest.LogCaptureFixture
) -> None:
    broken = replace(an_entry(id=2), enclosures=(None,))  # type: ignore[arg-type]  # that is what is broken
    items = published(form, an_entry(id=1, title="a"), broken, an_entry(id=3, title="c"))
    assert [item.title for item in items] == ["a", "c"]
    assert "entry 2 " in caplog.text


@pytest.mark.parametrize("form", ["rss", "atom"])
def test_writing_a_feed_leaves_the_process_locale_alone(form: str) -> None:
    called: set[str] = set()
    sys.setprofile(lambda frame, *_: called.add(frame.f_code.co_name))
    try:
        render(form, CHANNEL, items_of([an_entry()]))
    finally:
        sys.setprofile(None)
    assert "to_item" in called
    assert "setlocale" not in called, "other threads write dates in this locale too"


@every_format
def test_a_channel_of_poor_texts_is_still_a_feed(form: str) -> None:
    poor = replace(CHANNEL, title="\0", description="", language="not a language")
    assert READERS[form](render(form, poor, items_of([an_entry()])).body)


def test_the_source_is_named_in_every_format() -> None:
    entry = an_entry(sources=(SOURCE, SECOND))
    item = etree.fromstring(render("rss", CHANNEL, items_of([entry])).body).find("channel/item")
    assert item is not None
    source = item.find("source")
    assert source is not None
    assert (source.get("url"), source.text) == (SOURCE.url, SOURCE.name)
    via = item.find("{http://www.w3.org/2005/Atom}link[@rel='via']")
    assert via is not None
    assert via.get("title") == SECOND.name

    atom = feedparser.parse(io.BytesIO(render("atom", CHANNEL, items_of([entry])).body)).entries[0]
    assert (atom.source.id, atom.source.title) == (SOURCE.url, SOURCE.name)
    assert {link.rel: link.href for link in atom.source.links} == {
        "self": SOURCE.url,
        "alternate": SOURCE.site_url,
    }
    assert [link.title for link in atom.links if link.rel == "via"] == [SECOND.name]

    record = json.loads(render("json", CHANNEL, items_of([entry])).body)["items"][0]
    assert [source["name"] for source in record["_aggregator"]["sources"]] == [SOURCE.name, SECOND.name]
