"""Each encoding with what the XML declaration and the server say of it: right, wrong, missing, both."""

from __future__ import annotations

import codecs
import json
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.ingest.charsets import commonness, is_jumbled, likeness
from aggregator.ingest.decode import decode
from aggregator.ingest.jsonfeed import parse_json
from aggregator.model import ParsedFeed

SIMPLIFIED = "这是一个关于半导体的新闻，我们在上海的工厂里说了很多话，大家都来了。"
TRADITIONAL = "這是一個關於半導體的新聞，我們在台北的工廠裡說了很多話，大家都來了。"
JAPANESE = "これは半導体の工場についてのニュースです。カタカナもあります。"
KOREAN = "한국어로 쓴 반도체 공장에 관한 소식입니다. 정부는 오늘 발표했다"
RUSSIAN = "Сегодня правительство объявило о новых мерах поддержки заводов, сообщает агентство."
FRENCH = "Une idée générale : le café coûte déjà payé à l’été"

LEGACY = [
    (SIMPLIFIED, "gb18030"),
    (SIMPLIFIED, "gbk"),
    (SIMPLIFIED, "gb2312"),
    (TRADITIONAL, "big5"),
    (JAPANESE, "shift_jis"),
    (JAPANESE, "euc-jp"),
    (JAPANESE, "iso-2022-jp"),
    (KOREAN, "euc-kr"),
    (KOREAN, "cp949"),
    (RUSSIAN, "windows-1251"),
    (RUSSIAN, "koi8-r"),
    (RUSSIAN, "iso-8859-5"),
    (FRENCH, "windows-1252"),
]
SHORT = [
    ("今日要闻", "gb2312"),
    ("要聞", "big5"),
    ("経済", "shift_jis"),
    ("経済", "euc-jp"),
    ("경제", "euc-kr"),
    ("년", "euc-kr"),
    ("Да", "windows-1251"),
    ("é", "iso-8859-1"),
]
LABELS = [
    *("utf-8", "iso-8859-1", "windows-1252", "us-ascii", "gb2312", "big5", "shift_jis", "euc-jp", "euc-kr"),
    *("windows-1251", "no-such-charset"),
]


def document(text: str, declared: str | None) -> str:
    declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else '<?xml version="1.0"?>'
    return f'{declaration}<rss version="2.0"><channel><title>{text}</title></channel></rss>'


def by(label: str | None) -> str:
    return "text/xml" if label is None else f"text/xml; charset={label}"


@pytest.mark.parametrize(("text", "label"), [*LEGACY, *SHORT])
def test_what_the_declaration_says_rightly_holds_whatever_the_server_says(text: str, label: str) -> None:
    for charset in (None, label, *LABELS):
        assert decode(document(text, label).encode(label), by(charset)).text == document(text, label), charset


@pytest.mark.parametrize(("text", "label"), LEGACY)
def test_what_the_server_says_rightly_holds_whatever_is_declared(text: str, label: str) -> None:
    for declared in (None, *LABELS):
        assert decode(document(text, declared).encode(label), by(label)).text == document(text, declared), (
            declared
        )


@pytest.mark.parametrize(("text", "label"), LEGACY)
def test_wrong_and_missing_declarations_spoil_no_text_that_tells_its_encoding(text: str, label: str) -> None:
    for declared, charset in product((None, *LABELS), (None, "utf-8", "iso-8859-1", "no-such-charset")):
        said = document(text, declared)
        assert decode(said.encode(label), by(charset)).text == said, (declared, charset)


@pytest.mark.parametrize(
    "text",
    [
        SIMPLIFIED,
        JAPANESE,
        KOREAN,
        RUSSIAN,
        FRENCH,
        "é",
        "café",
        "Größe",
        "Да",
        "Ελλάδα",
        "שלום",
        "سلام",
        "😀",
    ],
)
def test_utf_8_is_read_whatever_is_said_of_it(text: str) -> None:
    for declared, charset in product((None, *LABELS), repeat=2):
        said = document(text, declared)
        assert decode(said.encode(), by(charset)).text == said, (declared, charset)
        assert decode(codecs.BOM_UTF8 + said.encode(), by(charset)).text == said, (declared, charset)


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("text", [SIMPLIFIED, "é", "😀"])
def test_wide_encodings_are_read_with_and_without_mark_whatever_is_said(text: str, codec: str) -> None:
    for declared, charset in product((None, "utf-8", "utf-16", "gb2312"), (None, *LABELS)):
        said = document(text, declared)
        assert decode(said.encode(codec), by(charset)).text == said
        assert decode(f"\ufeff{said}".encode(codec), by(charset)).text == said


@pytest.mark.parametrize(("text", "label"), [pair for pair in LEGACY if pair[1] != "iso-2022-jp"])
@pytest.mark.parametrize("charset", [None, "right", "utf-8", "iso-8859-1"])
def test_a_json_feed_is_read_in_any_encoding(text: str, label: str, charset: str | None) -> None:
    said = json.dumps(
        {"version": "https://jsonfeed.org/version/1.1", "title": text, "items": []}, ensure_ascii=False
    )
    content_type = by(label if charset == "right" else charset)
    feed = parse_json(said.encode(label), content_type=content_type, url="https://a.example/")
    assert isinstance(feed, ParsedFeed)
    assert feed.title == text


@pytest.mark.parametrize(
    ("text", "encoding"), [(text, "gb18030") for text in ("国家统计局", "体育")] + [("経済産業省", "cp932")]
)
def test_characters_in_common_use_are_known(text: str, encoding: str) -> None:
    assert commonness(text, encoding) == 1
    assert commonness("鼹鼷鼽", encoding) == 0


def test_another_cyrillic_encoding_shows_by_the_case_of_its_letters() -> None:
    misread = RUSSIAN.encode("koi8-r").decode("cp1251")
    assert likeness(RUSSIAN, "cp1251") > 1
    assert likeness(misread, "cp1251") == 0


def test_long_japanese_without_kana_is_none() -> None:
    assert commonness("経済産業省発表資料一覧表示画面", "cp932") == 0


@pytest.mark.parametrize("text", ["Да и Ελλάδα", "\x85", "שלום да"])
def test_scripts_that_no_text_mixes_are_a_jumble(text: str) -> None:
    assert is_jumbled(text)
    assert not is_jumbled("Да и нет, café")


@settings(deadline=None, max_examples=60)  # a busy machine is no fault
@given(
    words=st.lists(
        st.sampled_from(
            ["l’été", "déjà", "Größe", "Ärzte", "señor", "¿Qué?", "œuvre", "smörgåsbord", "3", "€", "–", "½"]
        ),
        min_size=3,
    ),
    label=st.sampled_from(["iso-8859-1", "windows-1252", "us-ascii"]),
)
def test_western_texts_with_a_right_declaration_stay_western(words: list[str], label: str) -> None:
    said = document(" and ".join(words), label)
    assert decode(said.encode("cp1252"), None).text == said


@settings(deadline=None, max_examples=60)  # a busy machine is no fault
@given(
    place=st.integers(0, 30),
    broken=st.binary(min_size=1, max_size=3),
    text=st.sampled_from([SIMPLIFIED, RUSSIAN]),
)
def test_bytes_that_are_broken_in_utf_8_spoil_their_neighbours_at_most(
    place: int, broken: bytes, text: str
) -> None:
    body = text[:place].encode() + b"|" + broken + b"|" + text[place:].encode()
    decoded = decode(document("@", "utf-8").encode().replace(b"@", body), None).text
    assert text[:place] in decoded
    assert text[place:] in decoded
