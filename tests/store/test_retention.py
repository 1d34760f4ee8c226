"""Which entries are deleted, and what is left of them: each test through a real database."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from aggregator.exceptions import StoreError
from aggregator.model import (
    Dedupe,
    EntryQuery,
    FeedSpec,
    FrozenDocument,
    PurgeReason,
    Retention,
    Rule,
    Series,
    Source,
    StoryPolicy,
)
from aggregator.protocols import Store
from aggregator.rules.grammar import parse
from aggregator.store import open_store
from aggregator.store.archives import PAGE
from tests.store.drafts import DAY, HOUR, NOW, draft, poll
from tests.store.pruned import EVERYTHING, SOON, ids, prune, rows

A = Source(name="A", url="https://a.example/feed", tags=("a",))
B = Source(name="B", url="https://b.example/feed", tags=("b",))
POLICY = StoryPolicy(feeds=(FeedSpec(slug="some", title="Some", any=("a",)),), dedupe=Dedupe.SIMILAR)


@pytest.fixture(autouse=True)
def _configured(store: Store) -> None:
    store.sync_sources([A, B], now=NOW, policy=POLICY)


def days_old(store: Store, source: Source, days: Sequence[int]) -> None:
    """Let a source's first poll bring entries that surfaced so many days ago."""
    items = [draft(f"{source.name}{day}", published=NOW - day * DAY, categories=(f"d{day}",)) for day in days]
    poll(store, source, items, policy=POLICY)


def titles(store: Store) -> set[str]:
    return {entry.title.removeprefix("Title of ") for entry in store.walk(EntryQuery())}


def test_by_default_everything_is_kept(store: Store) -> None:
    days_old(store, A, [0, 1, 1000])
    assert prune(store, Retention(), [A]) == []
    assert len(ids(store)) == 3


def test_entries_go_when_they_surfaced_too_long_ago(store: Store) -> None:
    days_old(store, A, [0, 9, 10, 11])
    gone = prune(store, Retention(max_age=10 * DAY), [A], now=NOW)
    assert [(entry.title, entry.source, entry.reason) for entry in gone] == [
        ("Title of A11", "A", PurgeReason.AGE)
    ]
    assert gone[0].surfaced == gone[0].id == NOW - 11 * DAY
    assert titles(store) == {"A0", "A9", "A10"}


def test_age_counts_from_when_an_entry_surfaced(store: Store) -> None:
    days_old(store, A, [0])
    poll(store, A, [draft("late", published=NOW - 5 * DAY)], now=NOW + HOUR)
    assert prune(store, Retention(max_age=2 * DAY), [A], now=NOW + HOUR) == []


def test_of_each_source_the_newest_are_kept(store: Store) -> None:
    days_old(store, A, [0, 1, 2])
    days_old(store, B, [50, 60, 70])
    gone = prune(store, Retention(per_source=2), [A, B], now=NOW)
    assert {(entry.id, entry.reason) for entry in gone} == {
        (NOW - 2 * DAY, PurgeReason.SOURCE),
        (NOW - 70 * DAY, PurgeReason.SOURCE),
    }


def test_of_the_whole_store_the_newest_are_kept(store: Store) -> None:
    days_old(store, A, [0, 1, 2])
    days_old(store, B, [50, 60])
    gone = prune(store, Retention(max_entries=3), [A, B], now=NOW)
    assert titles(store) == {"A0", "A1", "A2"}
    assert {entry.reason for entry in gone} == {PurgeReason.STORE}


def test_what_a_source_says_holds_in_place_of_what_is_said_of_all(store: Store) -> None:
    days_old(store, A, [0, 20, 40])
    days_old(store, B, [0, 20, 40])
    longer = Source(name="B", url=B.url, max_age=30 * DAY, max_entries=2)
    prune(store, Retention(max_age=10 * DAY, per_source=1), [A, longer], now=NOW)
    assert titles(store) == {"A0", "B0", "B20"}


def test_a_source_that_left_the_config_has_the_general_limits(store: Store) -> None:
    days_old(store, A, [0, 20])
    prune(store, Retention(max_age=10 * DAY), [], now=NOW)
    assert titles(store) == {"A0"}


def test_a_source_that_is_about_to_be_renamed_has_its_own_limits(store: Store) -> None:
    days_old(store, A, [0, 20])
    renamed = Source(name="Anew", url=A.url, max_age=30 * DAY)
    assert prune(store, Retention(max_age=10 * DAY), [renamed], now=NOW) == []


