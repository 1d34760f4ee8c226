from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.model import Entry, RawHtml, SourceRef
from aggregator.publish.jekyll.legacy import legacy_post

ENTRY = Entry(
    id=1_712_108_792_000,
    sources=(SourceRef(name="湖畔新聞", url="https://example.org/feed.xml"),),
    guid="g1",
    url="https://example.org/story/1.html",
    title="新工厂落成，Acme将专注于AI芯片",
    authors=("王小明",),
    published=1_712_108_792_000,
    source_published=1_712_108_792_000,
    date_text=None,
    updated=None,
    first_seen=1_712_110_000_000,
    surfaced=1_712_108_792_000,
    changed=1_712_110_000_000,
    tags=("湖畔新聞",),
    categories=(),
    language="zh-CN",
    summary=None,
    content_html=RawHtml("<p>   发明的文字。</p>\n<p>Second line.</p>"),
    article=None,
    enclosures=(),
    base_url="",
)

POST = """\
---
layout: post
title: "新工厂落成，Acme将专注于AI芯片"
date: 2024-04-03T01:46:32.000Z
author: 王小明
from: https://example.org/story/1.html
tags: [ 湖畔新聞 ]
comments: True
categories: [ 湖畔新聞 ]
---
<!--1712108792000-->
[新工厂落成，Acme将专注于AI芯片](https://example.org/story/1.html)
------

<div>
<p>   发明的文字。</p><p>Second line.</p>
</div>
"""


def text_of(entry: Entry) -> str:
    return legacy_post(entry).body.decode()


def name_of(title: str) -> str:
    return legacy_post(replace(ENTRY, title=title)).file_name


def line_of(entry: Entry, key: str) -> str:
    return next(line for line in text_of(entry).split("\n") if line.startswith(f"{key}: "))


def test_a_post_has_the_bytes_of_the_legacy_form() -> None:
    post = legacy_post(ENTRY)
    assert post.body.decode() == POST
    assert post.file_name == "2024-04-03-新工厂落成，Acme将专注于AI芯片.md"


def test_the_date_keeps_its_milliseconds() -> None:
    assert line_of(replace(ENTRY, published=1_712_108_792_045), "date") == "date: 2024-04-03T01:46:32.045Z"


def test_the_comment_holds_the_instant_that_the_source_said_though_the_date_is_clamped() -> None:
    entry = replace(ENTRY, source_published=9_999_999_999_000)
    assert "\n<!--9999999999000-->\n" in text_of(entry)
    assert line_of(entry, "date") == "date: 2024-04-03T01:46:32.000Z"


def test_an_undated_entry_shows_its_id_as_date_and_comment() -> None:
    entry = replace(ENTRY, id=1_712_108_793_001, published=None, source_published=None)
    assert "\n<!--1712108793001-->\n" in text_of(entry)
    assert line_of(entry, "date") == "date: 2024-04-03T01:46:33.001Z"


def test_of_several_authors_the_first_is_named_and_without_any_the_source() -> None:
    assert line_of(replace(ENTRY, authors=("Ann", "Bob")), "author") == "author: Ann"
    assert line_of(replace(ENTRY, authors=()), "author") == "author: 湖畔新聞"


def test_a_story_of_several_sources_names_the_one_that_brought_it_first() -> None:
    other = SourceRef(name="other", url="https://other.example/feed")
    entry = replace(ENTRY, sources=(*ENTRY.sources, other))
    assert text_of(entry) == POST


def test_quotes_are_escaped_and_the_first_ellipsis_is_dropped_in_the_front_matter_alone() -> None:
    entry = replace(ENTRY, title='He said "wait..." and then...')
    assert line_of(entry, "title") == 'title: "He said \\"wait\\" and then..."'
    assert '\n[He said "wait..." and then...](' in text_of(entry)
    assert legacy_post(entry).file_name == '2024-04-03-He said "wait..." and then....md'


def test_the_summary_stands_in_for_missing_content() -> None:
    entry = replace(ENTRY, content_html=None, summary=RawHtml("<p>short</p>"))
    assert "<div>\n<p>short</p>\n</div>\n" in text_of(entry)
    assert "<div>\n\n</div>\n" in text_of(replace(entry, summary=None))


