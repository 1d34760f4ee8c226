"""Dates, spans and numbers as expressions hold them; pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from aggregator.model import And, Comparison, Expression, Field, Operator
from aggregator.units import parse_duration

MAX_NUMBER = 2**62
"""What can be added to an instant, and still be stored."""

_FIRST_YEAR, _LAST_YEAR = 1000, 9998
"""So that the ends of periods, in any zone, have years of four digits."""

_DAY = 86_400_000
_UNITS = {"d": _DAY, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATE = re.compile(
    r"(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2})"
    r"(?:[Tt](?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.(?P<ms>[0-9]{1,3}))?)?"
    r"(?P<zone>[Zz]|[+-][0-9]{2}:[0-9]{2})?)?)?)?"
)


def comparison(field: Field, operator: Operator, text: str) -> Expression:
    """Return what a number, span or date says of a field, when it is compared by this operator.

    A date that is not told to the millisecond is a period: `=` is within it, `>` behind its end, `>=` from
    its beginning on. Raises `ValueError`, whose text says what is expected.
    """
    if field is Field.PUBLISHED:
        return _in_period(operator, text)
    return Comparison(field, operator, _span(text) if field is Field.AGE else _number(text))


def _number(text: str) -> int:
    if not re.fullmatch("[0-9]{1,19}", text) or int(text) > MAX_NUMBER:
        raise ValueError("a whole number such as 200")
    return int(text)


def _span(text: str) -> int:
    try:
        span = parse_duration(text)
    except ValueError:
        span = MAX_NUMBER + 1
    if span > MAX_NUMBER:
        raise ValueError("a span such as 7d, 36h or 1h30m (units: w, d, h, m, s, ms)")
    return span


def _in_period(operator: Operator, text: str) -> Expression:
    start, end = _period(text)
    if end is None:
        return Comparison(Field.PUBLISHED, operator, start)
    since = Comparison(Field.PUBLISHED, Operator.AT_LEAST, start)
    before = Comparison(Field.PUBLISHED, Operator.BELOW, end)
    match operator:
        case Operator.BELOW:
            return Comparison(Field.PUBLISHED, Operator.BELOW, start)
        case Operator.AT_LEAST:
            return since
        case Operator.AT_MOST:
            return before
        case Operator.ABOVE:
            return Comparison(Field.PUBLISHED, Operator.AT_LEAST, end)
        case Operator.EQUAL:
            return And((since, before))


def _period(text: str) -> tuple[int, int | None]:
    """Return the first instant of what a date names and the first one behind it; None for an instant."""
    said = _DATE.fullmatch(text)
    if said is None:
        raise ValueError("a date such as 2026-11-20, 2026-11, 2026 or 2026-11-20T08:30:00Z")
    part = {name: int(value) for name, value in said.groupdict().items() if value and name != "zone"}
    try:
        moment = datetime(
            part["year"], part.get("month", 1), part.get("day", 1),
            part.get("hour", 0), part.get("minute", 0), part.get("second", 0),
            tzinfo=UTC,
        )  # fmt: skip
    except ValueError:
        raise ValueError("a day and time that the calendar has") from None
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValueError(f"a year from {_FIRST_YEAR} to {_LAST_YEAR}")
    start = _ms(moment) - _offset(said["zone"]) + int((said["ms"] or "0").ljust(3, "0"))
    if said["ms"]:
        return start, None
    if "day" in part:
        smallest = next(unit for unit in ("second", "minute", "day") if unit in part)
        return start, start + {"second": 1000, "minute": 60_000, "day": _DAY}[smallest]
    month = part.get("month", 12)
    years, months = divmod(month, 12)
    return start, _ms(datetime(part["year"] + years, months + 1, 1, tzinfo=UTC))


def _offset(zone: str | None) -> int:
    if zone is None or zone in "Zz":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[4:])
    if hours > 23 or minutes > 59:  # noqa: PLR2004 - hours and minutes
        raise ValueError("an offset such as +09:00")
    return (-1 if zone[0] == "-" else 1) * (hours * 60 + minutes) * 60_000


def _ms(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def written_value(comparison: Comparison) -> str:
    """Return the value of a comparison as `comparison` reads it. Dates have years of four digits."""
    match comparison.field:
        case Field.AGE:
            return _written_span(comparison.value)
        case Field.PUBLISHED:
            whole_day = comparison.operator in {Operator.BELOW, Operator.AT_LEAST}
            return _written_date(comparison.value, whole_day=whole_day)
        case _:
            return str(comparison.value)


def _written_span(ms: int) -> str:
    amounts = []
    for unit, size in _UNITS.items():
        amount, ms = divmod(ms, size)
        if amount:
            amounts.append(f"{amount}{unit}")
    return "".join(amounts) or "0s"


def _written_date(ms: int, *, whole_day: bool) -> str:
    moment = (_EPOCH + timedelta(milliseconds=ms)).replace(tzinfo=None)
    if whole_day and ms % _DAY == 0:
        return moment.date().isoformat()
    return moment.isoformat(timespec="milliseconds") + "Z"
