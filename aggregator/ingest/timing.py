"""When to poll next: pure, takes the time and the dice as arguments."""

from __future__ import annotations

from aggregator.model import Outcome

SPREAD = 0.1
"""Up to this part is added to every wait, so that sources drift apart instead of coming all at once."""

LONGEST_ASKED = 7 * 86_400_000
"""A server that asks for a longer pause (ms) is asked again after this: it may have been a mistake."""


def next_poll_at(
    *,
    outcome: Outcome,
    failures: int,
    interval: int,
    max_backoff: int,
    retry_after: int | None,
    now: int,
    dice: float,
) -> int:
    """Return the instant (ms) of a source's next poll.

    `failures` counts consecutive failed polls, the last one included; `interval` and `max_backoff` are ms;
    `retry_after` is what the server asked for (ms); `dice` is a random number in [0, 1). The first failure
    waits for one interval, each further one twice as long as the one before, up to `max_backoff`; a source
    that is gone is asked at `max_backoff` only. Never sooner than the interval, never never.
    """
    longest = max(interval, max_backoff)
    wait = interval
    if outcome is Outcome.GONE:
        wait = longest
    elif outcome.is_failure:
        wait = min(longest, interval * 2 ** min(failures - 1, 30))
    if retry_after is not None:
        wait = max(wait, min(retry_after, LONGEST_ASKED))
    return now + wait + int(wait * SPREAD * dice)
