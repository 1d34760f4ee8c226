"""Whether two items of different sources tell one story: pure.

Two articles that are taken for one lose one of them; a story told twice is only a nuisance. So no word
may be another, in no script: what names, numbers and negations are cannot be told without knowing the
language. One of the two may say more, at an end.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from aggregator.ingest.datewords import MONTHS, folded
from aggregator.store.similar import LEAST_TEXT, Said, is_agency, weight, without_names

_DATELINE = 10.0
"""Words that place, agency and date before a text may take."""

_NUMBER = re.compile(r"[\d〇零一二三四五六七八九十百千万萬亿億兆两両]")
_DAY = re.compile(r"\d{1,4}[년월일]")
_UNITS = frozenset("年月日")


def same_story(one: Said, other: Said) -> bool:
    """Return whether the two say the same, word for word, under one heading but for a source's name.

    Never where one of them is not specific. A summary is the same as the full text that begins with it.
    """
    if one.files and other.files and one.files != other.files:
        return False
    return _same_heading(one, other) and one.is_specific and other.is_specific and _same_text(one, other)


def _same_heading(one: Said, other: Said) -> bool:
    """Return whether the headings are one, but for agencies and the name of a source in one of them.

    Two names are not taken off two headings: where sources are called by their cities, the heading is about
    those.
    """
    both = (one, other)
    return any(
        not without_names(named.heading, both).isdisjoint(without_names(bare.heading))
        for named, bare in (both, both[::-1])
    )


def _same_text(one: Said, other: Said) -> bool:
    """Return whether one text is the other with a dateline before it, or more after it, or both."""
    return any(
        _are_continued(mine.text[start:], its.text)
        for mine, its in ((one, other), (other, one))
        for start in _beginnings(mine.text)
    )


def _are_continued(some: Sequence[str], others: Sequence[str]) -> bool:
    length = min(len(some), len(others))
    return some[:length] == others[:length] and weight(some[:length]) >= LEAST_TEXT


def _beginnings(words: Sequence[str]) -> list[int]:
    """Return where the text may begin: at its first word, or behind a dateline."""
    found = [0]
    for end in range(1, len(words)):
        if weight(words[:end]) > _DATELINE:
            break
        if _is_dateline(words[:end]):
            found.append(end)
    return found


def _is_dateline(words: Sequence[str]) -> bool:
    """Return whether these words name an agency, and no number but that of a date."""
    numbers = [place for place, word in enumerate(words) if _NUMBER.search(word)]
    names_agency = any(
        is_agency(words[first:last])
        for first in range(len(words))
        for last in range(first + 1, len(words) + 1)
    )
    return names_agency and all(_is_date(words, place) for place in numbers)


def _is_date(words: Sequence[str], place: int) -> bool:
    before, after = words[max(place - 1, 0) : place], words[place + 1 : place + 2]
    return (
        _DAY.fullmatch(words[place]) is not None
        or not _UNITS.isdisjoint(after)
        or any(folded(word) in MONTHS for word in (*before, *after))
    )
