from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace

import pytest

from aggregator.model import Enclosure, Episode, RawHtml
from aggregator.protocols import NO_POLICY
from aggregator.store import open_store
from tests.cli.conftest import Desk
from tests.store.drafts import HOUR, NOW, draft, poll

CONFIG = """
[[sources]]
name = "alpha"
url = "https://example.org/alpha.xml"
tags = ["news", "C++"]
[[sources]]
name = "beta"
url = "https://example.org/beta.xml"
tags = ["news"]
"""

HOSTILE = ":smile: [red]bold[/red] \x1b[31mred\x1b[0m \x9b2J \u202egnp\nnext"


@pytest.fixture
def filled(desk: Desk) -> Desk:
    desk.write(CONFIG)
    desk.bring("alpha", draft("a1", published=NOW - HOUR), draft("a2", published=NOW - 2 * HOUR), now=NOW)
    desk.bring("beta", draft("b1", published=NOW - 3 * HOUR), now=NOW)
    return desk


def titles(records: list[dict[str, object]]) -> list[object]:
    return [record["title"] for record in records]


def test_a_record_of_an_entry_has_the_promised_keys_in_their_order(filled: Desk) -> None:
    record = filled.json("entries")[0]
    assert list(record) == [
        *(
            "id",
            "source",
            "guid",
            "url",
            "title",
            "authors",
            "published",
            "updated",
            "first_seen",
            "surfaced",
        ),
        *(
            "tags",
            "categories",
            "language",
            "summary",
            "content_html",
            "article_html",
            "article_problem",
            "enclosures",
            "sources",
            "source_urls",
            "episode",
            "dropped",
            "rulings",
        ),
    ]
    assert record["id"] == record["published"] == NOW - HOUR
    assert record["source"] == "alpha"
    assert (record["sources"], record["source_urls"]) == (["alpha"], [None])
    assert record["guid"] == "guid-a1"
    assert record["tags"] == ["news", "C++"]
    assert record["first_seen"] == NOW


def test_an_entry_s_record_has_what_is_said_of_its_episode(filled: Desk) -> None:
    episode = Episode(
        duration=3723, transcripts=(Enclosure(url="https://example.org/1.vtt", type="text/vtt"),)
    )
    filled.bring("beta", replace(draft("pod", published=NOW), episode=episode), now=NOW + HOUR)
    said = filled.json("show", str(NOW))[0]["episode"]
    assert list(said) == [
        *("duration", "image", "number", "season", "kind", "explicit", "chapters", "transcripts"),
    ]
    assert said["duration"] == 3723
    assert said["transcripts"] == [{"url": "https://example.org/1.vtt", "type": "text/vtt", "length": None}]
    assert filled.json("show", str(NOW - HOUR))[0]["episode"] is None


def test_an_entry_shows_what_is_said_of_its_episode_and_no_more(filled: Desk) -> None:
    episode = Episode(
        duration=3723, number=7, season=2, kind="bonus", explicit=False, image="https://e.example/i"
    )
    filled.bring("beta", replace(draft("pod", published=NOW), episode=episode), now=NOW + HOUR)
    shown = filled.done("show", str(NOW)).splitlines()
    assert [line for line in shown if line.startswith(("dur", "epi", "exp", "ima", "cha", "tra"))] == [
        "duration:   1:02:03",
        "episode:    season 2, episode 7, bonus",
        "explicit:   no",
        "image:      https://e.example/i",
    ]


def test_entries_are_listed_newest_first(filled: Desk) -> None:
    assert titles(filled.json("entries")) == ["Title of a1", "Title of a2", "Title of b1"]


def test_entries_can_be_chosen_by_tag_source_and_number(filled: Desk) -> None:
    assert titles(filled.json("entries", "--tag", "C++")) == ["Title of a1", "Title of a2"]
    assert titles(filled.json("entries", "--source", "beta")) == ["Title of b1"]
    assert titles(filled.json("entries", "--limit", "1")) == ["Title of a1"]
    assert filled.json("entries", "--tag", "nobody's") == []


def test_fifty_entries_are_listed_unless_all_are_asked_for(desk: Desk) -> None:
    desk.write(CONFIG)
    desk.bring("alpha", *(draft(f"n{number}", published=NOW - number) for number in range(60)), now=NOW)
    assert len(desk.json("entries")) == 50
    assert len(desk.json("entries", "--limit", "0")) == 60


def test_entries_of_a_source_that_left_the_config_can_still_be_asked_for(filled: Desk) -> None:
    filled.write("")
    assert titles(filled.json("entries", "--source", "beta")) == ["Title of b1"]


