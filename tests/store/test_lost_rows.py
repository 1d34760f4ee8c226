"""Rows that are lost: what the doctor says of them; what sources said is not lost by repairs."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from aggregator.exceptions import StoreError
from aggregator.ingest.normalize import normalize
from aggregator.model import EntryDraft, EntryQuery, ParsedEntry, ParsedFeed, RawHtml, Source
from aggregator.store import open_store
from aggregator.store.doctor import examine
from aggregator.store.findings import Level
from aggregator.store.repairs import repair
from tests.store.drafts import DAY, HOUR, NOW, poll
from tests.store.pruned import prune

A, B = (
    Source(name=name, url=f"https://{name.lower()}.example/feed", tags=(name.lower(), "both"))
    for name in "AB"
)
MONDAY = "2027-01-11T08:00:00Z"
KEYS = "SELECT source_id, key, entry_id FROM identities ORDER BY 1, 2"


def item(name: str, text: str = "", **said: str | None) -> ParsedEntry:
    return ParsedEntry(
        title=said.get("title", name),
        link=said.get("link", f"https://x.example/{name}"),
        guid=said.get("guid", f"guid {name}"),
        published=said.get("date", MONDAY),
        content=RawHtml(text or f"About {name}."),
        categories=("news",),
    )


def drafts(*items: ParsedEntry) -> Sequence[EntryDraft]:
    return normalize(ParsedFeed(version="rss20", entries=items), url=A.url).drafts


ARTICLES = (
    item("named"),
    item("linked", guid=None),
    item("nameless", guid=None, link=None),
    item("undated", guid=None, link=None, date=None),
)
EDITED = tuple(replace(each, content=RawHtml(f"{each.content} And more of it.")) for each in ARTICLES[:2])


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A's articles, two of which B has, too, and one more of B."""
    path = tmp_path / "aggregator.db"
    with closing(open_store(str(path))) as store:
        store.sync_sources([A, B], now=NOW)
        poll(store, A, drafts(*ARTICLES))
        poll(store, B, drafts(*ARTICLES[:2], item("other")), now=NOW + HOUR)
    return path


def run(path: Path, *statements: str) -> list[tuple[object, ...]]:
    """Run statements as another program would; return what the last one gives."""
    with closing(sqlite3.connect(path)) as conn, conn:
        for statement in statements:
            rows = conn.execute(statement).fetchall()
    return rows


def problems(path: Path) -> list[str]:
    return [found.message for found in examine(path, now=NOW + DAY) if found.level is Level.PROBLEM]


def polled_again(path: Path, *items: ParsedEntry, source: Source = A) -> tuple[int, int]:
    """Return how many entries another poll adds, and changes."""
    with closing(open_store(str(path))) as store:
        store.sync_sources([A, B], now=NOW)
        tally = poll(store, source, drafts(*items), now=NOW + DAY)
    return tally.new, tally.updated


# --- what entries are recognised by ---------------------------------------------------------------------


def test_lost_keys_are_a_problem_and_are_made_again_as_they_were(database: Path) -> None:
    before = run(database, KEYS)
    run(database, "DELETE FROM identities")
    (message,) = problems(database)
    assert message == "entries that no poll would recognise: 7; --repair mends that"
    assert repair(database)
    assert run(database, KEYS) == before
    assert problems(database) == []
    assert polled_again(database, *EDITED, *ARTICLES[2:]) == (0, 2)


def test_keys_that_were_shared_are_believed_of_nobody_and_are_not_missed(database: Path) -> None:
    shared = [item(name, guid="0", link="https://x.example/log") for name in ("s1", "s2", "s3")]
    polled_again(database, item("s0", guid="0", link="https://x.example/log"))
    assert polled_again(database, *shared)[0] == 3
    before = run(database, KEYS)
    assert problems(database) == []
    run(database, "DELETE FROM identities")
    repair(database)
    assert set(run(database, KEYS)) <= set(before)
    assert problems(database) == []
    assert polled_again(database, *shared) == (0, 0)


