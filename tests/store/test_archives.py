from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
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
from aggregator.store import archives, open_store
from aggregator.store.archives import PAGE
from aggregator.store.sqlite import SqliteStore
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
    poll(store, SOURCE, drafts, now=now, policy=RULED)


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


TAKEN_AWAY = (
    Rule(name="off topic", match=Text(Field.TITLE, "off"), remove=("news",)),
    Rule(name="junk", match=Text(Field.TITLE, "junk"), drop=True),
)
"""What leaves all series when its source edits it, or a part of them."""
RULED = StoryPolicy(rules=TAKEN_AWAY, feeds=POLICY.feeds)


def ruled(store: Store) -> None:
    store.sync_sources([SOURCE], now=NOW, policy=RULED)
    while store.curation.fill_feeds(limit=1000):
        pass


def edit(store: Store, word: str, *names: str, now: int) -> None:
    """Let the source put a word before the titles."""
    drafts = [draft(name, title=f"{word} of {name}", published=NOW - HOUR) for name in names]
    poll(store, SOURCE, drafts, now=now, policy=RULED)


def freeze(store: Store, series: Series, number: int) -> list[int]:
    """Publish a page, if that was not done; return the IDs that its document holds for ever."""
    frozen = store.archives.frozen(series, number, "atom")
    if frozen is None:
        page = store.archives.page(series, number)
        assert page is not None
        body = json.dumps([entry.id for entry in page.entries]).encode()
        store.archives.freeze(series, page, {"atom": replace(DOCUMENT, body=body)})
        frozen = store.archives.frozen(series, number, "atom")
    assert frozen is not None
    found: list[int] = json.loads(frozen.body)
    return found


def test_what_leaves_a_series_and_comes_back_stays_on_the_one_page_that_it_was_put_on(store: Store) -> None:
    ruled(store)
    names = [f"n{number}" for number in range(12)]
    bring(store, *names)
    for series in SERIES:
        assert store.archives.latest(series, current(store)) == 1
    held = {series: freeze(store, series, 1) for series in SERIES}
    edit(store, "junk", *names[:4], now=NOW + HOUR)
    edit(store, "off", *names[4:8], now=NOW + 2 * HOUR)
    edit(store, "News", *names[:8], now=NOW + 3 * HOUR)
    for series in SERIES:
        assert store.archives.latest(series, current(store)) == 1
        assert len(held[series]) == len(names)


def test_what_had_left_before_its_page_was_published_is_on_another_one_when_it_comes_back(
    store: Store,
) -> None:
    ruled(store)
    names = [f"n{number}" for number in range(8)]
    bring(store, *names)
    series = Series(feed="news")
    store.archives.latest(series, [])
    edit(store, "off", *names[:3], now=NOW + HOUR)
    assert len(freeze(store, series, 1)) == 5
    edit(store, "News", *names[:3], now=NOW + 2 * HOUR)
    assert store.archives.latest(series, []) == 2
    assert len(freeze(store, series, 2)) == 3


def test_a_page_that_all_entries_have_left_still_leads_to_those_before_it(store: Store) -> None:
    ruled(store)
    series = Series(tag="news")
    bring(store, "a", "b")
    store.archives.latest(series, [])
    bring(store, "c", now=NOW + HOUR)
    store.archives.latest(series, [])
    bring(store, "d", now=NOW + 2 * HOUR)
    assert store.archives.latest(series, []) == 3
    edit(store, "off", "a", "b", "c", "d", now=NOW + 3 * HOUR)
    assert store.archives.latest(series, []) == 3
    pages = list(walk(store, series, 3))
    assert [(page.number, page.previous, page.entries) for page in pages] == [
        (3, 2, ()),
        (2, 1, ()),
        (1, None, ()),
    ]


