from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.model import Source
from aggregator.rules.tagging import clean_tag, predecessors, tags_for, union


def source(*tags: str, keep_categories: bool = True) -> Source:
    return Source(name="S", url="https://site.example/feed", tags=tags, keep_categories=keep_categories)


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("C++", "C++"),
        ("日本\u3000経済", "日本 経済"),
        ("  a \t\n b\u00a0c ", "a b c"),
        ("e\u0301", "é"),
        ("\u3000 \n", ""),
    ],
)
def test_a_tag_has_one_form(text: str, tag: str) -> None:
    assert clean_tag(text) == tag


@given(st.text() | st.text(" \t\u3000\u00a0e\u0301\u2126日", max_size=12))
def test_the_one_form_stays_as_it_is(text: str) -> None:
    tag = clean_tag(text)
    assert clean_tag(tag) == tag
    assert unicodedata.is_normalized("NFC", tag)
    assert tag.split() == tag.split(" ") or tag == ""


def test_the_sources_tags_come_before_an_items_categories() -> None:
    assert tags_for(source("z", "a"), ["b", "z", "日本"]) == ("z", "a", "b", "日本")


def test_a_category_that_is_written_otherwise_is_the_same_tag() -> None:
    assert tags_for(source("日本\u3000経済", "é"), ["日本 経済", " 日本  経済 ", "e\u0301"]) == (
        "日本 経済",
        "é",
    )


def test_categories_can_be_left_out() -> None:
    assert tags_for(source("a", keep_categories=False), ["b"]) == ("a",)


def test_tags_without_text_are_none() -> None:
    assert tags_for(source("a"), ["", "\u3000"]) == ("a",)


def test_a_union_has_each_tag_once_where_it_first_came() -> None:
    assert union(("b", "a"), (), ("c", "b", ""), iter(["a", "d"])) == ("b", "a", "c", "d")
    assert union() == ()


def test_a_source_goes_on_with_imported_posts_of_its_name_and_only_one_does() -> None:
    first, other = (Source(name=name, url=f"https://{name}.example/feed") for name in ("news", "NEWS"))
    assert predecessors([first, other], {"News": ""}) == {"news": "News"}
    assert predecessors([first, other], {"NEWS": ""}) == {"NEWS": "NEWS"}


def test_a_source_that_was_renamed_is_itself_rather_than_imported_posts_of_its_name() -> None:
    renamed = Source(name="news", url="https://a.example/feed")
    assert predecessors([renamed], {"News": "", "Old": "https://a.example/feed"}) == {"news": "Old"}