def test_an_entry_whose_keys_a_later_one_has_is_not_missed(database: Path) -> None:
    named = "(SELECT id FROM entries WHERE title = 'named')"
    run(database, f"DELETE FROM identities WHERE entry_id = {named}")
    assert problems(database) == ["entries that no poll would recognise: 2; --repair mends that"]
    run(
        database,
        "INSERT INTO identities SELECT s.source_id, CAST(x'67' || s.guid AS BLOB),"
        f" (SELECT max(id) FROM entries) FROM entry_sources AS s WHERE s.entry_id = {named}",
    )
    assert problems(database) == []


def test_lost_keys_of_deleted_entries_are_made_again(database: Path) -> None:
    with closing(open_store(str(database))) as store:
        prune(store, now=NOW + 2 * DAY)
    assert problems(database) == []
    run(database, "DELETE FROM tombstone_keys")
    assert problems(database) == ["deleted entries that no poll would recognise: 5; --repair mends that"]
    repair(database)
    assert problems(database) == []
    assert polled_again(database, *ARTICLES[:2]) == (0, 0)


def test_deleted_entries_whose_tombstones_are_lost_stay_deleted(database: Path) -> None:
    with closing(open_store(str(database))) as store:
        prune(store, now=NOW + 2 * DAY)
    ids = run(database, "SELECT entry_id FROM tombstones ORDER BY 1")
    run(database, "DELETE FROM tombstones")
    assert len(problems(database)) == 1
    repair(database)
    assert run(database, "SELECT entry_id FROM tombstones ORDER BY 1") == ids
    assert polled_again(database, *ARTICLES) == (0, 0)


# --- sources --------------------------------------------------------------------------------------------


def test_a_lost_source_gets_a_placeholder_and_nothing_that_it_said_is_lost(database: Path) -> None:
    tables = ("entries", "entry_sources", "identities", "entry_tags", "polls")
    counts = [run(database, f"SELECT count(*) FROM {table}") for table in tables]
    run(database, "DELETE FROM sources WHERE name = 'A'")
    message = problems(database)[0]
    assert message.startswith("sources that are gone,")
    assert message.endswith(": 1 (1); --repair mends that")
    repair(database)
    assert problems(database) == []
    assert [run(database, f"SELECT count(*) FROM {table}") for table in tables] == counts
    with closing(open_store(str(database))) as store:
        assert len(store.entries(EntryQuery(sources=("lost source 1",)))) == 4


def test_a_source_that_is_called_like_a_placeholder_goes_on_with_its_entries(database: Path) -> None:
    run(database, "DELETE FROM sources WHERE name = 'A'")
    repair(database)
    with closing(open_store(str(database))) as store:
        store.sync_sources([replace(A, name="lost source 1"), B], now=NOW)
        store.sync_sources([A, B], now=NOW)
    assert polled_again(database, *EDITED, *ARTICLES[2:]) == (0, 2)
    assert run(database, "SELECT id, name FROM sources ORDER BY 1") == [(1, "A"), (2, "B")]


def test_a_placeholder_takes_no_name_that_is_taken(database: Path) -> None:
    run(database, "DELETE FROM sources WHERE id = 1", "UPDATE sources SET name = 'lost source 1'")
    repair(database)
    assert problems(database) == []


def test_entries_without_a_source_get_those_that_have_keys_of_them(database: Path) -> None:
    of = "SELECT entry_id, source_id, guid, link, title FROM entry_sources ORDER BY 1, 2"
    before = run(database, of)
    run(database, "DELETE FROM entry_sources")
    assert problems(database) == [
        "entries without a source, with keys that tell which it was: 5; --repair mends that"
    ]
    repair(database)
    assert problems(database) == []
    assert run(database, of) == before
    assert polled_again(database, *EDITED, *ARTICLES[2:]) == (0, 2)


