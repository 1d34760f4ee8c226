"""Parameters that narrow feeds down, over real sockets and a real store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from aggregator.model import FeedSpec
from aggregator.web.options import MAX_TEXT
from tests.web.site import HOUR, NOW, Reply, Site, config, item, open_site, poll, source

NASTY = (
    *(
        "C++",
        "a b",
        "a/b",
        "中参馆",
        "..",
        ".",
        "%2F",
        "%",
        "🎉👩‍👩‍👧",
        "x" * 200,
        "日" * 200,
        "x.rss",
        "a.atom",
    ),
    *("a?b#c", "a&b=c", "a,b", "rss", ";", '"', "\\", "+", "=", "<b>", "C#", "-x"),
)


@pytest.fixture(scope="module")
def tagged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site whose entries no test changes: one for each nasty tag."""
    feeds = [FeedSpec(slug=slug, title=slug, any=("all",)) for slug in ("rss", "x.rss", "atom.json", "a..b")]
    folder = tmp_path_factory.mktemp("tagged")
    with open_site(folder, config(sources=[source("News")], feeds=feeds)) as site:
        poll(
            site.store,
            "News",
            *(item(number, tag, "all", f"n{number % 3}") for number, tag in enumerate(NASTY)),
        )
        yield site
    site.store.close()


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site whose entries no test changes."""
    feeds = [FeedSpec(slug="tech", title="Tech", any=("tech",))]
    folder = tmp_path_factory.mktemp("library")
    with open_site(folder, config(sources=[source("News")], feeds=feeds)) as site:
        poll(
            site.store,
            "News",
            item(0, "tech", "japan", title="Chips in Japan"),
            item(1, "tech", title="chips elsewhere"),
            item(2, "tech", "sport", title="Robots play"),
            item(3, "sport", "japan", title="Sumo"),
        )
        yield site
    site.store.close()


def titles(reply: Reply) -> list[str]:
    assert reply.status == 200, reply.text
    return [found["title"] for found in json.loads(reply.body)["items"]]


def asked(site: Site, path: str, **parameters: str | list[str]) -> Reply:
    return site.get(f"{path}?{urlencode(parameters, doseq=True)}")


# --- tags -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tag", NASTY)
def test_a_tag_of_any_characters_goes_round_in_path_and_parameters(tagged: Site, tag: str) -> None:
    number = NASTY.index(tag)
    found = [f"Item {number}"]
    path = f"/tags/{quote(tag, safe='')}.json"
    for reply in (
        tagged.get(path),
        asked(tagged, path, all=["all", f"n{number % 3}"], any=[tag, "unheard"]),
        asked(tagged, "/tags/all.json", all=tag),
        asked(tagged, "/all.json", any=[tag]),
    ):
        assert titles(reply) == found
        address = json.loads(reply.body)["feed_url"].removeprefix("https://feeds.example")
        assert tagged.get(address).body == reply.body
    assert len(titles(asked(tagged, "/tags/all.json", none=tag))) == len(NASTY) - 1


@pytest.mark.parametrize("slug", ["rss", "x.rss", "atom.json", "a..b"])
@pytest.mark.parametrize("suffix", ["rss", "atom", "json"])
def test_a_feed_may_be_named_like_a_format(tagged: Site, slug: str, suffix: str) -> None:
    reply = tagged.get(f"/feeds/{slug}.{suffix}")
    assert reply.status == 200
    assert {"rss": "rss+xml", "atom": "atom+xml", "json": "feed+json"}[suffix] in reply.headers[
        "content-type"
    ]


def test_tags_combine_with_and_the_alternatives_among_them_with_or(library: Site) -> None:
    assert titles(asked(library, "/tags/japan.json", all="tech")) == ["Chips in Japan"]
    assert titles(asked(library, "/all.json", any=["japan", "sport"], none="tech")) == ["Sumo"]
    assert titles(asked(library, "/tags/sport.json", none=["japan", "unheard"])) == ["Robots play"]
    assert titles(asked(library, "/feeds/tech.json", any=["sport", "japan"])) == [
        "Chips in Japan",
        "Robots play",
    ]


def test_a_feed_of_several_tags_says_so_and_is_another_feed(library: Site) -> None:
    feed = json.loads(asked(library, "/tags/tech.json", all="x", any=["b", "a"], none="d").body)
    assert feed["title"] == "tech, x, a or b, not d – My reading"
    atom = asked(library, "/tags/tech.atom", all="x").text
    assert "<id>https://feeds.example/tags/tech?all=x</id>" in atom


def test_a_tag_that_is_there_has_its_feed_even_where_nothing_is_left_of_it(library: Site) -> None:
    assert titles(asked(library, "/tags/sport.json", all="unheard")) == []
    assert asked(library, "/tags/unheard.json", none="sport").status == 404


# --- the filters of RSSHub --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({"filter_title": "[Cc]hips"}, ["Chips in Japan", "chips elsewhere"]),
        ({"filter_title": "^chips", "filter_case_sensitive": "false"}, ["Chips in Japan", "chips elsewhere"]),
        ({"filter_title": "^chips"}, ["chips elsewhere"]),
        ({"filter": "Robots|Text of 0"}, ["Chips in Japan", "Robots play"]),
        ({"filter_description": "Text of 1"}, ["chips elsewhere"]),
        ({"filterout": "Robots|Text of 0"}, ["chips elsewhere"]),
        ({"filter_title": "hips", "filterout_category": "^jap"}, ["chips elsewhere"]),
        ({"filter_category": "sport", "filter_title": "hips"}, []),
        ({"filter_author": "."}, []),
        ({"filter_time": "5400"}, ["Chips in Japan"]),  # the clock of the site is an hour ahead
    ],
)
def test_filters_hold_together_and_with_the_feeds_own_conditions(
    library: Site, parameters: dict[str, str], found: list[str]
) -> None:
    assert titles(asked(library, "/feeds/tech.json", **parameters)) == found


def test_a_bad_regular_expression_is_a_400_that_names_its_parameter(library: Site) -> None:
    reply = asked(library, "/feeds/tech.rss", filterout_title="(?=x)")
    assert reply.status == 400
    assert reply.text.startswith("filterout_title: ")
    assert asked(library, "/tags/tech.rss", filter="x" * (MAX_TEXT + 1)).status == 400


def test_an_expression_that_backtracking_would_never_end_is_answered_at_once(library: Site) -> None:
    assert titles(asked(library, "/all.json", filter_title="^(([a-zA-Z ])+.)+[A-Z]([a-z])+$")) is not None


# --- length, order and look -------------------------------------------------------------------------


def test_the_order_and_the_amount_of_text_are_the_readers_to_choose(library: Site) -> None:
    reply = asked(library, "/all.json", order="published", content="none", limit="2")
    items = json.loads(reply.body)["items"]
    assert [found["title"] for found in items] == ["Chips in Japan", "chips elsewhere"]
    assert "Text of" not in reply.text
    assert "Text of" in library.get("/all.json").text
    assert json.loads(reply.body)["feed_url"].endswith("/all.json?limit=2&order=published&content=none")


def test_length_and_look_make_no_other_feed_of_it(library: Site) -> None:
    for parameters in ({"limit": "2"}, {"order": "published"}, {"content": "summary"}):
        assert "<id>https://feeds.example/all</id>" in asked(library, "/all.atom", **parameters).text


def test_what_is_unknown_leads_to_the_same_bytes(library: Site) -> None:
    plain = library.get("/all.rss")
    assert asked(library, "/all.rss", utm_source="x", fbclid="y", mode="fulltext").body == plain.body


# --- what moves with the clock ----------------------------------------------------------------------


@pytest.fixture
def moving(tmp_path: Path) -> Iterator[Site]:
    with open_site(tmp_path, config(sources=[source("News")])) as site:
        poll(site.store, "News", *(item(number) for number in range(5)))
        site.now = NOW  # 40 seconds past the minute
        yield site
    site.store.close()


@pytest.mark.parametrize("query", ["hours=2", "filter_time=7200"])
def test_entries_leave_by_the_clock_and_the_etag_changes_with_them_only(moving: Site, query: str) -> None:
    path = f"/all.json?{query}"
    first = moving.get(path)
    assert titles(first) == ["Item 0", "Item 1", "Item 2"]
    moving.now += 60_000
    second = moving.get(path, If_None_Match=first.headers["etag"])
    assert titles(second) == ["Item 0", "Item 1"]
    for _ in range(3):
        moving.now += 60_000
        assert moving.get(path, If_None_Match=second.headers["etag"]).status == 304


def test_within_a_minute_the_clock_is_not_looked_at_twice_for_another_selection(moving: Site) -> None:
    first = moving.get("/all.json?hours=2")
    moving.now += 9_000
    again = moving.get("/all.json?hours=2")
    assert {**again.headers, "date": ""} == {**first.headers, "date": ""}  # the date is the server's own


def test_a_reader_that_knows_dates_only_learns_that_an_entry_has_left(moving: Site) -> None:
    path = "/all.json?hours=2"
    first = moving.get(path).headers["last-modified"]
    assert moving.get(path, If_Modified_Since=first).status == 304
    moving.now += HOUR
    later = moving.get(path, If_Modified_Since=first)
    assert later.status == 200
    assert parsedate_to_datetime(later.headers["last-modified"]) > parsedate_to_datetime(first)
    assert moving.get(path, If_Modified_Since=later.headers["last-modified"]).status == 304


def test_hours_hold_everything_of_them_whatever_the_usual_length(tmp_path: Path) -> None:
    with open_site(tmp_path, config(sources=[source("News")])) as site:
        poll(site.store, "News", item(0))
        poll(site.store, "News", *(item(number) for number in range(120)), now=NOW + 1000)
        assert len(titles(site.get("/all.json?hours=200"))) == 120
        assert len(titles(site.get("/all.json?hours=200&limit=7"))) == 7
    site.store.close()


def test_what_does_not_depend_on_the_clock_is_kept_whatever_it_says(moving: Site) -> None:
    moving.get("/all.rss")
    before = moving.clock_reads
    moving.now += 9 * HOUR
    moving.get("/all.rss")
    assert moving.clock_reads == before
