"""The leaves of expressions, made from what was written and checked; pure.

Each function raises `ValueError`, whose text says what is wrong or expected.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from difflib import get_close_matches

from aggregator.model import Field, Has, Part, Pattern, Text
from aggregator.rules.folding import fold, fold_tag
from aggregator.rules.regex import regex

WORD_FIELDS = frozenset({Field.ANY, Field.TITLE, Field.AUTHOR, Field.CONTENT, Field.SUMMARY, Field.SOURCE})
"""Fields that are searched for whole words and phrases."""

REGEX_FIELDS = WORD_FIELDS | {Field.TAG, Field.CATEGORY, Field.URL, Field.DOMAIN}
NUMBER_FIELDS = frozenset({Field.AGE, Field.PUBLISHED, Field.WORDS, Field.ID})

_NO_PREFIX = {
    Field.URL: "finds any part of an address",
    Field.DOMAIN: "finds subdomains, too",
    Field.LANG: "finds zh-Hant for zh, too",
}
_HOST = re.compile(r"[^\s/:?#@]+")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8})*")
_FLAGS = re.compile("[ims]*")

_ELSEWHERE = {
    "after": "published",
    "before": "published",
    "body": "content",
    "date": "published",
    "description": "summary",
    "enclosure": "has",
    "feed": "source",
    "from": "source",
    "host": "domain",
    "inauthor": "author",
    "intext": "content",
    "intitle": "title",
    "inurl": "url",
    "is": "has",
    "label": "tag",
    "language": "lang",
    "link": "url",
    "newer": "age",
    "newer_than": "age",
    "older": "age",
    "older_than": "age",
    "pubdate": "published",
    "site": "domain",
    "subject": "title",
    "text": "any",
}
"""What other services call the fields."""


def text_condition(field: Field, text: str, *, prefix: bool) -> Text:
    """Return the condition that a field says a text."""
    if prefix and field in _NO_PREFIX:
        raise ValueError(f"{field}: {_NO_PREFIX[field]}: leave out the *")
    match field:
        case Field.TAG | Field.CATEGORY:
            sound = bool(fold_tag(text))
            expected = f"the name of a {field}"
        case Field.DOMAIN:
            sound = _HOST.fullmatch(text) is not None
            expected = "a domain such as nikkei.com, without https:// and path (url: finds these)"
        case Field.LANG:
            sound = _LANGUAGE.fullmatch(text) is not None
            expected = "a language's code such as zh or en-GB"
        case Field.URL:
            sound = bool(text.strip()) and text.isprintable()
            expected = "a part of an address"
        case _:
            sound = bool(fold(text))
            expected = (
                "a letter, digit or symbol to look for (punctuation does not count; a /regex/ can find it)"
            )
    if not sound:
        raise ValueError(f"expected {expected}")
    return Text(field, text, prefix)


def regex_condition(field: Field, pattern: str, flags: str) -> Pattern:
    """Return the condition that a field holds a match."""
    if field not in REGEX_FIELDS:
        raise ValueError(f"{field}: takes no regular expression")
    if not _FLAGS.fullmatch(flags):
        raise ValueError(f'expected i, m or s, or a space, not {flags!r}; a text with / in it goes in "…"')
    if not pattern:
        raise ValueError("expected a regular expression between the slashes")
    flags = "".join(sorted(set(flags)))
    try:
        regex(pattern, flags)
    except ValueError as error:
        raise ValueError(f"this regular expression cannot be used: {error}") from error
    return Pattern(field, pattern, flags)


def has_condition(name: str) -> Has:
    """Return the condition that an entry has a part."""
    try:
        return Has(Part(name.casefold()))
    except ValueError:
        raise ValueError(f"no entry has {name!r}{suggestion(name, [*Part], 'has: knows')}") from None


def unknown_field(name: str) -> str:
    """Return what is wrong with the name of a field that there is not."""
    near = _ELSEWHERE.get(name.casefold())
    hint = f"; did you mean {near}?" if near else suggestion(name, [*Field], "there are")
    return f'there is no field {name!r}{hint} (a text with a colon or < > = in it goes in "…")'


def suggestion(word: str, known: Collection[str], listing: str) -> str:
    """Return the end of a sentence about an unknown word: the known ones it resembles, or all of them."""
    near = get_close_matches(word.casefold(), known, 2, cutoff=0.6)
    return f"; did you mean {' or '.join(near)}?" if near else f"; {listing} {', '.join(known)}"
