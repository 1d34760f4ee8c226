"""`python -m benchmarks.search`: what it costs to index, find and select stored entries."""

from __future__ import annotations

import sqlite3
import statistics
import tempfile
from contextlib import closing
from pathlib import Path
from time import thread_time

import click

from aggregator.model import EntryQuery
from aggregator.protocols import Store
from aggregator.rules.grammar import parse
from aggregator.rules.subject import Subject
from aggregator.store import open_store, textindex
from aggregator.store.select import read_entries
from benchmarks.invented_store import MINUTE, NOW, fill

_EXPRESSIONS = {
    "common words": "the and of to in word1 word2 word3 word4 word5",
    "rare words in the content": " or ".join(f"content:word{7000 + n}" for n in range(10)),
    "ten words, none of them common": " ".join(f"word{900 + n}" for n in range(10)),
    "alternatives of common words": "title:(the or of or to or in or word1 or word2 or word3 or word4 or w)",
    "negations": "word50 not word1 not word2 not word3 not word4 not word5 not title:the not title:of"
    " not tag:tag7 not lang:ja",
    "negations only": "not the -by -of -to -in -word1 -word2 -word3 -word4 not lang:zh",
    "tags, language, length, parts": "(tag:tag3 or tag:tag4) and lang:en and words > 200 and has:author"
    " and not has:enclosure and domain:example.org and word9 and not title:word1 and published > 2020",
    "all kinds": '(title:word20 or content:"word1 word2" or tag:tag50) and not tag:tag1 and words > 20'
    " and age < 300d and (url:story or source:wire) and lang:en and not author:nobody",
    "phrases": '"word20 word5" or "word6 word31" or ("word1 word9" "word3 word2") or title:"word7 word8" or'
    ' "word10 word11" or "word12 word13" or "word14 word15" or "word16 word17" not "the of"',
    "phrases of the commonest words": '"the of" "word1 the" ("of word2" or "word3 to") -"the in" -"in the"'
    ' -"word4 of" "and the" -"the word5 to" lang:en',
    "beginnings of words": "(title:word123* or title:word45*) content:word300* -tag:tag19* -word777*"
    " -author:xy* -title:word91* lang:en has:title words > 5",
    "Chinese": "芯片 半导 导体 市场 not 风暴 (title:港 or title:河) lang:zh 投资 能源",
    "one part of an address that none has": "url:nowhere",
    "ten parts of addresses that none has": " or ".join(f"url:no{n}where" for n in range(10)),
    "words that none has": "nowhere or nobody or nothing or never or title:nono or (the and nope) or tag:none"
    " or source:nil or lang:xx or author:nemo",
    "common, but never together": "lang:en lang:zh the of to in and word1 has:title has:content",
    "a title's regular expression": "title:/\\bWord1[0-9] of the word\\b/i",
    "numbers only": "words > 5 words < 1000 age > 1d age < 9000d published > 2000 id > 5 words > 6 words > 7"
    " id > 6 words < 999",
    "numbers that none has": "words > 100000 or words > 100001 or age < 1ms or id < 5 or id < 6 or id < 7"
    " or words > 100002 or words > 100003 or id < 8 or id < 9",
}
"""Each of about ten terms, but where said."""

