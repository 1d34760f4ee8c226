from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.rules.tagging import clean_tag
from aggregator.web.options import Options
from aggregator.web.urls import (
    FeedTarget,
    Kind,
    Misdirected,
    OpmlTarget,
    below_prefix,
    path_prefix,
    resolve,
)

anything = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
suffixes = st.sampled_from(["rss", "atom", "json"])


@given(tag=anything.map(clean_tag).filter(bool), suffix=suffixes)
def test_a_tag_survives_the_way_into_a_path_and_back(tag: str, suffix: str) -> None:
    target = FeedTarget(Kind.TAG, tag, suffix)
    assert resolve(target.path.encode("ascii"), b"") == target


@given(tag=anything.map(clean_tag).filter(bool), suffix=suffixes, limit=st.integers(1, 1000))
def test_a_canonical_path_leads_to_its_target_with_the_limit(tag: str, suffix: str, limit: int) -> None:
    target = FeedTarget(Kind.TAG, tag, suffix, Options(limit=limit))
    path, _, query = target.path.partition("?")
    assert resolve(path.encode("ascii"), query.encode("ascii")) == target


@pytest.mark.parametrize(
    ("tag", "options", "path"),
    [
        (".", Options(), "/tags/?tag=."),
        ("..", Options(all=("a",)), "/tags/?tag=..&all=a"),
        ("...", Options(), "/tags/..."),
        ("a/..", Options(), "/tags/a%2F.."),
    ],
)
def test_what_names_a_feed_for_ever_has_no_segment_that_stands_for_a_folder(
    tag: str, options: Options, path: str
) -> None:
    assert FeedTarget(Kind.TAG, tag, "atom", options).permanent_path == path


@given(raw=st.binary(), query=st.binary())
def test_no_path_and_no_query_makes_resolving_fail(raw: bytes, query: bytes) -> None:
    for root in (b"/tags/", b"/feeds/", b"/all", b"/"):
        resolve(root + raw, query)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/tags/C%2B%2B.rss", "C++"),
        ("/tags/C++.rss", "C++"),
        ("/tags/a%20b.rss", "a b"),
        ("/tags/%E4%B8%AD%E5%8F%82%E9%A6%86.rss", "中参馆"),
        ("/tags/a%2Fb.rss", "a/b"),
        ("/tags/a/b.rss", "a/b"),
        ("/tags/%252F.rss", "%2F"),
        ("/tags/...rss", ".."),
        ("/tags/%2E%2E.rss", ".."),
        ("/tags/x.rss.rss", "x.rss"),
        ("/tags/x%2Erss", "x"),
        ("/tags/%20padded%20.rss", "padded"),
        ("/tags/e%CC%81.rss", "é"),
    ],
)
def test_a_tag_is_decoded_once_and_composed(path: str, name: str) -> None:
    assert resolve(path.encode(), b"") == FeedTarget(Kind.TAG, name, "rss")


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/feeds/chips.atom", FeedTarget(Kind.FEED, "chips", "atom")),
        ("/feeds/v1.2.json", FeedTarget(Kind.FEED, "v1.2", "json")),
        ("/all.rss", FeedTarget(Kind.ALL, "", "rss")),
        ("/feed.xml", FeedTarget(Kind.ALL, "", "rss")),
        ("/rss.xml", FeedTarget(Kind.ALL, "", "rss")),
        ("/atom.xml", FeedTarget(Kind.ALL, "", "atom")),
        ("/opml.xml", OpmlTarget()),
        ("/", None),
        ("/healthz", None),
        ("/feeds", None),
        ("/allowed", None),
    ],
)
def test_each_address_among_the_feeds_has_its_target(path: str, target: object) -> None:
    assert resolve(path.encode(), b"") == target


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/feeds/chips.xml", 404),
        ("/feeds/chips", 404),
        ("/feeds/.rss", 404),
        ("/tags/chips.RSS", 404),
        ("/tags/.rss", 404),
        ("/tags/%20.rss", 404),
        ("/tags/%FF.rss", 400),
        ("/all", 404),
        ("/all.xml", 404),
    ],
)
def test_what_names_no_feed_is_told_why(path: str, status: int) -> None:
    found = resolve(path.encode(), b"")
    assert isinstance(found, Misdirected)
    assert found.status == status
    assert found.text


@pytest.mark.parametrize("query", ["limit=1", "limit=1000", "a=b&limit=20&c", "limit%3D=x&limit=7"])
def test_a_limit_from_1_to_1000_is_taken(query: str) -> None:
    assert isinstance(resolve(b"/all.rss", query.encode()), FeedTarget)


@pytest.mark.parametrize(
    "query",
    [
        *(
            "limit=0",
            "limit=1001",
            "limit=",
            "limit",
            "limit=-1",
            "limit=+1",
            "limit=1.0",
            "limit=x",
            "limit=05",
        ),
        *("limit=1&limit=1", f"limit={quote('５')}", "limit=9999999999"),
    ],
)
def test_any_other_limit_is_refused(query: str) -> None:
    found = resolve(b"/all.rss", query.encode())
    assert isinstance(found, Misdirected)
    assert found.status == 400
    assert "1000" in found.text


@pytest.mark.parametrize(
    ("base_url", "sent", "path"),
    [
        ("https://h.example", b"/all.rss", b"/all.rss"),
        ("https://h.example/agg", b"/agg/all.rss", b"/all.rss"),
        ("https://h.example/agg", b"/all.rss", b"/all.rss"),
        ("https://h.example/agg", b"/aggressive", b"/aggressive"),
        ("https://h.example/agg", b"/agg/", b"/"),
        ("https://h.example/feeds", b"/feeds/chips.rss", b"/feeds/chips.rss"),
        ("https://h.example/feeds", b"/feeds/feeds/chips.rss", b"/feeds/chips.rss"),
        ("https://h.example/新", b"/%E6%96%B0/tags/a%2Fb.rss", b"/tags/a%2Fb.rss"),
    ],
)
def test_the_base_urls_path_is_taken_off_where_a_proxy_passes_it_on(
    base_url: str, sent: bytes, path: bytes
) -> None:
    assert below_prefix(sent, path_prefix(base_url)) == path
