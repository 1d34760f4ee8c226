from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.model import (
    ArchivePage,
    EntryQuery,
    FeedSpec,
    Field,
    FrozenDocument,
    Rule,
    Series,
    Source,
    StoryPolicy,
    Text,
)
from aggregator.protocols import Store
from aggregator.store import open_store
from aggregator.store.archives import PAGE
from tests.store.drafts import DAY, HOUR, NOW, draft, poll

SOURCE = Source(name="BBC", url="https://example.org/feed.xml", tags=("news",))
EVERYTHING = Series()
SERIES = (EVERYTHING, Series(tag="news"), Series(feed="news"))
POLICY = StoryPolicy(feeds=(FeedSpec(slug="news", title="News", all=("news",)),))
DOCUMENT = FrozenDocument(body=b"<feed/>", content_type="application/atom+xml", last_modified=NOW)


def followed(store: Store) -> None:
    store.sync_sources([SOURCE], now=NOW, policy=POLICY)
    while store.curation.fill_feeds(limit=1000):
        pass


def bring(store: Store, *names: str, now: int = NOW, published: int | None = None) -> None:
    drafts = [draft(name, published=now - HOUR if published is None else published) for name in names]
    poll(store, SOURCE, drafts, now=now, policy=POLICY)


def current(store: Store, limit: int = 5) -> list[int]:
    return [entry.id for entry in store.entries(EntryQuery(limit=limit))]


def walk(store: Store, series: Series, newest: int | None) -> Iterator[ArchivePage]:
    while newest is not None:
        page = store.archives.page(series, newest)
        assert page is not None
        yield page
        newest = page.previous


def test_a_series_whose_current_document_holds_everything_has_no_pages(store: Store) -> None:
    followed(store)
    bring(store, "a", "b")
    for series in SERIES:
        assert store.archives.latest(series, current(store)) is None
        assert store.archives.page(series, 1) is None


def test_current_document_and_pages_hold_every_entry_and_the_pages_each_of_them_once(store: Store) -> None:
    followed(store)
    bring(store, *(f"n{number}" for number in range(2 * PAGE + 50)))
    for series in SERIES:
        shown = current(store)
        pages = list(walk(store, series, store.archives.latest(series, shown)))
        archived = [entry.id for page in pages for entry in page.entries]
        assert len(archived) == len(set(archived))
        assert {*shown, *archived} == {entry.id for entry in store.walk(EntryQuery())}
        assert [page.number for page in pages] == [3, 2, 1]
        assert [page.following for page in pages] == [None, 3, 2]


def test_an_entry_that_comes_late_and_surfaces_far_back_is_on_a_new_page(store: Store) -> None:
    followed(store)
    bring(store, *(f"n{number}" for number in range(8)))
    before = store.archives.latest(EVERYTHING, current(store))
    assert before == 1
    first = store.archives.page(EVERYTHING, 1)
    bring(store, "late", now=NOW + DAY, published=NOW - 300 * DAY)
    assert store.archives.latest(EVERYTHING, current(store)) == 2
    page = store.archives.page(EVERYTHING, 2)
    assert page is not None
    assert [entry.title for entry in page.entries] == ["Title of late"]
    again = store.archives.page(EVERYTHING, 1)
    assert first is not None
    assert again is not None
    assert again.entries == first.entries


def test_what_an_entry_gets_a_tag_for_later_is_on_a_page_of_that_tag(store: Store) -> None:
    followed(store)
    bring(store, *(f"n{number}" for number in range(8)))
    series = Series(tag="late")
    rule = Rule(name="late", match=Text(Field.TITLE, "n3"), add=("late",))
    store.sync_sources([SOURCE], now=NOW, policy=StoryPolicy(rules=(rule,), feeds=POLICY.feeds))
    poll(store, SOURCE, [draft("n3", content="edited")], now=NOW + HOUR, policy=StoryPolicy(rules=(rule,)))
    newest = store.archives.latest(series, [])
    assert [entry.title for page in walk(store, series, newest) for entry in page.entries] == ["Title of n3"]


def test_a_frozen_document_stays_whatever_is_kept_after_it(store: Store) -> None:
    assert store.archives.frozen(EVERYTHING, 1, "atom") is None
    assert store.archives.freeze(EVERYTHING, 1, "atom", DOCUMENT) == DOCUMENT
    other = FrozenDocument(body=b"<other/>", content_type="text/xml", last_modified=1)
    assert store.archives.freeze(EVERYTHING, 1, "atom", other) == DOCUMENT
    assert store.archives.frozen(EVERYTHING, 1, "atom") == DOCUMENT
    assert store.archives.frozen(EVERYTHING, 1, "rss") is None
    assert store.archives.frozen(Series(tag="all"), 1, "atom") is None


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 7), st.integers(0, 400), st.booleans()), max_size=12))
def test_however_entries_come_and_whenever_pages_are_asked_for_none_is_missing_or_twice(
    steps: list[tuple[int, int, bool]],
) -> None:
    with TemporaryDirectory() as folder, closing(open_store(f"{folder}/aggregator.db")) as store:
        followed(store)
        number = 0
        for hour, (count, age, asked) in enumerate(steps):
            now = NOW + hour * HOUR
            names = [f"n{number + place}" for place in range(count)]
            number += count
            bring(store, *names, now=now, published=now - age * HOUR)
            if asked:
                for series in SERIES:
                    store.archives.latest(series, current(store))
        for series in SERIES:
            shown = current(store)
            newest = store.archives.latest(series, shown)
            archived = [entry.id for page in walk(store, series, newest) for entry in page.entries]
            assert len(archived) == len(set(archived))
            assert {*shown, *archived} == {entry.id for entry in store.walk(EntryQuery())}
