from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.config import load
from aggregator.config.edit import add_source, insert_table
from aggregator.exceptions import ConfigError
from tests.config.configs import FEED, SOURCE

EXAMPLE = Path(__file__).parents[2] / "config" / "aggregator.toml"
NEW = '[[sources]]\nname = "New"\nurl = "https://new.example/feed"\ntags = ["a b", "中参馆", "C++"]\n'


def add(path: Path) -> None:
    add_source(path, name="New", url="https://new.example/feed", tags=["a b", "中参馆", "C++"], environ={})


def added_to(text: str, path: Path) -> str:
    path.write_bytes(text.encode())
    add(path)
    return path.read_bytes().decode()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "aggregator.toml"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (SOURCE, "\n" + FEED),
        (SOURCE + "# of the source above\n", "\n# of the feeds\n\n" + FEED),
        (SOURCE + "[sources.headers]\nX = '1'\n", "\n# of the feed\n" + FEED),
        (SOURCE, "\n\n# [[sources]]\n# name = 'commented out'\n"),
        (SOURCE + 'tags = [\n  "a",\n  # [[feeds]]\n]\n', "\n" + FEED),
        (
            SOURCE
            + FEED
            + 'description = """\n[[sources]]\n"""\n'
            + SOURCE.replace("BBC", "B").replace("org", "net"),
            "",
        ),
        (FEED + 'description = """\n[[sources]]"""\n' + SOURCE + "# last\n", ""),
        (f"{FEED}description = '''\n# not a comment'''\n", ""),
        ('[service]\ntitle = "no sources yet"\n', ""),
        ("# only a comment\n", ""),
    ],
)
def test_a_source_goes_behind_the_last_one_and_every_other_byte_stays(
    before: str, after: str, path: Path
) -> None:
    assert added_to(before + after, path) == before + "\n" + NEW + after


def test_a_source_above_a_comment_that_touches_the_next_table_leaves_it_there(path: Path) -> None:
    assert added_to(f"{SOURCE}# of the feed\n{FEED}", path) == f"{SOURCE}\n{NEW}\n# of the feed\n{FEED}"


def test_a_source_goes_between_tables_that_touch_with_empty_lines_around_it(path: Path) -> None:
    assert added_to(SOURCE + FEED, path) == f"{SOURCE}\n{NEW}\n{FEED}"


@pytest.mark.parametrize("text", [SOURCE.rstrip("\n"), SOURCE, SOURCE + "# end"])
def test_a_file_may_end_without_a_line_end(text: str, path: Path) -> None:
    assert added_to(text, path) == text + ("" if text.endswith("\n") else "\n") + "\n" + NEW


@pytest.mark.parametrize("text", ["", "\ufeff"])
def test_an_empty_file_gets_the_source_alone(text: str, path: Path) -> None:
    assert added_to(text, path) == text + NEW


def test_an_empty_line_at_the_end_of_a_file_without_sources_is_enough(path: Path) -> None:
    assert added_to(FEED + "\n", path) == FEED + "\n" + NEW


@pytest.mark.parametrize("text", [SOURCE + FEED, SOURCE.rstrip("\n"), FEED, SOURCE + "\n# x\n\n" + FEED])
def test_line_ends_of_two_characters_are_kept_and_used(text: str, path: Path) -> None:
    plain = added_to(text, path)
    assert added_to(text.replace("\n", "\r\n"), path) == plain.replace("\n", "\r\n")


def test_a_source_is_added_to_the_shipped_example(path: Path) -> None:
    text = EXAMPLE.read_text("utf-8")
    new = added_to(text, path)
    assert new.replace("\n" + NEW, "", 1) == text
    assert [source.name for source in load(path, {}).sources][-1] == "New"


