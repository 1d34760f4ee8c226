"""What a feed's conditions come to, whatever the clock says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.model import And, Comparison, Expression, FeedSpec, Field, Has, Not, Operator, Or, Part, Text
from aggregator.rules.grammar import parse
from aggregator.rules.membership import (
    Conditions,
    Standing,
    conditions_of,
    from_text,
    mentions,
    timeless,
    to_text,
)
from aggregator.rules.predicate import compiled
from aggregator.rules.subject import Subject
from tests.publish.entries import an_entry

ENTRY = an_entry(title="Chips again")

LEAVES = st.one_of(
    st.builds(
        Comparison, st.just(Field.AGE), st.sampled_from(list(Operator)), st.integers(min_value=0, max_value=9)
    ),
    st.builds(Text, st.just(Field.TITLE), st.sampled_from(["chips", "fish"])),
    st.just(Has(Part.URL)),
)


def combined(terms: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    several = st.lists(terms, min_size=2, max_size=3).map(tuple)
    return st.one_of(st.builds(Not, terms), st.builds(And, several), st.builds(Or, several))


@given(st.recursive(LEAVES, combined, max_leaves=8), st.integers(min_value=0, max_value=9))
def test_without_its_terms_on_age_an_expression_is_met_whenever_it_is_at_some_instant(
    expression: Expression, age: int
) -> None:
    if compiled(expression)(Subject(ENTRY, ENTRY.dated + age)):
        assert compiled(timeless(expression))(Subject(ENTRY, now=0))


@pytest.mark.parametrize(
    ("expression", "title", "met"),
    [
        ("title:chips age < 7d", "chips", True),
        ("title:chips age < 7d", "fish", False),
        ("title:chips not age > 7d", "chips", True),
        ("title:chips or age < 7d", "fish", True),
        ("not (title:chips or age < 7d)", "chips", False),
        ("not (title:chips and age < 7d)", "chips", True),
    ],
)
def test_terms_on_age_count_as_met(expression: str, title: str, *, met: bool) -> None:
    subject = Subject(an_entry(title=title), now=0)
    assert compiled(timeless(parse(expression)))(subject) is met


def test_conditions_are_written_in_one_way_and_read_back() -> None:
    feed = FeedSpec(
        slug="f", title="F", any=("a", "b"), none=("中参馆",), sources=("S",), match=parse("A  and b")
    )
    text = to_text(feed)
    assert from_text(text) == conditions_of(feed)
    other = FeedSpec(
        slug="g", title="G", limit=7, any=("a", "b"), none=("中参馆",), sources=("S",), match=parse("A b")
    )
    assert to_text(other) == text, "how a feed is shown is no condition"
    assert to_text(FeedSpec(slug="f", title="F")) == "{}"
    assert from_text("{}") == Conditions()


def test_an_entry_has_met_conditions_since_the_last_of_them_and_the_first_that_is_enough() -> None:
    standing = Standing(
        surfaced=1,
        tags={"a": 1, "b": 5, "c": 3},
        sources={"S": 1, "T": 7},
        subject=lambda: Subject(ENTRY, now=0),
    )
    assert Conditions().met_since(standing) == 1
    assert Conditions(all=("a", "b")).met_since(standing) == 5
    assert Conditions(any=("b", "c", "x")).met_since(standing) == 3
    assert Conditions(any=("b",), sources=("T", "X")).met_since(standing) == 7


def test_fields_are_found_wherever_they_stand() -> None:
    assert mentions(parse("a or -(b source:x)"), Field.SOURCE)
    assert not mentions(parse("a or has:url age < 3d"), Field.SOURCE)
