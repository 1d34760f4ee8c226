"""Regular expressions take linear time, whoever wrote them."""

from __future__ import annotations

import time

import pytest

from aggregator.rules.regex import MAX_PROGRAM, regex


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+$", "(a|a)*b", "(a|aa)+$", "(.*)*x", "(x+x+)+y", "^(([a-z])+.)+[A-Z]([a-z])+$", "(a?){200}b"],
)
def test_what_takes_ages_by_backtracking_takes_a_moment(pattern: str) -> None:
    start = time.process_time()
    assert not regex(pattern, "").matches(b"a" * 100_000 + b"!")
    assert time.process_time() - start < 1


def test_a_match_is_found_at_its_characters() -> None:
    assert regex("b+", "").find("芯片abbc") == (3, 5)
    assert regex("x", "").find("芯片") is None


@pytest.mark.parametrize(
    ("pattern", "flags", "text", "matches"),
    [
        ("CHIP", "", "chip", False),
        ("CHIP", "i", "chip", True),
        ("Ж", "i", "ж", True),
        ("^b", "", "a\nb", False),
        ("^b", "m", "a\nb", True),
        ("a.b", "", "a\nb", False),
        ("a.b", "s", "a\nb", True),
        (r"\p{Han}{2}", "", "芯片", True),
        (r"a\z", "", "a", True),
    ],
)
def test_flags_are_those_of_perl(pattern: str, flags: str, text: str, matches: bool) -> None:
    assert regex(pattern, flags).matches(text.encode()) is matches


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("(?=a)", "no lookaheads"),
        ("(?<=a)", "lookbehinds"),
        ("(?>a)", "atomic groups"),
        (r"(a)\1", "backreferences"),
        ("(", "missing )"),
        ("\\", "trailing"),
        (r"(\pL{30}){9}", "too large"),
        (r"\pL{9}", "too large"),
        ("\ud800", "surrogate"),
    ],
)
def test_what_re2_does_not_take_is_explained(pattern: str, said: str) -> None:
    with pytest.raises(ValueError, match=said.replace(")", r"\)")):
        regex(pattern, "")


def test_a_program_of_the_largest_size_ends_soon_in_the_longest_text() -> None:
    """What a stranger's query can cost for one text: an expression that keeps thousands of states alive."""
    costly = regex("(?:[a-c]|b)*a(?:a|b){900}c", "")
    assert MAX_PROGRAM < 5_000
    start = time.process_time()
    assert not costly.matches(b"ab" * 5_000)
    assert time.process_time() - start < 3