def test_an_unknown_source_is_a_mistake_and_its_neighbours_are_named(filled: Desk) -> None:
    result = filled.type("entries", "--source", "alpah")
    assert result.exit_code == 2
    assert result.stderr == (
        f"aggregator: {filled.config_file}: there is no source named 'alpah'; did you mean 'alpha'?\n"
    )


def test_no_text_of_a_source_steers_the_terminal(desk: Desk) -> None:
    desk.write(CONFIG)
    desk.bring("alpha", draft("evil", title=HOSTILE, content=HOSTILE, published=NOW), now=NOW)
    for output in (desk.done("entries"), desk.done("show", str(NOW)), desk.done("entries", "--json")):
        assert not set("\x1b\x9b\u202e") & set(output)
    assert ":smile: [red]bold[/red] \\u001b[31mred" in desk.done("entries")
    assert len(desk.done("entries").splitlines()) == 2


def test_json_carries_every_character_in_one_line(desk: Desk) -> None:
    desk.write(CONFIG)
    desk.bring("alpha", draft("evil", content=HOSTILE + "\u2028\x85日本 😀", published=NOW), now=NOW)
    (line,) = desk.done("entries", "--json").splitlines()
    assert json.loads(line)["content_html"] == HOSTILE + "\u2028\x85日本 😀"
    assert "日本 😀" in line


def test_show_prints_an_entry_as_a_page_with_its_text(desk: Desk) -> None:
    desk.write(CONFIG)
    content = "<p>First &amp; <b>bold</b></p><script>evil()</script><ul><li>one</li><li>two</li></ul>tail"
    desk.bring("alpha", draft("a1", content=content, published=NOW), now=NOW)
    page = desk.done("show", str(NOW)).splitlines()
    assert page[0] == "Title of a1"
    assert "link:       https://example.org/a1" in page
    assert "tags:       news, C++" in page
    assert "source:     alpha" in page
    assert f"id:         {NOW}" in page
    assert page[-5:] == ["", "First & bold", "one", "two", "tail"]


def test_show_gives_the_record_of_the_list_as_json(filled: Desk) -> None:
    assert filled.json("show", str(NOW - HOUR)) == filled.json("entries", "--limit", "1")


def test_a_story_tells_where_else_it_is(desk: Desk) -> None:
    desk.write(CONFIG)
    first = draft("a1", published=NOW)
    elsewhere = replace(first, url="https://b.example/x", keys=replace(first.keys, link=b"another link"))
    desk.bring("alpha", first, now=NOW)
    desk.bring("beta", elsewhere, now=NOW)
    page = desk.done("show", str(NOW)).splitlines()
    assert "source:     alpha, beta" in page
    assert "also at:    https://b.example/x (beta)" in page
    (record,) = desk.json("show", str(NOW))
    assert record["sources"] == ["alpha", "beta"]
    assert record["source_urls"] == [None, "https://b.example/x"]


def test_an_unknown_entry_is_a_failure(filled: Desk) -> None:
    result = filled.type("show", "17")
    assert result.exit_code == 1
    assert result.stderr == "aggregator: there is no entry 17; `aggregator entries` lists those there are\n"


def test_show_tells_where_the_text_is_from_and_why_a_page_gave_none(filled: Desk) -> None:
    with closing(open_store(str(filled.database))) as store:
        (alpha,) = store.claim(["alpha"], now=NOW, lease=1)
        full = replace(filled.config.sources[0], full_text=True)
        poll(store, full, [draft("a3", content="<p>short</p>"), draft("a4")], now=NOW)
        newest, other = store.wanted_pages(alpha.source_id, now=NOW, limit=2)
        store.keep_article(newest.entry_id, RawHtml("<p>The whole <b>article</b></p>"), NO_POLICY, now=NOW)
        store.note_page_failure(other.entry_id, "No article was found in the page.", final=True)
    shown = filled.done("show", str(newest.entry_id))
    assert "full text:  from the entry's page\n" in shown
    assert shown.endswith("\nThe whole article\n")
    assert filled.json("show", str(newest.entry_id))[0]["article_html"] == "<p>The whole <b>article</b></p>"
    shown = filled.done("show", str(other.entry_id))
    assert "full text:  not from its page: No article was found in the page.\n" in shown
    (record,) = filled.json("show", str(other.entry_id))
    assert (record["article_html"], record["article_problem"]) == (None, "No article was found in the page.")
