"""The form in which texts are compared: words without case, width and punctuation. Pure.

Expressions, the predicate and the search index all use it, so that they agree:

    text ─► NFKC (UAX #15) ─► casefold ─► tokens

A token is a word, that is a run of letters, digits and their marks; or one character of a script that is
written without spaces between words, or with particles stuck to them (Han, kana, Hangul, bopomofo, Thai, Lao,
Khmer, Myanmar); or one symbol, so that `C++` and `C#` can be told from `C`. All other punctuation and white
space only separates; characters that nobody sees, such as the soft hyphen, are not there.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_SYMBOLS = "#%&@"
"""Of punctuation, what people write for a word. Unicode's own symbols (category S) are tokens as well."""

UNSPACED = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f"  # Myanmar
    "\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff"  # Hangul
    "\u1780-\u17ff"  # Khmer
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u302f\u3031-\u3035\u3038-\u303c"  # marks of Han and kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # Han
    "\U00020000-\U0003ffff"  # Han
    "\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f\U0001aff0-\U0001b16f"  # kana
    "\u3100-\u312f\u31a0-\u31bf"  # bopomofo
)
"""For a class of a regular expression: characters that are tokens of their own."""

_INVISIBLE = re.compile(
    "[\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200c-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Default ignorable code points (UAX #44), except the zero width space, which separates words."""

_UNSPACED_CHARACTER = re.compile(f"[{UNSPACED}]")
_NOT_LATIN = re.compile("([^\\x00-\\xff]+)")


class _Tokens(dict[int, str]):
    """What stands for a character, by its code point; found out when it is first met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        category = unicodedata.category(character)[0]
        if _INVISIBLE.match(character):
            said = ""
        elif category in "LMN" and not _UNSPACED_CHARACTER.match(character):
            said = character
        elif category in "LMNS" or character in _SYMBOLS:
            said = f" {character} "
        else:
            said = " "
        self[code] = said
        return said


_TOKENS = _Tokens()

_JOINT = "\0"
"""Stands between stretches of Latin-1 that are looked at together, which is fast."""

_LATIN = bytes(
    ord(chr(code).lower() if _TOKENS[code].strip() or chr(code) == _JOINT else " ") for code in range(256)
)
_LATIN_INVISIBLE = bytes(code for code in range(256) if not _TOKENS[code])
_LATIN_SYMBOLS = [chr(code) for code in range(256) if _TOKENS[code] == f" {chr(code)} "]


def fold(text: str) -> str:
    """Return the tokens of a text with a space before, between and behind them; "" when it has none.

    One text says another when the other's folded form is in its own. Takes a time that grows with the length.
    """
    text = text.replace(_JOINT, " ")
    tokens = (_latin_tokens(text) if text.isascii() else _tokens(text)).split()
    return f" {' '.join(tokens)} " if tokens else ""


def fold_prefix(text: str) -> str:
    """Return the tokens of a text as `fold` does, without the space at the end: the last one may go on."""
    return fold(text)[:-1]


@lru_cache(maxsize=4096)
def fold_tag(text: str) -> str:
    """Return a tag in the form it is compared in: NFKC, casefolded, single spaces, none around it."""
    return " ".join(caseless(text).split())


def caseless(text: str) -> str:
    """Return a text in NFKC, casefolded; nothing is taken from it."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def count_words(folded: str) -> int:
    """Return how many tokens a folded text has."""
    return max(0, folded.count(" ") - 1)


def _latin_tokens(text: str) -> str:
    spaced = text.encode("latin-1").translate(_LATIN, _LATIN_INVISIBLE).decode("latin-1")
    for symbol in _LATIN_SYMBOLS:
        spaced = spaced.replace(symbol, f" {symbol} ")
    return spaced


def _tokens(text: str) -> str:
    # These two would make the normalization take its long way for many a text that is else normal.
    usual = text.replace("\xa0", " ").replace("…", " ")
    pieces = _NOT_LATIN.split(unicodedata.normalize("NFKC", usual).casefold())
    pieces[1::2] = [run.translate(_TOKENS) for run in pieces[1::2]]
    pieces[::2] = _latin_tokens(_JOINT.join(pieces[::2])).split(_JOINT)
    return unicodedata.normalize("NFKC", "".join(pieces))  # mends what lost an invisible character
