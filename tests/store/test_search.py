"""Selections by expression: what the search index finds, held against the predicate; and the index itself."""

from __future__ import annotations

import gc
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from aggregator.exceptions import CostError
from aggregator.model import (
    And,
    Budget,
    Entry,
    EntryDraft,
    EntryQuery,
    Expression,
    IdentityKeys,
    RawHtml,
    Rule,
    Source,
    StoryPolicy,
)
from aggregator.protocols import Store
from aggregator.rules.grammar import parse
from aggregator.rules.predicate import compiled
from aggregator.rules.subject import Subject
from aggregator.store import memberships, open_store, search, textindex
from aggregator.store.sqlite import SqliteStore
from benchmarks import invented_store
from tests.rules import invented
from tests.store.drafts import DAY, HOUR, NOW, draft, key, poll

SOURCES = (
    Source(name="BBC News", url="https://bbc.example/feed", tags=("japan", "News")),
    Source(name="日経 C++", url="https://nikkei.example/feed", tags=("Japan",)),
    Source(name="Quiet", url="https://quiet.example/feed"),
)
TAGS = ("japan", "Japan", "News", "C++", "中参馆", "nobody's")


def said(entry: Entry, url: str | None) -> EntryDraft:
    """An item that says what the entry does."""
    text = repr((entry.title, entry.content_html, entry.id))
    return EntryDraft(
        keys=IdentityKeys(
            link=None if url is None else key(url), story=None if url is None else key(url), text=key(text)
        ),
        revision=key(repr(entry)),
        url=url,
        title=entry.title,
        authors=entry.authors,
        published=entry.published,
        language=entry.language,
        summary=entry.summary,
        content_html=entry.content_html,
        categories=entry.categories,
        enclosures=entry.enclosures,
    )


def fill(store: Store, entries: list[Entry]) -> None:
    """Let the sources bring entries in turn: the later ones as news, some with a link that another had."""
    for round_, source in enumerate((*SOURCES, *SOURCES, SOURCES[0])):
        brought = [said(entry, entry.url) for entry in entries[round_ :: len(SOURCES)]]
        now = invented.NOW + round_ * HOUR
        if brought:
            poll(store, source, brought, now=now)
    for entry, stored in zip(entries, store.walk(EntryQuery()), strict=False):
        if entry.article is not None:
            store.keep_article(stored.id, entry.article, StoryPolicy(), now=invented.NOW + DAY)


def path_of(store: Store) -> Path:
    assert isinstance(store, SqliteStore)
    return store._connections.path


class Rows:
    """What a store holds, to select from it the long way."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.subjects = [Subject(entry, invented.NOW) for entry in store.walk(EntryQuery())]
        with closing(sqlite3.connect(path_of(store))) as conn:
            self.tags = {
                (entry, tag): at
                for tag, at, entry in conn.execute("SELECT tag, surfaced, entry_id FROM entry_tags")
            }
            self.sources = {
                (entry, name): at
                for entry, name, at in conn.execute(
                    "SELECT entry_id, name, c.surfaced FROM entry_sources AS c"
                    " JOIN sources AS s ON s.id = source_id"
                )
            }

    def surfaced(self, entry: Entry, query: EntryQuery) -> int | None:
        """Return when an entry met a query's tags and sources; None when it does not."""
        needed = [[self.tags.get((entry.id, tag))] for tag in query.all]
        if query.any:
            needed.append([self.tags.get((entry.id, tag)) for tag in query.any])
        if query.sources:
            needed.append([self.sources.get((entry.id, name)) for name in query.sources])
        met = [min((at for at in each if at is not None), default=None) for each in needed]
        if None in met or any((entry.id, tag) in self.tags for tag in query.none):
            return None
        return max((at for at in met if at is not None), default=entry.surfaced)

    def select(self, query: EntryQuery) -> list[int]:
        """Return what `Store.entries` should select."""
        meets = compiled(query.match or And())
        members = [(self.surfaced(subject.entry, query), subject.id, subject) for subject in self.subjects]
        taken: Counter[str] = Counter()
        chosen: list[tuple[int, int]] = []
        for at, entry_id, subject in sorted(
            members, key=lambda member: (member[0] or 0, member[1]), reverse=True
        ):
            if at is None or not meets(subject):
                continue
            if query.published_since is not None and subject.published < query.published_since:
                continue
            if query.surfaced_since is not None and at < query.surfaced_since:
                continue
            name = subject.entry.source.name
            taken[name] += 1
            if query.per_source is None or taken[name] <= query.per_source:
                chosen.append((at, entry_id))
        if query.window and chosen:
            within = sum(at >= chosen[0][0] - query.window for at, _ in chosen)
            chosen = chosen[: min(max(query.limit, within), max(query.limit, query.cap))]
        else:
            chosen = chosen[: query.limit]
        return [entry_id for _, entry_id in chosen]


