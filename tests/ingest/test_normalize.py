from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.ingest.normalize import normalize
from aggregator.model import Enclosure, EntryDraft, ParsedEntry, ParsedFeed, RawHtml

URL = "https://feeds.example.org/feed.xml"
ENTRY = ParsedEntry(
    guid="https://example.org/1",
    link="https://example.org/1",
    title="One",
    content=RawHtml("<p>text</p>"),
    published="2024-04-03T01:46:32Z",
)


def draft(entry: ParsedEntry, **feed: Any) -> EntryDraft:
    (result,) = normalize(ParsedFeed(version="rss20", entries=(entry,), **feed), url=URL).drafts
    return result


def drafts(*entries: ParsedEntry) -> tuple[EntryDraft, ...]:
    return normalize(ParsedFeed(version="rss20", entries=entries), url=URL).drafts


def test_drafts_keep_the_document_s_order() -> None:
    titles = [f"title {number}" for number in range(5)]
    assert [one.title for one in drafts(*(ParsedEntry(title=title) for title in titles))] == titles


def test_an_entry_without_date_of_publication_has_that_of_its_change() -> None:
    changed = draft(ParsedEntry(title="t", updated="2024-04-03T01:46:32Z"))
    assert changed.published == changed.updated == 1_712_108_792_000


def test_a_date_that_is_not_understood_leaves_the_entry_undated() -> None:
    assert draft(replace(ENTRY, published="soon")).published is None


def test_years_far_away_stay_as_they_were_said() -> None:
    assert draft(replace(ENTRY, published="1000-01-01T00:00:00Z")).published == -30_610_224_000_000
    assert draft(replace(ENTRY, published="9999-12-31T23:59:59Z")).published == 253_402_300_799_000


def test_texts_lose_controls_and_lone_surrogates() -> None:
    dirty = draft(
        ParsedEntry(
            guid="g\x00\ud800",
            title="a\x00b\x1f \t\n c\udfff",
            content=RawHtml("<p>\x00x\x0b\ty\n\ud83d</p>"),
            summary=RawHtml("s\x01"),
            authors=("A\x00nn",),
            categories=("c\x07",),
        )
    )
    assert dirty.guid == "g\ufffd"
    assert dirty.title == "ab c\ufffd"
    assert dirty.content_html == "<p>x\ty\n\ufffd</p>"
    assert dirty.summary == "s"
    assert dirty.authors == ("Ann",)
    assert dirty.categories == ("c",)


def test_authors_and_categories_come_once_in_order() -> None:
    twice = draft(replace(ENTRY, authors=("B", " A ", "B", ""), categories=("x y", "x  y", " ")))
    assert twice.authors == ("B", "A")
    assert twice.categories == ("x y",)


@pytest.mark.parametrize(
    ("content", "summary", "content_html", "kept"),
    [
        ("long", "short", "long", "short"),
        ("same", " same ", "same", None),
        ("long", None, "long", None),
        (None, "short", "short", None),
        (" ", "short", "short", None),
        (None, None, None, None),
    ],
)
def test_the_summary_is_kept_beside_a_fuller_text_only(
    content: RawHtml | None, summary: RawHtml | None, content_html: str | None, kept: str | None
) -> None:
    result = draft(ParsedEntry(title="t", content=content, summary=summary))
    assert (result.content_html, result.summary) == (content_html, kept)


@pytest.mark.parametrize(
    ("said", "language"),
    [
        ("en-US", "en-us"),
        ("zh_CN", "zh-cn"),
        ("  ja ", "ja"),
        ("English, mostly", None),
        ("", None),
        (None, None),
    ],
)
def test_a_language_is_a_tag_in_lower_case_or_none(said: str | None, language: str | None) -> None:
    assert draft(replace(ENTRY, language=said)).language == language


def test_an_entry_without_language_has_the_feed_s() -> None:
    assert draft(ENTRY, language="zh-CN").language == "zh-cn"


def test_enclosures_are_absolute_web_urls_with_sane_lengths() -> None:
    result = draft(
        replace(
            ENTRY,
            enclosures=(
                Enclosure(url="/a.mp3", type=" audio/mpeg ", length=2**63 - 1),
                Enclosure(url="https://example.org/b", length=2**63),
                Enclosure(url="https://example.org/c", length=-1),
                Enclosure(url="https://example.org/c", length=3),
                Enclosure(url="ftp://example.org/d"),
                Enclosure(url="javascript:x"),
            ),
        ),
        link="https://site.example.org/",
    )
    assert result.enclosures == (
        Enclosure(url="https://site.example.org/a.mp3", type="audio/mpeg", length=2**63 - 1),
        Enclosure(url="https://example.org/b"),
        Enclosure(url="https://example.org/c"),
    )


