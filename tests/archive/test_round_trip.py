"""A whole archive moves in, is published as before, and gets out again."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import time
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from aggregator.model import Entry, EntryQuery
from aggregator.printable import escape
from aggregator.publish.urls import web_url
from aggregator.store import open_store
from benchmarks.invented_archive import Archive, href, write_archive
from benchmarks.invented_articles import Article
from tests.archive.invented import content_of, differences, expected_ids, feed_of
from tests.cli.conftest import Desk
from tests.origin import Origin

POSTS = 200
WILD = 0.5
"""Each form of `wild_posts.FORMS` about twice."""

JEKYLL = shutil.which("jekyll")


@dataclass(frozen=True, kw_only=True)
class Moved:
    """An archive that was imported."""

    desk: Desk
    folder: Path
    archive: Archive
    report: str


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Moved:
    """An archive and its import; tests may read it, and copy its database."""
    desk = Desk(tmp_path_factory.mktemp("moved"))
    folder = desk.folder / "archive"
    archive = write_archive(folder, posts=POSTS, wild=WILD)
    result = desk.type("import", "jekyll", folder)
    assert result.exit_code == 0, result.output
    return Moved(desk=desk, folder=folder, archive=archive, report=result.output)


@pytest.fixture
def copy(moved: Moved, tmp_path: Path) -> Desk:
    """A desk with the imported archive that a test may change."""
    desk = Desk(tmp_path)
    desk.config_file.write_text(
        moved.desk.config_file.read_text("utf-8").replace(str(moved.desk.database), str(desk.database)),
        encoding="utf-8",
    )
    with (
        closing(sqlite3.connect(moved.desk.database)) as source,
        closing(sqlite3.connect(desk.database)) as to,
    ):
        source.backup(to)
    return desk


def entries_by_file(desk: Desk) -> dict[str, Entry]:
    """Return what is stored, by the file that it was imported from, else by its ID."""
    with closing(open_store(str(desk.database))) as store:
        entries = list(store.walk(EntryQuery()))
        originals = store.posts.originals([entry.id for entry in entries])
    return {
        originals[entry.id].file_name if entry.id in originals else str(entry.id): entry for entry in entries
    }


def files_in(folder: Path) -> dict[str, bytes]:
    posts = folder / "_posts"
    return {str(path.relative_to(posts)): path.read_bytes() for path in posts.rglob("*") if path.is_file()}


def test_every_post_is_an_entry_that_says_what_the_post_says(moved: Moved) -> None:
    entries = entries_by_file(moved.desk)
    assert sorted(entries) == sorted(post.file for post in moved.archive.posts)
    found = [line for post in moved.archive.posts for line in differences(post, entries[post.file])]
    assert not found, "\n".join(found)


def test_entries_have_the_ids_that_their_posts_say(moved: Moved) -> None:
    entries = entries_by_file(moved.desk)
    expected = expected_ids(moved.archive.posts, now=int(time.time() * 1000))
    surprises = {
        post.file: (post.form, expected[post.file], entries[post.file].id)
        for post in moved.archive.posts
        if post.file in expected and expected[post.file] != entries[post.file].id
    }
    assert not surprises


def test_nothing_imported_looks_edited_or_new(moved: Moved) -> None:
    for entry in entries_by_file(moved.desk).values():
        assert entry.edited is None
        assert entry.surfaced == entry.dated


@pytest.mark.parametrize(
    "form",
    [
        "comment NaN", "two posts with one ID", "two posts with one URL", "clamped date", "no date",
        "date that is none", "no tags", "no front matter", "front matter without end", "empty file", "CRLF",
        "BOM", "lines after the end", "invalid UTF-8", "NUL", "unescaped quotes", "two titles",
    ],
)  # fmt: skip
def test_the_report_names_posts_of_odd_forms(moved: Moved, form: str) -> None:
    for post in moved.archive.posts:
        if post.form == form:
            assert f"~ {escape(post.file)} (ID " in moved.report


def test_the_report_names_files_that_are_no_posts(moved: Moved) -> None:
    for name in moved.archive.others:
        assert f"! {name}: " in moved.report


def test_a_second_import_changes_nothing(moved: Moved, copy: Desk) -> None:
    before = content_of(copy.database)
    copy.type("import", "jekyll", moved.folder)
    assert content_of(copy.database) == before


def test_a_legacy_export_gives_every_post_back_to_the_letter(moved: Moved, copy: Desk) -> None:
    copy.type("export", "jekyll", copy.folder / "out", "--style", "legacy")
    assert files_in(copy.folder / "out") == {post.file: post.body for post in moved.archive.posts}


@pytest.mark.parametrize("style", ["legacy", "safe"])
def test_a_second_export_writes_nothing(copy: Desk, style: str) -> None:
    out = copy.folder / "out"
    copy.type("export", "jekyll", out, "--style", style)
    before = {path: path.stat().st_mtime_ns for path in (out / "_posts").rglob("*")}
    copy.type("export", "jekyll", out, "--style", style)
    assert {path: path.stat().st_mtime_ns for path in (out / "_posts").rglob("*")} == before


def test_a_safe_export_moves_in_elsewhere_as_the_same_entries(copy: Desk, tmp_path: Path) -> None:
    copy.type("export", "jekyll", copy.folder / "out", "--style", "safe")
    (tmp_path / "elsewhere").mkdir()
    elsewhere = Desk(tmp_path / "elsewhere")
    result = elsewhere.type("import", "jekyll", copy.folder / "out")
    assert result.exit_code == 0, result.output
    before, after = _known_by_id(copy), _known_by_id(elsewhere)
    assert after.keys() == before.keys()
    untitled = {number for number, (title, *_) in before.items() if not title}  # posts always have one
    assert {number for number, said in before.items() if after[number] != said} <= untitled


def test_the_first_polls_bring_only_what_is_new(moved: Moved, copy: Desk, origin: Origin) -> None:
    text = copy.config_file.read_text("utf-8").replace("https://feeds.example/", f"{origin.url}/")
    copy.config_file.write_text(
        text.replace(f'base_url = "{origin.url}/', 'base_url = "https://feeds.example/')
    )
    before = entries_by_file(copy)
    new = _serve(origin, moved.archive)
    for _ in range(2):
        copy.type("poll")
    after = entries_by_file(copy)
    assert {entry.title for name, entry in after.items() if name not in before} == set(new)
    assert len(after) == len(before) + len(new)
    for name, entry in before.items():
        now = after[name]
        assert (now.id, now.surfaced, now.edited) == (entry.id, entry.surfaced, None), (name, now.title)


@pytest.mark.skipif(JEKYLL is None, reason="needs Jekyll")
def test_jekyll_builds_the_safe_export_without_a_word_of_complaint(copy: Desk) -> None:
    out = copy.folder / "out"
    copy.type("export", "jekyll", out, "--style", "safe")
    (out / "_config.yml").write_text("title: Archive\ntimezone: UTC\n")
    (out / "_layouts").mkdir()
    (out / "_layouts/post.html").write_text(
        "<h1>{{ page.title | escape }}</h1><time>{{ page.date | date: '%s' }}</time>{{ content }}"
    )
    built = subprocess.run(
        [str(JEKYLL), "build", "-q", "-s", out, "-d", copy.folder / "www"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (built.returncode, built.stdout, built.stderr) == (0, "", "")
    pages = [path.read_text("utf-8") for path in (copy.folder / "www").rglob("*.html")]
    entries = entries_by_file(copy).values()
    dates = sorted(int(stamp) for page in pages for stamp in re.findall(r"<time>(\d+)</time>", page))
    assert dates == sorted(entry.dated // 1000 for entry in entries)


def _known_by_id(desk: Desk) -> dict[int, tuple[object, ...]]:
    """Return what entries say; their links as they are published."""
    return {
        entry.id: (
            entry.title,
            web_url(entry.url or ""),
            entry.authors,
            entry.source.name,
            entry.tags,
            entry.published,
        )
        for entry in entries_by_file(desk).values()
    }


def _serve(origin: Origin, archive: Archive) -> list[str]:
    """Serve feeds of what the posts were made of, what was deleted, and one new article each."""
    listed: defaultdict[str, list[Article]] = defaultdict(list)
    for post in archive.posts:
        if post.url == href(post.article.link):
            listed[post.article.site.name].append(post.article)
    for article in archive.deleted:
        listed[article.site.name].append(article)
    titles = []
    for name, address in archive.addresses.items():
        if not listed[name]:
            continue
        newest = sorted(listed[name], key=lambda article: article.run)[-20:]
        new = replace(newest[-1], number=10**6, link=f"{newest[-1].site.home}/new", title=f"New from {name}")
        titles.append(new.title)
        origin.serve("/" + address.rpartition("/")[2], feed_of(name, [new, *reversed(newest)]))
    return titles
