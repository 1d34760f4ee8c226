"""`export site` as it is typed."""

from __future__ import annotations

import re
from pathlib import Path

from tests.archive.sites import check, plain
from tests.cli.conftest import Desk
from tests.store.drafts import NOW, draft

SOURCE = '[[sources]]\nname = "a"\nurl = "https://example.org/a"\ntags = ["x"]\n'


def test_a_site_is_written_and_then_only_what_changed(desk: Desk) -> None:
    desk.write(SOURCE)
    desk.bring("a", draft("1"), now=NOW)
    site = desk.folder / "site"
    first = desk.done("export", "site", site)
    assert re.fullmatch(rf"\d+ files written, 0 unchanged; 2 feeds in {site}\n", first)
    check(site, "https://feeds.example/")
    assert desk.done("export", "site", site).startswith("0 files written, ")
    desk.bring("a", draft("1"), draft("2"), now=NOW + 1)
    assert desk.done("export", "site", site).startswith("9 files written, ")


def test_the_base_url_that_is_typed_counts_before_that_of_the_archive(desk: Desk) -> None:
    site = desk.folder / "site"
    desk.write(
        f'{SOURCE}[[archives]]\nkind = "site"\nfolder = "{site}"\nbase_url = "https://archive.example/x"\n'
    )
    desk.bring("a", draft("1"), now=NOW)
    desk.done("export", "site", site)
    check(site, "https://archive.example/x/")
    desk.done("export", "site", site, "--base-url", "https://typed.example/")
    check(site, "https://typed.example/")
    assert b"https://typed.example/all.atom" in plain(site)["opml.xml"]


def test_a_base_url_that_is_none_is_a_clear_line(desk: Desk) -> None:
    desk.write(SOURCE)
    desk.bring("a", draft("1"), now=NOW)
    result = desk.type("export", "site", desk.folder / "site", "--base-url", "example.org")
    assert result.exit_code == 2
    assert "--base-url: " in result.stderr
    assert not (desk.folder / "site").exists()


def test_who_has_a_token_is_told_that_files_have_none(desk: Desk, tmp_path: Path) -> None:
    desk.write(SOURCE)
    desk.bring("a", draft("1"), now=NOW)
    result = desk.type("export", "site", tmp_path / "site", env={"AGGREGATOR_SERVICE__TOKEN": "s3cret"})
    assert result.exit_code == 0
    assert result.stderr.startswith("aggregator: [service] token guards no files")


def test_who_says_no_base_url_is_told_what_that_means(desk: Desk, tmp_path: Path) -> None:
    desk.write(SOURCE)
    settings = desk.config_file.read_text()
    desk.config_file.write_text(settings.replace('base_url = "https://feeds.example"', ""))
    desk.bring("a", draft("1"), now=NOW)
    without = desk.type("export", "site", tmp_path / "site")
    assert without.exit_code == 0
    assert without.stderr.startswith(
        "aggregator: without --base-url addresses in feeds and in opml.xml are relative"
    )
    given = desk.type("export", "site", tmp_path / "site", "--base-url", "https://typed.example/")
    assert given.stderr == ""


def test_a_file_of_somebody_else_in_the_way_is_a_line(desk: Desk, tmp_path: Path) -> None:
    desk.write(SOURCE)
    desk.bring("a", draft("1"), now=NOW)
    desk.done("export", "site", tmp_path / "site")
    (tmp_path / "site/tags/y.html").write_text("mine")
    desk.bring("a", draft("2", categories=("y",)), now=NOW + 1)
    result = desk.type("export", "site", tmp_path / "site")
    assert result.exit_code == 0
    assert result.stderr == (
        f"aggregator: {tmp_path}/site/tags/y.html: is not of an export, and was left alone\n"
    )


def test_a_file_that_somebody_removed_is_written_again(desk: Desk, tmp_path: Path) -> None:
    desk.write(SOURCE)
    desk.bring("a", draft("1"), now=NOW)
    desk.done("export", "site", tmp_path / "site")
    (tmp_path / "site/all.rss").unlink()
    assert desk.done("export", "site", tmp_path / "site").startswith("1 file written, ")
    assert (tmp_path / "site/all.rss").exists()
