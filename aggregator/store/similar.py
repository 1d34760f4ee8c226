"""Fingerprints of what items say, by which the same story of another source is found among all entries: pure.

A fingerprint is a few numbers. Of a text they are the least hashes of its shingles (runs of four words), one
of each of eight classes: two texts share a number with the probability that a shingle of either is one of
both. A text with a paragraph more at its end keeps most of them, which is why this is not the one sum over
all shingles that SimHash is: a fifth more text changes some nine of its 64 bits, in any of its bands. One
more number is the title's. Written by hand, as the libraries for it bring numpy and keep an index in memory,
where here it is a table.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from urllib.parse import urlsplit
from zlib import crc32

from aggregator.ingest.text import plain_from_html

CLASSES = 8
"""Numbers of a text's fingerprint."""

SHARED = 2
"""Numbers that two texts must share to be compared."""

_MARKUP = 60_000
"""Characters of an item's HTML: of a longer one the end could not be compared, so it is no one's story."""

_SHINGLE = 4
_LEAST_TITLE = 4.0
LEAST_TEXT = 25.0
"""Words, below which titles and texts are not specific: a briefing, the weather, a note."""

_VARIETY = 0.05
"""Of a text's words, so many differ at least; what is built of fewer is filling."""

_ONE_CHARACTER = 0.5
"""What a character of a script without spaces counts, in words."""

_ALONE = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
)
"""Characters of scripts that do not put spaces between words: each is taken for one."""

_LETTER = (
    r"(?:[^\W_]|[\u0300-\u036f\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed"
    r"\u0900-\u0963\u0966-\u0dff\u0e31-\u0e4e\u0eb1-\u0ece\u0f71-\u0f84\u102b-\u103e\u17b4-\u17d3"
    r"\u3099\u309a])"
)
"""Marks are letters, too: in many scripts they are the vowels."""

_WORD = re.compile(rf"{_LETTER}+(?:(?:[.,:/\-](?=\d)|'){_LETTER}+)*|[^\w\s]")
"""Results, versions and dates are one word: `3:1`, `v1.2.3`, `2027-01-05`. Of the signs some count."""

_SAYING = ("L", "N", "M", "Sc", "Sm", "So")
_DIVIDING = frozenset("|~")
_PERCENT = frozenset("%‰")
"""Currencies, `+`, `°`, emoji say something, as letters do; what divides does not."""

_BELOW = re.compile(r"(?<![\w.\-])[-–−](?=[\d.])")
_MINUS = "−"

