from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from aggregator.archive.drafts import Drafter, Naming, SourceFrom, known_link_keys, link_keys
from aggregator.archive.intake import Told, sort_out, take_posts, taker
from aggregator.archive.listing import MAX_SIZE, list_posts
from aggregator.exceptions import ArchiveError
from aggregator.model import EntryQuery, Fate, Source, StoryPolicy
from aggregator.protocols import Store
from aggregator.store import open_store
from tests.store.drafts import draft, poll

NOW = 1_700_000_000_000
DAY = 86_400_000
NOON = 1_577_880_000_000
"""2020-01-01T12:00:00Z"""


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with closing(open_store(str(tmp_path_factory.mktemp("store") / "aggregator.db"))) as store:
        yield store


def text(
    name: str = "a",
    *,
    said: str = str(NOON),
    date: str = "2020-01-01T12:00:00.000Z",
    author: str = "News",
    tags: str = "News",
    link: str = "",
) -> str:
    link = link or f"https://www.news.example/{name}"
    return (
        f'---\nlayout: post\ntitle: "Title of {name}"\ndate: {date}\nauthor: {author}\nfrom: {link}\n'
        f"tags: [ {tags} ]\ncomments: True\ncategories: [ {tags} ]\n---\n"
        f"<!--{said}-->\n[Title of {name}]({link})\n------\n\n<div>\n<p>{name}</p>\n</div>\n"
    )


def write(folder: Path, name: str, content: str = "") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content or text(path.stem), encoding="utf-8")
    return path


def drafter(by: SourceFrom = SourceFrom.TAGS, *sources: Source) -> Drafter:
    return Drafter(Naming(by=by, folder="my archive", sources=sources))


def bring(store: Store, folder: Path, made_by: Drafter | None = None, *, dry_run: bool = False) -> list[Told]:
    made_by = made_by or drafter()
    work = sort_out(list_posts(folder), store.posts.known(), made_by, now=NOW, on_file=lambda: None)
    store.posts.rename(work.renamed)
    take = taker(store, StoryPolicy(), now=NOW, dry_run=dry_run)
    taken = take_posts(work.to_take, made_by, take, work.links)
    return [*work.told, *(told for some in taken for told in some)]


def fates(told: list[Told]) -> dict[str, Fate | None]:
    return {each.file_name: each.fate for each in told}


def notes(told: list[Told]) -> dict[str, tuple[str, ...]]:
    return {each.file_name: each.notes for each in told if each.notes}


def names_in(folder: Path) -> list[str]:
    return sorted(file.name for file in list_posts(folder).posts)


# --- which files are posts ----------------------------------------------------------------------------


def test_a_sites_folder_holds_posts_wherever_there_is_a_folder_named_so(tmp_path: Path) -> None:
    for name in (
        "_posts/a.md",
        "_posts/sub/b.markdown",
        "news/_posts/c.html",
        "about.md",
        "_site/_posts/d.md",
    ):
        write(tmp_path, name)
    for name in (".git/_posts/e.md", "vendor/theme/_posts/f.md", "_layouts/post.html"):
        write(tmp_path, name)
    assert names_in(tmp_path) == ["a.md", "news/_posts/c.html", "sub/b.markdown"]
    assert list_posts(tmp_path).left_out == []


def test_posts_have_the_same_names_from_the_site_from_its_posts_and_from_below(tmp_path: Path) -> None:
    write(tmp_path, "_posts/2020/a.md")
    for folder in (tmp_path, tmp_path / "_posts", tmp_path / "_posts/2020"):
        assert names_in(folder) == ["2020/a.md"]


def test_a_plain_folder_of_posts_is_taken_as_it_is(tmp_path: Path) -> None:
    write(tmp_path, "a.md")
    write(tmp_path, "b/c.MD")
    assert names_in(tmp_path) == ["a.md", "b/c.MD"]


