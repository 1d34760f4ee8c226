"""What is remembered of sources while the config changes around them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aggregator.model import (
    EntryQuery,
    Outcome,
    PollCommit,
    PollJob,
    PollReport,
    Selectors,
    Source,
    StoryPolicy,
    Validators,
)
from aggregator.protocols import Store
from tests.store.drafts import DAY, HOUR, NOW, draft, poll

A = Source(name="A", url="https://a.example/feed", tags=("a",), interval=HOUR)
B = Source(name="B", url="https://b.example/feed")
C = Source(name="C", url="https://c.example/feed")
FAILING = 8 * HOUR


def claimed(store: Store, name: str = "A") -> PollJob:
    (job,) = store.claim([name], now=NOW, lease=1)
    return job


def next_poll(store: Store) -> int | None:
    return store.source_statuses()[0].next_poll


def test_a_renamed_source_keeps_its_validators_and_its_entries_as_one_source(store: Store) -> None:
    store.sync_sources([A], now=NOW)
    poll(store, A, [draft("a")], etag='"1"')
    renamed = replace(A, name="A, renamed")
    store.sync_sources([renamed], now=NOW)
    assert claimed(store, "A, renamed").state.validators == Validators(url=A.url, etag='"1"')
    assert poll(store, renamed, [draft("a")], now=NOW + HOUR).new == 0
    (entry,) = store.walk(EntryQuery())
    assert [source.name for source in entry.sources] == ["A, renamed"]


def test_sources_that_swap_their_names_keep_what_was_stored_under_the_name(store: Store) -> None:
    store.sync_sources([A, B], now=NOW)
    poll(store, A, [draft("a")], etag='"1"')
    store.sync_sources([replace(A, url=B.url), replace(B, url=A.url)], now=NOW + 1)
    assert claimed(store).state.validators is None
    assert [status.entries for status in store.source_statuses()] == [1, 0]


@pytest.mark.parametrize("order", [1, -1])
def test_a_source_whose_name_another_one_gets_keeps_its_entries_under_a_new_name(
    store: Store, order: int
) -> None:
    store.sync_sources([A, B], now=NOW)
    poll(store, A, [draft("a")], etag='"1"')
    poll(store, B, [draft("b"), draft("c")])
    former = [replace(A, name="A (a.example)"), replace(B, name="A")]  # B's name is free: renamed
    store.sync_sources(former[::order], now=NOW + 1)
    assert claimed(store, "A (a.example)").state.validators == Validators(url=A.url, etag='"1"')
    assert {status.name: status.entries for status in store.source_statuses()} == {
        "A (a.example)": 1,
        "A": 2,
    }
    assert {source.name for entry in store.walk(EntryQuery()) for source in entry.sources} == {
        "A (a.example)",
        "A",
    }


def test_who_gets_the_name_of_a_source_that_is_still_there_begins_without_entries(store: Store) -> None:
    store.sync_sources([A], now=NOW)
    poll(store, A, [draft("a")], etag='"1"')
    store.sync_sources([replace(C, name="A"), replace(A, name="A (a.example)")], now=NOW + 1)
    assert claimed(store).state.validators is None
    assert {status.name: status.entries for status in store.source_statuses()} == {
        "A": 0,
        "A (a.example)": 1,
    }


def test_an_entrys_sources_stand_in_the_order_in_which_they_brought_it(store: Store) -> None:
    store.sync_sources([A, B, C], now=NOW)
    for source in (B, C, A):
        poll(store, source, [draft("a", guid=source.name)])
    (entry,) = store.walk(EntryQuery())
    assert [source.name for source in entry.sources] == ["B", "C", "A"]


def test_readers_are_told_when_a_source_calls_itself_otherwise(store: Store) -> None:
    store.sync_sources([A], now=NOW)
    poll(store, A, [draft("a")], title="Before")
    revision = store.revision()
    poll(store, A, [draft("a")], title="Before", now=NOW + HOUR)
    assert store.revision() == revision
    poll(store, A, [draft("a")], title="After", now=NOW + 2 * HOUR)
    assert store.revision() > revision
    assert store.source_statuses()[0].title == "After"


def test_readers_are_told_of_another_config(store: Store) -> None:
    revision = store.revision()
    store.sync_sources([A], now=NOW)
    assert store.revision() > revision


def test_the_longest_overdue_source_is_first_whatever_its_place_in_the_config(store: Store) -> None:
    store.sync_sources([A, B, C], now=NOW)
    for source, due in ((A, NOW - HOUR), (B, NOW - 3 * HOUR), (C, NOW - 2 * HOUR)):
        poll(store, source, None, next_poll_at=due)
    assert [job.name for job in store.claim_due(now=NOW, limit=2, lease=1)] == ["B", "C"]


def test_a_reload_postpones_no_poll(store: Store) -> None:
    store.sync_sources([A], now=NOW)
    poll(store, A, None)
    for interval in (HOUR, DAY):
        store.sync_sources([replace(A, interval=interval)], now=NOW + HOUR // 2)
        assert next_poll(store) == NOW + HOUR


def test_a_source_that_was_never_polled_stays_due_after_a_reload(store: Store) -> None:
    for now in (NOW, NOW + HOUR):
        store.sync_sources([A], now=now)
        assert next_poll(store) == NOW


def test_a_reload_does_not_hurry_a_source_that_fails(store: Store) -> None:
    store.sync_sources([A], now=NOW)
    poll(store, A, None, outcome=Outcome.TIMEOUT, failures=4, next_poll_at=NOW + FAILING)
    store.sync_sources([replace(A, interval=HOUR // 2)], now=NOW + 1)
    assert next_poll(store) == NOW + FAILING
    assert store.source_statuses()[0].failures == 4


def test_a_new_url_begins_without_the_failures_and_validators_of_the_old_one(store: Store) -> None:
    store.sync_sources([A], now=NOW)
    poll(store, A, None, outcome=Outcome.TIMEOUT, etag='"1"', failures=4, next_poll_at=NOW + FAILING)
    store.sync_sources([replace(A, url="https://a.example/new")], now=NOW + 1)
    assert next_poll(store) == NOW + 1
    state = claimed(store).state
    assert (state.failures, state.validators, state.url) == (0, None, "https://a.example/new")


def test_a_released_source_is_due_again_at_once(store: Store) -> None:
    store.sync_sources([A], now=NOW)
    jobs = store.claim_due(now=NOW, limit=1, lease=DAY)
    assert store.claim_due(now=NOW, limit=1, lease=DAY) == []
    store.release(jobs)
    assert store.claim_due(now=NOW, limit=1, lease=DAY) == jobs


def test_other_selectors_are_tried_at_once_and_on_a_page_that_has_not_changed(store: Store) -> None:
    store.sync_sources([A], now=NOW)
    poll(store, A, [draft("a")], etag='"1"')
    page = replace(A, selectors=Selectors(item="li"))
    store.sync_sources([page], now=NOW + 1)
    assert next_poll(store) == NOW + 1
    assert claimed(store).state.validators is None
    poll(store, page, None, outcome=Outcome.UNPARSEABLE, failures=4, next_poll_at=NOW + DAY)
    store.sync_sources([replace(A, selectors=Selectors(item="li", title="h2"))], now=NOW + 2)
    assert next_poll(store) == NOW + 2
    assert claimed(store).state.failures == 0


def test_a_poll_under_way_remembers_nothing_for_selectors_that_came_meanwhile(store: Store) -> None:
    store.sync_sources([A], now=NOW)
    (job,) = store.claim(["A"], now=NOW, lease=DAY)
    store.sync_sources([replace(A, selectors=Selectors(item="li"))], now=NOW + 1)
    report = PollReport(source_id=job.source_id, name="A", started_at=NOW, duration_ms=1, outcome=Outcome.OK)
    known = Validators(url=A.url, etag='"1"')
    old = replace(job.state, validators=known, body_hash=b"old", next_poll_at=NOW + DAY)
    store.record(PollCommit(report=report, state=old), StoryPolicy(), now=NOW + 2)
    state = claimed(store).state
    assert (state.validators, state.body_hash, next_poll(store)) == (None, None, NOW + 1)


def test_the_same_selectors_change_nothing(store: Store) -> None:
    page = replace(A, selectors=Selectors(item="li", title="h2"))
    store.sync_sources([page], now=NOW)
    poll(store, page, [draft("a")], etag='"1"', next_poll_at=NOW + DAY)
    store.sync_sources([page], now=NOW + 1)
    assert next_poll(store) == NOW + DAY
    assert claimed(store).state.validators == Validators(url=A.url, etag='"1"')
