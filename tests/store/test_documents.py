"""What is the same article over a source's documents, with the keys that real items get."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.ingest.normalize import normalize
from aggregator.model import (
    Dedupe,
    Enclosure,
    EntryDraft,
    EntryQuery,
    ParsedEntry,
    ParsedFeed,
    RawHtml,
    Source,
    StoryPolicy,
)
from aggregator.protocols import Store
from aggregator.store import open_store
from tests.store.drafts import HOUR, NOW, draft, poll

A, B, C = (Source(name=name, url=f"https://{name.lower()}.example/feed", tags=(name,)) for name in "ABC")
MONDAY, TUESDAY = "2027-01-11T08:00:00Z", "2027-01-12T08:00:00Z"


@pytest.fixture(autouse=True)
def _configured(store: Store) -> None:
    store.sync_sources([A, B, C], now=NOW)


def item(
    title: str | None,
    link: str | None = None,
    *,
    guid: str | None = None,
    date: str | None = None,
    text: str | None = None,
) -> ParsedEntry:
    """An item as a document has it; its text follows from the title where it is not said."""
    return ParsedEntry(
        title=title,
        link=None if link is None else f"https://a.example{link}",
        guid=guid,
        published=date,
        content=RawHtml(f"About {title}." if text is None else text),
    )


def drafts(*items: ParsedEntry) -> Sequence[EntryDraft]:
    return normalize(ParsedFeed(version="rss20", entries=items), url=A.url).drafts


class Documents:
    """Polls documents of one source, an hour apart; tells how many entries each added and updated."""

    def __init__(self, store: Store, source: Source = A) -> None:
        self.store = store
        self.source = source
        self.now = NOW

    def add(self, *items: ParsedEntry) -> tuple[int, int]:
        self.now += HOUR
        tally = poll(self.store, self.source, drafts(*items), now=self.now)
        return tally.new, tally.updated

    @property
    def titles(self) -> dict[int, str]:
        return {entry.id: entry.title for entry in self.store.walk(EntryQuery())}


@pytest.fixture
def documents(store: Store) -> Documents:
    return Documents(store)


# --- guids that are none --------------------------------------------------------------------------------


def test_a_constant_guid_does_not_melt_different_texts_into_one(documents: Documents) -> None:
    assert documents.add(*(item(name, guid="0") for name in "abc")) == (3, 0)


@pytest.mark.parametrize("second_date", [TUESDAY, MONDAY])
def test_a_constant_guid_does_not_melt_notes_without_title(documents: Documents, second_date: str) -> None:
    first = item(None, "/1", guid="0", date=MONDAY, text="one")
    assert documents.add(first, item(None, "/2", guid="0", date=second_date, text="two")) == (2, 0)


def test_a_constant_guid_and_a_link_to_the_home_page_melt_nothing_of_the_same_date(
    documents: Documents,
) -> None:
    assert documents.add(*(item(name, "/", guid="0", date=MONDAY) for name in "ab")) == (2, 0)


def test_a_guid_that_is_made_anew_at_each_request_makes_no_new_entries(documents: Documents) -> None:
    assert documents.add(item("a", guid="random-1")) == (1, 0)
    for number in range(2, 5):
        assert documents.add(item("a", guid=f"random-{number}"))[0] == 0


def test_guids_that_count_the_places_of_a_list_overwrite_nobody(documents: Documents) -> None:
    articles = {name: item(name, f"/{name}", date=f"2027-01-1{n}T08:00:00Z") for n, name in enumerate("ABCD")}

    def listed(names: str) -> list[ParsedEntry]:
        return [replace(articles[name], guid=str(place)) for place, name in enumerate(names, 1)]

    documents.add(*listed("CBA"))
    before = documents.titles
    assert documents.add(*listed("DCB"))[0] == 1
    assert {entry_id: documents.titles[entry_id] for entry_id in before} == before
    assert sorted(documents.titles.values()) == ["A", "B", "C", "D"]
    assert documents.add(*listed("DCB")) == (0, 0)


@pytest.mark.parametrize(("text", "entries"), [("Rain.", 2), ("Sun.", 1)])
def test_a_page_that_says_something_else_each_day_is_an_entry_for_each(
    documents: Documents, text: str, entries: int
) -> None:
    documents.add(item("Weather", "/weather", guid="1", date=MONDAY, text="Sun."))
    documents.add(item("Weather", "/weather", guid="2", date=TUESDAY, text=text))
    assert len(documents.titles) == entries


# --- links ----------------------------------------------------------------------------------------------


def test_an_article_beside_another_on_its_page_never_takes_its_place(documents: Documents) -> None:
    a, b = (item(name, "/changelog") for name in "ab")
    assert documents.add(a) == (1, 0)
    assert documents.add(b, a) == (1, 0)
    assert documents.add(b) == (0, 0)
    assert sorted(documents.titles.values()) == ["a", "b"]


def test_a_link_that_was_once_shared_takes_no_edit_for_another_article(documents: Documents) -> None:
    documents.add(item("a", "/page"))
    documents.add(item("b", "/page"), item("a", "/page"))
    documents.add(item("b, edited", "/page"))
    assert "a" in documents.titles.values()


def test_guids_that_count_the_places_of_an_undated_list_overwrite_nobody(documents: Documents) -> None:
    documents.add(*(item(name, f"/{name}", guid=str(place)) for place, name in enumerate("cba")))
    documents.add(*(item(name, f"/{name}", guid=str(place)) for place, name in enumerate("dcb")))
    assert sorted(documents.titles.values()) == ["a", "b", "c", "d"]


def test_of_two_articles_on_one_page_the_one_that_stays_is_not_new(documents: Documents) -> None:
    a, b = (item(name, "/changelog") for name in "ab")
    documents.add(b, a)
    assert documents.add(b) == (0, 0)


def test_links_that_differ_by_their_fragment_are_two_items_that_can_both_be_edited(
    documents: Documents,
) -> None:
    assert documents.add(item("v2", "/log#v2"), item("v1", "/log#v1")) == (2, 0)
    before = documents.titles
    assert documents.add(item("v2, out now", "/log#v2"), item("v1, retired", "/log#v1")) == (0, 2)
    assert documents.titles == {
        key: {"v1": "v1, retired", "v2": "v2, out now"}[before[key]] for key in before
    }


def test_another_title_and_date_at_a_known_link_is_another_article(documents: Documents) -> None:
    documents.add(item("a", "/today", date=MONDAY))
    assert documents.add(item("b", "/today", date=TUESDAY)) == (1, 0)


def test_another_title_of_the_same_date_at_a_known_link_is_an_edit(documents: Documents) -> None:
    documents.add(item("a", "/today", date=MONDAY))
    assert documents.add(item("a, corrected", "/today", date=MONDAY)) == (0, 1)


# --- texts, titles and dates ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "second",
    [
        item("Closed today", "/2", date=TUESDAY),
        item("Closed today", "/2"),
        item("Closed today", guid="2", date=TUESDAY),
    ],
)
def test_a_notice_may_say_the_same_every_day(documents: Documents, second: ParsedEntry) -> None:
    documents.add(item("Closed today", "/1", guid=second.guid and "1", date=MONDAY))
    assert documents.add(second) == (1, 0)


def test_a_title_and_date_that_two_items_share_is_believed_of_neither(documents: Documents) -> None:
    documents.add(item("Minutes", "/1", date=MONDAY, text="one"))
    second, third = (item("Minutes", f"/{name}", date=MONDAY, text=name) for name in ("two", "three"))
    assert documents.add(second, third) == (2, 0)


def test_an_entry_that_one_item_has_claimed_is_not_open_to_another(documents: Documents) -> None:
    documents.add(item("a", "/a", guid="1", date=MONDAY))
    moved = item("a", "/moved", guid="1", date=MONDAY)
    assert documents.add(moved, item("b", "/a")) == (1, 1)
    assert sorted(documents.titles.values()) == ["a", "b"]


# --- stories of several sources -------------------------------------------------------------------------


def test_one_story_is_claimed_by_one_item_of_a_document(store: Store) -> None:
    poll(store, A, [draft("a", url="https://a.example/log")])
    both = [draft(name, url=f"https://a.example/log#{name}") for name in "bc"]
    tally = poll(store, B, both)
    assert (tally.new, tally.updated) == (1, 1)


@pytest.mark.parametrize("sources", [(A, B), (B, A)])
def test_a_comment_and_its_article_are_two_entries_whichever_comes_first(
    store: Store, sources: tuple[Source, Source]
) -> None:
    said = {A: item("An article", "/hello/"), B: item("By: Anna", "/hello/#comment-5")}
    assert [Documents(store, source).add(said[source]) for source in sources] == [(1, 0), (1, 0)]


def test_the_first_entry_with_a_link_stays_its_story(store: Store) -> None:
    policies = {A: Dedupe.URL, B: Dedupe.OFF, C: Dedupe.URL}
    for source, dedupe in policies.items():
        items = [draft("a", guid=source.name)]
        poll(store, source, items, policy=StoryPolicy(dedupe=dedupe))
    assert [[ref.name for ref in entry.sources] for entry in store.walk(EntryQuery())] == [["A", "C"], ["B"]]


def test_a_story_keeps_its_link_as_long_as_one_of_its_sources_says_it(store: Store) -> None:
    for source in (A, B):
        poll(store, source, [draft("a", guid=source.name)])
    poll(store, B, [draft("a", guid="B", url="https://b.example/own")])
    assert poll(store, C, [draft("a", guid="C")]).new == 0


def test_a_link_that_no_source_says_any_more_is_free_for_another_story(store: Store) -> None:
    for source in (A, B):
        poll(store, source, [draft("a", guid=source.name)])
    for source in (A, B):
        poll(store, source, [draft("a", guid=source.name, url="https://b.example/own")])
    assert poll(store, C, [draft("c", guid="C", url="https://example.org/a")]).new == 1


# --- any sequence of documents --------------------------------------------------------------------------


@dataclass(frozen=True)
class Article:
    """An article that never changes; only its guid and its link's scheme may be said anew."""

    name: str
    has_guid: bool
    has_link: bool
    has_date: bool

    def said(self, guid: str, scheme: str) -> ParsedEntry:
        number = "abcdef".index(self.name)
        return ParsedEntry(
            title=f"Title of {self.name}",
            guid=guid if self.has_guid else None,
            link=f"{scheme}://a.example/{self.name}" if self.has_link else None,
            published=f"2027-01-1{number}T08:00:00Z" if self.has_date else None,
            content=RawHtml(f"All of {self.name}."),
        )


