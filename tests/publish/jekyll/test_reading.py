from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from aggregator.model import Entry, RawHtml, SourceRef
from aggregator.publish.html import plain_text
from aggregator.publish.item import to_item
from aggregator.publish.jekyll.javascript import trim
from aggregator.publish.jekyll.legacy import legacy_post
from aggregator.publish.jekyll.post import Post
from aggregator.publish.jekyll.reading import PostForm, ReadPost, read_post
from aggregator.publish.jekyll.safe import safe_post
from aggregator.rules.tagging import clean_tag, union
from tests.publish.entries import an_entry
from tests.publish.nasty import nasty_entry

ENTRY = an_entry(enclosures=(), updated=None)
LEGACY = legacy_post(ENTRY)
SAFE = safe_post(an_entry())
APRIL_3 = 1_712_102_400_000
"""2024-04-03T00:00:00Z"""

INSTANT = st.integers(-62_135_596_800_000, 253_402_300_799_999)
line = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"), max_size=70)


def read(text: str, name: str = "2024-04-03-story.md") -> ReadPost:
    return read_post(name, text.encode())


def edited(written: str, instead: str) -> ReadPost:
    """Read the legacy post with one thing in it changed."""
    text = LEGACY.body.decode()
    assert written in text
    return read_post(LEGACY.file_name, text.replace(written, instead, 1).encode())


def again(post: Post) -> ReadPost:
    return read_post(post.file_name, post.body)


def is_quoted(text: str) -> bool:
    text = text.strip()
    return len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"


# Posts of the scripts


def test_a_post_of_the_scripts_says_all_that_it_was_made_of() -> None:
    assert again(LEGACY) == ReadPost(
        file_name=LEGACY.file_name,
        form=PostForm.SCRIPTS,
        title=ENTRY.title,
        url=ENTRY.url,
        authors=("Ada Example",),
        tags=("半導体だより",),
        dated=ENTRY.published,
        updated=None,
        said=ENTRY.source_published,
        name_date=APRIL_3,
        content_html=RawHtml((ENTRY.content_html or "").replace("\n", "").strip()),
        markdown=False,
        enclosures=(),
        language=None,
        hidden=False,
        problems=(),
    )


@given(line, line, line, line, st.tuples(INSTANT, st.integers(-(2**60), 2**60)))
def test_whatever_the_scripts_wrote_is_read_back(
    title: str, author: str, source: str, content: str, dates: tuple[int, int]
) -> None:
    published, said = dates
    assume(not is_quoted(author) and not is_quoted(source) and author.strip() and "&" not in author)
    assume(not (content.startswith("{% raw") and content.endswith("{% endraw %}")))
    entry = replace(
        ENTRY,
        title=title,
        authors=(author,),
        sources=(SourceRef(name=source, url="https://example.org/feed"),),
        content_html=RawHtml(content),
        summary=None,
        published=published,
        source_published=said,
    )
    post = legacy_post(entry)
    found = read_post(post.file_name, post.body, plain_title=str, names={clean_tag(source)})
    assert found.title == trim(title).strip()
    assert found.authors == (author.strip(),)
    assert found.tags == union([clean_tag(source)])
    assert found.url == ENTRY.url
    assert (found.dated, found.said) == (published, said)
    assert found.content_html == trim(content)
    assert found.form is PostForm.SCRIPTS


@pytest.mark.parametrize(
    "title",
    [
        'He said "wait..." and then...',
        "... and then",
        "C:\\new\\",
        "\\",
        '"',
        "",
        "a](b](c",
        "[x](y)",
        "--- # x: y",
    ],
)
def test_titles_that_yaml_would_misread_are_whole(title: str) -> None:
    assert again(legacy_post(replace(ENTRY, title=title))).title == title


@pytest.mark.parametrize(
    "author", ["Ann: Bob", "#1", "[Ann]", "@ann", "* x", "- y", "Ann #2", '"Ann" Bob', "null", "{a}"]
)
def test_authors_that_yaml_would_misread_are_whole(author: str) -> None:
    assert again(legacy_post(replace(ENTRY, authors=(author,)))).authors == (author,)


def test_a_remark_behind_the_date_is_no_part_of_it() -> None:
    written = "date: 2024-04-03T01:46:32.000Z"
    for instead in (
        f"{written}  # corrected",
        "date: 2024-04-03 01:46:32 Z\t# x",
        f'date: "{written[6:]}" # x',
    ):
        found = edited(written, instead)
        assert (found.dated, found.form, found.problems) == (ENTRY.published, PostForm.SCRIPTS, ())


