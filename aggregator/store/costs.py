"""What a search may cost: entries looked at, and time."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from aggregator.exceptions import CostError
from aggregator.model import Budget

_STEPS = 5000
"""Of SQLite's machine between two looks at the clock: some tens of microseconds."""


T = TypeVar("T")


class Meter:
    """Counts what a search costs; without a budget, nothing is too much."""

    def __init__(self, budget: Budget | None = None) -> None:
        self._budget = budget
        self._looked = 0
        self._deadline = None if budget is None else time.monotonic() + budget.milliseconds / 1000

    def look(self) -> None:
        """Count an entry that is looked at. Raises `CostError` when it is one too many, or time is over."""
        self._looked += 1
        if self._budget is not None and (self._looked > self._budget.entries or self.is_over()):
            raise self.error()

    def timed(self, rows: Iterable[T]) -> Iterator[T]:
        """Yield what is read, of which each may take long. Raises `CostError` when time is over."""
        for row in rows:
            if self.is_over():
                raise self.error()
            yield row

    def is_over(self) -> bool:
        """Return whether the time is over."""
        return self._deadline is not None and time.monotonic() > self._deadline

    def error(self) -> CostError:
        """Return what to tell the person who asked."""
        if self._budget is None or not self.is_over():
            cost = f"{self._looked - 1:,} entries were looked at, and as many are allowed"
        else:
            cost = f"it took longer than {self._budget.milliseconds:,} ms"
        return CostError(
            f"this search costs too much: {cost}; make it narrower, e.g. with tag: or published >,"
            " or with words in place of a /regular expression/"
        )


UNLIMITED = Meter()


@contextmanager
def limited(conn: sqlite3.Connection, budget: Budget | None) -> Iterator[Meter]:
    """Let the block, which reads with this connection, cost no more than the budget; see the meter.

    SQLite is interrupted when the time is over; the connection stays usable. Raises `CostError`.
    """
    meter = Meter(budget)
    if budget is None:
        yield meter
        return
    conn.set_progress_handler(meter.is_over, _STEPS)
    try:
        yield meter
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT and meter.is_over():
            raise meter.error() from error
        raise
    finally:
        conn.set_progress_handler(None, 0)


@contextmanager
def snapshot(conn: sqlite3.Connection) -> Iterator[None]:
    """Let the block's statements, which read with this connection, all see the same state of the database."""
    conn.execute("BEGIN")
    try:
        yield
    finally:
        conn.rollback()
