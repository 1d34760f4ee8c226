"""What an expression means, written as plainly as possible and without the code that is tested.

Slow: character by character, each time anew. Its HTML is the simple one of `invented`.
"""

from __future__ import annotations

import html
import re
import unicodedata
from urllib.parse import unquote, urlsplit

import re2

from aggregator.model import (
    And,
    Comparison,
    Entry,
    Expression,
    Field,
    Has,
    Not,
    Operator,
    Or,
    Part,
    Pattern,
    Text,
)

_NAMES_OF_UNSPACED = (
    *("CJK ", "KANGXI ", "HANGZHOU ", "IDEOGRAPHIC ", "VERTICAL IDEOGRAPHIC ", "BOPOMOFO"),
    *(
        "HIRAGANA",
        "KATAKANA",
        "HALFWIDTH KATAKANA",
        "COMBINING KATAKANA",
        "VERTICAL KANA",
        "MASU ",
        "HENTAIGANA",
    ),
    *("HANGUL", "HALFWIDTH HANGUL", "THAI ", "LAO ", "KHMER ", "MYANMAR "),
)
_INVISIBLE = {
    *(0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFEFF, 0xFFA0),
    *range(0x180B, 0x1810),
    *range(0x200C, 0x2010),
    *range(0x202A, 0x202F),
    *range(0x2060, 0x2070),
    *range(0xFE00, 0xFE10),
    *range(0x1D173, 0x1D17B),
    *range(0xE0000, 0xE1000),
}
"""Default ignorable code points, as DerivedCoreProperties.txt of Unicode lists them."""


def tokens(text: str) -> list[str]:
    found: list[str] = []
    word = ""
    for character in unicodedata.normalize("NFKC", text).casefold():
        kind = unicodedata.category(character)
        if ord(character) in _INVISIBLE:
            continue
        name = unicodedata.name(character, "")
        alone = (
            (name.startswith(_NAMES_OF_UNSPACED) and "TALLY" not in name)
            or kind[0] == "S"
            or character in "#%&@"
        )
        if kind[0] in "LMN" and not alone:
            word += character
            continue
        found += [word] if word else []
        word = ""
        if (alone and kind[0] in "LMNS") or character in "#%&@":
            found.append(character)
    return [unicodedata.normalize("NFKC", token) for token in ([*found, word] if word else found)]


def plain(markup: str | None) -> str:
    text = re.sub("<script>.*?</script>", "", markup or "", flags=re.DOTALL)
    text = re.sub("</?b>", "", text)
    return " ".join(html.unescape(re.sub("<[^>]*>", " ", text)).split())


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _label(text: str) -> str:
    return " ".join(_folded(text).split())


def _content(entry: Entry) -> str:
    return plain(entry.content_html if entry.article is None else entry.article)


def _urls(entry: Entry) -> list[str]:
    urls = [url for url in (entry.url, *(source.entry_url for source in entry.sources)) if url]
    return urls + [unquote(url) for url in urls]


def _domain(host: str) -> str:
    labels = host.lower().split(".")
    return ".".join(
        label[4:].encode().decode("punycode") if label.startswith("xn--") else label for label in labels
    )


def _host(entry: Entry) -> str:
    try:
        return _domain(urlsplit(entry.url or "").hostname or "")
    except ValueError:
        return ""


def _texts(entry: Entry, field: Field) -> list[str]:  # noqa: PLR0911 - one for each field
    match field:
        case Field.TITLE:
            return [entry.title]
        case Field.AUTHOR:
            return list(entry.authors)
        case Field.SUMMARY:
            return [plain(entry.summary)]
        case Field.CONTENT:
            return [_content(entry)]
        case Field.SOURCE:
            return [source.name for source in entry.sources]
        case Field.TAG:
            return list(entry.tags)
        case Field.CATEGORY:
            return list(entry.categories)
        case Field.URL:
            return _urls(entry)
        case Field.DOMAIN:
            return [_host(entry)] if _host(entry) else []
        case _:
            return [
                text
                for one in (Field.TITLE, Field.AUTHOR, Field.SUMMARY, Field.CONTENT)
                for text in _texts(entry, one)
            ]


