from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from aggregator.cli.app import cli
from tests.cli.conftest import Desk
from tests.origin import Origin

LIST = """\
<?xml version="1.0" encoding="UTF-8"?>
<opml version="2.0"><head><title>Mine</title></head><body>
<outline text="Asia"><outline text="日本"><outline text="朝日" xmlUrl="https://asahi.example/rss"/></outline>
<outline text="News" xmlUrl="https://one.example/feed"/></outline>
<outline text="News" xmlUrl="https://two.example/feed"/>
<outline text="Old" xmlUrl="http://old.example/feed/"/>
<outline text="Again" xmlUrl="http://two.example/feed/"/>
<outline text="Bad" xmlUrl="mailto:me"/>
<outline type="include" text="More" url="https://more.example/x.opml"/>
</body></opml>
"""
EXPECTED = 'an absolute http or https URL such as "https://example.org/feed.xml"'
CONFIG = '[[sources]]\nname = "News"\nurl = "https://old.example/feed"  # for years\ntags = ["kept"]\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "list.opml"
    path.write_text(LIST, encoding="utf-8")
    return path


def test_the_feeds_that_the_config_lacks_are_appended_and_every_other_byte_stays(
    desk: Desk, file: Path
) -> None:
    desk.write(CONFIG)
    before = desk.config_file.read_text("utf-8")
    result = desk.type("import", "opml", file, "--tag", "imported")
    assert result.exit_code == 0
    assert desk.config_file.read_text("utf-8") == before + (
        '\n[[sources]]\nname = "朝日"\nurl = "https://asahi.example/rss"\n'
        'tags = ["imported", "Asia", "日本"]\n'
        '\n[[sources]]\nname = "News (one.example)"\nurl = "https://one.example/feed"\n'
        'tags = ["imported", "Asia"]\n'
        '\n[[sources]]\nname = "News (two.example)"\nurl = "https://two.example/feed"\ntags = ["imported"]\n'
    )
    assert result.stdout.splitlines() == [
        "+ '朝日': https://asahi.example/rss [imported, Asia, 日本]",
        "+ 'News (one.example)': https://one.example/feed [imported, Asia]",
        "+ 'News (two.example)': https://two.example/feed [imported]",
        "= 'News': http://old.example/feed/ is there already",
        f"! 'Bad': mailto:me: expected {EXPECTED}; skipped",
        f"{desk.config_file}: 3 sources added, 1 there already, 1 named more than once, 1 skipped",
    ]
    assert result.stderr == "aggregator: 1 list that it includes: not followed; import each by itself\n"


def test_a_second_import_changes_nothing(desk: Desk, file: Path) -> None:
    desk.type("import", "opml", file)
    before = desk.config_file.read_bytes()
    assert "0 sources added, 4 there already" in desk.type("import", "opml", file).stdout
    assert desk.config_file.read_bytes() == before


def test_a_dry_run_changes_nothing_and_json_says_what_would_be_done(desk: Desk, file: Path) -> None:
    before = desk.config_file.read_bytes()
    result = desk.type("import", "opml", file, "--dry-run", "--json")
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert [record["action"] for record in records] == ["added"] * 4 + ["skipped"]
    assert records[0] == {
        "action": "added",
        "name": "朝日",
        "url": "https://asahi.example/rss",
        "tags": ["Asia", "日本"],
    }
    assert desk.config_file.read_bytes() == before


def test_a_list_is_fetched_by_its_address(desk: Desk, origin: Origin) -> None:
    url = origin.serve("/mine/list.opml", '<opml><body><outline text="a" xmlUrl="feed.xml"/></body></opml>')
    desk.done("import", "opml", url)
    assert [source.url for source in desk.config.sources] == [f"{origin.url}/mine/feed.xml"]
    (request,) = origin.seen("/mine/list.opml")
    assert request.headers["accept"].startswith("text/x-opml")
    assert request.headers["user-agent"].startswith("aggregator")


def test_a_list_at_a_private_address_is_not_fetched(desk: Desk, origin: Origin) -> None:
    desk.config_file.write_text("", encoding="utf-8")
    result = desk.type("import", "opml", origin.serve("/list.opml", LIST))
    assert result.exit_code == 1
    assert "nothing was added" in result.stderr
    assert origin.requests == []


def test_a_list_is_read_from_standard_input(desk: Desk) -> None:
    typed = ["import", "opml", "-", "-c", str(desk.config_file)]
    result = CliRunner().invoke(cli, typed, input=LIST, catch_exceptions=False)
    assert result.exit_code == 0
    assert len(desk.config.sources) == 4


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<html><body></body></html>", "is a web page, not a list of feeds (OPML); nothing was added"),
        (b"", "The document is no XML"),
        (b"<opml>" + b" " * 10_500_000, "is larger than 10,485,760 bytes"),
    ],
)
def test_what_is_no_list_is_refused(desk: Desk, tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "list"
    path.write_bytes(content)
    result = desk.type("import", "opml", path)
    assert result.exit_code == 1
    assert said in result.stderr
    assert result.stderr.startswith(f"aggregator: {path}: ") or "larger" in said


def test_a_file_that_is_not_there_is_one_clear_line(desk: Desk, tmp_path: Path) -> None:
    result = desk.type("import", "opml", tmp_path / "none")
    assert result.exit_code == 1
    assert result.stderr == f"aggregator: {tmp_path}/none: cannot be read: No such file or directory\n"


@pytest.mark.parametrize("tag", ["", " ", "a\nb"])
def test_a_tag_that_no_config_may_hold_is_a_misuse(desk: Desk, file: Path, tag: str) -> None:
    assert desk.type("import", "opml", file, "--tag", tag).exit_code == 2


def test_a_list_without_feeds_adds_nothing(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "list").write_text("<opml><body/></opml>")
    assert desk.done("import", "opml", tmp_path / "list") == "The list names no feeds; nothing was added.\n"


def test_a_feed_is_known_at_the_address_that_it_has_moved_to(desk: Desk, file: Path, origin: Origin) -> None:
    new = origin.serve("/new", '<rss version="2.0"><channel><title>x</title></channel></rss>')
    old = origin.serve("/old", "", status=301, headers={"Location": new})
    desk.write(f'[[sources]]\nname = "a"\nurl = "{old}"\n')
    for _ in range(2):
        desk.type("poll")
    file.write_text(f'<opml><body><outline text="b" xmlUrl="{new}"/></body></opml>')
    assert desk.done("import", "opml", file).startswith("= 'a': ")


def test_three_thousand_feeds_are_added_in_seconds(desk: Desk, file: Path) -> None:
    outlines = "".join(f'<outline text="N {n}" xmlUrl="http://h{n}.example/feed"/>' for n in range(3000))
    file.write_text(f"<opml><body>{outlines}</body></opml>")
    began = time.monotonic()
    desk.done("import", "opml", file)
    assert time.monotonic() - began < 10
    assert len(desk.config.sources) == 3000
