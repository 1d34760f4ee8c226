"""Dates in words and in numbers of many places: `test_dates` has the formats that standards name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aggregator.ingest.dates import parse_instant
from aggregator.ingest.datewords import MONTHS

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 1_795_305_600_000
"""2026-11-22T00:00:00Z"""
HALF_PAST_TEN = DAY + 10 * HOUR + 30 * MINUTE


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("22 ноября 2026, 10:30", HALF_PAST_TEN),
        ("22 ноя 2026 г., 10:30", HALF_PAST_TEN),
        ("22 нояб. 2026 года в 10:30", HALF_PAST_TEN),
        ("воскресенье, 22 ноября 2026 г., 13:30 МСК", HALF_PAST_TEN),
        ("Вс, 22 Ноябрь 2026 13:30:00 +0300", HALF_PAST_TEN),
        ("10:30, 22 ноября 2026", HALF_PAST_TEN),
        ("22. November 2026 10:30 Uhr", HALF_PAST_TEN),
        ("Sonntag, 22. November 2026, 10.30 Uhr", HALF_PAST_TEN),
        ("So, 22 Nov 2026 11:30:00 MEZ", HALF_PAST_TEN),
        ("22.11.2026, 10 Uhr", HALF_PAST_TEN - 30 * MINUTE),
        ("le 22 novembre 2026 à 10h30", HALF_PAST_TEN),
        ("le dimanche 22 novembre 2026 à 10 h 30 min", HALF_PAST_TEN),
        ("dim., 22 nov. 2026 11:30:00 +0100", HALF_PAST_TEN),
        ("22 de noviembre de 2026", DAY),
        ("domingo, 22 de noviembre de 2026, 10:30", HALF_PAST_TEN),
        ("22 nov. 2026 10:30 a. m.", HALF_PAST_TEN),
        ("22 de novembro de 2026 às 10h30", HALF_PAST_TEN),
        ("domenica 22 novembre 2026 alle ore 10:30", HALF_PAST_TEN),
        ("zondag 22 november 2026 om 10:30 uur", HALF_PAST_TEN),
        ("Sunday 22nd of November 2026 at 10:30 am", HALF_PAST_TEN),
        ("2026 November 22 10:30", HALF_PAST_TEN),
        ("2026년 11월 22일 오전 10:30", HALF_PAST_TEN - 9 * HOUR),
        ("2026. 11. 22. 오후 7:30", HALF_PAST_TEN),
        ("令和8年11月22日 10:30", HALF_PAST_TEN),
        ("平成三一年", None),
        ("民國115年11月22日 上午10:30", HALF_PAST_TEN),
        ("2026年11月22日 晚上8点30分", HALF_PAST_TEN + 10 * HOUR),
        ("２０２６年１１月２２日（日）　１０：３０", HALF_PAST_TEN),
        ("2026/11/22 10:30", HALF_PAST_TEN),
        ("2026.11.22", DAY),
        ("Sun, 22 Nov 2026 19:30:00 HKT", HALF_PAST_TEN + HOUR),
        ("Sun, 22 Nov 2026 19:30:00 (JST)", HALF_PAST_TEN),
        ("Sun, 22 Nov 2026 02:30:00 America/Los_Angeles", HALF_PAST_TEN),
        ("2026-11-22T19:30[Asia/Tokyo]", HALF_PAST_TEN),
        ("2026-11-22T05:30:00 EST-0500", HALF_PAST_TEN),
        ("2026-W47-7", DAY),
        ("2026-326T10:30", HALF_PAST_TEN),
        ("\u200e22/11/2026 10:30", HALF_PAST_TEN),
        ("22 Nov 2026 GMT", DAY),
        ("Nov. 2026", DAY - 21 * 24 * HOUR),
    ],
)
def test_a_date_as_people_write_it_is_the_instant_it_means(text: str, instant: int | None) -> None:
    assert parse_instant(text) == instant


@pytest.mark.parametrize(
    ("month", "names"),
    [
        (1, "январь января янв. Januar Jänner janvier janv. enero gennaio janeiro januari"),
        (2, "февраля фев. февр. Februar février févr. febrero febbraio fevereiro februari"),
        (3, "март марта мар. März Maerz Mrz. mars marzo março maart"),
        (4, "апреля апр. April avril avr. abril aprile"),
        (5, "май мая Mai mayo maggio maio mei"),
        (6, "июня июн. Juni juin junio giugno junho"),
        (7, "июля июл. Juli juillet juil. julio luglio julho"),
        (8, "августа авг. August août agosto augustus"),
        (9, "сентября сент. сен. September septembre sept. septiembre setiembre settembre setembro"),
        (10, "октября окт. Oktober Okt. octobre octubre ottobre outubro"),
        (11, "ноября нояб. ноя. November novembre noviembre novembro"),
        (12, "декабря дек. Dezember Dez. décembre déc. diciembre dicembre dezembro"),
    ],
)
def test_a_month_has_its_names_in_each_language(month: int, names: str) -> None:
    instant = int(datetime(2026, month, 5, 10, 30, tzinfo=UTC).timestamp() * 1000)
    for name in names.split():
        assert parse_instant(f"5 {name} 2026 10:30") == instant, name
        assert parse_instant(f"5 {name.upper()} 2026 10:30") == instant, name


@pytest.mark.parametrize(
    "text",
    [
        "03/04/2024",
        "03.04.2024 10:00",
        "3-4-2024",
        "22/11/26",
        "22 листопада 2026",  # this month's name is of another month in a neighbouring language
        "22 Nov 2026 -0700",  # a zone of no time
        "22 Nov 2026 10:30 EST+5",
        "22 Nov 2026 10:30 (local time)",
        "22 Nov 2026 10:30 Mars/Olympus",
        "1 Nov 2026 01:30 America/New_York",  # twice on that day
        "8 Mar 2026 02:30 America/New_York",  # never on that day
        "2026年11月22日 晚上12:30",  # that night's, or the last one's
        "2024040301",
        "2026-366",
        "2026-W54-1",
        "۱۴۰۳/۰۱/۱۵",
        "11月22日 10:30",
        "31 ноября 2026",
    ],
)
def test_a_date_that_may_mean_another_is_no_date(text: str) -> None:
    assert parse_instant(text) is None


@pytest.mark.parametrize(
    ("zone", "language", "hours"),
    [
        ("CST", None, -6),
        ("CST", "en-us", -6),
        ("CST", "zh", 8),
        ("CST", "zh-hant-tw", 8),
        ("(CST)", "zh-cn", 8),
        ("CST+0800", None, 8),
        ("+0800 (CST)", "en", 8),
        ("IST", None, None),
        ("IST", "en", None),
        ("IST", "he", 2),
        ("IST", "hi", 5.5),
        ("IST", "en-in", 5.5),
        ("IST", "en-ie", 1),
        ("EST", "zh", -5),
        ("CST", "zh_TW", 8),
        ("CST", "en-cn", 8),
        ("CST", "es-cu", -5),
        ("CST", "en-au", None),
        ("EST", "en-au", None),
        ("EDT", "en-au", 11),
        ("EST+1000", None, 10),
        ("BST", "bn", 6),
        ("BST", "en-bd", 6),
        ("BST", "en", 1),
        ("NST", "ne", 5.75),
        ("NST", "en-ca", -3.5),
        ("PST", "fil", 8),
        ("PST", "en-ph", 8),
        ("PST", "en", -8),
    ],
)
def test_a_zone_s_name_means_what_it_does_in_the_language(
    zone: str, language: str | None, hours: float | None
) -> None:
    instant = None if hours is None else HALF_PAST_TEN - int(hours * HOUR)
    assert parse_instant(f"Sun, 22 Nov 2026 10:30:00 {zone}", language) == instant
    assert parse_instant(f"2026-11-22 10:30 {zone}", language) == instant


def test_c_s_date_has_the_language_s_zone_too() -> None:
    assert parse_instant("Sun Nov 22 18:30:00 CST 2026", "zh-cn") == HALF_PAST_TEN


@pytest.mark.parametrize(
    ("language", "understood"), [("de", True), ("ru-ru", True), ("en", False), ("", False)]
)
def test_dots_put_the_day_first_where_that_is_the_custom(language: str, understood: bool) -> None:
    april = int(datetime(2024, 4, 3, tzinfo=UTC).timestamp() * 1000)
    assert parse_instant("3.4.2024", language) == (april if understood else None)
    assert parse_instant("3/4/2024", language) is None


MOMENTS = st.integers(1_557_000_000, 1_980_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
"""2019 to 2032: an era that goes on, and no instant that could be read as a date with hours."""


def russian(at: datetime) -> str:
    months = [
        "января",
        "февраля",
        "марта",
        "апреля",
        "мая",
        "июня",
        "июля",
        "августа",
        "сентября",
        "октября",
        "ноября",
        "декабря",
    ]
    return f"{at.day} {months[at.month - 1]} {at.year} г., {at:%H:%M}"


def german(at: datetime) -> str:
    months = [
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ]
    return f"{at.day}. {months[at.month - 1]} {at.year} {at:%H:%M} Uhr"


def french(at: datetime) -> str:
    months = [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ]
    return f"le {at.day} {months[at.month - 1]} {at.year} à {at.hour}h{at.minute:02}"


def spanish(at: datetime) -> str:
    months = [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ]
    return f"{at.day} de {months[at.month - 1]} de {at.year}, {at:%H:%M}"


def english(at: datetime) -> str:
    half, hour = ("p.m." if at.hour > 11 else "a.m."), at.hour % 12 or 12
    months = ["Jan", "Feb", "Mar", "Apr", "May", "June", "July", "Aug", "Sept", "Oct", "Nov", "Dec"]
    return f"{months[at.month - 1]} {at.day}, {at.year} at {hour}:{at.minute:02} {half} UTC"


def javascript(at: datetime) -> str:
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    there = at.astimezone(timezone(timedelta(hours=8)))
    day = f"Mon {months[there.month - 1]} {there.day:02} {there.year}"
    return f"{day} {there:%H:%M:%S} GMT+0800 (China Standard Time)"


def chinese(at: datetime) -> str:
    return f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}"


def reiwa(at: datetime) -> str:
    return f"令和{at.year - 2018}年{at.month}月{at.day}日 {at.hour}時{at.minute}分"


def korean(at: datetime) -> str:
    there = at.astimezone(timezone(timedelta(hours=9)))
    half, hour = ("오후" if there.hour > 11 else "오전"), there.hour % 12 or 12
    return f"{there.year}년 {there.month}월 {there.day}일 {half} {hour}:{there.minute:02}"


def unix(at: datetime) -> str:
    return str(int(at.timestamp()))


def unix_milliseconds(at: datetime) -> str:
    return f"{int(at.timestamp())}000"


def numeric(at: datetime) -> str:
    return f"{at.year}/{at.month}/{at.day} {at:%H:%M}"


@pytest.mark.parametrize(
    "written",
    [
        *(russian, german, french, spanish, english, javascript, chinese, reiwa, korean, numeric, unix),
        unix_milliseconds,
    ],
)
@settings(deadline=None, max_examples=60)  # a busy machine is no fault
@given(at=MOMENTS)
def test_a_date_that_is_written_comes_back(written: Callable[[datetime], str], at: datetime) -> None:
    whole = at.replace(second=0, microsecond=0)
    assert parse_instant(written(whole)) == int(whole.timestamp() * 1000)


@settings(deadline=None, max_examples=200)  # a busy machine is no fault
@given(first=st.integers(1, 12), second=st.integers(1, 12), sep=st.sampled_from("./-"))
def test_two_numbers_that_could_both_be_the_month_make_no_date(first: int, second: int, sep: str) -> None:
    assume(first != second)
    assert parse_instant(f"{first}{sep}{second}{sep}2024 10:00") is None


@settings(deadline=None, max_examples=300)  # a busy machine is no fault
@given(
    text=st.sampled_from(
        ["22 ноября 2026, 10:30", "22. November 2026 10:30 Uhr", "Sun, 22 Nov 2026 10:30:00 GMT"]
    ),
    letter=st.sampled_from("bcfhijkqrvwxyжщщ年月"),
    place=st.integers(0, 30),
)
def test_a_letter_that_does_not_belong_makes_it_no_other_date(text: str, letter: str, place: int) -> None:
    at = min(place, len(text))
    assert parse_instant(text[:at] + letter + text[at:]) in {None, HALF_PAST_TEN}


WORDS = (
    *MONTHS,
    *[
        "22",
        "2026",
        "10:30",
        "1",
        "99",
        "de",
        "г.",
        "Uhr",
        "h",
        "à",
        "am",
        "PM",
        "CST",
        "+0800",
        ",",
        ".",
        "/",
        "-",
        "T",
        "Z",
        "so",
        "年",
        "월",
        "令和",
        "오후",
        "(",
        ")",
    ],
)


@settings(deadline=None, max_examples=300)  # a busy machine is no fault
@given(
    st.lists(st.sampled_from(WORDS), max_size=12),
    st.sampled_from(["", " "]),
    st.sampled_from([None, "zh", "de"]),
)
def test_no_heap_of_the_words_of_dates_makes_it_raise(
    words: list[str], joint: str, language: str | None
) -> None:
    parse_instant(joint.join(words), language)