def test_an_author_or_date_that_somebody_quoted_later_is_without_its_quotes() -> None:
    assert edited("author: Ada Example", 'author: "Ada: \\"Example\\""').authors == ('Ada: "Example"',)
    assert edited("author: Ada Example", "author: 'Ada''s'").authors == ("Ada's",)
    assert (
        edited("date: 2024-04-03T01:46:32.000Z", 'date: "2024-04-03 01:46:32 +0000"').dated == ENTRY.published
    )


def test_a_title_with_unescaped_quotes_is_whole_and_told() -> None:
    title = 'The "new" fab'
    post = legacy_post(replace(ENTRY, title=title))
    found = read_post(post.file_name, post.body.replace(b'\\"', b'"'))
    assert found.title == title
    assert found.problems == ("the title in the front matter holds an unescaped quote",)


def test_the_title_of_the_link_line_counts_where_only_marks_differ() -> None:
    found = edited('title: "A new fab', 'title: "A «new» fab…')
    assert found.title == ENTRY.title
    assert found.problems == ("the title is not alike in front matter and link line: the latter is taken",)


def test_a_title_that_was_changed_in_the_front_matter_counts() -> None:
    found = edited('title: "A new fab', 'title: "An old fab')
    assert found.title.startswith("An old fab")
    assert found.problems == ("the link line has another title than the front matter, which is taken",)


def test_references_in_titles_and_authors_are_decoded_where_they_are_some() -> None:
    assert (
        read('---\ntitle: "Q&amp;A &#8211; AT&T &copy 1"\nauthor: R&amp;D\n---\n').title
        == "Q&A – AT&T &copy 1"
    )
    assert read("---\ntitle: x\nauthor: R&amp;D\n---\n").authors == ("R&D",)


def test_what_makes_text_of_titles_may_be_given() -> None:
    assert read_post("a.md", b"---\ntitle: <b>x</b>\n---\n", plain_title=plain_text).title == "x"


@pytest.mark.parametrize(
    ("written", "tags"),
    [
        ("[ a, b ]", ("a", "b")),
        ("[a,b , a]", ("a", "b")),
        ("[ \"a, b\", 'it''s' ]", ("a, b", "it's")),
        ("[ C# #1, @x, *y ]", ("C# #1", "@x", "*y")),
        ("[ 日本  経済 ]", ("日本 経済",)),
        ('[ "quoted" ]', ("quoted",)),
        ("[ [x] ]", ("[x]",)),
        ("[  ]", ()),
    ],
)
def test_tags_in_brackets_are_read(written: str, tags: tuple[str, ...]) -> None:
    found = edited("tags: [ 半導体だより ]\ncomments: True\ncategories: [ 半導体だより ]", f"tags: {written}")
    assert found.tags == tags


def test_a_source_with_a_comma_in_its_name_is_one_tag_where_that_can_be_known() -> None:
    source = SourceRef(name="Salt, Pepper", url="")
    post = legacy_post(replace(ENTRY, sources=(source,)))
    assert again(post).tags == ("Salt", "Pepper")
    assert read_post(post.file_name, post.body, names={"Salt, Pepper"}).tags == ("Salt, Pepper",)
    assert again(legacy_post(replace(ENTRY, sources=(source,), authors=()))).tags == ("Salt, Pepper",)


def test_the_address_is_the_front_matters_and_else_the_link_lines() -> None:
    assert edited("from: https://chips.example/2024/new-fab\n", "").url == ENTRY.url
    found = edited("from: https://chips.example/2024/new-fab\n", "from: https://other.example/\n")
    assert found.url == "https://other.example/"
    assert found.problems == ("the link line has another address than the front matter, which is taken",)
    found = edited("](https://chips.example/2024/new-fab)", "](https://a.example/(x)_[y](z))")
    assert found.title == ENTRY.title
    lines = "---\n---\n<!--1-->\n[see ](http: b) now](https://a.example/(x)_[y](z))\n------\n"
    found = read(lines)
    assert (found.title, found.url) == ("see ](http: b) now", "https://a.example/(x)_[y](z)")