def test_an_entry_of_several_sources_goes_when_all_let_it_go(store: Store) -> None:
    poll(store, A, [draft("both", published=NOW - 20 * DAY), draft("mine", published=NOW - 20 * DAY)])
    poll(store, B, [draft("both", published=NOW - 20 * DAY)])
    longer = Source(name="B", url=B.url, max_age=30 * DAY)
    prune(store, Retention(max_age=10 * DAY), [A, longer], now=NOW)
    assert titles(store) == {"both"}
    prune(store, Retention(max_age=10 * DAY), [A, longer], now=NOW + 11 * DAY)
    assert titles(store) == set()


def test_a_story_that_came_to_another_source_is_as_new_as_it_is_there(store: Store) -> None:
    days_old(store, B, [0])
    poll(store, A, [draft("story", published=NOW - 20 * DAY)])
    poll(store, B, [draft("story", published=NOW - DAY)], now=NOW + HOUR)
    assert prune(store, Retention(max_age=10 * DAY), [A, B], now=NOW + HOUR) == []


def test_tags_and_expressions_keep_entries_for_ever(store: Store) -> None:
    days_old(store, A, [20, 21, 22, 23])
    retention = Retention(
        max_age=DAY, max_entries=1, keep_tags=("d20", "d21"), keep=parse('title:"title of a22"')
    )
    assert [entry.title for entry in prune(store, retention, [A], now=NOW)] == ["Title of A23"]


def test_dropped_entries_go_too_and_are_kept_by_their_tags(store: Store) -> None:
    drops = StoryPolicy(rules=(Rule(name="no", match=parse("tag:a"), drop=True),))
    old = NOW - 20 * DAY
    items = [draft("x", published=old, categories=("k",)), draft("y", published=old)]
    poll(store, A, items, policy=drops)
    gone = prune(store, Retention(max_age=DAY, keep_tags=("k",)), [A], now=NOW)
    assert [entry.title for entry in gone] == ["Title of y"]


def test_what_would_go_is_told_once_and_nothing_is_written(store: Store) -> None:
    poll(store, A, [draft("both", published=NOW - 20 * DAY), draft("mine", published=NOW - 30 * DAY)])
    poll(store, B, [draft("both", published=NOW - 20 * DAY)])
    retention = Retention(max_age=10 * DAY, max_entries=1)
    revision = store.revision()
    due = list(store.pruning.due(retention, [A, B], now=NOW))
    assert sorted(entry.title for entry in due) == ["Title of both", "Title of mine"]
    assert (len(ids(store)), store.revision()) == (2, revision)
    assert sorted(entry.id for entry in prune(store, retention, [A, B], now=NOW)) == sorted(
        entry.id for entry in due
    )


def test_nothing_of_a_deleted_entry_is_left_but_its_tombstone(store: Store, tmp_path: Path) -> None:
    page = Source(name="A", url=A.url, tags=("a",), full_text=True)
    text = " ".join(f"unspeakable{number}" for number in range(200))
    poll(store, page, [draft("gone", content=text, published=NOW - 20 * DAY)], policy=POLICY)
    poll(store, B, [draft("stays", content="Stays.")], policy=POLICY)
    prune(store, Retention(max_age=10 * DAY), [A], now=NOW)
    gone = NOW - 20 * DAY
    tables = rows(tmp_path, "SELECT m.name, c.name FROM sqlite_schema AS m, pragma_table_info(m.name) AS c")
    named = {
        table for table, column in tables if column == "entry_id" or (table, column) == ("entries", "id")
    }
    assert {"entries", "entry_sources", "fingerprints", "wanted_pages", "search_entries"} <= named
    left = {
        table
        for table in named
        for column in ("id" if table == "entries" else "entry_id",)
        if rows(tmp_path, f"SELECT 1 FROM {table} WHERE {column} = ?", gone)
    }
    assert left == {"tombstones", "tombstone_sources", "tombstone_keys"}
    kept = rows(tmp_path, "SELECT * FROM tombstone_sources")
    assert "unspeakable" not in repr(kept)
    assert "Title" not in repr(kept)
    assert rows(tmp_path, "SELECT 1 FROM search_text WHERE search_text MATCH 'unspeakable7'") == []
    assert store.entry(gone) is None
    assert [entry.title for entry in store.entries(EntryQuery(match=parse("stays")))] == ["Title of stays"]


