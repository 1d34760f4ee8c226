"""What people are told of sources: when they fail for good, are gone, move, and are well again."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from aggregator.model import (
    Incident,
    IncidentKind,
    Outcome,
    PollCommit,
    PollReport,
    Source,
    StoryPolicy,
)
from aggregator.protocols import Store
from aggregator.store import open_store
from aggregator.store.incidents import INCIDENTS_KEPT
from tests.store.drafts import HOUR, NOW

FAILING, GONE, MOVED, RECOVERED = IncidentKind
A = Source(name="A", url="https://a.example/feed")
B = Source(name="B", url="https://b.example/feed")
NEW = "https://new.example/feed"


def poll(
    store: Store,
    source: Source,
    *outcomes: Outcome,
    at: int = NOW,
    message: str = "",
    moved_to: str | None = None,
    moved_polls: int = 0,
) -> None:
    """Record polls of a source, an hour apart, counting its failures as the poller does."""
    for number, outcome in enumerate(outcomes):
        now = at + number * HOUR
        (job,) = store.claim([source.name], now=now, lease=1000)
        report = PollReport(
            source_id=job.source_id,
            name=job.name,
            started_at=now,
            duration_ms=5,
            outcome=outcome,
            message=message,
        )
        failures = job.state.failures + 1 if outcome.is_failure else 0
        state = replace(job.state, failures=failures, moved_to=moved_to, moved_polls=moved_polls)
        store.record(PollCommit(report=report, state=state), StoryPolicy(), now=now)


def told(store: Store, limit: int = 1000) -> list[tuple[IncidentKind, str]]:
    """Kind and source of each incident, the oldest first."""
    return [(each.kind, each.source) for each in reversed(store.incidents(limit=limit))]


@pytest.fixture
def two(store: Store) -> Store:
    store.sync_sources([A, B], now=NOW)
    return store


def test_a_source_is_told_of_at_its_third_failure_in_a_row_and_not_before(two: Store) -> None:
    poll(two, A, Outcome.HTTP_ERROR, Outcome.TIMEOUT)
    poll(two, A, Outcome.OK, Outcome.HTTP_ERROR, Outcome.HTTP_ERROR, at=NOW + 2 * HOUR)
    assert told(two) == []
    poll(two, A, Outcome.TOO_LARGE, at=NOW + 5 * HOUR, message="It is 11 MiB long.")
    assert two.incidents(limit=9) == [
        Incident(
            id=1,
            at=NOW + 5 * HOUR,
            kind=FAILING,
            source="A",
            url=A.url,
            message="It has failed 3 times in a row, since 2027-01-15 11:00 UTC."
            " The last time: It is 11 MiB long.",
        )
    ]


def test_a_streak_is_told_of_once_and_its_end_too(two: Store) -> None:
    poll(two, A, *[Outcome.HTTP_ERROR] * 9, Outcome.NOT_MODIFIED, Outcome.OK)
    assert told(two) == [(FAILING, "A"), (RECOVERED, "A")]
    assert two.incidents(limit=1)[0].message == "It answers again. It had failed since 2027-01-15 08:00 UTC."
    poll(two, A, *[Outcome.HTTP_ERROR] * 3, at=NOW + 20 * HOUR)
    assert told(two)[2:] == [(FAILING, "A")]


def test_few_failures_are_followed_by_no_recovery(two: Store) -> None:
    poll(two, A, Outcome.HTTP_ERROR, Outcome.HTTP_ERROR, Outcome.OK)
    assert told(two) == []


def test_a_source_is_gone_at_once_and_only_once(two: Store) -> None:
    poll(two, A, Outcome.GONE, message="It is gone.")
    poll(two, A, Outcome.GONE, *[Outcome.HTTP_ERROR] * 4, Outcome.GONE, Outcome.OK, at=NOW + HOUR)
    assert told(two) == [(GONE, "A"), (RECOVERED, "A")]
    assert two.incidents(limit=9)[1].message == "It is gone."


def test_a_failing_source_can_be_gone_in_the_end(two: Store) -> None:
    poll(two, A, *[Outcome.HTTP_ERROR] * 4, Outcome.GONE)
    assert told(two) == [(FAILING, "A"), (GONE, "A")]


def test_an_address_that_is_gone_after_a_move_is_not_the_end_of_the_source(two: Store) -> None:
    poll(two, A, Outcome.MOVED, moved_to=NEW, moved_polls=2)
    poll(two, A, Outcome.GONE, at=NOW + HOUR)
    assert told(two) == [(MOVED, "A")]
    poll(two, A, Outcome.GONE, at=NOW + 2 * HOUR)
    assert told(two) == [(MOVED, "A"), (GONE, "A")]


def test_a_move_is_told_of_when_it_is_certain_and_once(two: Store) -> None:
    poll(two, A, Outcome.MOVED, moved_to=NEW, moved_polls=1)
    assert told(two) == []
    poll(two, A, Outcome.MOVED, moved_to=NEW, moved_polls=2)
    poll(two, A, Outcome.OK, moved_to=NEW, moved_polls=2)
    poll(two, A, Outcome.OK)  # it leads back
    poll(two, A, Outcome.MOVED, moved_to=NEW, moved_polls=2)
    (incident,) = two.incidents(limit=9)
    assert (incident.kind, incident.url) == (MOVED, A.url)
    assert NEW in incident.message
    poll(two, A, Outcome.MOVED, moved_to=NEW + "2", moved_polls=2)
    assert told(two) == [(MOVED, "A"), (MOVED, "A")]


def test_a_source_that_is_found_elsewhere_after_failures_has_recovered_and_moved(two: Store) -> None:
    poll(two, A, *[Outcome.HTTP_ERROR] * 3)
    poll(two, A, Outcome.MOVED, at=NOW + 3 * HOUR, moved_to=NEW, moved_polls=2)
    assert told(two) == [(FAILING, "A"), (RECOVERED, "A"), (MOVED, "A")]


def fleet(count: int) -> list[Source]:
    return [Source(name=f"S{number}", url=f"https://s{number}.example/feed") for number in range(count)]


def rounds(store: Store, sources: list[Source], *outcomes: Outcome, at: int = NOW) -> None:
    """Poll each source once an hour, one after the other."""
    for number, outcome in enumerate(outcomes):
        for place, source in enumerate(sources):
            poll(store, source, outcome, at=at + number * HOUR + place)


def test_an_outage_of_our_own_network_is_no_sources_failure(store: Store) -> None:
    sources = fleet(20)
    store.sync_sources(sources, now=NOW)
    rounds(store, sources, Outcome.OK, *[Outcome.DNS_ERROR] * 5, Outcome.OK)
    assert told(store) == []


def test_a_source_on_this_machine_does_not_make_an_outage_everybody_elses_failure(store: Store) -> None:
    sources = [*fleet(20), Source(name="local", url="http://127.0.0.1:1200/feed")]
    store.sync_sources(sources, now=NOW)
    for number in range(5):
        rounds(store, sources[-1:], Outcome.HTTP_ERROR if number else Outcome.OK, at=NOW + number * HOUR)
        rounds(store, sources[:-1], Outcome.TIMEOUT, at=NOW + number * HOUR + 1)
    assert told(store) == [(FAILING, "local")]


def test_servers_that_answer_with_errors_are_told_of_each(store: Store) -> None:
    sources = fleet(3)
    store.sync_sources(sources, now=NOW)
    rounds(store, sources, *[Outcome.HTTP_ERROR] * 3)
    assert told(store) == [(FAILING, "S0"), (FAILING, "S1"), (FAILING, "S2")]


def test_a_server_that_is_down_is_told_of_while_others_answer(two: Store) -> None:
    for number in range(3):
        poll(two, B, Outcome.OK, at=NOW + number * HOUR)
        poll(two, A, Outcome.CONNECTION_ERROR, at=NOW + number * HOUR + 1)
    assert told(two) == [(FAILING, "A")]


def test_a_server_that_stays_down_after_an_outage_is_told_of_when_others_answer(two: Store) -> None:
    for number in range(5):
        poll(two, B, Outcome.TIMEOUT if number < 4 else Outcome.OK, at=NOW + number * HOUR)
        poll(two, A, Outcome.TIMEOUT, at=NOW + number * HOUR + 1)
    assert told(two) == [(FAILING, "A")]


def test_a_source_that_is_known_to_fail_says_nothing_of_our_network(store: Store) -> None:
    sources = fleet(3)
    dead, dying, well = sources
    store.sync_sources(sources, now=NOW)
    for number in range(3):
        poll(store, well, Outcome.OK, at=NOW + number * HOUR)
        poll(store, dead, Outcome.DNS_ERROR, at=NOW + number * HOUR + 1)
    poll(store, dying, Outcome.DNS_ERROR, at=NOW + 4 * HOUR)
    for number in range(5, 7):
        poll(store, dead, Outcome.DNS_ERROR, at=NOW + number * HOUR)
        poll(store, dying, Outcome.DNS_ERROR, at=NOW + number * HOUR + 1)
    assert told(store) == [(FAILING, "S0"), (FAILING, "S1")]


def test_the_only_host_there_is_is_told_of(store: Store) -> None:
    twin = replace(A, name="twin", url=A.url + "2")
    store.sync_sources([A, twin], now=NOW)
    poll(store, twin, *[Outcome.TIMEOUT] * 3)
    poll(store, A, *[Outcome.TIMEOUT] * 3)
    assert told(store) == [(FAILING, "twin"), (FAILING, "A")]


def test_what_happened_to_a_source_stays_told_when_it_leaves_the_config_or_is_renamed(two: Store) -> None:
    poll(two, A, Outcome.GONE)
    poll(two, B, Outcome.GONE)
    two.sync_sources([replace(B, name="other")], now=NOW)
    assert told(two) == [(GONE, "A"), (GONE, "B")]


def test_a_source_that_was_given_a_good_address_has_recovered(two: Store) -> None:
    poll(two, A, *[Outcome.HTTP_ERROR] * 3)
    two.sync_sources([replace(A, url=NEW), B], now=NOW)
    poll(two, A, Outcome.OK, at=NOW + 9 * HOUR)
    assert [(each.kind, each.url) for each in two.incidents(limit=9)] == [(RECOVERED, NEW), (FAILING, A.url)]


def test_a_poll_of_an_address_that_the_config_has_left_tells_nothing(two: Store) -> None:
    (job,) = two.claim(["A"], now=NOW, lease=1000)
    two.sync_sources([replace(A, url=NEW), B], now=NOW)
    report = PollReport(
        source_id=job.source_id, name="A", started_at=NOW, duration_ms=5, outcome=Outcome.GONE
    )
    commit = PollCommit(report=report, state=replace(job.state, failures=1))
    two.record(commit, StoryPolicy(), now=NOW)
    assert told(two) == []


def test_each_turn_makes_a_new_revision_and_failures_between_them_do_not(two: Store) -> None:
    numbers = []
    for outcome in (*[Outcome.HTTP_ERROR] * 4, Outcome.NOT_MODIFIED, Outcome.NOT_MODIFIED):
        poll(two, A, outcome)
        numbers.append(two.revision())
    first = numbers[0]
    assert [number - first for number in numbers] == [0, 0, 1, 1, 2, 2]


def test_a_bounded_number_is_kept_the_newest_first(two: Store, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "aggregator.db") as conn:
        conn.executemany(
            "INSERT INTO incidents (source_id, at, kind, source, url, address, message)"
            " VALUES (1, ?, 'gone', 'A', '', '', '')",
            [(number,) for number in range(INCIDENTS_KEPT)],
        )
    conn.close()
    poll(two, B, Outcome.GONE)
    newest = two.incidents(limit=INCIDENTS_KEPT + 9)
    assert [newest[0].source, newest[-1].at, len(newest)] == ["B", 1, INCIDENTS_KEPT]
    assert [each.id for each in two.incidents(limit=3)] == [newest[0].id - less for less in range(3)]


def test_what_failed_before_the_upgrade_is_told_of_with_its_true_beginning(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    store = open_store(str(path))
    store.sync_sources([A], now=NOW)
    poll(store, A, Outcome.OK, Outcome.HTTP_ERROR, Outcome.HTTP_ERROR)
    store.close()
    with sqlite3.connect(path) as conn:
        conn.execute("DROP TABLE incidents")
        conn.execute("ALTER TABLE sources DROP COLUMN turn")
        conn.execute("ALTER TABLE sources DROP COLUMN failing_since")
        conn.execute("DELETE FROM _sqlite_migrations WHERE name = '0012_incidents'")
    conn.close()
    store = open_store(str(path))
    poll(store, A, Outcome.HTTP_ERROR, at=NOW + 9 * HOUR)
    (incident,) = store.incidents(limit=9)
    store.close()
    assert incident.message.startswith("It has failed 3 times in a row, since 2027-01-15 09:00 UTC.")