@pytest.mark.parametrize(
    ("comment", "said"),
    [
        *(
            ("0", 0),
            ("-5", -5),
            ("9" * 30, int("9" * 30)),
            (" 12 ", 12),
            ("NaN", None),
            ("Invalid Date", None),
        ),
        *((text, None) for text in ("1717239600000.5", "1.717236e12", "１７１７", "undefined", "a -- b", "")),
    ],
)
def test_the_number_in_the_comment_is_read_whatever_it_is(comment: str, said: int | None) -> None:
    found = edited(f"<!--{ENTRY.id}-->", f"<!--{comment}-->")
    assert found.said == said
    assert found.content_html == again(LEGACY).content_html
    assert found.problems == (
        ()
        if said is not None
        else (f"the comment says `{comment}`: the source's date could not be understood",)
    )


def test_the_first_number_among_several_comments_is_read_and_the_others_are_told() -> None:
    for written in ("<!--NaN-->\n<!--77-->", "<!-- NaN --> \n\n  <!-- 77 -->\n", "<!--77-->\n<!--NaN-->"):
        found = edited(f"<!--{ENTRY.id}-->", written)
        assert found.said == 77
        assert found.content_html == again(LEGACY).content_html
        assert found.problems == ("the comment says `NaN`: it is left out",)


def test_a_link_line_that_is_left_in_the_content_is_told() -> None:
    found = edited(f"<!--{ENTRY.id}-->", "Of interest:\n")
    assert "Of interest:" in found.content_html
    assert "there is something before the link line: all of it is taken to the content" in found.problems


def test_a_comment_that_is_missing_or_elsewhere_is_told() -> None:
    assert edited(f"<!--{ENTRY.id}-->\n", "").problems == ("there is no comment with the source's date",)
    found = edited("\n</div>\n", "\n</div>\n<!--77-->\n")
    assert found.said == ENTRY.id
    moved = LEGACY.body.replace(f"<!--{ENTRY.id}-->\n".encode(), b"") + b"<!--77-->\n"
    found = read_post(LEGACY.file_name, moved)
    assert (found.said, found.problems) == (77, ("the comment with the date is not at the beginning",))
    assert found.content_html == again(LEGACY).content_html


def test_content_may_hold_what_looks_like_the_forms_own_marks() -> None:
    content = "<!--5--></div>---<div>{{ x }} {% raw %}"
    assert again(legacy_post(replace(ENTRY, content_html=RawHtml(content)))).content_html == content
    found = edited("<div>\n", "<div>\n\n---\n<p>first</p>\n</div>\n<div>\n")
    assert found.content_html.startswith("\n---\n<p>first</p>\n</div>\n<div>\n<p>")


def test_text_after_the_div_is_kept() -> None:
    found = read_post(LEGACY.file_name, LEGACY.body + b"\nA *note*.\n")
    assert found.content_html.endswith("<p>A <em>note</em>.</p>")
    assert found.problems == ("there is more text after the `div`: it is taken to the content",)


def test_a_div_without_end_holds_the_rest() -> None:
    found = edited("\n</div>\n", "")
    assert found.content_html == again(LEGACY).content_html
    assert found.problems == ("the `div` of the content has no end",)


def test_keys_that_are_missing_are_told_together() -> None:
    found = edited("layout: post\n", "")
    found = read_post(
        found.file_name, LEGACY.body.replace(b"author: Ada Example\n", b"").replace(b"layout: post\n", b"")
    )
    assert found.problems == ("the front matter lacks `layout`, `author`",)
    assert (found.form, found.authors) == (PostForm.SCRIPTS, ())


def test_other_scripts_with_such_a_body_quoted_no_author_either() -> None:
    found = edited("layout: post\n", "layout: post\nrating: {a: [1]}\n")
    assert found.form is PostForm.OTHER
    text = LEGACY.body.decode().replace("layout: post\n", "x: y\n")
    for author in ("Ann #1", "null", "12:30", "{Ann}"):
        body = text.replace("author: Ada Example", f"author: {author}").encode()
        assert read_post(LEGACY.file_name, body).authors == (author,)


def test_without_front_matter_the_body_tells_what_it_can() -> None:
    found = read_post(LEGACY.file_name, LEGACY.body.partition(b"\n---\n")[2])
    assert (found.title, found.url, found.said) == (ENTRY.title, ENTRY.url, ENTRY.id)
    assert (found.dated, found.name_date, found.tags) == (None, APRIL_3, ())
    assert found.problems == (
        "there is no front matter",
        "there are no tags",
        "there is no date: the one in the file's name stands in",
    )


