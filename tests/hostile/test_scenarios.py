"""Whatever a source answers, its poll ends in time, in the right outcome, with the right entries stored."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from lxml import etree

from aggregator.model import Channel, Entry, Outcome
from aggregator.publish.feeds import render
from aggregator.publish.item import items_of
from tests.hostile import (
    addresses,
    encodings,
    entries,
    feeds,
    framing,
    headers,
    sizes,
    slow,
    statuses,
    tls,
    xml,
)
from tests.hostile.bench import API_KEY, PARSE_TIMEOUT, PASSWORD, Bench, Result
from tests.hostile.scenario import Scenario

THEMES = (statuses, headers, framing, slow, sizes, addresses, tls, xml, feeds, encodings, entries)
SCENARIOS = [scenario for theme in THEMES for scenario in theme.SCENARIOS]
CHANNEL = Channel(
    id="http://127.0.0.1/all",
    title="All",
    description="",
    home_url="http://127.0.0.1/",
    self_url="http://127.0.0.1/all.rss",
)
MARGIN = 1_000
"""Milliseconds that a poll may take beyond its limits."""


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with Bench(tmp_path_factory.mktemp("hostile")) as bench:
        yield bench


def test_there_are_many_scenarios_each_with_a_name_of_its_own() -> None:
    names = [scenario.name for scenario in SCENARIOS]
    assert len(names) >= 700
    assert len(names) == len(set(names))


@pytest.mark.parametrize("scenario", [pytest.param(one, id=one.name[:60]) for one in SCENARIOS])
def test_a_hostile_source_has_the_right_outcome_and_harms_no_other(bench: Bench, scenario: Scenario) -> None:
    for step, result in bench.run(scenario):
        report = result.report
        assert (report.outcome, report.message if report.outcome != step.outcome else "") == (
            step.outcome,
            "",
        )
        assert tuple(entry.title for entry in result.entries) == step.titles
        parsing = 0 if step.outcome is Outcome.TIMEOUT else PARSE_TIMEOUT
        assert report.duration_ms <= scenario.timeout + parsing + MARGIN
        check_message(step, report.message)
        check_requests(step, result)
        if step.waits:
            assert step.waits[0] <= result.wait <= step.waits[1]
        check_published(result.entries)
        healthy, count = result.healthy
        assert healthy.outcome in {Outcome.OK, Outcome.UNCHANGED}
        assert count == 1


def check_message(step: Scenario, message: str) -> None:
    """Failures say why, in sentences that steer no terminal and give no secret away."""
    assert step.says in message
    assert not (step.silent and message)
    assert bool(message) or not step.outcome.is_failure
    assert message.isprintable()
    assert len(message) <= 600
    assert not message or message.endswith((".", "?")), message
    assert not any(secret in message for secret in (PASSWORD, API_KEY, "s3cret"))


def check_requests(step: Scenario, result: Result) -> None:
    if step.requests is not None:
        assert len(result.requests) == step.requests
    for text in step.sent:
        assert text in result.requests[-1]
    for text in step.not_sent:
        assert text not in result.requests[-1]


def check_published(stored: tuple[Entry, ...]) -> None:
    """Whatever was stored can be published, every entry of it."""
    items = items_of(stored)
    assert len(list(etree.fromstring(render("rss", CHANNEL, items).body).iter("item"))) == len(stored)
    atom = etree.fromstring(render("atom", CHANNEL, items).body)
    assert len(list(atom.iter("{http://www.w3.org/2005/Atom}entry"))) == len(stored)
    assert len(json.loads(render("json", CHANNEL, items).body)["items"]) == len(stored)
