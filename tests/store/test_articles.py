"""Which entries want their page, and what is kept of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aggregator.model import EntryQuery, RawHtml, Source
from aggregator.protocols import NO_POLICY, Store
from aggregator.store.articles import MOST_TRIES, MOST_WANTED
from tests.store.drafts import DAY, HOUR, NOW, draft, poll

A = Source(name="A", url="https://a.example/feed", full_text=True)
B = Source(name="B", url="https://b.example/feed", full_text=True)
C = Source(name="C", url="https://c.example/feed", full_text=True)


@pytest.fixture(autouse=True)
def configured(store: Store) -> None:
    store.sync_sources([A, B, C], now=NOW)


def wanted(store: Store, source: Source = A, now: int = NOW) -> list[str]:
    (job,) = store.claim([source.name], now=now, lease=1)
    return [page.url.rpartition("/")[2] for page in store.wanted_pages(job.source_id, now=now, limit=1000)]


def entry_id(store: Store, title: str) -> int:
    return next(entry.id for entry in store.entries(EntryQuery()) if entry.title == title)


def test_each_new_entry_with_a_link_wants_its_page_the_newest_first(store: Store) -> None:
    items = [
        draft("old", published=NOW - 3 * HOUR),
        draft("none", url=None),
        draft("mail", url="mailto:a@b.example"),
        draft("new", published=NOW - HOUR),
        draft("HTTP", url="HTTPS://x.example/upper", published=NOW - 2 * HOUR),
    ]
    poll(store, A, items)
    assert wanted(store) == ["new", "upper", "old"]
    assert wanted(store, B) == []


def test_known_entries_want_nothing_though_they_are_edited(store: Store) -> None:
    poll(store, replace(A, full_text=False), [draft("a")])
    poll(store, A, [draft("a", content="edited"), draft("b")], now=NOW + HOUR)
    assert wanted(store) == ["b"]
    (job,) = store.claim(["A"], now=NOW, lease=1)
    store.keep_article(entry_id(store, "Title of b"), RawHtml("<p>b</p>"), NO_POLICY, now=NOW + HOUR)
    poll(store, A, [draft("b", content="edited")], now=NOW + 2 * HOUR)
    assert store.wanted_pages(job.source_id, now=NOW, limit=9) == []


def test_a_story_that_another_source_brought_wants_its_page_for_the_one_that_asks(store: Store) -> None:
    poll(store, replace(B, full_text=False), [draft("shared")])
    poll(store, A, [draft("shared")], now=NOW + HOUR)
    assert store.entry_count() == 1
    assert wanted(store) == ["shared"]
    store.keep_article(entry_id(store, "Title of shared"), RawHtml("<p>x</p>"), NO_POLICY, now=NOW + HOUR)
    poll(store, C, [draft("shared", guid="other")], now=NOW + 2 * HOUR)
    assert store.entry_count() == 1
    assert wanted(store, C) == [], "it has its article"


def test_beyond_a_bounded_number_the_oldest_entries_pages_are_wanted_no_longer(store: Store) -> None:
    poll(store, A, [draft(str(n), published=NOW - DAY - n) for n in range(MOST_WANTED)])
    poll(store, B, [draft("other")])
    poll(store, A, [draft(f"new{n}", published=NOW - n) for n in range(3)], now=NOW + HOUR)
    names = wanted(store)
    assert names[:3] == ["new0", "new1", "new2"]
    assert names[3:] == [str(n) for n in range(MOST_WANTED - 3)]
    assert wanted(store, B) == ["other"]


def test_pages_that_were_given_up_take_no_room_from_those_that_wait(store: Store) -> None:
    poll(store, A, [draft(str(n), published=NOW - n) for n in range(5)])
    for n in range(5):
        assert store.note_page_failure(entry_id(store, f"Title of {n}"), "gone", final=True)
    poll(store, A, [draft(f"old{n}", published=NOW - DAY - n) for n in range(MOST_WANTED)], now=NOW + HOUR)
    assert len(wanted(store)) == MOST_WANTED


def test_a_page_is_wanted_until_its_last_try(store: Store) -> None:
    poll(store, A, [draft("a")])
    page = entry_id(store, "Title of a")
    for number in range(1, MOST_TRIES + 1):
        assert wanted(store) == ["a"]
        assert store.note_page_failure(page, f"try {number}", final=False) is (number == MOST_TRIES)
        entry = store.entry(page)
        assert entry is not None
        assert entry.article_problem == f"try {number}"
    assert wanted(store) == []


def test_an_article_is_kept_beside_the_text_and_moves_neither_dates_nor_place(store: Store) -> None:
    poll(store, A, [draft("a", content="teaser"), draft("b")])
    before = {entry.title: entry for entry in store.entries(EntryQuery())}
    revision = store.revision()
    store.keep_article(before["Title of a"].id, RawHtml("<p>全文</p>"), NO_POLICY, now=NOW + HOUR)
    after = {entry.title: entry for entry in store.entries(EntryQuery())}
    assert after["Title of a"] == replace(
        before["Title of a"], article=RawHtml("<p>全文</p>"), changed=NOW + HOUR
    )
    assert list(after) == list(before)
    assert store.revision() > revision
    assert wanted(store) == ["b"]


def test_an_edit_by_the_source_leaves_the_article(store: Store) -> None:
    poll(store, A, [draft("a")])
    store.keep_article(entry_id(store, "Title of a"), RawHtml("<p>all</p>"), NO_POLICY, now=NOW)
    poll(store, A, [draft("a", content="edited")], now=NOW + HOUR)
    (entry,) = store.entries(EntryQuery())
    assert (entry.article, entry.content_html) == ("<p>all</p>", "edited")


def test_pages_of_a_host_that_wants_a_pause_wait_for_its_end(store: Store) -> None:
    poll(store, A, [draft("a"), draft("b", url="https://elsewhere.example/b")])
    store.pause_host("example.org", until=NOW + HOUR, now=NOW)
    assert wanted(store) == ["b"]
    assert wanted(store, now=NOW + HOUR) == ["a", "b"]


def test_the_claim_of_a_poll_stays_while_its_pages_are_fetched(store: Store) -> None:
    poll(store, A, [draft("a")], next_poll_at=NOW)
    poll(store, replace(B, full_text=False), [draft("b")], next_poll_at=NOW)
    assert [job.name for job in store.claim_due(now=NOW, limit=9, lease=1, busy=None)] == ["B", "C"]
    (job,) = store.claim(["A"], now=NOW, lease=HOUR)
    store.release([job])
    assert [job.name for job in store.claim_due(now=NOW + 1, limit=9, lease=1, busy=None)] == ["A", "B", "C"]