_SELECTIONS = {
    "everything": EntryQuery(),
    "a tag": EntryQuery(all=("tag1",)),
    "a tag that few have": EntryQuery(all=("rare",)),
    "both of two tags": EntryQuery(all=("tag1", "tag2")),
    "both of a common and a rare tag": EntryQuery(all=("tag1", "rare")),
    "any of five tags": EntryQuery(any=tuple(f"tag{number}" for number in range(5))),
    "any of five, not two others": EntryQuery(
        any=tuple(f"tag{number}" for number in range(5)), none=("tag7", "tag8")
    ),
    "a source": EntryQuery(sources=("Wire 3",)),
    "twenty sources": EntryQuery(sources=tuple(f"Wire {number}" for number in range(20))),
    "a source and a tag": EntryQuery(sources=("Wire 3",), all=("tag1",)),
    "a configured feed": EntryQuery(feed="some"),
    "a configured feed, two of each source": EntryQuery(feed="some", per_source=2),
    "a tag, published this week": EntryQuery(all=("tag1",), published_since=NOW - 7 * 24 * 60 * MINUTE),
    "a tag, window of a day": EntryQuery(all=("tag1",), window=24 * 60 * MINUTE),
}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--entries", default=100_000, show_default=True, help="Entries that are searched.")
@click.option("--words", default=200, show_default=True, help="Of an entry's text.")
@click.option(
    "--selected", default=1_000_000, show_default=True, help="Entries that feeds are selected from."
)
@click.option("--runs", default=15, show_default=True, help="Each figure is the median of so many runs.")
def main(*, entries: int, words: int, selected: int, runs: int) -> None:
    """Measure searches, selections and indexing on this machine."""
    with tempfile.TemporaryDirectory() as folder:
        if entries:
            _searches(Path(folder) / "search.db", entries, words, runs)
        if selected:
            _selections(Path(folder), min(10_000, selected), selected, runs)


def _searches(path: Path, entries: int, words: int, runs: int) -> None:
    print(f"{entries:,} entries of {words} words")
    open_store(str(path)).close()
    before = _size(fill(path, entries, words=words))
    with closing(sqlite3.connect(path, isolation_level=None)) as conn:
        conn.row_factory = sqlite3.Row
        microseconds = _index(conn)
    size = _size(path)
    print(f"  indexing an entry: {microseconds:.0f} µs of CPU; {(size - before) / entries:,.0f} bytes")
    store = open_store(str(path))
    for name, text in _EXPRESSIONS.items():
        query = EntryQuery(match=parse(text), now=NOW)
        found = len(store.entries(query))
        print(f"  {name:<40} {_milliseconds(store, query, runs):8.1f} ms, {found} found")
    store.close()


def _selections(folder: Path, few: int, many: int, runs: int) -> None:
    stores = [_unindexed(folder / f"{size}.db", size) for size in (few, many)]
    print(f"selecting from {few:,} and from {many:,} entries")
    for name, query in _SELECTIONS.items():
        # In turns: the machine is faster at one moment than at another.
        turns = [[_milliseconds(store, query, 3) for store in stores] for _ in range(runs)]
        small, large = map(statistics.median, zip(*turns, strict=True))
        print(f"  {name:<40} {small:8.2f} ms {large:8.2f} ms  {large / small - 1:+7.0%}")
    for store in stores:
        store.close()


def _unindexed(path: Path, entries: int) -> Store:
    """Return a filled store without a search index: selections have no expressions."""
    open_store(str(path)).close()
    fill(path, entries, words=3)
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.execute("UPDATE search_version SET number = ?", (textindex.VERSION,))
    return open_store(str(path))


def _index(conn: sqlite3.Connection) -> float:
    """Index every entry, twenty in a transaction as a poll has them; return microseconds for one."""
    ids = [row[0] for row in conn.execute("SELECT id FROM entries ORDER BY surfaced, id")]
    taken = 0.0
    for start in range(0, len(ids), 20):
        subjects = [Subject(entry, NOW) for entry in read_entries(conn, ids[start : start + 20])]
        begun = thread_time()
        conn.execute("BEGIN IMMEDIATE")
        for subject in subjects:
            textindex.put(conn, subject)
        conn.execute("COMMIT")
        taken += thread_time() - begun
    conn.execute("UPDATE search_version SET number = ?", (textindex.VERSION,))
    return taken / len(ids) * 1e6


def _milliseconds(store: Store, query: EntryQuery, runs: int) -> float:
    """Return the CPU that a selection costs, warm; other work on the machine does not count."""
    store.entries(query)
    taken = []
    for _ in range(runs):
        begun = thread_time()
        store.entries(query)
        taken.append(thread_time() - begun)
    return statistics.median(taken) * 1000


def _size(path: Path) -> int:
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.stat().st_size


if __name__ == "__main__":
    main()
