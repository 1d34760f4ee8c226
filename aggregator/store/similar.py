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

_MARKUP = 20_000
_PLAIN = 8_000
"""Characters of an item's HTML, and of the text in it, that are read."""

_WORDS = 1_000
"""Words of a text that are compared."""

_SHINGLE = 4
_LEAST_TITLE = 4.0
_LEAST_TEXT = 25.0
"""Words, below which titles and texts are not specific: a briefing, the weather, a note."""

_VARIETY = 0.05
"""Of a text's words, so many differ at least; what is built of fewer makes comparing slow."""

_ONE_CHARACTER = 0.5
"""What a character of a script without spaces counts, in words."""

_ALONE = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
)
"""Characters of scripts that do not put spaces between words: each is taken for one."""

_WORD = re.compile(r"[^\W_]+(?:[.,:/'\-](?=\d)[^\W_]+)*")
"""Results, versions and dates are one word: `3:1`, `v1.2.3`, `2027-01-05`."""

_NUMBER = re.compile(r"[\d〇零一二三四五六七八九十百千万萬亿億兆两両]")
_APOSTROPHES = str.maketrans("", "", "'’‘ʼ\u00ad\u200b\u200c\u200d")

_CUT = re.compile(r"(?:\.\.\.|\[\s*\.\.\.\s*\])\s*$")
_MORE = re.compile(
    r"\s*(?:read more|continue reading|weiterlesen|mehr lesen|читать далее|подробнее|続きを読む|もっと見る"
    r"|阅读全文|查看全文|閱讀全文|더보기|전체 기사 보기)\W*$",
    re.IGNORECASE,
)

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
            "com",
            "feed",
            "feeds",
            "home",
            "latest",
            "main",
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

_LONGEST_NAME = 8


@dataclass(frozen=True)
class Said:
    """What one item says, as it is compared with others."""

    title: tuple[str, ...]
    """Its words in lower case."""
    words: tuple[str, ...]
    """The text's words, as written."""
    names: frozenset[str]
    """What the item's source is called, each name as one word in lower case."""
    files: frozenset[str]
    """URLs of the sounds and films that belong to it."""

    @cached_property
    def text(self) -> tuple[str, ...]:
        """The text's words in lower case."""
        return tuple(word.casefold() for word in self.words)

    @cached_property
    def shingles(self) -> frozenset[int]:
        """Hashes of the runs of words in the text."""
        text = self.text
        return frozenset(
            crc32("\0".join(text[start : start + _SHINGLE]).encode("utf-8", "replace"))
            for start in range(len(text) - _SHINGLE + 1)
        )

    @property
    def is_specific(self) -> bool:
        """Whether it says enough to be told from everything else."""
        is_varied = len(set(self.text)) >= _VARIETY * len(self.text)
        return is_varied and weight(self.title) >= _LEAST_TITLE and weight(self.words) >= _LEAST_TEXT

    def is_name(self, words: Sequence[str]) -> bool:
        """Return whether these words (lower case) are what the source, or a news agency, is called."""
        name = "".join(words)
        return name in self.names or name in _AGENCIES


def said(title: str, html: str | None, *, names: frozenset[str], files: Iterable[str] = ()) -> Said:
    """Return what an item of a source with these `names` says, up to a thousand words of it."""
    plain = unicodedata.normalize("NFKC", plain_from_html((html or "")[:_MARKUP])[:_PLAIN])
    whole = _MORE.sub("", plain)
    words = _words(whole)[:_WORDS]
    if len(html or "") > _MARKUP or len(plain) >= _PLAIN or _CUT.search(whole):
        words = words[:-1]  # it may be half a word
    heading = unicodedata.normalize("NFKC", title)
    return Said(
        title=tuple(word.casefold() for word in _words(heading)),
        words=tuple(words),
        names=names,
        files=frozenset(files),
    )


def source_names(*titles: str | None, url: str | None = None) -> frozenset[str]:
    """Return what a source may be called in titles: its own titles, what stands first in them, its host."""
    found = []
    for title in titles:
        plain = unicodedata.normalize("NFKC", title or "")
        found += ["".join(_words(part)) for part in (plain, re.split(r"\s[-|:·–—»]\s|[:|_]", plain)[0])]
    try:
        labels = (urlsplit(url or "").hostname or "").removeprefix("www.").split(".")
    except ValueError:
        labels = []
    found += ["".join(labels), *labels[:-1]]
    return frozenset(name.casefold() for name in found if len(name) > 1) - _NO_NAMES


def fingerprint(item: Said) -> frozenset[int]:
    """Return the numbers by which similar items are found; none when it says too little to be told apart."""
    if not item.is_specific:
        return frozenset()
    least: dict[int, int] = {}
    for shingle in item.shingles:
        number = shingle % CLASSES
        if shingle < least.get(number, 1 << 32):
            least[number] = shingle
    return frozenset({*least.values(), title_number(item)})


def title_number(item: Said) -> int:
    """Return the title's number, the same with and without the source's name; beyond all numbers of texts."""
    words = min(without_names(item.title, (item,)), key=len)
    digest = blake2b("\0".join(words).encode("utf-8", "replace"), digest_size=7).digest()
    return int.from_bytes(digest, "big") | 1 << 56


def without_names(title: tuple[str, ...], items: Sequence[Said]) -> set[tuple[str, ...]]:
    """Return a title with and without the names that the items' sources have, at its beginning or end."""
    found = {title}
    for length in range(1, min(_LONGEST_NAME, len(title) - 1) + 1):
        if any(item.is_name(title[-length:]) for item in items):
            found.add(title[:-length])
        if any(item.is_name(title[:length]) for item in items):
            found.add(title[length:])
    return {words for words in found if weight(words) >= _LEAST_TITLE} or {title}


def weight(words: Iterable[str]) -> float:
    """Return how many words these are; characters of scripts without spaces count half."""
    return sum(_ONE_CHARACTER if _ALONE.match(word) else 1.0 for word in words)


def is_number(word: str) -> bool:
    """Return whether a word says a number, a date, a result or a version."""
    return _NUMBER.search(word) is not None


def _words(plain: str) -> list[str]:
    return _WORD.findall(_ALONE.sub(r" \g<0> ", plain.translate(_APOSTROPHES)))
