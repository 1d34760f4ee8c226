"""How feeds are cut into pages."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from aggregator.archive.siteplan import (
    PAGE,
    concerned,
    cut,
    in_order_of_writing,
    neighbours,
    new_pages,
    span_of,
)
from aggregator.model import Position, SitePage


class Shelf:
    """The members of a feed, and its pages, brought up to date as an export does."""

    def __init__(self) -> None:
        self.members: set[Position] = set()
        self.pages = new_pages()

    def change(self, *, add: set[Position], remove: set[Position]) -> None:
        self.members = self.members - remove | add
        changed = {entry_id for _, entry_id in add | remove}
        touched = concerned(self.pages, changed, sorted(add))
        names = {page.name for page in self.pages}
        pages: list[SitePage] = []
        for index, page in enumerate(self.pages):
            parts = [page]
            if index in touched:
                parts = cut(page, self.on(index), names)
                names |= {part.name for part in parts}
            pages += parts
        self.pages = pages
        self.pages = [
            SitePage(name=page.name, start=page.start, entries=tuple(i for _, i in self.on(n)), made_with="x")
            for n, page in enumerate(pages)
        ]

    def on(self, index: int) -> list[Position]:
        since, until = span_of(self.pages, index)
        return sorted(
            member
            for member in self.members
            if (since is None or member >= since) and (until is None or member < until)
        )


def positions(instants: list[int]) -> set[Position]:
    return {(instant, instant * 7) for instant in instants}


def test_a_feed_is_cut_from_the_oldest_and_the_newest_page_has_room() -> None:
    shelf = Shelf()
    shelf.change(add=positions(list(range(260))), remove=set())
    assert [(page.name, len(page.entries)) for page in shelf.pages] == [
        ("1", 50),
        ("2", 50),
        ("3", 50),
        ("4", 50),
        ("", 60),
    ]
    assert [each.oldest for each in neighbours(shelf.pages)] == [None] * 4 + ["1"]


def test_a_new_entry_concerns_the_newest_page_alone() -> None:
    shelf = Shelf()
    shelf.change(add=positions(list(range(260))), remove=set())
    assert concerned(shelf.pages, {2000}, [(300, 2000)]) == {4}
    assert concerned(shelf.pages, {0}, []) == {0}
    assert concerned(shelf.pages, set(), []) == set()


def test_new_pages_are_written_before_those_that_lead_to_them() -> None:
    made = {"1": "x", "2": "x", "3": "", "": "x"}
    pages = [
        SitePage(name=name, start=(n, n), made_with=with_) for n, (name, with_) in enumerate(made.items())
    ]
    assert in_order_of_writing(pages, [1, 2, 3]) == [2, 1, 3]
    assert in_order_of_writing([replace(page, made_with="") for page in pages], [3, 0]) == [0, 3]


@given(
    st.lists(
        st.tuples(st.lists(st.integers(0, 2000), max_size=400), st.integers(0, 2000), st.integers(0, 300)),
        min_size=1,
        max_size=6,
    )
)
def test_every_entry_is_on_one_page_and_no_page_is_empty_or_too_long(
    turns: list[tuple[list[int], int, int]],
) -> None:
    shelf = Shelf()
    for instants, low, length in turns:
        before = {page.name: page for page in shelf.pages}
        gone = {member for member in shelf.members if low <= member[0] < low + length}
        added = positions(instants) - shelf.members
        shelf.change(add=added, remove=gone)
        names = [page.name for page in shelf.pages]
        assert len(names) == len(set(names))
        assert names[-1] == ""
        assert names.count("") == 1
        assert [entry for page in shelf.pages for entry in page.entries] == [
            i for _, i in sorted(shelf.members)
        ]
        assert all(0 < len(page.entries) < 2 * PAGE for page in shelf.pages[:-1])
        assert len(shelf.pages[-1].entries) < 2 * PAGE
        touched = {entry for _, entry in gone | added}
        for page in shelf.pages:
            if page.name in before and touched.isdisjoint((*before[page.name].entries, *page.entries)):
                assert page.entries == before[page.name].entries
