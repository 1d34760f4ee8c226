"""No miss, no flood: weeks of sources that burst, stall, reset, backfill and re-date, and their subscribers.

Each test looks at the same few histories; see `World` for how one is made, `Origin` for what sources do, and
`Truth` for what is expected. A reader looks whenever it likes, but at least once in 24 hours, and knows
nothing but what documents say.

Not simulated, since nothing can be promised there: two things changed everywhere in one document between two
polls, so that nothing is left to tell an item by; more than 1000 entries in a day; feeds that ask for less
than what has surfaced (`max_age`, `per_source`, `hours`, `?limit=`).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.simulation.origins import DAY, MINUTE
from tests.simulation.subscribers import Reader, Visit, read
from tests.simulation.truth import Stay
from tests.simulation.world import CONDITIONS, FEEDS, History, World

SEEDS = range(int(os.environ.get("SIMULATED_HISTORIES", "2")))
"""`SIMULATED_HISTORIES=100` looks at more of them."""

LIMITS = dict.fromkeys(CONDITIONS, 50) | {spec.slug: spec.limit for spec in FEEDS}


@lru_cache(maxsize=4)
def _history(seed: int) -> History:
    with TemporaryDirectory() as folder:
        return World(Path(folder), seed).run()


@pytest.fixture(params=SEEDS, scope="module")
def history(request: pytest.FixtureRequest) -> History:
    return _history(request.param)


def looks(history: History) -> Iterator[tuple[Reader, Visit | None, Visit]]:
    """Every visit of every reader, with the one before it; None before the one with which it subscribes."""
    for reader in history.readers:
        yield from zip([reader] * len(reader.visits), [None, *reader.visits], reader.visits, strict=False)


def news(history: History, reader: Reader, before: Visit, visit: Visit) -> dict[int, Stay]:
    """What has become news in a reader's feed since the visit before, and is there still."""
    return {
        stay.story: stay
        for stay in history.truth.stays[reader.feed]
        if stay.is_news
        and before.at < stay.begins <= visit.at
        and (stay.ends is None or stay.ends > visit.at)
    }


def told(reader: Reader, visit: Visit) -> str:
    return f"{reader.path}, day {(visit.at - reader.visits[0].at) / DAY:.2f} at {visit.at}"


def test_whatever_becomes_news_in_a_feed_its_subscriber_sees_at_the_next_look(history: History) -> None:
    missed = []
    for reader, before, visit in looks(history):
        if before is not None:
            seen = {item.story for look in reader.visits if look.at <= visit.at for item in look.listed}
            missed += [
                (told(reader, visit), stay)
                for number, stay in news(history, reader, before, visit).items()
                if number not in seen
            ]
    assert missed == []


def test_no_subscriber_sees_a_story_under_two_ids(history: History) -> None:
    for reader in history.readers:
        stories = list(reader.ids.values())
        assert len(stories) == len(set(stories)), reader.path
        for visit in reader.visits:
            assert len({item.id for item in visit.listed}) == len(visit.listed)


def test_a_story_has_one_id_in_all_feeds_and_keeps_it(history: History) -> None:
    """Atom may have another than RSS and JSON, since there it is a URI."""
    ids: dict[tuple[int, bool], str] = {}
    for reader, _, visit in looks(history):
        for item in visit.listed:
            assert ids.setdefault((item.story, ".atom" in reader.path), item.id) == item.id


def test_every_story_is_stored_once_under_an_id_that_never_changes(history: History) -> None:
    known: dict[int, int] = {}
    for stored in history.stored:
        assert len(set(stored.values())) == len(stored)
        assert (
            known.items() <= stored.items() or {k: v for k, v in known.items() if stored.get(k, v) != v} == {}
        )
        known |= stored


def test_a_subscriber_gets_nothing_but_what_belongs_into_the_feed(history: History) -> None:
    for reader, _, visit in looks(history):
        inside = {
            stay.story
            for stay in history.truth.stays[reader.feed]
            if stay.begins <= visit.at and (stay.ends is None or stay.ends > visit.at)
        }
        assert {item.story for item in visit.listed} <= inside, told(reader, visit)


def test_what_is_no_news_stands_below_all_news_that_came_after_it_was_written(history: History) -> None:
    for reader, _, visit in looks(history):
        if reader.feed == "dated":
            continue
        stays = {stay.story: stay for stay in history.truth.stays[reader.feed] if stay.begins <= visit.at}
        oldest = visit.at + DAY
        for stay in (stays[item.story] for item in visit.listed if item.story in stays):
            if stay.is_news:
                assert stay.begins <= oldest, told(reader, visit)
            elif stay.written is not None:
                oldest = min(oldest, stay.written + 60_000)


def test_sources_that_are_added_reset_redated_or_put_archives_back_bring_no_flood(history: History) -> None:
    """To a feed that is full nothing new comes but news, and

    - what a source's first document holds that is not older than the feed's oldest entry was, or than a day;
    - one entry from below the end for each that left the feed;
    - what came to meet the conditions a week after it was news, if it is not too old for the feed.
    """
    for reader, before, visit in looks(history):
        if before is None or len(before.listed) < LIMITS[reader.feed]:
            continue
        fresh = news(history, reader, before, visit)
        others = {item.story for item in visit.new} - fresh.keys()
        stays = history.truth.stays[reader.feed]
        shown = {item.story for item in before.listed}
        oldest = min(stay.appears for stay in stays if stay.story in shown and stay.begins <= before.at)
        newest = max(stay.appears for stay in stays if stay.begins <= visit.at)
        oldest = min(oldest, newest - DAY - 10 * MINUTE)
        came = [stay for stay in stays if before.at < stay.begins <= visit.at and not stay.is_news]
        left = [
            stay for stay in stays if stay.story in shown and stay.ends and before.at < stay.ends <= visit.at
        ]
        old = {stay.story for stay in came if stay.written is not None and stay.written < oldest - MINUTE}
        assert not others & old, told(reader, visit)
        assert len(others) <= len(left) + len(came) - len(old), told(reader, visit)


def test_who_walks_through_the_archive_finds_every_story_and_each_once_in_pages_that_never_change(
    history: History,
) -> None:
    """What has left the feed and come back is on a new page, too: the old one may hold it for ever."""
    stays = Counter(stay.story for stay in history.truth.stays["any"])
    known: dict[str, bytes] = {}
    for walk in history.walks:
        assert known.items() <= walk.pages.items()
        known |= walk.pages
        archived = [item for body in walk.pages.values() for item in read(body)]
        times = Counter(item.story for item in archived)
        assert all(count <= stays[story] for story, count in times.items())
        there = {
            stay.story
            for stay in history.truth.stays["any"]
            if stay.begins <= walk.at and (stay.ends is None or stay.ends > walk.at)
        }
        assert there <= {item.story for item in (*walk.current, *archived)}
    assert known


def test_the_same_bytes_are_served_while_nothing_has_changed(history: History) -> None:
    compared = 0
    for _, before, visit in looks(history):
        if before is not None and before.changes == visit.changes:
            compared += 1
            assert visit.body == before.body
    for reader, body in history.late_bytes:
        compared += 1
        assert body == reader.visits[-1].body
    assert compared


def test_next_to_all_that_sources_do_has_happened(history: History) -> None:
    always = "stall burst reset go_down copy backfill correct recategorize reorder redate shift_zone move"
    said = "to_https to_http punctuate new_guids track publish_late publish_future publish_undated"
    assert len({*always.split(), *said.split()} - history.happened.keys()) <= 1