def test_the_move_from_http_to_https_changes_no_key() -> None:
    before = draft(replace(ENTRY, guid="http://example.org/1", link="http://example.org/1"))
    assert before.keys == draft(ENTRY).keys


def test_rewritten_guids_leave_link_text_and_title_with_date() -> None:
    rewritten = draft(replace(ENTRY, guid="urn:uuid:new"))
    before = draft(ENTRY).keys
    assert rewritten.keys.guid != before.guid
    assert rewritten.keys == replace(before, guid=rewritten.keys.guid)


def test_another_date_leaves_guid_link_and_text() -> None:
    redated = draft(replace(ENTRY, published="2025-01-01"))
    before = draft(ENTRY).keys
    assert redated.keys.title_date != before.title_date
    assert redated.keys == replace(before, title_date=redated.keys.title_date)


def test_guids_that_differ_in_a_letter_have_different_keys() -> None:
    guids = [
        "https://example.org/?p=1",
        "https://example.org/?p=2",
        "https://example.org/?p=1&utm_source=x",
        "https://example.org/a",
        "https://example.org/A",
        "https://example.org/a/",
        "https://example.org/a#1",
        "a",
        "A",
    ]
    assert len({draft(replace(ENTRY, guid=guid)).keys.guid for guid in guids}) == len(guids)


def test_keys_are_of_sixteen_bytes_and_missing_where_nothing_was_said() -> None:
    nothing = draft(ParsedEntry()).keys
    assert (nothing.guid, nothing.link, nothing.story, nothing.title_date) == (None, None, None, None)
    assert {len(key) for key in (nothing.text, draft(ENTRY).keys.guid, draft(ENTRY).keys.link) if key} == {16}


def test_title_and_content_are_not_run_together_in_the_key_of_the_text() -> None:
    one = draft(ParsedEntry(title="ab", content=RawHtml("c")))
    other = draft(ParsedEntry(title="a", content=RawHtml("bc")))
    assert one.keys.text != other.keys.text


def test_a_link_to_the_home_page_is_no_key() -> None:
    keys = draft(replace(ENTRY, link="https://example.org/")).keys
    assert (keys.link, keys.story) == (None, None)


def test_items_of_one_page_that_differ_by_fragment_have_links_of_their_own_and_no_story() -> None:
    one, other = drafts(
        ParsedEntry(link="https://example.org/cl#new", title="a"),
        ParsedEntry(link="https://example.org/cl#fixed", title="b"),
    )
    assert one.keys.link != other.keys.link
    assert (one.keys.story, other.keys.story) == (None, None)


@pytest.mark.parametrize("fragment", ["more", "top", "%E7%AB%A0", "xtor=RSS-3208", ":~:text=part%202"])
def test_a_fragment_makes_no_other_story(fragment: str) -> None:
    plain, part = draft(ENTRY).keys, draft(replace(ENTRY, link=f"https://example.org/1#{fragment}")).keys
    assert plain.story == part.story is not None
    assert plain.link != part.link


@pytest.mark.parametrize(
    "fragment", ["comment-5", "c12", "respond", "issuecomment-99", "p34", "v1.2", "Kommentare", "%65%D9%A3"]
)
def test_a_fragment_that_names_an_item_of_its_own_is_a_story_of_its_own(fragment: str) -> None:
    article, comment = draft(ENTRY).keys, draft(replace(ENTRY, link=f"https://example.org/1#{fragment}")).keys
    again = draft(replace(ENTRY, link=f"http://example.org:80/1?utm_source=x#{fragment}")).keys
    assert comment.story != article.story
    assert comment.story == again.story is not None


def test_a_link_that_several_items_share_is_no_story() -> None:
    page = "https://example.org/changelog"
    shared = drafts(
        ParsedEntry(guid="1", link=page, title="a"),
        ParsedEntry(guid="2", link=page, title="b"),
        ParsedEntry(guid="3", link="https://example.org/else", title="c"),
    )
    assert [one.keys.story is None for one in shared] == [True, True, False]
    assert all(one.keys.link is not None for one in shared)


def test_an_item_that_is_listed_twice_keeps_its_story() -> None:
    twice = drafts(ENTRY, replace(ENTRY, title="One, edited"))
    assert all(one.keys.story is not None for one in twice)