def selected(store: Store, query: EntryQuery) -> list[int]:
    return [entry.id for entry in store.entries(query)]


some_tags = st.lists(st.sampled_from(TAGS), max_size=2, unique=True).map(tuple)
some_names = st.lists(
    st.sampled_from([*(source.name for source in SOURCES), "Nobody"]), max_size=2, unique=True
)
instants = st.integers(invented.NOW - 100 * DAY, invented.NOW + 7 * HOUR)
selections = st.builds(
    EntryQuery,
    any=some_tags,
    all=some_tags,
    none=st.one_of(st.just(()), some_tags),
    sources=st.one_of(st.just(()), some_names.map(tuple)),
    match=st.one_of(st.none(), invented.expressions),
    published_since=st.one_of(st.none(), instants),
    surfaced_since=st.one_of(st.none(), st.none(), instants),
    per_source=st.one_of(st.none(), st.integers(1, 3)),
    now=st.just(invented.NOW),
    limit=st.integers(1, 12),
    window=st.sampled_from((0, 2 * HOUR, 50 * DAY)),
    cap=st.sampled_from((3, 1000)),
)


def invented_entries(number: int) -> list[Entry]:
    """Entries that are random, but always the same."""
    found: list[Entry] = []

    @settings(max_examples=number, derandomize=True, database=None, phases=[Phase.generate])
    @given(invented.entries())
    def collect(entry: Entry) -> None:
        found.append(entry)

    collect()
    return found


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rows]:
    store = open_store(str(tmp_path_factory.mktemp("invented") / "aggregator.db"))
    store.sync_sources(SOURCES, now=1)
    fill(store, invented_entries(120))
    yield Rows(store)
    store.close()


@settings(max_examples=300, deadline=None)
@given(expression=invented.expressions)
def test_the_index_finds_what_the_predicate_says_in_the_same_order(
    rows: Rows, expression: Expression
) -> None:
    query = EntryQuery(match=expression, limit=1000, now=invented.NOW)
    found = selected(rows.store, query)
    assert found == rows.select(query)
    assert [entry.id for entry in rows.store.walk(query)] == sorted(found)


@settings(max_examples=300, deadline=None)
@given(query=selections)
def test_all_conditions_of_a_query_combine(rows: Rows, query: EntryQuery) -> None:
    assert selected(rows.store, query) == rows.select(query)


@settings(max_examples=150, deadline=None)
@given(query=selections, size=st.integers(1, 9))
def test_pages_of_any_size_make_up_the_whole_selection(rows: Rows, query: EntryQuery, size: int) -> None:
    whole = replace(query, limit=1000, window=0)
    assert paged(rows.store, whole, size) == selected(rows.store, whole)


def paged(store: Store, query: EntryQuery, size: int) -> list[int]:
    """Return what is selected page by page, each after the last of the one before it, up to the limit."""
    found: list[int] = []
    page = store.entries(replace(query, limit=size))
    while page and len(found) < query.limit:
        found += [entry.id for entry in page]
        page = store.entries(replace(query, limit=size, before=(page[-1].surfaced, page[-1].id)))
    return found[: query.limit]


