"""What a look at the health of something has found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    WARNING = "warning"
    """Worth knowing; everything works."""
    PROBLEM = "problem"
    """Something is lost, wrong or about to fail."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of `aggregator doctor`."""

    level: Level
    check: str
    """What was looked at, in a word or two; the same for every outcome."""
    message: str
    """What was found and, unless all is well, what to do."""


def ok(check: str, message: str) -> Finding:
    """Return a finding that all is well."""
    return Finding(Level.OK, check, message)


def warning(check: str, message: str) -> Finding:
    """Return a finding that is worth knowing."""
    return Finding(Level.WARNING, check, message)


def problem(check: str, message: str) -> Finding:
    """Return a finding that must not stay."""
    return Finding(Level.PROBLEM, check, message)
