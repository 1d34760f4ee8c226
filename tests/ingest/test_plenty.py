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
