"""What every source of a story says is kept, and the fullest of it is published."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.model import Enclosure, Entry, EntryDraft, EntryQuery, RawHtml, Source
from aggregator.protocols import Store
from aggregator.store import open_store
from aggregator.store.texts import fullest
from tests.store.drafts import HOUR, NOW, draft, key, poll

LIST = Source(name="List", url="https://list.example/feed", tags=("list",))
BLOG = Source(name="Blog", url="https://blog.example/feed", tags=("blog",))
THIRD = Source(name="Third", url="https://third.example/feed")
LATER = NOW + HOUR
URL = "https://blog.example/hello"
COMMENTS = '<a href="/item">Comments</a>'
ESSAY = "<p>" + "A word is a word. " * 20 + '<img src="me.png"></p>'


def said(who: str, content: str, **changes: Any) -> EntryDraft:
    """What a source says of the one story, in a revision of its own."""
    item = draft(who, url=URL, title=f"Hello ({who})", content=content)
    changed = replace(item, base_url=f"https://{who}.example/base/", **changes)
    return replace(changed, revision=key(repr(changed)))


def the_entry(store: Store) -> Entry:
    (entry,) = store.entries(EntryQuery())
    return entry


@pytest.fixture
def joined(store: Store) -> Store:
    """A store in which the list's word of comments came first, then the blog's essay."""
    store.sync_sources([LIST, BLOG, THIRD], now=NOW)
    poll(store, LIST, [said("list", COMMENTS)])
    poll(store, BLOG, [said("blog", ESSAY)], now=LATER)
    return store


def rows(path: Path) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(path)) as conn:
        conn.row_factory = sqlite3.Row
        return [dict(row) for row in conn.execute("SELECT * FROM entry_sources ORDER BY rowid")]


def test_the_fuller_text_of_a_second_source_is_published_with_its_base(joined: Store) -> None:
    entry = the_entry(joined)
    assert (entry.content_html, entry.base_url) == (ESSAY, "https://blog.example/base/")
    assert (entry.title, entry.url, entry.guid) == ("Hello (list)", URL, "guid-list")
    assert (entry.id, entry.published) == (NOW - HOUR, NOW - HOUR)


def test_a_fuller_text_is_an_edit_that_does_not_surface_the_entry_again(joined: Store) -> None:
    entry = the_entry(joined)
    assert (entry.changed, entry.edited) == (LATER, LATER)
    assert entry.surfaced == NOW - HOUR


def test_a_text_that_is_not_clearly_fuller_does_not_replace_the_first_ones(store: Store) -> None:
    store.sync_sources([LIST, BLOG], now=NOW)
    poll(store, LIST, [said("list", "x" * 300)])
    poll(store, BLOG, [said("blog", "y" * 599)], now=LATER)
    entry = the_entry(store)
    assert (entry.content_html, entry.base_url) == ("x" * 300, "https://list.example/base/")
    assert (entry.changed, entry.edited) == (LATER, None)


def test_markup_does_not_make_a_text_fuller(store: Store) -> None:
    store.sync_sources([LIST, BLOG], now=NOW)
    poll(store, LIST, [said("list", "x" * 100)])
    poll(store, BLOG, [said("blog", "<b></b>" * 500 + "y" * 100)], now=LATER)
    assert the_entry(store).content_html == "x" * 100


def test_what_a_further_source_says_is_stored_and_nothing_twice(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(open_store(str(path))) as store:
        store.sync_sources([LIST, BLOG], now=NOW)
        poll(store, LIST, [said("list", ESSAY)])
        words = said(
            "blog",
            "short",
            summary=RawHtml("sum"),
            authors=("Ada",),
            language="de",
            updated=NOW,
            date_text="today",
            enclosures=(Enclosure(url="https://blog.example/a.mp3", type="audio/mpeg", length=7),),
        )
        poll(store, BLOG, [replace(words, url=URL + "?utm_source=feed")], now=LATER)
    first, further = rows(path)
    names = ("url", "content_html", "summary", "authors", "language", "updated", "date_text", "said_guid")
    assert [further[name] for name in names] == [
        *(URL + "?utm_source=feed", "short", "sum", '["Ada"]', "de", NOW, "today", "guid-blog")
    ]
    assert further["enclosures"] == '[["https://blog.example/a.mp3","audio/mpeg",7]]'
    assert further["base_url"] == "https://blog.example/base/"
    assert {first[name] for name in (*names, "enclosures", "base_url")} == {None}


def test_an_edit_of_the_text_that_is_published_is_an_edit_of_the_entry(joined: Store) -> None:
    assert poll(joined, BLOG, [said("blog", ESSAY + "More.")], now=LATER + 1).updated == 1
    entry = the_entry(joined)
    assert entry.content_html == ESSAY + "More."
    assert (entry.changed, entry.edited, entry.surfaced) == (LATER + 1, LATER + 1, NOW - HOUR)


def test_an_edit_of_a_text_that_is_not_published_is_kept_and_nothing_new_to_readers(joined: Store) -> None:
    before, revision = the_entry(joined), joined.revision()
    assert poll(joined, LIST, [said("list", "37 comments")], now=LATER + 1).updated == 0
    assert (the_entry(joined), joined.revision()) == (before, revision)
    poll(joined, BLOG, [said("blog", "Gone.")], now=LATER + 2)
    assert the_entry(joined).content_html == "37 comments"


def test_the_first_bringers_title_follows_it_while_anothers_text_is_published(joined: Store) -> None:
    poll(joined, LIST, [replace(said("list", COMMENTS, language="en"), title="Hello again")], now=LATER + 1)
    entry = the_entry(joined)
    assert (entry.title, entry.content_html) == ("Hello again", ESSAY)


def test_the_first_bringer_is_published_again_once_its_text_is_full(joined: Store) -> None:
    full = ESSAY.replace("word", "term")
    poll(joined, LIST, [said("list", full)], now=LATER + 1)
    entry = the_entry(joined)
    assert (entry.content_html, entry.base_url, entry.edited) == (
        full,
        "https://list.example/base/",
        LATER + 1,
    )


def test_two_sources_of_full_texts_that_edit_do_not_take_turns(joined: Store) -> None:
    poll(joined, THIRD, [said("third", ESSAY + "!" * 9)], now=LATER + 1)
    for turn in range(2, 6):
        poll(joined, THIRD, [said("third", ESSAY + "!" * 9 * turn)], now=LATER + 2 * turn)
        assert the_entry(joined).base_url == "https://blog.example/base/"
        poll(joined, BLOG, [said("blog", ESSAY + "?" * turn)], now=LATER + 2 * turn + 1)
        assert the_entry(joined).content_html == ESSAY + "?" * turn


def test_sources_stay_in_the_order_in_which_they_came(joined: Store) -> None:
    poll(joined, THIRD, [said("third", ESSAY * 3)], now=LATER + 1)
    poll(joined, BLOG, [said("blog", ESSAY + "?")], now=LATER + 2)
    poll(joined, LIST, [said("list", COMMENTS + "?")], now=LATER + 3)
    entry = the_entry(joined)
    assert [source.name for source in entry.sources] == ["List", "Blog", "Third"]
    assert entry.content_html == ESSAY * 3


def test_authors_and_files_of_the_fuller_text_stand_in_where_the_first_bringer_names_none(
    store: Store,
) -> None:
    store.sync_sources([LIST, BLOG], now=NOW)
    poll(store, LIST, [said("list", COMMENTS)])
    sound = (Enclosure(url="https://blog.example/a.mp3", type="audio/mpeg", length=7),)
    poll(store, BLOG, [said("blog", ESSAY, authors=("Ada",), enclosures=sound, language="de")], now=LATER)
    entry = the_entry(store)
    assert (entry.authors, entry.enclosures, entry.language) == (("Ada",), sound, "de")
    poll(store, LIST, [said("list", COMMENTS, authors=("Bob",))], now=LATER + 1)
    assert the_entry(store).authors == ("Bob",)


def test_a_further_sources_own_link_is_told(store: Store) -> None:
    store.sync_sources([LIST, BLOG], now=NOW)
    poll(store, LIST, [said("list", COMMENTS)])
    item = said("blog", "short")
    elsewhere = replace(item, url="https://b.example/x", keys=replace(item.keys, link=key("x")))
    poll(store, BLOG, [elsewhere], now=LATER)
    assert [source.entry_url for source in the_entry(store).sources] == [None, "https://b.example/x"]


def test_another_link_of_a_further_source_is_a_change_and_no_edit(store: Store) -> None:
    store.sync_sources([LIST, BLOG], now=NOW)
    poll(store, LIST, [said("list", COMMENTS)])
    poll(store, BLOG, [said("blog", "short")], now=LATER)
    moved = said("blog", "short")
    moved = replace(
        moved, url="https://b.example/y", keys=replace(moved.keys, link=key("y")), revision=key("y")
    )
    assert poll(store, BLOG, [moved], now=LATER + 1).updated == 1
    entry = the_entry(store)
    assert (entry.changed, entry.edited) == (LATER + 1, None)
    assert entry.sources[1].entry_url == "https://b.example/y"


def test_the_same_link_written_otherwise_is_no_other_link(store: Store) -> None:
    store.sync_sources([LIST, BLOG], now=NOW)
    poll(store, LIST, [said("list", COMMENTS)])
    poll(store, BLOG, [replace(said("blog", "short"), url=URL + "?utm_source=feed")], now=LATER)
    assert [source.entry_url for source in the_entry(store).sources] == [None, None]
    again = replace(said("blog", "short"), url=URL + "?utm_source=other", revision=key("other"))
    assert poll(store, BLOG, [again], now=LATER + 1).updated == 0
    assert the_entry(store).changed == LATER


def test_what_an_earlier_version_joined_is_read_and_grows_with_the_next_edit(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(open_store(str(path))) as store:
        store.sync_sources([LIST, BLOG], now=NOW)
        poll(store, LIST, [said("list", COMMENTS)])
        poll(store, BLOG, [said("blog", ESSAY)], now=LATER)
    with closing(sqlite3.connect(path)) as conn:
        nothing = ", ".join(f"{name} = NULL" for name in ("url", "content_html", "base_url", "enclosures"))
        conn.execute(f"UPDATE entry_sources SET {nothing}")
        conn.execute("UPDATE entries SET text_source = NULL")
        conn.commit()
    with closing(open_store(str(path))) as store:
        poll(store, LIST, [said("list", COMMENTS + "!")], now=LATER + 1)
        entry = the_entry(store)
        assert entry.content_html == COMMENTS + "!"
        assert [source.entry_url for source in entry.sources] == [None, None]
        poll(store, BLOG, [said("blog", ESSAY + "!")], now=LATER + 2)
        assert the_entry(store).content_html == ESSAY + "!"


def test_an_article_is_measured_against_the_text_that_is_published(joined: Store) -> None:
    full = replace(THIRD, full_text=True)
    joined.sync_sources([LIST, BLOG, full], now=NOW)
    poll(joined, full, [said("third", "short")], now=LATER + 1)
    (job,) = joined.claim(["Third"], now=LATER + 1, lease=1)
    (page,) = joined.wanted_pages(job.source_id, now=LATER + 1, limit=9)
    assert page.said == ESSAY


@given(st.lists(st.integers(0, 5_000), min_size=1, max_size=6))
def test_the_chosen_text_is_clearly_fuller_than_the_first_or_is_the_first(lengths: list[int]) -> None:
    chosen = fullest(lengths)
    if chosen:
        assert lengths[chosen] >= 2 * lengths[0]
        assert lengths[chosen] >= lengths[0] + 200
    assert not any(length >= max(2 * lengths[chosen], lengths[chosen] + 200) for length in lengths[chosen:])


@pytest.mark.parametrize(
    ("lengths", "chosen"),
    [([0, 199], 0), ([0, 200], 1), ([300, 599], 0), ([300, 600], 1), ([0, 300, 599], 1), ([0, 300, 600], 2)],
)
def test_a_text_is_clearly_fuller_with_twice_the_characters_and_200_more(
    lengths: list[int], chosen: int
) -> None:
    assert fullest(lengths) == chosen
