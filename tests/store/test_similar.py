"""Stories that several sources tell in nearly the same words, and what must not be taken for one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

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
from aggregator.store.alike import same_story
from aggregator.store.similar import SHARED, fingerprint, said, source_names, title_number
from tests.store.drafts import DAY, HOUR, NOW, poll
from tests.store.labelled import HERALD, LANGUAGES, Told, lookalikes, others, stories, told_apart

SIMILAR = StoryPolicy(dedupe=Dedupe.SIMILAR)
POST_SOURCE = Source(name="Morning Post", url="https://morningpost.example/rss", tags=("post",))
HERALD_SOURCE = Source(name=HERALD, url="https://eveningherald.example/rss", tags=("herald",))
THIRD = Source(name="Third", url="https://third.example/rss", tags=("third",))
REPORT = " ".join(LANGUAGES["en"].report)
TITLE = LANGUAGES["en"].title


# --- the measure ----------------------------------------------------------------------------------------


def test_the_labelled_pairs_are_many_and_in_six_languages() -> None:
    assert len(stories() | told_apart()) >= 60
    assert len(others() | lookalikes()) >= 80
    assert len(LANGUAGES) == 6


@pytest.mark.parametrize("name", stories())
def test_a_story_that_two_sources_tell_is_one_whichever_comes_first(name: str) -> None:
    first, second = stories()[name]
    assert same_story(first.said, second.said)
    assert same_story(second.said, first.said)


@pytest.mark.parametrize("name", others() | lookalikes())
def test_two_articles_are_two_however_alike_they_are(name: str) -> None:
    first, second = (others() | lookalikes())[name]
    assert not same_story(first.said, second.said)
    assert not same_story(second.said, first.said)


@pytest.mark.parametrize("name", lookalikes())
def test_two_articles_are_two_by_nothing_but_what_they_differ_in(name: str) -> None:
    for told in lookalikes()[name]:
        assert same_story(told.said, replace(told, source="Third", url=None).said)


def test_of_the_labelled_stories_six_in_seven_are_found_and_no_other_article() -> None:
    every, found = stories() | told_apart(), [*stories()]
    assert round(len(found) / len(every), 2) == 0.86
    for first, second in told_apart().values():
        assert not same_story(first.said, second.said)


@settings(deadline=None, max_examples=60)
@given(data=st.data(), code=st.sampled_from([*LANGUAGES]), with_more=st.booleans())
def test_a_word_that_is_changed_added_or_missing_within_a_text_makes_it_another(
    data: st.DataObject, code: str, with_more: bool
) -> None:
    report = Told(LANGUAGES[code].title, " ".join(LANGUAGES[code].report)).said
    words = list(report.text)
    place = data.draw(st.integers(1, len(words) - 2))
    words[place : place + data.draw(st.integers(0, 1))] = [
        data.draw(st.sampled_from(["x", "not", "不", "Ы"]))
    ]
    more = [LANGUAGES[code].boilerplate] * with_more
    edited = Told(LANGUAGES[code].title, " ".join([*words, *more]), HERALD).said
    assert not same_story(report, edited)
    assert not same_story(edited, report)


def test_no_item_of_the_whole_set_is_taken_for_one_of_another_pair() -> None:
    every = [*stories().values()]
    telling = [(name.partition(":")[0], told.said) for name, pair in stories().items() for told in pair]
    assert len(telling) == 2 * len(every)
    wrong = [
        (code, other_code)
        for index, (code, one) in enumerate(telling)
        for other_code, other in telling[index + 1 :]
        if code != other_code and same_story(one, other)
    ]
    assert wrong == []


@pytest.mark.parametrize("name", stories())
def test_a_story_that_two_sources_tell_is_found_by_its_fingerprint(name: str) -> None:
    one, other = (told.said for told in stories()[name])
    shared = fingerprint(one) & fingerprint(other)
    assert len(shared) >= SHARED or title_number(one) in shared


def test_a_fingerprint_depends_on_nothing_but_words() -> None:
    plain = Told(TITLE, REPORT).said
    marked_up = Told(f"  {TITLE.upper()}!", f"<div>{REPORT.replace(' ', '&#32; ')}</div><!-- 2027 -->").said
    assert fingerprint(plain) == fingerprint(marked_up) != frozenset()


def test_what_says_too_little_has_no_fingerprint() -> None:
    assert fingerprint(Told("Weather", REPORT).said) == frozenset()
    assert fingerprint(Told(TITLE, "Sunny, later cloudy.").said) == frozenset()
    assert fingerprint(Told(TITLE, "again and " * 500).said) == frozenset()


@pytest.mark.parametrize("url", [None, "https://[", "https://user:x@", "no url"])
def test_a_source_has_names_whatever_its_url_is(url: str | None) -> None:
    assert "morningpost" in source_names("Morning Post", None, "", url=url)


@settings(deadline=None, max_examples=60)
@given(title=st.text(max_size=60), text=st.text(max_size=600))
def test_any_text_can_be_compared_and_a_text_is_like_itself_when_it_is_specific(
    title: str, text: str
) -> None:
    item = said(title, text, names=frozenset())
    assert bool(fingerprint(item)) == item.is_specific
    assert same_story(item, item) == item.is_specific


# --- entries --------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _configured(store: Store) -> None:
    store.sync_sources([POST_SOURCE, HERALD_SOURCE, THIRD], now=NOW)


def item(
    name: str,
    title: str = TITLE,
    text: str = REPORT,
    *,
    published: int | None = NOW - HOUR,
    enclosures: tuple[Enclosure, ...] = (),
) -> EntryDraft:
    """An item with guid and link of its own."""
    url = f"https://{name}.example/story"
    parsed = ParsedEntry(
        guid=url,
        link=url,
        title=title,
        content=RawHtml(text),
        published=None if published is None else str(published),
        enclosures=enclosures,
    )
    (draft,) = normalize(ParsedFeed(version="rss20", entries=(parsed,)), url=url).drafts
    assert draft.published == published
    return draft


def told(store: Store) -> list[list[str]]:
    """The sources of each entry."""
    return [[source.name for source in entry.sources] for entry in store.walk(EntryQuery())]


def read(store: Store, source: Source, items: Sequence[EntryDraft], *, now: int = NOW) -> tuple[int, int]:
    tally = poll(store, source, items, now=now, policy=SIMILAR, title=source.name)
    return tally.new, tally.updated


def test_a_story_of_two_sources_is_one_entry_with_both_and_the_tags_of_both(store: Store) -> None:
    assert read(store, POST_SOURCE, [item("post")]) == (1, 0)
    text = f"<p>{REPORT}</p><p>{LANGUAGES['en'].boilerplate}</p>"
    assert read(store, HERALD_SOURCE, [item("herald", f"{TITLE} | {HERALD}", text)]) == (0, 1)
    (entry,) = store.walk(EntryQuery())
    assert [source.name for source in entry.sources] == ["Morning Post", HERALD]
    assert entry.tags == ("post", "herald")
    assert (entry.title, entry.content_html, entry.url) == (TITLE, REPORT, "https://post.example/story")


def test_a_joined_item_is_no_news_when_it_is_said_again_or_edited(store: Store) -> None:
    read(store, POST_SOURCE, [item("post")])
    read(store, HERALD_SOURCE, [item("herald")])
    assert read(store, HERALD_SOURCE, [item("herald")], now=NOW + HOUR) == (0, 0)
    assert read(store, HERALD_SOURCE, [item("herald", "Otherwise", "Other.")], now=NOW + DAY) == (0, 0)
    assert told(store) == [["Morning Post", HERALD]]


@pytest.mark.parametrize("dedupe", [Dedupe.URL, Dedupe.OFF])
def test_without_the_policy_what_is_similar_stays_apart(store: Store, dedupe: Dedupe) -> None:
    for source in (POST_SOURCE, HERALD_SOURCE):
        tally = poll(store, source, [item(source.name[:4].strip())], policy=StoryPolicy(dedupe=dedupe))
        assert tally.new == 1


def test_what_was_stored_before_the_policy_is_not_found(store: Store) -> None:
    poll(store, POST_SOURCE, [item("post")])
    assert read(store, HERALD_SOURCE, [item("herald")]) == (1, 0)
    assert read(store, THIRD, [item("third")]) == (0, 1), "but what was stored since is"


def test_two_items_of_one_source_are_never_one_story(store: Store) -> None:
    assert read(store, POST_SOURCE, [item("one"), item("two")]) == (2, 0)
    assert read(store, POST_SOURCE, [item("three")], now=NOW + HOUR) == (1, 0)


def test_one_entry_is_the_story_of_one_item_of_a_document_only(store: Store) -> None:
    read(store, POST_SOURCE, [item("post")])
    assert read(store, HERALD_SOURCE, [item("one"), item("two")]) == (1, 1)


@pytest.mark.parametrize(("apart", "new"), [(2 * DAY, 0), (4 * DAY, 1)])
def test_a_story_is_told_within_three_days(store: Store, apart: int, new: int) -> None:
    read(store, POST_SOURCE, [item("post", published=NOW - 5 * DAY)])
    assert read(store, HERALD_SOURCE, [item("herald", published=NOW - 5 * DAY + apart)])[0] == new


def test_undated_items_are_of_the_day_on_which_they_were_seen(store: Store) -> None:
    read(store, POST_SOURCE, [item("post", published=None)])
    assert read(store, HERALD_SOURCE, [item("herald", published=None)], now=NOW + DAY) == (0, 1)
    assert read(store, THIRD, [item("third", published=None)], now=NOW + 5 * DAY) == (1, 0)


def test_a_heading_that_a_source_has_every_day_joins_nothing(store: Store) -> None:
    column = "What you should know this morning"
    days = [item(f"day{day}", column, published=NOW - day * DAY) for day in (1, 2)]
    read(store, POST_SOURCE, days)
    assert read(store, HERALD_SOURCE, [item("herald", column, published=NOW - HOUR)]) == (1, 0)


def test_a_story_is_found_by_what_it_says_now(store: Store) -> None:
    read(store, POST_SOURCE, [item("post", "Breaking news from the harbour city", "More to follow.")])
    assert read(store, POST_SOURCE, [item("post")], now=NOW + HOUR) == (0, 1)
    assert read(store, HERALD_SOURCE, [item("herald")], now=NOW + HOUR) == (0, 1)
    other = LANGUAGES["de"]
    read(store, POST_SOURCE, [item("post", other.title, " ".join(other.report))], now=NOW + 2 * HOUR)
    assert read(store, THIRD, [item("third")], now=NOW + 2 * HOUR) == (1, 0)


@pytest.mark.parametrize(("kind", "new"), [("audio/mpeg", 1), ("image/jpeg", 0)])
def test_episodes_are_told_apart_by_their_files_and_articles_not_by_their_pictures(
    store: Store, kind: str, new: int
) -> None:
    for source, expected in ((POST_SOURCE, 1), (HERALD_SOURCE, new)):
        name = source.name.split()[0].lower()
        file = Enclosure(url=f"https://{name}.example/file", type=kind)
        assert read(store, source, [item(name, enclosures=(file,))])[0] == expected


def test_a_link_still_makes_a_story_where_the_words_do_not(store: Store) -> None:
    read(store, POST_SOURCE, [item("same", "One", "One.")])
    assert read(store, HERALD_SOURCE, [item("same", "Two", "Two.")]) == (0, 1)


def test_many_entries_that_say_nearly_the_same_do_not_slow_the_next(store: Store) -> None:
    column = LANGUAGES["en"]
    for number, source in enumerate((POST_SOURCE, HERALD_SOURCE)):
        issues = [
            item(
                f"s{number}-{place}",
                f"{column.column}: company {number}-{place}",
                column.issue.format(name=f"Company{number}x{place}", quarter="third", number=place),
                published=NOW - place * 60_000,
            )
            for place in range(300)
        ]
        assert read(store, source, issues) == (300, 0)
