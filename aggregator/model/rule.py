"""Rules of the config, and what they did to an entry."""

from __future__ import annotations

from collections.abc import Mapping
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """How far applying rules to what is stored has come, what was done before it was broken off included."""

    looked: int
    """Entries that the rules were asked about."""
    changed: int
    """Of these: have other tags, are in other feeds, were dropped or came back."""
    total: int
    """Entries that it began with."""
    done: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """Rules and feeds of the config that was last in force: names, then the keys of their tables."""

    rules: tuple[tuple[str, Mapping[str, object]], ...] = ()
    feeds: tuple[tuple[str, Mapping[str, object]], ...] = ()
    asked: tuple[tuple[tuple[str, Mapping[str, object]], ...], ...] = ()
    """Lists of rules that stored entries were last asked by: others, too, until these rules are applied."""
