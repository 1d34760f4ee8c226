from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.ingest.urls import absolute, canonical, guid_form, is_site_root, is_web, leads_to_part


@pytest.mark.parametrize(
    ("url", "form"),
    [
        ("http://example.org/a", "https://example.org/a"),
        ("HTTPS://Example.ORG/A", "https://example.org/A"),
        ("https://example.org", "https://example.org/"),
        ("https://example.org./a", "https://example.org/a"),
        ("http://example.org:80/a", "https://example.org/a"),
        ("https://example.org:443/a", "https://example.org/a"),
        ("https://example.org:/a", "https://example.org/a"),
        ("https://example.org:8443/a", "https://example.org:8443/a"),
        ("https://ann:secret@example.org/a", "https://example.org/a"),
        ("https://例え.jp/記事", "https://xn--r8jz45g.jp/%E8%A8%98%E4%BA%8B"),
        ("https://XN--R8JZ45G.jp/%e8%a8%98%e4%ba%8b", "https://xn--r8jz45g.jp/%E8%A8%98%E4%BA%8B"),
        ("https://[2001:DB8::1]:8080/a", "https://[2001:db8::1]:8080/a"),
        ("https://example.org/a/./b/../c", "https://example.org/a/c"),
        ("https://example.org/../a", "https://example.org/a"),
        ("https://example.org/a/..", "https://example.org/"),
        ("https://example.org/%7Eann/%2f%C3%A9", "https://example.org/~ann/%2F%C3%A9"),
        ("https://example.org/a b|c", "https://example.org/a%20b%7Cc"),
        ("https://example.org/100%", "https://example.org/100%25"),
        ("https://example.org/a?b=1&a=2&b=1", "https://example.org/a?b=1&a=2&b=1"),
        ("https://example.org/a?", "https://example.org/a"),
        ("https://example.org/a?utm_source=x&id=7&UTM_Medium=y&fbclid=z", "https://example.org/a?id=7"),
        ("https://example.org/a?utm_source=x", "https://example.org/a"),
        ("https://example.org/a?ref=x&source=y&from=z", "https://example.org/a?ref=x&source=y&from=z"),
        ("https://example.org/a#part", "https://example.org/a"),
        ("https://example.org/#!/a", "https://example.org/#!/a"),
        ("https://example.org/#/a", "https://example.org/#/a"),
        (" https://example.org/a\n/b ", "https://example.org/a/b"),
        ("mailto:Ann@example.org", "mailto:Ann@example.org"),
        ("magnet:?xt=urn:btih:x", "magnet:?xt=urn:btih:x"),
    ],
)
def test_a_url_has_one_canonical_form(url: str, form: str) -> None:
    assert canonical(url) == form


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://example.org/a", "https://example.org/a/"),
        ("https://example.org/a", "https://www.example.org/a"),
        ("https://example.org/a?id=1", "https://example.org/a?id=2"),
        ("https://example.org/a?x=1&y=2", "https://example.org/a?y=2&x=1"),
        ("https://example.org/a%2Fb", "https://example.org/a/b"),
        ("https://example.org/A", "https://example.org/a"),
        ("https://example.org:8080/a", "https://example.org/a"),
        ("https://example.org/#!/a", "https://example.org/#!/b"),
    ],
)
def test_pages_that_may_differ_stay_apart(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a/b",
        "//example.org/a",
        "http:///a",
        "http://a b/",
        "http://[x/",
        "http://x:y/",
        "http://..",
        "http:a",
    ],
)
def test_what_is_no_absolute_url_has_no_canonical_form(text: str) -> None:
    assert canonical(text) is None


URL_TEXT = st.one_of(
    st.text(max_size=60),
    st.text(max_size=60).map("http://".__add__),
    st.text("aA.:/@[]%2fé?&=#!+ \\-utm_", max_size=40).map("https://h.example/".__add__),
    st.text("aA.:@[]%2Fé例-", max_size=20).map(lambda host: f"http://{host}/x"),
)


@settings(deadline=None)  # a busy machine is no fault
@given(URL_TEXT)
def test_the_canonical_form_is_its_own(text: str) -> None:
    form = canonical(text)
    assert form is None or canonical(form) == form


@settings(deadline=None)  # a busy machine is no fault
@given(URL_TEXT)
def test_the_form_of_a_guid_is_its_own(text: str) -> None:
    assert guid_form(guid_form(text)) == guid_form(text)


@settings(deadline=None)  # a busy machine is no fault
@given(URL_TEXT, URL_TEXT)
def test_no_text_makes_anything_raise(url: str, base: str) -> None:
    absolute(url, base)
    is_site_root(url)
    leads_to_part(url)
    is_web(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org",
        "http://example.org/",
        "https://example.org/#top",
        "https://example.org/?utm_source=x",
    ],
)
def test_a_bare_host_is_a_site_root(url: str) -> None:
    assert is_site_root(url)


@pytest.mark.parametrize(
    "url",
    ["https://example.org/a", "https://example.org/?p=1", "https://example.org/#!/a", "mailto:a@b", "x", ""],
)
def test_anything_more_than_a_host_is_no_site_root(url: str) -> None:
    assert not is_site_root(url)


@pytest.mark.parametrize(
    ("guid", "form"),
    [
        (" urn:x ", "urn:x"),
        ("http://Example.org:80/A?b#c", "https://example.org/A?b#c"),
        ("https://example.org", "https://example.org/"),
        ("https://example.org?p=1", "https://example.org/?p=1"),
        ("http://example.org/a/../b?utm_source=1", "https://example.org/a/../b?utm_source=1"),
        ("http://ann@example.org/", "http://ann@example.org/"),
        ("http://", "http://"),
    ],
)
def test_a_guid_keeps_what_may_tell_two_items_apart(guid: str, form: str) -> None:
    assert guid_form(guid) == form


@pytest.mark.parametrize(
    ("url", "bases", "result"),
    [
        ("/a", ("https://example.org/b/c",), "https://example.org/a"),
        ("d", ("https://example.org/b/c",), "https://example.org/b/d"),
        ("//cdn.example.org/x", ("https://example.org/",), "https://cdn.example.org/x"),
        ("a", (None, "nonsense", "https://example.org/"), "https://example.org/a"),
        ("a", (), None),
        ("a", (None,), None),
        ("", ("https://example.org/",), None),
        ("https://example.org/a b\n", (), "https://example.org/a%20b"),
        ("https://example.org/日本", (), "https://example.org/日本"),
        ("javascript:alert(1)", ("https://example.org/",), None),
        ("JavaScript:alert(1)", ("https://example.org/",), None),
        ("java\nscript:alert(1)", ("https://example.org/",), None),
        ("data:text/html,x", (), None),
        ("mailto:a@example.org", (), "mailto:a@example.org"),
        ("//[", ("https://example.org/",), None),
    ],
)
def test_a_link_is_made_absolute_or_none(url: str, bases: tuple[str | None, ...], result: str | None) -> None:
    assert absolute(url, *bases) == result


@pytest.mark.parametrize(
    ("url", "canonized"),
    [
        ("http://Example.org/a#Part", "https://example.org/a#Part"),
        ("https://example.org/a#ä", "https://example.org/a#%C3%A4"),
        ("https://example.org/a#", "https://example.org/a"),
    ],
)
def test_a_fragment_is_kept_where_it_is_asked_for(url: str, canonized: str) -> None:
    assert canonical(url, fragment=True) == canonized
