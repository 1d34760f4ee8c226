from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.publish.urls import feed_url, link_url, web_url, without_secrets


@pytest.mark.parametrize(
    "url",
    [
        "https://site.example/a/b;c?d=e&f=%20#g",
        "http://[::1]:8080/x",
        "http://127.0.0.1/",
        "https://site.example/%E6%97%A5?a=b/c?d",
    ],
)
def test_a_valid_address_stays_as_it_is(url: str) -> None:
    assert web_url(url) == url


@pytest.mark.parametrize(
    ("url", "valid"),
    [
        ("http://site.example/a b|c", "http://site.example/a%20b%7Cc"),
        ("http://site.example/100%", "http://site.example/100%25"),
        ("https://日本語.jp/パス?q=ü", "https://xn--wgv71a119e.jp/%E3%83%91%E3%82%B9?q=%C3%BC"),
        ("https://user:secret@site.example:81/x", "https://site.example:81/x"),
        ("https://user@site.example/", "https://site.example/"),
        (" https://site.example/\na ", "https://site.example/a"),
        ("http://site.example:/x", "http://site.example/x"),
    ],
)
def test_an_address_is_made_valid(url: str, valid: str) -> None:
    assert web_url(url) == valid


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "/relative",
        "//host/x",
        "javascript:x",
        "ftp://a.example/",
        "http:///x",
        "http://[x",
        "http://a b/",
        "http://a:99999/",
        "http://" + "長" * 300,
    ],
)
def test_what_is_no_web_address_is_none(url: str | None) -> None:
    assert web_url(url) is None


SECRET_NAMES = [
    *("token", "access_token", "api_key", "apikey", "key", "KEY", "sig", "signature", "X-Amz-Signature"),
    *("password", "pwd", "pass", "secret", "client_secret", "auth", "hash", "sid"),
]


@pytest.mark.parametrize("name", SECRET_NAMES)
@pytest.mark.parametrize("query", ["{}=s3", "a=b&{}=s3&c=d", "{}", "a=b&{}="])
def test_a_query_that_looks_like_a_secret_is_not_told(name: str, query: str) -> None:
    assert feed_url(f"https://site.example/feed?{query.format(name)}") == "https://site.example/feed"


def test_a_secret_is_recognised_when_its_name_is_percent_encoded() -> None:
    assert feed_url("https://site.example/feed?%74oken=s3") == "https://site.example/feed"


@pytest.mark.parametrize(
    "url",
    [
        "https://site.example/feed",
        "https://site.example/feed?format=rss&lang=ja&q=token",
        "https://site.example/?feed=rss2&cat=5&keyword=x&passage=3",
        "https://site.example/token/key?a",
    ],
)
def test_a_harmless_query_is_told(url: str) -> None:
    assert feed_url(url) == url


@pytest.mark.parametrize("url", [None, "", "file:///x?key=1"])
def test_what_is_no_web_address_is_not_told(url: str | None) -> None:
    assert feed_url(url) is None


def test_a_link_can_be_a_mail_address() -> None:
    assert link_url("mailto:ada@site.example") == "mailto:ada@site.example"
    assert link_url("javascript:alert(1)") is None


@given(st.text() | st.text(":/@[]?#%.ab1 é").map(lambda tail: "http://" + tail))
def test_whatever_comes_out_holds_only_characters_of_a_url(url: str) -> None:
    result = web_url(url)
    assert result is None or re.fullmatch(r"https?://[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+", result)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "It moved to https://a.example/f?access_key=S1; put it there.",
            "It moved to https://a.example/f; put it there.",
        ),
        ("It announces one: http://a.example/f?token=S1.", "It announces one: http://a.example/f."),
        ("See https://me:S1@a.example/f?page=2, please", "See https://a.example/f?page=2, please"),
        ("Cut at https://a.example/f?sid=S1…", "Cut at https://a.example/f"),
        ("No address: the token=S1 of nobody", "No address: the token=S1 of nobody"),
    ],
)
def test_addresses_within_a_sentence_lose_their_secrets(said: str, told: str) -> None:
    assert without_secrets(said) == told
