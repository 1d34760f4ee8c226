"""How a feed is cut into pages. Pure.

    page 1        page 2        …    newest page
    oldest 50     next 50            50 to 99, where new entries come to

Pages are numbered from the oldest, and each keeps its place in time. A new entry changes the newest page
alone; when that has a hundred, its oldest fifty become a page of their own. What surfaces in the past goes to
the page of its time, and where that grows to a hundred it is cut in the same way, into 7, 7-2, 7-3. What
leaves makes its page shorter; a page that nothing is left of goes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from aggregator.model import Position, SitePage

PAGE = 50
"""Entries of a page when it is closed."""

BEGINNING: Position = (-(1 << 62), 0)


def new_pages() -> list[SitePage]:
    """Return the pages of a feed that nothing was written of."""
    return [SitePage(name="", start=BEGINNING)]


def concerned(pages: Sequence[SitePage], changed: Collection[int], standing: Iterable[Position]) -> set[int]:
    """Return, by their indexes, the pages that change when these entries do.

    `changed` are their IDs, `standing` where those of them stand that are in the feed now.
    """
    found = {index for index, page in enumerate(pages) if not page.made_with}
    found |= {index for index, page in enumerate(pages) if not changed_none(page.entries, changed)}
    starts = [page.start for page in pages]
    return found | {max(0, bisect_right(starts, position) - 1) for position in standing}


def changed_none(entries: Sequence[int], changed: Collection[int]) -> bool:
    """Return whether none of these entries is among the changed ones, a set of IDs."""
    return not changed or frozenset(changed).isdisjoint(entries)


def span_of(pages: Sequence[SitePage], index: int) -> tuple[Position | None, Position | None]:
    """Return from where on, and before where, a page holds entries; None for as far as there are any."""
    since = None if index == 0 else pages[index].start
    until = None if index == len(pages) - 1 else pages[index + 1].start
    return since, until


def cut(page: SitePage, members: Sequence[Position], names: Collection[str]) -> list[SitePage]:
    """Return what becomes of a page that these entries stand on, rising: itself, several, or nothing.

    `names` are those of all pages of the feed. The newest page is never nothing.
    """
    if not members:
        return [] if page.name else [page]
    parts = len(members) // PAGE
    if parts < 2:  # noqa: PLR2004 - too few for two pages
        return [page]
    starts = [page.start, *(members[number * PAGE] for number in range(1, parts))]
    new = _new_names(page.name, names, parts - 1)
    called = [page.name, *new] if page.name else [*new, ""]
    return [SitePage(name=name, start=start) for name, start in zip(called, starts, strict=True)]


def _new_names(name: str, names: Collection[str], count: int) -> Iterator[str]:
    """Yield names of new pages: the next numbers, or parts of the page that is cut."""
    numbers = [_numbers(other) for other in names if other]
    if name:
        number = _numbers(name)[0]
        last = max(part for other, part in numbers if other == number)
        return (f"{number}-{part}" for part in range(last + 1, last + 1 + count))
    last = max((number for number, _ in numbers), default=0)
    return (str(number) for number in range(last + 1, last + 1 + count))


def _numbers(name: str) -> tuple[int, int]:
    number, _, part = name.partition("-")
    return int(number), int(part or 1)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The names of the pages that a page links to; None where there is none."""

    newer: str | None
    older: str | None
    oldest: str | None
    """Told by the newest page alone: others stay as they are when the oldest goes."""

    def made_with(self, look: str) -> str:
        """Return what is kept with a page that looks like this, to know when it has to be written again."""
        return f"{look} {self.newer} {self.older} {self.oldest}"


def neighbours(pages: Sequence[SitePage]) -> list[Neighbours]:
    """Return those of each page."""
    names: list[str | None] = [None, *(page.name for page in pages), None]
    return [
        Neighbours(
            newer=names[index + 2],
            older=names[index],
            oldest=pages[0].name if not page.name and index > 1 else None,
        )
        for index, page in enumerate(pages)
    ]


def in_order_of_writing(pages: Sequence[SitePage], indexes: Iterable[int]) -> list[int]:
    """Return pages, by their indexes, so that no page in use leads to one that is not there yet.

    New ones come first, which others will link to, and the newest last, which everything links to already.
    """
    return sorted(indexes, key=lambda index: (pages[index].name == "", pages[index].made_with != ""))


def written(page: SitePage, entries: Iterable[int], made_with: str) -> SitePage:
    """Return a page as it is remembered when it has been written."""
    return replace(page, entries=tuple(entries), made_with=made_with)
