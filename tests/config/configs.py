"""Short configs, and what becomes of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from aggregator.config import Config, parse
from aggregator.config.schema import ARRAY_TABLES, PLAIN_TABLES
from aggregator.exceptions import ConfigError

HOME = Path("config/aggregator.toml")
SOURCE = '[[sources]]\nname = "BBC"\nurl = "https://example.org/feed.xml"\n'
LIST = '[[subscriptions]]\nurl = "https://example.org/list.opml"\n'
RULE = '[[rules]]\nmatch = "tag:x"\nstop = false\n'
FEED = '[[feeds]]\nslug = "chips"\ntitle = "Chips"\n'

LISTS = {
    "allow_private",
    "tags",
    "headers",
    "selectors",
    "any",
    "keep_tags",
    "all",
    "none",
    "sources",
    "add",
    "remove",
    "set",
}
SINGLE = [
    (table, key)
    for table, keys in {**PLAIN_TABLES, **ARRAY_TABLES}.items()
    for key in keys
    if key not in LISTS
]


def outcome(text: str, environ: Mapping[str, str] | None = None) -> Config | tuple[str, ...]:
    """Return the config, or its problems."""
    try:
        return parse(text, HOME, environ or {})
    except ConfigError as error:
        return error.problems


def made(text: str, environ: Mapping[str, str] | None = None) -> Config:
    config = outcome(text, environ)
    assert isinstance(config, Config), config
    return config


def problems(text: str, environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    found = outcome(text, environ)
    assert not isinstance(found, Config), found
    return found


def problem(text: str, environ: Mapping[str, str] | None = None) -> str:
    found = problems(text, environ)
    assert len(found) == 1, found
    return found[0]