def articles(*, whole: bool) -> st.SearchStrategy[list[Article]]:
    flag = st.just(True) if whole else st.booleans()
    return st.tuples(*(st.builds(Article, st.just(name), flag, flag, flag) for name in "abcdef")).map(list)


Documented = list[list[ParsedEntry]]


@st.composite
def own_guids(draw: st.DrawFn, *, rewritten: bool) -> Documented:
    """Documents of articles, some of them twice; perhaps each document with guids of its own."""
    every = draw(articles(whole=False))
    rounds = draw(st.lists(st.lists(st.sampled_from(every), max_size=8), min_size=1, max_size=6))
    documents = []
    for number, chosen in enumerate(rounds):
        scheme = draw(st.sampled_from(["http", "https"]))
        again = f"-{number}" if rewritten else ""
        documents.append([article.said(f"{article.name}{again}", scheme) for article in chosen])
    return documents


@st.composite
def places_as_guids(draw: st.DrawFn) -> Documented:
    every = draw(articles(whole=True))
    rounds = draw(st.lists(st.lists(st.sampled_from(every), unique=True), min_size=1, max_size=6))
    return [[article.said(str(place), "https") for place, article in enumerate(each)] for each in rounds]


@settings(deadline=None, max_examples=60)
@given(documents=st.one_of(own_guids(rewritten=False), own_guids(rewritten=True), places_as_guids()))
def test_an_article_that_never_changes_is_stored_once_whatever_the_documents_hold(
    documents: Documented,
) -> None:
    with TemporaryDirectory() as folder:
        store = open_store(str(Path(folder) / "x.db"))
        store.sync_sources([A], now=NOW)
        bench = Documents(store)
        for document in documents:
            bench.add(*document)
        stored = sorted(bench.titles.values())
        store.close()
    assert stored == sorted({str(said.title) for document in documents for said in document})


