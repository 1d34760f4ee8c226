"""What people are told of a source after real polls of a real server."""

from __future__ import annotations

import pytest

from aggregator.ingest.fetch import HttpFetcher
from aggregator.model import IncidentKind, Source
from aggregator.protocols import Store
from tests.ingest.polling import RSS
from tests.ingest.test_manners import HOUR, Visitor, moved, visiting
from tests.origin import Origin


@pytest.fixture
def visitor(store: Store, fetcher: HttpFetcher, origin: Origin) -> Visitor:
    return visiting(store, fetcher, Source(name="A", url=origin.url + "/feed"))


def told(visitor: Visitor) -> list[str]:
    return [incident.kind.value for incident in reversed(visitor.store.incidents(limit=99))]


def test_a_source_that_breaks_ends_and_returns_is_told_of_at_each_turn(
    visitor: Visitor, origin: Origin
) -> None:
    origin.serve("/feed", RSS)
    visitor.outcomes(2)
    origin.serve("/feed", b"broken", status=500)
    visitor.outcomes(2)
    assert told(visitor) == []
    visitor.outcomes(3)
    assert told(visitor) == [IncidentKind.FAILING]
    assert "500" in visitor.store.incidents(limit=1)[0].message
    origin.serve("/feed", b"gone", status=410)
    visitor.outcomes(3)
    assert told(visitor) == [IncidentKind.FAILING, IncidentKind.GONE]
    origin.serve("/feed", RSS)
    visitor.now += HOUR
    visitor.outcomes(2)
    assert told(visitor) == [IncidentKind.FAILING, IncidentKind.GONE, IncidentKind.RECOVERED]
    assert visitor.store.incidents(limit=1)[0].at == visitor.now


def test_a_move_is_told_of_at_the_second_poll_that_finds_it(visitor: Visitor, origin: Origin) -> None:
    new = origin.serve("/new", RSS)
    moved(origin, "/feed", "/new")
    visitor.poll()
    assert told(visitor) == []
    visitor.outcomes(3)
    (incident,) = visitor.store.incidents(limit=9)
    assert (incident.kind, incident.url) == (IncidentKind.MOVED, visitor.source.url)
    assert new in incident.message
