"""What counts as an edit, and what as nothing new."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from aggregator.model import Enclosure, Entry, EntryDraft, EntryQuery, RawHtml, Source
from aggregator.protocols import Store
from tests.store.drafts import HOUR, NOW, draft, key, poll

A = Source(name="A", url="https://a.example/feed", tags=("a",))
B = Source(name="B", url="https://b.example/feed")
LATER = NOW + HOUR


def again(item: EntryDraft, **changes: Any) -> EntryDraft:
    """The same item in another revision."""
    return replace(item, revision=key(repr(changes) + "again"), **changes)


def the_entry(store: Store) -> Entry:
    (entry,) = store.entries(EntryQuery())
    return entry


def test_a_new_entry_was_never_edited(store: Store) -> None:
    store.sync_sources([A], now=NOW)
    poll(store, A, [draft()])
    assert the_entry(store).edited is None


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "Another"},
        {"summary": RawHtml("another")},
        {"content_html": RawHtml("another")},
        {"enclosures": (Enclosure(url="https://a.example/x.mp3"),)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_another_text_is_an_edit_of_that_instant(store: Store, changes: dict[str, Any]) -> None:
    store.sync_sources([A], now=NOW)
    poll(store, A, [draft()])
    assert poll(store, A, [again(draft(), **changes)], now=LATER).updated == 1
    assert (the_entry(store).edited, the_entry(store).changed) == (LATER, LATER)


@pytest.mark.parametrize(
    "changes",
    [
        {"published": NOW - 2 * HOUR},
        {"updated": NOW},
        {"authors": ("Ada",)},
        {"url": "https://a.example/moved"},
        {"language": "en"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_is_no_other_text_is_a_change_and_no_edit(store: Store, changes: dict[str, Any]) -> None:
    store.sync_sources([A], now=NOW)
    poll(store, A, [draft()])
    assert poll(store, A, [again(draft(), **changes)], now=LATER).updated == 1
    assert (the_entry(store).edited, the_entry(store).changed) == (None, LATER)


def test_a_change_after_an_edit_keeps_the_edits_instant(store: Store) -> None:
    store.sync_sources([A], now=NOW)
    poll(store, A, [draft()])
    edited = again(draft(), title="Another")
    poll(store, A, [edited], now=LATER)
    poll(store, A, [again(edited, updated=NOW)], now=LATER + HOUR)
    assert (the_entry(store).edited, the_entry(store).changed) == (LATER, LATER + HOUR)


def test_another_tag_is_a_change_and_no_edit(store: Store) -> None:
    store.sync_sources([A], now=NOW)
    poll(store, A, [draft(categories=("x",))])
    assert poll(store, A, [again(draft(), categories=("y",))], now=LATER).updated == 1
    assert (the_entry(store).edited, the_entry(store).changed) == (None, LATER)


@pytest.mark.parametrize(
    ("first", "changes"),
    [
        (draft(), {}),
        # Both dates lie in the future, so that neither is the entry's.
        (draft(published=NOW + 8 * HOUR), {"published": NOW + 9 * HOUR}),
    ],
    ids=["nothing", "unusable date"],
)
def test_a_revision_without_anything_that_subscribers_see_is_no_update(
    store: Store, first: EntryDraft, changes: dict[str, Any]
) -> None:
    store.sync_sources([A], now=NOW)
    poll(store, A, [first])
    before, revision = the_entry(store), store.revision()
    assert poll(store, A, [again(first, **changes)], now=LATER).updated == 0
    assert store.revision() == revision
    after = the_entry(store)
    assert (after.changed, after.edited) == (before.changed, None)


def test_what_another_source_says_of_a_story_is_no_edit(store: Store) -> None:
    store.sync_sources([A, B], now=NOW)
    poll(store, A, [draft()])
    poll(store, B, [draft()], now=NOW + 1)
    revision = store.revision()
    assert poll(store, B, [again(draft(), title="B's own words")], now=LATER).updated == 0
    assert store.revision() == revision
    assert (the_entry(store).title, the_entry(store).edited) == ("Title of a", None)
