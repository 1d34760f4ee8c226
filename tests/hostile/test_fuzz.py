"""Real documents, damaged at random: whatever comes of them can be stored and published."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from aggregator.ingest.dates import parse_instant
from aggregator.ingest.decode import decode
from aggregator.ingest.normalize import normalize
from aggregator.ingest.read import read_document
from aggregator.ingest.urls import canonical
from aggregator.model import (
    Channel,
    Enclosure,
    EntryDraft,
    EntryQuery,
    Fetched,
    Outcome,
    ParsedEntry,
    ParsedFeed,
    PollCommit,
    PollReport,
    RawHtml,
    ReadFeed,
    Reading,
    Source,
    SourceState,
    StoryPolicy,
    TaggedDraft,
    Unreadable,
)
from aggregator.protocols import Store
from aggregator.publish.feeds import render
from aggregator.publish.item import items_of
from aggregator.store import open_store

URL = "https://news.example/feed"
NOW = 1_800_000_000_000
SOURCE = Source(name="A", url=URL, tags=("fuzz",))
CHANNEL = Channel(id=URL, title="A", description="", home_url=URL, self_url=URL)
ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
LARGEST = 20_000
"""Bytes of a damaged document."""

JSON_FEED = b"""{"version": "https://jsonfeed.org/version/1.1", "title": "J", "language": "ja", "items": [
{"id": "1", "url": "https://news.example/1", "title": "One", "content_html": "<p>&amp; x</p>",
"tags": ["a", "b"], "date_published": "2024-04-03T01:46:32Z", "authors": [{"name": "A"}],
"attachments": [{"url": "/a.mp3",
"mime_type": "audio/mpeg", "size_in_bytes": 5}]}, {"id": 2, "content_text": "\\u4e2d \\ud83c\\udf89"}]}"""
DOCUMENTS = [
    *(path.read_bytes() for path in sorted((Path(__file__).parent.parent / "data/feeds").glob("*.xml"))),
    JSON_FEED,
]

PIECES = st.sampled_from(
    [
        *(
            b"\0",
            b"\x1b[2J",
            b"\x80",
            b"\xff\xfe",
            b"\xed\xa0\x80",
            b"\xef\xbf\xbe",
            "\u202e中🎉".encode(),
            b"\r",
        ),
        *(
            b"<",
            b">",
            b"&",
            b'"',
            b"]]>",
            b"<![CDATA[",
            b"<!--",
            b"-->",
            b"<?xml version='1.0'?>",
            b"<!DOCTYPE rss [",
        ),
        *(
            b"&#xD800;",
            b"&#x110000;",
            b"&#0;",
            b"&nbsp;",
            b"&x;",
            b"&amp;",
            b"<!ENTITY x '&y;'>",
            b"\\ud800",
            b"\\u0000",
        ),
        *(
            b"<item>",
            b"</item>",
            b"<entry>",
            b"</entry>",
            b"</channel>",
            b"<title>",
            b"<link>",
            b"</rss>",
            b"{",
            b"]",
        ),
        *(
            b"<guid>",
            b"<pubDate>",
            b"xml:base='http://['",
            b"http://[::1",
            b"javascript:",
            b"9" * 40,
            b"-1",
            b"NaN",
        ),
        *(
            b"Fri, 31 Feb 9999 99:99:99 XYZ",
            b"<enclosure url='x' length='-9e9'/>",
            b"encoding='utf-16'",
            b"<a:b>",
        ),
    ]
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A document after some damage: bytes changed, cut, put in, repeated, or taken from another one."""
    body = bytearray(draw(st.sampled_from(DOCUMENTS)))
    for _ in range(draw(st.integers(1, 8))):
        start = draw(st.integers(0, max(0, len(body) - 1)))
        end = min(len(body), start + draw(st.integers(0, 200)))
        match draw(st.integers(0, 6)):
            case 0:
                body[start : start + 1] = bytes([draw(st.integers(0, 255))])
            case 1:
                del body[start:end]
            case 2:
                body[start:start] = draw(PIECES)
            case 3:
                body[start:end] = body[start:end] * draw(st.integers(2, 50))
            case 4:
                other = draw(st.sampled_from(DOCUMENTS))
                at = draw(st.integers(0, len(other) - 1))
                body[start:end] = other[at : at + draw(st.integers(1, 500))]
            case 5:
                body[start:start] = draw(st.binary(max_size=20))
            case _:
                del body[end:]
        del body[LARGEST:]
    return bytes(body)


