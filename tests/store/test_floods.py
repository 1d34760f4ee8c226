"""A source that changes how it says things says nothing new: no flood, and what is new is not lost in it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.ingest.normalize import normalize
from aggregator.model import Dedupe, EntryQuery, ParsedEntry, ParsedFeed, RawHtml, Source, StoryPolicy
from aggregator.protocols import Store
from aggregator.store import open_store
from tests.store.drafts import DAY, HOUR, NOW, poll

Items = Sequence[ParsedEntry]
Change = Callable[[Items, int], Items]
"""Takes a document's items and the number of the poll; returns them as the source says them now."""

NO_STORIES = StoryPolicy(dedupe=Dedupe.OFF)
ALL = EntryQuery(limit=1000)


def iso(instant: int) -> str:
    return datetime.fromtimestamp(instant / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def article(number: int, *, without: str = "", **said: str) -> ParsedEntry:
    """An article that has everything, but what is named in `without`."""
    parts: dict[str, str | None] = {
        "guid": f"http://a.example/?p={number}",
        "link": f"http://a.example/{number}",
        "title": f"The story, number {number}",
        "published": iso(NOW - (number + 2) * 3 * HOUR),
        "content": f"<p>All that is to be said of {number}, at length.</p>",
        **said,
        **dict.fromkeys(without.split()),
    }
    content = parts.pop("content")
    return ParsedEntry(content=None if content is None else RawHtml(content), **parts)  # type: ignore[arg-type]  # one dict for parts of several types


KINDS: dict[str, Callable[[int], ParsedEntry]] = {
    "everything": article,
    "guid is the link": lambda n: article(n, guid=f"http://a.example/{n}"),
    "opaque guid": lambda n: article(n, guid=f"id-{n}"),
    "no guid": lambda n: article(n, without="guid"),
    "no link": lambda n: article(n, without="link", guid=f"id-{n}"),
    "undated": lambda n: article(n, without="published"),
    "undated, no guid": lambda n: article(n, without="published guid"),
    "undated, no link": lambda n: article(n, without="published link", guid=f"id-{n}"),
    "undated, guid is the link": lambda n: article(n, without="published", guid=f"http://a.example/{n}"),
    "no title": lambda n: article(n, without="title"),
    "no text": lambda n: article(n, without="content"),
    "no name": lambda n: article(n, without="guid link"),
    "no name, undated": lambda n: article(n, without="guid link published"),
    "all link home": lambda n: article(n, link="http://a.example/", guid=f"id-{n}"),
}

ALSO_IN_PAIRS = {"everything", "guid is the link", "no guid", "no link", "undated", "no name"}
"""Of these kinds two changes at once are tried, too."""


def each(change: Callable[[ParsedEntry, int], ParsedEntry]) -> Change:
    return lambda items, number: [change(item, number) for item in items]


def at_urls(change: Callable[[str], str]) -> Change:
    def changed(item: ParsedEntry, _number: int) -> ParsedEntry:
        guid = item.guid and (change(item.guid) if item.guid.startswith("http") else item.guid)
        return replace(item, link=item.link and change(item.link), guid=guid)

    return each(changed)


def later(date: str, span: int) -> str:
    return iso(int(datetime.fromisoformat(date).timestamp() * 1000) + span)


CHANGES: dict[str, tuple[str, Change]] = {
    "reordered": ("", lambda items, number: random.Random(number).sample(items, len(items))),
    "dated now": ("date", each(lambda i, n: replace(i, published=i.published and iso(NOW + n * HOUR)))),
    "dates moved": (
        "date",
        each(lambda i, _: replace(i, published=i.published and later(i.published, 7 * HOUR))),
    ),
    "undated": ("date", each(lambda i, _: replace(i, published=None))),
    "other guids": ("guid", each(lambda i, _: replace(i, guid=i.guid and f"new-{i.title or i.content}"))),
    "a guid per request": (
        "guid",
        each(lambda i, n: replace(i, guid=i.guid and f"r{n}-{i.title or i.content}")),
    ),
    "no guids": ("guid", each(lambda i, _: replace(i, guid=None))),
    "https": ("", at_urls(lambda url: url.replace("http:", "https:"))),
    "tracked": ("", each(lambda i, n: replace(i, link=i.link and f"{i.link}?utm_source=rss&utm_term={n}"))),
    "tracked oddly": ("link", each(lambda i, n: replace(i, link=i.link and f"{i.link}?at={n}"))),
    "another domain": ("link guid-url", at_urls(lambda url: url.replace("a.example", "new.example"))),
    "punctuated": ("", each(lambda i, _: replace(i, title=i.title and f"»{i.title.replace(',', ' –')}« !"))),
    "boilerplate": (
        "text",
        each(lambda i, _: replace(i, content=i.content and RawHtml(i.content + "<p>Follow us</p>"))),
    ),
    "texts gone": ("text", each(lambda i, _: replace(i, content=None))),
}
"""What sources do to their documents, and which parts of items are others after it."""


def is_decidable(item: ParsedEntry, names: Sequence[str]) -> bool:
    """Whether enough of an item is as it was to tell that it is the same."""
    changed = {part for name in names for part in CHANGES[name][0].split()}
    url = "guid-url" in changed and (item.guid or "").startswith("http")
    guid = item.guid is not None and "guid" not in changed and not url
    link = item.link not in {None, "http://a.example/"} and "link" not in changed
    words = item.title is not None or "text" not in changed
    text = words and "text" not in changed
    date = words and item.published is not None and "date" not in changed
    return guid or link or text or date


class Bench:
    """Many sources in one database: each is polled hourly, and every later document has a new article."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def flood(self, source: Source, kind: Callable[[int], ParsedEntry], names: Sequence[str]) -> str:
        """Return what went wrong; nothing, when only the new article of each document is new."""
        old = [kind(number) for number in range(4)]
        self.poll(source, old, 0)
        before = self.entries(source)
        for number in (1, 2):
            items: Items = [kind(100 + number), *old]
            for name in names:
                items = CHANGES[name][1](items, number)
            if (new := self.poll(source, items, number)) != 1:
                return f"{' + '.join(names)}: {new} new ones in poll {number}"
        if [entry for entry in self.entries(source) if entry in before] != before:
            return f"{' + '.join(names)}: other IDs, or another order"
        return ""

    def poll(self, source: Source, items: Items, number: int) -> int:
        drafts = normalize(ParsedFeed(version="rss20", entries=tuple(items)), url=source.url).drafts
        return poll(self.store, source, drafts, now=NOW + number * HOUR, policy=NO_STORIES).new

    def entries(self, source: Source) -> list[tuple[int, int]]:
        """IDs and the instants they surfaced at, in the order of feeds."""
        entries = self.store.entries(replace(ALL, sources=(source.name,)))
        return [(entry.id, entry.surfaced) for entry in entries]


def sources(count: int) -> list[Source]:
    return [Source(name=f"S{number}", url=f"https://a.example/{number}.xml") for number in range(count)]


A = sources(1)[0]


@pytest.fixture
def bench(store: Store) -> Bench:
    store.sync_sources([A], now=NOW)
    return Bench(store)


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_a_source_changes_everywhere_only_the_new_article_is_new(store: Store, kind: str) -> None:
    cases: list[tuple[str, ...]] = [(name,) for name in CHANGES]
    if kind in ALSO_IN_PAIRS:
        cases += combinations(CHANGES, 2)
    cases = [names for names in cases if is_decidable(KINDS[kind](0), names)]
    every = sources(len(cases))
    store.sync_sources(every, now=NOW)
    bench = Bench(store)
    found = [bench.flood(source, KINDS[kind], names) for source, names in zip(every, cases, strict=True)]
    assert [problem for problem in found if problem] == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("change", ["reordered", "https", "dated now", "punctuated"])
def test_a_source_that_empties_itself_and_comes_back_changed_brings_nothing_new(
    bench: Bench, kind: str, change: str
) -> None:
    items = [KINDS[kind](number) for number in range(5)]
    assert bench.poll(A, items, 0) == 5
    assert bench.poll(A, [], 1) == 0
    assert bench.poll(A, CHANGES[change][1](items, 2), 2) == 0


@pytest.mark.parametrize("date", ["the same", "now", "none"])
def test_a_guid_that_is_another_in_ten_polls_brings_nothing_new(bench: Bench, date: str) -> None:
    items: Items = [article(number, without="link") for number in range(5)]
    for number in range(11):
        said = CHANGES["a guid per request"][1](items, number)
        if date != "the same":
            said = CHANGES["dated now" if date == "now" else "undated"][1](said, number)
        assert bench.poll(A, said, number) == (0 if number else 5)


def test_a_change_that_is_taken_back_brings_nothing_new(bench: Bench) -> None:
    items = [article(number) for number in range(5)]
    bench.poll(A, items, 0)
    for number, name in enumerate(["another domain", "other guids", "dated now", "https", "undated"], 1):
        assert bench.poll(A, CHANGES[name][1](items, number), 2 * number) == 0, name
        assert bench.poll(A, items, 2 * number + 1) == 0, f"after {name}"


def test_dates_made_anew_do_not_move_what_subscribers_see(bench: Bench) -> None:
    items = [article(number) for number in range(5)]
    bench.poll(A, items, 0)
    before = bench.entries(A)
    for number in range(1, 6):
        bench.poll(A, CHANGES["dated now"][1](items, number), number)
    assert bench.entries(A) == before


# --- what a flood must not be taken for -----------------------------------------------------------------


@pytest.mark.parametrize("guid", ["1", "42"])
@pytest.mark.parametrize("without", ["link", "published", "link published"])
def test_a_lone_article_in_the_place_of_another_does_not_overwrite_it(
    bench: Bench, guid: str, without: str
) -> None:
    bench.poll(A, [article(1, guid=guid, without=without)], 0)
    assert bench.poll(A, [article(2, guid=guid, without=without)], 1) == 1


def test_notices_of_each_day_are_not_taken_for_dates_made_anew(bench: Bench) -> None:
    def document(day: int) -> Items:
        date = iso(NOW - (9 - day) * DAY)
        towns = ("Berlin", "Bonn", "Ulm", "Kiel", "Jena")
        texts = ["sun" if (day + place) % 2 else "rain" for place in range(5)]
        texts[0] = texts[1] = texts[2] = "fog"  # three are as they were the day before
        return [
            ParsedEntry(title=town, guid=f"{day}-{town}", published=date, content=RawHtml(text))
            for town, text in zip(towns, texts, strict=True)
        ]

    assert bench.poll(A, document(1), 0) == 5
    assert bench.poll(A, document(2), 1) == 5


def test_a_notice_that_is_repeated_among_other_items_is_new_each_time(bench: Bench) -> None:
    others = [article(number) for number in range(5)]
    notices = [
        article(9, guid=f"open-{n}", link=f"http://a.example/open/{n}", published=iso(NOW - n * HOUR))
        for n in (1, 2)
    ]
    bench.poll(A, [notices[0], *others], 0)
    assert bench.poll(A, [notices[1], *others], 1) == 1


@pytest.mark.parametrize(("length", "new"), [(20, 1), (400, 0)])
def test_of_two_undated_links_with_one_text_only_a_long_text_tells_that_they_are_one(
    bench: Bench, length: int, new: int
) -> None:
    said = [
        article(1, content="x" * length, without="published guid", link=f"http://{host}.example/1")
        for host in ("a", "new")
    ]
    bench.poll(A, said[:1], 0)
    assert bench.poll(A, said[1:], 1) == new


# --- any sequence of documents --------------------------------------------------------------------------


@dataclass(frozen=True)
class Saying:
    """One way to say one of the articles."""

    number: int
    guid: str
    link: str
    date: str
    title: str
    text: str

    def item(self, poll_number: int, place: int) -> ParsedEntry:
        own = article(self.number)
        guids = {"own": own.guid, "new": f"{poll_number}-{place}", "place": str(place), "all": "0", "": None}
        links = {
            "own": own.link,
            "https": f"https://a.example/{self.number}?utm_source=x",
            "moved": f"https://new.example/{self.number}",
            "home": "https://a.example/",
            "": None,
        }
        dates = {"own": own.published, "now": iso(NOW + poll_number * HOUR), "day": "2027-01-01", "": None}
        return replace(
            own,
            guid=guids[self.guid],
            link=links[self.link],
            published=dates[self.date],
            title=f"{own.title}{self.title}",
            content=RawHtml(f"{own.content}{self.text}"),
        )


sayings = st.builds(
    Saying,
    number=st.integers(0, 5),
    guid=st.sampled_from(["own", "new", "place", "all", ""]),
    link=st.sampled_from(["own", "https", "moved", "home", ""]),
    date=st.sampled_from(["own", "now", "day", ""]),
    title=st.sampled_from(["", "", "!", " …"]),
    text=st.sampled_from(["", "", "<p>Follow us</p>"]),
)


@settings(deadline=None, max_examples=60)
@given(documents=st.lists(st.lists(sayings, max_size=6), min_size=1, max_size=6))
def test_no_article_is_ever_lost_or_another_and_nothing_that_is_repeated_is_new(
    documents: list[list[Saying]],
) -> None:
    with TemporaryDirectory() as folder:
        store = open_store(str(Path(folder) / "x.db"))
        store.sync_sources([A], now=NOW)
        bench = Bench(store)
        stored: dict[int, str] = {}
        said: set[str] = set()
        for number, document in enumerate(documents):
            items = [saying.item(number, place) for place, saying in enumerate(document)]
            bench.poll(A, items, 2 * number)
            assert bench.poll(A, items, 2 * number + 1) == 0, "the same document again"
            said |= {f"number {saying.number}" for saying in document}
            now = {entry.id: entry.title.rstrip("! …")[-8:] for entry in store.walk(EntryQuery())}
            assert stored.items() <= now.items(), "an entry is the article that it was"
            assert set(now.values()) == said
            stored = now
        store.close()
