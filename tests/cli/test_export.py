from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Desk
from tests.origin import Origin
from tests.publish.jekyll.test_legacy import POST
from tests.store.drafts import NOW, draft

ROOT = Path(__file__).parents[2]

FEED = """\
<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0"><channel><title>湖畔新聞</title><link>https://example.org/</link>
<item>
<title><![CDATA[新工厂落成，Acme将专注于AI芯片]]></title>
<description><![CDATA[<p>   发明的文字。</p>
<p>Second line.</p>]]></description>
<pubDate>Wed, 03 Apr 2024 01:46:32 GMT</pubDate>
<guid isPermaLink="false">https://example.org/story/1.html</guid>
<link>https://example.org/story/1.html</link>
<author><![CDATA[王小明]]></author>
</item>
</channel></rss>
"""


def test_a_polled_item_becomes_the_post_of_the_legacy_form_byte_for_byte(desk: Desk, origin: Origin) -> None:
    url = origin.serve("/feed.xml", FEED)
    desk.write(f'[[sources]]\nname = "湖畔新聞"\nurl = "{url}"\n')
    desk.done("poll")
    assert [entry["id"] for entry in desk.json("entries")] == [1_712_108_792_000]
    site = desk.folder / "site"
    legacy = ("export", "jekyll", site, "--style", "legacy")
    assert desk.done(*legacy) == f"1 post written to {site}/_posts, 0 unchanged\n"
    (post,) = (site / "_posts").iterdir()
    assert post.name == "2024-04-03-新工厂落成，Acme将专注于AI芯片.md"
    assert post.read_bytes() == POST.encode()
    assert desk.done(*legacy) == f"0 posts written to {site}/_posts, 1 unchanged\n"


def test_one_tag_can_be_exported_and_a_shared_title_is_reported(desk: Desk) -> None:
    desk.write('[[sources]]\nname = "a"\nurl = "https://example.org/a"\n')
    items = [
        draft("1", title="Same", published=NOW - 2000, categories=("one",)),
        draft("2", title="Same", published=NOW - 1000, categories=("two",)),
    ]
    desk.bring("a", *items, now=NOW)
    printed = desk.done("export", "jekyll", desk.folder, "--style", "legacy", "--tag", "two").splitlines()
    assert printed == [
        f"1 post written to {desk.folder}/_posts, 0 unchanged",
        "1 post with the ID in the name: another one has the same name",
    ]
    assert [path.name for path in (desk.folder / "_posts").iterdir()] == [f"2027-01-15-Same-{NOW - 1000}.md"]


def test_a_folder_that_cannot_be_written_is_one_clear_line(desk: Desk, tmp_path: Path) -> None:
    desk.write('[[sources]]\nname = "a"\nurl = "https://example.org/a"\n')
    desk.bring("a", now=NOW)
    (tmp_path / "file").write_text("")
    result = desk.type("export", "jekyll", tmp_path / "file")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"aggregator: {tmp_path}/file: cannot be written")
    assert result.stderr.count("\n") == 1


def test_an_unknown_style_is_a_misuse(desk: Desk) -> None:
    assert desk.type("export", "jekyll", desk.folder, "--style", "modern").exit_code == 2


def test_a_folder_of_another_style_is_one_clear_line(desk: Desk) -> None:
    desk.write('[[sources]]\nname = "a"\nurl = "https://example.org/a"\n')
    desk.bring("a", draft("1"), now=NOW)
    desk.done("export", "jekyll", desk.folder / "site", "--style", "legacy")
    result = desk.type("export", "jekyll", desk.folder / "site")
    assert result.exit_code == 1
    assert "go on with that one (--style legacy" in result.stderr
    assert result.stderr.count("\n") == 1


def test_posts_follow_their_entries_when_they_are_to(desk: Desk) -> None:
    desk.write('[[sources]]\nname = "a"\nurl = "https://example.org/a"\n')
    desk.bring("a", draft("1"), now=NOW)
    export = ("export", "jekyll", desk.folder)
    desk.done(*export)
    desk.bring("a", draft("1", content="another text"), now=NOW + 1)
    assert desk.done(*export) == f"0 posts written to {desk.folder}/_posts, 1 unchanged\n"
    assert (
        desk.done(*export, "--update") == f"0 posts written to {desk.folder}/_posts, 1 updated, 0 unchanged\n"
    )


def test_what_was_written_is_committed_or_the_command_says_why_not(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(desk.folder.parent))
    desk.write('[[sources]]\nname = "a"\nurl = "https://example.org/a"\n')
    desk.bring("a", draft("1"), now=NOW)
    export = ("export", "jekyll", desk.folder / "site", "--commit")
    result = desk.type(*export)
    assert result.exit_code == 1
    assert result.stdout == f"1 post written to {desk.folder}/site/_posts, 0 unchanged\n"
    assert "was not committed; git says: fatal: not a git repository" in result.stderr
    subprocess.run(["git", "init", "-q", desk.folder / "site"], check=True)
    assert desk.done(*export).endswith("1 unchanged\n1 file committed\n")
    assert desk.done(*export).endswith("1 unchanged\nnothing to commit\n")


class Watching:
    """`aggregator export jekyll --watch` as a process of its own."""

    def __init__(self, desk: Desk, folder: Path) -> None:
        command = [sys.executable, "-m", "aggregator", "-c", str(desk.config_file)]
        self.process = subprocess.Popen(
            [*command, "export", "jekyll", str(folder), "--watch"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def end(self, number: int) -> tuple[int, str]:
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=20)
        return self.process.returncode, errors


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_folder_follows_until_somebody_ends_that(desk: Desk, number: int) -> None:
    desk.write('[[sources]]\nname = "a"\nurl = "https://example.org/a"\n')
    desk.bring("a", draft("1"), now=NOW)
    watching = Watching(desk, desk.folder / "site")
    posts = desk.folder / "site/_posts"
    assert watching.line() == f"{posts}: 1 post written\n"
    desk.bring("a", draft("1"), draft("2"), now=NOW + 1)
    assert watching.line() == f"{posts}: 1 post written\n"
    assert len(list(posts.iterdir())) == 2
    assert watching.end(number) == (0, "")
