"""Who we say we are; pure."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import quote, urlsplit

from aggregator import __version__
from aggregator.ingest.guard import AddressGuard

_PRODUCT = f"aggregator/{__version__}"
_OWN_WORDS = "self-hosted feed reader"
_SAFE_IN_COMMENT = ":/?#[]@!$&*+,;=%~'"  # no space, no bracket that would end the comment
_PUBLIC_ONLY = AddressGuard([])
_HOME_NAMES = (".local", ".localhost", ".lan", ".home", ".internal", ".intranet", ".corp", ".home.arpa")
"""Ends of names that mean another machine, or none, to whoever reads them elsewhere (RFC 6761, RFC 8375)."""
_EXAMPLES = (".test", ".example", ".invalid")


def user_agent(contact: str | None, base_url: str | None = None) -> str:
    """Return the User-Agent that tells sources' owners who polls them.

    `contact` is a URL or mail address. Without one, `base_url` is what they can look at, unless only our own
    network can: then nothing is said but what we are. Nothing is looked up. Safe to be sent as a header.
    """
    said = contact or (base_url if base_url and _is_public(base_url) else None)
    comment = f"+{quote(said, safe=_SAFE_IN_COMMENT)}" if said else _OWN_WORDS
    return f"{_PRODUCT} ({comment})"


def _is_public(url: str) -> bool:
    """Whether a URL's host may be reached from anywhere, as far as its spelling tells."""
    host = (urlsplit(url).hostname or "").rstrip(".").lower()
    try:
        address = ip_address(host)
    except ValueError:
        return "." in host and not f".{host}".endswith(_HOME_NAMES + _EXAMPLES)
    return _PUBLIC_ONLY.refusal(address) is None
