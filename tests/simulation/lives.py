"""What becomes of a simulated source over the weeks."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Protocol

from tests.simulation.origins import DAY, HOUR, Origin


class Fate(Protocol):
    """What lives share: the dice, the calendar, each other, and a count of what happened."""

    dice: random.Random
    now: int
    origins: list[Origin]
    happened: Counter[str]

    def at(self, instant: int, deed: Callable[[], object]) -> None:
        """Let something happen at an instant (ms)."""


class Life:
    """The life of one source."""

    def __init__(self, origin: Origin, fate: Fate) -> None:
        self._origin = origin
        self._fate = fate
        self._dice = fate.dice
        self._stalled_until = 0
        self._quirks = self._any_time()
        self._changes = self._not_together()

    def remember(self, days: int, *, until: int) -> None:
        """Publish what it published in so many days."""
        self._origin.capacity = 2 * days
        for day in range(days, 0, -1):
            self._origin.publish(2, until=until - day * DAY, since=DAY)

    def go_on(self, begin: int) -> None:
        """Publish from then on, and do all kinds of things."""
        self._fate.at(begin, self._publish)
        self._fate.at(begin + DAY, self._be_odd)

    def burst(self) -> None:
        """Publish as much in a few hours as in weeks."""
        self._origin.burst()
        self._fate.happened["burst"] += 1

    def _any_time(self) -> list[Callable[[], object]]:
        origin = self._origin
        odd: list[Callable[[], object]] = [
            origin.publish_late,
            origin.publish_future,
            origin.publish_undated,
            self._go_down,
        ]
        return [*odd, self._copy] if origin.kind.dated else odd

    def _not_together(self) -> list[Callable[[], object]]:
        """Return what only one is done of between two polls; some happen more often."""
        origin = self._origin
        often = [origin.backfill, origin.correct, origin.recategorize] * 2
        changes = [
            self._move,
            origin.redate,
            origin.shift_zone,
            origin.to_https,
            origin.to_http,
            origin.punctuate,
        ]
        if origin.kind.guids != "none":
            changes.append(origin.new_guids)
        if origin.kind.guids == "opaque":
            changes.append(origin.track)
        return [*often, *changes, origin.reorder, self._reset]

    def _publish(self) -> None:
        if self._fate.now >= self._stalled_until:
            self._origin.publish(self._dice.randint(1, 6))
        if self._dice.random() < 0.04:
            self._stalled_until = self._fate.now + self._dice.randint(2, 8) * DAY
            self._fate.happened["stall"] += 1
        self._fate.at(self._fate.now + self._dice.randint(6, 30) * HOUR, self._publish)

    def _be_odd(self) -> None:
        if not self._origin.down:
            changes = [] if self._origin.changed else self._changes
            deed = self._dice.choice([*self._quirks, *changes])
            deed()
            self._fate.happened[deed.__name__.strip("_")] += 1
        self._fate.at(self._fate.now + self._dice.randint(3, 26) * HOUR, self._be_odd)

    def _copy(self) -> None:
        """Tell stories of another source, whose links are those that it is known by."""
        other = self._dice.choice(self._fate.origins[:-1])
        if other is not self._origin and not other.changed:
            self._origin.copy_from(other)

    def _move(self) -> None:
        """Go to another domain, unless somebody is about to tell a story by a link of before."""
        if self._origin.is_free_to_move and not any(
            origin.has_unseen_copies for origin in self._fate.origins
        ):
            self._origin.move()

    def _go_down(self) -> None:
        self._origin.down = True
        self._fate.at(self._fate.now + self._dice.randint(6, 120) * HOUR, self._origin.come_back)

    def _reset(self) -> None:
        self._origin.shorten()
        self._fate.at(self._fate.now + self._dice.randint(7, 60) * HOUR, self._origin.show_all)
