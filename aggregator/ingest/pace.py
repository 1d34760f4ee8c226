"""What a document says of how often it is to be polled → Pace; pure.

RSS 2.0 (rssboard.org/rss-specification): `ttl`, `skipHours`, `skipDays`; RSS 1.0's syndication module
(web.resource.org/rss/1.0/modules/syndication), used in all formats: `sy:updatePeriod`, `sy:updateFrequency`.
A value that cannot be understood is as good as none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aggregator.model import Pace

_MINUTE = 60_000
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_PERIODS: Mapping[str, int] = {
    "hourly": _HOUR,
    "daily": _DAY,
    "weekly": 7 * _DAY,
    "monthly": 30 * _DAY,
    "yearly": 365 * _DAY,
}
_OMITTED_PERIOD = "daily"  # so the syndication module says
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MIDNIGHT_TOO = 24  # early versions of RSS counted hours from 1 to 24
_MOST_DIGITS = 9


def pace_from(
    *,
    ttl: str | None,
    period: str | None,
    frequency: str | None,
    skip_hours: Iterable[str],
    skip_days: Iterable[str],
) -> Pace:
    """Return the pace that these texts of a document's head ask for.

    `ttl` is in minutes; `period` and `frequency` are those of the syndication module, whose `updateBase`
    counts for nothing: nobody knows what it was meant to change. Hours and days are UTC.
    """
    spans = [span for span in (_ttl(ttl), _update_span(period, frequency)) if span]
    return Pace(
        every=max(spans, default=None),
        skip_hours=tuple(sorted({hour for text in skip_hours if (hour := _hour(text)) is not None})),
        skip_days=tuple(sorted({day for text in skip_days if (day := _day(text)) is not None})),
    )


def _ttl(said: str | None) -> int | None:
    minutes = _number(said)
    return minutes * _MINUTE if minutes else None


def _update_span(period: str | None, frequency: str | None) -> int | None:
    times = _number(frequency)
    if period is None and not times:
        return None
    span = _PERIODS.get((period or _OMITTED_PERIOD).strip().lower())
    return span // (times or 1) if span else None


def _hour(said: str) -> int | None:
    hour = _number(said)
    return hour % _MIDNIGHT_TOO if hour is not None and hour <= _MIDNIGHT_TOO else None


def _day(said: str) -> int | None:
    name = said.strip().lower()
    return _DAYS.index(name) if name in _DAYS else None


def _number(said: str | None) -> int | None:
    digits = (said or "").strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS else None
