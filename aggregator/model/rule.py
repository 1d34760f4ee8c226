"""Rules of the config, and what they did to an entry."""

from __future__ import annotations

from dataclasses import dataclass

from aggregator.model.expression import Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What is done to each entry that an expression matches: one `[[rules]]` table."""

    name: str
    """Unique among the rules: as configured, else `rule 1`, counted from 1."""
    match: Expression
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    set: tuple[str, ...] | None = None
    """These tags, in place of all that it has; None leaves them."""
    drop: bool = False
    """The entry is published nowhere; it stays stored, so that it is known and can come back."""
    stop: bool = False
    """The rules behind this one are not asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What one rule did to an entry."""

    rule: str
    """Its name."""
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    dropped: bool = False
    stopped: bool = False
