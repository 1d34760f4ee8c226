from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from aggregator.model import Outcome, PollReport, PollTally
from aggregator.store import open_store
from aggregator.web.metrics import Metrics
from tests.web.site import HOUR, NOW, Reply, Site, config, item, open_site, poll, source


def samples(body: bytes) -> dict[tuple[str, tuple[str, ...]], float]:
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
    }


def numbers(reply: Reply) -> dict[tuple[str, tuple[str, ...]], float]:
    assert reply.status == 200
    assert reply.headers["content-type"].startswith("text/plain; version=")
    return samples(reply.body)


def test_liveness_is_200_even_without_a_database(tmp_path: Path) -> None:
    with open_site(tmp_path, config()) as site:
        site.store.close()
        assert site.get("/healthz").text == "ok\n"


def test_readiness_is_200_when_the_store_answers_and_polls_go_on(own_site: Site) -> None:
    assert own_site.get("/readyz").status == 200


def test_readiness_is_503_with_the_reason_when_polls_do_not_go_on(own_site: Site) -> None:
    own_site.reason = "The scheduler has not ticked for 60 s."
    reply = own_site.get("/readyz")
    assert (reply.status, reply.text) == (503, "The scheduler has not ticked for 60 s.\n")


def test_readiness_is_503_with_the_reason_when_the_store_does_not_answer(tmp_path: Path) -> None:
    with open_site(tmp_path, config()) as site:
        site.store.close()
        reply = site.get("/readyz")
        assert reply.status == 503
        assert "store does not answer" in reply.text


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_no_answer_about_health_is_kept_by_caches(own_site: Site, path: str) -> None:
    assert own_site.get(path).headers["cache-control"] == "no-store"


def test_polls_are_counted_by_outcome_with_what_they_brought(own_site: Site) -> None:
    report = PollReport(
        source_id=1, name="News", started_at=NOW, duration_ms=300, outcome=Outcome.OK, size=1000
    )
    own_site.metrics.observe_poll(report, PollTally(new=3, updated=2))
    own_site.metrics.observe_poll(report, PollTally(new=1))
    found = numbers(own_site.get("/metrics"))
    assert found["aggregator_polls_total", ("ok",)] == 2
    assert found["aggregator_polls_total", ("timeout",)] == 0
    assert found["aggregator_entries_new_total", ()] == 4
    assert found["aggregator_entries_updated_total", ()] == 2
    assert found["aggregator_document_bytes_total", ()] == 2000
    assert found["aggregator_poll_duration_seconds_sum", ()] == pytest.approx(0.6)
    assert found["aggregator_poll_duration_seconds_bucket", ("0.25",)] == 0
    assert found["aggregator_poll_duration_seconds_bucket", ("0.5",)] == 2


def test_the_state_of_sources_is_read_at_each_scrape(tmp_path: Path) -> None:
    sources = [source("Good"), source("Bad"), source("Fresh"), source("Off", enabled=False)]
    with open_site(tmp_path, config(sources=sources)) as site:
        poll(site.store, "Good", item(0), item(1))
        poll(site.store, "Bad", outcome=Outcome.TIMEOUT, failures=1, now=NOW - HOUR)
        site.now = NOW + 2 * HOUR
        found = numbers(site.get("/metrics"))
        poll(site.store, "Bad", now=NOW + 2 * HOUR)
        later = numbers(site.get("/metrics"))
        site.store.close()
    assert found["aggregator_store_up", ()] == 1
    assert found["aggregator_entries", ()] == 2
    assert found["aggregator_sources", ()] == 3
    assert found["aggregator_sources_disabled", ()] == 1
    assert found["aggregator_sources_failing", ()] == 1
    assert found["aggregator_sources_unpolled", ()] == 1
    assert found["aggregator_last_poll_timestamp_seconds", ()] == NOW / 1000
    assert found["aggregator_stalest_poll_age_seconds", ()] == 3 * HOUR / 1000
    assert found["aggregator_poll_lag_seconds", ()] == 2 * HOUR / 1000
    assert later["aggregator_sources_failing", ()] == 0


def test_a_store_that_does_not_answer_is_a_number_too(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "a.db"))
    metrics = Metrics(store)
    store.close()
    found = samples(metrics.render()[0])
    assert found["aggregator_store_up", ()] == 0
    assert ("aggregator_entries", ()) not in found


def test_two_sets_of_metrics_do_not_meet(own_site: Site) -> None:
    Metrics(own_site.store)


def test_the_number_of_series_does_not_grow_with_the_number_of_sources(tmp_path: Path) -> None:
    few = open_store(str(tmp_path / "few.db"))
    many = open_store(str(tmp_path / "many.db"))
    few.sync_sources([source("One")], now=NOW)
    many.sync_sources([source(f"Name{number}") for number in range(300)], now=NOW)
    assert len(samples(Metrics(few).render()[0])) == len(samples(Metrics(many).render()[0]))
    few.close()
    many.close()
