"""The one named result of a poll."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """The one named result of a poll, as tables, pages and JSON show it."""

    OK = "ok"
    NOT_MODIFIED = "not modified"
    UNCHANGED = "unchanged"
    MOVED = "moved"
    GONE = "gone"
    RATE_LIMITED = "rate limited"
    HTTP_ERROR = "http error"
    TIMEOUT = "timeout"
    TOO_LARGE = "too large"
    REFUSED_ADDRESS = "refused address"
    DNS_ERROR = "dns error"
    TLS_ERROR = "tls error"
    CONNECTION_ERROR = "connection error"
    NOT_A_FEED = "not a feed"
    UNPARSEABLE = "unparseable"
    EMPTY = "empty"

    @property
    def is_failure(self) -> bool:
        """Whether the source counts as failing after this outcome."""
        return self not in _SUCCESSES

    @property
    def is_silence(self) -> bool:
        """Whether no server answered: the fault may lie in the way to it."""
        return self in _SILENCES


_SUCCESSES = frozenset({Outcome.OK, Outcome.NOT_MODIFIED, Outcome.UNCHANGED, Outcome.MOVED})
_SILENCES = frozenset(
    {
        Outcome.DNS_ERROR,
        Outcome.CONNECTION_ERROR,
        Outcome.TIMEOUT,
        Outcome.TLS_ERROR,
        Outcome.REFUSED_ADDRESS,
    }
)
