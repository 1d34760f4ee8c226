"""An entry's name in feeds is its guid where no other entry has that, and no two entries share an id."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.identity import entry_name, entry_uri, own_uri
from aggregator.model import Entry, EntryQuery, Source
from aggregator.protocols import Store
from aggregator.store import open_store
from aggregator.store.uris import id_hash, is_name, take_name
from tests.publish.entries import an_entry
from tests.store.drafts import HOUR, NOW, draft, poll

A = Source(name="A", url="https://a.example/feed")
B = Source(name="B", url="https://b.example/feed")
BARE_UUID = "60a76c80-d399-11d9-b93c-0003939e0af6"


def ids(entry: Entry) -> set[str]:
    return {entry_name(entry), entry_uri(entry)}


def named(store: Store) -> dict[str, str | None]:
    return {entry.title: entry.uri for entry in store.walk(EntryQuery())}


@pytest.mark.parametrize(
    "guid",
    [
        "1",
        "jp-0",
        "/relative",
        "a b",
        "記事 1",
        "https://a.example/%zz",
        "https://a.example/@me",
        "yt:video:x",
        "é" * 2000,
    ],
)
def test_a_guid_is_a_name_to_the_letter_whatever_it_is(guid: str) -> None:
    assert is_name(guid)


@pytest.mark.parametrize(
    "guid",
    [
        "",
        " a",
        "a  b",
        "a\nb",
        "a\u3000b",
        "a\x01",
        "a\x7f",
        "a\u200bb",
        "\u202ea",
        "a\ufffe",
        "a\ud800",
        "x" * 2001,
        "JavaScript:alert(1)",
        "data:text/html,x",
        "https://user:secret@a.example/",
    ],
)
def test_what_a_format_could_not_carry_or_should_not_is_no_name(guid: str) -> None:
    assert not is_name(guid)


@pytest.mark.parametrize("guid", ["https://a.example/?p=1", "jp-0"])
def test_an_entrys_name_and_guid_stay_whatever_the_source_says_later(store: Store, guid: str) -> None:
    store.sync_sources([A], now=NOW)
    poll(store, A, [draft("a", guid=guid)])
    poll(store, A, [draft("a", guid=guid + "2", content="Edited")], now=NOW + HOUR)
    (entry,) = store.walk(EntryQuery())
    assert (entry.content_html, entry.guid, entry.uri) == ("Edited", guid, guid)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("https://a.example/", "https://a.example/"),
        ("1", "1"),
        ("Post 1", "post 1"),
        ("post", "ｐｏｓｔ"),
        (BARE_UUID, BARE_UUID.upper()),
        (BARE_UUID, f"urn:uuid:{BARE_UUID}"),
        (f"urn:uuid:{BARE_UUID.upper()}", BARE_UUID),
    ],
)
def test_a_name_that_another_entry_has_or_as_good_as_is_not_used_twice(
    store: Store, first: str, second: str
) -> None:
    store.sync_sources([A, B], now=NOW)
    poll(store, A, [draft("a", guid=first)])
    poll(store, B, [draft("b", guid=second)])
    assert named(store) == {"Title of a": first, "Title of b": None}


def test_a_name_that_all_items_share_is_none_of_theirs(store: Store) -> None:
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


@pytest.mark.parametrize("guid", [None, "jp-0"])
@pytest.mark.parametrize("written", [str, str.upper, lambda urn: urn.removeprefix("urn:uuid:")])
def test_no_source_can_give_its_items_the_ids_of_other_entries(
    store: Store, guid: str | None, written: object
) -> None:
    store.sync_sources([A, B], now=NOW)
    poll(store, A, [draft("a", guid=guid)])
    (entry,) = store.walk(EntryQuery())
    stolen = written(own_uri(entry.id, entry.first_seen))  # type: ignore[operator]  # a function from the list
    poll(store, B, [draft("b", guid=stolen)], now=NOW + HOUR)
    one, two = store.walk(EntryQuery())
    assert ids(one).isdisjoint(ids(two))


@pytest.mark.parametrize("guid", [None, "jp-0"])
def test_an_id_that_a_source_foretold_is_not_given_again(store: Store, guid: str | None) -> None:
    store.sync_sources([A, B], now=NOW)
    foretold = own_uri(NOW, NOW + HOUR)
    poll(store, A, [draft("a", guid=foretold)])
    poll(store, B, [draft("b", guid=guid, published=NOW)], now=NOW + HOUR)
    one, two = store.walk(EntryQuery())
    assert (one.uri, two.id) == (foretold, NOW)
    assert ids(one).isdisjoint(ids(two))


GUIDS = st.one_of(
    st.none(),
    st.text(max_size=3),
    st.sampled_from(
        ["a", "A", " a", "1", "x:1", "X:1", BARE_UUID, BARE_UUID.upper(), f"urn:uuid:{BARE_UUID}"]
    ),
    st.builds(own_uri, st.integers(0, 4), st.just(NOW)),
)


@given(st.lists(GUIDS, max_size=5))
def test_whatever_guids_are_no_two_entries_share_an_id(guids: list[str | None]) -> None:
    with closing(sqlite3.connect(":memory:")) as conn:
        conn.execute("CREATE TABLE published_ids (hash BLOB PRIMARY KEY) WITHOUT ROWID")
        taken: list[bytes] = []
        for number, guid in enumerate(guids):
            uri = take_name(conn, guid, entry_id=number, first_seen=NOW)
            taken += {id_hash(one) for one in ids(an_entry(id=number, first_seen=NOW, uri=uri))}
    assert len(set(taken)) == len(taken)


def as_before_names(path: Path) -> None:
    """Make the database one of the release before, in which only URIs were names."""
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("UPDATE entries SET uri = NULL WHERE uri NOT LIKE 'https:%'")
        conn.execute("DROP TABLE published_ids")
        conn.execute("CREATE UNIQUE INDEX entries_by_uri ON entries (uri) WHERE uri IS NOT NULL")
        conn.execute("DELETE FROM _sqlite_migrations WHERE name = '0017_published_ids'")
        conn.commit()


def test_entries_that_were_stored_before_keep_their_ids_and_nobody_gets_those(tmp_path: Path) -> None:
    path = tmp_path / "aggregator.db"
    items = [draft("a", guid="https://a.example/1"), draft("b", guid="jp-0")]
    with closing(open_store(str(path))) as store:
        store.sync_sources([A, B], now=NOW)
        poll(store, A, items)
    as_before_names(path)
    with closing(open_store(str(path))) as store:
        before = {entry.title: entry for entry in store.walk(EntryQuery())}
        assert before["Title of b"].uri is None
        stolen = [entry_name(entry) for entry in before.values()]
        poll(store, A, items, now=NOW + HOUR)
        poll(store, B, [draft(guid, guid=guid) for guid in (*stolen, "jp-0")], now=NOW + HOUR)
        after = {entry.title: entry for entry in store.walk(EntryQuery())}
    assert {title: ids(after[title]) for title in before} == {title: ids(before[title]) for title in before}
    assert [after[f"Title of {guid}"].uri for guid in (*stolen, "jp-0")] == [None, None, "jp-0"]
