from __future__ import annotations

import json
from datetime import datetime

import pytest

from aggregator.model import Outcome
from tests.cli.conftest import Desk
from tests.store.drafts import HOUR, NOW, draft

TWO_SOURCES = """
[[sources]]
name = "日経中文網"
url = "https://example.org/cn.xml"
tags = ["japan", "C++"]
[[sources]]
name = "silent"
url = "https://example.org/silent.xml"
enabled = false
"""

SOURCE_KEYS = [
    *("name", "url", "tags", "outcome", "message", "http_status"),
    *("last_poll", "next_poll", "failures", "entries"),
    *("bytes", "duration_ms", "moved_to", "subscription"),
]


def test_a_source_that_was_never_polled_is_listed_with_nulls(desk: Desk) -> None:
    desk.write(TWO_SOURCES)
    desk.bring("silent", now=NOW, outcome=Outcome.DNS_ERROR)
    first, second = desk.json("sources")
    assert list(first) == list(second) == SOURCE_KEYS
    assert first["name"] == "日経中文網"
    assert first["tags"] == ["japan", "C++"]
    assert [first[key] for key in SOURCE_KEYS[3:7]] == [None, "", None, None]
    assert [first[key] for key in ("failures", "entries")] == [0, 0]
    assert second["name"] == "silent"


def test_without_a_database_sources_are_listed_with_nulls_and_none_is_made(desk: Desk) -> None:
    desk.write(TWO_SOURCES)
    result = desk.type("sources", "--json")
    assert result.exit_code == 0
    first, _ = [json.loads(line) for line in result.stdout.splitlines()]
    assert [first[key] for key in SOURCE_KEYS[3:]] == [None, "", *[None] * 3, 0, 0, *[None] * 4]
    assert result.stderr.startswith(f"aggregator: there is no database at {desk.database} yet; run the ser")
    assert [path.name for path in desk.folder.iterdir()] == ["aggregator.toml"]


@pytest.mark.parametrize(
    "command", [("tags",), ("entries", "--json"), ("show", "1"), ("export", "jekyll", "posts")]
)
def test_what_reads_the_database_says_that_there_is_none_and_makes_none(
    desk: Desk, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(desk.folder)
    desk.config_file.write_text('[service]\ndatabase = "here/a.db"\n')
    result = desk.type(*command)
    assert result.exit_code == 1
    assert result.stderr == (
        f"aggregator: there is no database at {desk.folder}/here/a.db yet; run the service or "
        "`aggregator poll` first ([service] database is relative to the working directory)\n"
    )
    assert [path.name for path in desk.folder.iterdir()] == ["aggregator.toml"]


def test_a_database_that_is_named_by_a_url_is_found(desk: Desk) -> None:
    desk.write(TWO_SOURCES)
    desk.bring("silent", draft("a"), now=NOW)
    desk.config_file.write_text(f'[service]\ndatabase = "sqlite:///{desk.database}"\n')
    assert len(desk.json("entries")) == 1


def test_a_polled_source_is_listed_with_its_state(desk: Desk) -> None:
    desk.write(TWO_SOURCES)
    desk.bring("日経中文網", draft("a"), draft("b"), now=NOW)
    source = desk.json("sources")[0]
    assert source["outcome"] == "ok"
    assert source["http_status"] == 200
    assert source["last_poll"] == NOW
    assert source["next_poll"] == NOW + HOUR // 2
    assert source["entries"] == 2


def test_sources_are_listed_in_the_words_of_the_config_of_today(desk: Desk) -> None:
    desk.write(TWO_SOURCES)
    desk.bring("日経中文網", draft("a"), now=NOW)
    desk.write(TWO_SOURCES.replace("cn.xml", "moved.xml").replace('"silent"', '"mute"'))
    first, second = desk.json("sources")
    assert first["url"] == "https://example.org/moved.xml"
    assert first["entries"] == 1
    assert second["name"] == "mute"


def test_the_table_of_sources_tells_the_same_to_people(desk: Desk) -> None:
    desk.write(TWO_SOURCES)
    desk.bring("日経中文網", now=NOW, outcome=Outcome.DNS_ERROR)
    head, first, second = desk.done("sources").splitlines()
    assert head.split("  ")[0] == "name"
    assert "dns error" in first
    assert "disabled" in second


def test_the_table_of_a_pipe_has_one_whole_line_for_each_row(desk: Desk) -> None:
    long = "x" * 500
    desk.write(f'[[feeds]]\nslug = "long"\ntitle = "{long}"\nany = ["{long}"]\n')
    _, row = desk.done("feeds").splitlines()
    assert row.split()[:3] == ["long", long, long]


def test_feeds_are_listed_with_what_they_select_and_their_addresses(desk: Desk) -> None:
    desk.write(
        '[[feeds]]\nslug = "chips"\ntitle = "Chips"\nany = ["半導体", "[bold]x"]\nlimit = 7\nwindow = "1h"\n'
    )
    (feed,) = desk.json("feeds")
    assert feed == {
        "slug": "chips",
        "title": "Chips",
        "any": ["半導体", "[bold]x"],
        "all": [],
        "none": [],
        "sources": [],
        "match": None,
        "limit": 7,
        "window": HOUR,
        "max_age": None,
        "per_source": None,
        "order": "surfaced",
        "content": "full",
        "digest": None,
        "private": False,
        "entries": None,
        "last_surfaced": None,
        "urls": {
            "rss": "https://feeds.example/feeds/chips.rss",
            "atom": "https://feeds.example/feeds/chips.atom",
            "json": "https://feeds.example/feeds/chips.json",
        },
    }
    row = desk.done("feeds").splitlines()[1]
    assert "半導体, [bold]x" in row
    assert "https://feeds.example/feeds/chips.atom" in row
    assert not desk.database.exists()


def test_feeds_are_listed_with_what_meets_their_conditions_beyond_their_limit(desk: Desk) -> None:
    feeds = (
        '[[feeds]]\nslug = "c"\ntitle = "C"\nany = ["C++"]\nlimit = 1\nwindow = "0s"\n'
        '[[feeds]]\nslug = "none"\ntitle = "None"\nany = ["nothing"]\n'
        '[[feeds]]\nslug = "m"\ntitle = "M"\nany = ["C++"]\nmatch = "title:nowhere"\n'
    )
    desk.write(TWO_SOURCES + feeds)
    desk.bring("日経中文網", draft("a", published=NOW), draft("b", published=NOW - HOUR), now=NOW)
    found = [(feed["slug"], feed["entries"], feed["last_surfaced"]) for feed in desk.json("feeds")]
    assert found == [("c", 2, NOW), ("none", 0, None), ("m", 0, None)]
    head, first, *_ = desk.done("feeds").splitlines()
    assert head.split()[-4:] == ["limit", "entries", "newest", "address"]
    assert first.split()[4:6] == ["2", f"{datetime.fromtimestamp(NOW / 1000):%Y-%m-%d}"]  # noqa: DTZ006 - local, as shown


def test_tags_are_listed_by_number_of_entries(desk: Desk) -> None:
    desk.write(TWO_SOURCES)
    desk.bring("日経中文網", draft("a", categories=("中参馆",)), draft("b"), now=NOW)
    tags = [(record["tag"], record["entries"]) for record in desk.json("tags")]
    assert tags == [("C++", 2), ("japan", 2), ("中参馆", 1)]
    assert [line.split()[:2] for line in desk.done("tags").splitlines()[1:]] == [
        ["C++", "2"],
        ["japan", "2"],
        ["中参馆", "1"],
    ]
