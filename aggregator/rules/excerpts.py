"""The part of an entry that meets a condition, for people to see why. Pure.

It is found in the text as a reader sees it, or in its NFKC form, such as when a letter and its accent were
written apart. Where the folded text cannot be traced back to either, the text's beginning is shown.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import accumulate

from aggregator.model import Comparison, Field, Has, Operator, Pattern, Text
from aggregator.rules.folding import UNSPACED, caseless, fold, fold_tag
from aggregator.rules.regex import regex
from aggregator.rules.subject import Subject, folded_domain, folded_language, needle
from aggregator.rules.values import written_value

_AROUND = 40
"""Characters that are shown on each side of what matched."""
_LONGEST = 120
"""Characters of what matched that are shown."""
_ANY = (Field.TITLE, Field.AUTHOR, Field.SUMMARY, Field.CONTENT)
_CHUNK = re.compile(rf"[{UNSPACED}]|[^\s{UNSPACED}]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """What matched, within its text."""

    field: Field
    """Where it stands: for a condition on any text, the field that it was found in."""
    before: str
    matched: str
    after: str

    def __str__(self) -> str:
        return self.before + self.matched + self.after


def excerpt_of(condition: Text | Pattern | Comparison | Has, subject: Subject) -> Excerpt | None:
    """Return what meets the condition in a subject that does."""
    match condition:
        case Has(part):
            return _whole(Field.HAS, part.value)
        case Comparison():
            return _whole(condition.field, _value(condition, subject))
        case _:
            fields = _ANY if condition.field is Field.ANY else (condition.field,)
            found = (_in_text(condition, field, text) for field in fields for text in subject.said(field))
            return next((excerpt for excerpt in found if excerpt), None)


def _value(condition: Comparison, subject: Subject) -> str:
    match condition.field:
        case Field.AGE:
            value = max(0, subject.age)
        case Field.PUBLISHED:
            value = subject.published
        case Field.ID:
            value = subject.id
        case _:
            value = subject.words
    return written_value(Comparison(condition.field, Operator.EQUAL, value))


def _in_text(condition: Text | Pattern, field: Field, text: str) -> Excerpt | None:
    if isinstance(condition, Pattern):
        return _searched(condition, field, text)
    wanted = needle(condition)
    match field:
        case Field.TAG | Field.CATEGORY:
            met = wanted in f"\n{fold_tag(text)}\n"
        case Field.DOMAIN:
            met = folded_domain(text).endswith(wanted)
        case Field.LANG:
            met = folded_language(text).startswith(wanted)
        case Field.URL:
            met = wanted in caseless(text)
        case _:
            return _words(wanted, field, text)
    return _whole(field, text) if met else None


def _searched(condition: Pattern, field: Field, text: str) -> Excerpt | None:
    find = regex(condition.pattern, condition.flags).find
    for form in dict.fromkeys((text, unicodedata.normalize("NFKC", text))):
        span = find(form)
        if span:
            return _excerpt(field, form, *span)
    return None


def _words(wanted: str, field: Field, text: str) -> Excerpt | None:
    if wanted not in fold(text):
        return None
    forms = dict.fromkeys((text, unicodedata.normalize("NFKC", text)))
    found = (_located(wanted, field, form) for form in forms)
    return next((excerpt for excerpt in found if excerpt), None) or _whole(field, text)


def _located(wanted: str, field: Field, text: str) -> Excerpt | None:
    chunks = list(_CHUNK.finditer(text))
    folded = [fold(chunk[0])[1:] for chunk in chunks]
    start = (" " + "".join(folded)).find(wanted)
    if start < 0:
        return None
    ends = list(accumulate(map(len, folded)))
    first = bisect_right(ends, start)
    last = bisect_left(ends, start + len(wanted.rstrip()) - 1)
    start, end = chunks[first].start(), chunks[last].end()
    while start < end and not fold(text[start]):
        start += 1
    while start < end and not fold(text[end - 1]):
        end -= 1
    return _excerpt(field, text, start, end)


def _whole(field: Field, text: str) -> Excerpt:
    return _excerpt(field, text, 0, len(text))


def _excerpt(field: Field, text: str, start: int, end: int) -> Excerpt:
    shown = min(end, start + _LONGEST)
    before = text[max(0, start - _AROUND) : start]
    after = text[shown : shown + _AROUND]
    return Excerpt(
        field=field,
        before=("…" if start > _AROUND else "") + before,
        matched=text[start:shown] + ("…" if shown < end else ""),
        after=after + ("…" if shown + _AROUND < len(text) else ""),
    )
