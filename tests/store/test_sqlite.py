"""What the SQLite store promises beyond its rows."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from aggregator.exceptions import StoreError
from aggregator.model import (
    EntryQuery,
    Outcome,
    PollCommit,
    PollReport,
    ReadFeed,
    Source,
    StoryPolicy,
    TaggedDraft,
    Validators,
)
from aggregator.protocols import Store
from aggregator.store import open_store
from aggregator.store.sqlite import SqliteStore
from tests.store.drafts import DAY, HOUR, NOW, draft, poll

A = Source(name="A", url="https://a.example/feed", tags=("a", "日本 経済"))
B = Source(name="B", url="https://b.example/feed")


def test_everything_an_entry_says_is_read_back(store: Store) -> None:
    store.sync_sources([A], now=NOW)
    said = draft("中参馆", content="<p onclick='x'>raw & <b>kept</b></p>", categories=("C++", "🙂"))
    poll(store, A, [said])
    (entry,) = store.entries(EntryQuery())
    assert store.entry(entry.id) == entry
    assert (entry.guid, entry.url, entry.title) == (said.guid, said.url, said.title)
    assert (entry.content_html, entry.categories) == (said.content_html, said.categories)
    assert entry.tags == ("a", "日本 経済", "C++", "🙂")
    assert (entry.source.name, entry.source.site_url) == ("A", "https://example.org/")
    assert store.entry(1) is None


def test_entries_survive_a_restart(tmp_path: Path) -> None:
    for expected in (1, 0):
        store = open_store(str(tmp_path / "x.db"))
        store.sync_sources([A], now=NOW)
        assert poll(store, A, [draft("a")]).new == expected
        store.close()


def test_a_poll_that_cannot_be_written_whole_is_not_written_at_all(store: Store, tmp_path: Path) -> None:
    store.sync_sources([A], now=NOW)
    poll(store, A, [draft("a")])
    with sqlite3.connect(tmp_path / "aggregator.db") as other:
        other.execute(
            "CREATE TRIGGER bad BEFORE INSERT ON entries WHEN NEW.title = 'Title of z'"
            " BEGIN SELECT raise(ABORT, 'no room'); END"
        )
    other.close()
    revision = store.revision()
    (before,) = store.source_statuses()
    with pytest.raises(StoreError, match=r"aggregator\.db: no room"):
        poll(store, A, [draft("b"), draft("z"), draft("c")], now=NOW + HOUR)
    assert [entry.title for entry in store.walk(EntryQuery())] == ["Title of a"]
    assert store.revision() == revision
    (after,) = store.source_statuses()
    assert (after.last_poll, after.next_poll) == (before.last_poll, before.next_poll)


def test_due_sources_are_claimed_once_and_no_more_than_asked_for(store: Store) -> None:
    sources = [Source(name=f"S{n}", url=f"https://s.example/{n}") for n in range(4)]
    store.sync_sources(sources, now=NOW)
    assert [job.name for job in store.claim_due(now=NOW, limit=3, lease=1000)] == ["S0", "S1", "S2"]
    assert [job.name for job in store.claim_due(now=NOW, limit=3, lease=1000)] == ["S3"]
    assert store.claim_due(now=NOW, limit=3, lease=1000) == []


def test_a_claim_that_runs_out_is_claimed_again(store: Store) -> None:
    store.sync_sources([A], now=NOW)
    assert store.claim_due(now=NOW, limit=1, lease=1000)
    assert store.claim_due(now=NOW + 999, limit=1, lease=1000) == []
    assert store.claim_due(now=NOW + 1000, limit=1, lease=1000)


def test_a_polled_source_is_not_due_before_its_next_poll(store: Store) -> None:
    store.sync_sources([A], now=NOW)
    poll(store, A, [])
    assert store.claim_due(now=NOW + A.interval - 1, limit=1, lease=1000) == []
    assert store.claim_due(now=NOW + A.interval, limit=1, lease=1000)


def test_disabled_and_removed_sources_are_not_claimed_and_keep_their_entries(store: Store) -> None:
    store.sync_sources([A, B], now=NOW)
    poll(store, A, [draft("a")])
    store.sync_sources([replace(B, enabled=False)], now=NOW)
    assert store.claim_due(now=NOW + DAY, limit=9, lease=1000) == []
    assert store.claim(["A"], now=NOW, lease=1000) == []
    assert [status.name for status in store.source_statuses()] == ["B"]
    assert [entry.source.name for entry in store.walk(EntryQuery())] == ["A"]


def test_a_source_with_another_url_is_due_and_forgets_its_validators(store: Store) -> None:
    store.sync_sources([A], now=NOW)
    (job,) = store.claim(["A"], now=NOW, lease=1)
    assert job.state.validators is None
    moved = replace(A, url="https://a.example/new")
    store.sync_sources([moved], now=NOW)
    poll(store, moved, [draft("a")], now=NOW + 1)
    store.sync_sources([A], now=NOW + 2)
    (job,) = store.claim_due(now=NOW + 2, limit=1, lease=1)
    assert (job.state.url, job.state.validators, job.state.body_hash) == (A.url, None, None)


def test_validators_of_a_url_that_the_config_has_left_are_not_stored(store: Store) -> None:
    store.sync_sources([A], now=NOW)
    moved = replace(A, url="https://a.example/new")
    (job,) = store.claim(["A"], now=NOW, lease=1)
    store.sync_sources([moved], now=NOW)
    report = PollReport(
        source_id=job.source_id, name="A", started_at=NOW, duration_ms=1, outcome=Outcome.NOT_MODIFIED
    )
    state = replace(job.state, validators=Validators(url=A.url, etag="1"), next_poll_at=NOW + DAY)
    store.record(PollCommit(report=report, state=state), StoryPolicy(), now=NOW)
    (job,) = store.claim_due(now=NOW, limit=1, lease=1)
    assert job.state.validators is None


def test_a_shorter_interval_holds_at_once(store: Store) -> None:
    store.sync_sources([replace(A, interval=DAY)], now=NOW)
    poll(store, replace(A, interval=DAY), [])
    store.sync_sources([replace(A, interval=HOUR)], now=NOW + 1)
    assert store.claim_due(now=NOW + HOUR, limit=1, lease=1)


def test_changed_tags_are_given_to_the_entries_a_source_brought_before(store: Store) -> None:
    store.sync_sources([A], now=NOW)
    poll(store, A, [draft("a", categories=("said",))])
    store.sync_sources([replace(A, tags=("b", "a"))], now=NOW + DAY)
    (entry,) = store.entries(EntryQuery(all=("b",)))
    assert entry.tags == ("b", "a", "said")
    assert entry.surfaced == NOW - HOUR
    assert store.entries(EntryQuery(all=("日本 経済",))) == []
    store.sync_sources([replace(A, tags=("b",), keep_categories=False)], now=NOW + DAY)
    assert [count.tag for count in store.tag_counts()] == ["b"]


def test_a_changed_category_moves_the_entry_to_the_other_tag_where_it_is_new(store: Store) -> None:
    store.sync_sources([A], now=NOW)
    poll(store, A, [draft("a", categories=("wrong",)), draft("b", categories=("right",))])
    poll(store, A, [draft("a", categories=("right",))], now=NOW + HOUR)
    assert store.entries(EntryQuery(all=("wrong",))) == []
    newest, _ = store.entries(EntryQuery(all=("right",)))
    assert newest.title == "Title of a"


def test_tags_are_counted(store: Store) -> None:
    store.sync_sources([A], now=NOW)
    poll(store, A, [draft("a", categories=("c",)), draft("b", published=NOW - DAY)])
    counts = {count.tag: (count.entries, count.surfaced) for count in store.tag_counts()}
    assert counts == {"a": (2, NOW - HOUR), "日本 経済": (2, NOW - HOUR), "c": (1, NOW - HOUR)}
    assert store.entry_count() == 2


def test_a_sources_state_is_told(store: Store) -> None:
    store.sync_sources([A], now=NOW)
    (fresh,) = store.source_statuses()
    assert (fresh.outcome, fresh.last_poll, fresh.next_poll) == (None, None, NOW)
    poll(store, A, [draft("a")], outcome=Outcome.OK)
    (status,) = store.source_statuses()
    assert (status.outcome, status.http_status, status.last_poll) == (Outcome.OK, 200, NOW)
    assert (status.next_poll, status.entries, status.title) == (NOW + A.interval, 1, "A's own title")


def test_the_history_of_polls_is_bounded(store: Store, tmp_path: Path) -> None:
    store.sync_sources([A, B], now=NOW)
    poll(store, B, None)
    for number in range(60):
        poll(store, A, None, now=NOW + number)
    with sqlite3.connect(tmp_path / "aggregator.db") as other:
        counts = other.execute("SELECT count(*) FROM polls GROUP BY source_id ORDER BY source_id").fetchall()
    other.close()
    assert counts == [(50,), (1,)]


def test_one_process_holds_the_schedule(tmp_path: Path) -> None:
    first, second = (open_store(str(tmp_path / "x.db")) for _ in range(2))
    first.take_schedule()
    with pytest.raises(StoreError, match="another aggregator runs on this database"):
        second.take_schedule()
    first.close()
    second.take_schedule()
    second.close()


def test_who_takes_the_schedule_finds_what_the_one_before_had_claimed(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "x.db"))
    store.sync_sources([A], now=NOW)
    assert store.claim_due(now=NOW, limit=1, lease=DAY)
    store.close()
    store = open_store(str(tmp_path / "x.db"))
    store.take_schedule()
    assert store.claim_due(now=NOW, limit=1, lease=DAY)
    store.close()


def test_two_processes_write_at_once_and_nothing_is_lost(tmp_path: Path) -> None:
    """The second one is another store on the same file: its locks are those of another process."""
    stores = [open_store(str(tmp_path / "x.db")) for _ in range(2)]
    stores[0].sync_sources([A, B], now=NOW)

    def fill(store: Store, source: Source) -> None:
        for number in range(40):
            poll(store, source, [draft(f"{source.name}{number}", published=NOW - number)], now=NOW + number)

    threads = [threading.Thread(target=fill, args=pair) for pair in zip(stores, (A, B), strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stores[0].entry_count() == 80
    for store in stores:
        store.close()


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StoreError, match=r"file/x\.db: cannot be created: .*\[service\] database"):
        open_store(str(tmp_path / "file" / "x.db"))


def test_a_file_that_is_no_database_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("this is a diary, not a database" * 100)
    with pytest.raises(StoreError, match=r"x\.db: file is not a database"):
        open_store(str(tmp_path / "x.db"))


def test_a_database_from_the_future_is_refused(tmp_path: Path) -> None:
    open_store(str(tmp_path / "x.db")).close()
    with sqlite3.connect(tmp_path / "x.db") as other:
        other.execute("UPDATE _sqlite_migrations SET name = '9999_from_the_future' WHERE id = 1")
    other.close()
    with pytest.raises(StoreError, match="written by a newer aggregator"):
        open_store(str(tmp_path / "x.db"))


def test_an_url_names_the_kind_of_store(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/by url.db".replace(" ", "%20"))
    store.close()
    assert (tmp_path / "by url.db").exists()
    with pytest.raises(StoreError, match="mysql:// is not supported"):
        open_store("mysql://localhost/x")


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "x.db"))
    store.close()
    store.close()
    with pytest.raises(StoreError, match="is closed"):
        store.revision()
    with pytest.raises(StoreError, match="is closed"):
        store.sync_sources([], now=NOW)


def test_readers_see_the_last_commit_while_a_poll_is_written(store: Store) -> None:
    assert isinstance(store, SqliteStore)
    store.sync_sources([A], now=NOW)
    poll(store, A, [draft("a")])
    with store._write() as conn:
        conn.execute("DELETE FROM entry_tags")
        assert len(store.entries(EntryQuery(all=("a",)))) == 1
        conn.execute("ROLLBACK")
        conn.execute("BEGIN")


_WRITER = """
import sys
from aggregator.model import Source
from aggregator.store import open_store
from tests.store.drafts import NOW, draft, poll
store = open_store(sys.argv[1])
source = Source(name="A", url="https://a.example/feed", tags=("a",))
store.sync_sources([source], now=NOW)
for number in range(10_000):
    tally = poll(store, source, [draft(f"{number}-{n}", published=NOW - number) for n in range(5)], now=NOW)
    print(number, flush=True)
