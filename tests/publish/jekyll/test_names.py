from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.publish.jekyll.names import portable_slug, post_name

FAMILY = "👨\u200d👩\u200d👧"
LETTERS = [
    *("a", "B", "é", "e\u0301", "İ", "ﬁ", "日", "ー", "ﾊ\uff9e", "가", "\u1112\u119e\u11ab", "ก็", "น้ำ", "ນ້ຳ"),
    *("की", "क्ष", "ശ്\u200dര", "ម្រ", "a" + "\u0308" * 40, "²", "Ⅷ", "٣"),
]
OTHERS = [
    *(
        "-",
        " ",
        "/",
        "\\",
        "..",
        ":",
        "*",
        "?",
        '"',
        "<",
        ">",
        "|",
        "'",
        "$",
        "`",
        "~",
        "%",
        "#",
        "&",
        ";",
        "(",
    ),
    *("\0", "\n", "\t", "\x7f", "\x85", "\u2028", "\u3000", "\xa0", "\u200b", "\u202e", "\ufeff", "\ufe0f"),
    *(FAMILY, "🇯🇵", "👍🏽", "1\ufe0f\u20e3", "❤\ufe0f", "\u0301", "\u3164", "\ud800", "\ue000", "\U0010ffff"),
]
titles = st.lists(st.sampled_from(LETTERS + OTHERS) | st.characters(), max_size=90).map("".join)


def bytes_of(text: str) -> int:
    return max(len(text.encode()), len(unicodedata.normalize("NFD", text).encode()))


def slug_of(title: str, size: int = 1_000) -> str:
    return portable_slug(title, size=size)


def test_a_name_has_the_day_the_title_and_the_id() -> None:
    name = post_name(day="2024-04-03", title="Acme: “New” fab, 新工場!", entry_id=1_712_108_792_000)
    assert name == "2024-04-03-Acme-New-fab-新工場-1712108792000.md"


@pytest.mark.parametrize("title", ["", "???", "../..", FAMILY, "\u0301", "\u3164\u200d", "🇯🇵 ❤\ufe0f"])
def test_a_title_without_letters_leaves_day_and_id(title: str) -> None:
    assert post_name(day="2024-04-03", title=title, entry_id=7) == "2024-04-03-7.md"


@given(titles, st.integers(1, 2**63 - 1))
def test_any_title_makes_a_name_that_every_system_takes(title: str, entry_id: int) -> None:
    name = post_name(day="2024-04-03", title=title, entry_id=entry_id)
    assert bytes_of(name) <= 200
    assert name == unicodedata.normalize("NFC", name)
    assert name.startswith("2024-04-03-")
    assert name.endswith(f"-{entry_id}.md")
    slug = name[len("2024-04-03-") : -len(f"-{entry_id}.md")]
    assert re.fullmatch(r"(?:[^\W_]|[^\x00-\x7f])*(?:-(?:[^\W_]|[^\x00-\x7f])+)*", slug)
    assert {unicodedata.category(char)[0] for char in slug} <= {"L", "M", "N", "P"}
    assert all(char == "-" for char in slug if unicodedata.category(char)[0] == "P")


@given(titles, st.integers(0, 60))
def test_a_slug_is_the_beginning_of_the_whole_one_and_makes_itself(title: str, size: int) -> None:
    slug = portable_slug(title, size=size)
    assert bytes_of(slug) <= size
    assert slug_of(title, 100_000).startswith(slug)
    assert portable_slug(slug, size=size) == slug


@pytest.mark.parametrize("letter", [letter for letter in LETTERS if bytes_of(letter) > 1])
def test_a_character_as_people_see_it_is_kept_whole_or_not_at_all(letter: str) -> None:
    whole = slug_of(letter)
    for size in range(1, 60):
        fitting = min((size - 1) // bytes_of(whole), 3)
        assert portable_slug("x" + letter * 3, size=size) == "x" + whole * fitting


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("don't stop", "don-t-stop"),
        ("C++ & C# — 100 % .NET", "C-C-100-NET"),
        ("  --spaces__and/dashes--  ", "spaces-and-dashes"),
        (f"a{FAMILY}b", "a-b"),
        ("ＡＢＣ１２３", "ＡＢＣ１２３"),
        ("e\u0301te\u0301", "été"),
        ("Å", "Å"),
        ("ശ്\u200dര", "ശ്ര"),
        ("soft\u00adhyphen and zero\u200bwidth", "softhyphen-and-zerowidth"),
        ("葛\U000e0100城", "葛城"),
        ("مرحبا بالعالم", "مرحبا-بالعالم"),
    ],
)
def test_letters_digits_and_marks_stay_and_each_gap_is_one_dash(title: str, slug: str) -> None:
    assert slug_of(title) == slug


def test_a_long_title_is_cut_between_words_where_it_has_any() -> None:
    assert slug_of("one two three four", 11) == "one-two"
    assert slug_of("one two three four", 13) == "one-two-three"
    assert slug_of("a incomprehensibilities", 11) == "a-incompreh"
    assert slug_of("日本語の題名は長い", 10) == "日本語"
