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
