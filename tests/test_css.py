from __future__ import annotations

import re
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from aggregator.css import target, to_xpath

PAGE = etree.HTML(
    "<article class='post new' lang=en><h2 id=h><a href='/1'>One</a></h2><p>a<p>b</article><p class=post>c"
)


def selected(css: str, element: etree._Element) -> list[etree._Element]:
    return cast("list[etree._Element]", element.xpath(to_xpath(css)))


@pytest.mark.parametrize(
    ("css", "found"),
    [
        ("article.post", ["article"]),
        ("ARTICLE.post > H2 a[HREF]", ["a"]),
        ("p", ["p", "p", "p"]),
        ("h2, a", ["h2", "a"]),
        ("article:has(h2 a)", ["article"]),
        ("article:has(> a)", []),
        ("p:nth-of-type(2)", ["p"]),
        ("h2:contains('One')", ["h2"]),
        (".post:not(article)", ["p"]),
        ("#h", ["h2"]),
        ("*|h2", ["h2"]),
    ],
)
def test_a_selector_finds_what_it_names(css: str, found: list[str]) -> None:
    assert [element.tag for element in selected(css, PAGE)] == found


def test_within_an_element_the_element_itself_can_be_named() -> None:
    (article,) = selected("article", PAGE)
    assert selected(".post", article) == [article]


@pytest.mark.parametrize(
    ("css", "said"),
    [
        ("h2 !", "at column 4: expected a selector, not '!'"),
        ("a[href", "at its end: operator expected"),
        ("", "at its end: expected a selector"),
        ("> a", "for a child of the item write :scope >"),
        ("a[b='", "unclosed string at column 5"),
        ("p::text", "text is taken without ::text"),
        (".post:hover", ":target never match"),
        ("a:not(:visited)", ":target never match"),
        ("a:foo", "the pseudo-class :foo is unknown"),
        ("svg|a", "HTML has no namespaces: leave out svg|"),
        ("[xlink|href]", "HTML has no namespaces: leave out xlink|"),
        (":is(" * 300, "longer than 1000 characters"),
        ("a:contains('\\1')", "a character that no page can hold"),
    ],
)
def test_what_is_no_selector_is_refused_with_what_is_wrong_and_where(css: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        to_xpath(css)


@given(st.lists(st.sampled_from([*"abh2.#*,>+~[]()|='\"\\@:- !", ":not(", ":has(", ":is(", "-child("])))
def test_whatever_is_accepted_can_be_applied(pieces: list[str]) -> None:
    try:
        xpath = to_xpath("".join(pieces))
    except ValueError:
        return
    assert isinstance(PAGE.xpath(xpath), list)


@pytest.mark.parametrize(
    ("selector", "css", "attribute"),
    [
        ("time@datetime", "time", "datetime"),
        (" a.more @ data", "a.more @ data", None),
        ("@HREF", "", "href"),
        ("a[href='me@example.org']", "a[href='me@example.org']", None),
        ("a[title='x@y']@title", "a[title='x@y']", "title"),
    ],
)
def test_an_attribute_stands_behind_the_selector(selector: str, css: str, attribute: str | None) -> None:
    assert target(selector) == (css, attribute)
