from __future__ import annotations

import pytest

from aggregator.ingest.listed import LONGEST_URL, address_key, named_apart, settle
from aggregator.model import ListedSource


def listed(name: str, url: str, *tags: str) -> ListedSource:
    return ListedSource(name=name, url=url, tags=tags)


@pytest.mark.parametrize(
    "twin",
    [
        "http://example.org/feed",
        "https://EXAMPLE.org:443/feed/",
        "http://example.org:80/feed#new",
        "https://example.org/%66e%65d",
    ],
)
def test_addresses_that_most_likely_lead_to_the_same_feed_are_alike(twin: str) -> None:
    assert address_key(twin) == address_key("https://example.org/feed")


def test_what_must_be_encoded_stays_so_and_only_its_case_makes_no_difference() -> None:
    assert address_key("https://a.example/x%2fy?q=%7e%c3%a9") == address_key(
        "http://a.example/x%2Fy?q=~%C3%A9"
    )
    assert address_key("https://a.example/x%2fy") != address_key("https://a.example/x/y")


@pytest.mark.parametrize(
    "other",
    ["https://example.org/feed?a=1", "https://example.org:8443/feed", "https://www.example.org/feed"],
)
def test_other_addresses_are_not(other: str) -> None:
    assert address_key(other) != address_key("https://example.org/feed")


def test_a_feed_in_two_folders_is_one_source_with_the_tags_of_both() -> None:
    settled = settle([listed("a", "http://a.example/", "x", "y"), listed("b", "https://a.example", "y", "z")])
    assert settled.sources == (listed("a", "http://a.example/", "x", "y", "z"),)
    assert settled.repeated == 1


def test_a_feed_without_a_name_is_called_by_its_host() -> None:
    assert settle([listed("", "http://a.example/")]).sources == (listed("a.example", "http://a.example/"),)


def test_addresses_that_cannot_be_asked_are_refused_without_telling_secrets() -> None:
    settled = settle([listed("a", "ftp://a.example/"), listed("b", "http://me:secret@b.example/")])
    assert settled.sources == ()
    assert [refusal.name for refusal in settled.refused] == ["a", "b"]
    assert settled.refused[0].why.startswith("expected an absolute http or https URL")
    assert "must not hold credentials" in settled.refused[1].why
    assert "secret" not in str(settled.refused)


def test_a_url_that_is_too_long_is_refused_and_never_cut() -> None:
    url = f"https://a.example/{'x' * LONGEST_URL}"
    just_right = url[:LONGEST_URL]
    settled = settle([listed("long", url), listed("right", just_right)])
    assert [source.url for source in settled.sources] == [just_right]
    assert settled.refused[0].why == "a URL of 8,018 characters; 8,000 are the most"
    assert len(settled.refused[0].url) < 300


def test_names_that_are_taken_get_their_host_then_a_number() -> None:
    sources = [listed("News", f"http://a.example/{number}") for number in range(3)]
    names = [source.name for source in named_apart(sources, ["News", "News 2"])]
    assert names == ["News (a.example)", "News 3", "News 4"]


def test_many_feeds_of_one_name_are_named_apart_in_linear_time() -> None:
    sources = [listed("Untitled", f"http://a.example/{number}") for number in range(20_000)]
    assert len({source.name for source in named_apart(sources, [])}) == 20_000


def test_a_name_that_is_anothers_is_not_taken_but_that_of_imported_posts_is() -> None:
    owners = {"News": "", "Paper": "https://other.example/feed"}
    sources = [listed(name, f"http://{name.lower()}.example/feed") for name in ("News", "Paper")]
    taken = [source.name for source in named_apart(sources, [], owners=owners)]
    assert taken == ["News", "Paper (paper.example)"]
