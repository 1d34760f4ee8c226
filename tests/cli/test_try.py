from __future__ import annotations

import json
import tomllib

import pytest

from tests.cli.conftest import Desk
from tests.origin import Origin

PAGE = """\
<!DOCTYPE html><html lang=en><title>News of X</title>
<nav><ul><li><a href=/a>Everything</a><li><a href=/b>About us</a><li><a href=/c>Contact</a></ul></nav>
<div class="post top"><h2><a href=/1>The first news</a></h2><time datetime=2024-04-03T01:46:32Z>x</time>
<p class=body>One &amp; only</p></div>
<div class=post><h2><a href=/2>The second news</a></h2><time>last week</time><p class=body>Two</p></div>
<div class=post><h2>The third news</h2><p class=body>Three</p></div>
"""
RSS = "<rss version='2.0'><channel><item><title>One</title><link>/1</link></item></channel></rss>"


@pytest.fixture
def url(origin: Origin) -> str:
    return origin.serve("/news", PAGE, content_type="text/html")


def source(url: str, selectors: str = '{ item = ".post" }') -> str:
    return f'[[sources]]\nname = "News"\nurl = "{url}"\nkind = "html"\nselectors = {selectors}\n'


def test_what_selectors_find_is_a_table_with_counts(desk: Desk, origin: Origin, url: str) -> None:
    head, first, second, third, counts, *_ = desk.done("try", url, "--item", ".post").splitlines()
    assert head.split() == ["title", "date", "link", "content"]
    assert first.split("  ")[0] == "The first news"
    assert first.endswith(f"{origin.url}/1  One & only")
    assert "? last week" in second
    assert third.split() == ["The", "third", "news", "Three"]
    assert counts == "3 items; 1 without link; 1 without date; 1 with a date that is not understood (?)"


def test_what_was_tried_is_printed_ready_for_the_config_and_works_there(desk: Desk, url: str) -> None:
    options = ("--item", "div.post", "--title", "h2", "--link", "a@href", "--date", 'time:not([x="\\""])')
    text = desk.done("try", url, *options).partition("For the config:\n\n")[2]
    (table,) = tomllib.loads(text)["sources"]
    assert table == {
        "name": "News of X",
        "url": url,
        "kind": "html",
        "selectors": {"item": "div.post", "title": "h2", "link": "a@href", "date": 'time:not([x="\\""])'},
    }
    desk.write(text)
    assert desk.json("poll")[0]["new"] == 3


def test_a_trial_stores_nothing(desk: Desk, url: str) -> None:
    before = desk.config_file.read_bytes()
    desk.done("try", url, "--item", ".post")
    assert desk.config_file.read_bytes() == before
    assert not desk.database.exists()


def test_json_has_a_record_per_item_with_all_of_its_content(desk: Desk, origin: Origin, url: str) -> None:
    first, *others = desk.json("try", url, "--item", ".post", "--content", ".body")
    assert len(others) == 2
    assert first["title"] == "The first news"
    assert first["url"] == f"{origin.url}/1"
    assert (first["published"], first["date_text"]) == (1_712_108_792_000, "2024-04-03T01:46:32Z")
    assert first["content_html"] == "One &amp; only"
    assert (others[0]["published"], others[0]["date_text"]) == (None, "last week")


def test_so_many_items_are_shown_as_asked_for_and_all_are_counted(desk: Desk, url: str) -> None:
    lines = desk.done("try", url, "--item", ".post", "--limit", "1").splitlines()
    assert lines[2].startswith("3 items (1 shown); ")
    assert len(desk.json("try", url, "--item", ".post", "--limit", "1")) == 1


def test_a_date_or_content_that_no_item_has_is_said(desk: Desk, url: str) -> None:
    result = desk.type("try", url, "--item", ".post", "--content", ".text")
    assert result.exit_code == 0
    assert result.stderr == 'aggregator: content = ".text" gives nothing in any item of the page.\n'
    assert "3 without content" in result.stdout


def test_a_title_that_no_item_has_is_a_failure_and_the_items_are_shown_without(desk: Desk, url: str) -> None:
    result = desk.type("try", url, "--item", ".post", "--title", "h3")
    assert result.exit_code == 1
    assert 'title = "h3" gives nothing in any item' in result.stderr
    assert result.stdout.startswith("With --item .post alone:\n")
    assert "The first news" in result.stdout
    assert "For the config" not in result.stdout


LINKED = PAGE.replace("The third news", "<a href=/3>The third news</a>")
LIKELY = [
    "These look like items of the page:",
    "--item    items  first title",
    "div.post      3  The first news",
]


