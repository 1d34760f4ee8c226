from __future__ import annotations

import logging

import pytest

from aggregator.daemon.reachability import Reachability
from aggregator.model import Outcome, PollReport


def report(name: str, outcome: Outcome) -> PollReport:
    return PollReport(
        source_id=1, name=name, started_at=0, duration_ms=1, outcome=outcome, message=f"{name} is silent."
    )


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, logger="aggregator")
    return caplog


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome.DNS_ERROR,
        Outcome.CONNECTION_ERROR,
        Outcome.TIMEOUT,
        Outcome.TLS_ERROR,
        Outcome.REFUSED_ADDRESS,
    ],
)
def test_when_the_last_source_falls_silent_one_line_says_so_and_what_it_said(
    said: pytest.LogCaptureFixture, outcome: Outcome
) -> None:
    reachability = Reachability("AB")
    reachability.observe(report("A", outcome))
    assert said.messages == []
    for _ in range(3):
        reachability.observe(report("B", outcome))
        reachability.observe(report("A", outcome))
    (line,) = said.messages
    assert "none of the 2 sources can be reached" in line
    assert f"{outcome.value}: B is silent." in line


def test_one_source_that_fails_again_and_again_is_not_all_of_them(said: pytest.LogCaptureFixture) -> None:
    reachability = Reachability("AB")
    for _ in range(5):
        reachability.observe(report("A", Outcome.TIMEOUT))
    assert said.messages == []


@pytest.mark.parametrize(
    "outcome", [Outcome.OK, Outcome.NOT_MODIFIED, Outcome.HTTP_ERROR, Outcome.NOT_A_FEED]
)
def test_any_answer_is_a_recovery_which_is_said_once_and_the_next_silence_again(
    said: pytest.LogCaptureFixture, outcome: Outcome
) -> None:
    reachability = Reachability("A")
    for answer in (Outcome.TIMEOUT, outcome, outcome, Outcome.TIMEOUT):
        reachability.observe(report("A", answer))
    assert [record.levelname for record in said.records] == ["ERROR", "INFO", "ERROR"]
    assert said.messages[1] == "sources can be reached again"


def test_as_long_as_one_source_answers_nothing_is_said(said: pytest.LogCaptureFixture) -> None:
    reachability = Reachability("ABC")
    for name, outcome in (("A", Outcome.TIMEOUT), ("B", Outcome.OK), ("C", Outcome.DNS_ERROR)):
        reachability.observe(report(name, outcome))
    assert said.messages == []


def test_sources_that_the_config_has_left_do_not_count(said: pytest.LogCaptureFixture) -> None:
    reachability = Reachability(())
    reachability.observe(report("gone", Outcome.TIMEOUT))
    assert said.messages == [], "without sources there is none to reach"
    reachability.sources = frozenset("ABC")
    for name, outcome in (("A", Outcome.OK), ("B", Outcome.TIMEOUT), ("C", Outcome.TIMEOUT)):
        reachability.observe(report(name, outcome))
    assert said.messages == [], "A has answered"
    reachability.sources = frozenset("BC")
    reachability.observe(report("B", Outcome.TIMEOUT))
    assert "none of the 2 sources can be reached" in said.text
