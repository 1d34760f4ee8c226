"""What rules did to an entry, as JSON in its row."""

from __future__ import annotations

import json
from collections.abc import Sequence

from aggregator.model import Ruling
from aggregator.store.rows import to_json


def rulings_to_json(rulings: Sequence[Ruling]) -> str | None:
    """Return rulings as they are stored; None when no rule matched."""
    if not rulings:
        return None
    return to_json([[each.rule, each.added, each.removed, each.dropped, each.stopped] for each in rulings])


def rulings_from_json(said: str | None) -> tuple[Ruling, ...]:
    """Return rulings as they were stored."""
    return tuple(
        Ruling(rule=rule, added=tuple(added), removed=tuple(removed), dropped=dropped, stopped=stopped)
        for rule, added, removed, dropped, stopped in json.loads(said or "[]")
    )
