"""Names of a site's files: unique on every disk, and addresses that lead to them."""

from __future__ import annotations

import unicodedata
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.archive.sitenames import Links, Place, stem_of

NAMES = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=40) | st.text(
    "aAbB-_. 2é", min_size=1, max_size=6
)


@pytest.mark.parametrize(
    "name", ["chips", "press-release", "my_feed", "2024", "中参馆", "日本", "é", "ру", "x-2"]
)
def test_a_plain_name_is_kept(name: str) -> None:
    assert stem_of(name) == name


@pytest.mark.parametrize(
    ("name", "readable"),
    [
        ("C++", "c"),
        ("Chips", "chips"),
        ("a/b", "a-b"),
        ("..", "x"),
        ("con", "con"),
        ("LPT1", "lpt1"),
        ("v1.0", "v1-0"),
        ("日本 経済", "日本-経済"),
        ("-rf", "rf"),
        ("x" * 300, "x" * 80),
    ],
)
def test_another_name_keeps_what_can_be_read_of_it(name: str, readable: str) -> None:
    stem = stem_of(name)
    assert stem.rpartition("_")[0] == readable
    assert len(stem.rpartition("_")[2]) == 10


def test_a_name_that_looks_like_a_made_one_gets_another() -> None:
    assert stem_of(stem_of("C++")) != stem_of("C++")


@given(NAMES)
def test_a_name_of_a_file_is_portable(name: str) -> None:
    stem = stem_of(name)
    assert len(unicodedata.normalize("NFD", stem).encode()) <= 92
    assert stem == unicodedata.normalize("NFC", stem)
    assert stem[0] not in "-_."
    assert not [char for char in stem if char not in "-_" and unicodedata.category(char)[0] not in "LMN"]


@given(NAMES, NAMES)
def test_no_two_names_are_one_on_a_disk_that_ignores_case_and_form(one: str, other: str) -> None:
    def on_disk(name: str) -> str:
        return unicodedata.normalize("NFC", unicodedata.normalize("NFD", stem_of(name)).casefold())

    if one != other:
        assert on_disk(one) != on_disk(other)
    for twin in {one.upper(), one.lower(), unicodedata.normalize("NFD", one)} - {one}:
        assert on_disk(twin) != on_disk(one)


@given(NAMES)
def test_a_relative_address_leads_to_the_file_from_wherever_it_is_said(name: str) -> None:
    place = Place(f"tags/{stem_of(name)}")
    links = Links(None)
    assert links.to(place.page("7"), here=place.page("8")) == "7.html"
    assert unquote(links.to(place.page(""), here=place.page("8"))) == f"../{stem_of(name)}.html"
    assert unquote(links.to(place.document("rss"), here="index.html")) == place.document("rss")
    assert links.home(here=place.page("8")) == "../../index.html"
    assert links.to(place.page(""), here="all.html").isascii()


def test_below_a_base_url_addresses_are_whole() -> None:
    links = Links("https://me.example/reading")
    assert links.to("tags/中参馆.rss", here="x/y.html") == (
        "https://me.example/reading/tags/%E4%B8%AD%E5%8F%82%E9%A6%86.rss"
    )
    assert links.home(here="x/y.html") == "https://me.example/reading/"
