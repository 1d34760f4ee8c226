from __future__ import annotations

import locale

import pytest

from aggregator.publish.text import excerpt, language_tag, rfc822, rfc3339


@pytest.mark.parametrize(
    ("ms", "rss", "atom"),
    [
        (1_712_108_792_000, "Wed, 03 Apr 2024 01:46:32 GMT", "2024-04-03T01:46:32Z"),
        (1_712_108_792_007, "Wed, 03 Apr 2024 01:46:32 GMT", "2024-04-03T01:46:32.007Z"),
        (-1, "Wed, 31 Dec 1969 23:59:59 GMT", "1969-12-31T23:59:59.999Z"),
        (-(10**18), "Mon, 01 Jan 0001 00:00:00 GMT", "0001-01-01T00:00:00Z"),
        (10**18, "Fri, 31 Dec 9999 23:59:59 GMT", "9999-12-31T23:59:59.999Z"),
    ],
)
def test_dates_are_written_in_utc_within_four_digit_years(ms: int, rss: str, atom: str) -> None:
    assert (rfc822(ms), rfc3339(ms)) == (rss, atom)


def test_dates_are_english_whatever_the_locale() -> None:
    before = locale.setlocale(locale.LC_ALL)
    try:
        for name in ("ja_JP.UTF-8", "de_DE.UTF-8", "C.UTF-8", "C"):
            try:
                locale.setlocale(locale.LC_ALL, name)
            except locale.Error:
                continue  # this machine does not have it
            assert rfc822(0) == "Thu, 01 Jan 1970 00:00:00 GMT"
    finally:
        locale.setlocale(locale.LC_ALL, before)


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("en", "en"),
        ("en_US", "en-US"),
        (" zh-Hans-CN ", "zh-Hans-CN"),
        ("日本語", None),
        ("english please", None),
        ("", None),
        (None, None),
    ],
)
def test_a_language_is_a_tag_or_nothing(text: str | None, tag: str | None) -> None:
    assert language_tag(text) == tag


def test_an_excerpt_ends_between_words_where_there_are_words() -> None:
    assert excerpt("short", 10) == "short"
    assert excerpt("one two three four", 12) == "one two…"
    assert excerpt("長" * 30, 12) == "長" * 11 + "…"