# Bytes


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"\xef\xbb\xbf" + LEGACY.body, "it begins with a byte order mark"),
        (LEGACY.body.replace(b"\n", b"\r\n"), "its lines end in CRLF or CR"),
        (LEGACY.body.replace(b"\n", b"\r"), "its lines end in CRLF or CR"),
        (LEGACY.body.decode().encode("utf-16"), "it is in UTF-16, not UTF-8"),
        (LEGACY.body.decode().encode("utf-16-be"), "it is in UTF-16, not UTF-8"),
        (LEGACY.body.decode().encode("utf-32"), "it is in UTF-32, not UTF-8"),
        (LEGACY.body.replace(b"fab", b"\x00fa\x0cb\x1b"), "it holds control characters: they are left out"),
    ],
    ids=["mark", "CRLF", "CR", "UTF-16", "UTF-16BE", "UTF-32", "controls"],
)
def test_other_bytes_of_a_post_say_the_same_and_that_is_told(body: bytes, problem: str) -> None:
    assert read_post(LEGACY.file_name, body) == replace(again(LEGACY), problems=(problem,))


def test_western_text_is_read_as_such_and_a_broken_character_spoils_no_other() -> None:
    found = read_post("a.md", "---\ntitle: Café – naïve\n---\n".encode("cp1252"))
    assert found.title == "Café – naïve"
    assert "it is no UTF-8: it is read as windows-1252" in found.problems
    found = read_post("a.md", "---\ntitle: Café – ü".encode() + b"\xc3 \xff \xfe\n---\n")
    assert found.title == "Café – ü\ufffd \ufffd \ufffd"


@given(st.text(max_size=30), st.binary(max_size=300))
def test_any_bytes_make_a_post(name: str, body: bytes) -> None:
    assert read_post(name, body).file_name == name


@given(
    st.sampled_from([LEGACY, SAFE]),
    st.floats(0, 1),
    st.integers(0, 40),
    st.binary(max_size=8)
    | st.sampled_from([b"---\n", b'"', b"<div>", b"</div>", b"](", b"<!--1-->\n", b"\xff"]),
)
def test_a_post_that_was_damaged_anywhere_makes_one(
    post: Post, where: float, gone: int, instead: bytes
) -> None:
    at = int(where * len(post.body))
    read_post(post.file_name, post.body[:at] + instead + post.body[at + gone :])


# Our own safe style


def test_the_safe_style_says_what_the_entry_did() -> None:
    entry = an_entry()
    found = again(SAFE)
    assert found.form is PostForm.SAFE
    assert (found.title, found.url, found.authors) == (entry.title, entry.url, entry.authors)
    assert found.tags == (entry.source.name, *entry.tags)
    assert (found.dated, found.said, found.updated) == (entry.published, entry.id, entry.updated)
    assert found.language == entry.language
    assert [file.url for file in found.enclosures] == [file.url for file in entry.enclosures]
    assert str(found.content_html) == to_item(entry).content
    assert found.problems == ()


def test_values_of_the_safe_style_are_text_to_the_letter() -> None:
    entry = an_entry(title="Q&amp;A <b>x</b>", authors=("R&amp;D",))
    found = read_post("a.md", safe_post(entry).body, plain_title=plain_text)
    assert (found.title, found.authors) == (entry.title, entry.authors)


def test_liquid_in_the_content_of_the_safe_style_comes_back() -> None:
    found = again(safe_post(replace(ENTRY, content_html=RawHtml("<p>{{ x }} {% raw %}\n\n</p>"))))
    assert found.content_html == "<p>{{ x }} {% raw %}\n</p>"


@given(nasty_entry)
def test_whatever_the_safe_style_writes_is_read_back(entry: Entry) -> None:
    item = to_item(entry)
    found = again(safe_post(entry))
    assert found.form is PostForm.SAFE
    assert (found.title, found.url, found.said) == (item.title, item.url, entry.id)
    assert found.dated == min(max(item.published, -62_135_596_800_000), 253_402_300_799_999)
    assert found.tags == union(map(clean_tag, [item.origins[0].name, *item.tags]))
    assert found.authors == union(item.authors) or found.authors == union([item.origins[0].name])
    assert plain_text(found.content_html) == plain_text(item.content)
