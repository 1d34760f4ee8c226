"""Rules and feeds as the keys of their config tables, to compare a later config with. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from aggregator.model import FeedSpec, Rule
from aggregator.rules.grammar import written

Keys = Mapping[str, object]
"""By the names of the config, what is given; as JSON reads it back."""

CONDITIONS = ("any", "all", "none", "sources", "match")
"""The keys of a feed that say which entries it holds; what else it says is how they are shown."""

_EXPRESSION = "match"
_SECRET = "token"  # noqa: S105 - the name of the key


def rule_keys(rule: Rule) -> Keys:
    """Return what a rule says beside its name."""
    return _keys(rule, without="name")


def feed_keys(feed: FeedSpec) -> Keys:
    """Return what a feed says beside its slug; of a token only that there is one."""
    return _keys(feed, without="slug")


def _keys(table: Rule | FeedSpec, *, without: str) -> Keys:
    keys: dict[str, object] = {}
    for field in fields(table):
        value = getattr(table, field.name)
        if field.name == without or value == field.default:
            continue
        if field.name == _EXPRESSION:
            value = written(value)
        elif field.name == _SECRET:
            value = True
        keys[field.name] = list(value) if isinstance(value, tuple) else value
    return keys