def test_many_that_come_back_are_looked_at_once(store: Store) -> None:
    ruled(store)
    names = [f"n{number}" for number in range(PAGE + 5)]
    bring(store, *names)
    series = Series(feed="news")
    assert store.archives.latest(series, []) == 2
    edit(store, "off", *names, now=NOW + HOUR)
    edit(store, "News", *names, now=NOW + 2 * HOUR)
    before = seen(store, series)
    assert store.archives.latest(series, []) == 2
    assert seen(store, series) > before


def seen(store: Store, series: Series) -> int:
    assert isinstance(store, SqliteStore)
    with store._read() as conn:
        progress = archives._progress(conn, series)
    assert progress is not None
    return progress.seen[0]


def test_a_frozen_document_stays_whatever_is_kept_after_it(store: Store) -> None:
    followed(store)
    bring(store, "a")
    assert store.archives.frozen(EVERYTHING, 1, "atom") is None
    assert store.archives.latest(EVERYTHING, []) == 1
    page = store.archives.page(EVERYTHING, 1)
    assert page is not None
    store.archives.freeze(EVERYTHING, page, {"atom": DOCUMENT})
    assert store.archives.frozen(EVERYTHING, 1, "atom") == DOCUMENT
    other = FrozenDocument(body=b"<other/>", content_type="text/xml", last_modified=1)
    store.archives.freeze(EVERYTHING, page, {"atom": other})
    assert store.archives.frozen(EVERYTHING, 1, "atom") == DOCUMENT
    assert store.archives.frozen(EVERYTHING, 1, "rss") is None
    assert store.archives.frozen(Series(tag="all"), 1, "atom") is None


def test_nothing_is_kept_of_a_page_that_is_another_one_by_now(store: Store) -> None:
    ruled(store)
    bring(store, "a", "b")
    assert store.archives.latest(EVERYTHING, []) == 1
    page = store.archives.page(EVERYTHING, 1)
    assert page is not None
    edit(store, "junk", "a", now=NOW + HOUR)
    store.archives.freeze(EVERYTHING, page, {"atom": DOCUMENT})
    assert store.archives.frozen(EVERYTHING, 1, "atom") is None


deeds = st.lists(
    st.one_of(
        st.tuples(st.just("bring"), st.integers(1, 7), st.integers(0, 400)),
        st.tuples(st.sampled_from(["off", "junk", "News"]), st.integers(0, 20), st.integers(0, 20)),
        st.tuples(st.sampled_from(["look", "publish"]), st.just(0), st.just(0)),
    ),
    max_size=14,
)


@settings(max_examples=20, deadline=None)
@given(deeds)
def test_however_entries_come_leave_and_return_no_page_lacks_one_and_none_is_published_twice(
    steps: list[tuple[str, int, int]],
) -> None:
    with TemporaryDirectory() as folder, closing(open_store(f"{folder}/aggregator.db")) as store:
        ruled(store)
        number = 0
        for hour, (deed, first, second) in enumerate(steps):
            now = NOW + hour * HOUR
            if deed == "bring":
                names = [f"n{number + place}" for place in range(first)]
                number += first
                bring(store, *names, now=now, published=now - second * HOUR)
            elif deed in ("look", "publish"):
                for series in SERIES:
                    pages = store.archives.latest(series, shown(store, series)) or 0
                    if deed == "publish" and pages:
                        freeze(store, series, 1 + hour % pages)
            elif number:
                edit(store, deed, *{f"n{first % number}", f"n{second % number}"}, now=now)
        for series in SERIES:
            newest = store.archives.latest(series, shown(store, series)) or 0
            archived = [each for page in range(1, newest + 1) for each in freeze(store, series, page)]
            assert len(archived) == len(set(archived))
            there = {entry.id for entry in store.walk(selecting(series))}
            assert there <= {*shown(store, series), *archived}


def selecting(series: Series) -> EntryQuery:
    tags = () if series.tag is None else (series.tag,)
    return EntryQuery(all=tags, feed=series.feed, limit=3)


def shown(store: Store, series: Series) -> list[int]:
    return [entry.id for entry in store.entries(selecting(series))]
