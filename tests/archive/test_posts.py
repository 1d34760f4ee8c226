from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from aggregator.archive.posts import ExportTally, export_jekyll
from aggregator.exceptions import ArchiveError
from aggregator.model import RawHtml
from aggregator.publish.jekyll.legacy import legacy_post
from tests.publish.jekyll.test_legacy import ENTRY, POST

TWIN = replace(ENTRY, id=ENTRY.id + 1, content_html=RawHtml("<p>another story</p>"))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "_posts").iterdir())


def test_posts_are_written_to_the_posts_folder_byte_for_byte(tmp_path: Path) -> None:
    tally = export_jekyll([ENTRY], tmp_path / "site", style=legacy_post)
    assert tally == ExportTally(written=1)
    assert names(tmp_path / "site") == ["2024-04-03-新工厂落成，Acme将专注于AI芯片.md"]
    assert (tmp_path / "site/_posts" / names(tmp_path / "site")[0]).read_bytes() == POST.encode()


def test_a_post_that_did_not_change_is_not_written_again(tmp_path: Path) -> None:
    export_jekyll([ENTRY], tmp_path, style=legacy_post)
    path = tmp_path / "_posts" / names(tmp_path)[0]
    os.utime(path, (1, 1))
    assert export_jekyll([ENTRY], tmp_path, style=legacy_post) == ExportTally(unchanged=1)
    assert path.stat().st_mtime == 1


def test_a_post_that_changed_is_replaced(tmp_path: Path) -> None:
    export_jekyll([ENTRY], tmp_path, style=legacy_post)
    edited = replace(ENTRY, content_html=RawHtml("<p>edited</p>"))
    assert export_jekyll([edited], tmp_path, style=legacy_post) == ExportTally(written=1)
    (name,) = names(tmp_path)
    assert b"<p>edited</p>" in (tmp_path / "_posts" / name).read_bytes()


def test_the_later_of_two_entries_with_the_same_name_gets_its_id(tmp_path: Path) -> None:
    tally = export_jekyll([ENTRY, TWIN], tmp_path, style=legacy_post)
    assert tally == ExportTally(written=2, renamed=1)
    plain, later = sorted(names(tmp_path), key=len)
    assert later == plain.replace(".md", "-1712108792001.md")
    assert b"another story" in (tmp_path / "_posts" / later).read_bytes()
    assert (tmp_path / "_posts" / plain).read_bytes() == POST.encode()


def test_a_title_made_to_look_like_a_name_with_an_id_takes_no_place(tmp_path: Path) -> None:
    trio = [
        replace(ENTRY, id=1, title="a"),
        replace(ENTRY, id=2, title="a-3"),
        replace(ENTRY, id=3, title="a"),
    ]
    assert export_jekyll(trio, tmp_path, style=legacy_post) == ExportTally(written=3, renamed=1)
    assert len(names(tmp_path)) == 3


def test_a_name_is_the_same_whichever_entries_are_chosen(tmp_path: Path) -> None:
    export_jekyll([ENTRY, TWIN], tmp_path, style=legacy_post, selected=lambda entry: entry.id == TWIN.id)
    (name,) = names(tmp_path)
    assert name.endswith("-1712108792001.md")


def test_no_half_written_file_is_left(tmp_path: Path) -> None:
    export_jekyll([ENTRY], tmp_path, style=legacy_post)
    blocked = tmp_path / "_posts" / legacy_post(TWIN).file_name
    blocked.unlink()
    blocked.mkdir()
    with pytest.raises(ArchiveError, match="2024-04-03"):
        export_jekyll([ENTRY], tmp_path, style=legacy_post)
    assert names(tmp_path) == [blocked.name]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ArchiveError, match=r"file/site/_posts: cannot be written \(Not a directory\)"):
        export_jekyll([ENTRY], tmp_path / "file" / "site", style=legacy_post)


def test_names_that_differ_in_case_are_told_apart_where_the_disk_does_not(tmp_path: Path) -> None:
    shouted = replace(TWIN, title=ENTRY.title.replace("Acme", "ACME"))
    tally = export_jekyll([ENTRY, shouted], tmp_path, style=legacy_post)
    assert tally.written == len(names(tmp_path)) == 2
