from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.ingest.dates import MAX_INSTANT, MIN_INSTANT, parse_instant

EXAMPLE = 1_712_108_792_000
"""2024-04-03T01:46:32Z"""
MINUTE = EXAMPLE - 32_000
DAY = EXAMPLE - 6_392_000


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        # RFC 822 and 5322
        ("Wed, 03 Apr 2024 01:46:32 GMT", EXAMPLE),
        ("Wed, 3 Apr 2024 01:46:32 +0000", EXAMPLE),
        ("wed, 03 apr 2024 01:46:32 gmt", EXAMPLE),
        ("03 Apr 2024 01:46:32 UT", EXAMPLE),
        ("Wednesday, 03 April 2024 01:46:32 Z", EXAMPLE),
        ("Mon, 03 Apr 2024 01:46:32 GMT", EXAMPLE),
        ("Wed,03 Apr 2024 01:46:32 GMT", EXAMPLE),
        ("Wed 03 Apr 2024, 01:46:32 GMT", EXAMPLE),
        ("Wed, 03 Apr 24 01:46:32 GMT", EXAMPLE),
        ("Wed, 03 Apr 2024 01:46 GMT", MINUTE),
        ("Wed, 03 Apr 2024 1:46:32 GMT", EXAMPLE),
        ("Wed, 03 Apr 2024", DAY),
        ("Wednesday, 03-Apr-24 01:46:32 GMT", EXAMPLE),
        ("03/Apr/2024:01:46:32 +0000", EXAMPLE),
        ("  Wed,\n 03 Apr 2024\t01:46:32 GMT ", EXAMPLE),
        ("Wed, 03 Apr 2024 01:46:32.250 GMT", EXAMPLE + 250),
        ("Fri, 01 Jan 99 00:00:00 GMT", 915_148_800_000),
        # zones
        ("Wed, 03 Apr 2024 10:46:32 +0900", EXAMPLE),
        ("Wed, 03 Apr 2024 10:46:32 +09:00", EXAMPLE),
        ("Wed, 03 Apr 2024 10:46:32 +09", EXAMPLE),
        ("Wed, 03 Apr 2024 10:46:32 JST", EXAMPLE),
        ("Wed, 03 Apr 2024 10:46:32 KST", EXAMPLE),
        ("Wed, 03 Apr 2024 09:46:32 GMT+0800", EXAMPLE),
        ("Wed, 03 Apr 2024 09:46:32 UTC+8", EXAMPLE),
        ("Wed, 03 Apr 2024 09:46:32 +0800 (CST)", EXAMPLE),
        ("Wed, 03 Apr 2024 09:46:32 +0800 CST", EXAMPLE),
        ("Tue, 02 Apr 2024 21:46:32 EDT", EXAMPLE),
        ("Tue, 02 Apr 2024 20:46:32 EST", EXAMPLE),
        ("Tue, 02 Apr 2024 19:46:32 CST", EXAMPLE),
        ("Tue, 02 Apr 2024 18:46:32 PDT", EXAMPLE),
        ("Wed, 03 Apr 2024 03:46:32 CEST", EXAMPLE),
        ("Wed, 03 Apr 2024 11:16:32 ACST", EXAMPLE),
        ("Wed, 03 Apr 2024 01:46:32 -0000", EXAMPLE),
        ("Tue, 02 Apr 2024 22:16:32 -0330", EXAMPLE),
        # month first, C, Unix, JavaScript
        ("Wed Apr  3 01:46:32 2024", EXAMPLE),
        ("Wed Apr  3 01:46:32 UTC 2024", EXAMPLE),
        ("Wed Apr 03 2024 09:46:32 GMT+0800 (China Standard Time)", EXAMPLE),
        ("April 3, 2024 1:46 AM", MINUTE),
        ("Apr 2, 2024 9:46 p.m. EDT", MINUTE),
        ("Wed, Apr 3, 2024 at 01:46:32 GMT", EXAMPLE),
        ("April 3rd, 2024 12:00 AM", DAY),
        # ISO 8601, RFC 3339, W3C-DTF
        ("2024-04-03T01:46:32Z", EXAMPLE),
        ("2024-04-03t01:46:32z", EXAMPLE),
        ("2024-04-03T10:46:32+09:00", EXAMPLE),
        ("2024-04-03T10:46:32+0900", EXAMPLE),
        ("2024-04-03T10:46:32+09", EXAMPLE),
        ("2024-04-03T10:46:32+09:00[Asia/Tokyo]", EXAMPLE),
        ("2024-04-03 10:46:32 +0900", EXAMPLE),
        ("2024-04-03T01:46:32", EXAMPLE),
        ("2024-04-03 01:46:32", EXAMPLE),
        ("2024-04-03T01:46:32.125Z", EXAMPLE + 125),
        ("2024-04-03T01:46:32,5Z", EXAMPLE + 500),
        ("2024-04-03T01:46:32.999999Z", EXAMPLE + 999),
        ("2024-04-03T01:46Z", MINUTE),
        ("2024-04-03T01Z", MINUTE - 46 * 60_000),
        ("2024-04-03", DAY),
        ("2024/4/3 1:46:32", EXAMPLE),
        ("2024.04.03", DAY),
        ("2024-04", DAY - 2 * 86_400_000),
        ("2024", 1_704_067_200_000),
        ("20240403T014632Z", EXAMPLE),
        ("20240403014632", EXAMPLE),
        ("20240403", DAY),
        ("2024-04-02T24:00:00Z", DAY),
        ("Tue, 02 Apr 2024 24:00:00 GMT", DAY),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000),
        ("2000-02-29", 951_782_400_000),
        ("2024-04-03T014632Z", EXAMPLE),
        ("2024-04-03T0146Z", MINUTE),
        ("2024-04-02T20:46:32\u221205:00", EXAMPLE),
        ("2024-04-03T01:46:32+00:00Z", EXAMPLE),
        ("2024-04-03 09:46:32 +0800 +0800", EXAMPLE),
        ("2024-04-03 - 01:46", MINUTE),
        ("Wed 3 Apr 2024 01.46 GMT", MINUTE),
        ("2024-04-03 01:46:32 Etc/GMT", EXAMPLE),
        ("2024-04-02 21:46:32 America/Port-au-Prince", EXAMPLE),
        ("2024-04-03 04:46:32 Africa/Dar_es_Salaam", EXAMPLE),
        ("1000-01-01T00:00:00Z", -30_610_224_000_000),
        ("9999-12-31T23:59:59Z", 253_402_300_799_000),
        ("1969-12-31T23:59:59Z", -1_000),
        # epoch
        ("1712108792", EXAMPLE),
        ("999999999", 999_999_999_000),
        ("1712108792000", EXAMPLE),
        ("946684800000", 946_684_800_000),
        ("1712108792.5", EXAMPLE + 500),
        ("202404030146", MINUTE),
        # East Asian
        ("2024年04月03日 01:46:32", EXAMPLE),
        ("2024年4月3日(水) 1時46分32秒", EXAMPLE),
        ("2024年4月3日 星期三 01:46", MINUTE),
        ("2026年11月22日 10:30", 1_795_343_400_000),
        ("2024年4月3日", DAY),
        ("2024年4月3日 上午1:46", MINUTE),
        ("2024年4月2日 午後10時46分32秒 -0300", EXAMPLE),
        ("２０２４年４月３日　０１：４６", MINUTE),
        ("2024-04-03 오전 10:46:32", EXAMPLE),
        ("2024년 4월 3일 10시 46분 32초", EXAMPLE),
        ("2004-05-25 오후 11:23:17", 1_085_494_997_000),
    ],
)
def test_a_date_that_feeds_write_is_the_instant_it_means(text: str, instant: int) -> None:
    assert parse_instant(text) == instant


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "   ",
        "yesterday",
        "Wed, 30 Feb 2024 01:46:32 GMT",
        "2023-02-29",
        "2024-13-01",
        "2024-00-10",
        "2024-04-31T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "2024-04-03T25:00:00Z",
        "2024-04-03T24:00:01Z",
        "2024-04-03T01:60:00Z",
        "2024-04-03T01:46:61Z",
        "2024-04-03T01:46:32+25:00",
        "2024-04-03T01:46:32+09:75",
        "Wed, 03 Apr 2024 01:46:32 XYZ",
        "Wed, 03 Apr 2024 01:46:32 IST",
        "Wed, 03 Apr 2024 13:46 AM",
        "04/03/2024",
        "3.4.2024 10:00",
        "2024-04-03T01:46:32Z and more",
        "12345",
        "17121087920000000",
        "0001-01-01T00:00:00Z",
        "Mon, 30 Nov -0001 00:00:00 +0000",
        "Sun, 22 Nov 0026 10:30:00 GMT",
        "2024-04-03T01:46:32+08:00Z",
        "2024-04-03 01:46:32 +0800 +0900",
        "2024年4月3日 早上12:30",
        "9999-12-31T23:59:59-01:00",
        "2024-04-03 " + " " * 200 + "01:46",
        "x" * 10_000,
    ],
)
def test_a_date_that_is_not_understood_is_no_date(text: str | None) -> None:
    assert parse_instant(text) is None


ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
INSTANTS = st.datetimes(datetime(1000, 1, 3), datetime(9999, 12, 29), timezones=ZONES)  # noqa: DTZ001 - bounds are naive


def milliseconds(instant: datetime) -> int:
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


@settings(deadline=None)  # a busy machine is no fault
@given(INSTANTS)
def test_iso_dates_of_all_years_and_zones_come_back(instant: datetime) -> None:
    assert parse_instant(instant.isoformat()) == milliseconds(instant)
    assert parse_instant(instant.isoformat(" ")) == milliseconds(instant)


@settings(deadline=None)  # a busy machine is no fault
@given(INSTANTS)
def test_mail_dates_of_all_years_and_zones_come_back(instant: datetime) -> None:
    whole = instant.replace(microsecond=0)
    assert parse_instant(format_datetime(whole)) == milliseconds(whole)


@settings(deadline=None)  # a busy machine is no fault
@given(st.text(max_size=120))
def test_no_text_makes_it_raise(text: str) -> None:
    instant = parse_instant(text)
    assert instant is None or MIN_INSTANT <= instant <= MAX_INSTANT


@settings(deadline=None)  # a busy machine is no fault
@given(st.from_regex(r"\A[0-9A-Za-z:+\-/., ()年月日]{5,40}\Z"))
def test_nothing_that_looks_like_a_date_makes_it_raise(text: str) -> None:
    parse_instant(text)
