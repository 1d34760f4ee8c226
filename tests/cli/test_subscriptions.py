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


def test_a_source_of_the_config_takes_the_name_of_a_lists_source_and_not_its_entries(
    desk: Desk, followed: str, origin: Origin
) -> None:
    desk.json("poll")
    other = origin.serve("/c", rss("c"))
    head, _, own = desk.config_file.read_text("utf-8").partition("[[sources]]")
    desk.config_file.write_text(f'{head}[[sources]]\nname = "a"\nurl = "{other}"\n[[sources]]{own}', "utf-8")
    desk.json("poll")
    told = {entry["title"]: entry["source"] for entry in desk.json("entries")}
    assert told == {"a": "a (127.0.0.1)", "b": "own", "c": "a"}


def test_an_added_source_gets_no_name_that_a_lists_source_has_or_had(
    desk: Desk, followed: str, origin: Origin
) -> None:
    desk.json("poll")
    for path in ("/c", "/d"):
        desk.done("add", origin.serve(path, rss("x").replace("News", "a")))
    assert [source.name for source in desk.config.sources] == ["own", "a 2", "a 3"]
    desk.write("")
    desk.json("poll")
    desk.done("add", origin.serve("/e", rss("x").replace("News", "a")))
    assert [source.name for source in desk.config.sources] == ["a 2"]
    origin.serve("/a", rss("x").replace("News", "a"))
    desk.done("add", f"{origin.url}/a")
    assert desk.config.sources[-1].name == "a"
