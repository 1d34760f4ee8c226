"""How much of an episode is kept, how it is told to have changed, and that nothing said of it does harm."""

from __future__ import annotations

import json
from dataclasses import astuple, replace

from hypothesis import given
from hypothesis import strategies as st

from aggregator.ingest.episodes import LONGEST_URL, MOST_TRANSCRIPTS, episode_from_xml, seconds
from aggregator.ingest.limits import limited, most_text
from aggregator.ingest.normalize import normalize
from aggregator.model import Enclosure, Episode, ParsedEntry, ParsedFeed, RawHtml
from tests.ingest.test_episodes import SITE, URL, YEAR, episode, told


def test_long_urls_and_types_are_not_kept() -> None:
    long = f"{SITE}{'x' * LONGEST_URL}"
    assert told(f'<itunes:image href="{long}"/><podcast:chapters url="{long}"/>') is None
    assert told(f'<itunes:image href="{long.removeprefix(SITE)}"/>') is None
    assert episode(f'<podcast:chapters url="/c" type="{"t" * 101}"/>').chapters == Enclosure(url=f"{SITE}c")


def test_no_more_transcripts_are_kept_than_can_be_meant() -> None:
    said = "".join(f'<podcast:transcript url="/{number}"/>' for number in range(MOST_TRANSCRIPTS + 300))
    assert [file.url for file in episode(said).transcripts] == [f"{SITE}{n}" for n in range(MOST_TRANSCRIPTS)]


def test_the_text_of_episodes_counts_among_that_of_their_document() -> None:
    long = f"{SITE}{'x' * 3_900}"
    heavy = Episode(
        image=long, chapters=Enclosure(url=long), transcripts=(Enclosure(url=long),) * MOST_TRANSCRIPTS
    )
    entries = tuple(ParsedEntry(guid=str(number), episode=heavy) for number in range(100))
    kept = limited(ParsedFeed(version="rss20", entries=entries), size=1)
    assert len(kept.entries) == most_text(1) // (22 * len(long) + 2)


REVISED = ParsedEntry(
    guid="g",
    link="https://a.example/1",
    title="見出し",
    content=RawHtml("<p>x</p>"),
    summary=RawHtml("s"),
    authors=("Ann",),
    published="2024-04-03T01:46:32Z",
    updated="2024-04-04T01:46:32Z",
    categories=("c",),
    enclosures=(Enclosure(url="https://a.example/1.mp3", type="audio/mpeg", length=3),),
    language="ja",
    base_url="https://a.example/",
)


def revision(entry: ParsedEntry) -> bytes:
    (draft,) = normalize(ParsedFeed(version="rss20", entries=(entry,)), url="https://a.example/feed").drafts
    return draft.revision


def test_an_item_without_episode_has_the_revision_that_stores_hold_of_it() -> None:
    assert revision(REVISED).hex() == "ba06c7bad11af91b9cf64ebb689b8726"


def test_each_thing_said_of_an_episode_makes_another_revision() -> None:
    file = Enclosure(url="https://a.example/f")
    said = [
        *(None, Episode(duration=1), Episode(number=1), Episode(season=1), Episode(kind="full")),
        *(Episode(image=file.url), Episode(explicit=False), Episode(explicit=True)),
        *(Episode(chapters=file), Episode(transcripts=(file,)), Episode(transcripts=(file, file))),
    ]
    assert len({revision(replace(REVISED, episode=one)) for one in said}) == len(said)


@given(st.text(st.characters(blacklist_categories=()), max_size=40) | st.integers() | st.floats())
def test_any_duration_is_a_span_that_can_be_or_none(said: object) -> None:
    found = seconds(said)
    assert found is None or 0 < found <= YEAR


TEXTS = st.text(st.characters(blacklist_categories=()), max_size=20)
ELEMENTS = st.sampled_from(
    [
        *("itunes_image", "itunes_duration", "itunes_episode", "itunes_episodetype", "itunes_explicit"),
        *("media_content", "media_thumbnail", "podcast_chapters", "podcast_transcript"),
    ]
)
ATTRIBUTES = st.sampled_from(["url", "href", "type", "duration", "width", "text"])


@given(st.dictionaries(ELEMENTS, st.lists(st.dictionaries(ATTRIBUTES, TEXTS), max_size=3)))
def test_whatever_is_said_the_episode_is_clean(said: dict[str, list[dict[str, str]]]) -> None:
    found = episode_from_xml(said, lambda text: text if isinstance(text, str) else None, (SITE, URL))
    if found is not None:
        json.dumps(astuple(found), ensure_ascii=False).encode()  # raises for a lone surrogate
        files = (*found.transcripts, *filter(None, [found.chapters]))
        for url in (*(file.url for file in files), *filter(None, [found.image])):
            assert url.startswith(("https://", "http://"))
            assert "\x00" not in url
