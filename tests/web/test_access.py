"""Which tokens are heard, what they open, and what answers to those who say them look like."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.config import Config
from aggregator.model import FeedSpec
from aggregator.web.access import (
    Access,
    access_to_feed,
    access_to_service,
    opened_feeds,
    private_headers,
    public_feeds,
    refusal,
    token_query,
    tokens_said,
    without_tokens,
)
from tests.web.site import config

OPEN, GRANTED, REFUSED = Access(True, False), Access(True, True), Access(False, True)
NEWS = FeedSpec(slug="news", title="News")
MINE = FeedSpec(slug="mine", title="Mine", token="my-token")
YOURS = FeedSpec(slug="yours", title="Yours", token="your-token")
FEEDS = config(feeds=[NEWS, MINE, YOURS])


def guarded(of: Config, token: str = "all-of-it") -> Config:
    return replace(of, service=replace(of.service, token=token))


def basic(password: str | bytes, user: str = "me") -> bytes:
    if isinstance(password, str):
        password = password.encode()
    return b"Basic " + b64encode(user.encode() + b":" + password)


def said(*authorizations: bytes, query: bytes = b"") -> tuple[bytes, ...]:
    headers = [(b"host", b"feeds.example"), *((b"authorization", value) for value in authorizations)]
    return tokens_said(headers, query)


@pytest.mark.parametrize(
    "token", ["T", "a:b", "a b", "ключ", "中参馆", "🗝", "a+b/c==", "x" * 10_000, "&=?#%41"]
)
def test_a_token_is_heard_in_the_address_and_as_bearer_and_as_password(token: str) -> None:
    query = token_query(guarded(FEEDS, token))
    assert query.isascii()
    assert token.encode() in said(query=b"limit=3&" + query[1:].encode())
    assert said(b"Bearer " + token.encode()) == (token.encode(),)
    assert said(basic(token)) == said(basic(token, "")) == said(basic(token, "имя")) == (token.encode(),)


def test_the_scheme_is_heard_in_any_case_and_with_any_space_behind_it() -> None:
    assert said(b"bEARER   T") == said(b"BASIC  OlQ= ") == (b"T",)


def test_a_plus_sign_in_an_address_is_itself_or_a_space() -> None:
    assert set(said(query=b"token=a+b")) == {b"a+b", b"a b"}


@pytest.mark.parametrize(
    "authorization",
    [
        b"",
        b"T",
        b"Bearer",
        b"Bearer ",
        b"Basic",
        b"Basic ",
        b"Basic T",
        b"Basic \xff\xfe",
        b"Basic bWU6V",  # cut short
        b"Basic bWU6VA==!",
        b"Basic bWU6\nVA==",
        b"Basic " + b64encode(b"no colon"),
        b"Basic " + b64encode(b"me:"),
        b'Digest username="me", response="T"',
        b"Token T",
        b"BearerT",
    ],
)
def test_what_is_no_token_says_nothing(authorization: bytes) -> None:
    assert said(authorization) == ()
    assert said(authorization, query=b"token=T") == (b"T",)


@pytest.mark.parametrize(
    "query", [b"", b"token", b"token=", b"token=T&token=T", b"Token=T", b"a=token=T", b"=T"]
)
def test_an_address_that_says_no_token_or_two_says_none(query: bytes) -> None:
    assert said(query=query) == ()
    assert said(b"Bearer T", query=query) == (b"T",)


def test_what_reads_the_rest_of_an_address_sees_no_token_in_it() -> None:
    assert without_tokens(b"limit=3&token=T&q=token&token=&token") == b"limit=3&q=token"
    assert without_tokens(b"token=T") == without_tokens(b"") == b""
    assert without_tokens(b"a=1&&b=%20+") == b"a=1&&b=%20+"


def test_two_authorizations_say_nothing() -> None:
    assert said(b"Bearer T", b"Bearer T") == said(b"Bearer T", b"Basic OlQ=") == ()


@given(query=st.binary(max_size=50), authorization=st.binary(max_size=50))
def test_nothing_that_is_sent_breaks_anything(query: bytes, authorization: bytes) -> None:
    for scheme in (b"", b"Basic ", b"Bearer "):
        heard = said(scheme + authorization, query=b"token=" + query)
        assert b"" not in heard
        assert not access_to_feed(FEEDS, "mine", heard).is_granted


def test_without_tokens_in_the_config_everything_is_open() -> None:
    nothing = config(feeds=[NEWS])
    for heard in ((), (b"T",)):
        assert access_to_service(nothing, b"/metrics", heard) == OPEN
        assert access_to_feed(nothing, "news", heard) == OPEN
        assert access_to_feed(nothing, "unknown", heard) == OPEN


def test_a_feeds_token_opens_that_feed_and_no_other_is_guarded_by_it() -> None:
    assert access_to_feed(FEEDS, "mine", (b"my-token",)) == GRANTED
    assert access_to_feed(FEEDS, "yours", (b"your-token",)) == GRANTED
    assert access_to_feed(FEEDS, "news", ()) == OPEN
    assert access_to_feed(FEEDS, "unknown", ()) == OPEN
    assert access_to_service(FEEDS, b"/all.atom", ()) == OPEN


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"your-token",
        b"my-toke",
        b"my-token ",
        b"MY-TOKEN",
        b"my-token\0",
        b"x" * 10_000,
        "мy-token".encode(),
    ],
)
def test_any_other_token_does_not_open_a_feed(wrong: bytes) -> None:
    assert access_to_feed(FEEDS, "mine", (wrong,)) == REFUSED
    assert access_to_feed(FEEDS, "mine", ()) == REFUSED
    assert access_to_feed(FEEDS, "mine", (wrong, b"my-token")) == GRANTED


def test_the_services_token_guards_and_opens_everything() -> None:
    all_guarded = guarded(FEEDS)
    for slug in ("news", "mine", "unknown"):
        assert access_to_feed(all_guarded, slug, ()) == REFUSED
        assert access_to_feed(all_guarded, slug, (b"your-token",)) == REFUSED
        assert access_to_feed(all_guarded, slug, (b"all-of-it",)) == GRANTED
    for path in (
        b"/",
        b"/metrics",
        b"/all.atom",
        b"/opml.xml",
        b"/nothing",
        b"/healthz/",
        b"/%68ealthz",
        b"/static",
    ):
        assert access_to_service(all_guarded, path, (b"all-of-it",)) == GRANTED
        for wrong in ((), (b"my-token",)):
            assert access_to_service(all_guarded, path, wrong) == REFUSED
    for path in (b"/healthz", b"/readyz", b"/static/style.css"):
        assert access_to_service(all_guarded, path, ()) == OPEN


def test_a_feeds_own_token_holds_behind_the_services() -> None:
    assert access_to_feed(guarded(FEEDS), "mine", (b"my-token",)) == GRANTED
    assert access_to_service(guarded(FEEDS), b"/tags/a.atom", (b"my-token",)) == REFUSED


def test_rotating_one_token_leaves_the_others() -> None:
    rotated = replace(FEEDS, feeds=(NEWS, replace(MINE, token="fresh"), YOURS))
    assert access_to_feed(rotated, "mine", (b"my-token",)) == REFUSED
    assert access_to_feed(rotated, "mine", (b"fresh",)) == GRANTED
    assert access_to_feed(rotated, "yours", (b"your-token",)) == GRANTED


def test_a_token_from_an_environment_of_any_bytes_can_be_said() -> None:
    odd = guarded(FEEDS, b"\xff\xfe".decode(errors="surrogateescape"))
    assert access_to_service(odd, b"/", (b"\xff\xfe",)) == GRANTED
    assert said(query=token_query(odd)[1:].encode()) == (b"\xff\xfe",)


def test_the_feeds_that_a_token_opens_are_known() -> None:
    assert public_feeds(FEEDS) == (NEWS,)
    assert opened_feeds(FEEDS, ()) == opened_feeds(FEEDS, (b"wrong",)) == ()
    assert opened_feeds(FEEDS, (b"my-token",)) == ("mine",)
    assert opened_feeds(guarded(FEEDS), (b"all-of-it",)) == ("mine", "yours")


def test_addresses_for_readers_say_the_feeds_own_token_or_else_the_services() -> None:
    assert token_query(FEEDS) == token_query(FEEDS, NEWS) == ""
    assert token_query(FEEDS, MINE) == token_query(guarded(FEEDS), MINE) == "?token=my-token"
    assert token_query(guarded(FEEDS)) == token_query(guarded(FEEDS), NEWS) == "?token=all-of-it"


def test_who_is_refused_learns_how_to_say_a_token_and_nothing_else() -> None:
    answer = refusal("GET")
    assert (answer.status, dict(answer.headers)[b"cache-control"]) == (401, b"no-store")
    schemes = [value.split(b" ")[0] for name, value in answer.headers if name == b"www-authenticate"]
    assert schemes == [b"Basic", b"Bearer"]
    assert refusal("HEAD").body == b""


def test_private_answers_are_kept_by_no_cache_that_others_share_and_read_by_no_other_site() -> None:
    public = [
        (b"content-type", b"application/atom+xml"),
        (b"cache-control", b"public, max-age=60, must-revalidate"),
        (b"vary", b"Accept-Encoding"),
        (b"access-control-allow-origin", b"*"),
        (b"etag", b'"1"'),
    ]
    assert sorted(private_headers(public)) == [
        (b"cache-control", b"private, max-age=60, must-revalidate"),
        (b"content-type", b"application/atom+xml"),
        (b"etag", b'"1"'),
        (b"referrer-policy", b"no-referrer"),
        (b"vary", b"Accept-Encoding, Authorization"),
    ]
    assert private_headers([(b"cache-control", b"no-store")]) == [
        (b"cache-control", b"no-store"),
        (b"referrer-policy", b"no-referrer"),
        (b"vary", b"Authorization"),
    ]
    assert dict(private_headers([(b"cache-control", b"no-cache")]))[b"cache-control"] == b"private, no-cache"
