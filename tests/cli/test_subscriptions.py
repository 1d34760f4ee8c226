from __future__ import annotations

import pytest

from tests.cli.conftest import Desk
from tests.daemon.process import rss
from tests.daemon.test_subscriptions import opml
from tests.origin import Origin


@pytest.fixture
def followed(desk: Desk, origin: Origin) -> str:
    """A list of two feeds that the config follows, at which nobody has looked yet."""
    for name in "ab":
        origin.serve(f"/{name}", rss(name))
    url = origin.serve("/list", opml("a", "b", base=origin.url))
    own = f'[[sources]]\nname = "own"\nurl = "{origin.url}/b"\n'
    desk.write(f'[[subscriptions]]\nurl = "{url}"\ntags = ["t"]\n{own}')
    return url


def test_a_round_of_polls_looks_at_the_lists_first(desk: Desk, followed: str) -> None:
    assert sorted(poll["name"] for poll in desk.json("poll")) == ["a", "own"]
    assert [(source["name"], source["subscription"], source["tags"]) for source in desk.json("sources")] == [
        ("own", None, []),
        ("a", followed, ["t", "Folder"]),
    ]


def test_each_command_knows_the_sources_of_lists(desk: Desk, followed: str, origin: Origin) -> None:
    desk.json("poll")
    assert f"list:      {followed}" in desk.done("show-source", "a").splitlines()
    assert [entry["title"] for entry in desk.json("entries", "--source", "a")] == ["a"]
    assert [poll["name"] for poll in desk.json("poll", "a")] == ["a"]
    assert len(origin.seen("/list")) == 1
    assert desk.json("plan") == []
    assert f'xmlUrl="{origin.url}/a"' in desk.done("export", "opml")


def test_a_plan_without_the_list_would_remove_its_sources(desk: Desk, followed: str) -> None:
    desk.json("poll")
    desk.write("")
    assert {(step["change"], step["source"]) for step in desk.json("plan")} == {
        ("removed", "own"),
        ("removed", "a"),
    }


def test_an_import_of_a_list_that_is_followed_keeps_its_names_and_takes_no_other(
    desk: Desk, followed: str, origin: Origin
) -> None:
    desk.json("poll")
    more = opml("a", base=origin.url).replace(
        "</body>", f'<outline text="a" xmlUrl="{origin.url}/c"/></body>'
    )
    (desk.folder / "list").write_text(more)
    desk.done("import", "opml", desk.folder / "list")
    assert [source.name for source in desk.config.sources] == ["own", "a", "a (127.0.0.1)"]
    (desk.folder / "list").write_text(opml("own", base=origin.url).replace("/own", "/d"))
    desk.done("import", "opml", desk.folder / "list")
    assert desk.config.sources[-1].name == "own (127.0.0.1)"
    assert "1 followed list" in desk.done("check")


def test_an_import_takes_no_name_of_a_source_of_a_list(desk: Desk, followed: str, origin: Origin) -> None:
    desk.json("poll")
    (desk.folder / "list").write_text(opml("a", base="https://other.example"))
    desk.done("import", "opml", desk.folder / "list")
    assert [source.name for source in desk.config.sources] == ["own", "a (other.example)"]
