from __future__ import annotations

import pytest

from aggregator.ingest import plenty
from aggregator.ingest.parse import parse_xml
from aggregator.model import ParsedFeed


def titles(document: str) -> tuple[list[str | None], str | None, bool]:
    feed = parse_xml(document.encode(), content_type=None, url="https://a.example/feed")
    assert isinstance(feed, ParsedFeed)
    return [entry.title for entry in feed.entries], feed.problem, feed.whole


ITEMS = "".join(f"<item><title>{number}</title><description>d</description></item>" for number in range(5))


@pytest.mark.parametrize("fault", ["", "<br>"])
def test_the_upper_items_of_too_many_are_read_and_the_others_counted(
    fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plenty, "MOST_ITEMS", 3)
    read, problem, whole = titles(f"<rss><channel>{fault}{ITEMS}</channel></rss>")
    assert read == ["0", "1", "2"]
    assert problem is not None
    assert "2 items beyond the first" in problem
    assert whole


def test_items_up_to_the_limit_are_no_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plenty, "MOST_ITEMS", 5)
    assert titles(f"<rss><channel>{ITEMS}</channel></rss>") == (["0", "1", "2", "3", "4"], None, True)


def test_tags_beyond_the_limit_of_an_item_are_left_out_and_its_neighbours_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plenty, "MOST_TAGS_OF_ITEM", 10)
    many = "<item><title>many</title>" + "<x><y/></x>" * 20 + "</item>"
    read, problem, whole = titles(f"<rss><channel>{many}{ITEMS}</channel></rss>")
    assert read == ["many", "0", "1", "2", "3", "4"]
    assert "Tags were left out" in (problem or "")
    assert whole


def test_elements_that_nest_too_deeply_are_left_out_but_for_their_text() -> None:
    deep = "<item><title>deep</title>" + "<x>" * 5_000 + "</x>" * 5_000 + "</item>"
    read, problem, whole = titles(f"<rss><channel>{deep}{ITEMS}</channel></rss>")
    assert read == ["deep", "0", "1", "2", "3", "4"]
    assert "within each other" in (problem or "")
    assert whole


@pytest.mark.parametrize("fault", ["", "<br>"])
def test_items_before_the_last_tag_that_is_read_are_kept_whole(
    fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plenty, "MOST_TAGS", 10)
    read, problem, _ = titles(f"<rss><channel>{fault}{ITEMS}</channel></rss>")
    assert read == ["0", "1"]
    assert "what follows was left out" in (problem or "")


def test_countless_attributes_cost_their_element_only() -> None:
    countless = " ".join(f"a{number}=''" for number in range(20_001))
    read, problem, _ = titles(f"<rss><channel><x {countless}/>{ITEMS}</channel></rss>")
    assert read == ["0", "1", "2", "3", "4"]
    assert "attributes were read without them" in (problem or "")


@pytest.mark.parametrize("ends", ["", "</x>" * 1_000])
def test_items_within_what_nests_too_deeply_are_read(ends: str) -> None:
    read, problem, _ = titles(f"<rss><channel>{'<x>' * 1_000}{ITEMS}{ends}{ITEMS}</channel></rss>")
    assert read == ["0", "1", "2", "3", "4"] * 2
    assert "within each other" in (problem or "")
