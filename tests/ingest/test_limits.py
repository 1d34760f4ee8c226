from __future__ import annotations

from dataclasses import replace

import pytest

from aggregator.ingest import limits
from aggregator.ingest.limits import limited, most_text
from aggregator.model import Enclosure, ParsedEntry, ParsedFeed, RawHtml

FEED = ParsedFeed(version="rss20", problem="It is ill-formed.")


def test_a_feed_within_the_limits_stays_as_it_is() -> None:
    feed = replace(FEED, entries=(ParsedEntry(title="a", authors=("b",)), ParsedEntry(content=RawHtml("c"))))
    assert limited(feed, size=100) == feed


def test_the_upper_items_of_too_many_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_ITEMS", 3)
    kept = limited(replace(FEED, entries=tuple(ParsedEntry(guid=guid) for guid in "abcde")), size=100)
    assert [entry.guid for entry in kept.entries] == ["a", "b", "c"]
    assert kept.problem == "It is ill-formed. 2 items beyond the first 3 were left out."


@pytest.mark.parametrize("size", [100, 3 * 2**20])
def test_an_item_whose_text_does_not_fit_is_left_out_and_those_below_stay(size: int) -> None:
    most = most_text(size)
    texts = ("ab", "c" * (most - 4), "é" * (most // 2), "de", "f")
    kept = limited(replace(FEED, entries=tuple(ParsedEntry(title=text) for text in texts)), size=size)
    assert [entry.title for entry in kept.entries] == ["ab", "c" * (most - 4), "de"]
    assert "2 items were left out" in (kept.problem or "")


def test_names_and_enclosures_beyond_the_limits_are_left_out_and_counted() -> None:
    entry = ParsedEntry(
        authors=("a" * 1_001, *(f"a{number}" for number in range(300))),
        categories=("c" * 1_000, "c" * 1_001),
        enclosures=tuple(Enclosure(url=f"https://example.org/{number}") for number in range(201)),
    )
    kept = limited(replace(FEED, entries=(entry,)), size=100)
    (few,) = kept.entries
    assert few.authors == tuple(f"a{number}" for number in range(200))
    assert few.categories == ("c" * 1_000,)
    assert few.enclosures == entry.enclosures[:200]
    assert "103 authors, categories and enclosures were left out" in (kept.problem or "")
