"""Entries as posts in a folder: what is written, under which names, and what stays."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from aggregator.archive import posts
from aggregator.archive.folder import MARK
from aggregator.archive.posts import ExportTally, export_posts
from aggregator.exceptions import ArchiveError
from aggregator.model import ArchiveFolder, EntryDraft, ImportedPost, PostStyle, Source, StoryPolicy
from aggregator.protocols import Store
from aggregator.publish.jekyll.styles import STYLES
from aggregator.rules.grammar import parse
from aggregator.store import open_store
from tests.store.curated import rule
from tests.store.drafts import DAY, HOUR, NOW, draft, poll

SOURCE = Source(name="A", url="https://a.example/feed", tags=("news",))
STAYS = ExportTally(unchanged=1)


@dataclass
class Desk:
    """A store and a folder that follows it."""

    store: Store
    archive: ArchiveFolder
    now: int = NOW

    def poll(self, *drafts: EntryDraft, policy: StoryPolicy | None = None) -> None:
        self.now += 1
        poll(self.store, SOURCE, drafts, now=self.now, policy=policy)

    def take(self, *taken: tuple[str, bytes, EntryDraft]) -> None:
        """Import posts: name, bytes, and what they say."""
        self.store.posts.take(
            [
                ImportedPost(file_name=name, body=body, draft=said, source=SOURCE, dated=said.published)
                for name, body, said in taken
            ],
            StoryPolicy(),
            now=self.now,
        )

    def export(self, **keys: object) -> ExportTally:
        return export_posts(self.store, replace(self.archive, **keys))  # type: ignore[arg-type]  # by name

    @property
    def folder(self) -> Path:
        return self.archive.folder

    def files(self) -> dict[str, bytes]:
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and path.name != MARK
        }

    def names(self) -> list[str]:
        return [name.removeprefix("_posts/") for name in self.files()]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """With a folder of the legacy style, whose names say nothing of IDs."""
    store = open_store(str(tmp_path / "aggregator.db"))
    store.sync_sources([SOURCE], now=NOW)
    yield Desk(store, ArchiveFolder(folder=tmp_path / "site", style=PostStyle.LEGACY))
    store.close()


DATE = "2027-01-15"
"""Of NOW - HOUR."""


def same(number: int, title: str = "Same", **keys: object) -> EntryDraft:
    """One of several entries of a day with the same title."""
    made = draft(str(number), title=title, published=NOW - HOUR + number)
    return replace(made, **keys)  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize("style", PostStyle)
def test_each_entry_has_the_post_of_the_style(desk: Desk, style: PostStyle) -> None:
    desk.poll(draft("a"), draft("b", published=NOW - DAY))
    assert desk.export(style=style) == ExportTally(written=2)
    entries = [desk.store.entry(NOW - HOUR), desk.store.entry(NOW - DAY)]
    made = [STYLES[style](entry) for entry in entries if entry]
    assert desk.files() == {f"_posts/{post.file_name}": post.body for post in made}


@pytest.mark.parametrize("style", PostStyle)
def test_only_what_is_new_is_written(desk: Desk, style: PostStyle) -> None:
    desk.poll(draft("a"))
    desk.export(style=style)
    (before,) = (desk.folder / "_posts").iterdir()
    os.utime(before, (1, 1))
    assert desk.export(style=style) == STAYS
    desk.poll(draft("b"), draft("a"))
    assert desk.export(style=style) == ExportTally(written=1, unchanged=1)
    assert before.stat().st_mtime == 1


def test_nothing_is_rendered_when_nothing_is_new(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.poll(draft("a"))
    desk.export()
    monkeypatch.setattr(posts, "STYLES", {})
    assert desk.export() == STAYS


def test_a_post_stays_as_it_was_first_written(desk: Desk) -> None:
    desk.poll(draft("a"))
    desk.export()
    before = desk.files()
    desk.poll(draft("a", title="Edited", content="another text"))
    assert desk.export() == STAYS
    assert desk.files() == before


@pytest.mark.parametrize("style", PostStyle)
def test_a_post_follows_its_edited_entry_under_its_new_name_when_it_is_to(
    desk: Desk, style: PostStyle
) -> None:
    desk.poll(draft("a"), draft("b"))
    desk.export(style=style)
    desk.poll(draft("a", title="Edited", content="another text"), draft("b"))
    assert desk.export(style=style, update=True) == ExportTally(updated=1, unchanged=1)
    name = (
        f"_posts/{DATE}-Edited.md"
        if style is PostStyle.LEGACY
        else f"_posts/{DATE}-Edited-{NOW - HOUR + 1}.md"
    )
    assert b"another text" in desk.files()[name]
    assert len(desk.files()) == 2
    assert desk.export(style=style, update=True) == ExportTally(unchanged=2)


def test_posts_that_are_to_follow_from_now_on_take_up_what_was_edited_before(desk: Desk) -> None:
    desk.poll(draft("a"))
    desk.export()
    desk.poll(draft("a", content="another text"))
    desk.export()
    assert desk.export(update=True) == ExportTally(updated=1)


def test_a_post_that_a_person_has_changed_is_left_to_them(desk: Desk) -> None:
    desk.poll(draft("a"))
    desk.export(update=True)
    (path,) = (desk.folder / "_posts").iterdir()
    path.write_bytes(b"mine")
    desk.poll(draft("a", content="another text"))
    assert desk.export(update=True) == ExportTally(left=1)
    assert path.read_bytes() == b"mine"


def test_a_missing_file_is_written_again(desk: Desk) -> None:
    desk.poll(draft("a"))
    desk.export()
    before = desk.files()
    shutil.rmtree(desk.folder / "_posts")
    assert desk.export() == ExportTally(written=1)
    assert desk.files() == before


def test_posts_of_entries_that_are_dropped_or_no_longer_selected_stay(desk: Desk) -> None:
    desk.poll(draft("a", categories=("x",)), draft("b", categories=("x",)))
    desk.export(all=("x",), update=True)
    before = desk.files()
    drops = StoryPolicy(rules=(rule("r", 'title:"title of a"', drop=True), rule("s", "tag:x", remove=("x",))))
    desk.poll(draft("a", content="1"), draft("b", content="2"), policy=drops)
    assert desk.store.entry_count() == 1
    assert desk.export(all=("x",)).unchanged == 2
    assert desk.files() == before
    for path in (desk.folder / "_posts").iterdir():
        path.unlink()
    assert desk.export(all=("x",)) == ExportTally(), "nor do they come back"


@pytest.mark.parametrize(
    ("keys", "chosen"),
    [
        ({"all": ("x",)}, ["one"]),
        ({"any": ("x", "y")}, ["one", "two"]),
        ({"none": ("x",)}, ["two"]),
        ({"sources": ("A",)}, ["one", "two"]),
        ({"sources": ("B",)}, []),
        ({"match": parse("title:two")}, ["two"]),
        ({"match": parse("age<1s title:one")}, ["one"]),
    ],
)
def test_the_entries_are_those_that_meet_the_conditions(
    desk: Desk, keys: dict[str, object], chosen: Sequence[str]
) -> None:
    desk.poll(draft("1", title="one", categories=("x",)), draft("2", title="two", categories=("y",)))
    desk.export(**keys)
    assert desk.names() == [f"{DATE}-{title}.md" for title in chosen]


def test_an_entry_that_comes_to_meet_the_conditions_later_is_written_then(desk: Desk) -> None:
    desk.poll(draft("a"))
    assert desk.export(all=("x",)) == ExportTally()
    desk.poll(draft("a", categories=("x",)))
    assert desk.export(all=("x",)) == ExportTally(written=1)


def test_other_conditions_than_before_are_asked_of_all_entries(desk: Desk) -> None:
    desk.poll(draft("a", categories=("x",)), draft("b", categories=("y",)))
    desk.export(all=("x",))
    assert desk.export(all=("y",)) == ExportTally(written=1, unchanged=1)


def test_the_later_of_two_entries_with_the_same_name_gets_its_id(desk: Desk) -> None:
    desk.poll(same(0), same(1))
    assert desk.export() == ExportTally(written=2, renamed=1)
    assert desk.names() == [f"{DATE}-Same-{NOW - HOUR + 1}.md", f"{DATE}-Same.md"]
    assert b"example.org/0" in desk.files()[f"_posts/{DATE}-Same.md"]


def test_a_name_that_was_given_stays_though_a_lower_id_comes_later(desk: Desk) -> None:
    desk.poll(same(5))
    desk.export()
    desk.poll(same(1), same(5))
    assert desk.export() == ExportTally(written=1, unchanged=1, renamed=1)
    assert desk.names() == [f"{DATE}-Same-{NOW - HOUR + 1}.md", f"{DATE}-Same.md"]
    assert b"example.org/5" in desk.files()[f"_posts/{DATE}-Same.md"]


def test_a_title_made_to_look_like_a_name_with_an_id_takes_no_place(desk: Desk) -> None:
    desk.poll(same(0, "a"), same(1, f"a-{NOW - HOUR + 2}"), same(2, "a"))
    assert desk.export().written == 3
    assert len(desk.names()) == 3


@pytest.mark.parametrize("at_once", [True, False])
def test_a_name_is_the_same_whichever_entries_are_chosen(desk: Desk, at_once: bool) -> None:
    if not at_once:
        desk.export(all=("x",))
    desk.poll(same(0), same(1, categories=("x",)), same(2))
    assert desk.export(all=("x",)) == ExportTally(written=1, renamed=1)
    assert desk.names() == [f"{DATE}-Same-{NOW - HOUR + 1}.md"]


def test_names_that_differ_in_case_are_told_apart_where_the_disk_does_not(desk: Desk) -> None:
    desk.export()
    (desk.folder / MARK.upper()).hardlink_to(desk.folder / MARK)  # as it looks on such a disk
    desk.poll(same(0), same(1, "SAME"))
    desk.export()
    assert f"_posts/{DATE}-SAME-{NOW - HOUR + 1}.md" in desk.files()


def test_a_file_that_is_not_ours_is_not_touched(desk: Desk) -> None:
    desk.poll(same(0))
    (desk.folder / "_posts").mkdir(parents=True)
    (desk.folder / f"_posts/{DATE}-Same.md").write_bytes(b"mine")
    assert desk.export() == ExportTally(written=1, renamed=1)
    assert desk.files()[f"_posts/{DATE}-Same.md"] == b"mine"
    assert desk.names() == [f"{DATE}-Same-{NOW - HOUR}.md", f"{DATE}-Same.md"]
    assert desk.export() == STAYS


@pytest.mark.parametrize("style", PostStyle)
def test_a_folder_that_lost_its_mark_gets_no_doubles(desk: Desk, style: PostStyle) -> None:
    desk.poll(same(0), same(1), draft("b"))
    desk.export(style=style)
    before = desk.files()
    (desk.folder / MARK).unlink()
    assert desk.export(style=style).unchanged == 3
    assert desk.files() == before


@pytest.mark.parametrize("style", PostStyle)
def test_nor_does_one_whose_entries_were_edited_since(desk: Desk, style: PostStyle) -> None:
    desk.poll(same(0), draft("b"))
    desk.export(style=style)
    before = desk.files()
    (desk.folder / MARK).unlink()
    desk.poll(same(0, "Edited title"), draft("b", content="edited"))
    assert desk.export(style=style) == ExportTally(unchanged=2)
    assert desk.files() == before
    (desk.folder / MARK).unlink()
    assert desk.export(style=style, update=True) == ExportTally(updated=2)
    assert len(desk.files()) == 2


def test_nor_one_whose_store_was_restored_from_a_backup(desk: Desk, tmp_path: Path) -> None:
    desk.poll(same(0))
    desk.export()
    desk.store.close()
    shutil.copy(tmp_path / "aggregator.db", tmp_path / "backup.db")
    desk.store = open_store(str(tmp_path / "aggregator.db"))
    desk.poll(same(0), same(1), draft("b"))
    desk.export()
    before = desk.files()
    desk.store.close()
    desk.store = open_store(str(tmp_path / "backup.db"))
    desk.poll(same(0), same(1), draft("b"))
    assert desk.export() == ExportTally(unchanged=3, renamed=1)
    assert desk.files() == before


def test_a_copied_folder_goes_on_beside_the_first(desk: Desk, tmp_path: Path) -> None:
    desk.poll(same(0))
    desk.export()
    shutil.copytree(desk.folder, tmp_path / "copy")
    desk.poll(draft("b"))
    desk.export()
    desk.export(folder=tmp_path / "copy")
    first = desk.files()
    desk.archive = replace(desk.archive, folder=tmp_path / "copy")
    assert desk.files() == first


def test_styles_are_not_mixed_in_a_folder(desk: Desk) -> None:
    desk.poll(draft("a"))
    desk.export()
    with pytest.raises(ArchiveError, match="written in the style legacy"):
        desk.export(style=PostStyle.SAFE)
    (desk.folder / MARK).unlink()
    for _ in range(2):
        with pytest.raises(
            ArchiveError, match=r"has posts in the style legacy, such as 2027-01-15-Title of a\.md"
        ):
            desk.export(style=PostStyle.SAFE)
    shutil.rmtree(desk.folder)
    desk.export(style=PostStyle.SAFE)
    (desk.folder / MARK).unlink()
    with pytest.raises(ArchiveError, match="has posts in the style safe"):
        desk.export()


def test_posts_of_a_persons_own_are_no_other_style(desk: Desk) -> None:
    desk.poll(draft("a"))
    (desk.folder / "_posts").mkdir(parents=True)
    (desk.folder / "_posts/2020-01-01-mine.md").write_text("---\nlayout: post\ntitle: Mine\n---\nHi.\n")
    assert desk.export(style=PostStyle.SAFE).written == 1


IMPORTED = (
    ("2019-05-01-Same.md", b"---\r\nlayout: post\r\n---\r\nwild\r\n", draft("1", published=NOW - 9 * DAY)),
    (
        f"{DATE}-Same.md",
        b"\xef\xbb\xbf---\ntitle: x\n---\n",
        draft("2", title="Same", published=NOW - HOUR + 7),
    ),
    ("2019/sub-\udcff.md", b"no front matter", draft("3", published=NOW - 8 * DAY)),
    ("news/_posts/2019-05-02-x.md", b"---\n---\nx", draft("4", published=NOW - 7 * DAY)),
)


def test_imported_posts_come_back_to_the_letter_under_their_own_names(desk: Desk) -> None:
    desk.take(*IMPORTED)
    desk.poll(same(0))  # its ID is lower than that of the post which has the name
    assert desk.export() == ExportTally(written=5, renamed=1)
    files = desk.files()
    for name, body, _ in IMPORTED:
        assert files.pop(name if name.startswith("news") else f"_posts/{name}") == body
    assert list(files) == [f"_posts/{DATE}-Same-{NOW - HOUR}.md"]
    assert desk.export() == ExportTally(unchanged=5)


def test_an_archive_that_was_imported_from_its_folder_goes_on_there(desk: Desk) -> None:
    for name, body, _ in IMPORTED[:2]:
        (desk.folder / "_posts").mkdir(parents=True, exist_ok=True)
        (desk.folder / "_posts" / name).write_bytes(body)
    desk.take(*IMPORTED[:2])
    desk.poll(draft("b"))
    assert desk.export() == ExportTally(written=1, unchanged=2)
    assert len(desk.files()) == 3


def test_an_imported_post_changes_only_when_it_is_to_follow_and_keeps_its_name(desk: Desk) -> None:
    desk.take(IMPORTED[1])
    desk.poll(draft("2", title="Same", published=NOW - HOUR + 7))
    desk.poll(draft("2", title="Edited", content="another text", published=NOW - HOUR + 7))
    assert desk.export().written == 1
    assert desk.files() == {f"_posts/{DATE}-Same.md": IMPORTED[1][1]}
    assert desk.export(update=True) == ExportTally(updated=1)
    assert list(desk.files()) == [f"_posts/{DATE}-Same.md"]
    assert b"another text" in desk.files()[f"_posts/{DATE}-Same.md"]


def test_a_name_that_the_file_system_does_not_take_is_a_short_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.take(("x" * 300 + ".md", b"---\n---\n", draft("1", published=NOW - HOUR)))
    assert desk.export().written == 1
    assert desk.names() == [f"{DATE}-{NOW - HOUR}.md"]
    monkeypatch.setattr(posts, "STYLES", {})
    assert desk.export() == STAYS


def test_work_that_is_stopped_goes_on_the_next_time(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posts, "BATCH", 3)
    desk.poll(*(draft(f"n{number}", published=NOW - HOUR * number) for number in range(1, 9)))
    left = iter([False] * 5)
    tally = export_posts(desk.store, desk.archive, stop=lambda: next(left, True))
    assert (tally.finished, 0 < tally.written < 8) == (False, True)
    assert len(desk.files()) == tally.written
    assert desk.export().written == 8 - tally.written
    assert len(desk.files()) == 8


def test_progress_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posts, "BATCH", 2)
    desk.poll(draft("a"), draft("b"), draft("c"))
    told: list[tuple[int, int]] = []
    export_posts(desk.store, desk.archive, progress=lambda *said: told.append(said))
    assert told == [(2, 3), (3, 3)]


def test_a_disk_that_is_full_loses_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.poll(draft("a"), draft("b"))

    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    desk.export(folder=desk.folder, all=("nothing",))
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(ArchiveError, match="make room there"):
            desk.export()
    assert desk.files() == {}
    assert desk.export().written == 2


def test_a_folder_in_the_place_of_a_post_is_told(desk: Desk) -> None:
    desk.poll(draft("a"))
    (desk.folder / f"_posts/{DATE}-Title of a.md").mkdir(parents=True)
    with pytest.raises(ArchiveError, match="a folder where a file should be"):
        desk.export()


def test_many_changes_are_read_in_one_go(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posts, "_MANY", 1)
    desk.export()
    desk.poll(draft("a"), draft("b"), draft("c"))
    assert desk.export() == ExportTally(written=3)
    assert desk.export() == ExportTally(unchanged=3)