def test_items_that_are_not_found_are_a_failure_that_names_likely_ones(desk: Desk, origin: Origin) -> None:
    url = origin.serve("/linked", LINKED, content_type="text/html")
    result = desk.type("try", url, "--item", ".entry")
    assert result.exit_code == 1
    assert result.stderr.startswith(f'aggregator: {url}: No element of the page matches item = ".entry"')
    assert result.stdout.splitlines()[:3] == LIKELY


def test_a_page_without_selectors_is_no_feed_and_its_likely_items_are_named(
    desk: Desk, origin: Origin
) -> None:
    url = origin.serve("/linked", LINKED, content_type="text/html")
    result = desk.type("try", url)
    assert result.exit_code == 1
    assert "web page (HTML), not to a feed" in result.stderr
    assert result.stdout.splitlines() == [*LIKELY, f"Try one: aggregator try {url} --item div.post"]


def test_a_page_that_announces_a_feed_is_said_to(desk: Desk, origin: Origin) -> None:
    body = "<link rel=alternate type=application/rss+xml href=/feed.xml><p>news"
    result = desk.type("try", origin.serve("/", body, content_type="text/html"))
    assert result.exit_code == 1
    assert f"{origin.url}/feed.xml" in result.stderr


def test_a_feed_is_shown_likewise_and_can_be_added(desk: Desk, origin: Origin) -> None:
    url = origin.serve("/feed.xml", RSS)
    lines = desk.done("try", url).splitlines()
    assert lines[1].split() == ["One", f"{origin.url}/1"]
    assert lines[-1] == f"To add it: aggregator add {url}"


def test_a_feed_needs_no_selectors(desk: Desk, origin: Origin) -> None:
    result = desk.type("try", origin.serve("/feed.xml", RSS), "--item", "item")
    assert result.exit_code == 1
    assert "leads to a feed, not to a web page" in result.stderr


def test_a_source_is_tried_by_its_name_with_its_own_selectors_and_login(
    desk: Desk, origin: Origin, url: str
) -> None:
    desk.write(source(url) + 'headers = { X-Key = "k" }\nuser = "me"\npassword = "p"\n')
    said = desk.done("try", "News")
    assert "3 items" in said
    assert "For the config" not in said
    (seen,) = origin.seen("/news")
    assert seen.headers["x-key"] == "k"
    assert seen.headers["authorization"].startswith("Basic ")


def test_options_replace_some_of_a_sources_selectors(desk: Desk, url: str) -> None:
    desk.write(source(url, '{ item = ".post", content = ".body" }'))
    text = desk.done("try", "News", "--title", ".body")
    assert "The first news" not in text
    (table,) = tomllib.loads(text.partition("For the config:\n\n")[2])["sources"]
    assert table["name"] == "News"
    assert table["selectors"] == {"item": ".post", "title": ".body", "content": ".body"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("https://example.org/", "--item", "h2 !"),
            '--item: "h2 !" is no CSS selector that can be used: at column 4',
        ),
        (("https://example.org/", "--item", "li@id"), '--item: "li@id" names an attribute'),
        (("https://example.org/", "--title", "h2"), "--title needs --item beside it"),
        (("Nwes",), "there is no source named 'Nwes'; did you mean 'News'?"),
    ],
)
def test_what_cannot_be_tried_is_a_misuse(
    desk: Desk, url: str, arguments: tuple[str, ...], said: str
) -> None:
    desk.write(source(url))
    result = desk.type("try", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_an_answer_without_a_document_is_a_failure_in_one_line(desk: Desk, origin: Origin) -> None:
    result = desk.type("try", f"{origin.url}/gone", "--item", "li", "--json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"aggregator: {origin.url}/gone: ")
    assert result.stderr.count("\n") == 1


def test_private_addresses_are_tried_only_where_they_may_be_polled(desk: Desk, url: str) -> None:
    desk.config_file.write_text("")
    result = desk.type("try", url, "--item", ".post")
    assert result.exit_code == 1
    assert "allow_private" in result.stderr


def test_text_of_a_page_steers_no_terminal(desk: Desk, origin: Origin) -> None:
    url = origin.serve(
        "/evil", "<title>a\x9b31m</title><li><a href=/1>b\x9b31m</a>", content_type="text/html"
    )
    result = desk.type("try", url, "--item", "li")
    assert result.exit_code == 0
    assert "\x9b" not in result.stdout
    assert json.loads(desk.done("try", url, "--item", "li", "--json"))["title"] == "b\x9b31m"
