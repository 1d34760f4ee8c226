from __future__ import annotations

import codecs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.ingest.decode import decode

CHINESE = "这是一个关于半导体的新闻，我们在上海的工厂里说了很多话，大家都来了。"
TRADITIONAL = "這是一個關於半導體的新聞，我們在台北的工廠裡說了很多話，大家都來了。"
JAPANESE = "これは半導体の工場についてのニュースです。カタカナもあります。"
FRENCH = "Une idée générale : le café coûte 3 €, « déjà » payé à l'été."


def document(text: str, declared: str | None = None) -> str:
    declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    return f"{declaration}<rss><title>{text}</title></rss>"


@pytest.mark.parametrize(
    ("text", "label", "codec"),
    [
        (CHINESE, "GB18030", "gb18030"),
        (CHINESE, "gb2312", "gb18030"),
        (CHINESE, "x-gbk", "gbk"),
        (TRADITIONAL, "Big5", "big5"),
        (JAPANESE, "Shift_JIS", "cp932"),
        (JAPANESE, "x-sjis", "cp932"),
        (JAPANESE, "EUC-JP", "euc_jp"),
        (JAPANESE, "ISO-2022-JP", "iso2022_jp"),
        ("한국어 뉴스", "EUC-KR", "cp949"),
        (FRENCH, "windows-1252", "cp1252"),
        (FRENCH, "ISO-8859-1", "cp1252"),
        ("новости", "KOI8-R", "koi8-r"),
        ("Сегодня в Москве", "x-mac-cyrillic", "mac-cyrillic"),
        ("שלום עולם", "ISO-8859-8-I", "iso8859-8"),
        ("สวัสดีชาวโลก", "windows-874", "cp874"),
        (CHINESE, "UTF-8", "utf-8"),
        (CHINESE, "utf-16", "utf-16"),
    ],
)
def test_a_right_declaration_is_believed(text: str, label: str, codec: str) -> None:
    by_xml = decode(document(text, label).encode(codec), None)
    by_http = decode(document(text).encode(codec), f'text/xml; charset="{label}"')
    assert by_xml.text == document(text, label)
    assert by_http.text == document(text)
    assert by_xml.mistake is None
    assert by_http.mistake is None


@pytest.mark.parametrize(
    "label", ["ISO-8859-1", "gb18030", "Shift_JIS", "us-ascii", "windows-1252", "euc-jp"]
)
@pytest.mark.parametrize("text", [CHINESE, JAPANESE, "日本"])
def test_valid_utf_8_is_utf_8_whatever_is_said_of_it(label: str, text: str) -> None:
    by_http = decode(document(text).encode(), f"application/xml; charset={label}")
    by_xml = decode(document(text, label).encode(), "application/xml")
    assert by_http.text == document(text)
    assert by_xml.text == document(text, label)
    assert by_http.mistake is not None


def test_one_accented_letter_in_utf_8_is_not_read_as_windows_1252() -> None:
    assert decode(document("café").encode(), "text/xml; charset=iso-8859-1").text == document("café")


def test_a_short_gbk_text_that_is_valid_utf_8_by_accident_is_read_as_declared() -> None:
    assert decode(document("联通", "gbk").encode("gbk"), None).text == document("联通", "gbk")


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        (CHINESE, "gb18030"),
        (TRADITIONAL, "big5"),
        (JAPANESE, "cp932"),
        (JAPANESE, "euc_jp"),
        ("한국어로 쓴 반도체 공장에 관한 소식", "cp949"),
        (FRENCH, "cp1252"),
    ],
)
@pytest.mark.parametrize("declared", [None, "utf-8"])
def test_a_missing_or_wrong_declaration_is_made_up_for(text: str, codec: str, declared: str | None) -> None:
    assert decode(document(text, declared).encode(codec), None).text == document(text, declared)


@pytest.mark.parametrize(
    ("language", "codec", "text"),
    [
        ("zh-CN", "gb18030", "芯片价格"),
        ("zh-TW", "big5", "晶片"),
        ("ja", "euc_jp", "半導体"),
        ("ja", "cp932", "半導体"),
        ("ko", "cp949", "가격 전쟁"),
    ],
)
def test_the_language_helps_to_guess_a_short_text(language: str, codec: str, text: str) -> None:
    said = f"<rss><language>{language}</language><title>{text}</title></rss>"
    assert decode(said.encode(codec), None).text == said


RUSSIAN = "Сегодня в Москве состоялось заседание правительства, на котором обсудили бюджет"