def test_every_file_that_is_left_out_is_told(tmp_path: Path) -> None:
    outside = write(tmp_path, "outside.md")
    posts = tmp_path / "_posts"
    write(posts, "a.md")
    write(posts, ".hidden.md")
    write(posts, ".cache/x.md")
    write(posts, "picture.png")
    write(tmp_path, "_drafts/idea.md")
    write(posts, "off.md", "---\ntitle: x\npublished: false\n---\n")
    (posts / "link.md").symlink_to(outside)
    (posts / "folder").symlink_to(tmp_path)
    os.mkfifo(posts / "pipe.md")
    with (posts / "huge.md").open("wb") as huge:
        huge.truncate(MAX_SIZE + 1)
    listing = list_posts(tmp_path)
    work = sort_out(listing, [], drafter(), now=NOW, on_file=lambda: None)
    assert [file.name for file in work.to_take] == ["a.md"]
    assert {told.file_name: told.notes[0] for told in work.told} == {
        "_drafts/idea.md": "is a draft",
        ".hidden.md": "is hidden",
        ".cache/": "is hidden",
        "picture.png": "is no post: its name ends otherwise",
        "off.md": "says that it is not published",
        "link.md": "is a symbolic link",
        "folder": "is a symbolic link",
        "pipe.md": "is no regular file",
        "huge.md": "is larger than 16 MiB",
    }


def test_a_file_that_is_gone_or_closed_to_us_is_told(tmp_path: Path, store: Store) -> None:
    gone = write(tmp_path, "gone.md")
    write(tmp_path, "a.md")
    work = sort_out(list_posts(tmp_path), [], drafter(), now=NOW, on_file=lambda: None)
    gone.unlink()
    (told,) = take_posts(work.to_take, drafter(), taker(store, StoryPolicy(), now=NOW, dry_run=False))
    assert fates(told) == {"gone.md": None, "a.md": Fate.NEW}
    assert notes(told)["gone.md"] == ("cannot be read: No such file or directory",)


def test_a_folder_that_cannot_be_read_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="none: cannot be read: No such file"):
        list_posts(tmp_path / "none")


@pytest.mark.skipif(os.name != "posix" or os.uname().sysname == "Darwin", reason="names there are UTF-8")
def test_names_of_files_that_are_not_utf8_are_read_and_kept(tmp_path: Path, store: Store) -> None:
    path = os.fsencode(tmp_path) + b"/2020-01-01-caf\xe9.md"
    Path(os.fsdecode(path)).write_text(text("a"), encoding="utf-8")
    (told,) = bring(store, tmp_path)
    assert told.entry_id == NOON
    original = store.posts.originals([NOON])[NOON]
    assert original.file_name.encode("utf-8", "surrogateescape") == b"2020-01-01-caf\xe9.md"


# --- what becomes of them -----------------------------------------------------------------------------


def test_ids_do_not_depend_on_the_order_of_a_folder_nor_on_where_a_run_was_broken_off(
    tmp_path: Path, store: Store
) -> None:
    for name in ("2020-01-01-b.md", "2020-01-01-a.md", "z/2020-01-01-a.md"):
        write(tmp_path, name, text(name))
    write(tmp_path, "2020-01-02-late.md", text("late", date="2020-01-01T11:00:00.000Z"))
    made_by = drafter()
    work = sort_out(list_posts(tmp_path), [], made_by, now=NOW, on_file=lambda: None)
    take = taker(store, StoryPolicy(), now=NOW, dry_run=False)
    list(take_posts(work.to_take[:2], made_by, take))
    told = {each.file_name: each.entry_id for each in bring(store, tmp_path)}
    assert told == {
        "2020-01-02-late.md": NOON,
        "2020-01-01-a.md": NOON + 1,
        "2020-01-01-b.md": NOON + 2,
        "z/2020-01-01-a.md": NOON + 3,
    }


def test_what_is_odd_about_a_post_is_told_in_every_run(tmp_path: Path, store: Store) -> None:
    write(tmp_path, "2020-01-01-a.md", text("a", said="NaN"))
    write(tmp_path, "2020-01-02-b.md", text("b", link="https://www.news.example/a", date="2020-01-02"))
    write(tmp_path, "c.md", text("c", tags="", said="NaN", date="2020-01-03"))
    first = notes(bring(store, tmp_path))
    told = bring(store, tmp_path)
    assert {each.fate for each in told} == {Fate.UNCHANGED}
    repeated, no_such_id = first["2020-01-02-b.md"]
    assert "has the same link" in repeated
    assert str(NOON) in no_such_id
    again = {**first, "2020-01-02-b.md": (repeated, f"it is an entry with another ID than {NOON}")}
    assert notes(told) == again
    assert len(first["c.md"]) > 3
    write(tmp_path, "2020-01-04-d.md", text("d", link="https://www.news.example/a", said="0"))
    assert any("has the same link" in note for note in notes(bring(store, tmp_path))["2020-01-04-d.md"])


