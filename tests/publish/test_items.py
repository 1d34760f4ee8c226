"""Items beside the formats: in which order, and each for itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aggregator.model import Order
from aggregator.publish.feeds import FORMATS, render
from aggregator.publish.item import items_of, ordered
from tests.publish.entries import CHANNEL, PUBLISHED, an_entry


def test_entries_are_listed_as_they_surfaced_or_by_publication() -> None:
    entries = [
        an_entry(id=PUBLISHED + 1, published=PUBLISHED),
        an_entry(id=PUBLISHED + 9, published=None),
        an_entry(id=PUBLISHED + 2, published=PUBLISHED),
        an_entry(id=PUBLISHED + 5, published=PUBLISHED + 20),
    ]
    assert ordered(entries, Order.SURFACED) == entries
    assert [entry.id - PUBLISHED for entry in ordered(entries, Order.PUBLISHED)] == [5, 9, 2, 1]


@pytest.mark.parametrize("form", FORMATS)
def test_an_item_that_cannot_be_written_leaves_its_neighbours(
    form: str, caplog: pytest.LogCaptureFixture
) -> None:
    first, second, third = items_of(an_entry(id=number) for number in (1, 2, 3))
    broken = replace(second, attachments=(None,))  # type: ignore[arg-type]  # that is what is broken
    assert render(form, CHANNEL, [first, broken, third]).body == render(form, CHANNEL, [first, third]).body
    assert second.id in caplog.text
