"""Sources that move for good: when another address is asked in place of the configured one; pure.

configured URL ─301/308─► feed, twice at the same address ─► that address is asked directly
that address fails three times in a row, is gone, or leads back ─► the configured URL is asked again
that address redirects for good in its turn, twice to the same ─► the next one is asked directly
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from aggregator.ingest.target import target_of
from aggregator.model import Outcome, SourceState
from aggregator.model.poll import MOVED_AFTER
from aggregator.printable import escape

FORGOTTEN_AFTER = 3
"""Polls in a row that fail at an address we were sent to, before the configured URL is asked again."""

LONGEST_ADDRESS = 2_000
"""Characters; what is longer holds a session, not a place, and is not remembered."""

_SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What a poll means for where the source is asked next."""

    state: SourceState
    is_news: bool = False
    """Whether the source said that it has moved, and is not asked there directly yet."""
    message: str = ""
    """A sentence for the person who looks; empty when there is nothing to say."""


def found(state: SourceState, *, url: str, moved_to: str | None) -> Move:
    """Return what follows from a poll that found the source's feed.

    `url` is where the document was in the end, `moved_to` where permanent redirects (301, 308) led before any
    other kind did. Temporary ones are never remembered.
    """
    if moved_to is not None and len(moved_to) > LONGEST_ADDRESS:
        moved_to = None
    direct = _is_direct(state)
    if direct and _leads_back(state, url, moved_to):
        message = (
            f"{_shown(state.address)} leads back to the configured URL, which is asked again from now on."
        )
        return Move(state=_forgotten(state), message=message)
    if moved_to is None:
        return Move(state=replace(state, moving_to=None) if direct else _forgotten(state))
    seen = _sightings(state, moved_to) + 1
    if seen >= MOVED_AFTER or not direct:
        after = replace(state, moved_to=moved_to, moved_polls=seen, moving_to=None)
    else:
        after = replace(state, moving_to=moved_to)
    return Move(state=after, is_news=True, message=_told(moved_to, seen))


def lost(state: SourceState, outcome: Outcome, *, url: str | None = None) -> Move:
    """Return what follows from a poll that failed; `url` is where a document was that is no feed."""
    if outcome is Outcome.RATE_LIMITED:  # which says nothing of where the source is
        return Move(state=state)
    if not _is_direct(state):
        return Move(state=_forgotten(state))
    failed = state.failures + 1 >= FORGOTTEN_AFTER or outcome is Outcome.GONE
    if not failed and not (url and _leads_back(state, url, None)):
        return Move(state=replace(state, moving_to=None))
    message = f"It had moved to {_shown(state.address)}; from now on it is asked at the configured URL again."
    return Move(state=_forgotten(state), message=message)


def _is_direct(state: SourceState) -> bool:
    return state.address != state.url


def _forgotten(state: SourceState) -> SourceState:
    return replace(state, moved_to=None, moved_polls=0, moving_to=None)


def _leads_back(state: SourceState, url: str, moved_to: str | None) -> bool:
    return target_of(state.url).url in {url, moved_to}


def _sightings(state: SourceState, address: str) -> int:
    """Return how many polls in a row, up to the last one, were sent to this address for good."""
    if _is_direct(state):
        return int(address == state.moving_to)
    return state.moved_polls if address == state.moved_to else 0


def _told(address: str, seen: int) -> str:
    if seen < MOVED_AFTER:
        then = "when the next poll finds it there, too, it is asked there directly"
    else:
        then = "from now on it is asked there directly: put this address in the config"
    return f"The source has moved permanently to {_shown(address)}; {then}."


def _shown(address: str) -> str:
    return escape(address if len(address) <= _SHOWN else f"{address[: _SHOWN - 1]}…")