def fetched(body: bytes, content_type: str | None) -> Fetched:
    return Fetched(status=200, url=URL, content_type=content_type, body=body, validators=None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


@pytest.fixture(scope="module")
def store(folder: Path) -> Iterator[Store]:
    store = open_store(str(folder / "fuzz.db"))
    store.sync_sources([SOURCE], now=NOW)
    yield store
    store.close()


def assert_can_be_stored(draft: EntryDraft) -> None:
    texts = (
        *(
            draft.guid,
            draft.url,
            draft.title,
            draft.date_text,
            draft.language,
            draft.summary,
            draft.content_html,
        ),
        *(draft.base_url, *draft.authors, *draft.categories),
        *(text for enclosure in draft.enclosures for text in (enclosure.url, enclosure.type)),
    )
    for text in texts:
        assert text is None or "\0" not in text
        assert text is None or text.encode().decode() == text  # it holds no surrogates
    for url in (draft.url, *(enclosure.url for enclosure in draft.enclosures)):
        assert url is None or ABSOLUTE.match(url)
    for instant in (draft.published, draft.updated):
        assert instant is None or abs(instant) < 2**62
    keys = draft.keys
    assert all(
        key is None or len(key) == 16 for key in (keys.guid, keys.link, keys.story, keys.text, draft.revision)
    )


def assert_stores_and_publishes(store: Store, reading: Reading) -> None:
    (job,) = store.claim([SOURCE.name], now=NOW, lease=1)
    report = PollReport(
        source_id=job.source_id, name=job.name, started_at=NOW, duration_ms=1, outcome=Outcome.OK, message=""
    )
    tagged = tuple(
        TaggedDraft(draft=draft, tags=(*SOURCE.tags, *draft.categories)) for draft in reading.drafts
    )
    feed = ReadFeed(title=reading.title, site_url=reading.site_url, drafts=tagged)
    commit = PollCommit(report=report, state=SourceState(url=URL), feed=feed)
    store.record(commit, StoryPolicy(), now=NOW)
    assert store.record(commit, StoryPolicy(), now=NOW).new == 0
    entries = store.entries(EntryQuery(limit=20))
    assert all(0 < entry.id < 2**63 for entry in entries)
    items = items_of(entries)
    assert len(list(etree.fromstring(render("rss", CHANNEL, items).body).iter("item"))) == len(entries)
    atom = etree.fromstring(render("atom", CHANNEL, items).body)
    assert len(list(atom.iter("{http://www.w3.org/2005/Atom}entry"))) == len(entries)
    assert len(json.loads(render("json", CHANNEL, items).body)["items"]) == len(entries)


content_types = st.sampled_from(
    [None, "text/xml", "text/xml; charset=iso-8859-1", "application/json; charset=gbk"]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(body=damaged(), content_type=content_types)
def test_a_damaged_document_is_read_stored_and_published_or_said_why_not(
    store: Store, body: bytes, content_type: str | None
) -> None:
    reading = read_document(fetched(body, content_type))
    if isinstance(reading, Unreadable):
        assert reading.outcome.is_failure
        assert reading.message.isprintable()
        return
    for draft in reading.drafts:
        assert_can_be_stored(draft)
    assert_stores_and_publishes(store, reading)


@given(body=damaged() | st.binary(max_size=200), content_type=content_types | st.text(max_size=40))
def test_any_bytes_are_some_text(body: bytes, content_type: str) -> None:
    decoded = decode(body, content_type)

    assert decoded.text.encode().decode() == decoded.text  # it holds no surrogates
    assert decoded.mistake is None or decoded.mistake.isprintable()


texts = st.text(max_size=40) | st.sampled_from(
    [
        "http://[",
        "//",
        "javascript:x",
        "\0",
        "\ud800",
        "9999-12-31",
        "Wed, 03 Apr 2024 01:46:32 GMT",
        "a\u202eb",
        "#",
        "?",
    ]
)
parsed_entries = st.builds(
    ParsedEntry,
    guid=st.none() | texts,
    link=st.none() | texts,
    title=st.none() | texts,
    summary=st.none() | texts.map(RawHtml),
    content=st.none() | texts.map(RawHtml),
    authors=st.lists(texts, max_size=2).map(tuple),
    published=st.none() | texts,
    updated=st.none() | texts,
    categories=st.lists(texts, max_size=2).map(tuple),
    enclosures=st.lists(
        st.builds(Enclosure, url=texts, type=st.none() | texts, length=st.none() | st.integers(0, 2**62)),
        max_size=2,
    ).map(tuple),
    language=st.none() | texts,
    base_url=texts,
)


@given(
    entries=st.lists(parsed_entries, max_size=4).map(tuple), title=st.none() | texts, link=st.none() | texts
)
def test_any_items_become_drafts(
    entries: tuple[ParsedEntry, ...], title: str | None, link: str | None
) -> None:
    feed = ParsedFeed(version="rss20", title=title, link=link, language=link, entries=entries)

    for draft in normalize(feed, url=URL).drafts:
        assert_can_be_stored(draft)


@given(text=texts | st.from_regex(r"\d{1,20}([-/ :T.年月日+]\d{1,6}){0,8}( ?[A-Za-z]{1,9})?", fullmatch=True))
def test_any_text_is_a_date_or_none(text: str) -> None:
    instant = parse_instant(text)

    assert instant is None or abs(instant) < 2**60


@given(
    url=texts | st.from_regex(r"https?://[^/]{0,20}(/[^?#]{0,10}){0,3}(\?.{0,20})?(#.{0,9})?", fullmatch=True)
)
def test_a_canonical_url_is_its_own_canonical_url(url: str) -> None:
    once = canonical(url)

    assert once is None or canonical(once) == once
