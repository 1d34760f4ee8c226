from __future__ import annotations

import pytest

from aggregator.config import Polling
from aggregator.config.checks import BOUNDS
from aggregator.units import parse_duration
from tests.config.configs import HOME, SOURCE, made, problem

AUTO = 'interval = "auto"\n'


@pytest.mark.parametrize("key", ["min_interval", "max_interval"])
@pytest.mark.parametrize("polling", ["", "[polling]\ninterval = '1h'\n"])
def test_bounds_of_a_pace_that_is_not_adaptive_are_refused(key: str, polling: str) -> None:
    assert problem(f'{polling}{SOURCE}{key} = "1h"') == (
        f'{HOME}: [[sources]] #1 "BBC": {key}: needs interval = "auto" beside it'
    )
    assert "needs interval" in problem(f'[polling]\n{AUTO}{SOURCE}interval = "1h"\n{key} = "1h"')


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[polling]\nmin_interval = "2h"\nmax_interval = "1h"',
            '[polling]: min_interval: "2h" is longer than max_interval, which is "1h"',
        ),
        (
            '[polling]\nmin_interval = "2d"',
            '[polling]: min_interval: "2d" is longer than max_interval, which is "1d" (set it, too)',
        ),
        (
            '[polling]\nmax_interval = "5m"',
            '[polling]: max_interval: "5m" is shorter than min_interval, which is "15m" (set it, too)',
        ),
        (
            f'{SOURCE}{AUTO}min_interval = "2h"\nmax_interval = "1h"',
            '[[sources]] #1 "BBC": min_interval: "2h" is longer than max_interval, which is "1h"',
        ),
        (
            f'[polling]\n{AUTO}min_interval = "1h"\n{SOURCE}max_interval = "30m"',
            (
                '[[sources]] #1 "BBC": max_interval: "30m" is shorter than min_interval, which is "1h"'
                " (set it, too)"
            ),
        ),
    ],
)
def test_a_longest_wait_that_is_shorter_than_the_shortest_is_refused_with_both_keys(
    text: str, message: str
) -> None:
    assert problem(text) == f"{HOME}: {message}"


def test_bounds_of_waits_may_be_equal_inherited_and_overridden() -> None:
    text = f'[polling]\n{AUTO}min_interval = "1h"\nmax_interval = "1h"\n{SOURCE}max_interval = "2h"'
    (source,) = made(text).sources
    assert (source.adaptive, source.interval, source.max_interval) == (True, 3_600_000, 7_200_000)


def test_the_bounds_that_problems_speak_of_are_those_in_force() -> None:
    assert {key: parse_duration(text) for key, text in BOUNDS.items()} == {
        key: getattr(Polling(), key) for key in BOUNDS
    }
