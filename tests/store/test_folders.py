"""What folders are told of changes, and what is remembered of them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from aggregator.model import FolderState, Source, StoryPolicy, WrittenFile
from aggregator.protocols import Store
from tests.store.curated import feed, rule
from tests.store.drafts import DAY, NOW, draft, poll

SOURCE = Source(name="A", url="https://a.example/feed", tags=("news",))
POLICY = StoryPolicy(feeds=(feed("chips", "title:chips"),))


def begun(store: Store) -> int:
    store.sync_sources([SOURCE], now=NOW, policy=POLICY)
    poll(store, SOURCE, [draft("old")], policy=POLICY)
    return store.folders.number()


def test_an_entry_that_is_new_is_told_with_its_tags_and_feeds(store: Store) -> None:
    number = begun(store)
    poll(store, SOURCE, [draft("new", title="chips", categories=("x",))], now=NOW + 1, policy=POLICY)
    changes = store.folders.changes(since=number)
    (entry_id,) = changes.entries
    assert store.entry(entry_id) is not None
    assert (changes.tags, changes.feeds, changes.sources) == (("news", "x"), ("chips",), False)
    assert changes.number == store.folders.number() > number


def test_what_says_nothing_new_changes_nothing(store: Store) -> None:
    number = begun(store)
    store.sync_sources([SOURCE], now=NOW + 1, policy=POLICY)
    poll(store, SOURCE, [draft("old")], now=NOW + 1, policy=POLICY)
    changes = store.folders.changes(since=number)
    assert (changes.number, changes.entries, changes.tags, changes.feeds) == (number, (), (), ())
    assert not changes.sources


def test_an_edit_and_what_a_rule_does_are_told(store: Store) -> None:
    begun(store)
    poll(store, SOURCE, [draft("a", categories=("x",))], now=NOW + 1, policy=POLICY)
    number = store.folders.number()
    edited = draft("a", content="another text", categories=("x",))
    policy = replace(POLICY, rules=(rule("r", "tag:x", remove=("x",)),))
    poll(store, SOURCE, [edited], now=NOW + 2, policy=policy)
    changes = store.folders.changes(since=number)
    assert (len(changes.entries), changes.tags) == (1, ("x",))


def test_a_row_that_changes_again_is_told_to_those_who_know_its_first_change(store: Store) -> None:
    begun(store)
    numbers = []
    for turn in range(3):
        poll(store, SOURCE, [draft("a", content=f"text {turn}")], now=NOW + DAY * turn, policy=POLICY)
        numbers.append(store.folders.number())
    assert numbers == sorted(set(numbers))
    assert len(store.folders.changes(since=numbers[1]).entries) == 1
    assert store.folders.changes(since=numbers[2]).entries == ()


def test_what_changes_again_after_somebody_looked_is_told_again(store: Store) -> None:
    number = begun(store)
    poll(store, SOURCE, [draft("a", content="one")], now=NOW + 1, policy=POLICY)
    seen = store.folders.changes(since=number)
    poll(store, SOURCE, [draft("a", content="two")], now=NOW + 2, policy=POLICY)
    again = store.folders.changes(since=seen.number)
    assert again.entries == seen.entries
    assert store.folders.changes(since=again.number).entries == ()


def test_what_a_source_is_called_is_told(store: Store) -> None:
    number = begun(store)
    poll(store, SOURCE, [draft("old")], now=NOW + 1, policy=POLICY, title="Another")
    assert not store.folders.changes(since=number).sources  # its own title is published nowhere
    store.sync_sources([replace(SOURCE, name="B")], now=NOW + 2, policy=POLICY)
    assert store.folders.changes(since=number).sources


def test_files_are_remembered_by_folder_and_entry_until_they_are_gone(store: Store) -> None:
    one = WrittenFile(path="_posts/a.md", digest=b"1", entry_id=7)
    two = WrittenFile(path="index.html", digest=b"2")
    store.folders.keep("m", [two, one], state=FolderState(number=3, made_with="x"))
    store.folders.keep("other", [two])
    assert store.folders.files("m") == [one, two]
    assert store.folders.files("m", [7]) == [one]
    assert store.folders.state("m") == FolderState(number=3, made_with="x")
    store.folders.keep("m", [replace(one, digest=b"3")], gone=["index.html"])
    assert store.folders.files("m") == [replace(one, digest=b"3")]
    assert store.folders.state("m") == FolderState(number=3, made_with="x")
    store.folders.forget("m")
    assert store.folders.state("m") is None
    assert store.folders.files("m") == []
    assert store.folders.files("other") == [two]


def test_noting_a_change_takes_as_long_however_many_are_noted(store: Store, tmp_path: Path) -> None:
    begun(store)
    with closing(sqlite3.connect(tmp_path / "aggregator.db", isolation_level=None)) as conn:
        conn.executemany(
            "INSERT INTO changes (kind, key) VALUES (?, ?)",
            [change for number in range(3000) for change in (("entry", number), ("tag", f"t{number}"))],
        )
        steps: list[int] = []  # hundreds, of SQLite's machine
        conn.set_progress_handler(lambda: steps.append(1), 100)
        conn.execute("INSERT INTO entry_tags (tag, surfaced, entry_id) VALUES ('new', 1, 1)")
        conn.execute("UPDATE entries SET title = 'Else'")
        conn.set_progress_handler(None, 0)
        assert len(steps) < 10