# --- what was lost or doubled once ----------------------------------------------------------------------


def test_a_guid_of_its_own_holds_whatever_else_is_edited(documents: Documents) -> None:
    documents.add(item("a", "/a", guid="p1"))
    assert documents.add(item("a, edited", "/a2", guid="p1")) == (0, 1)
    assert documents.add(item("a, again", "/a3?sid=9", guid="p1", date=TUESDAY)) == (0, 1)


def test_what_has_no_usable_name_is_known_by_its_text_whatever_the_date(
    documents: Documents,
) -> None:
    documents.add(*(item(name, "/", date=MONDAY) for name in "abc"))
    assert documents.add(*(item(name, "/?utm_campaign=2", date=TUESDAY) for name in "abc"))[0] == 0


def test_a_joined_story_that_its_second_source_edits_is_the_same_story(store: Store) -> None:
    first, second = Documents(store, A), Documents(store, B)
    first.add(item("a", "/story", date=MONDAY))
    second.add(item("a | B", "/story", date=TUESDAY))
    assert second.add(item("a | B, edited", "/story", date=TUESDAY))[0] == 0


def test_notes_without_title_on_one_page_are_told_apart_by_their_guids(documents: Documents) -> None:
    documents.add(item(None, "/log", guid="g1", text="one"))
    assert documents.add(item(None, "/log", guid="g2", text="two")) == (1, 0)


