"""Dates as feeds write them → milliseconds UTC; pure.

The patterns are our own and strict: `email.utils` and feedparser read an unknown zone as UTC and a date in an
unknown form as another date, and dateutil guesses what it does not know. Here a date that cannot be
understood is undated, never a wrong date: an entry's ID hangs on it.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date

MIN_INSTANT = -62_135_596_800_000
"""0001-01-01T00:00:00Z"""
MAX_INSTANT = 253_402_300_799_999
"""9999-12-31T23:59:59.999Z"""

_LONGEST = 100
_UNIX_EPOCH = date(1970, 1, 1).toordinal()
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january",
            "feb february",
            "mar march",
            "apr april",
            "may",
            "jun june",
            "jul july",
            "aug august",
            "sep sept september",
            "oct october",
            "nov november",
            "dec december",
        ),
        start=1,
    )
    for name in names.split()
}
_MONTH = "(?P<month>" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\b\.?"
_WEEKDAY = (
    r"(?:(?:mon(?:day)?|tue(?:s|sday)?|wed(?:s|nesday)?|thu(?:r|rs|rsday)?|fri(?:day)?|sat(?:urday)?"
    r"|sun(?:day)?)\b\.?\s*,?\s*)?"
)

# Hours east of Greenwich. RFC 5322, section 4.3, names those of North America (so CST is Chicago's, not
# China's); the others mean one place only. IST, AST and single letters do not: a date with them is undated.
_ZONES = {
    "z": 0, "ut": 0, "utc": 0, "gmt": 0, "wet": 0,
    "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7,
    "akst": -9, "akdt": -8, "hst": -10, "nst": -3.5, "ndt": -2.5, "adt": -3, "brt": -3, "art": -3,
    "bst": 1, "west": 1, "cet": 1, "met": 1, "mez": 1, "cest": 2, "mest": 2, "mesz": 2, "cat": 2, "sast": 2,
    "eet": 2, "eest": 3, "eat": 3, "msk": 3, "trt": 3, "pkt": 5, "wib": 7, "ict": 7, "hkt": 8, "sgt": 8,
    "pht": 8, "awst": 8, "jst": 9, "kst": 9, "acst": 9.5, "acdt": 10.5, "aest": 10, "aedt": 11, "nzst": 12,
    "nzdt": 13,
}  # fmt: skip
_ZONE = (
    r"(?:\s*(?P<zone>(?:(?:gmt|utc?|z)\s*)?[+-]\d{1,2}(?::?\d{2})?|[a-z]{1,5})\b)?"
    r"(?:\s*(?:\([^()]*\)|\[[^\[\]]*\]|(?<=\d)\s[a-z]{2,5}))?"
)
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,:](?P<fraction>\d{1,9}))?)?"
_DIGITS_ONLY_CLOCK = r"(?P<hour>\d{2})(?P<minute>\d{2})(?:(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
_HALF_DAY = r"(?:\s*(?P<half>[ap])\.?m\b\.?)?"
_TIME = rf"(?:{_CLOCK}{_HALF_DAY}{_ZONE})?"
_YEAR = r"(?P<year>\d{4}|\d{2})"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"

_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE | re.ASCII)
    for pattern in (
        # ISO 8601, RFC 3339, W3C-DTF; also with a space for the T, and `/` or `.` for the hyphens
        rf"(?P<year>\d{{4}})(?P<sep>[-/.])(?P<month>\d{{1,2}})(?P=sep)(?P<day>\d{{1,2}})(?:(?:t|\s)\s*{_TIME})?",
        rf"(?P<year>\d{{4}})-(?P<month>\d{{2}})-(?P<day>\d{{2}})t(?P<hour>\d{{2}}){_ZONE}",
        r"(?P<year>\d{4})(?:-(?P<month>\d{2}))?",
        rf"(?P<year>\d{{4}})(?P<month>\d{{2}})(?P<day>\d{{2}})(?:t?{_DIGITS_ONLY_CLOCK}{_ZONE})?",
        # RFC 822 and 5322, with the liberties that feeds take
        rf"{_WEEKDAY}{_DAY}(?:\s+|\s*-\s*|/){_MONTH}(?:,?\s*|\s*-\s*|/){_YEAR}(?:(?:,|\s+at\b|:)?\s*{_TIME})?",
        # month first: `April 3, 2024 10:46 PM`, and JavaScript's `Wed Apr 03 2024 09:46:32 GMT+0800`
        rf"{_WEEKDAY}{_MONTH}\s*{_DAY}(?:,\s*|\s+)(?P<year>\d{{4}})\b(?:(?:,|\s+at\b)?\s*{_TIME})?",
        # C's asctime and Unix' date: `Wed Apr  3 01:46:32 UTC 2024`
        rf"{_WEEKDAY}{_MONTH}\s*{_DAY}\s+{_CLOCK}(?:\s+(?P<zone>[a-z]{{1,5}}|[+-]\d{{4}}))?\s+(?P<year>\d{{4}})",
    )
)  # fmt: skip
_EAST_ASIAN = re.compile(
    r"(?P<year>\d{4})\s*(?:[年년]|-)\s*(?P<month>\d{1,2})\s*(?:[月월]|-)\s*(?P<day>\d{1,2})\s*[日일]?"
    r"\s*(?:\([^()]{1,4}\)|(?:星期|周|礼拜|禮拜).|.曜日?|.요일)?"
    r"\s*(?:(?P<half>上午|下午|午前|午後|凌晨|早上|晚上|오전|오후)?\s*(?P<hour>\d{1,2})\s*[:時时点點시]"
    r"\s*(?:(?P<minute>\d{1,2})\s*[:分분]?\s*(?:(?P<second>\d{1,2})\s*[秒초]?)?)?"
    rf"{_ZONE})?",
    re.IGNORECASE,
)
_AFTERNOON = frozenset({"p", "下午", "午後", "晚上", "오후"})
_EPOCH_SECONDS = re.compile(r"(\d{9,10})(?:\.(\d{1,9}))?", re.ASCII)
_EPOCH_MILLISECONDS = re.compile(r"\d{12,13}", re.ASCII)
_DATE_OF_TWELVE_DIGITS = re.compile(
    r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])[0-5]\d"
)


def parse_instant(text: str | None) -> int | None:
    """Return the instant in milliseconds UTC, or None when there is none or it cannot be understood.

    Takes RFC 822/5322 and its common misspellings, ISO 8601/RFC 3339/W3C-DTF, C and JavaScript dates, epoch
    seconds (9–10 digits) and milliseconds (12–13 digits), and Chinese, Japanese and Korean forms. Without a
    zone a date is UTC, but for Korean ones: Korea has one zone, and nobody else writes so. A leap second is
    the first second after it. Finer parts than milliseconds are cut off. Dates that do not exist, numeric
    dates whose day and month could be swapped, zones that mean several, and instants outside the years 1 to
    9999 UTC are None.
    """
    if not text or len(text) > _LONGEST:
        return None
    said = " ".join(unicodedata.normalize("NFKC", text).split())
    instant = _from_epoch(said)
    if instant is None:
        instant = _from_calendar(said)
    return instant if instant is not None and MIN_INSTANT <= instant <= MAX_INSTANT else None


def _from_epoch(said: str) -> int | None:
    if seconds := _EPOCH_SECONDS.fullmatch(said):
        return int(seconds[1]) * 1000 + _milliseconds(seconds[2])
    if _EPOCH_MILLISECONDS.fullmatch(said) and not _DATE_OF_TWELVE_DIGITS.fullmatch(said):
        return int(said)
    return None


def _from_calendar(said: str) -> int | None:
    for pattern in _PATTERNS:
        if found := pattern.fullmatch(said):
            return _instant(found.groupdict(), default_zone="z")
    if found := _EAST_ASIAN.fullmatch(said):
        return _instant(found.groupdict(), default_zone="+9" if re.search("[년오]", said) else "z")
    return None


def _instant(said: dict[str, str | None], *, default_zone: str) -> int | None:
    day = _days(said["year"] or "", said.get("month") or "1", said.get("day") or "1")
    clock = _clock(said)
    offset = _offset(said.get("zone") or default_zone)
    if day is None or clock is None or offset is None:
        return None
    return day * 86_400_000 + clock - offset


def _days(year_said: str, month_said: str, day_said: str) -> int | None:
    """Return the days since 1970 of a date that exists."""
    year = int(year_said)
    if len(year_said) == 2:  # noqa: PLR2004 - RFC 5322, section 4.3: 00–49 are of this century
        year += 2000 if year < 50 else 1900  # noqa: PLR2004
    month = _MONTHS.get(month_said.lower()) or int(month_said)
    try:
        return date(year, month, int(day_said)).toordinal() - _UNIX_EPOCH
    except ValueError:
        return None


def _clock(said: dict[str, str | None]) -> int | None:
    """Return the milliseconds since midnight of a time that exists, 24:00:00 and leap seconds included."""
    hour, minute, second = (int(said.get(part) or 0) for part in ("hour", "minute", "second"))
    if half := said.get("half"):
        afternoon = half.lower() in _AFTERNOON
        if hour > 12 and not afternoon:  # noqa: PLR2004 - `13:00 PM` is said twice, `13:00 AM` is a mistake
            return None
        hour = hour % 12 + 12 * afternoon if hour <= 12 else hour  # noqa: PLR2004
    fraction = _milliseconds(said.get("fraction"))
    midnight = hour == 24 and not (minute or second or fraction)  # noqa: PLR2004 - ISO 8601's end of the day
    if (hour > 23 and not midnight) or minute > 59 or second > 60:  # noqa: PLR2004
        return None
    return ((hour * 60 + minute) * 60 + second) * 1000 + fraction


def _offset(zone: str) -> int | None:
    """Return the milliseconds that a zone is ahead of UTC; None for one that is not known for one place."""
    name = re.sub(r"\s", "", zone).lower()
    if (hours := _ZONES.get(name)) is not None:
        return int(hours * 3_600_000)
    number = re.fullmatch(r"(?:gmt|utc?|z)?([+-])(\d{1,2}):?(\d{2})?", name)
    if not number:
        return None
    hours, minutes = int(number[2]), int(number[3] or 0)
    if hours > 15 or minutes > 59:  # noqa: PLR2004 - no place on earth is further from Greenwich
        return None
    return (1 if number[1] == "+" else -1) * (hours * 60 + minutes) * 60_000


def _milliseconds(fraction: str | None) -> int:
    return int((fraction or "")[:3].ljust(3, "0"))
