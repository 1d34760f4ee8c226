from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.ingest.titles import title_form


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("It’s “new”…", "It's 'new'."),
        ("News: part two", "News – part two"),
        ("a re‑run", "A re-run"),
        ("One—two", "One — two"),
        ("北京：新规定。", "北京，新规定！"),
        ("東京・大阪", "東京 大阪"),
        ("«Ёлка», новости!", "„Ёлка“: новости"),
        ("한국, 승리!", "한국 승리"),
        ("ﬁne  (update)", "fine [update]"),
    ],
)
def test_case_quotes_dashes_and_pauses_make_no_other_title(one: str, other: str) -> None:
    assert title_form(one) == title_form(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("C++", "C"),
        ("C#", "C"),
        ("Match 3:1", "Match 31"),
        ("v1.2", "v12"),
        ("It is -5 degrees", "It is 5 degrees"),
        ("50%", "50"),
        ("1990–2000", "1990 2000"),
        ("???", "!!!"),
    ],
)
def test_what_means_something_else_is_another_title(one: str, other: str) -> None:
    assert title_form(one) != title_form(other)


@given(st.text())
def test_a_title_s_form_is_its_own_and_empty_for_an_empty_one_only(title: str) -> None:
    form = title_form(title)
    assert title_form(form) == form
    assert bool(form) == bool(title)


def test_a_title_of_megabytes_takes_little() -> None:
    assert len(title_form("\ufdfa" * 5_000_000)) < 1_000_000
