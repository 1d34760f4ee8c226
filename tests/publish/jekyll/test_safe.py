from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from aggregator.model import Enclosure, Entry, PostStyle, RawHtml, SourceRef
from aggregator.publish.html import sanitize
from aggregator.publish.item import to_item
from aggregator.publish.jekyll.block import html_block
from aggregator.publish.jekyll.safe import safe_post
from aggregator.publish.jekyll.styles import STYLES
from tests.publish.entries import PUBLISHED, an_entry
from tests.publish.nasty import nasty_entry

POST = """\
---
layout: post
title: "A new fab — 新しい工場 & 新厂房"
date: "2024-04-03T01:46:32Z"
last_modified_at: "2024-04-03T02:46:32Z"
author: "Ada Example, 例 花子"
authors: ["Ada Example", "例 花子"]
from: "https://chips.example/2024/new-fab"
tags: ["半導体だより", "chips", "半導体", "C++", "中参馆"]
categories: ["半導体だより"]
lang: "ja"
excerpt: "<p>工場ができました。</p>"
comments: true
render_with_liquid: false
---
<!--1712108792000-->

<h2 markdown="0"><a href="https://chips.example/2024/new-fab">A new fab — 新しい工場 &amp; 新厂房</a></h2>

<div markdown="0">
<p>Open.</p>
</div>

<ul markdown="0">
<li><audio controls preload="none" src="https://chips.example/fab.mp3"></audio> \
<a href="https://chips.example/fab.mp3">https://chips.example/fab.mp3</a> (audio/mpeg, 12 kB)</li>
</ul>
"""


def text_of(entry: Entry) -> str:
    return safe_post(entry).body.decode()


def lines_of(entry: Entry) -> dict[str, str]:
    front_matter = text_of(entry).split("\n---\n", 1)[0].removeprefix("---\n")
    return dict(line.split(": ", 1) for line in front_matter.split("\n"))


def values_of(entry: Entry) -> Any:
    return yaml.safe_load(text_of(entry).split("\n---\n", 1)[0])


def body_of(entry: Entry) -> str:
    return text_of(entry).split("\n---\n", 1)[1]


def with_content(html: str) -> Entry:
    return an_entry(content_html=RawHtml(html), summary=None, enclosures=())


def named(name: str) -> Entry:
    return an_entry(sources=(SourceRef(name=name, url="https://e.example/feed"),))


def test_a_post_has_the_bytes_of_the_safe_form() -> None:
    post = safe_post(an_entry(content_html=RawHtml("<p>Open.</p>")))
    assert post.body.decode() == POST
    assert post.file_name == "2024-04-03-A-new-fab-新しい工場-新厂房-1712108792000.md"


def test_both_styles_are_there_by_name() -> None:
    assert set(STYLES) == set(PostStyle)
    assert STYLES[PostStyle.SAFE](an_entry()) == safe_post(an_entry())


@pytest.mark.parametrize(
    "text",
    [
        *("null", "true", "NO", "~", "1984", "1e3", "0o17", "12:30", "2024-01-01", ".inf", "---", "..."),
        *(
            "- x",
            "# x",
            "a: b",
            "[a, b]",
            "{a: b}",
            "!x",
            "&a *a",
            "%YAML 1.2",
            "@x",
            "`x`",
            "x #y",
            ": ",
            "?",
        ),
        *(
            'say "hi"',
            "it's",
            "back\\slash \\n \\u0041",
            "\\",
            '"',
            "{{ x }} {% y %}",
            "日本 😀 \ufeff\u200b\xa0",
        ),
    ],
)
def test_each_text_of_the_front_matter_is_read_back_as_it_is(text: str) -> None:
    source = SourceRef(name=text, url="https://e.example/feed")
    entry = an_entry(title=text, authors=(text, "B"), tags=(text, "t"), sources=(source,))
    told = to_item(entry)
    values = values_of(entry)
    assert values["title"] == told.title
    assert values["authors"] == list(told.authors)
    assert values["tags"] == [told.origins[0].name, "t"]
    assert values.get("categories", [told.origins[0].name]) == [told.origins[0].name]
    assert values["date"] == "2024-04-03T01:46:32Z"
    assert values["comments"] is True
    assert values["render_with_liquid"] is False


