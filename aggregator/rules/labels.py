"""What the search index holds of an entry beside its words, as tokens that are no words. Pure.

    !  each entry · !t tag · !c category · !d domain · !l language · !h part · !s source, by number

No token of `rules.folding` begins with `!`, so labels and words never meet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aggregator.rules.subject import Subject

EVERY = "!"
"""Each entry has this one."""

MAX_STEPS = 30
"""Of an entry's domain so many last parts are told, of its language so many first ones."""

_INNER = {code: 0xFF01 + code for code in (*range(0x21), 0x7F)}
"""White space and control characters would end a token. What stands for them is in no text in NFKC."""


def tag_label(folded: str) -> str:
    """Return what stands for a folded tag, or for its beginning."""
    return "!t" + folded.translate(_INNER)


def category_label(folded: str) -> str:
    """Return what stands for a folded category, or for its beginning."""
    return "!c" + folded.translate(_INNER)


def domain_label(folded: str) -> str:
    """Return what stands for being of a domain: as `subject.folded_domain` returns it."""
    return "!d" + folded.translate(_INNER)


def language_label(folded: str) -> str:
    """Return what stands for being in a language: as `subject.folded_language` returns it."""
    return "!l" + folded.translate(_INNER)


def part_label(part: str) -> str:
    """Return what stands for having a part."""
    return "!h" + part


def source_label(source_id: int) -> str:
    """Return what stands for a source that brought the entry."""
    return f"!s{source_id}"


def labels_of(subject: Subject, source_ids: Iterable[int]) -> str:
    """Return an entry's labels, spaces between them; the same text for the same labels."""
    labels = {
        EVERY,
        *map(tag_label, _told(subject.tags)),
        *map(category_label, _told(subject.categories)),
        *map(domain_label, _ends(subject.domain)),
        *map(language_label, _beginnings(subject.language)),
        *map(part_label, subject.parts),
        *map(source_label, source_ids),
    }
    return " ".join(sorted(labels))


def _told(lines: str) -> list[str]:
    return lines[1:-1].split("\n") if lines else []


def _ends(domain: str) -> Iterator[str]:
    at = len(domain)
    for _ in range(MAX_STEPS):
        at = domain.rfind(".", 0, at)
        if at < 0:
            return
        yield domain[at:]


def _beginnings(language: str) -> Iterator[str]:
    at = -1
    for _ in range(MAX_STEPS):
        at = language.find("-", at + 1)
        if at < 0:
            return
        yield language[: at + 1]
