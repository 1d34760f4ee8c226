"""The pipeline of one poll, over a real store, with fakes of our own seams where no socket is needed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aggregator.exceptions import StoreError
from aggregator.ingest.poll import Poller
from aggregator.model import EntryQuery, FetchFailed, NotModified, Outcome, StoryPolicy
from aggregator.protocols import Store
from tests.ingest.polling import (
    DAY,
    NOW,
    RSS,
    SOURCE,
    Bench,
    CountingReader,
    FakeFetcher,
    document,
    validators,
)


def test_a_document_becomes_entries_with_the_sources_tags_and_its_own(store: Store) -> None:
    report = Bench(store, FakeFetcher(document())).report()
    assert (report.outcome, report.http_status, report.size) == (Outcome.OK, 200, len(RSS))
    (entry,) = store.entries(EntryQuery())
    assert (entry.id, entry.title, entry.tags) == (1712108792000, "One", ("chips", "asia"))


def test_the_first_request_is_unconditional_and_says_the_sources_limits(store: Store) -> None:
    fetcher = FakeFetcher(document())
    Bench(store, fetcher).poll()
    (request,) = fetcher.asked
    assert request.validators is None
    assert (request.url, request.timeout, request.max_size) == (
        SOURCE.url,
        SOURCE.timeout,
        SOURCE.max_size,
    )
    assert (request.user, request.password) == ("me", "secret")


def test_validators_are_sent_back_exactly_as_they_came(store: Store) -> None:
    fetcher = FakeFetcher(document(etag='W/"odd one" '))
    bench = Bench(store, fetcher)
    bench.poll()
    bench.poll()
    assert fetcher.asked[1].validators == validators('W/"odd one" ')


def test_validators_of_another_url_are_not_sent(store: Store) -> None:
    fetcher = FakeFetcher(document())
    bench = Bench(store, fetcher)
    bench.poll()
    bench.poll(replace(SOURCE, url="https://a.example/other"))
    assert fetcher.asked[1].validators is None


def test_the_same_body_is_not_read_again(store: Store) -> None:
    bench = Bench(store, FakeFetcher(document()))
    bench.poll()
    bench.fetcher.answer = document(etag='"2"')
    report = bench.report()
    assert (report.outcome, bench.reader.reads) == (Outcome.UNCHANGED, 1)
    bench.poll()
    assert bench.fetcher.asked[2].validators == validators('"2"'), (
        "the new validator belongs to the same body"
    )


def test_the_same_body_at_another_url_is_read(store: Store) -> None:
    bench = Bench(store, FakeFetcher(document()))
    bench.poll()
    moved = replace(SOURCE, url="https://a.example/other")
    store.sync_sources([moved], now=NOW)
    bench.poll(moved)
    assert bench.reader.reads == 2
    assert store.source_statuses()[0].outcome is Outcome.OK


def test_what_is_wrong_with_a_document_that_was_read_is_told_beside_its_success(store: Store) -> None:
    bench = Bench(store, FakeFetcher(document()), reader=CountingReader(problem="A tag is never closed."))
    report = bench.report()
    assert (report.outcome, report.message) == (Outcome.OK, "A tag is never closed.")
    assert store.source_statuses()[0].message == "A tag is never closed."
    assert store.entry_count() == 1


def test_validators_that_the_server_does_not_take_are_forgotten(store: Store) -> None:
    bench = Bench(store, FakeFetcher(document()))
    bench.poll()
    bench.fetcher.answer = FetchFailed(
        outcome=Outcome.HTTP_ERROR, message="", status=431, refuses_validators=True
    )
    bench.poll()
    bench.fetcher.answer = document()
    assert bench.report().outcome is Outcome.UNCHANGED
    assert bench.fetcher.asked[2].validators is None


def test_a_server_that_goes_on_failing_is_asked_without_validators_in_the_end(store: Store) -> None:
    bench = Bench(store, FakeFetcher(document()))
    bench.poll()
    bench.fetcher.answer = FetchFailed(outcome=Outcome.HTTP_ERROR, message="", status=500)
    for _ in range(4):
        bench.poll()
    assert [request.validators for request in bench.fetcher.asked] == [None, *[validators('"1"')] * 3, None]


def test_a_clock_that_is_set_back_makes_no_poll_shorter_than_nothing(store: Store) -> None:
    assert Bench(store, FakeFetcher(document()), takes=-5000).report().duration_ms == 0


def test_a_poll_lasts_from_its_start_and_the_wait_for_the_next_begins_at_its_end(store: Store) -> None:
    report = Bench(store, FakeFetcher(document()), takes=7000).report()
    assert (report.started_at, report.duration_ms) == (NOW, 7000)
    assert store.source_statuses()[0].next_poll == NOW + 7000 + SOURCE.interval
    (entry,) = store.entries(EntryQuery())
    assert entry.first_seen == NOW + 7000


def test_the_wait_for_the_next_poll_is_left_to_the_dice(store: Store) -> None:
    Bench(store, FakeFetcher(document()), dice=0.99).poll()
    next_poll = store.source_statuses()[0].next_poll
    assert next_poll is not None
    assert next_poll > NOW + SOURCE.interval


def test_not_modified_keeps_everything_and_counts_as_success(store: Store) -> None:
    bench = Bench(store, FakeFetcher(document()))
    bench.poll()
    bench.fetcher.answer = NotModified(status=304, url=SOURCE.url)
    assert bench.report().outcome is Outcome.NOT_MODIFIED
    (status,) = store.source_statuses()
    assert (status.failures, status.http_status, status.entries) == (0, 304, 1)
    assert status.next_poll == NOW + SOURCE.interval


def test_validators_are_kept_only_of_documents_that_were_read(store: Store) -> None:
    bench = Bench(store, FakeFetcher(document()))
    bench.poll()
    bench.fetcher.answer = document(b"<html><body>Maintenance</body></html>", etag='"maintenance"')
    assert bench.report().outcome is Outcome.NOT_A_FEED
    bench.poll()
    assert bench.fetcher.asked[2].validators == validators('"1"')


CUT_SHORT = RSS[: RSS.index(b"<guid>")]


def test_a_document_that_was_cut_short_is_asked_for_again_without_its_validators(store: Store) -> None:
    second = b"<item><title>Two</title><link>https://a.example/2</link></item>"
    cut_short = CUT_SHORT.replace(b"<item>", second + b"<item>")
    bench = Bench(store, FakeFetcher(document(cut_short)))
    assert (bench.report().outcome, store.entry_count()) == (Outcome.OK, 1)
    bench.fetcher.answer = document(RSS.replace(b"<item>", second + b"<item>"))
    assert bench.report().outcome is Outcome.OK
    assert bench.fetcher.asked[1].validators is None
    assert sorted(entry.title for entry in store.entries(EntryQuery())) == ["One", "Two"]


def test_a_document_that_was_cut_short_leaves_the_validators_of_the_last_whole_one(store: Store) -> None:
    bench = Bench(store, FakeFetcher(document()))
    bench.poll()
    bench.fetcher.answer = document(CUT_SHORT, etag='"2"')
    assert bench.report().outcome is Outcome.OK
    bench.fetcher.answer = document(CUT_SHORT, etag='"2"')
    assert bench.report().outcome is Outcome.OK, "what was cut short is no document to compare with"
    bench.fetcher.answer = document(etag='"2"')
    assert bench.report().outcome is Outcome.UNCHANGED
    assert [request.validators for request in bench.fetcher.asked] == [None, *[validators('"1"')] * 3]


def test_failures_are_counted_back_off_and_end_with_the_first_success(store: Store) -> None:
    bench = Bench(store, FakeFetcher(FetchFailed(outcome=Outcome.DNS_ERROR, message="No such host.")))
    for failures, factor in ((1, 1), (2, 2), (3, 4)):
        assert bench.report().message == "No such host."
        (status,) = store.source_statuses()
        assert (status.failures, status.next_poll) == (failures, NOW + factor * SOURCE.interval)
    bench.fetcher.answer = document()
    bench.poll()
    (status,) = store.source_statuses()
    assert (status.failures, status.next_poll) == (0, NOW + SOURCE.interval)


def test_a_servers_wish_for_a_pause_is_stored(store: Store) -> None:
    failed = FetchFailed(outcome=Outcome.RATE_LIMITED, message="Slow down.", status=429, retry_after=2 * DAY)
    Bench(store, FakeFetcher(failed)).poll()
    assert store.source_statuses()[0].next_poll == NOW + 2 * DAY


def test_a_defect_of_our_own_still_leaves_a_record_and_backs_off(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    report = Bench(store, FakeFetcher(ZeroDivisionError("oops"))).report()
    assert report.outcome is Outcome.UNPARSEABLE
    assert "ZeroDivisionError: oops" in report.message
    assert store.source_statuses()[0].failures == 1
    assert "Traceback" in caplog.text


def test_a_poll_that_the_stop_cut_off_leaves_no_record(store: Store) -> None:
    bench = Bench(store, FakeFetcher(FetchFailed(outcome=Outcome.CONNECTION_ERROR, message="aborted")))
    bench.stopping = True
    assert bench.poll() is None
    assert store.source_statuses()[0].outcome is None


def test_a_document_that_came_before_the_stop_is_still_recorded(store: Store) -> None:
    bench = Bench(store, FakeFetcher(document()))
    bench.stopping = True
    assert bench.poll() is not None
    assert store.entry_count() == 1


def test_a_store_that_cannot_write_is_the_callers_to_handle(store: Store) -> None:
    bench = Bench(store, FakeFetcher(document()))
    (job,) = store.claim([SOURCE.name], now=NOW, lease=1)
    poller = Poller(
        store=store,
        fetcher=bench.fetcher,
        reader=bench.reader,
        clock=lambda: NOW,
        policy=StoryPolicy(),
        max_backoff=DAY,
    )
    store.close()
    with pytest.raises(StoreError):
        poller.poll(job, SOURCE)
