"""File names that every file system, shell and web server takes. Pure."""

from __future__ import annotations

import unicodedata

import regex

_SLUG_BYTES = 150
"""About fifty characters of Chinese. With date and ID a name stays far below 255 bytes, and a path with it
below the 260 characters that are the limit of Windows."""

_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
"""Letters and marks that show nothing, and may be hidden in a name."""

_VARIATION_SELECTORS = (("\u180b", "\u180f"), ("\ufe00", "\ufe0f"), ("\U000e0100", "\U000e01ef"))


def post_name(*, day: str, title: str, entry_id: int) -> str:
    """Return the file name of an entry's post: `{day}-{slug of the title}-{ID}.md`.

    `day` is `YYYY-MM-DD`. The ID makes it unique, whatever other entries are called and whether or not the
    file system tells capitals apart; the date keeps it from being a reserved name or looking like an option.
    """
    slug = portable_slug(title, size=_SLUG_BYTES)
    return "-".join(filter(None, (day, slug, str(entry_id)))) + ".md"


def portable_slug(text: str, *, size: int) -> str:
    """Return the letters, digits and marks of a text, of any script, with one `-` for all between.

    It is in NFC and has at most `size` bytes of UTF-8, also when macOS decomposes it (NFD); it may be empty.
    A longer one is cut between words where there is a gap in its second half, else between whole characters
    as people see them (UAX 29). Invisible characters are left out.
    """
    slug = ""
    used = 0
    for cluster in regex.findall(r"\X", _spelled(text)):
        used += max(len(form.encode()) for form in (cluster, unicodedata.normalize("NFD", cluster)))
        if used > size:
            words, gap, _ = slug.rpartition("-")
            in_word = cluster != "-" and gap and len(words) >= len(slug) // 2
            return words if in_word else slug.rstrip("-")
        slug += cluster
    return slug.rstrip("-")


def _spelled(text: str) -> str:
    """Return the text with `-` for what is no part of a word, one for each gap and none at the beginning."""
    spelled = ""
    for char in unicodedata.normalize("NFC", text):
        kind = unicodedata.category(char)
        if kind == "Cf" or char in _INVISIBLE or _selects_variation(char):
            continue
        in_word = spelled != "" and not spelled.endswith("-")
        if kind[0] in "LN" or (kind[0] == "M" and in_word):
            spelled += char
        elif kind[0] != "M" and in_word:
            spelled += "-"
    return unicodedata.normalize("NFC", spelled)


def _selects_variation(char: str) -> bool:
    return any(first <= char <= last for first, last in _VARIATION_SELECTORS)