_APOSTROPHES = str.maketrans(
    {**dict.fromkeys("’‘ʼ", "'"), **dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufe0e\ufe0f")}
)
"""Two of an apostrophe's forms are one; what nobody sees is nothing."""

_SEPARATOR = re.compile(r"\s[-–—·•»«:/]+\s|:(?!\d)|[|_]|[—―─]{2,}")
"""What stands between a heading and the name of a site."""

_NAMES_AT_AN_END = 2

_CUT = re.compile(r"(?:\.\.\.|[\[(]\s*\.\.\.\s*[\])])\s*$")
_MORE = re.compile(
    r"\s*(?:read more|continue reading|weiterlesen|mehr lesen|читать далее|подробнее|続きを読む|もっと見る"
    r"|阅读全文|查看全文|閱讀全文|더보기|전체 기사 보기)\W*$",
    re.IGNORECASE,
)
_FOOTER = re.compile(r"The post (.+) (?:appeared first on|first appeared on) (.+?)\.?\s*")
"""What WordPress puts below each text."""

_AGENCIES = frozenset(
    [
        *(
            "afp",
            "ansa",
            "ap",
            "apa",
            "apnews",
            "associatedpress",
            "bbc",
            "bbcnews",
            "bloomberg",
            "cnn",
            "dpa",
        ),
        *("efe", "interfax", "kyodo", "kyodonews", "reuters", "tass", "upi", "xinhua", "yonhap"),
        *("тасс", "риановости", "интерфакс", "연합뉴스", "뉴시스", "뉴스1"),
        *(
            "新华社",
            "新华网",
            "新華社",
            "中新社",
            "中新网",
            "共同",
            "共同社",
            "共同通信",
            "時事",
            "時事通信",
            "ロイター",
        ),
    ]
)
"""News agencies, whose names titles and texts bear in every source."""

_NO_NAMES = frozenset(
    [
        *(
            "blog",
            "co",
            "com",
            "feed",
            "feeds",
            "home",
            "latest",
            "main",
            "net",
            "news",
            "org",
            "press",
            "rss",
            "top",
            "world",
        ),
        *("aktuell", "nachrichten", "новости", "главное", "ニュース", "新闻", "新聞", "뉴스"),
    ]
)
"""What stands in sources' titles and hosts, and in any text."""


@dataclass(frozen=True)
class Said:
    """What one item says, as it is compared with others. Words are in lower case."""

    heading: tuple[tuple[str, ...], ...]
    """The title's words, in parts where it has separators."""
    html: str
    """The text, as the source says it."""
    names: frozenset[str]
    """What the item's source is called, each name as one word."""
    files: frozenset[str]
    """URLs of the sounds and films that belong to it."""

    @property
    def title(self) -> tuple[str, ...]:
        """The title's words."""
        return _joined(self.heading)

    @cached_property
    def text(self) -> tuple[str, ...]:
        """Its words, without what the source puts below each text; none when it is too long to be read."""
        if len(self.html) > _MARKUP:
            return ()
        plain = unicodedata.normalize("NFKC", plain_from_html(self.html))
        footer = _FOOTER.fullmatch(plain, max(plain.rfind("The post "), 0))
        if footer and words_of(footer[1]) == self.title and self.is_own_name(words_of(footer[2])):
            plain = plain[: footer.start()]
        whole = _MORE.sub("", plain)
        words = words_of(whole)
        return words[:-1] if _CUT.search(whole) else words  # cut, the last may be half a word

    @cached_property
    def is_specific(self) -> bool:
        """Whether it says enough to be told from everything else."""
        if weight(self.title) < _LEAST_TITLE or weight(self.text) < LEAST_TEXT:
            return False
        return len(set(self.text)) >= _VARIETY * len(self.text)

    def is_own_name(self, words: Sequence[str]) -> bool:
        """Return whether these words are what the source is called."""
        return "".join(words) in self.names


def said(title: str, html: str | None, *, names: frozenset[str], files: Iterable[str] = ()) -> Said:
    """Return what an item of a source with these `names` says."""
    parts = _SEPARATOR.split(unicodedata.normalize("NFKC", title))
    heading = tuple(words for part in parts if (words := words_of(part)))
    return Said(heading=heading, html=html or "", names=names, files=frozenset(files))


def source_names(*titles: str | None, url: str | None = None) -> frozenset[str]:
    """Return what a source may be called in titles: its own titles, what stands first in them, its host.

    Of a host the whole and the label before its top-level domain: `london.weather.example` is no `london`.
    """
    found = []
    for title in titles:
        plain = unicodedata.normalize("NFKC", title or "")
        found += ["".join(words_of(part)) for part in (plain, _SEPARATOR.split(plain)[0])]
    try:
        labels = (urlsplit(url or "").hostname or "").removeprefix("www.").split(".")
    except ValueError:
        labels = []
    found += ["".join(words_of(label)) for label in (".".join(labels), *labels[-2:-1])]
    return frozenset(name for name in found if len(name) > 1) - _NO_NAMES


def fingerprint(item: Said) -> frozenset[int]:
    """Return the numbers by which similar items are found; none when it says too little to be told apart."""
    if not item.is_specific:
        return frozenset()
    least: dict[int, int] = {}
    for start in range(len(item.text) - _SHINGLE + 1):
        shingle = crc32("\0".join(item.text[start : start + _SHINGLE]).encode("utf-8", "replace"))
        number = shingle % CLASSES
        if shingle < least.get(number, 1 << 32):
            least[number] = shingle
    return frozenset({*least.values(), title_number(item)})


def title_number(item: Said) -> int:
    """Return the title's number, the same with and without the source's name; beyond all numbers of texts."""
    words = min(without_names(item.heading, (item,)), key=len)
    digest = blake2b("\0".join(words).encode("utf-8", "replace"), digest_size=7).digest()
    return int.from_bytes(digest, "big") | 1 << 56


def without_names(heading: Sequence[Sequence[str]], items: Sequence[Said] = ()) -> set[tuple[str, ...]]:
    """Return a heading with and without first and last parts that name an agency, or the items' sources."""

    def is_name(part: Sequence[str]) -> bool:
        return is_agency(part) or any(item.is_own_name(part) for item in items)

    first, last = 0, len(heading)
    for _ in range(_NAMES_AT_AN_END):
        if last - first > 1 and is_name(heading[last - 1]):
            last -= 1
        if last - first > 1 and is_name(heading[first]):
            first += 1
    found = {
        _joined(heading[start:end]) for start in range(first + 1) for end in range(last, len(heading) + 1)
    }
    return {words for words in found if weight(words) >= _LEAST_TITLE} or {_joined(heading)}


def is_agency(words: Sequence[str]) -> bool:
    """Return whether these words (lower case) are a news agency's name."""
    return "".join(words) in _AGENCIES


def weight(words: Iterable[str]) -> float:
    """Return how many words these are; characters of scripts without spaces count half."""
    return sum(_ONE_CHARACTER if _ALONE.match(word) else 1.0 for word in words)


def _joined(parts: Iterable[Sequence[str]]) -> tuple[str, ...]:
    return tuple(word for part in parts for word in part)


def words_of(plain: str) -> tuple[str, ...]:
    """Return a text's words and signs that say something, in lower case."""
    apart = _ALONE.sub(r" \g<0> ", _BELOW.sub(f" {_MINUS}", plain.translate(_APOSTROPHES)))
    return tuple(word for word in _WORD.findall(apart.lower()) if len(word) > 1 or _says(word))


def _says(character: str) -> bool:
    if character in _DIVIDING:
        return False
    return character in _PERCENT or unicodedata.category(character).startswith(_SAYING)
