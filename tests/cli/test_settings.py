from __future__ import annotations

import pytest

from tests.cli.conftest import Desk
from tests.origin import Origin


def rss(title: str) -> str:
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>{title}</title></channel></rss>'


def test_a_good_config_is_said_to_be_good(desk: Desk) -> None:
    desk.write(
        '[[sources]]\nname = "a"\nurl = "https://example.org/a"\n[[feeds]]\nslug = "x"\ntitle = "X"\n'
        '[[feeds]]\nslug = "y"\ntitle = "Y"\n'
    )
    assert desk.done("check") == f"{desk.config_file}: ok, 1 source, 2 feeds\n"


def test_every_problem_of_a_config_is_printed_on_its_own_line_and_the_code_is_2(desk: Desk) -> None:
    desk.write('[[sources]]\nname = "a"\nurl = "nonsense"\ntasg = []\n[[feeds]]\nslug = "x"\n')
    result = desk.type("check")
    assert result.exit_code == 2
    lines = result.stderr.splitlines()
    assert len(lines) == 3
    assert all(line.startswith(f"aggregator: {desk.config_file}: [[") for line in lines)


def test_a_config_that_is_not_there_is_named(desk: Desk) -> None:
    desk.config_file.unlink()
    for command in ("check", "sources", "entries", "poll", "run", "add"):
        result = desk.type(command, *(["https://example.org/"] if command == "add" else []))
        assert result.exit_code == 2
        assert result.stderr.startswith(f"aggregator: {desk.config_file}: there is no such file")
        assert result.stderr.count("\n") == 1


def test_a_source_is_added_behind_the_others_and_comments_stay(desk: Desk) -> None:
    desk.write('[[sources]]\nname = "a"\nurl = "https://example.org/a" # mine\n')
    before = desk.config_file.read_text()
    printed = desk.done("add", "example.net/feed", "--name", "日経", "--tag", "C++", "--tag", "中参馆")
    assert printed == f"{desk.config_file}: added '日経', https://example.net/feed\n"
    assert desk.config_file.read_text().startswith(before)
    added = desk.config.sources[1]
    assert (added.name, added.url, added.tags) == ("日経", "https://example.net/feed", ("C++", "中参馆"))


def test_a_tag_that_is_given_twice_is_written_once(desk: Desk) -> None:
    desk.done("add", "https://example.org/a", "--name", "a", "--tag", "C++", "--tag", "x", "--tag", " C++")
    assert 'tags = ["C++", "x"]' in desk.config_file.read_text()


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("feed:https://example.org/a", "https://example.org/a"),
        ("feed:http://example.org/a", "http://example.org/a"),
        ("feed://example.org/a", "https://example.org/a"),
        ("FEED://https://example.org/a", "https://example.org/a"),
        ("feed.example.org/feed:a", "https://feed.example.org/feed:a"),
    ],
)
def test_links_that_are_marked_as_feeds_are_understood(desk: Desk, typed: str, url: str) -> None:
    desk.done("add", typed, "--name", "a")
    assert desk.config.sources[0].url == url


def test_a_source_without_a_name_gets_the_title_of_its_feed(desk: Desk, origin: Origin) -> None:
    url = origin.serve("/feed.xml", rss("日経中文網 &amp;\n more"))
    desk.done("add", url)
    assert [source.name for source in desk.config.sources] == ["日経中文網 & more"]


def test_a_title_that_is_taken_gets_a_number(desk: Desk, origin: Origin) -> None:
    for path in ("/1", "/2", "/3"):
        desk.done("add", origin.serve(path, rss("News")))
    assert [source.name for source in desk.config.sources] == ["News", "News 2", "News 3"]


def test_a_feed_without_a_title_is_named_after_its_host(desk: Desk, origin: Origin) -> None:
    desk.done("add", origin.serve("/feed.xml", rss("")))
    assert desk.config.sources[0].name == "127.0.0.1"


def test_what_cannot_be_read_is_not_added_without_a_name(desk: Desk, origin: Origin) -> None:
    before = desk.config_file.read_bytes()
    missing = desk.type("add", f"{origin.url}/nothing")
    page = desk.type(
        "add", origin.serve("/page", "<html><body>Hello</body></html>", content_type="text/html")
    )
    for result in (missing, page):
        assert result.exit_code == 1
        assert result.stderr.startswith(f"aggregator: {origin.url}/")
        assert result.stderr.endswith("nothing was added. With --name it is added unread\n")
        assert result.stderr.count("\n") == 1
    assert "404" in missing.stderr
    assert desk.config_file.read_bytes() == before


def test_a_source_that_is_there_already_is_refused(desk: Desk) -> None:
    desk.write('[[sources]]\nname = "a"\nurl = "https://example.org/a"\n')
    before = desk.config_file.read_bytes()
    for url, name in (("https://example.org/b", "a"), ("https://example.org/a", "b")):
        assert desk.type("add", url, "--name", name).exit_code == 2
    assert desk.config_file.read_bytes() == before