@pytest.mark.parametrize(
    "language", ["en", "en-us", "ru", "uk", "bg", "be", "zh", "zh-cn", "zh-TW", "ja", "ko"]
)
@pytest.mark.parametrize("declared", [None, "utf-8"])
@pytest.mark.parametrize(
    ("text", "codec"),
    [
        (CHINESE, "gb18030"),
        (TRADITIONAL, "big5"),
        (JAPANESE, "cp932"),
        (JAPANESE, "euc_jp"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
    ],
)
def test_a_wrong_language_misleads_no_text_that_tells_its_encoding(
    language: str, declared: str | None, text: str, codec: str
) -> None:
    said = document(f"<language>{language}</language>{text}", declared)
    assert decode(said.encode(codec), None).text == said


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("今天的天气很好", "gb18030"),
        ("新闻:我们在上海的工厂", "gb18030"),
        ("中国经济的未来", "gb18030"),
        ("今天的天氣很好", "big5"),
        ("台灣的半導體產業", "big5"),
        ("ニュース", "cp932"),
        ("お知らせ", "cp932"),
        ("東京のニュース", "euc_jp"),
        ("お知らせ", "euc_jp"),
        ("가격 전쟁", "cp949"),
        ("삼성전자의 새 공장", "cp949"),
        ("정부는 오늘 발표했다", "euc_kr"),
    ],
)
def test_a_short_text_is_told_by_its_commonest_characters(text: str, codec: str) -> None:
    assert decode(document(text).encode(codec), None).text == document(text)


WESTERN = """
I don’t, “Yes”, he said – It’s 5 € naïve café résumé … Élan vital Åland Ängelholm Örebro smörgåsbord på går
Ärzte Öl Übung Straße müßig „Größe“ ‚so‘ l’été où ça l’œuvre «déjà» À Œdipe français ¿Qué? ¡Año! señor corazón
Ávila ½ 20 °C ©2024 ®Acme
"""


@pytest.mark.parametrize("title", ["I don’t", "Åland", "Ärzte", "“Yes”", "Größe", "L’été déjà", "¡Año!"])
def test_a_short_western_text_becomes_no_east_asian_one(title: str) -> None:
    assert decode(document(title).encode("cp1252"), None).text == document(title)


@settings(deadline=None)  # a busy machine is no fault
@given(
    words=st.lists(st.sampled_from(WESTERN.split()), min_size=1), joint=st.sampled_from([" ", "", "</p><p>"])
)
def test_western_texts_without_declaration_are_windows_1252(words: list[str], joint: str) -> None:
    text = document(joint.join(words))
    assert decode(text.encode("cp1252"), None).text == text


@pytest.mark.parametrize("language", ["en", "sv-SE", "de"])
def test_a_western_language_is_believed(language: str) -> None:
    said = f"<rss><language>{language}</language><title>¡ÄÖÄÖÄÖÄÖ!</title></rss>"
    assert decode(said.encode("cp1252"), None).text == said


@pytest.mark.parametrize(
    ("label", "codec", "text"),
    [
        ("windows-1251", "cp1251", "НОВОСТИ о заводе"),
        ("ISO-8859-8", "iso8859-8", "חדשות"),
        ("windows-1253", "cp1253", "ειδήσεις"),
        ("gb2312", "gb18030", CHINESE),
    ],
)
def test_one_undefined_byte_leaves_the_rest_as_declared(label: str, codec: str, text: str) -> None:
    undefined = {"cp1251": b"\x98", "iso8859-8": b"\xa1", "cp1253": b"\xd2", "gb18030": b"\xff"}[codec]
    by_xml = decode(document(text, label).encode(codec) + undefined, None)
    by_http = decode(document(text).encode(codec) + undefined, f"text/xml; charset={label}")
    assert by_xml.text == document(text, label) + "\ufffd"
    assert by_http.text == document(text) + "\ufffd"
    assert by_xml.mistake is None


@pytest.mark.parametrize(
    "label",
    ["iso-8859-15", "iso-8859-2", "iso-8859-9", "windows-1250", "windows-1257", "macintosh"],
)
@pytest.mark.parametrize(
    ("text", "right"),
    [(CHINESE, "gb2312"), (JAPANESE, "shift_jis"), (RUSSIAN, "windows-1251"), (RUSSIAN, "koi8-r")],
)
def test_a_european_encoding_is_not_believed_of_other_texts(label: str, text: str, right: str) -> None:
    said = document(text, label)
    assert decode(said.encode(right), None).text == said
    assert decode(said.encode(right), f"text/xml; charset={right}").text == said
    assert decode(document(text).encode(right), f"text/xml; charset={label}").text == document(text)


def test_a_declared_east_asian_encoding_comes_before_a_european_one() -> None:
    said = document("読売 首相会見 東京五輪", "iso-8859-15")
    assert decode(said.encode("shift_jis"), "text/xml; charset=shift_jis").text == said
    said = document("読売 首相会見 東京五輪", "shift_jis")
    assert decode(said.encode("shift_jis"), "text/xml; charset=iso-8859-15").text == said


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("iso-8859-15", "Élections : où en est-on à l'étranger ? Ça coûte 3 €, c'est déjà été payé à Noël"),
        ("iso-8859-2", "Zażółć gęślą jaźń. Příliš žluťoučký kůň úpěl ďábelské ódy. Árvíztűrő tükörfúrógép"),
        ("windows-1250", "Zażółć gęślą jaźń. Příliš žluťoučký kůň úpěl ďábelské ódy. Árvíztűrő tükörfúrógép"),
        ("iso-8859-7", "Η κυβέρνηση ανακοίνωσε σήμερα νέα μέτρα για την οικονομία, δήλωσε ο υπουργός"),
        ("windows-1253", "ΚΥΒΕΡΝΗΣΗ ΝΕΑ ΜΕΤΡΑ ΓΙΑ ΤΗΝ ΟΙΚΟΝΟΜΙΑ"),
        ("windows-1254", "Türkiye'de şiddetli yağışlar: İstanbul'da çığ ve görüş güçlüğü uyarısı"),
        ("windows-1257", "Žąsų žvėrių ėdžios, šešiasdešimt ūkių. Rūķīši ēd ķirbjus"),
        ("macintosh", "L’été dernier, où étaient déjà les élèves ?"),
    ],
)
def test_a_european_encoding_is_believed_of_european_texts(label: str, text: str) -> None:
    for charset in (None, label, "utf-8", "iso-8859-1", "gb2312", "windows-1252"):
        content_type = f"text/xml; charset={charset}" if charset else None
        assert decode(document(text, label).encode(label), content_type).text == document(text, label), (
            charset
        )