def says(entry: Entry, term: Text) -> bool:
    match term.field:
        case Field.TAG | Field.CATEGORY:
            labels = [_label(label) for label in _texts(entry, term.field)]
            wanted = _label(term.text)
            return any(label.startswith(wanted) if term.prefix else label == wanted for label in labels)
        case Field.DOMAIN:
            host, wanted = _host(entry), _domain(term.text)
            return host == wanted or host.endswith("." + wanted)
        case Field.LANG:
            said, wanted = ((text or "").lower().replace("_", "-") for text in (entry.language, term.text))
            return said == wanted or said.startswith(wanted + "-")
        case Field.URL:
            return any(_folded(term.text) in _folded(url) for url in _urls(entry))
        case _:
            return any(
                _follow(tokens(text), tokens(term.text), term.prefix) for text in _texts(entry, term.field)
            )


def _follow(text: list[str], wanted: list[str], prefix: bool) -> bool:
    for start in range(len(text) - len(wanted) + 1):
        window = text[start : start + len(wanted)]
        if window[:-1] == wanted[:-1] and (
            window[-1].startswith(wanted[-1]) if prefix else window[-1] == wanted[-1]
        ):
            return True
    return False


def _matches(entry: Entry, term: Pattern) -> bool:
    pattern = re2.compile(f"(?{term.flags}){term.pattern}" if term.flags else term.pattern)
    texts = _texts(entry, term.field)
    return any(pattern.search(form) for text in texts for form in (text, unicodedata.normalize("NFKC", text)))


def _compares(entry: Entry, term: Comparison, now: int) -> bool:
    dated = entry.id if entry.published is None else entry.published
    value = {
        Field.AGE: now - dated,
        Field.PUBLISHED: dated,
        Field.ID: entry.id,
        Field.WORDS: len(tokens(_content(entry))),
    }[term.field]
    return {
        Operator.BELOW: value < term.value,
        Operator.AT_MOST: value <= term.value,
        Operator.ABOVE: value > term.value,
        Operator.AT_LEAST: value >= term.value,
        Operator.EQUAL: value == term.value,
    }[term.operator]


def _has(entry: Entry, part: Part) -> bool:
    shown = entry.content_html if entry.article is None else entry.article
    first: dict[str, str] = {}  # a file is listed once, as what it is first said to be
    for file in entry.enclosures:
        if file.url.startswith("https://"):
            guessed = {"mp3": "audio/mpeg", "png": "image/png"}.get(file.url[-3:], "")
            first.setdefault(file.url, file.type or guessed)
    return {
        Part.ENCLOSURE: bool(entry.enclosures),
        Part.AUDIO: any(kind.startswith("audio/") for kind in first.values()),
        Part.VIDEO: any(kind.startswith("video/") for kind in first.values()),
        Part.IMAGE: any(kind.startswith("image/") for kind in first.values()) or "<img" in (shown or ""),
        Part.TITLE: bool(entry.title.strip()),
        Part.URL: entry.url is not None,
        Part.AUTHOR: bool(entry.authors),
        Part.SUMMARY: bool(entry.summary),
        Part.CONTENT: bool(entry.content_html or entry.article),
        Part.TAG: bool(entry.tags),
        Part.CATEGORY: bool(entry.categories),
        Part.DATE: entry.published is not None,
        Part.LANG: entry.language is not None,
        Part.FULLTEXT: entry.article is not None,
    }[part]


def met(expression: Expression, entry: Entry, now: int) -> bool:  # noqa: PLR0911 - one for each kind
    match expression:
        case And(terms):
            return all(met(term, entry, now) for term in terms)
        case Or(terms):
            return any(met(term, entry, now) for term in terms)
        case Not(term):
            return not met(term, entry, now)
        case Text():
            return says(entry, expression)
        case Pattern():
            return _matches(entry, expression)
        case Comparison():
            return _compares(entry, expression, now)
        case Has(part):
            return _has(entry, part)
