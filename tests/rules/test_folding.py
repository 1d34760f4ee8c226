"""The form in which texts are compared."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.rules.folding import count_words, fold, fold_prefix, fold_tag
from tests.rules import naive

_CHARACTERS = st.one_of(
    st.characters(codec="utf-8", categories=("L", "M", "N", "P", "S", "Z", "Cc")),
    st.sampled_from("aé… \xa0\0\n_-+#か゛゙\u0308ßİǅΣςｶﾞ芯ไทย️\u200d\xad　、。「ー々〇・한ᄒ½²™☁🇯🇵"),
    st.characters(max_codepoint=127),
)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Press-Release", " press release "),
        ("C++ and C#", " c + + and c # "),
        ("a/b a_b", " a b a b "),
        ("半導体・ニュース", " 半 導 体 ニ ュ ー ス "),
        ("ｶﾞ々々", " ガ 々 々 "),
        ("ＡＢＣ", " abc "),
        ("Straße STRASSE straẞe", " strasse strasse strasse "),
        ("cafe\u0301 CAFÉ", " café café "),
        ("İstanbul", " i\u0307stanbul "),
        ("ไทย", " ไ ท ย "),
        ("한국어", " 한 국 어 "),
        ("नमस्ते", " नमस्ते "),
        ("iPhone发布", " iphone 发 布 "),
        ("in\xadfor\xadmation", " information "),
        ("☁️ 👩\u200d💻", " ☁ 👩 💻 "),
        ("don't AT&T 5% @me", " don t at & t 5 % @ me "),
        ("one\0two", " one two "),
        ("!!! — …", ""),
        ("", ""),
    ],
)
def test_a_text_becomes_its_tokens(text: str, folded: str) -> None:
    assert fold(text) == folded


@settings(max_examples=500, deadline=None)
@given(st.text(_CHARACTERS, max_size=40))
def test_the_tokens_are_those_of_a_plain_reading(text: str) -> None:
    folded = fold(text)
    assert folded.split(" ")[1:-1] == naive.tokens(text)
    assert count_words(folded) == len(naive.tokens(text))


def test_each_character_is_what_its_name_says() -> None:
    wrong = [
        text
        for text in (f"a{chr(code)}b" for code in range(0x10000) if not 0xD800 <= code < 0xE000)
        if fold(text).split() != naive.tokens(text)
    ]
    assert wrong == []


@settings(max_examples=300, deadline=None)
@given(st.text(_CHARACTERS, max_size=40))
def test_a_folded_text_folds_to_itself(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_text_says_each_text_that_stands_in_it_alone(one: str, other: str) -> None:
    assert fold(other) in fold(f"{one} {other}") or not fold(other)
    assert fold(one) in fold(f"{one} {other}") or not fold(one)


def test_a_prefix_lets_the_last_word_go_on() -> None:
    assert fold_prefix("New chip") in fold("new chips")
    assert fold("New chip") not in fold("new chips")


@pytest.mark.parametrize(
    "tag", ["Press  Release", "press release", "ＰＲＥＳＳ　release", " Press\nRelease "]
)
def test_a_tag_is_the_same_in_any_case_and_width(tag: str) -> None:
    assert fold_tag(tag) == "press release"


def test_tags_keep_their_punctuation() -> None:
    assert len({fold_tag(tag) for tag in ("C", "C++", "C#", "a/b", "a b", "..", "%2F")}) == 7
