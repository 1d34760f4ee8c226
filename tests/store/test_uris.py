from __future__ import annotations

import pytest

from aggregator.model import EntryQuery, Source
from aggregator.protocols import Store
from aggregator.store.uris import global_uri
from tests.store.drafts import HOUR, NOW, draft, poll

A = Source(name="A", url="https://a.example/feed")
B = Source(name="B", url="https://b.example/feed")


@pytest.mark.parametrize(
    "guid",
    [
        "https://a.example/?p=1&q=%E4%B8%AD#x",
        "http://a.example:8080",
        "tag:a.example,2024-04-03:/posts/1",
        "tag:me@a.example,2024:1",
        "urn:uuid:60a76c80-d399-11d9-b93C-0003939e0af6",
    ],
)
def test_absolute_uris_are_ids_everywhere(guid: str) -> None:
    assert global_uri(guid) == guid


@pytest.mark.parametrize(
    "guid",
    [
        None,
        "",
        "1",
        "post:1",
        "/relative",
        "https://",
        "https://a.example/a b",
        "https://a.example/中",
        "https://a.example/%zz",
        "https://user:secret@a.example/",
        "tag:a.example,1",
        "urn:uuid:1",
        "javascript:alert(1)",
        "https://a.example/" + "x" * 2000,
    ],
)
def test_what_names_a_thing_only_within_its_source_or_is_no_valid_uri_is_none(guid: str | None) -> None:
    assert global_uri(guid) is None


def test_an_entrys_uri_and_guid_stay_whatever_the_source_says_later(store: Store) -> None:
    store.sync_sources([A], now=NOW)
    poll(store, A, [draft("a", guid="https://a.example/?p=1")])
    poll(store, A, [draft("a", guid="https://a.example/?p=2", content="Edited")], now=NOW + HOUR)
    (entry,) = store.walk(EntryQuery())
    assert (entry.content_html, entry.guid, entry.uri) == ("Edited", *["https://a.example/?p=1"] * 2)


def test_a_uri_that_another_entry_has_is_not_used_twice(store: Store) -> None:
    store.sync_sources([A, B], now=NOW)
    poll(store, A, [draft("a", guid="https://a.example/")])
    poll(store, B, [draft("b", guid="https://a.example/")])
    assert [entry.uri for entry in store.walk(EntryQuery())] == ["https://a.example/", None]


def test_a_uri_that_all_items_share_is_none_of_theirs(store: Store) -> None:
    store.sync_sources([A], now=NOW)
    poll(store, A, [draft(name, guid="https://a.example/") for name in "ab"])
    assert [entry.uri for entry in store.walk(EntryQuery())] == [None, None]


def test_a_guid_that_comes_later_is_kept_and_the_id_in_feeds_stays(store: Store) -> None:
    store.sync_sources([A], now=NOW)
    poll(store, A, [draft("a", guid=None)])
    (before,) = store.walk(EntryQuery())
    poll(store, A, [draft("a", guid="https://a.example/?p=1")], now=NOW + HOUR)
    (after,) = store.walk(EntryQuery())
    assert (before.guid, after.guid, after.uri) == (None, "https://a.example/?p=1", None)