def test_an_item_without_title_is_recognised_by_content_and_date() -> None:
    note = replace(ENTRY, title=None)
    other = replace(note, content=RawHtml("<p>other</p>"))
    assert draft(note).keys.title_date is not None
    assert draft(note).keys.title_date != draft(other).keys.title_date
    assert draft(note).keys.title_date == draft(replace(note, guid="new", link=None)).keys.title_date
    assert draft(replace(note, content=None)).keys.title_date is None
    assert draft(replace(note, published=None)).keys.title_date is None


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Two"},
        {"content": RawHtml("<p>edited</p>")},
        {"link": "https://example.org/2"},
        {"published": "2024-04-03T01:46:33Z"},
        {"updated": "2024-04-05T00:00:00Z"},
        {"authors": ("Ann",)},
        {"categories": ("x",)},
        {"summary": RawHtml("s")},
        {"language": "ja"},
        {"enclosures": (Enclosure(url="https://example.org/a"),)},
        {"base_url": "https://example.org/base/"},
    ],
)
def test_whatever_subscribers_see_is_in_the_revision(change: dict[str, Any]) -> None:
    assert draft(replace(ENTRY, **change)).revision != draft(ENTRY).revision


def test_the_same_item_has_the_same_revision() -> None:
    assert draft(ENTRY).revision == draft(replace(ENTRY, title=" One ")).revision


TEXT = st.one_of(st.none(), st.text(st.characters(), max_size=20))
ENTRIES = st.builds(
    ParsedEntry,
    guid=TEXT,
    link=TEXT,
    title=TEXT,
    summary=TEXT,
    content=TEXT,
    authors=st.lists(st.text(st.characters(), max_size=5), max_size=2).map(tuple),
    published=TEXT,
    categories=st.lists(st.text(st.characters(), max_size=5), max_size=2).map(tuple),
    enclosures=st.lists(st.builds(Enclosure, url=st.text(max_size=9), length=st.integers()), max_size=2).map(
        tuple
    ),
    language=TEXT,
    base_url=st.text(max_size=9),
)


@settings(deadline=None)  # a busy machine is no fault
@given(st.lists(ENTRIES, max_size=4))
def test_every_item_becomes_a_draft_that_utf_8_can_hold(entries: list[ParsedEntry]) -> None:
    reading = normalize(ParsedFeed(version="x", entries=tuple(entries)), url=URL)
    assert len(reading.drafts) == len(entries)
    for one in reading.drafts:
        texts = (
            one.title,
            one.guid or "",
            one.content_html or "",
            one.url or "",
            *one.authors,
            *one.categories,
        )
        assert "\x00" not in "".join(texts)
        "".join(texts).encode("utf-8")


def test_the_entry_s_language_then_the_feed_s_tells_whose_zone_a_date_has() -> None:
    said = ParsedEntry(title="t", published="Sun, 22 Nov 2026 10:30:00 CST")
    abroad = replace(said, language="en-US")
    assert draft(said, language="zh_CN").published == 1_795_314_600_000
    assert draft(abroad, language="zh_CN").published == 1_795_365_000_000


def test_the_text_of_a_date_is_kept_as_the_source_wrote_it() -> None:
    for said in ("03/04/2024", "le 22 novembre 2026 à 10h30", "２０２６年１１月２２日", "yesterday"):
        assert draft(replace(ENTRY, published=said)).date_text == said


def test_a_date_that_cannot_be_understood_hides_no_other() -> None:
    said = replace(ENTRY, published="gestern", further_dates=("soon", "2026-11-22T10:30:00Z", "2020-01-01"))
    assert draft(said).published == 1_795_343_400_000
    assert draft(said).date_text == "2026-11-22T10:30:00Z"
    none = draft(replace(said, further_dates=("soon",)))
    assert (none.published, none.date_text) == (None, "gestern")


@pytest.mark.parametrize(
    ("title", "language", "instant"),
    [
        ("今天的新闻标题", None, 1_795_314_600_000),
        ("iPhone 今天的新闻标题", None, 1_795_314_600_000),
        ("今天的新闻标题", "en-us", 1_795_365_000_000),
        ("日本の新しいニュース", None, 1_795_365_000_000),
        ("Today's 新 title", None, 1_795_365_000_000),
        ("", None, 1_795_365_000_000),
    ],
)
def test_a_feed_in_chinese_that_names_no_language_has_china_s_zone(
    title: str, language: str | None, instant: int
) -> None:
    said = ParsedEntry(title=title, summary=RawHtml("x"), published="Sun, 22 Nov 2026 10:30:00 CST")
    assert draft(said, language=language).published == instant
    assert draft(said, language=language).language == language