@pytest.mark.parametrize("text", ["שלום", "ئۇيغۇرچە خەۋەرلەر", "한국어 기사", "👩 𠮷"])
def test_four_bytes_a_character_prove_gb18030(text: str) -> None:
    for charset in (None, "utf-8", "iso-8859-1", "windows-1251"):
        content_type = f"text/xml; charset={charset}" if charset else None
        said = document(text, "GB18030")
        assert decode(said.encode("gb18030"), content_type).text == said, charset


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_wide_encodings_are_told_by_their_first_bytes(codec: str) -> None:
    assert decode(document(CHINESE).encode(codec), "text/xml; charset=utf-8").text == document(CHINESE)


@pytest.mark.parametrize(
    ("mark", "codec"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
    ],
)
def test_a_byte_order_mark_has_the_last_word_and_is_removed(mark: bytes, codec: str) -> None:
    decoded = decode(mark + document(JAPANESE).encode(codec), "text/xml; charset=shift_jis")
    assert decoded.text == document(JAPANESE)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        (CHINESE, "gb2312"),
        (RUSSIAN, "windows-1251"),
        (JAPANESE, "shift_jis"),
        ("Größe café", "iso-8859-1"),
    ],
)
@pytest.mark.parametrize("mark", [codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE])
def test_a_byte_order_mark_before_another_encoding_is_passed_over(mark: bytes, text: str, label: str) -> None:
    assert decode(mark + document(text, label).encode(label), None).text == document(text, label)
    assert decode(mark + document(text).encode(label), f"text/xml; charset={label}").text == document(text)
    assert decode(mark + document(text).encode(), None).text == document(text)


def test_one_broken_character_takes_no_text_from_its_byte_order_mark() -> None:
    body = codecs.BOM_UTF8 + document(CHINESE).encode().replace("半".encode(), b"\xe5\x8d")
    assert decode(body, "text/xml; charset=gb2312").text == document(CHINESE).replace("半", "\ufffd")


@pytest.mark.parametrize(
    ("text", "codec", "language"),
    [
        (CHINESE, "gb18030", "zh-cn"),
        (TRADITIONAL, "big5", "zh-tw"),
        (JAPANESE, "cp932", "ja"),
        (JAPANESE, "euc_jp", "ja"),
        ("한국어로 쓴 반도체 공장에 관한 소식입니다", "cp949", "ko"),
        (RUSSIAN, "cp1251", "ru"),
    ],
)
def test_half_a_character_takes_no_guess_from_the_rest(text: str, codec: str, language: str) -> None:
    half = b"\x98" if codec == "cp1251" else text[0].encode(codec)[:1]
    for declared in (None, "utf-8", "iso-8859-1"):
        for said in ("", f"<language>{language}</language>", "<language>en</language>"):
            body = document(f"{said}{text}|", declared).encode(codec).replace(b"|", half + b"...")
            assert f"<title>{said}{text}" in decode(body, None).text, (declared, said)


def test_one_broken_character_spoils_no_other() -> None:
    body = document(CHINESE, "utf-8").encode().replace("半".encode(), b"\xe5\x8d")
    assert decode(body, None).text == document(CHINESE, "utf-8").replace("半", "\ufffd")


@pytest.mark.parametrize(
    "label", ["idna", "punycode", "hex", "zlib", "utf-7", "unicode_escape", "none", "../x", "undefined"]
)
def test_encodings_that_are_none_for_documents_are_passed_over(label: str) -> None:
    assert decode(document("x é", label).encode("cp1252"), f"text/xml; charset={label}").encoding == "cp1252"


@settings(deadline=None)  # a busy machine is no fault
@given(body=st.binary(max_size=300), content_type=st.one_of(st.none(), st.text(max_size=60)))
def test_no_bytes_make_it_raise(body: bytes, content_type: str | None) -> None:
    decode(body, content_type)


@settings(deadline=None)  # a busy machine is no fault
@given(text=st.text(st.characters(codec="utf-8", exclude_characters="\ufeff\x00"), max_size=100))
def test_utf_8_comes_back_as_it_was(text: str) -> None:
    assert decode(f"<a>{text}</a>".encode(), None).text == f"<a>{text}</a>"