def test_a_source_without_tags_has_no_such_key(path: Path) -> None:
    path.write_text(SOURCE)
    add_source(path, name='A "B" \\ C', url="https://new.example/", tags=[], environ={})
    assert (
        path.read_text()
        == SOURCE + '\n[[sources]]\nname = "A \\"B\\" \\\\ C"\nurl = "https://new.example/"\n'
    )
    assert load(path, {}).sources[1].name == 'A "B" \\ C'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SOURCE.replace("BBC", "New"), "name"),
        (SOURCE.replace("https://example.org/feed.xml", "https://new.example/feed"), "url"),
        ('[service]\nbind = "x"\n', "bind"),
        ("[service\n", "line 1"),
        ("sources = []\n", "sources are written as one list in brackets"),
    ],
)
def test_a_file_is_left_alone_when_the_result_would_not_be_valid(text: str, message: str, path: Path) -> None:
    path.write_text(text)
    with pytest.raises(ConfigError, match=message) as caught:
        add(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert path.read_text() == text
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    ("name", "url", "tag"),
    [
        ("", "https://a.example/", "a"),
        ("A", "a.example", "a"),
        ("A", "https://a.example/", "\0"),
        ("\udce9", "x", "y"),
    ],
)
def test_a_source_that_is_not_valid_is_not_added(name: str, url: str, tag: str, path: Path) -> None:
    path.write_text(SOURCE)
    with pytest.raises(ConfigError, match=r"\[\[sources\]\] #2"):
        add_source(path, name=name, url=url, tags=[tag], environ={})
    assert path.read_text() == SOURCE


def test_a_config_that_needs_the_environment_to_be_valid_gets_it(path: Path) -> None:
    path.write_text(SOURCE + 'user = "me"\n')
    environ = {"AGGREGATOR_SOURCES__0__PASSWORD": "x"}
    add_source(path, name="New", url="https://new.example/", tags=[], environ=environ)
    assert len(load(path, environ).sources) == 2


def test_a_missing_file_is_not_made(path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file"):
        add(path)
    assert not path.exists()


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664])
def test_a_file_keeps_its_mode_and_nothing_is_left_beside_it(mode: int, path: Path) -> None:
    path.write_text(SOURCE)
    path.chmod(mode)
    add(path)
    assert path.stat().st_mode & 0o7777 == mode
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_a_file_keeps_its_owner_when_root_edits_it(path: Path) -> None:
    path.write_text(SOURCE)
    os.chown(path, 1234, 1234)
    add(path)
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 1234)


def test_a_symbolic_link_stays_one_and_its_target_is_changed(path: Path) -> None:
    (path.parent / "real").mkdir()
    real = path.parent / "real" / "a.toml"
    real.write_text(SOURCE)
    path.symlink_to("real/a.toml")
    add(path)
    assert path.is_symlink()
    assert real.read_text() == SOURCE + "\n" + NEW
    assert list(real.parent.iterdir()) == [real]


def test_readers_see_the_old_file_or_the_new_one(path: Path) -> None:
    path.write_text(SOURCE)
    with path.open() as reader:
        add(path)
        assert reader.read() == SOURCE


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_told(path: Path) -> None:
    path.write_text(SOURCE)
    path.parent.chmod(0o555)
    try:
        with pytest.raises(ConfigError, match="cannot be written: Permission denied"):
            add(path)
    finally:
        path.parent.chmod(0o755)
    assert path.read_text() == SOURCE


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_write_protected_file_is_left_alone(path: Path) -> None:
    path.write_text(SOURCE)
    path.chmod(0o444)
    with pytest.raises(ConfigError, match="is write-protected; make it writable"):
        add(path)
    assert path.read_text() == SOURCE


PIECES = st.lists(
    st.sampled_from(
        [
            "[[sources]]\n",
            "[[ 'sources' ]] # [x]\n",
            "[[feeds]]\n",
            "  [service]\n",
            "[sources.headers]\n",
            "# [[sources]]\n",
            "#\n",
            "\n",
            "   \n",
            "a = 1\n",
            "b = '''\n[[sources]]\n\n# x'''\n",
            'c = """\n[feeds]\n# """ # [[sources]]\n',
            "d = [\n[1],\n[[2]], # [[feeds]]\n]\n",
            "e = '[[sources]]'",
        ]
    ),
    max_size=12,
)


@given(PIECES, st.booleans())
def test_a_table_put_into_any_document_adds_itself_and_changes_nothing(
    pieces: list[str], windows: bool
) -> None:
    text = "".join(pieces)
    text = text.replace("\n", "\r\n") if windows else text
    try:
        old = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    new = insert_table(text, "sources", "[[sources]]\nname = 'x'\n")
    if not isinstance(old.get("sources", []), list):
        return
    assert new is not None
    assert tomllib.loads(new) == old | {"sources": [*old.get("sources", []), {"name": "x"}]}
    start = next((at for at, (a, b) in enumerate(zip(text, new, strict=False)) if a != b), len(text))
    extra = len(new) - len(text)
    assert any(new[:at] + new[at + extra :] == text for at in range(start + 1))
    assert windows == ("\r\n" in new) or "\n" not in text
