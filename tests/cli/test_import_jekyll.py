from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from aggregator.model import EntryQuery
from aggregator.store import open_store
from tests.archive.test_intake import NOON, text, write
from tests.cli.conftest import Desk
from tests.cli.test_import import EXPECTED
from tests.origin import Origin

NOT_A_NUMBER = "the comment says `NaN`: the source's date could not be understood"
SUBS = [{"site": "News", "url": "https://news.example/feed"}, {"site": "Paper"}]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A site with two posts, one of them odd, and the lists beside them."""
    folder = tmp_path / "site"
    write(folder, "_posts/2020-01-01-a.md", text("a"))
    write(folder, "_posts/2020-01-02-b.md", text("b", said="NaN", date="2020-01-02T12:00:00.000Z"))
    (folder / "subs.json").write_text(json.dumps(SUBS))
    (folder / "allurls.dat").write_bytes(
        b"\xef\xbb\xbfhttps://news.example/a\r\n\r\nrubbish\nhttps://old.example/x"
    )
    return folder


def titles(desk: Desk) -> list[str]:
    with closing(open_store(str(desk.database))) as store:
        return sorted(entry.title for entry in store.entries(EntryQuery(limit=1000)))


def feed(*links: str) -> str:
    items = "".join(
        f"<item><title>{link[-1]}</title><link>{link}</link><guid>{link}</guid></item>" for link in links
    )
    return f'<rss version="2.0"><channel><title>News</title>{items}</channel></rss>'


def test_an_archive_moves_in_with_its_lists_where_there_was_no_database(desk: Desk, folder: Path) -> None:
    said = desk.done("import", "jekyll", folder)
    assert said.splitlines() == [
        "+ 'News': https://news.example/feed [News]",
        "! 'Paper': has no URL, so there is nothing to poll; skipped",
        f"{desk.config_file}: 1 source added, 1 skipped",
        f"~ 2020-01-02-b.md (ID {NOON + 86_400_000}): {NOT_A_NUMBER}",
        f"{folder}: 2 posts imported",
        "! line 3: 'rubbish' is no link of an item; skipped",
        f"{folder}/allurls.dat: 2 links known, 2 of them new, 1 line skipped",
    ]
    assert titles(desk) == ["Title of a", "Title of b"]
    (source,) = desk.config.sources
    assert (source.name, source.url, source.tags) == ("News", "https://news.example/feed", ("News",))


def test_a_second_import_says_that_all_is_as_it_was_and_what_is_odd_about_it(
    desk: Desk, folder: Path
) -> None:
    desk.done("import", "jekyll", folder)
    assert desk.done("import", "jekyll", folder).splitlines()[-4:] == [
        f"= 2020-01-02-b.md (ID {NOON + 86_400_000}): {NOT_A_NUMBER}",
        f"{folder}: 0 posts imported, 2 unchanged",
        "! line 3: 'rubbish' is no link of an item; skipped",
        f"{folder}/allurls.dat: 2 links known, 0 of them new, 1 line skipped",
    ]


def test_trying_it_out_changes_nothing(desk: Desk, folder: Path) -> None:
    config = desk.config_file.read_bytes()
    said = desk.done("import", "jekyll", folder, "--dry-run")
    assert f"{folder}: 2 posts would be imported\n" in said
    assert "2 links would be known" in said
    assert not desk.database.exists()
    assert desk.config_file.read_bytes() == config


def test_json_tells_every_file(desk: Desk, folder: Path) -> None:
    write(folder, "_posts/picture.png")
    records = desk.json("import", "jekyll", folder, "--posts-only")
    assert records == [
        {
            "action": "skipped",
            "file": "picture.png",
            "id": None,
            "source": None,
            "notes": ["is no post: its name ends otherwise"],
        },
        {"action": "new", "file": "2020-01-01-a.md", "id": NOON, "source": "News", "notes": []},
        {
            "action": "new",
            "file": "2020-01-02-b.md",
            "id": NOON + 86_400_000,
            "source": "News",
            "notes": [NOT_A_NUMBER],
        },
        {
            "action": "summary",
            "new": 2,
            "joined": 0,
            "updated": 0,
            "unchanged": 0,
            "purged": 0,
            "skipped": 1,
        },
    ]


def test_posts_only_leaves_the_lists_alone(desk: Desk, folder: Path) -> None:
    desk.done("import", "jekyll", folder, "--posts-only")
    assert desk.config.sources == ()


def test_the_source_can_be_the_author(desk: Desk, folder: Path) -> None:
    write(folder, "_posts/2020-01-01-a.md", text("a", author="Anna"))
    desk.done("import", "jekyll", folder, "--posts-only", "--source-from", "author")
    with closing(open_store(str(desk.database))) as store:
        assert sorted(e.source.name for e in store.entries(EntryQuery())) == ["Anna", "News"]


def test_the_first_poll_after_moving_in_brings_what_is_new_alone(
    desk: Desk, folder: Path, origin: Origin
) -> None:
    url = origin.serve(
        "/feed",
        feed("http://www.news.example/a", "https://old.example/x", "https://www.news.example/new"),
    )
    (folder / "subs.json").write_text(json.dumps([{"site": "News", "url": url}]))
    desk.type("import", "jekyll", folder)
    desk.done("poll")
    assert titles(desk) == ["Title of b", "a", "w"]
    with closing(open_store(str(desk.database))) as store:
        entry = store.entry(NOON)
    assert entry is not None
    assert (entry.guid, entry.edited, entry.tags) == ("http://www.news.example/a", None, ("News",))


@pytest.mark.parametrize("content", ["{", "{}", "\xff", "[" * 100_000])
def test_a_list_of_feeds_that_is_none_is_refused_before_anything_is_done(
    desk: Desk, folder: Path, content: str
) -> None:
    (folder / "subs.json").write_text(content, encoding="latin-1")
    result = desk.type("import", "jekyll", folder)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"aggregator: {folder}/subs.json: is no ")
    assert not desk.database.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_was_broken_off_is_told_and_the_next_run_goes_on(
    desk: Desk, tmp_path: Path, number: signal.Signals
) -> None:
    folder = tmp_path / "many"
    names = [f"2020-01-01-{each}.md" for each in range(800)]
    for name in names:
        write(folder, name, text(name, said="NaN"))
    command = [sys.executable, "-m", "aggregator", "-c", str(desk.config_file), "import", "jekyll"]
    with subprocess.Popen(
        [*command, str(folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()
        os.kill(process.pid, number)
        out, err = process.stdout.read(), process.stderr.read()
        assert process.wait(30) == 1
    assert err == "aggregator: broken off; the same command goes on from there\n"
    *told, summary = [first, *out.splitlines()]
    taken = int(summary.removeprefix(f"{folder}: ").partition(" ")[0])
    assert 0 < taken < 800
    assert taken % 250 == 0
    assert len(titles(desk)) == len(told) == taken
    *told, summary = desk.done("import", "jekyll", folder).splitlines()
    assert summary == f"{folder}: {800 - taken} posts imported, {taken} unchanged"
    assert sorted(line.split()[1] for line in told) == sorted(names)
    assert sum(line.startswith("= ") for line in told) == taken


def test_subs_become_sources_and_each_that_cannot_be_is_told(desk: Desk, tmp_path: Path) -> None:
    subs = [
        {"site": "A", "url": "https://a.example/rss"},
        {"site": "Again", "url": "http://a.example/rss/"},
        {"site": "A", "url": "https://b.example/rss"},
        {"site": "No URL", "url": ""},
        {"site": "Odd", "url": "ftp://x.example"},
        {"site": "Number", "url": 5},
        {"url": "https://nameless.example/feed"},
        {"site": "Here", "url": "http://10.0.0.1/feed"},
        "text",
    ]
    file = tmp_path / "subs.json"
    file.write_text(json.dumps(subs))
    result = desk.type("import", "subs", file)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "+ 'A': https://a.example/rss [A]",
        "+ 'A (b.example)': https://b.example/rss [A]",
        "+ 'nameless.example': https://nameless.example/feed",
        "+ 'Here': http://10.0.0.1/feed [Here]",
        "! 'Again': http://a.example/rss/: is the feed of 'A' already; skipped",
        "! 'No URL': has no URL, so there is nothing to poll; skipped",
        f"! 'Odd': ftp://x.example: expected {EXPECTED}; skipped",
        "! 'Number': its URL is no text; skipped",
        '! \'entry 9\': expected {"site": …, "url": …}; skipped',
        f"{desk.config_file}: 4 sources added, 5 skipped",
    ]
    assert result.stderr == (
        "aggregator: 'Here': 10.0.0.1 is polled only when [polling] allow_private has it\n"
    )
    assert [source.name for source in desk.config.sources] == [
        "A",
        "A (b.example)",
        "nameless.example",
        "Here",
    ]


def test_known_links_are_read_from_any_lines(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "allurls.dat"
    file.write_bytes(b"https://a.example/1\r\nhttp://a.example/1\n\xff\xfe\nhttps://a.example/\n")
    assert desk.done("import", "urls", file).splitlines() == [
        "! line 3: '��' is no link of an item; skipped",
        "! line 4: 'https://a.example/' is no link of an item; skipped",
        f"{file}: 2 links known, 1 of them new, 2 lines skipped",
    ]
    assert "2 links known, 0 of them new" in desk.done("import", "urls", file)


def test_twenty_thousand_known_links_take_seconds(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "allurls.dat"
    file.write_text("".join(f"https://a.example/posts/{number}\n" for number in range(20_000)))
    began = time.monotonic()
    desk.done("import", "urls", file)
    assert time.monotonic() - began < 20
