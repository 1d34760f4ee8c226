"""What the roles of the store in one SQLite file share."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager

Lender = Callable[[], AbstractContextManager[sqlite3.Connection]]


class Role:
    """A part of `protocols.Store`, on connections that are lent for reading and for one transaction."""

    def __init__(self, read: Lender, write: Lender) -> None:
        self._read = read
        self._write = write
