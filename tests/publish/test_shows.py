"""What a source says of itself stands in for what its items do not say."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from lxml import etree

from aggregator.model import About, Enclosure, Entry, Episode, SourceRef
from aggregator.publish.feeds import render
from aggregator.publish.item import items_of
from tests.publish.entries import CHANNEL, SOURCE, an_entry

ITUNES = "{http://www.itunes.com/dtds/podcast-1.0.dtd}"
ATOM = "{http://www.w3.org/2005/Atom}"
COVER = "https://chips.example/cover.jpg"
ICON = "https://reader.example/icon.png"
SHOW = replace(SOURCE, about=About(image=COVER, explicit=True))
OTHER = SourceRef(name="B", url="https://b.example/feed", about=About(image="https://b.example/logo.png"))
XML = pytest.mark.parametrize("form", ["rss", "atom"])


def an_episode(**changes: Any) -> Entry:
    return an_entry(sources=(SHOW,), **changes)


def document(form: str, *entries: Entry, icon: str | None = None) -> etree._Element:
    root = etree.fromstring(render(form, replace(CHANNEL, icon=icon), items_of(entries)).body)
    return root if form == "atom" else root[0]


def json_feed(*entries: Entry) -> Any:
    return json.loads(render("json", CHANNEL, items_of(entries)).body)


def said(element: etree._Element) -> tuple[str | None, str | None]:
    image = element.find(f"{ITUNES}image")
    return None if image is None else image.get("href"), element.findtext(f"{ITUNES}explicit")


@XML
@pytest.mark.parametrize(
    ("episode", "expected"),
    [
        (None, (COVER, "true")),
        (Episode(duration=1), (COVER, "true")),
        (Episode(image="javascript:x()"), (COVER, "true")),
        (
            Episode(image="https://chips.example/1.jpg", explicit=False),
            ("https://chips.example/1.jpg", "false"),
        ),
    ],
)
def test_an_episode_has_its_show_s_picture_and_warning_where_it_says_nothing(
    form: str, episode: Episode | None, expected: tuple[str, str]
) -> None:
    (item,) = document(form, an_episode(episode=episode)).iter("item", f"{ATOM}entry")
    assert said(item) == expected
    assert json_feed(an_episode(episode=episode))["items"][0]["image"] == expected[0]


@XML
@pytest.mark.parametrize("files", [(), (Enclosure(url="https://chips.example/a.pdf"),)])
def test_what_does_not_play_is_no_episode(form: str, files: tuple[Enclosure, ...]) -> None:
    (item,) = document(form, an_episode(enclosures=files)).iter("item", f"{ATOM}entry")
    assert said(item) == (None, None)
    assert "image" not in json_feed(an_episode(enclosures=files))["items"][0]


def test_a_show_that_says_nothing_leaves_it_to_the_entry_s_other_sources() -> None:
    (item,) = json_feed(an_entry(sources=(SOURCE, SHOW, OTHER)))["items"]
    assert item["image"] == COVER


def pictures(*entries: Entry, icon: str | None = None) -> list[str | None]:
    channel = replace(CHANNEL, icon=icon)
    return [
        document("rss", *entries, icon=icon).findtext("image/url"),
        document("atom", *entries, icon=icon).findtext(f"{ATOM}icon"),
        json.loads(render("json", channel, items_of(entries)).body).get("icon"),
    ]


def test_a_feed_of_one_source_has_its_picture_unless_it_has_an_icon_of_its_own() -> None:
    one, two = an_episode(id=1), an_entry(id=2, sources=(OTHER, SHOW))
    assert pictures(one, two) == [COVER] * 3
    assert pictures(one, two, icon=ICON) == [ICON] * 3
    assert pictures(two) == [OTHER.about.image] * 3


def test_a_feed_of_several_sources_or_none_has_no_picture_of_theirs() -> None:
    assert pictures(an_episode(id=1), an_entry(id=2, sources=(OTHER,))) == [None] * 3
    assert pictures() == [None] * 3
    assert pictures(an_entry(sources=(replace(OTHER, about=About(image="javascript:x()")),))) == [None] * 3


@XML
def test_the_show_of_a_feed_with_its_episodes_has_their_picture(form: str) -> None:
    assert said(document(form, an_episode())) == (COVER, "true")
    assert said(document(form, an_entry(sources=(SHOW,), enclosures=()))) == (None, None)


@pytest.mark.parametrize(
    ("feed_id", "source_id"),
    [
        (None, SOURCE.url),
        ("tag:chips.example,2024:feed", "tag:chips.example,2024:feed"),
        ("https://例え.example/", "https://例え.example/"),
        ("60A76C80-d399-11d9-b93c-0003939e0af6", "urn:uuid:60a76c80-d399-11d9-b93c-0003939e0af6"),
        ("feed", SOURCE.url),
        ("https://chips.example/feed?token=s3cr3t", SOURCE.url),
        ("https://me:s3cr3t@chips.example/feed", SOURCE.url),
        ("https://[.]/", "https://[.]/"),
        ("https://℀.example/", "https://℀.example/"),
    ],
)
def test_atom_source_has_the_source_s_own_id_where_that_is_a_uri_without_secrets(
    feed_id: str | None, source_id: str
) -> None:
    entry = an_entry(sources=(replace(SOURCE, about=About(id=feed_id)),))
    source = document("atom", entry).find(f"{ATOM}entry/{ATOM}source")
    assert source is not None
    assert source.findtext(f"{ATOM}id") == source_id
    assert source.findtext(f"{ATOM}title") == SOURCE.name
