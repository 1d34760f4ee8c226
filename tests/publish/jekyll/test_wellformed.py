from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from aggregator.model import RawHtml, SourceRef
from aggregator.publish.jekyll.legacy import legacy_post
from aggregator.publish.jekyll.wellformed import fault_of
from tests.publish.entries import an_entry

ENTRY = an_entry(title='He said "wait..." twice', tags=(), enclosures=(), updated=None)
POST = legacy_post(ENTRY)
TEXT = POST.body.decode()

line = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=70)


def fault(changed: str, name: str = POST.file_name) -> str | None:
    assert changed != TEXT or name != POST.file_name
    return fault_of(name, changed.encode())


@given(line, line, line, line, st.integers(0, 4_102_444_800_000))
def test_whatever_the_legacy_style_writes_is_well_formed(
    title: str, author: str, source: str, content: str, instant: int
) -> None:
    entry = replace(
        ENTRY,
        id=instant + 1,
        published=instant,
        source_published=instant,
        title=title,
        authors=(author,),
        sources=(SourceRef(name=source, url="https://example.org/feed"),),
        content_html=RawHtml(content),
    )
    post = legacy_post(entry)
    assert fault_of(post.file_name, post.body) is None


def test_a_date_that_was_not_understood_is_well_formed() -> None:
    assert fault(TEXT.replace(f"<!--{ENTRY.id}-->", "<!--NaN-->")) is None
    assert fault(TEXT.replace(f"<!--{ENTRY.id}-->", "<!---5-->")) is None


def test_the_file_may_be_named_by_the_title_as_it_stands_in_the_front_matter() -> None:
    assert fault(TEXT, '2024-04-03-He said \\"wait\\" twice.md') is None
    assert fault(TEXT, "2024-04-03-He said.md") == "its file's name is not made of its date and title"
    assert fault(TEXT, "old/" + POST.file_name) == "its file's name is not made of its date and title"


def test_the_name_may_have_been_decomposed_by_a_file_system() -> None:
    post = legacy_post(replace(ENTRY, title="Café über ガ"))
    assert fault_of(unicodedata.normalize("NFD", post.file_name), post.body) is None


@pytest.mark.parametrize(
    ("written", "instead", "why"),
    [
        ("\n", "\r\n", "it holds control characters"),
        ("---\nlayout", "\ufeff---\nlayout", "its line 1 is not `---`"),
        ("layout: post", "layout: page", "its line 2 is not `layout: post`"),
        ('title: "', "title: ", 'its line 3 is not `title: "…"`'),
        (".000Z", "Z", "its line 4 is not `date: YYYY-MM-DDTHH:MM:SS.mmmZ`"),
        ("comments: True\n", "", "its line 8 is not `comments: True`"),
        ("tags: [ ", "tags: [", "its line 7 is not `tags: [ … ]`"),
        ("tags: [ ", "tags: [ more, ", "its categories are not its tags"),
        ("<!--", "<!-- ", "its line 11 is not `<!--…-->`"),
        ("](https", "](http", "its link line has another address than its front matter"),
        ("[He", "[She", "its link line has another title than its front matter"),
        ("[He", "[ He", "its link line has another title than its front matter"),
        ('\\"wait', '"wait', "its link line has another title than its front matter"),
        ("------\n\n", "------\n \n", "its line 14 is not empty"),
        ("<div>\n", "<div>\n ", "its content begins or ends with white space"),
        ("\n</div>\n", "\n</div>\n\n", "it has 18 lines, not 17"),
        ("\n</div>\n", "\n</div>", "it has 16 lines, not 17"),
        ("<div>\n", "<div>\n\n", "its line 17 is not `</div>`"),
    ],
)
def test_one_thing_that_is_otherwise_is_told(written: str, instead: str, why: str) -> None:
    assert fault(TEXT.replace(written, instead)) == why


def test_the_link_line_has_the_title_without_space_around_it() -> None:
    spaced = TEXT.replace('title: "', 'title: " ')
    assert fault(spaced, POST.file_name.replace("-He", "- He")) is None
    assert fault(spaced.replace("[He", "[ He")) == "its link line has another title than its front matter"


def test_what_is_no_text_is_not_well_formed() -> None:
    assert fault_of(POST.file_name, b"\xff" + POST.body) == "it is no UTF-8"
    assert fault_of("", b"") == "its line 1 is not `---`"


@given(st.integers(0, len(POST.body)), st.integers(0, len(POST.body)), st.binary(max_size=3))
def test_any_bytes_are_judged(start: int, end: int, instead: bytes) -> None:
    body = POST.body[:start] + instead + POST.body[end:]
    assume(body != POST.body)
    assert fault_of(POST.file_name, body) is None or isinstance(fault_of(POST.file_name, body), str)