def test_a_second_run_changes_nothing_and_a_run_for_trial_neither(tmp_path: Path, store: Store) -> None:
    write(tmp_path, "2020-01-01-a.md")
    tried = bring(store, tmp_path, dry_run=True)
    assert store.entry_count() == 0
    assert bring(store, tmp_path) == tried
    revision = store.revision()
    assert fates(bring(store, tmp_path)) == {"2020-01-01-a.md": Fate.UNCHANGED}
    assert store.revision() == revision


def test_a_renamed_file_is_the_same_post_and_its_folder_does_not_count(tmp_path: Path, store: Store) -> None:
    path = write(tmp_path / "site/news/_posts", "2020-01-01-a.md")
    bring(store, tmp_path / "site")
    assert fates(bring(store, tmp_path / "site/news/_posts")) == {"2020-01-01-a.md": Fate.UNCHANGED}
    assert store.posts.known()[0].file_name == "news/_posts/2020-01-01-a.md"
    path.rename(path.with_name("2020-01-01-new.md"))
    assert fates(bring(store, tmp_path / "site")) == {"news/_posts/2020-01-01-new.md": Fate.UNCHANGED}
    assert store.posts.known()[0].file_name == "news/_posts/2020-01-01-new.md"


def test_one_id_one_link_and_one_name_in_two_folders_are_entries_of_their_own(
    tmp_path: Path, store: Store
) -> None:
    for place in ("_posts", "news/_posts", "_posts/sub"):
        write(tmp_path, f"{place}/2020-01-01-a.md")
    told = bring(store, tmp_path)
    assert set(fates(told).values()) == {Fate.NEW}
    assert len({each.entry_id for each in told}) == 3
    assert notes(told) == {
        "news/_posts/2020-01-01-a.md": (
            "'2020-01-01-a.md' has the same link: each is an entry of its own",
            f"the ID {NOON} cannot be had, or is another entry's",
        ),
        "sub/2020-01-01-a.md": (
            "'2020-01-01-a.md' has the same link: each is an entry of its own",
            f"the ID {NOON} cannot be had, or is another entry's",
        ),
    }


@pytest.mark.parametrize(
    ("by", "source", "authors"),
    [
        (SourceFrom.TAGS, "C++ News", ("Anna",)),
        (SourceFrom.AUTHOR, "Anna", ()),
        (SourceFrom.HOST, "news.example", ("Anna",)),
    ],
)
def test_the_source_is_what_is_asked_for(
    tmp_path: Path, store: Store, by: SourceFrom, source: str, authors: tuple[str, ...]
) -> None:
    write(tmp_path, "2020-01-01-a.md", text("a", author="Anna", tags="C++ News"))
    (told,) = bring(store, tmp_path, drafter(by))
    (entry,) = store.entries(EntryQuery())
    assert (told.source, entry.source.name, entry.authors) == (source, source, authors)
    assert entry.tags == ("C++ News",)
    assert told.notes == ()


@pytest.mark.parametrize(
    ("removed", "source", "told_by"),
    [
        (("tags", "categories"), "Anna", "author"),
        (("tags", "categories", "author"), "news.example", "host"),
        (("tags", "categories", "author", "from"), "my archive", "folder"),
    ],
)
def test_a_post_that_names_no_source_gets_one_all_the_same_and_that_is_told(
    tmp_path: Path, store: Store, removed: tuple[str, ...], source: str, told_by: str
) -> None:
    lines = text("a", author="Anna").splitlines(keepends=True)
    if "from" in removed:
        lines = [line for line in lines if not line.startswith("[Title")]
    post = "".join(line for line in lines if line.partition(":")[0] not in removed)
    write(tmp_path, "2020-01-01-a.md", post)
    (told,) = bring(store, tmp_path)
    (entry,) = store.entries(EntryQuery())
    assert entry.source.name == source
    assert f"no tag names its source: by its {told_by}, it is {source!r}" in told.notes


