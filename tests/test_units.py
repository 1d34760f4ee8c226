from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.units import parse_duration, parse_size

UNITS = {"w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}


@given(
    st.dictionaries(st.sampled_from(sorted(UNITS)), st.integers(0, 10**9), min_size=1),
    st.sampled_from(["", " "]),
)
def test_a_duration_is_the_sum_of_its_parts(parts: dict[str, int], gap: str) -> None:
    text = gap.join(f"{parts[unit]}{gap}{unit}" for unit in UNITS if unit in parts)
    assert parse_duration(text) == sum(amount * UNITS[unit] for unit, amount in parts.items())


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "m",
        "30",
        "1.5h",
        "-1h",
        "1h-5m",
        "30M",
        "5m1h",
        "1h1h",
        "1 hour",
        "1min",
        "٣h",
        "1h 5",
        "1w" + " " * 5000 + "x",
    ],
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a duration such as"):
        parse_duration(text)


SIZES = {"B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "gib": 2**30}


@given(st.integers(0, 10**9), st.sampled_from(sorted(SIZES)), st.sampled_from(["", " "]))
def test_a_size_is_its_number_times_its_unit(number: int, unit: str, gap: str) -> None:
    assert parse_size(f"{number}{gap}{unit}") == number * SIZES[unit]


@pytest.mark.parametrize("text", ["", "B", "10", "1.5MiB", "-1B", "10 Mb/s", "10M", "1MiB1B", "٣B"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a size such as"):
        parse_size(text)


@given(st.text())
def test_no_text_breaks_the_units(text: str) -> None:
    for parse in (parse_duration, parse_size):
        with suppress(ValueError):
            assert parse(text) >= 0
