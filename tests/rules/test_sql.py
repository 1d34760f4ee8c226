"""What SQL can say of an expression. That it finds the right entries is tested with the store."""

from __future__ import annotations

import sqlite3

import pytest

from aggregator.model import And, Expression, Field, Not, Or, Text
from aggregator.rules.grammar import parse
from aggregator.rules.sql import Condition, condition_for

NOW = 1_800_000_000_000
DAY = 86_400_000
SOURCES = {1: "BBC News", 22: "日経"}


def condition(text: str) -> Condition:
    return condition_for(parse(text), now=NOW, sources=SOURCES)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("chips", '"chips"'),
        ("title:C++", 'title : "c + +"'),
        ('author:"Smith"', 'authors : "smith"'),
        ("chip*", '"chip" *'),
        ("芯片", '"芯 片"'),
        ("a b or not c", '("c" NOT ("a" AND "b"))'),
        ("a -b -c", '("a" NOT ("b" OR "c"))'),
        ("tag:'a b'", '"!ta\uff21b"'),
        ("tag:a*", '"!ta" *'),
        ("domain:nikkei.com", '"!d.nikkei.com"'),
        ("lang:zh_Hant", '"!lzh-hant-"'),
        ("has:audio", '"!haudio"'),
        ("source:news", '"!s1"'),
        ("source:/^日/ or source:bbc", '("!s22" OR "!s1")'),
    ],
)
def test_words_and_labels_are_one_query_of_the_full_text_index(text: str, match: str) -> None:
    found = condition(text)
    assert found.exact
    assert found.where == "1"
    assert found.match in {match, f'"!" NOT {match}'}


@pytest.mark.parametrize(
    "text",
    [
        "words > 200",
        "age < 7d",
        "published:2026-11",
        "id:5",
        "url:nikkei",
        "title:/x/",
        "tag:/x/",
        "-words<9",
    ],
)
def test_numbers_addresses_and_expressions_on_names_are_exact_sql(text: str) -> None:
    found = condition(text)
    assert found.exact
    assert found.match is None
    assert found.where != "1"


@pytest.mark.parametrize("text", ["content:/x/", "-content:/x/", "/x/ or title:a", "author:/x/", "x*"])
def test_what_neither_can_say_is_no_bound(text: str) -> None:
    found = condition(text)
    assert not found.exact
    assert (found.match, found.where) == (None, "1")


def test_what_is_asked_for_beside_it_narrows_all_the_same() -> None:
    found = condition("content:/x/ tag:a words > 5")
    assert not found.exact
    assert found.match == '"!ta"'
    assert "f.words > :" in found.where


def test_the_opposite_of_a_bound_that_is_not_exact_is_none() -> None:
    assert condition("-(title:a content:/x/)").match is None
    assert condition("title:b -(title:a content:/x/)").match == 'title : "b"'


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("age < 7d title:a", NOW - 7 * DAY),
        ("published >= 2026-11-01 age < 7d", NOW - 7 * DAY),
        ("age < 7d or title:a", None),
        ("-age<7d", None),
        ("age > 7d", None),
    ],
)
def test_a_condition_that_only_recent_entries_meet_is_known(text: str, since: int | None) -> None:
    assert condition(text).published_since == since


@pytest.fixture(scope="module")
def index() -> sqlite3.Connection:
    conn = sqlite3.connect(":memory:")
    conn.execute("CREATE VIRTUAL TABLE search_text USING fts5 (title, authors, summary, content, labels)")
    conn.execute("CREATE TABLE search_entries (seq INTEGER PRIMARY KEY, entry_id, dated, words, urls)")
    conn.execute("INSERT INTO search_entries VALUES (1, 1, 1, 1, '')")
    return conn


def nested(depth: int) -> Expression:
    term: Expression = Text(Field.TITLE, "x")
    for level in range(depth):
        others = (Text(Field.TITLE, f"w{level}"), Text(Field.URL, f"u{level}")) if level % 5 == 4 else ()
        word = Text(Field.CONTENT, f"c{level}")
        kind = (And, Or)[level % 2]
        term = Not(kind((term, word, *others))) if level % 3 else kind((word, term, *others))
    return term


@pytest.mark.parametrize("depth", [*range(30), 50])
def test_however_deep_an_expression_is_sqlite_can_read_it(index: sqlite3.Connection, depth: int) -> None:
    found = condition_for(nested(depth), now=NOW, sources={})
    tables = "search_entries AS f WHERE"
    if found.match is not None:
        tables = (
            "search_text AS s JOIN search_entries AS f ON f.seq = s.rowid WHERE search_text MATCH :match AND"
        )
    params = {**found.params, "match": found.match, "lo": 0, "hi": 9}
    index.execute(f"SELECT f.seq FROM {tables} ({found.where})", params).fetchall()


def test_everything_and_nothing_can_be_said() -> None:
    everything = condition_for(And(), now=NOW, sources={})
    assert (everything.match, everything.where, everything.exact) == (None, "1", True)
    nothing = condition_for(Or(), now=NOW, sources={})
    assert (nothing.match, nothing.where, nothing.exact) == (None, "0", True)
    assert condition("source:nobody").where == "0"
    assert condition("-source:nobody").where == "1"
