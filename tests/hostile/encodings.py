"""Text in any encoding, with declarations that are right, wrong, missing, or contradict each other."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from aggregator.model import Outcome
from tests.hostile.scenario import Scenario, http, one

_TEXTS = {
    "gb18030": "人民日报：中国经济新闻和国际新闻的最新报道",
    "big5": "聯合新聞網：台灣經濟新聞與國際新聞的最新報導",
    "shift_jis": "日本経済新聞：東京の経済ニュースと株価について",
    "euc_jp": "日本経済新聞：東京の経済ニュースと株価について",
    "iso2022_jp": "日本経済新聞：東京の経済ニュースと株価について",
    "euc_kr": "한국경제신문: 서울의 경제 뉴스와 주식 시장에 대하여",
    "cp1251": "Новости экономики и политики в Москве сегодня",
    "koi8-r": "Новости экономики и политики в Москве сегодня",
    "cp1252": "Économie : l’actualité française – à Genève",
    "iso8859-2": "Gospodarka: wiadomości z Łodzi i Gdańska",
    "cp1253": "Οικονομικά νέα από την Αθήνα σήμερα",
    "cp1255": "חדשות כלכלה מתל אביב",
    "cp1256": "أخبار الاقتصاد من القاهرة",
    "utf-8": "Mixed 中文 日本語 한국어 Русский עברית 🎉👩‍👩‍👧 𝒜 \u200f",
    "utf-16": "Mixed 中文 日本語 한국어 Русский עברית 🎉👩‍👩‍👧 𝒜",
    "utf-16-le": "Mixed 中文 🎉",
    "utf-16-be": "Mixed 中文 🎉",
    "utf-32": "Mixed 中文 🎉",
}
_EAST_ASIAN = ("gb18030", "big5", "shift_jis", "euc_jp", "euc_kr")


@dataclass(frozen=True, kw_only=True)
class _Said:
    """What is said of an encoding, and where."""

    document: str | None = None
    header: str | None = None


def _document(text: str, encoding: str, said: _Said) -> bytes:
    declaration = f' encoding="{said.document}"' if said.document else ""
    return (
        f'<?xml version="1.0"{declaration}?><rss version="2.0"><channel><title>News</title>'
        f"<item><title>{text}</title><guid>1</guid></item></channel></rss>"
    ).encode(encoding)


def _encoded(encoding: str, said: _Said, name: str) -> Scenario:
    text = _TEXTS[encoding]
    content_type = "text/xml" + (f"; charset={said.header}" if said.header else "")
    answer = http(_document(text, encoding, said), f"Content-Type: {content_type}")
    return one(f"{encoding}, {name}", answer, Outcome.OK, text)


SCENARIOS = [
    *(_encoded(name, _Said(document=name), "declared in the document") for name in _TEXTS),
    *(_encoded(name, _Said(header=name), "declared in the header") for name in _TEXTS),
    *(
        _encoded(name, _Said(document=name, header=wrong), f"declared, but the header says {wrong}")
        for name in ("utf-8", *_EAST_ASIAN, "cp1251", "cp1252", "utf-16")
        for wrong in ("iso-8859-1", "utf-8", "us-ascii")
        if (name, wrong) not in {("utf-8", "utf-8"), ("cp1251", "iso-8859-1")}
    ),
    *(
        _encoded("utf-8", _Said(document=wrong, header=header), f"declared as {wrong} and {header}")
        for wrong, header in (
            *(
                ("iso-8859-1", None),
                ("windows-1252", None),
                ("gb2312", None),
                ("utf-16", None),
                ("ascii", None),
            ),
            *((None, "iso-8859-1"), (None, "windows-1251"), (None, "shift_jis"), ("x-unknown", "nonsense")),
            *(("big5", "euc-kr"), ("UTF8", "utf8"), ("utf-7", None), ("idna", "rot13"), ("base64", "zlib")),
        )
    ),
    *(
        _encoded(name, _Said(), "declared nowhere")
        for name in ("utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", *_EAST_ASIAN)
    ),
    *(
        _encoded(name, _Said(document="utf-8"), "declared as UTF-8")
        for name in ("utf-16", "utf-16-le", "utf-16-be", *_EAST_ASIAN)
    ),
    _encoded("cp1252", _Said(), "declared nowhere"),
    _encoded("cp1252", _Said(document="utf-8", header="utf-8"), "declared as UTF-8"),
    _encoded("cp1252", _Said(document="iso-8859-1"), "declared as Latin-1"),
    _encoded("gb18030", _Said(document="gb2312"), "declared as GB2312"),
    _encoded("euc_kr", _Said(document="ks_c_5601-1987"), "declared as KS C 5601"),
    _encoded("shift_jis", _Said(document="x-sjis"), "declared as x-sjis"),
    one(
        "UTF-8 with a mark, declared as Latin-1",
        http(
            codecs.BOM_UTF8 + _document("中文", "utf-8", _Said(document="iso-8859-1")),
            "Content-Type: text/xml; charset=big5",
        ),
        Outcome.OK,
        "中文",
    ),
    one(
        "UTF-8 with two marks",
        http(codecs.BOM_UTF8 * 2 + _document("中文", "utf-8", _Said())),
        Outcome.OK,
        "中文",
    ),
    one(
        "UTF-8 with a broken character",
        http(_document("中文新闻 X 中文新闻", "utf-8", _Said()).replace(b"X", b"\xe4\xb8")),
        Outcome.OK,
        "中文新闻 \ufffd 中文新闻",
    ),
    one(
        "UTF-8 with a character in too many bytes",
        http(_document("中文新闻 X 中文新闻", "utf-8", _Said()).replace(b"X", b"\xc0\xaf")),
        Outcome.OK,
        "中文新闻 \ufffd\ufffd 中文新闻",
    ),
    one(
        "surrogates in UTF-8",
        http(_document("中文新闻 X 中文新闻", "utf-8", _Said()).replace(b"X", b"\xed\xa0\xbd\xed\xb2\xa9")),
        Outcome.OK,
        "中文新闻 " + "\ufffd" * 6 + " 中文新闻",
    ),
    one(
        "lone surrogate in UTF-16",
        http(
            "<rss><channel><item><title>A\ud800B</title></item></channel></rss>".encode(
                "utf-16", "surrogatepass"
            )
        ),
        Outcome.OK,
        "A\ufffdB",
    ),
    one(
        "UTF-16 with an odd number of bytes",
        http(_document("中文", "utf-16", _Said()) + b"x"),
        Outcome.OK,
        "中文",
    ),
]
