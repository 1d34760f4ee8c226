"""Web addresses as people type them."""

from __future__ import annotations

import re

from aggregator.cli.exits import Misuse

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_FEED = re.compile(r"^feed:(?://)?", re.IGNORECASE)
"""How pages mark links to subscribe to: in front of a whole URL, or in the place of its scheme."""
_CREDENTIALS = re.compile(r"[^:/?#]+://[^/?#\\]*@")


def addresses(typed: str) -> tuple[str, ...]:
    """Return what a person means by an address: itself, or https and then http when it has no scheme.

    Raises `Misuse`, which repeats nothing of it, when it holds a user or password: it would go into messages,
    and to whom the address is published.
    """
    plain = _FEED.sub("", typed.strip())
    meant = (plain,) if _SCHEME.match(plain) else (f"https://{plain}", f"http://{plain}")
    if _CREDENTIALS.match(meant[0]):
        keys = 'write the source into the config, with the keys "user" and "password"'
        raise Misuse(f"an address must not hold credentials: {keys}")
    return meant
