"""How well a text speaks for the encoding that it was read in; pure.

Every text is valid in several encodings, and common in one: there its characters are those that the language
uses, in the rows where an encoding keeps its commonest ones.
"""

from __future__ import annotations

import re
from functools import cache

# The commonest characters of each language, and the share of a text's foreign characters that they make up at
# the least. Every text is also valid in some of the others' encodings, where it holds hardly any of them.
_KANA = re.compile("[ぁ-ゖァ-ヺー]")
_TELLTALES = {
    "cp932": (_KANA, 0.15),
    "euc_jp": (_KANA, 0.15),
    "gb18030": (re.compile("[的一是不了在人有我他这个们中来上大为和国地到以说时要就出会]"), 0.06),
    "big5hkscs": (re.compile("[的一是不了在人有我他這個們中來上大為和國地到以說時要就出會]"), 0.06),
    "cp949": (re.compile("[이다는의에을를가은하고로한지도사기서나어아자인리]"), 0.1),
    "cp1251": (re.compile("[оеаинтсрвл]"), 0.5),
    "koi8-r": (re.compile("[оеаинтсрвл]"), 0.5),
    "iso8859-5": (re.compile("[оеаинтсрвл]"), 0.5),
}
GUESSES = tuple(_TELLTALES)

# The rows of two bytes that hold the commonest ideographs and syllables, and punctuation.
_ROWS = {
    "gb18030": ((0xA1, 0xA3), (0xA6, 0xA9), (0xB0, 0xD7), range(0xA1, 0xFF)),
    "cp949": ((0xA1, 0xA3), (0xB0, 0xC8), range(0xA1, 0xFF)),
    "euc_jp": ((0xA1, 0xA5), (0xB0, 0xCF), range(0xA1, 0xFF)),
    "cp932": ((0x81, 0x83), (0x88, 0x97), (*range(0x40, 0x7F), *range(0x80, 0xFD))),
    "big5hkscs": ((0xA1, 0xA3), (0xA4, 0xC6), (*range(0x40, 0x7F), *range(0xA1, 0xFF))),
}
_CYRILLIC = frozenset({"cp1251", "koi8-r", "iso8859-5"})
_CYRILLIC_LETTER = re.compile("[Ѐ-ӿ]")
_CYRILLIC_MARKS = frozenset("«»„“”‘’–—…№°©§\xa0")
_ODD = re.compile("[а-яё][А-ЯЁ]|[A-Za-z][а-яё]|[а-яё][A-Za-z]")
_FOREIGN = re.compile("[^\x00-\x7f]")
_ENOUGH = 100_000
_COMMON_ENOUGH = 0.9
_LONG = 12
"""Characters of Japanese that hold some kana, always."""


def commonness(text: str, encoding: str) -> float:
    """Return which share of a text's foreign characters is in common use, 0 to 1; 1 for other encodings."""
    text = _sample(text)
    foreign = [char for char in text if char > "\x7f"]
    if not foreign:
        return 1.0
    if encoding in _CYRILLIC:
        return _cyrillic(text, foreign)
    if encoding not in _ROWS:
        return 1.0
    if encoding in {"euc_jp", "cp932"} and len(foreign) >= _LONG and not _KANA.search(text):
        return 0.0
    common = _common(encoding)
    return sum(char in common or char > "\uffff" for char in foreign) / len(foreign)


def likeness(text: str, encoding: str) -> float:
    """Return how much a text looks like the language of an encoding, from 0; 1 and more where it does.

    Only for those of `GUESSES`; 0 for any other.
    """
    telltale, share = _TELLTALES.get(encoding, (None, 1.0))
    if telltale is None or commonness(text, encoding) < _COMMON_ENOUGH:
        return 0.0
    text = _sample(text)
    foreign = sum(1 for char in text if char > "\x7f")
    return len(telltale.findall(text)) / (share * max(1, foreign))


def _sample(text: str) -> str:
    """Return enough of a text to judge it by, from its first foreign character on."""
    first = _FOREIGN.search(text)
    return text[first.start() : first.start() + _ENOUGH] if first else ""


def _cyrillic(text: str, foreign: list[str]) -> float:
    """Return the share of letters; misread ones have swapped cases, or Latin letters beside them."""
    letters = len(_CYRILLIC_LETTER.findall(text))
    marks = sum(char in _CYRILLIC_MARKS for char in foreign)
    odd = len(_ODD.findall(text))
    return max(0.0, (letters + marks - 2 * odd) / len(foreign)) if letters else 0.0


@cache
def _common(encoding: str) -> frozenset[str]:
    *rows, trails = _ROWS[encoding]
    leads = [lead for first, last in rows for lead in range(first, last + 1)]
    pairs = (bytes((lead, trail)) for lead in leads for trail in trails)
    return frozenset(pair.decode(encoding, "ignore") for pair in pairs)


_SCRIPTS = (
    ("latin", "\u00c0", "\u024f"),
    ("modifiers", "\u0250", "\u02ff"),
    ("greek", "\u0370", "\u03ff"),
    ("cyrillic", "\u0400", "\u052f"),
    ("armenian", "\u0530", "\u058f"),
    ("hebrew", "\u0590", "\u05ff"),
    ("arabic", "\u0600", "\u06ff"),
    ("others", "\u0700", "\u07ff"),
)


def is_jumbled(text: str) -> bool:
    """Return whether a text, none of it beyond U+07FF, is in several scripts at once or holds controls.

    Latin letters stand beside any other script; no text mixes Greek, Hebrew, and Arabic.
    """
    scripts = {name for name, first, last in _SCRIPTS if re.search(f"[{first}-{last}]", text)}
    return len(scripts - {"latin"}) > 1 or re.search("[\x80-\x9f]", text) is not None
