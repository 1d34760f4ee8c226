from __future__ import annotations

import time

import pytest

from aggregator.publish.jekyll.legacy import legacy_post
from aggregator.publish.jekyll.reading import PostForm, ReadPost, read_post
from tests.publish.entries import an_entry

APRIL_3 = 1_712_102_400_000
"""2024-04-03T00:00:00Z"""


def read(text: str, name: str = "2024-04-03-story.md") -> ReadPost:
    return read_post(name, text.encode())


def front(lines: str) -> ReadPost:
    """Read a post of these lines of front matter, as people write them."""
    return read(f"---\n{lines}\n---\nText.\n")


@pytest.mark.parametrize(
    ("written", "tags"),
    [
        ("tags: a b c", ("a", "b", "c")),
        ("tags: a b, c", ("a b", "c")),
        ("tag: a b", ("a b",)),
        ("tags: [b, a]\ncategories: [c, a]", ("b", "a", "c")),
        ("category: x y\ntags:\n- 1\n- ~\n- no", ("1", "no", "x y")),
        ("tags: [[a, b], {c: d}]", ("a", "b", "c: d")),
        ("tags: [ a, @b, c: d ]", ("a", "@b", "c: d")),
        ("tags:", ()),
    ],
)
def test_tags_are_those_that_jekyll_finds(written: str, tags: tuple[str, ...]) -> None:
    assert front(written).tags == tags


@pytest.mark.parametrize(
    ("written", "authors"),
    [
        ("author: Ann", ("Ann",)),
        ("author: [Ann, Bob]", ("Ann", "Bob")),
        ("author:\n  name: Ann\n  email: a@b.example", ("Ann",)),
        ("authors:\n- name: Ann\n- Bob\nauthor: Ann and Bob", ("Ann", "Bob")),
        ("author: Ann: the first", ("Ann: the first",)),
        ("author:", ()),
    ],
)
def test_authors_are_read_as_texts_lists_and_mappings(written: str, authors: tuple[str, ...]) -> None:
    assert front(written).authors == authors


@pytest.mark.parametrize(
    ("date", "instant"),
    [
        ("2024-04-03 10:46:32 +0900", 1_712_108_792_000),
        ("2024-04-03T01:46:32.045Z", 1_712_108_792_045),
        ("2024-04-02 22:16:32 -03:30", 1_712_108_792_000),
        ("2024-04-03 01:46:32", 1_712_108_792_000),
        ("2024-04-03 01:46 UTC", 1_712_108_760_000),
        ("'2024-4-3'", APRIL_3),
        ("1969-12-31 23:59:59", -1_000),
        ("2024-02-30", None),
        ("2024-04-03 25:00", None),
        ("soon", None),
    ],
)
def test_dates_of_iso_8601_are_understood(date: str, instant: int | None) -> None:
    assert front(f"date: {date}").dated == instant


def test_a_flag_is_no_date() -> None:
    assert "there is no date: the one in the file's name stands in" in front("published: true").problems
    assert front("published: 2024-04-03").dated == APRIL_3


def test_other_dates_are_asked_for_and_those_of_no_meaning_told() -> None:
    asked: list[str] = []

    def parse_date(text: str) -> int | None:
        asked.append(text)
        return 5 if "年" in text else None

    def dated(date: str) -> ReadPost:
        body = f"---\ntitle: a\nfrom: https://a.example/\ntags: a\ndate: {date}\n---\n"
        return read_post("2024-04-03-a.md", body.encode(), parse_date=parse_date)

    assert (dated("2024年4月3日").dated, dated("2024年4月3日").problems) == (5, ())
    assert dated("soon").problems == (
        "the date `soon` cannot be understood: the one in the file's name stands in",
    )
    assert asked == ["2024年4月3日", "2024年4月3日", "soon"]


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("2024-04-03-a.md", APRIL_3),
        ("old/posts/2024-4-3-a.markdown", APRIL_3),
        ("24-04-03-a.md", APRIL_3),
        ("2024-02-30-a.md", None),
        ("notes.md", None),
        ("\udcff.md", None),
        ("", None),
    ],
)
def test_the_day_of_the_files_name_is_read(name: str, day: int | None) -> None:
    assert read("Text", name).name_date == day