# --- many entries: where other ways are taken -----------------------------------------------------------


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store of 12,000 short entries: more than are found at once, or few of any condition."""
    path = tmp_path_factory.mktemp("large") / "aggregator.db"
    open_store(str(path)).close()
    invented_store.fill(path, 12_000, words=3)
    with closing(sqlite3.connect(path)) as conn, conn:
        # Every seventh came to be under a tag long after it surfaced, and is as new there.
        conn.execute(
            f"UPDATE entry_tags SET surfaced = surfaced + {DAY} WHERE tag = 'tag1' AND entry_id % 7 = 0"
        )
        conn.execute("UPDATE search_version SET number = 0")
    store = open_store(str(path))  # indexes what is stored
    yield store
    store.close()


@pytest.fixture(scope="module")
def large_rows(large: Store) -> Rows:
    return Rows(large)


MANY = (
    EntryQuery(all=("tag0", "tag1")),
    EntryQuery(any=("tag0", "tag1", "tag5"), none=("tag2",)),
    EntryQuery(all=("tag1",), match=parse("has:title")),
    EntryQuery(all=("tag1",), match=parse("has:title -lang:zh"), limit=700),
    EntryQuery(all=("tag1",), surfaced_since=invented_store.NOW - DAY, limit=1000),
    EntryQuery(match=parse("the"), surfaced_since=invented_store.NOW - DAY, limit=1000),
    EntryQuery(all=("tag0",), match=parse("the"), surfaced_since=invented_store.NOW - DAY, limit=1000),
    EntryQuery(all=("tag1",), match=parse("lang:en words < 100 url:story")),
    EntryQuery(any=("tag0", "tag1", "rare"), match=parse("-lang:zh title:/e/")),
    EntryQuery(sources=("Wire 1", "Wire 2"), all=("tag0",)),
    EntryQuery(any=tuple(f"tag{number}" for number in range(150))),
    EntryQuery(all=("rare", "tag0")),
    EntryQuery(match=parse("the or words > 2"), per_source=1, limit=300),
    EntryQuery(match=parse("lang:en or url:story-1"), none=("tag0", "tag1")),
    EntryQuery(match=parse("(word1 words < 9) or source:9"), limit=500),
    EntryQuery(match=parse("published > 2026-05-20 has:title"), limit=500),
    EntryQuery(match=parse("nothing-like-this")),
    EntryQuery(all=("tag0",), published_since=invented_store.NOW - DAY),
)


@pytest.mark.parametrize("few", [None, 5])
@pytest.mark.parametrize("query", MANY, ids=range(len(MANY)))
def test_of_many_entries_the_same_are_selected_on_every_way(
    large: Store, large_rows: Rows, query: EntryQuery, few: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if few is not None:
        monkeypatch.setattr(search, "_FOUND", few)
        monkeypatch.setattr(memberships, "_FEW", few)
    query = replace(query, now=invented.NOW)
    assert selected(large, query) == large_rows.select(query)
    assert paged(large, query, query.limit // 2) == large_rows.select(query)


def test_a_feed_of_the_config_holds_what_was_noted_for_it_in_the_order_of_its_own(large: Store) -> None:
    found = selected(large, EntryQuery(feed="some", limit=100))
    with closing(sqlite3.connect(path_of(large))) as conn:
        noted = conn.execute(
            "SELECT entry_id FROM feed_entries ORDER BY surfaced DESC, entry_id DESC LIMIT 100"
        )
        assert found == [entry_id for (entry_id,) in noted]
    assert selected(large, EntryQuery(feed="nobody's")) == []


# --- cost -------------------------------------------------------------------------------------------------


def test_a_search_that_looks_at_too_many_entries_ends_with_a_clear_error(large: Store) -> None:
    query = EntryQuery(match=parse("content:/nobody/"), now=invented_store.NOW)
    with pytest.raises(CostError, match=r"500 entries were looked at.*make it narrower, e\.g\. with tag:"):
        large.entries(query, Budget(entries=500, milliseconds=60_000))


def test_a_search_that_takes_too_long_is_broken_off_and_the_next_one_works(large: Store) -> None:
    query = EntryQuery(match=parse("title:/nobody/ or url:nobody"), now=invented_store.NOW)
    with pytest.raises(CostError, match="it took longer than 1 ms"):
        large.entries(query, Budget(entries=10**9, milliseconds=1))
    assert large.entries(query, Budget(entries=10**9, milliseconds=60_000)) == []
    assert large.entries(query) == []


@pytest.mark.parametrize(
    "query",
    [
        EntryQuery(none=("nobody's",), limit=1000),
        EntryQuery(any=("tag1", "tag2", "tag3"), surfaced_since=0, limit=1000),
        EntryQuery(per_source=1, limit=1000),
        EntryQuery(all=("tag1",), published_since=0, limit=1000),
        EntryQuery(before=(1, 1), per_source=3),
        EntryQuery(limit=50),
    ],
    ids=["none", "any", "per source", "since", "before", "few"],
)
def test_the_time_holds_for_selections_without_an_expression_too(large: Store, query: EntryQuery) -> None:
    with pytest.raises(CostError, match="it took longer than 0 ms"):
        large.entries(query, Budget(entries=10**9, milliseconds=0))
    large.entries(query, Budget(entries=10**9, milliseconds=60_000))


@pytest.mark.parametrize(
    "budget", [Budget(entries=10, milliseconds=60_000), Budget(entries=10**9, milliseconds=1)]
)
@pytest.mark.parametrize(
    "query",
    [
        EntryQuery(match=parse("content:/nobody/")),
        EntryQuery(match=parse("content:/nobody/"), any=("tag0", "tag1", "tag2", "tag3")),
        EntryQuery(any=("tag0", "tag1", "tag2"), per_source=1, limit=1000),
    ],
    ids=["index", "members of tags", "tags"],
)
def test_a_selection_that_is_broken_off_leaves_nothing_open(
    large: Store, monkeypatch: pytest.MonkeyPatch, query: EntryQuery, budget: Budget
) -> None:
    faults: list[object] = []
    monkeypatch.setattr("sys.unraisablehook", faults.append)
    other = open_store(str(path_of(large)))
    with pytest.raises(CostError) as caught:  # it holds on to all that was under way
        other.entries(query, budget)
    other.close()
    del caught
    gc.collect()
    assert [fault.exc_value for fault in faults] == []  # type: ignore[attr-defined]  # what the hook is given


def test_what_the_index_tells_alone_costs_no_entries(large: Store) -> None:
    query = EntryQuery(match=parse("the lang:en -tag:tag3 words < 100 title:/e/"), now=invented_store.NOW)
    assert len(large.entries(query, Budget(entries=0, milliseconds=60_000))) == 50


# --- the index follows the entries ------------------------------------------------------------------------


def contents(store: Store) -> tuple[object, ...]:
    """Everything that the index has: of each word the entries, columns and places; and the facts."""
    with closing(sqlite3.connect(path_of(store))) as conn:
        conn.execute("CREATE VIRTUAL TABLE temp.v USING fts5vocab ('main', 'search_text', 'instance')")
        entry = dict(conn.execute("SELECT seq, entry_id FROM search_entries"))
        words = sorted(
            (term, entry[number], column, place)
            for term, number, column, place in conn.execute('SELECT term, doc, col, "offset" FROM temp.v')
        )
        facts = conn.execute("SELECT entry_id, surfaced, dated, words, urls FROM search_entries ORDER BY 1")
        conn.execute("INSERT INTO search_text (search_text) VALUES ('integrity-check')")
        return words, facts.fetchall()


def rebuilt(store: Store) -> tuple[object, ...]:
    """The same, of an index that is built anew."""
    with closing(sqlite3.connect(path_of(store))) as conn, conn:
        conn.execute("UPDATE search_version SET number = 0")
    open_store(str(path_of(store))).close()
    return contents(store)


A = replace(SOURCES[0], name="A", url="https://a.example/feed", tags=("one",))
B = replace(SOURCES[1], name="B", url="https://b.example/feed", tags=("two",))


def test_the_index_follows_edits_joins_articles_and_tags(store: Store) -> None:
    store.sync_sources([A, B], now=NOW)
    poll(store, A, [draft("a", content="some old words"), draft("b", title="Same title"), draft("c")])
    poll(
        store, A, [draft("a", content="other new words, and words"), draft("b", title="Another")], now=NOW + 1
    )
    poll(store, B, [draft("a", guid="elsewhere"), draft("d")], now=NOW + 2)
    poll(store, B, [draft("d", content="", title="", url=None)], now=NOW + 3)
    (newest, *_) = store.entries(EntryQuery())
    store.keep_article(newest.id, RawHtml("<p>The whole article</p>"), StoryPolicy(), now=NOW + 4)
    store.sync_sources([replace(A, tags=("three",)), B], now=NOW + 5)
    assert [entry.title for entry in store.entries(EntryQuery(match=parse("new and tag:three and tag:two")))]
    assert store.entries(EntryQuery(match=parse("content:old or tag:one"))) == []
    kept = contents(store)
    assert kept == rebuilt(store)


def test_what_a_rule_drops_is_not_found_until_it_comes_back(store: Store) -> None:
    store.sync_sources([A], now=NOW)
    policy = StoryPolicy(rules=(Rule(name="1", match=parse("title:spam"), drop=True),))
    poll(store, A, [draft("a", title="Spam, spam"), draft("b")], policy=policy)
    assert [entry.title for entry in store.entries(EntryQuery())] == ["Title of b"]
    assert [entry.title for entry in store.walk(EntryQuery(sources=("A",)))] == ["Title of b"]
    assert store.entries(EntryQuery(match=parse("spam"))) == []
    assert store.entry_count() == 1
    poll(store, A, [draft("a", title="Spam: sorry"), draft("b", title="Spam now")], now=NOW + 1)
    assert len(store.entries(EntryQuery(match=parse("spam")))) == 2
    poll(store, A, [draft("b", title="Spam again")], now=NOW + 2, policy=policy)
    assert [entry.title for entry in store.entries(EntryQuery(match=parse("spam")))] == ["Spam: sorry"]
    assert contents(store) == rebuilt(store)


def test_entries_that_surface_at_or_near_one_instant_are_found_in_the_order_of_feeds(store: Store) -> None:
    store.sync_sources([A], now=NOW)
    poll(store, A, [])
    for now in (NOW + 7, NOW, NOW + 3, NOW + 7):  # each poll's entries take numbers that the next one's want
        dates = [now - 1 - number * 7919 % 40 * HOUR for number in range(40)]
        poll(store, A, [draft(f"{now} {date}", published=date) for date in dates], now=now)
    everything = EntryQuery(limit=200)
    assert len(selected(store, everything)) > 100
    assert selected(store, replace(everything, match=parse("title"))) == selected(store, everything)


def test_an_entry_that_surfaces_anew_moves_up_in_the_index(store: Store) -> None:
    store.sync_sources([A], now=NOW)
    poll(store, A, [draft("a", published=NOW - DAY), draft("b", published=NOW - HOUR)])
    (_, older) = store.entries(EntryQuery())
    with closing(sqlite3.connect(path_of(store))) as conn, conn:
        conn.execute("UPDATE entries SET surfaced = ? WHERE id = ?", (NOW + HOUR, older.id))
    poll(store, A, [draft("a", published=NOW - DAY, content="edited")], now=NOW + DAY)
    assert [entry.id for entry in store.entries(EntryQuery(match=parse("title"), limit=1))] == [older.id]
    assert contents(store) == rebuilt(store)


def test_an_index_of_another_version_is_built_anew_in_batches(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.sync_sources([A], now=NOW)
    poll(store, A, [draft(str(number), title=f"Number {number}") for number in range(25)])
    before = contents(store)
    monkeypatch.setattr(textindex, "_BATCH", 10)
    monkeypatch.setattr(textindex, "VERSION", textindex.VERSION + 1)
    assert rebuilt(store) == before
    with closing(sqlite3.connect(path_of(store))) as conn:
        assert conn.execute("SELECT number FROM search_version").fetchall() == [(textindex.VERSION,)]