@pytest.mark.parametrize(
    ("name", "date", "told"),
    [
        (
            "2020-01-01-a.md",
            "1970-01-01T00:00:00.000Z",
            "its date is from before 1990, or in the future: the one in its name stands in",
        ),
        (
            "2020-01-01-a.md",
            "2099-01-01T00:00:00.000Z",
            "its date is from before 1990, or in the future: the one in its name stands in",
        ),
        ("1970-01-01-a.md", "1970-01-01", "it has no usable date: it stands below all that have one"),
    ],
)
def test_a_date_that_is_a_mistake_is_told(
    tmp_path: Path, store: Store, name: str, date: str, told: str
) -> None:
    write(tmp_path, name, text("a", date=date, said="0"))
    (post,) = bring(store, tmp_path)
    assert told in post.notes
    assert [each.notes[-1] for each in bring(store, tmp_path)] == [post.notes[-1]]


def test_a_post_of_the_configs_source_is_tagged_as_that_source_is(tmp_path: Path, store: Store) -> None:
    config = Source(name="News", url="https://news.example/feed", tags=("mine",))
    store.sync_sources([config], now=NOW)
    write(tmp_path, "2020-01-01-a.md", text("a", tags="NEWS"))
    bring(store, tmp_path, drafter(SourceFrom.TAGS, config))
    (entry,) = store.entries(EntryQuery())
    assert (entry.source.name, entry.tags, entry.authors) == ("News", ("mine", "NEWS"), ())


# --- links as browsers spell them ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "href"),
    [
        (
            "http://例え.jp/新闻/第一 章",
            "http://xn--r8jz45g.jp/%E6%96%B0%E9%97%BB/%E7%AC%AC%E4%B8%80%20%E7%AB%A0",
        ),
        ("https://EXAMPLE.org:443/a/../b/", "https://example.org/b/"),
        ("http://example.org/a#comment-5", "https://example.org/a#comment-5"),
        (" https://example.org/a b?q=it's", "https://example.org/a%20b?q=it%27s"),
        ("https://straße.example/x", "https://xn--strae-oqa.example/x"),
        ("https://straße.example/x?a='", "https://xn--strae-oqa.example/x?a=%27"),
        ("https://example.org/c|d\\e", "https://example.org/c|d/e"),
        ("https://example.org/100%", "https://example.org/100%"),
        ("https://example.org/?utm_source=x&p=1", "https://example.org/?utm_source=x&p=1"),
        ("https://example.org/?p=1&q=2", "https://example.org/?p=1&amp;q=2"),
        ("https://example.org/?p=1&q='", "https://example.org/?p=1&amp;amp;q=%27"),
        ("https://straße.example/?p=1&q=2", "https://xn--strae-oqa.example/?p=1&amp;q=2"),
    ],
)
def test_a_link_is_known_in_the_spelling_of_browsers(said: str, href: str) -> None:
    """What a feed says, and what `new URL(…).href` makes of it in Node 20."""
    assert set(link_keys([said])) <= set(known_link_keys([href]))
    assert set(link_keys([said]))


def test_an_imported_post_is_known_by_each_spelling_of_its_link(tmp_path: Path, store: Store) -> None:
    write(tmp_path, "2020-01-01-a.md", text("a", link="https://news.example/?q=it%27s"))
    bring(store, tmp_path)
    config = Source(name="News", url="https://news.example/feed")
    store.sync_sources([config], now=NOW)
    (key,) = link_keys(["http://news.example/?q=it's"])
    said = draft("x")
    item = replace(said, keys=replace(said.keys, link=key))
    assert poll(store, config, [item], now=NOW).new == 0


def test_a_slash_at_the_end_and_a_fragment_tell_pages_apart() -> None:
    links = ["https://e.example/a", "https://e.example/a/", "https://e.example/a#1"]
    assert len(set(known_link_keys(links))) == 3
