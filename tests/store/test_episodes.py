"""What is said of an episode is kept, and is no edit that readers should be told of."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.model import Enclosure, Entry, EntryDraft, EntryQuery, Episode, Source
from aggregator.protocols import Store
from aggregator.store import open_store
from aggregator.store.episodes import episode_from_json, episode_to_json
from tests.store.drafts import HOUR, NOW, draft, key, poll

SHOW = Source(name="Show", url="https://show.example/feed")
BLOG = Source(name="Blog", url="https://blog.example/feed")
LATER = NOW + HOUR
FILE = Enclosure(url="https://show.example/1.mp3", type="audio/mpeg", length=9)
PLAYER = Enclosure(url="https://www.youtube.com/v/a?version=3", type="application/x-shockwave-flash")
FULL = Episode(
    duration=3723,
    image="https://show.example/見出し.jpg",
    number=0,
    season=2,
    kind="bonus",
    explicit=False,
    chapters=Enclosure(url="https://show.example/c.json", type="application/json+chapters"),
    transcripts=(Enclosure(url="https://show.example/1.vtt", type="text/vtt"), FILE),
)
ESSAY = "A word is a word. " * 30


def again(item: EntryDraft, **changes: Any) -> EntryDraft:
    """The same item in another revision."""
    return replace(item, revision=key(repr(changes) + "again"), **changes)


def the_entry(store: Store) -> Entry:
    (entry,) = store.entries(EntryQuery())
    return entry


def column(path: Path) -> list[str | None]:
    with closing(sqlite3.connect(path)) as conn:
        return [row[0] for row in conn.execute("SELECT episode FROM entries ORDER BY id")]


def test_what_is_said_of_an_episode_is_read_as_it_was_written(store: Store) -> None:
    store.sync_sources([SHOW], now=NOW)
    poll(store, SHOW, [replace(draft(), episode=FULL)])
    assert the_entry(store).episode == FULL


@pytest.mark.parametrize("nothing", [None, Episode()], ids=["none", "empty"])
def test_an_entry_that_says_nothing_of_an_episode_takes_no_room_for_it(
    store: Store, tmp_path: Path, nothing: Episode | None
) -> None:
    store.sync_sources([SHOW], now=NOW)
    poll(store, SHOW, [replace(draft(), episode=nothing)])
    assert the_entry(store).episode is None
    assert column(tmp_path / "aggregator.db") == [None]


@pytest.mark.parametrize("before", [None, Episode(duration=1), FULL], ids=["none", "other", "the same"])
def test_another_episode_alone_is_a_change_and_no_edit(store: Store, before: Episode | None) -> None:
    store.sync_sources([SHOW], now=NOW)
    item = replace(draft(), episode=before)
    poll(store, SHOW, [item])
    changed = before != FULL
    assert poll(store, SHOW, [again(item, episode=FULL)], now=LATER).updated == int(changed)
    entry = the_entry(store)
    assert (entry.edited, entry.changed) == (None, LATER if changed else NOW)
    assert entry.episode == FULL
    assert entry.surfaced == NOW - HOUR


def test_an_episode_of_which_nothing_is_said_any_more_has_nothing(store: Store) -> None:
    store.sync_sources([SHOW], now=NOW)
    poll(store, SHOW, [replace(draft(), episode=FULL)])
    poll(store, SHOW, [again(draft())], now=LATER)
    assert the_entry(store).episode is None


@pytest.mark.parametrize("enclosures", [(), (FILE,)], ids=["no file", "a file"])
def test_files_and_what_is_said_of_them_are_of_one_source(
    store: Store, enclosures: tuple[Enclosure, ...]
) -> None:
    store.sync_sources([BLOG, SHOW], now=NOW)
    own = Episode(image="https://blog.example/picture.jpg")
    poll(store, BLOG, [replace(draft(content="short"), enclosures=enclosures, episode=own)])
    told = replace(draft(content=ESSAY), enclosures=(replace(FILE, url=f"{FILE.url}?x"),), episode=FULL)
    poll(store, SHOW, [told], now=LATER)
    entry = the_entry(store)
    assert entry.content_html == ESSAY
    expected = (enclosures, own) if enclosures else (told.enclosures, FULL)
    assert (entry.enclosures, entry.episode) == expected


def test_a_fuller_text_takes_no_picture_away(store: Store) -> None:
    store.sync_sources([SHOW, BLOG], now=NOW)
    poll(store, SHOW, [replace(draft(content="short"), episode=FULL)])
    poll(store, BLOG, [draft(content=ESSAY)], now=LATER)
    assert (the_entry(store).content_html, the_entry(store).episode) == (ESSAY, FULL)


def as_before_episodes(path: Path) -> None:
    """Make the database one of the release before."""
    with closing(sqlite3.connect(path)) as conn:
        for table in ("entries", "entry_sources"):
            conn.execute(f"ALTER TABLE {table} DROP COLUMN episode")
        conn.execute("DELETE FROM _sqlite_migrations WHERE name = '0011_episodes'")
        conn.commit()


def test_entries_that_were_stored_before_say_nothing_and_are_not_edited_when_they_do(tmp_path: Path) -> None:
    path = tmp_path / "aggregator.db"
    video, audio = draft("video"), replace(draft("audio"), enclosures=(FILE,))
    with closing(open_store(str(path))) as store:
        store.sync_sources([SHOW], now=NOW)
        poll(store, SHOW, [audio, replace(video, enclosures=(PLAYER,))])
    as_before_episodes(path)
    with closing(open_store(str(path))) as store:
        before = store.entries(EntryQuery())
        assert [entry.episode for entry in before] == [None, None]
        poll(store, SHOW, [audio, again(video, episode=FULL)], now=LATER)
        after = store.entries(EntryQuery())
    assert [(entry.edited, entry.enclosures) for entry in after] == [(None, (FILE,)), (None, ())]
    assert [(entry.changed, entry.episode) for entry in after] == [(NOW, None), (LATER, FULL)]


def test_a_database_of_before_loses_youtube_s_player_and_no_other_file(tmp_path: Path) -> None:
    path = tmp_path / "aggregator.db"
    files = (FILE, PLAYER, Enclosure(url="https://example.org/見.swf", type=PLAYER.type, length=0))
    with closing(open_store(str(path))) as store:
        store.sync_sources([SHOW, BLOG], now=NOW)
        poll(store, SHOW, [replace(draft("a"), enclosures=files)])
        poll(store, BLOG, [replace(draft("a", guid="other"), enclosures=(PLAYER,))])
    as_before_episodes(path)
    with closing(open_store(str(path))) as store:
        kept = again(draft("a"), enclosures=(files[0], files[2]))
        assert the_entry(store).enclosures == kept.enclosures
        assert poll(store, SHOW, [kept], now=LATER).updated == 0
    with closing(sqlite3.connect(path)) as conn:
        said = [row[0] for row in conn.execute("SELECT enclosures FROM entry_sources ORDER BY rowid")]
    assert said == [None, "[]"]


FILES = st.builds(
    Enclosure,
    url=st.text(min_size=1, max_size=20),
    type=st.none() | st.text(max_size=10),
    length=st.none() | st.integers(0, 2**63 - 1),
)
NUMBERS = st.none() | st.integers(0, 2**31 - 1)


@given(
    st.builds(
        Episode,
        duration=NUMBERS,
        image=st.none() | st.text(max_size=20),
        number=NUMBERS,
        season=NUMBERS,
        kind=st.none() | st.sampled_from(["full", "trailer", "bonus"]),
        explicit=st.none() | st.booleans(),
        chapters=st.none() | FILES,
        transcripts=st.lists(FILES, max_size=3).map(tuple),
    )
)
def test_any_episode_comes_back_as_it_was(episode: Episode) -> None:
    expected = None if episode == Episode() else episode
    assert episode_from_json(episode_to_json(episode)) == expected
