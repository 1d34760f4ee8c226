"""What the feed of everything tells about entries that came since the last commit."""

from __future__ import annotations

import json

import pytest

from aggregator.archive.sitecommit import site_news


def _feed(*names: str, **changed: str) -> bytes:
    items = [
        {
            "id": name,
            "title": changed.get(name, name),
            "_aggregator": {"sources": [{"name": "A"}, {"name": "B"}]},
        }
        for name in names
    ]
    return json.dumps({"items": items}).encode()


def test_entries_that_came_and_that_changed_are_told_by_title_and_sources() -> None:
    news = site_news(_feed("b", "a"), _feed("d", "c", "b", "a", a="x"), entries=4)
    assert (news.added, news.updated) == ((("d", "A, B"), ("c", "A, B")), (("x", "A, B"),))
    assert (news.count, news.is_all) == (2, True)


def test_older_entries_that_come_up_from_below_are_no_news() -> None:
    assert site_news(_feed("d", "c", "b"), _feed("d", "b", "a"), entries=9).count == 0


def test_an_older_entry_at_the_end_of_a_feed_that_was_not_full_came() -> None:
    assert site_news(_feed("c", "b"), _feed("c", "b", "a"), entries=3).count == 1


def test_of_more_entries_than_the_feed_holds_it_is_said_that_they_may_be_more() -> None:
    news = site_news(_feed("b", "a"), _feed("d", "c"), entries=9)
    assert (news.count, news.is_all) == (2, False)


@pytest.mark.parametrize("before", [None, b"", b"[]", b"not JSON", b'{"items": 1}', b'{"items": [1]}'])
def test_at_first_all_entries_came(before: bytes | None) -> None:
    news = site_news(before, _feed("b", "a"), entries=500)
    assert (news.count, len(news.added), news.is_all) == (500, 2, True)


def test_without_a_feed_nothing_is_told() -> None:
    assert site_news(_feed("a"), None, entries=0).count == 0
