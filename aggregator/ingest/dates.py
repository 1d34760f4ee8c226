"""Dates as feeds write them → milliseconds UTC; pure.

text ─► folded ─► clocks in words made `H:MM` ─► the one pattern that fits it whole ─► instant

The patterns are our own and strict: `email.utils` and feedparser read an unknown zone as UTC and a date in an
unknown form as another date, and dateutil guesses what it does not know. Here a date that cannot be
understood is undated, never a wrong date: an entry's ID hangs on it.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from aggregator.ingest.datewords import (
    ARTICLES,
    HOUR_WORDS,
    MONTHS,
    TIME_WORDS,
    WEEKDAY,
    folded,
    may_mean,
    one_of,
    writes_day_first,
    zone_hours,
)

MIN_INSTANT = -30_610_224_000_000
"""1000-01-01T00:00:00Z: what programs write in the place of no date is of the year 1, or of `-0001`."""
MAX_INSTANT = 253_402_300_799_999
"""9999-12-31T23:59:59.999Z"""

_LONGEST = 100
_UNIX_EPOCH = date(1970, 1, 1).toordinal()
_MS = timedelta(milliseconds=1)

_NO_LETTER = r"(?![^\W\d_])"
_NUMBER = r"[+-][0-9]{1,2}(?::?[0-9]{2})?(?![0-9])"
_ZONE = (
    rf"(?:\s*(?P<zone>(?:[a-z]{{1,5}}\s*)?{_NUMBER}|[a-z]+(?:/[a-z_+\-]+){{1,2}}|[^\W\d_]{{1,5}}{_NO_LETTER}))?"
    r"(?:\s*(?:\((?P<comment>[^()]*)\)|\[(?P<place>[^\[\]]*)\]|(?<=[0-9])\s[^\W\d_]{2,5}))?"
)
_CLOCK = (
    r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,:](?P<fraction>[0-9]{1,9}))?)?"
    r"(?:\s*(?P<half>[ap])\.?\s?m\b\.?)?"
)
_DIGITS_ONLY_CLOCK = (
    r"(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})(?:(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
)
_TIME = rf"(?:{_CLOCK}{_ZONE})?"

_ARTICLE = rf"(?:{one_of(ARTICLES)}\s+)?"
_WEEKDAY = rf"{_ARTICLE}(?:{WEEKDAY}{_NO_LETTER}\.?\s*,?\s*)?{_ARTICLE}"
_DAY = r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th|er|e|o|a|°)?"
_MONTH = rf"(?P<month>{one_of(MONTHS)}){_NO_LETTER}\.?"
_YEAR = r"(?P<year>[0-9]{4}|[0-9]{2})(?![0-9])"
_LONG_YEAR = r"(?P<year>[0-9]{4})(?![0-9])"
_OF = r"(?:\s*[-/]\s*|[.,]?\s*(?:(?:of|d(?:e|i|el))\s+)?)"
_YEAR_WORD = rf"(?:\s*г(?:ода)?{_NO_LETTER}\.?)?"
_THEN = rf"(?:\s*[,;:]\s*|\s+[|–—-]\s+|\s+)(?:{one_of(TIME_WORDS)}{_NO_LETTER}\.?\s*)?"

_YEAR_FIRST = (
    rf"(?:{WEEKDAY}\.?,?\s+)?(?P<year>[0-9]{{4}})(?P<sep>[-/.])(?P<month>[0-9]{{1,2}})(?P=sep)"
    r"(?P<day>[0-9]{1,2})"
)
_DAY_FIRST = rf"{_WEEKDAY}{_DAY}{_OF}{_MONTH}{_OF}{_YEAR}{_YEAR_WORD}"
_MONTH_FIRST = rf"{_WEEKDAY}{_MONTH}\s*{_DAY}(?:,\s*|\s+){_LONG_YEAR}"
_IN_NUMBERS = (
    rf"{_WEEKDAY}(?P<first>[0-9]{{1,2}})(?P<sep>[./-])(?P<other>[0-9]{{1,2}})(?P=sep){_LONG_YEAR}{_YEAR_WORD}"
)

_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        # ISO 8601, RFC 3339, W3C-DTF; also with a space for the T, and `/` or `.` for the hyphens
        rf"{_YEAR_FIRST}(?:(?:t|,?\s+(?:at\s+)?|\s+[|–—-]\s+)\s*{_TIME})?",
        rf"(?P<year>[0-9]{{4}})-(?P<month>[0-9]{{2}})-(?P<day>[0-9]{{2}})t{_DIGITS_ONLY_CLOCK}{_ZONE}",
        rf"(?P<year>[0-9]{{4}})-(?P<month>[0-9]{{2}})-(?P<day>[0-9]{{2}})t(?P<hour>[0-9]{{2}}){_ZONE}",
        r"(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{2}))?",
        rf"(?P<year>[0-9]{{4}})(?P<month>[0-9]{{2}})(?P<day>[0-9]{{2}})(?:t?{_DIGITS_ONLY_CLOCK}{_ZONE})?",
        rf"(?P<year>[0-9]{{4}})-(?P<day_of_year>[0-9]{{3}})(?:t{_TIME})?",
        rf"(?P<year>[0-9]{{4}})-?w(?P<week>[0-9]{{2}})(?:-?(?P<weekday>[1-7]))?(?:t{_TIME})?",
        # RFC 822 and 5322, with the liberties that feeds take; as people write: `22. November 2026, 10:30`
        rf"{_DAY_FIRST}(?:{_THEN}{_CLOCK}{_ZONE}|\s+(?:gmt|utc?))?",
        rf"{_MONTH}\s+{_LONG_YEAR}",
        rf"{_CLOCK}{_ZONE}{_THEN}{_DAY_FIRST}",
        # month first: `April 3, 2024 10:46 PM`, and JavaScript's `Wed Apr 03 2024 09:46:32 GMT+0800`
        rf"{_MONTH_FIRST}(?:{_THEN}{_CLOCK}{_ZONE})?",
        rf"(?P<year>[0-9]{{4}})[\s-]{_MONTH}[\s-]{_DAY}(?:{_THEN}{_CLOCK}{_ZONE})?",
        # C's asctime and Unix' date: `Wed Apr  3 01:46:32 UTC 2024`
        rf"{_WEEKDAY}{_MONTH}\s*{_DAY}\s+{_CLOCK}(?:\s+(?P<zone>[a-z]{{1,5}}|[+-][0-9]{{4}}))?\s+{_LONG_YEAR}",
        # in numbers alone, where day and month cannot be swapped: `22/11/2026`
        rf"{_IN_NUMBERS}(?:{_THEN}{_CLOCK}{_ZONE})?",
        rf"{_CLOCK}{_ZONE}{_THEN}{_IN_NUMBERS}",
    )
)

_ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925, "民國": 1911, "民国": 1911}
_HALVES = ("上午", "下午", "午前", "午後", "凌晨", "早上", "中午", "晚上", "오전", "오후", "새벽")
_EAST_ASIAN = re.compile(
    r"(?:(?:西暦|公元)?(?P<year>[0-9]{4})|(?:中[華华])?"
    rf"(?P<era>{one_of(_ERAS)})\s*(?P<year_of_era>[0-9]{{1,3}}|元))\s*(?:[年년]|[-./])\s*"
    r"(?P<month>[0-9]{1,2})\s*(?:[月월]|[-./])\s*(?P<day>[0-9]{1,2})(?![0-9])\s*[日일号.]?"
    r"\s*(?:\([^()]{1,4}\)|(?:星期|周|礼拜|禮拜).|.曜日?|.요일)?"
    rf"(?:,?\s*(?P<half>{one_of(_HALVES)})?\s*(?P<hour>[0-9]{{1,2}})\s*[:時时点點시]"
    r"\s*(?:(?P<minute>[0-9]{1,2})\s*[:分분]?\s*(?:(?P<second>[0-9]{1,2})\s*[秒초]?)?)?"
    rf"{_ZONE})?"
)
_KOREAN = re.compile("[가-힣]")
_AFTERNOON = frozenset({"p", "下午", "午後", "오후"})
_BY_NIGHT_OR_NOON = frozenset({"晚上", "中午"})

_HOUR_WORD = one_of(HOUR_WORDS)
_MINUTE_WORD = r"(?:min|mn|m|мин)"
_CLOCKS_IN_WORDS = (
    (re.compile(rf"(?<![0-9.:])([0-9]{{1,2}})[.:]([0-9]{{2}})\s?{_HOUR_WORD}{_NO_LETTER}\.?"), r"\1:\2"),
    (
        re.compile(
            rf"(?<![0-9.:])([0-9]{{1,2}})\s?{_HOUR_WORD}\.?\s?([0-9]{{2}})(?![0-9:])"
            rf"(?:\s?{_MINUTE_WORD}{_NO_LETTER}\.?)?"
        ),
        r"\1:\2",
    ),
    (re.compile(rf"(?<![0-9.:])([0-9]{{1,2}})\s?{_HOUR_WORD}{_NO_LETTER}\.?"), r"\1:00"),
    (re.compile(r"(?<![0-9])([0-9]{4},?) ([0-9]{1,2})\.([0-9]{2})(?![0-9.])"), r"\1 \2:\3"),
)
_ZONE_SAID_TWICE = re.compile(r"([+-]00:?00)z\Z|([+-][0-9]{4}) \2\Z")

_EPOCH_SECONDS = re.compile(r"([0-9]{9,10})(?:\.([0-9]{1,9}))?")
_EPOCH_MILLISECONDS = re.compile(r"([0-9]{12,13})(?:\.0+)?")
_DATE_WITH_HOUR = re.compile(
    r"(?:199[0-9]|20[0-9]{2})(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?:[01][0-9]|2[0-3])(?:[0-5][0-9])?"
)


def parse_instant(text: str | None, language: str | None = None) -> int | None:
    """Return the instant in milliseconds UTC, or None when there is none or it cannot be understood.

    Takes RFC 822/5322 and its common misspellings, ISO 8601/RFC 3339/W3C-DTF, C and JavaScript dates, epoch
    seconds (9–10 digits) and milliseconds (12–13 digits), dates in words of English, German, French, Spanish,
    Italian, Portuguese, Dutch and Russian, and Chinese, Japanese (with eras) and Korean forms.

    `language` (a tag of RFC 5646) is that of the feed or entry, where it is known: it tells whose CST or IST
    is meant, and that `3.4.2024` has the day first. Without a zone a date is UTC, but for Korean ones: Korea
    has one zone, and nobody else writes so. A leap second is the first second after it. Finer parts than
    milliseconds are cut off. Dates that do not exist, numeric dates whose day and month could be swapped,
    zones that mean several, and instants outside the years 1000 to 9999 UTC are None.
    """
    if not text or len(text) > _LONGEST:
        return None
    said = folded(text)
    instant = _from_epoch(said)
    if instant is None:
        instant = _from_calendar(said, language)
    return instant if instant is not None and MIN_INSTANT <= instant <= MAX_INSTANT else None


def _from_epoch(said: str) -> int | None:
    if _DATE_WITH_HOUR.fullmatch(said):
        return None
    if seconds := _EPOCH_SECONDS.fullmatch(said):
        return int(seconds[1]) * 1000 + _milliseconds(seconds[2])
    found = _EPOCH_MILLISECONDS.fullmatch(said)
    return int(found[1]) if found else None


def _from_calendar(said: str, language: str | None) -> int | None:
    said = _ZONE_SAID_TWICE.sub(r"\1\2", said)
    for in_words, in_numbers in _CLOCKS_IN_WORDS:
        said = in_words.sub(in_numbers, said)
    for pattern in _PATTERNS:
        if found := pattern.fullmatch(said):
            return _instant(found.groupdict(), language, default_zone="z")
    if found := _EAST_ASIAN.fullmatch(said):
        return _instant(found.groupdict(), language, default_zone="+9" if _KOREAN.search(said) else "z")
    return None


def _instant(said: dict[str, str | None], language: str | None, *, default_zone: str) -> int | None:
    try:
        day = _day(said, language)
    except ValueError:  # no such day
        return None
    clock = _clock(said)
    if day is None or clock is None:
        return None
    local = (day.toordinal() - _UNIX_EPOCH) * 86_400_000 + clock
    zone = said.get("zone") or said.get("comment") or said.get("place") or default_zone
    if "/" in zone:
        return _in_place(local, zone)
    offset = _offset(zone, language)
    return None if offset is None else local - offset


def _day(said: dict[str, str | None], language: str | None) -> date | None:
    """Return the day; raises ValueError when it does not exist."""
    year = _year(said)
    if days := said.get("day_of_year"):
        day = date(year, 1, 1) + timedelta(days=int(days) - 1)
        return day if day.year == year and int(days) else None
    if week := said.get("week"):
        return date.fromisocalendar(year, int(week), int(said.get("weekday") or 1))
    if first := said.get("first"):
        day_first = said["sep"] == "." and writes_day_first(language)
        return _unswappable(year, int(first), int(said["other"] or 0), day_first=day_first)
    month = said.get("month") or "1"
    return date(year, MONTHS.get(month) or int(month), int(said.get("day") or 1))


def _unswappable(year: int, first: int, other: int, *, day_first: bool) -> date | None:
    """Return the day that two numbers mean when they can mean no other."""
    if day_first or first > 12 or first == other:  # noqa: PLR2004 - months
        return date(year, other, first)
    return date(year, first, other) if other > 12 else None  # noqa: PLR2004 - months


def _year(said: dict[str, str | None]) -> int:
    if era := said.get("era"):
        of_era = said["year_of_era"] or "元"
        return _ERAS[era] + (1 if of_era == "元" else int(of_era))
    written = said["year"] or ""
    year = int(written)
    if len(written) == 2:  # noqa: PLR2004 - RFC 5322, section 4.3: 00–49 are of this century
        year += 2000 if year < 50 else 1900  # noqa: PLR2004
    return year


def _clock(said: dict[str, str | None]) -> int | None:
    """Return the milliseconds since midnight of a time that exists, 24:00:00 and leap seconds included."""
    hour, minute, second = (int(said.get(part) or 0) for part in ("hour", "minute", "second"))
    if half := said.get("half"):
        whole = _of_half(hour, half)
        if whole is None:
            return None
        hour = whole
    fraction = _milliseconds(said.get("fraction"))
    midnight = hour == 24 and not (minute or second or fraction)  # noqa: PLR2004 - ISO 8601's end of the day
    if (hour > 23 and not midnight) or minute > 59 or second > 60:  # noqa: PLR2004
        return None
    return ((hour * 60 + minute) * 60 + second) * 1000 + fraction


def _of_half(hour: int, half: str) -> int | None:
    """Return the hour of 24 that an hour of half a day is, or None where it could be two."""
    if half in _BY_NIGHT_OR_NOON:  # an hour past midnight is in the night, too
        evening = half == "晚上" and 6 <= hour < 12  # noqa: PLR2004
        around_noon = half == "中午" and hour in {11, 12}
        return hour + 12 if evening else hour if around_noon or 18 <= hour < 24 else None  # noqa: PLR2004
    if half == "早上" and hour == 12:  # noqa: PLR2004 - neither noon nor midnight is early in the morning
        return None
    afternoon = half in _AFTERNOON
    if hour > 12:  # noqa: PLR2004 - `13:00 PM` is said twice, `13:00 AM` is a mistake
        return hour if afternoon else None
    return hour % 12 + 12 * afternoon


def _offset(zone: str, language: str | None) -> int | None:
    """Return the milliseconds that a zone is ahead of UTC; None for one that is not known for one place."""
    name = re.sub(r"[\s.]", "", zone)
    if (hours := zone_hours(name, language)) is not None:
        return int(hours * 3_600_000)
    number = re.fullmatch(r"([a-z]*)([+-])([0-9]{1,2}):?([0-9]{2})?", name)
    if not number:
        return None
    hours, minutes = int(number[3]), int(number[4] or 0)
    if hours > 15 or minutes > 59:  # noqa: PLR2004 - no place on earth is further from Greenwich
        return None
    offset = (1 if number[2] == "+" else -1) * (hours * 60 + minutes)
    # `EST+5` may be five hours west, as POSIX has it
    sure = number[1] in {"", "z", "ut", "utc", "gmt"} or may_mean(number[1], offset / 60)
    return offset * 60_000 if sure else None


def _in_place(local: int, place: str) -> int | None:
    """Return the instant of a local time (ms since 1970), or None where clocks say it twice or never."""
    try:
        zone = ZoneInfo(_places()[place.strip()])
        naive = datetime(1970, 1, 1) + timedelta(milliseconds=local)  # noqa: DTZ001 - it is of no zone yet
        instants = {naive.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    except (ValueError, KeyError, OSError, OverflowError):  # no such place, or none known here
        return None
    if len(instants) > 1:
        return None
    return (instants.pop() - datetime(1970, 1, 1, tzinfo=UTC)) // _MS


@cache
def _places() -> dict[str, str]:
    """Return the names of IANA's zones by their folded forms."""
    return {folded(name): name for name in available_timezones()}


def _milliseconds(fraction: str | None) -> int:
    return int((fraction or "")[:3].ljust(3, "0"))