def test_items_whose_guid_is_their_common_page_are_not_melted(documents: Documents) -> None:
    assert documents.add(*(item(name, "/log", guid="/log", date=MONDAY) for name in "abcde")) == (5, 0)


def test_items_that_are_nothing_but_files_are_told_apart_by_them(documents: Documents) -> None:
    files = [
        ParsedEntry(enclosures=(Enclosure(url=f"https://a.example/{name}.mp3"),)) for name in ("1", "2", "3")
    ]
    assert documents.add(*files) == (3, 0)
    assert documents.add(*files) == (0, 0)


def test_a_guid_that_turns_out_to_be_shared_overwrites_nobody(documents: Documents) -> None:
    documents.add(item("a", guid="0"))
    documents.add(item("b", guid="0"), item("a", guid="0"))
    documents.add(item("b", guid="0"))
    assert sorted(documents.titles.values()) == ["a", "b"]


def test_an_old_undated_entry_is_no_news_under_a_tag_that_it_gets_later(documents: Documents) -> None:
    documents.add(replace(item("old"), categories=("before",)))
    documents.now += 31 * 24 * HOUR
    documents.add(item("new"), replace(item("old"), categories=("after",)))
    (old,) = documents.store.entries(EntryQuery(all=("after",)))
    tagged = documents.store.tag_counts()
    assert next(count.surfaced for count in tagged if count.tag == "after") == old.surfaced


def test_a_page_that_carries_another_article_is_that_articles_story_from_then_on(store: Store) -> None:
    first, second = Documents(store, A), Documents(store, B)
    first.add(item("mon", "/today", date=MONDAY))
    first.add(item("tue", "/today", date=TUESDAY))
    assert second.add(item("tue", "/today", date=TUESDAY)) == (0, 1)
    (joined,) = store.entries(EntryQuery(sources=("B",)))
    assert joined.title == "tue"


def test_texts_that_an_earlier_version_wrote_otherwise_are_learnt_anew(documents: Documents) -> None:
    said = item("What: is new?", "/a", guid="1-a")
    (now,) = drafts(said)
    (before,) = drafts(said)
    old_keys = replace(before.keys, text=b"another hash of it", title_date=None)
    poll(documents.store, A, [replace(before, keys=old_keys)], now=NOW)
    assert poll(documents.store, A, [now], now=NOW + HOUR).updated == 0
    assert documents.add(item("What: is new?", guid="2-b")) == (0, 1)
