"""Podcasts stay podcasts."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import feedparser
import pytest
from lxml import etree

from aggregator.model import Enclosure, Episode
from aggregator.publish.episode import published_episode
from aggregator.publish.feeds import render
from aggregator.publish.item import items_of
from tests.publish.entries import CHANNEL, an_entry

ITUNES = "{http://www.itunes.com/dtds/podcast-1.0.dtd}"
PODCAST = "{https://podcastindex.org/namespace/1.0}"

EPISODE = Episode(
    duration=1834,
    image="https://pods.example/12.jpg",
    number=12,
    season=2,
    kind="full",
    explicit=False,
    chapters=Enclosure(url="https://pods.example/12.json"),
    transcripts=(
        Enclosure(url="https://pods.example/12.vtt"),
        Enclosure(url="https://pods.example/12?f=srt", type="application/srt"),
    ),
)

FACTS = [
    (f"{ITUNES}duration", {}, "1834"),
    (f"{ITUNES}episode", {}, "12"),
    (f"{ITUNES}season", {}, "2"),
    (f"{ITUNES}episodeType", {}, "full"),
    (f"{ITUNES}explicit", {}, "false"),
    (f"{ITUNES}image", {"href": "https://pods.example/12.jpg"}, None),
    (
        f"{PODCAST}chapters",
        {"url": "https://pods.example/12.json", "type": "application/json+chapters"},
        None,
    ),
    (f"{PODCAST}transcript", {"url": "https://pods.example/12.vtt", "type": "text/vtt"}, None),
    (f"{PODCAST}transcript", {"url": "https://pods.example/12?f=srt", "type": "application/srt"}, None),
]
XML = pytest.mark.parametrize("form", ["rss", "atom"])


def podcasts(element: etree._Element) -> list[tuple[str, dict[str, str], str | None]]:
    return [
        (str(child.tag), {str(name): str(value) for name, value in child.items()}, child.text)
        for child in element
        if str(child.tag).startswith((ITUNES, PODCAST))
    ]


def document(form: str, *episodes: Episode | None, icon: str | None = None) -> etree._Element:
    entries = [an_entry(id=number, episode=episode) for number, episode in enumerate(episodes, 1)]
    return etree.fromstring(render(form, replace(CHANNEL, icon=icon), items_of(entries)).body)


def channel(form: str, *episodes: Episode | None, icon: str | None = None) -> etree._Element:
    feed = document(form, *episodes, icon=icon)
    return feed if form == "atom" else feed[0]


@XML
def test_an_item_says_of_its_episode_what_the_source_said(form: str) -> None:
    (item,) = document(form, EPISODE).iter("item", "{*}entry")
    assert podcasts(item) == FACTS


@XML
def test_a_podcast_player_reads_it(form: str) -> None:
    item = feedparser.parse(io.BytesIO(etree.tostring(document(form, EPISODE)))).entries[0]
    assert item.itunes_duration == "1834"
    assert item.image.href == "https://pods.example/12.jpg"
    assert (item.itunes_episode, item.itunes_season, item.itunes_episodetype) == ("12", "2", "full")
    assert item.enclosures[0].href == "https://chips.example/fab.mp3"


@XML
def test_name_spaces_are_declared_once_and_only_where_they_are_needed(form: str) -> None:
    plain = etree.tostring(document(form, None))
    assert b"itunes" not in plain
    assert b"podcast" not in plain
    assert "podcast" not in document(form, replace(EPISODE, chapters=None, transcripts=())).nsmap
    both = etree.tostring(document(form, EPISODE, EPISODE))
    assert both.count(b"xmlns:itunes=") == both.count(b"xmlns:podcast=") == 1


@XML
def test_a_feed_with_episodes_has_its_icon_as_their_show_s_picture(form: str) -> None:
    icon = "https://reader.example/icon.png"
    said = channel(form, EPISODE, None, icon=icon).find(f"{ITUNES}image")
    assert said is not None
    assert said.get("href") == icon
    assert channel(form, None, icon=icon).find(f"{ITUNES}image") is None


@XML
@pytest.mark.parametrize(
    ("said", "channel_says"),
    [
        ([False, False], "false"),
        ([True, False], "true"),
        ([True, None], "true"),
        ([False, None], None),
        ([None], None),
    ],
)
def test_a_feed_is_explicit_as_its_episodes_are_where_they_say_so(
    form: str, said: list[bool | None], channel_says: str | None
) -> None:
    episodes = [replace(EPISODE, explicit=explicit) for explicit in said]
    assert channel(form, *episodes).findtext(f"{ITUNES}explicit") == channel_says


@pytest.mark.parametrize(
    "episode",
    [
        None,
        Episode(),
        Episode(duration=0, number=-1, season=0, kind="Full"),
        Episode(duration=2**31, number=2**70),
        Episode(image="javascript:x()", chapters=Enclosure(url="c.json"), transcripts=(Enclosure(url=""),)),
    ],
)
def test_what_is_not_valid_is_not_said(episode: Episode | None) -> None:
    assert published_episode(episode) is None


def test_json_feed_has_picture_and_duration() -> None:
    (item,) = json.loads(render("json", CHANNEL, items_of([an_entry(episode=EPISODE)])).body)["items"]
    assert item["image"] == "https://pods.example/12.jpg"
    assert [file["duration_in_seconds"] for file in item["attachments"]] == [1834]


COVER = Enclosure(url="https://pods.example/cover.jpg", type="image/jpeg", length=9)
SOUND = Enclosure(url="https://pods.example/12.mp3", type="audio/mpeg")
TEXT = Enclosure(url="https://pods.example/12.txt", type="text/plain")


def test_json_feed_gives_the_duration_to_the_file_that_plays() -> None:
    entry = an_entry(episode=EPISODE, enclosures=(COVER, SOUND, replace(SOUND, url=SOUND.url + "?2")))
    files = json.loads(render("json", CHANNEL, items_of([entry])).body)["items"][0]["attachments"]
    assert [file.get("duration_in_seconds") for file in files] == [None, 1834, None]


@pytest.mark.parametrize("file", [COVER, TEXT])
def test_a_picture_or_a_text_has_no_duration(file: Enclosure) -> None:
    body = render("json", CHANNEL, items_of([an_entry(episode=EPISODE, enclosures=(file,))])).body
    assert b"duration_in_seconds" not in body


@pytest.mark.parametrize(
    ("files", "chosen"),
    [
        ((COVER, SOUND), ("https://pods.example/12.mp3", "audio/mpeg", "0")),
        ((COVER, TEXT), ("https://pods.example/cover.jpg", "image/jpeg", "9")),
        ((replace(SOUND, type="application/ogg", length=2), SOUND), (SOUND.url, "application/ogg", "2")),
    ],
)
def test_the_enclosure_of_rss_is_what_plays_and_has_a_length(files: Any, chosen: tuple[str, ...]) -> None:
    body = render("rss", CHANNEL, items_of([an_entry(enclosures=files)])).body
    (enclosure,) = etree.fromstring(body).iter("enclosure")
    assert (enclosure.get("url"), enclosure.get("type"), enclosure.get("length")) == chosen
