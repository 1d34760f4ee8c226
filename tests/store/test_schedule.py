"""Whom a claim brings, whom a host's pause holds back, and what starts and configs do to due times."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aggregator.model import (
    HostPause,
    Outcome,
    Pace,
    PollCommit,
    PollReport,
    Source,
    StoryPolicy,
    Validators,
    host_of,
)
from aggregator.protocols import Store
from aggregator.store import open_store
from tests.store.drafts import DAY, HOUR, NOW, draft, poll

A, B = (Source(name=name, url=f"https://one.example/{name}", interval=HOUR) for name in "AB")
C = Source(name="C", url="https://two.example/C", interval=HOUR)


def claimed(store: Store, now: int = NOW, busy: frozenset[str] | None = None, limit: int = 9) -> list[str]:
    jobs = store.claim_due(now=now, limit=limit, lease=1, busy=busy)
    store.release(jobs)
    return [job.name for job in jobs]


def due(store: Store) -> dict[str, int | None]:
    return {status.name: status.next_poll for status in store.source_statuses()}


def record(
    store: Store, name: str, *, next_poll_at: int = NOW + HOUR, pause: int | None = None, **state: Any
) -> None:
    """Record a poll that answered, and what is to be remembered of it."""
    (job,) = store.claim([name], now=NOW, lease=1)
    remembered = replace(job.state, next_poll_at=next_poll_at, **state)
    report = PollReport(
        source_id=job.source_id,
        name=name,
        started_at=NOW,
        duration_ms=1,
        outcome=Outcome.OK if pause is None else Outcome.RATE_LIMITED,
    )
    host_pause = None if pause is None else HostPause(host=host_of(remembered.address), until=pause)
    commit = PollCommit(report=report, state=remembered, host_pause=host_pause)
    store.record(commit, StoryPolicy(), now=NOW)


# --- one of each host -----------------------------------------------------------------------------------


def test_one_source_of_each_host_is_claimed_and_none_of_a_busy_one(store: Store) -> None:
    store.sync_sources([A, B, C], now=NOW)
    assert claimed(store) == ["A", "B", "C"], "where hosts do not matter"
    assert claimed(store, busy=frozenset()) == ["A", "C"]
    assert claimed(store, busy=frozenset({"one.example"})) == ["C"]
    assert claimed(store, busy=frozenset({"one.example", "two.example"})) == []


def test_of_a_hosts_sources_the_longest_overdue_is_claimed(store: Store) -> None:
    store.sync_sources([A, B, C], now=NOW)
    record(store, "A", next_poll_at=NOW - 1)
    record(store, "B", next_poll_at=NOW - 2)
    assert claimed(store, busy=frozenset()) == ["B", "C"]


def test_many_sources_of_one_host_do_not_fill_a_claim(store: Store) -> None:
    many = [Source(name=str(number), url=f"https://one.example/{number}") for number in range(300)]
    store.sync_sources([*many, C], now=NOW)
    assert claimed(store, busy=frozenset(), limit=2) == ["0", "C"]


def test_a_source_counts_for_the_host_that_answered_it_last(store: Store) -> None:
    store.sync_sources([A, C], now=NOW)
    record(store, "A", next_poll_at=NOW, host="two.example")
    for _ in range(2):
        assert claimed(store, busy=frozenset({"two.example"})) == []
        store.sync_sources([A, C], now=NOW)


# --- pauses ---------------------------------------------------------------------------------------------


def test_a_pause_puts_off_every_source_of_the_host_over_restarts_and_reloads(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "x.db"))
    store.sync_sources([A, B, C], now=NOW)
    record(store, "A", pause=NOW + 2 * HOUR)
    store.close()
    store = open_store(str(tmp_path / "x.db"))
    store.take_schedule()
    new = replace(B, name="new", url="https://one.example/new")
    store.sync_sources([A, replace(B, interval=HOUR // 2), C, new], now=NOW + 1)
    pause = NOW + 2 * HOUR
    assert due(store) == {"A": pause, "B": pause, "C": NOW, "new": pause}
    store.close()


def test_a_pause_makes_no_wait_shorter(store: Store) -> None:
    store.sync_sources([A, B], now=NOW)
    record(store, "B", next_poll_at=NOW + DAY)
    record(store, "A", next_poll_at=NOW + DAY, pause=NOW + HOUR)
    assert due(store) == {"A": NOW + DAY, "B": NOW + DAY}
    record(store, "A", pause=NOW + 3 * HOUR)
    record(store, "B", pause=NOW + 2 * HOUR)
    assert due(store) == {"A": NOW + 3 * HOUR, "B": NOW + 3 * HOUR}


def test_a_poll_that_was_under_way_when_the_pause_came_keeps_to_it(store: Store) -> None:
    store.sync_sources([A, B], now=NOW)
    record(store, "A", pause=NOW + 2 * HOUR)
    record(store, "B", next_poll_at=NOW + HOUR)
    assert due(store)["B"] == NOW + 2 * HOUR


def test_a_pause_that_is_over_holds_nobody_back(store: Store) -> None:
    store.sync_sources([A, B], now=NOW)
    record(store, "A", pause=NOW + HOUR)
    store.sync_sources([A, replace(B, url="https://one.example/b2")], now=NOW + 2 * HOUR)
    assert due(store)["B"] == NOW + 2 * HOUR


# --- starts ---------------------------------------------------------------------------------------------


def test_a_start_makes_sources_due_one_after_the_other(store: Store) -> None:
    sources = [Source(name=str(number), url=f"https://{number}.example/") for number in range(200)]
    store.sync_sources([*sources, A], now=NOW)
    record(store, "7", next_poll_at=NOW - 1)
    record(store, "A", next_poll_at=NOW + 5)
    store.spread_due(now=NOW, apart=100)
    order = ["7", *(str(number) for number in range(200) if number != 7)]
    expected = {name: NOW + 100 * place for place, name in enumerate(order)}
    assert due(store) == {**expected, "A": NOW + 5}


def test_a_start_puts_no_source_off_by_more_than_half_its_interval(store: Store) -> None:
    quick = [replace(A, name=f"q{n}", url=f"https://q{n}.example/", interval=2000) for n in range(50)]
    slow = [replace(A, name=f"s{n}", url=f"https://s{n}.example/", interval=6000) for n in range(50)]
    store.sync_sources([*slow, *quick], now=NOW)
    store.spread_due(now=NOW, apart=100)
    times = due(store)
    assert [times["s0"], times["s49"], times["q0"], times["q49"]] == [
        NOW + wait for wait in (0, 49 * 30, 1000, 1000)
    ]


def test_a_start_asks_few_sources_not_all_in_one_second(store: Store) -> None:
    store.sync_sources([A, B, C], now=NOW)
    store.spread_due(now=NOW, apart=100, over=3000)
    assert due(store) == {"A": NOW, "B": NOW + 1000, "C": NOW + 2000}
    for number, apart in ((10, 300), (60, 100)):
        sources = [Source(name=f"{number} {n}", url=f"https://{number}-{n}.example/") for n in range(number)]
        store.sync_sources(sources, now=NOW)
        store.spread_due(now=NOW, apart=100, over=3000)
        assert list(due(store).values()) == [NOW + apart * place for place in range(number)]


def test_what_is_under_way_is_not_put_off(store: Store) -> None:
    store.sync_sources([A, B, C], now=NOW)
    store.claim(["B"], now=NOW, lease=HOUR)
    store.spread_due(now=NOW, apart=100)
    assert due(store) == {"A": NOW, "B": NOW, "C": NOW + 100}


# --- intervals ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, NOW + HOUR // 2),
        ({"max_age": 2 * HOUR}, NOW + 2 * HOUR),
        ({"pace": Pace(every=3 * HOUR)}, NOW + 3 * HOUR),
        ({"pace": Pace(skip_hours=(1, 2))}, NOW + DAY),
        ({"pace": Pace(skip_days=(5,))}, NOW + DAY),
        ({"failures": 2}, NOW + DAY),
    ],
)
def test_a_shorter_interval_holds_at_once_but_for_what_the_source_asked(
    store: Store, asked: dict[str, Any], expected: int
) -> None:
    store.sync_sources([A], now=NOW)
    record(store, "A", next_poll_at=NOW + DAY, **asked)
    store.sync_sources([replace(A, interval=HOUR // 2)], now=NOW + 1)
    assert due(store) == {"A": expected}


def test_a_start_with_the_same_or_a_longer_interval_changes_no_wait(store: Store) -> None:
    store.sync_sources([A], now=NOW)
    record(store, "A", next_poll_at=NOW + DAY)
    for interval in (A.interval, 2 * A.interval):
        for _ in range(3):
            store.sync_sources([replace(A, interval=interval)], now=NOW + 1)
            assert due(store) == {"A": NOW + DAY}


def test_an_adaptive_pace_is_as_long_as_its_longest_wait(store: Store) -> None:
    adaptive = replace(A, interval=HOUR // 2, adaptive=True, max_interval=DAY)
    store.sync_sources([adaptive], now=NOW)
    record(store, "A", next_poll_at=NOW + DAY)
    store.sync_sources([replace(adaptive, interval=HOUR // 4)], now=NOW + 1)
    assert due(store) == {"A": NOW + DAY}, "the source's rhythm made it wait"
    store.sync_sources([replace(adaptive, max_interval=6 * HOUR)], now=NOW + 1)
    assert due(store) == {"A": NOW + 6 * HOUR}
    store.sync_sources([A], now=NOW + 1)
    assert due(store) == {"A": NOW + HOUR}


# --- moves ----------------------------------------------------------------------------------------------

NEW = "https://two.example/new"


@pytest.mark.parametrize("moved_polls", [1, 2])
def test_a_config_that_takes_over_the_new_address_asks_nothing_early(store: Store, moved_polls: int) -> None:
    store.sync_sources([A], now=NOW)
    poll(store, A, [draft("a")])
    kept: dict[str, Any] = {
        "validators": Validators(url=NEW, etag='"1"'),
        "body_hash": b"x",
        "max_age": HOUR,
        "rhythm": (1, 2),
        "failures": 1,
    }
    record(store, "A", next_poll_at=NOW + DAY, moved_to=NEW, moved_polls=moved_polls, **kept)
    store.sync_sources([replace(A, url=NEW)], now=NOW + 1)
    assert due(store) == {"A": NOW + DAY}
    (job,) = store.claim(["A"], now=NOW, lease=1)
    assert job.host == "two.example"
    assert job.state == replace(
        job.state,
        url=NEW,
        moved_to=None,
        moved_polls=0,
        next_poll_at=NOW + DAY,
        **kept,
    )


def test_another_address_than_that_of_the_move_begins_anew(store: Store) -> None:
    store.sync_sources([A], now=NOW)
    record(store, "A", next_poll_at=NOW + DAY, moved_to=NEW, moved_polls=2, body_hash=b"x")
    store.sync_sources([replace(A, url="https://three.example/")], now=NOW + 1)
    (job,) = store.claim(["A"], now=NOW, lease=1)
    assert (job.host, job.state.next_poll_at) == ("three.example", NOW + 1)
    assert (job.state.body_hash, job.state.address) == (None, "https://three.example/")
