"""Whether two items of different sources tell one story: pure.

Two articles that are taken for one lose one of them; a story told twice is only a nuisance. So everything
that could be another article speaks against it: another number, another name, another file to play.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

from aggregator.store.similar import Said, is_number, weight, without_names

_CONTAINED = 0.8
"""Of the shorter text's shingles, so many are the longer one's too."""

_EXTRACT = 0.6
"""A text shorter than this part of the other is its summary, which changes nothing of what it takes."""
_EXTRACT_CONTAINED = 0.95

_FEW = 0.02
_FEW_IN_ONE_CASE = 0.005
"""The part of a text that an editor may say otherwise; where names have no capitals, next to nothing."""

_EDITED = 100
"""Words of a text in which something else may be said at all: in a shorter one it is what matters."""

_SHINGLES = 20
_LONG = 60.0
"""Words of a text that may stand under a heading that was edited, too."""
_HEADING_KEPT = 0.6
_SPELLING = 0.8
_BOILERPLATE = 60
"""Words about itself that a source may put before or after a text."""

Block = tuple[int, int]


def same_story(one: Said, other: Said) -> bool:
    """Return whether the two say the same: nearly one text, under one heading but for the sources' names.

    Never where one of them is not specific. A summary is the same as the full text that it is a part of.
    """
    if not (one.is_specific and other.is_specific) or (
        one.files and other.files and one.files != other.files
    ):
        return False
    short, long = sorted((one, other), key=lambda item: len(item.text))
    if len(short.shingles) < _SHINGLES:
        return False
    contained = len(short.shingles & long.shingles) / len(short.shingles)
    is_extract = len(short.text) < _EXTRACT * len(long.text)
    if contained < (_EXTRACT_CONTAINED if is_extract else _CONTAINED):
        return False
    return _same_heading(one, other, is_long=weight(short.words) >= _LONG and not is_extract) and _same_text(
        short, long
    )


def _same_heading(one: Said, other: Said, *, is_long: bool) -> bool:
    """Return whether the headings are one; of a long text one may be the other with some words more.

    Those are of what the text tells, too, and none is a number: the guest of a show is in its heading only.
    """
    both = (one, other)
    if not without_names(one.title, both).isdisjoint(without_names(other.title, both)):
        return True
    short, long = sorted((min(without_names(each.title, both), key=len) for each in both), key=len)
    if not is_long or len(short) < _HEADING_KEPT * len(long) or not _in_order(short, long):
        return False
    added = list(long)
    for word in short:
        added.remove(word)
    return set(added).issubset(one.text) and not any(map(is_number, added))


def _in_order(some: Iterable[str], every: Iterable[str]) -> bool:
    """Return whether `every` has all of `some`, in their order."""
    rest = iter(every)
    return all(word in rest for word in some)


def _same_text(short: Said, long: Said) -> bool:
    """Return whether what only one has is an addition, or what both say otherwise is little and no name.

    Numbers are the same in both, in the same order, but for those that the longer one adds.
    """
    changed = [
        (what, (a, b), (c, d))
        for what, a, b, c, d in SequenceMatcher(None, short.text, long.text, autojunk=False).get_opcodes()
        if what != "equal"
    ]
    own_short = [mine for _, mine, _ in changed if _is_about_itself(short, mine)]
    own_long = [its for _, _, its in changed if _is_about_itself(long, its)]
    if not _in_order(_numbers(short, own_short), _numbers(long, own_long)):
        return False
    said_otherwise = [
        (mine, its)
        for what, mine, its in changed
        if what != "replace" or not _same_spelling(short.words[slice(*mine)], long.words[slice(*its)])
    ]
    only_short = [mine for mine, _ in said_otherwise if mine[0] < mine[1] and mine not in own_short]
    only_long = [its for _, its in said_otherwise if its[0] < its[1] and its not in own_long]
    if not only_short or not only_long:
        return True
    return _is_little(short.words, only_short) and _is_little(long.words, only_long)


def _numbers(item: Said, left_out: Sequence[Block]) -> list[str]:
    return [
        word
        for place, word in enumerate(item.text)
        if is_number(word) and not any(start <= place < end for start, end in left_out)
    ]


def _is_about_itself(item: Said, block: Block) -> bool:
    """Return whether words at an end of the text are the source's own: it names itself in them."""
    start, end = block
    if (start > 0 and end < len(item.text)) or end - start > _BOILERPLATE:
        return False
    words = item.text[start:end]
    return any(
        item.is_name(words[first:last])
        for first in range(len(words))
        for last in range(first + 1, min(first + 8, len(words)) + 1)
    )


def _is_little(words: Sequence[str], blocks: Sequence[Block]) -> bool:
    said = [word for start, end in blocks for word in words[start:end]]
    if any(is_number(word) or word[0].isupper() for word in said):
        return False
    if said and len(words) < _EDITED:
        return False
    in_one_case = any(word.lower() == word.upper() for word in said)
    return len(said) <= (_FEW_IN_ONE_CASE if in_one_case else _FEW) * len(words)


def _same_spelling(some: Sequence[str], others: Sequence[str]) -> bool:
    """Return whether two words are one, spelt otherwise; names never are."""
    if len(some) != 1 or len(others) != 1 or min(len(some[0]), len(others[0])) < 5:  # noqa: PLR2004 - short words that look alike are others
        return False
    if any(is_number(word) or not word[0].islower() for word in (some[0], others[0])):
        return False
    return SequenceMatcher(None, some[0], others[0], autojunk=False).ratio() >= _SPELLING
