from __future__ import annotations

import pytest

from aggregator.ingest.decode import decode
from aggregator.ingest.extensions import decode_leniently, decode_strictly

JAPANESE = "第①回 ㈱日本のⅡ"


@pytest.mark.parametrize(
    ("body", "encoding", "text"),
    [
        (JAPANESE.encode("euc_jis_2004"), "euc_jp", JAPANESE),
        (b"\x1b$B\x2d\x21\x46\x7c\x1b(B", "iso2022_jp", "①日"),
        (b"\x1b$B\x46\x7c\x2d\x6a\x1b(B x", "iso2022_jp_2", "日㈱ x"),
        ("价格@元".encode("gbk").replace(b"@", b"\x80"), "gb18030", "价格€元"),
        ("價格@元".encode("big5").replace(b"@", b"\xa3\xe1"), "big5hkscs", "價格€元"),
    ],
)
def test_characters_of_vendors_are_read(body: bytes, encoding: str, text: str) -> None:
    if encoding != "gb18030":
        assert decode_strictly(body, encoding) == text
    assert decode_leniently(body, encoding) == text


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"\xad", "euc_jp"),
        (b"\xad\x20", "euc_jp"),
        (b"\xad\x41", "euc_jp"),
        (b"\xff", "gb18030"),
        (b"\xa3", "big5hkscs"),
        (b"\x80", "utf-8"),
        (b"\x1b$B-", "iso2022_jp"),
    ],
)
def test_broken_bytes_stay_broken(body: bytes, encoding: str) -> None:
    with pytest.raises(UnicodeError):
        decode_strictly(body, encoding)
    assert "\ufffd" in decode_leniently(body, encoding)


@pytest.mark.parametrize("label", ["euc-jp", None])
def test_a_circled_digit_takes_no_document_from_its_encoding(label: str | None) -> None:
    declaration = f'<?xml version="1.0" encoding="{label}"?>' if label else ""
    text = f"{declaration}<rss><title>第①回 日本語の勉強会を開催します。お楽しみに</title></rss>"
    assert decode(text.encode("euc_jis_2004"), None).text == text


def test_utf_8_with_a_broken_character_is_not_read_as_gbk_with_euros() -> None:
    text = "国务院总理在北京召开会议，讨论了经济形势和下一步的工作"
    body = f'<?xml version="1.0" encoding="gb2312"?><rss><title>{text}|</title></rss>'.encode()
    assert text in decode(body.replace(b"|", b"\xe5\x9b..."), None).text


def test_countless_faults_are_not_looked_into_one_by_one() -> None:
    assert "①" not in decode_leniently(b"\xad\xa1" + b"\xff" * 20_000, "euc_jp")
    assert "①" not in decode_leniently(b"\xad\xa1" * 100_001, "euc_jp")