def test_an_entry_without_a_link_has_an_empty_one() -> None:
    entry = replace(ENTRY, url=None, title="T")
    assert line_of(entry, "from") == "from: "
    assert "\n[T]()\n" in text_of(entry)


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("https://Example.org", "https://example.org/"),
        ("http://example.org:80/a/../b", "http://example.org/b"),
        (
            "https://例え.jp/日本?q=日本#日",
            "https://xn--r8jz45g.jp/%E6%97%A5%E6%9C%AC?q=%E6%97%A5%E6%9C%AC#%E6%97%A5",
        ),
        ("https://example.org/a b\"'|{}?c d\"'|{}", "https://example.org/a%20b%22'|%7B%7D?c%20d%22%27|{}"),
        ("https://example.org/%zz%e3", "https://example.org/%zz%e3"),
        (" https://example.org/\n1 ", "https://example.org/1"),
        ("https://user:p@example.org/?", "https://user:p@example.org/?"),
    ],
)
def test_a_link_is_written_as_browsers_write_it(said: str, written: str) -> None:
    entry = replace(ENTRY, url=said, title="T")
    assert line_of(entry, "from") == f"from: {written}"
    assert f"\n[T]({written})\n" in text_of(entry)


@pytest.mark.parametrize("said", ["/story/1", "http://a b/", "https://example.org:99999/", "//"])
def test_a_link_that_is_no_url_stays_as_it_is(said: str) -> None:
    assert line_of(replace(ENTRY, url=said), "from") == f"from: {said}"


def test_a_guid_that_is_a_url_stands_for_a_missing_link() -> None:
    entry = replace(ENTRY, url=None, guid="https://Example.org/?p=1")
    assert line_of(entry, "from") == "from: https://example.org/?p=1"
    assert line_of(replace(entry, url="https://example.org/2"), "from") == "from: https://example.org/2"


def test_white_space_around_a_title_is_stripped_in_the_link_alone() -> None:
    entry = replace(ENTRY, title="\ufeff\u3000 T\u200b \xa0")
    assert line_of(entry, "title") == 'title: "\ufeff\u3000 T\u200b \xa0"'
    assert "\n[T\u200b](" in text_of(entry)
    assert legacy_post(entry).file_name == "2024-04-03-\ufeff\u3000 T\u200b \xa0.md"


def test_white_space_around_the_content_is_stripped_after_control_characters() -> None:
    entry = replace(ENTRY, content_html=RawHtml("\n\t\x00 \u3000<p> a </p>\u2028 \x1f\ufeff\n"))
    assert "<div>\n<p> a </p>\n</div>\n" in text_of(entry)


def test_control_characters_are_removed_from_the_content() -> None:
    content = RawHtml("a\x00b\x08c\td\r\ne\x1bf\x7fg\x85h\x9fi\u2028j")
    assert "<div>\nabcdefghi\u2028j\n</div>\n" in text_of(replace(ENTRY, content_html=content))


def test_no_value_can_add_a_line_to_the_front_matter() -> None:
    evil = "x\nlayout: evil\r\x00"
    source = SourceRef(name=evil, url="https://example.org/")
    entry = replace(ENTRY, title=evil, url=evil, authors=(evil,), sources=(source,))
    assert [line.split(":")[0] for line in text_of(entry).split("\n")[:10]] == [
        *("---", "layout", "title", "date", "author", "from", "tags", "comments", "categories", "---")
    ]
    assert "\n" not in legacy_post(entry).file_name


def test_the_file_name_has_fifty_utf16_units_of_the_title() -> None:
    assert name_of("x" * 80) == f"2024-04-03-{'x' * 50}.md"
    assert name_of("😀" * 30) == f"2024-04-03-{'😀' * 25}.md"


def test_a_surrogate_pair_cut_in_two_becomes_a_replacement_character() -> None:
    assert name_of("x" * 49 + "😀 and more") == f"2024-04-03-{'x' * 49}\ufffd.md"


def test_a_title_is_cut_before_its_slashes_become_dashes() -> None:
    assert name_of("/" * 60) == f"2024-04-03-{'-' * 100}.md"


def test_a_title_that_climbs_folders_stays_a_name() -> None:
    assert name_of("../../etc/passwd") == "2024-04-03-..--..--etc--passwd.md"
    assert name_of("") == "2024-04-03-.md"


@given(st.text(), st.text(), st.text())
def test_any_text_makes_a_post_of_one_shape_under_a_name_that_every_file_system_takes(
    title: str, content: str, author: str
) -> None:
    post = legacy_post(replace(ENTRY, title=title, content_html=RawHtml(content), authors=(author,)))
    assert post.body.count(b"\n") == POST.count("\n")
    assert len(post.file_name.encode()) <= 200
    assert not set("/\x00\n") & set(post.file_name)
