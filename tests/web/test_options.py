from __future__ import annotations

from contextlib import suppress
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.model import And, Content, Field, Not, Or, Order, Pattern
from aggregator.rules.grammar import parse
from aggregator.rules.tagging import clean_tag
from aggregator.web.options import (
    MAX_PARAMETERS,
    MAX_QUERY_BYTES,
    MAX_SEARCH,
    MAX_TAGS,
    MAX_TEXT,
    PLAIN,
    Options,
    OptionsError,
    read_options,
)

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40)
tags = st.lists(texts.map(clean_tag).filter(bool), max_size=3)


def read(**parameters: str | list[str]) -> Options:
    return read_options(urlencode(parameters, doseq=True).encode())


def searched(text: str) -> Options:
    return read_options(f"q={quote(text)}".encode(), search=True)


def refused(query: str, *, search: bool = False) -> str:
    with pytest.raises(OptionsError) as caught:
        read_options(query.encode(), search=search)
    return str(caught.value)


# --- one form ---------------------------------------------------------------------------------------


@given(
    all_=tags,
    any_=tags,
    none=tags,
    limit=st.none() | st.integers(1, 1000),
    hours=st.none() | st.integers(1, 87_600),
    order=st.none() | st.sampled_from(Order),
    content=st.none() | st.sampled_from(Content),
    title=texts.map(lambda text: f"[{text.encode().hex()}é+&]"),
)
def test_what_an_address_says_of_its_options_is_read_as_the_same_options(
    *,
    all_: list[str],
    any_: list[str],
    none: list[str],
    limit: int | None,
    hours: int | None,
    order: Order | None,
    content: Content | None,
    title: str,
) -> None:
    parameters: dict[str, str | list[str]] = {"all": all_, "any": any_, "none": none}
    parameters["filterout_title"] = title
    numbers = {"limit": limit, "hours": hours, "order": order, "content": content}
    parameters |= {name: f"{value}" for name, value in numbers.items() if value is not None}
    options = read(**parameters)
    again = read_options(options.query_string.encode("ascii"))
    assert again == options
    assert hash(again) == hash(options)
    assert again.query_string == options.query_string
    assert again.match == options.match


@given(st.binary(max_size=60))
def test_no_query_string_makes_reading_fail(query: bytes) -> None:
    for search in (False, True):
        with suppress(OptionsError):
            options = read_options(b"all=x&filter_title=" + query, search=search)
            assert read_options(options.query_string.encode(), search=search) == options


@pytest.mark.parametrize(
    "query", ["", "utm_source=x&fbclid=%FF", "brief=100&mode=fulltext&sorted=false", "&&=", "filter=", "all="]
)
def test_what_is_unknown_or_empty_makes_no_other_document(query: str) -> None:
    assert read_options(query.encode()) == PLAIN


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("all=a&all=b", "all=b&x=1&all=a&all=b"),
        ("all=a+b", "all=%20a%20%20b"),
        ("limit=5&hours=2", "hours=2&limit=5"),
        ("filter=x", "filter=x&filter_case_sensitive=true"),
        ("limit=5", "limit=5&filter_case_sensitive=false"),
        ("none=%E8%8A%AF", "none=芯"),
    ],
)
def test_the_same_wish_in_other_words_is_the_same_options(one: str, other: str) -> None:
    assert read_options(one.encode()) == read_options(other.encode())


def test_a_search_is_kept_as_the_grammar_writes_it() -> None:
    assert searched("  title:a   AND (b)").search == searched("title:a b").search
    assert searched("title:a b").match == parse("title:a b")


# --- RSSHub's filters -------------------------------------------------------------------------------


def test_a_filter_looks_at_title_and_description_and_an_author_and_a_category_at_theirs() -> None:
    options = read(filter="a|b", filter_author="c", filter_category="d")
    assert options.match == And(
        (
            Or(tuple(Pattern(field, "a|b") for field in (Field.TITLE, Field.SUMMARY, Field.CONTENT))),
            Pattern(Field.AUTHOR, "c"),
            Pattern(Field.TAG, "d"),
        )
    )