@given(nasty_entry)
def test_whatever_an_entry_holds_its_front_matter_is_yaml_of_json_values(entry: Entry) -> None:
    lines = lines_of(entry)
    assert lines.pop("layout") == "post"
    assert {key: values_of(entry)[key] for key in lines} == {
        key: json.loads(line) for key, line in lines.items()
    }
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]", "".join(lines.values()))


def test_milliseconds_of_a_date_are_kept() -> None:
    assert values_of(an_entry(published=PUBLISHED + 45))["date"] == "2024-04-03T01:46:32.045Z"


def test_an_edit_is_told_only_when_it_came_after_the_publication() -> None:
    assert "last_modified_at" not in values_of(an_entry(updated=None))


def test_the_source_stands_for_an_author_that_is_not_known() -> None:
    values = values_of(an_entry(authors=()))
    assert values["author"] == "半導体だより"
    assert "authors" not in values
    assert values_of(an_entry(authors=("Ann",)))["author"] == "Ann"


def test_the_sources_name_comes_first_among_the_tags_and_once() -> None:
    entry = an_entry(tags=("chips", "半導体だより", "C++"))
    assert values_of(entry)["tags"] == ["半導体だより", "chips", "C++"]


def test_an_entry_without_a_link_has_a_title_that_links_nowhere() -> None:
    for url in (None, "javascript:alert(1)"):
        entry = an_entry(url=url, title="T <b>")
        assert "from" not in values_of(entry)
        assert '<h2 markdown="0">T &lt;b&gt;</h2>' in body_of(entry)


def test_a_title_that_is_missing_is_made_up_from_the_text_but_not_in_the_files_name() -> None:
    entry = replace(with_content("<p>The text.</p>"), title="")
    assert values_of(entry)["title"] == "The text."
    assert safe_post(entry).file_name == "2024-04-03-1712108792000.md"


@pytest.mark.parametrize(
    "name",
    [
        *("Plain", "湖畔新聞", "With Space", "snake_case", "x-y", "ไทยน้ำ", "2024", "C 😀", "-x", "v1.5"),
        *(
            "A & B News",
            "AT&T",
            "C++ Weekly",
            "o'Reilly's",
            "「マイナビ」",
            "a, b; c (d) = $1 @ ~",
            "می\u200cشود",
        ),
    ],
)
def test_a_source_is_the_category(name: str) -> None:
    assert values_of(named(name))["categories"] == [name]


@pytest.mark.parametrize(
    "name",
    [
        *(
            "../..",
            "..",
            "a/b",
            "a?b",
            "C#",
            "Blog #1",
            "NASA: News",
            ":title",
            "Acme Inc.",
            "100%",
            "%2e%2e",
        ),
        *("con", "COM1", "nul.txt", "日" * 86, "İ" * 100, "_posts", ".git", "a\\b", "{{ x }}", "a\u202eb"),
        *("a..b", "😀", "!!!", "[x]", "R&Copy", 'say "x"', "a*", "a|b", "<b>"),
    ],
)
def test_a_source_whose_name_would_be_another_path_is_a_tag_alone(name: str) -> None:
    values = values_of(named(name))
    assert "categories" not in values
    assert values["tags"][0] == name


@given(nasty_entry)
def test_the_address_is_the_sites_to_settle(entry: Entry) -> None:
    assert "permalink" not in values_of(entry)


def test_the_excerpt_is_html_of_plain_text() -> None:
    entry = replace(with_content("<p>1 &lt; 2 &amp; <b>{{ x }}</b></p>"), summary=None)
    assert values_of(entry)["excerpt"] == "<p>1 &lt; 2 &amp; &#123;&#123; x }}</p>"
    assert "excerpt" not in values_of(with_content(""))


def test_the_article_else_the_content_else_the_summary_is_the_text() -> None:
    entry = an_entry(article=RawHtml("<p>whole</p>"))
    assert '<div markdown="0">\n<p>whole</p>\n</div>' in body_of(entry)
    entry = an_entry(content_html=None)
    assert '<div markdown="0">\n<p>工場ができました。</p>\n</div>' in body_of(entry)
    assert "<div" not in body_of(replace(entry, summary=None))


def test_the_content_is_sanitized() -> None:
    body = body_of(
        with_content('<p onclick="x()">a<script>alert(1)</script></p><a href="javascript:x">l</a>')
    )
    assert '<p>a</p><a rel="noopener noreferrer">l</a>' in body