def test_a_post_without_title_is_called_by_its_file() -> None:
    found = read("---\ntags: a\n---\nText", "sub/2024-04-03-my-first-post.md")
    assert found.title == "my first post"
    assert "there is no title: it is made of the file's name" in found.problems


@pytest.mark.parametrize(
    ("lines", "url"),
    [
        ("link: https://a.example/x", "https://a.example/x"),
        ("source: The Paper\noriginal_url: https://a.example/x", "https://a.example/x"),
        ("canonical_url: 'https://a.example/x'", "https://a.example/x"),
        ("source: The Paper", None),
    ],
)
def test_the_address_may_stand_under_other_keys(lines: str, url: str | None) -> None:
    assert front(lines).url == url


def test_markdown_is_rendered_and_html_left_alone() -> None:
    body = "---\ntitle: a\n---\n# One\n\n*two* <b>three</b>\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n---\nend\n"
    found = read(body)
    assert found.markdown
    assert found.content_html.startswith("<h1>One</h1>\n<p><em>two</em> <b>three</b></p>\n<table>")
    found = read("---\ntitle: a\n---\n# <b>x</b>\n", "2024-04-03-a.html")
    assert (found.content_html, found.markdown) == ("# <b>x</b>", False)


def test_liquids_blocks_of_code_are_code_and_its_other_marks_told() -> None:
    found = read("---\ntitle: a\n---\n{% highlight ruby %}\nputs {{ 1 }}\n{% endhighlight %}\n")
    assert found.content_html == '<pre><code class="language-ruby">puts {{ 1 }}\n</code></pre>'
    told = "what Liquid would make of it is not known: its marks stay as they are written"
    assert told in found.problems
    assert told not in read("---\n---\n{% raw %}x{% endraw %}").problems


@pytest.mark.parametrize("line", ["published: false", "draft: true", "published: no  # yet"])
def test_a_post_that_jekyll_hides_is_told_apart(line: str) -> None:
    assert front(line).hidden
    assert not front("published: true").hidden


def test_a_post_by_hand_that_looks_a_little_like_one_of_the_scripts_is_yaml() -> None:
    found = read('---\ntitle: "Tab\\there \\u00e9"\ndate: 2024-04-03\n---\n<div>\nA\n</div>\n')
    assert (found.title, found.form) == ("Tab\there é", PostForm.OTHER)
    assert found.content_html == "<div>\nA\n</div>"


@pytest.mark.parametrize(
    "body",
    [
        " " * 5_000_000,
        "\n" * 5_000_000,
        "<!-- 1\n" * 500_000,
        "<!--" + " " * 2_000_000,
        '---\ntitle: "a"\n---\n<!--1-->\n[' + "](http:" * 300_000 + ")\n------\n\n<div>\n</div>\n",
        '---\ntitle: "' + '\\"' * 500_000 + '"\n---\n<!--1-->\n[a](b)\n------\n\n<div>\n</div>\n',
        "---\na: b\n---\n" + "word " * 1_000_000,
        "---\na: b\n---\n" + "![" * 140_000,
        legacy_post(an_entry()).body.decode().replace("<div>", "<div>\n" + "<p>x</p></div>" * 300_000),
    ],
    ids=["spaces", "lines", "comments", "comment", "links", "quotes", "words", "images", "content"],
)
def test_five_megabytes_are_read_in_a_moment(body: str) -> None:
    before = time.process_time()
    read(body)
    assert time.process_time() - before < 2


def test_too_much_markdown_comes_in_paragraphs() -> None:
    found = read("---\ntitle: a\n---\n" + "*word* <b>x</b>\n\n" * 50_000)
    assert found.content_html.startswith("<p>*word* <b>x</b></p>\n<p>")
    assert (
        "it is too much Markdown to be rendered: it is shown as it is written, in paragraphs"
        in found.problems
    )