def test_what_is_filtered_out_is_what_the_filter_would_let_in() -> None:
    assert read(filterout_title="x").match == Not(Pattern(Field.TITLE, "x"))
    assert read(filterout_description="x").match == Not(
        Or((Pattern(Field.SUMMARY, "x"), Pattern(Field.CONTENT, "x")))
    )


def test_case_counts_unless_it_is_said_not_to() -> None:
    assert read(filter_title="x", filter_case_sensitive="false").match == Pattern(Field.TITLE, "x", "i")
    assert read(filter_title="x", filter_case_sensitive="yes").match == Pattern(Field.TITLE, "x")


@pytest.mark.parametrize("name", ["filter", "filter_title", "filterout", "filterout_category"])
def test_a_bad_regular_expression_is_named_by_its_parameter(name: str) -> None:
    said = refused(f"limit=3&{name}=" + quote("(a"))
    assert said.startswith(f"{name}: ")
    assert "parenthes" in said or ")" in said


# --- refusals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["limit", "hours", "filter_time"])
@pytest.mark.parametrize("value", ["", "0", "-1", "+1", "1.0", "x", "05", "５", "9999999999", "1e3"])
def test_a_number_that_is_none_is_refused_with_an_example(name: str, value: str) -> None:
    said = refused(f"{name}={quote(value)}")
    assert said.startswith(f"{name} must be one whole number from 1 to ")
    assert f"?{name}=" in said


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("order=random", "order must be surfaced or published."),
        ("content=all", "content must be full or summary or none."),
        ("limit=1&limit=2", "limit must be one"),
        ("filter_title=a&filter_title=b", "filter_title is given 2 times"),
        ("filter_title=%FF", "filter_title is not UTF-8"),
        ("none=%ED%A0%80", "none is not UTF-8"),
        ("filter=" + "x" * (MAX_TEXT + 1), "filter is too long"),
        ("all=" + "x" * (MAX_TEXT + 1), f"up to {MAX_TEXT} characters"),
        ("&".join(f"any={number}" for number in range(MAX_TAGS + 1)), f"{MAX_TAGS} times"),
        ("&".join("x=1" for _ in range(MAX_PARAMETERS + 1)), "too many parameters"),
        ("x=" + "y" * MAX_QUERY_BYTES, "too long"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(query: str, said: str) -> None:
    assert said in refused(query)


def test_as_many_chinese_characters_can_be_asked_for_as_others() -> None:
    assert searched("芯" * MAX_SEARCH).match is not None
    assert "parameters" not in refused("q=" + quote("芯" * (MAX_SEARCH + 1)), search=True)


@pytest.mark.parametrize("query", ["", "q=", "q=%20", "limit=3", "Q=x"])
def test_a_search_for_nothing_is_told_how_to_search(query: str) -> None:
    said = refused(query, search=True)
    assert "?q=title%3Ajapan%20and%20not%20tag%3Asport" in said


def test_an_expression_that_cannot_be_read_is_shown_with_the_place() -> None:
    message, expression, caret = refused("q=" + quote("title:(a or"), search=True).splitlines()
    assert message.startswith("q cannot be read, column 12: ")
    assert expression == "    title:(a or"
    assert caret == "               ^"


def test_the_place_is_right_below_wide_characters_and_after_line_ends() -> None:
    _, expression, caret = refused("q=" + quote("title:芯片\nor )"), search=True).splitlines()
    assert expression == "    title:芯片 or )"
    assert caret.index("^") == expression.index(")") + 2  # each of the two takes two cells


def test_of_a_long_expression_only_the_place_is_shown() -> None:
    _, expression, caret = refused(
        "q=" + quote(f'"{"word " * 100}" ) {"more " * 50}'), search=True
    ).splitlines()
    assert len(expression) < 100
    assert expression[caret.index("^")] == ")"


@pytest.mark.parametrize(
    "text",
    ["x" * (MAX_SEARCH + 1), " ".join("abcdefghij"[number % 10] for number in range(51)), "not " * 30 + "x"],
)
def test_a_search_may_be_smaller_than_the_configs_expressions(text: str) -> None:
    parse(text)
    assert "cannot be read" in refused("q=" + quote(text), search=True)