"""


def test_kill_9_in_the_middle_of_writing_loses_and_doubles_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    root = Path(__file__).parents[2]
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(path)],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(root)},
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.2)
        process.send_signal(signal.SIGKILL)
        committed = [int(line) for line in process.stdout.read().split()]
        process.wait()
        process.stdout.close()
        with sqlite3.connect(path) as conn:
            assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            titles = [row[0] for row in conn.execute("SELECT title FROM entries")]
            (loose,) = conn.execute(
                "SELECT count(*) FROM entries"
                " WHERE (SELECT count(*) FROM entry_tags WHERE entry_id = id) <> 1"
                " OR (SELECT count(*) FROM entry_sources WHERE entry_id = id) <> 1"
            ).fetchone()
        conn.close()
        assert len(titles) == len(set(titles))
        assert len(titles) % 5 == 0, "a poll is there whole or not at all"
        assert len(titles) >= 5 * (len(committed) and max(committed) + 1)
        assert loose == 0


def test_a_story_that_another_source_had_first_is_news_of_this_one_too(store: Store) -> None:
    store.sync_sources([A, B], now=NOW)
    poll(store, A, [draft("a")])
    (job,) = store.claim(["B"], now=NOW, lease=1000)
    report = PollReport(source_id=job.source_id, name="B", started_at=NOW, duration_ms=1, outcome=Outcome.OK)
    feed = ReadFeed(title="B", site_url=None, drafts=(TaggedDraft(draft=draft("a"), tags=()),))
    state = replace(job.state, next_poll_at=NOW + HOUR)
    news = replace(state, rhythm=(NOW,))
    commit = PollCommit(report=report, state=state, state_if_new=news, feed=feed)
    assert store.record(commit, StoryPolicy(), now=NOW).joined == 1
    assert store.claim(["B"], now=NOW, lease=1)[0].state.rhythm == (NOW,)