def test_files_that_the_text_does_not_show_come_last() -> None:
    files = ("a.mp4?x=1&y={{2}}", "b.torrent", "c.jpg")
    entry = replace(
        with_content('<p><img src="https://e.example/c.jpg"></p>'),
        enclosures=tuple(Enclosure(url=f"https://e.example/{file}") for file in files),
    )
    torrent = "https://e.example/b.torrent"
    video = "https://e.example/a.mp4?x=1&amp;y=%7B%7B2%7D%7D"
    assert body_of(entry).endswith(
        '\n\n<ul markdown="0">\n'
        f'<li><video controls preload="none" src="{video}"></video> '
        f'<a href="{video}">{video}</a> (video/mp4)</li>\n'
        f'<li><a href="{torrent}">{torrent}</a> (application/octet-stream)</li>\n'
        "</ul>\n"
    )


@pytest.mark.parametrize(
    ("length", "said"), [(0, "0 bytes"), (999, "999 bytes"), (1_000, "1.0 kB"), (12_345_678, "12 MB")]
)
def test_the_size_of_a_file_is_told_for_people(length: int, said: str) -> None:
    entry = an_entry(enclosures=(Enclosure(url="https://e.example/a.zip", length=length),))
    assert f", {said})</li>" in body_of(entry)


@given(nasty_entry)
def test_whatever_an_entry_holds_its_blocks_are_html_to_commonmark_and_nothing_to_liquid(
    entry: Entry,
) -> None:
    body = body_of(entry)
    assert "{" not in body
    comment, *blocks = body.rstrip("\n").split("\n\n")
    assert comment == f"<!--{entry.id}-->"
    assert [block[:4] for block in blocks] in (
        ["<h2 "],
        ["<h2 ", "<div"],
        ["<h2 ", "<ul "],
        ["<h2 ", "<div", "<ul "],
    )
    assert MarkdownIt("commonmark").render(body).split() == body.split()


HOSTILE_HTML = [
    *("\n", "\n", " ", "\t", "\r", "x", "{", "%}", "&", "-", "    code", "* item", "&#13;", "<br>"),
    *("<pre>", "</pre>", "<p>", "</p>", "<b>", "</b>", '<a title="', '">', "<ul>\n\n<li>", "</ul>", "<div>"),
]


@given(st.lists(st.sampled_from(HOSTILE_HTML), max_size=40).map("".join))
def test_a_block_has_no_blank_line_and_means_the_same(html: str) -> None:
    safe = sanitize(RawHtml(html), "")
    block = html_block(safe)
    assert not re.search(r"\n[ \t]*\n|\r|\{", block)
    assert shown(sanitize(RawHtml(block), "")) == shown(sanitize(RawHtml(safe), ""))


def shown(html: str) -> list[str]:
    """The HTML in tags and texts, with lines of white space only taken out of texts outside of `pre`."""
    parts = re.split(r"(<[a-z/][^>]*>)", html)
    inside = 0
    told = []
    for part in parts:
        inside += part.startswith("<pre") - part.startswith("</pre")
        told.append(part if inside or part.startswith("<") else re.sub(r"\s+", " ", part))
    return told


def test_white_space_of_preformatted_text_is_kept() -> None:
    assert html_block("<pre>a\n\n  \n\tb\n</pre>\n\n \n<p>c\n\nd</p>") == (
        "<pre>a\n&#10;  &#10;\tb\n</pre>\n<p>c\nd</p>"
    )
    assert html_block('<p title="a\n\nb">x</p>') == '<p title="a\n&#10;b">x</p>'


def test_elements_that_are_nested_too_deeply_for_a_renderer_leave_their_text() -> None:
    assert html_block("<b>" * 90 + "x" + "</b>" * 90) == "<b>" * 90 + "x" + "</b>" * 90
    deep = "<i>a<br>" * 3_000 + "</i>" * 3_000
    assert html_block(deep).count("<i") == 100
    assert html_block(deep).count("</i") == 100
    assert html_block(deep).count("a") == 3_000


def test_long_lines_are_broken_within_tags() -> None:
    html = "<p>a</p>" * 2_000
    block = html_block(html)
    assert max(map(len, block.split("\n"))) < 2_100
    assert block.replace("\n>", ">") == html
    assert html_block(f"<h2>{'x' * 9_000}</h2>") == f"<h2>{'x' * 9_000}</h2>"
