from __future__ import annotations

import pytest

from aggregator.model import Selectors
from tests.config.configs import SOURCE, made, problem

PAGE = SOURCE + 'kind = "html"\n'


def test_selectors_are_kept_as_they_are_written() -> None:
    text = (
        PAGE + 'selectors = { item = " li.post ", link = "@data-href", date = "time@title", content = "p" }'
    )
    (source,) = made(text).sources
    assert source.selectors == Selectors(item="li.post", link="@data-href", date="time@title", content="p")


@pytest.mark.parametrize(
    ("key", "selector", "said"),
    [
        (
            "item",
            "li !",
            "\"li !\" is no CSS selector that can be used: at column 4: expected a selector, not '!'",
        ),
        (
            "title",
            "h2::text",
            '"h2::text" is no CSS selector that can be used: pseudo-elements are not supported',
        ),
        ("link", "a[", '"a[" is no CSS selector that can be used: at its end: expected a name'),
        ("date", "time[@datetime", '"time[@datetime" is no CSS selector'),
        ("content", " ", '" " is no CSS selector that can be used: at its end: expected a selector'),
        ("item", "li@id", '"li@id" names an attribute: expected a CSS selector of elements'),
        ("item", "@id", '"@id" names an attribute'),
    ],
)
def test_a_bad_selector_is_refused_with_its_key_and_what_is_wrong(key: str, selector: str, said: str) -> None:
    given = {"item": "li"} | {key: selector}
    table = ", ".join(f"{name} = '{text}'" for name, text in given.items())
    found = problem(f"{PAGE}selectors = {{ {table} }}")
    assert found.startswith(f'config/aggregator.toml: [[sources]] #1 "BBC": selectors.{key}: {said}')


def test_the_selector_of_an_article_is_checked_like_the_others() -> None:
    found = problem(SOURCE + 'full_text = true\nselector = "main >"')
    assert 'selector: "main >" is no CSS selector that can be used: at its end' in found


def test_a_kind_that_is_not_known_is_the_only_complaint() -> None:
    found = problem(SOURCE + 'kind = "htm"\nselectors = { item = "li" }')
    assert 'kind: expected "feed" or "html", not "htm"' in found
    assert 'needs kind = "html" beside it' in problem(SOURCE + 'selectors = { item = "li" }')