# --- single rows ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", ["revision", "search_version", "changes_seen", "about_store"])
@pytest.mark.parametrize("broken", ["DELETE FROM {0}", "INSERT INTO {0} SELECT * FROM {0}"])
def test_a_table_of_one_row_has_one_after_a_repair(database: Path, table: str, broken: str) -> None:
    run(database, broken.format(table))
    (message,) = problems(database)
    assert message.startswith(f"the one row of {table} is missing, or is not the only one: 1; --repair")
    assert repair(database)
    assert problems(database) == []
    assert run(database, f"SELECT count(*) FROM {table}") == [(1,)]
    assert polled_again(database, *EDITED, item("new"))[0] == 1


def test_a_revision_that_was_lost_is_above_all_that_joined(database: Path) -> None:
    ((joined,),) = run(database, "SELECT max(joined) FROM entries")
    run(database, "DELETE FROM revision")
    repair(database)
    ((number,),) = run(database, "SELECT number FROM revision")
    assert isinstance(number, int)
    assert isinstance(joined, int)
    assert number > joined > 0


@pytest.mark.parametrize("table", ["revision", "search_version"])
def test_a_service_whose_number_is_lost_names_the_doctor(database: Path, table: str) -> None:
    run(database, f"DELETE FROM {table}")
    with pytest.raises(StoreError, match="aggregator doctor"), closing(open_store(str(database))) as store:
        poll(store, A, drafts(item("new")), now=NOW + DAY)


# --- JSON -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "column"),
    [
        *(("entries", column) for column in ("tags", "categories", "rulings")),
        *(("entry_sources", column) for column in ("tags",)),
        *(("sources", column) for column in ("tags", "pace", "rhythm", "about", "selectors")),
    ],
)
@pytest.mark.parametrize("text", ["[", ""])
def test_a_text_that_is_no_json_names_its_row_and_is_made_again(
    database: Path, table: str, column: str, text: str
) -> None:
    value = f"SELECT rowid, {column} FROM {table} ORDER BY 1"
    before = run(database, value)
    name = {"entry_sources": "entry_id"}.get(table, "id")
    ((row, *_),) = run(
        database,
        f"UPDATE {table} SET {column} = '{text}' WHERE rowid = 1"
        if table != "entries"
        else f"UPDATE entries SET {column} = '{text}' WHERE id = (SELECT max(id) FROM entries)",
        f"SELECT {name} FROM {table} WHERE {column} = '{text}'",
    )
    run(database, "DELETE FROM polls WHERE id = 1", "UPDATE polls SET source_id = 77")
    told = problems(database)
    assert f"rows of {table} whose {column} cannot be read: 1 ({row}); --repair mends that" in told
    assert "rows of polls whose sources are gone: 1; --repair mends that" in told, "others are looked at, too"
    assert repair(database)
    assert problems(database) == []
    if (table, column) != ("sources", "tags") and column not in {"pace", "rhythm"}:
        assert run(database, value) == before
    assert polled_again(database, *EDITED)[0] == 0


def test_tags_keep_their_order_and_those_that_rules_gave(database: Path) -> None:
    run(
        database,
        "INSERT INTO entry_tags (tag, surfaced, entry_id, joined)"
        " SELECT 'added', surfaced, id, 9 FROM entries WHERE title = 'named'",
        "DELETE FROM entry_tags WHERE tag = 'both'",
        "UPDATE entries SET tags = 'x'",
    )
    repair(database)
    assert run(database, "SELECT tags FROM entries WHERE title = 'named'") == [('["a","news","b","added"]',)]
    assert problems(database) == []


def test_what_cannot_be_made_again_asks_for_a_backup(database: Path) -> None:
    run(database, "UPDATE entries SET authors = 'nobody' WHERE id = (SELECT min(id) FROM entries)")
    for _ in range(2):
        (message,) = problems(database)
        assert message.endswith("; restore a backup")
        assert repair(database) == []


def test_the_index_of_the_schemas_own_table_is_missed(database: Path) -> None:
    run(database, "DROP INDEX idx__sqlite_migrations_migration_set_name")
    assert any("missing: idx__sqlite_migrations" in message for message in problems(database))
    assert repair(database)
    assert problems(database) == []
