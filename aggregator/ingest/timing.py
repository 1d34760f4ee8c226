"""When to poll next: pure, takes the time and the dice as arguments.

    interval, or what the source's rhythm makes of it ─► longer without validators      usual_interval
        ─► as long as max-age, ttl or sy:* ask for ─► backed off after failures
        ─► Retry-After ─► out of skipHours and skipDays ─► spread                       next_poll_at

Each step may make a wait longer, none makes it shorter.
"""

from __future__ import annotations

from aggregator.ingest.rhythm import adaptive_interval
from aggregator.model import Outcome, Pace, Source, SourceState

_HOUR = 3_600_000
_DAY = 24 * _HOUR

SPREAD = 0.1
"""Up to this part is added to every wait, so that sources drift apart instead of coming all at once."""

UNVALIDATED = 1.5
"""As many intervals for a source without validators: each poll of it costs its server a whole document.

With the spread that is still less than two intervals.
"""

LONGEST_ASKED = 7 * _DAY
"""A server or document that asks for a longer pause (ms) is asked again after this: it may be a mistake."""

LONGEST_FRESH = _DAY
"""Likewise of max-age, which servers often set to a year for all their static files, feeds among them."""

_HOURS_OF_DAY, _DAYS_OF_WEEK = 24, 7
_FIRST_WEEKDAY = 3  # 1970 began with a Thursday


def usual_interval(source: Source, state: SourceState, *, now: int) -> int:
    """Return the wait (ms) between two polls of a source that answers, as far as it is up to us.

    That is the configured interval, or for an adaptive source what its rhythm makes of it; half as much again
    where the last document that was read came without validators.
    """
    interval = source.interval
    if source.adaptive:
        interval = adaptive_interval(state.rhythm, now=now, least=source.interval, most=source.max_interval)
    if state.body_hash is not None and state.validators is None:
        longer = int(interval * UNVALIDATED)
        return min(longer, max(interval, source.max_interval)) if source.adaptive else longer
    return interval


def next_poll_at(
    *,
    outcome: Outcome,
    failures: int,
    interval: int,
    max_backoff: int,
    retry_after: int | None,
    max_age: int | None,
    pace: Pace,
    now: int,
    dice: float,
) -> int:
    """Return the instant (ms) of a source's next poll.

    `interval` and `max_backoff` are ms; `failures` counts consecutive failed polls, the last one included;
    `retry_after` and `max_age` are what the server said (ms), `pace` what the document did; `dice` is a
    random number in [0, 1).

    The first failure waits like a success, each further one for twice as many intervals as the one before, up
    to `max_backoff`; a source that is gone is asked at `max_backoff` only. So a source is never asked more
    often while it fails than while it answers, and never given up.
    """
    wait = max(
        interval,
        min(max_age or 0, LONGEST_FRESH),
        min(pace.every or 0, LONGEST_ASKED),
    )
    longest = max(interval, max_backoff)
    if outcome is Outcome.GONE:
        wait = max(wait, longest)
    elif outcome.is_failure:
        wait = max(wait, min(longest, interval * 2 ** min(max(failures - 1, 0), 30)))
    wait = max(wait, min(retry_after or 0, LONGEST_ASKED))
    return _spread(_first_welcome(now + wait, pace), wait * SPREAD, pace, dice)


def pause_of_host(*, retry_after: int | None, interval: int, now: int) -> int:
    """Return until when (ms) a host that calls our requests too many (429) is left alone."""
    return now + min(retry_after or interval, LONGEST_ASKED)


def _spread(earliest: int, most: float, pace: Pace, dice: float) -> int:
    """Return an instant up to `most` ms after `earliest`, before the next hour that is to be skipped."""
    until = earliest
    while until < earliest + most and not _is_skipped(until, pace):
        until = _next_hour(until)
    return earliest + int(min(most, until - earliest) * dice)


def _first_welcome(instant: int, pace: Pace) -> int:
    """Return the first instant from this one on in an hour and on a day that are not to be skipped."""
    for _ in range(_HOURS_OF_DAY * (_DAYS_OF_WEEK + 1)):
        if not _is_skipped(instant, pace):
            break
        instant = _next_hour(instant)
    return instant


def _next_hour(instant: int) -> int:
    return instant - instant % _HOUR + _HOUR


def _is_skipped(instant: int, pace: Pace) -> bool:
    """Whether a document does not want to be polled then. To skip all hours, or all days, is to skip none."""
    hours, days = set(pace.skip_hours), set(pace.skip_days)
    hour = instant // _HOUR % _HOURS_OF_DAY
    day = (instant // _DAY + _FIRST_WEEKDAY) % _DAYS_OF_WEEK
    return (hour in hours and len(hours) < _HOURS_OF_DAY) or (day in days and len(days) < _DAYS_OF_WEEK)