def test_pages_of_history_are_made_anew_without_what_was_deleted(store: Store) -> None:
    days_old(store, A, range(PAGE + 10))
    series = Series(tag="a")
    current = [NOW - day * DAY for day in range(10)]
    assert store.archives.latest(series, current) == 2
    for number in (1, 2):
        page = store.archives.page(series, number)
        assert page is not None
        document = FrozenDocument(body=b"with everything", content_type="text/xml", last_modified=1)
        store.archives.freeze(series, page, {"rss": document})
    prune(store, Retention(max_age=60 * DAY), [A], now=NOW)
    assert store.archives.frozen(series, 1, "rss") is None
    assert store.archives.frozen(series, 2, "rss") is not None, "nothing on it was deleted"
    page = store.archives.page(series, 1)
    assert page is not None
    assert {entry.id for entry in page.entries} == {NOW - day * DAY for day in range(10, 61)}
    assert store.archives.latest(series, current) == 2


def test_changes_are_noted_for_folders_that_follow(store: Store) -> None:
    days_old(store, A, [0, 20])
    number = store.folders.number()
    prune(store, Retention(max_age=10 * DAY), [A], now=NOW)
    changes = store.folders.changes(since=number)
    assert changes.entries == (NOW - 20 * DAY,)
    assert (set(changes.tags), changes.feeds) == ({"a", "d20"}, ("some",))


def test_transactions_are_small_and_what_is_broken_off_goes_on(store: Store) -> None:
    days_old(store, A, range(1, 12))
    run = store.pruning.purge(EVERYTHING, [A], now=NOW, limit=3)
    assert [len(next(run)), len(next(run))] == [3, 3]
    run.close()  # type: ignore[attr-defined]  # a generator, in this store
    assert len(ids(store)) == 5
    assert len(prune(store, EVERYTHING, [A], now=NOW, limit=3)) == 5


def test_what_was_kept_is_looked_at_again_when_it_changes_or_the_limits_do(store: Store) -> None:
    days_old(store, A, [20, 30])
    keep = Retention(max_age=10 * DAY, keep_tags=("d20", "d30"))
    assert prune(store, keep, [A], now=NOW) == []
    ignored = Source(name="A", url=A.url, tags=("a",), keep_categories=False)
    store.sync_sources([ignored, B], now=NOW, policy=POLICY)
    poll(store, ignored, [draft("A20", published=NOW - 20 * DAY, content="Edited")], now=NOW + 1)
    assert len(prune(store, keep, [ignored], now=NOW + 1)) == 2
    days_old(store, B, [40])
    assert prune(store, Retention(max_age=50 * DAY), [A, B], now=NOW) == []
    assert prune(store, Retention(max_age=30 * DAY, keep_tags=("d40",)), [A, B], now=NOW) == []
    assert len(prune(store, Retention(max_age=30 * DAY), [A, B], now=NOW)) == 1


def test_what_passes_a_limit_later_goes_then(store: Store) -> None:
    days_old(store, A, [5, 8, 30])
    kept = Retention(max_age=10 * DAY, keep_tags=("d30",))
    assert [len(prune(store, kept, [A], now=NOW + day * DAY)) for day in (0, 1, 3, 4, 6, 7)] == [
        0, 0, 1, 0, 1, 0,
    ]  # fmt: skip
    poll(store, A, [draft("old", published=NOW - 100 * DAY)], now=NOW + 7 * DAY)
    assert len(prune(store, kept, [A], now=NOW + 7 * DAY)) == 1, "what came surfaced long ago"


def test_what_is_kept_for_a_time_goes_when_the_time_is_over(store: Store) -> None:
    days_old(store, A, [20])
    retention = Retention(max_age=10 * DAY, keep=parse("age < 30d"))
    assert prune(store, retention, [A], now=NOW) == []
    assert len(prune(store, retention, [A], now=NOW + 11 * DAY)) == 1


def test_a_run_that_finds_nothing_new_reads_no_entries(store: Store, tmp_path: Path) -> None:
    days_old(store, A, range(30))
    keep = Retention(max_age=10 * DAY, keep_tags=("a",))
    prune(store, keep, [A], now=NOW)
    assert list(store.pruning.purge(keep, [A], now=NOW, limit=5)) == []


def test_compaction_gives_the_space_back_when_no_service_runs(tmp_path: Path) -> None:
    path = tmp_path / "own.db"
    with closing(open_store(str(path))) as store:
        store.sync_sources([A], now=NOW)
        poll(store, A, [draft(f"{n}", content="x" * 20_000, published=NOW - n * HOUR) for n in range(100)])
        prune(store)
        store.pruning.compact()
        assert path.stat().st_size < 1_000_000
        with closing(open_store(str(path))) as service:
            service.take_schedule()
            with pytest.raises(StoreError, match="another aggregator runs"):
                store.pruning.compact()
        poll(store, A, [draft("new")], now=SOON)
    with closing(sqlite3.connect(path)) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
