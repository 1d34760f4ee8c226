"""Which tokens an entry has: what most rules look for is not there, and a set tells so at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable

_LOOKS = 16
"""So many searches of the texts cost about as much as the set."""


class Vocabulary:
    """The tokens of some folded texts, collected when they were asked for often enough to pay."""

    __slots__ = ("_looks", "_texts", "_tokens")

    def __init__(self, texts: Callable[[], Iterable[str]]) -> None:
        self._texts = texts
        self._looks = 0
        self._tokens: frozenset[str] | None = None

    def may_hold(self, tokens: frozenset[str]) -> bool:
        """Return False when not all of the tokens are in the texts; when True, they are to be searched."""
        if self._tokens is None:
            self._looks += 1
            if self._looks <= _LOOKS:
                return True
            self._tokens = frozenset(token for text in self._texts() for token in text.split())
        return tokens <= self._tokens
