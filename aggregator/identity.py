"""Under which ids readers know an entry: pure.

The name of an entry is the guid that its source gave it, to the letter, where no other entry had that when it
was stored (`store.uris` decides, once and for ever), else a UUID made of ID and first-seen time. RSS and JSON
Feed take any name for an id. Atom asks for an IRI (RFC 4287, section 4.2.6): where the name is none, the
UUID is the entry's id there. Other rules here would make every reader show known entries again.
"""

from __future__ import annotations

import re
from uuid import UUID, uuid5

from aggregator.model import Entry

_ENTRIES = UUID("c8d5b2a0-6f0e-5d0c-9a57-3d2c1e5b7f41")
"""The name space of the UUIDs."""

_OTHER = (
    "\u00a1-\u00ac\u00ae-\u167f\u1681-\u1fff\u2010-\u2027\u2030-\u205e\u2070-\u2fff\u3001-\ud7ff"
    "\uf900-\ufdcf\ufdf0-\ufefe\uff00-\uffef"
    "\U00010000-\U0001fffd\U00020000-\U0002fffd\U00030000-\U0003fffd"
)
"""Characters of IRIs beyond ASCII (RFC 3987, section 2.2), without spaces and what is not seen."""

_UUID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_LETTERS = rf"A-Za-z0-9._~:@!$&'()*+,;=%/?\-{_OTHER}"
_FRAGMENT = rf"(?:\#[{_LETTERS}]*)?"

_IRI = re.compile(
    rf"""
      (?i:https?)://(?:[A-Za-z0-9._~\-{_OTHER}]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]+)?(?:[/?\#][{_LETTERS}\#\[\]]*)?
    | (?i:tag):[A-Za-z0-9._@\-]+,[0-9]{{4}}(?:-[0-9]{{2}}(?:-[0-9]{{2}})?)?:[{_LETTERS}]*{_FRAGMENT}
    | (?i:urn:uuid):{_UUID}
    | (?i:urn):(?!(?i:uuid):)[A-Za-z0-9][A-Za-z0-9\-]{{0,30}}[A-Za-z0-9]:[{_LETTERS}]+{_FRAGMENT}
    | (?!(?i:https?|tag|urn):)[A-Za-z][A-Za-z0-9+.\-]*:[{_LETTERS}]+{_FRAGMENT}
    """,
    re.VERBOSE,
)
"""Absolute IRIs: web addresses with a host, tags (RFC 4151), URNs (RFC 8141), and those of other schemes."""

_BARE_UUID = re.compile(_UUID)
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CREDENTIALS = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://[^/?#]*@")


def own_uri(entry_id: int, first_seen: int) -> str:
    """Return the UUID, as a URN, that is made for an entry of this ID and first-seen time (ms)."""
    return uuid5(_ENTRIES, f"{entry_id} {first_seen}").urn


def another_uri(taken: str) -> str:
    """Return the UUID, as a URN, that stands in place of a made one that was taken."""
    return uuid5(_ENTRIES, taken).urn


def uri_of(name: str | None) -> str | None:
    """Return a name as an absolute URI or IRI: as it is, or a bare UUID as a URN; None where it is neither.

    An address with user or password is none, as it would tell them to everybody.
    """
    if name is None or _STRAY_PERCENT.search(name) or holds_credentials(name):
        return None
    if _BARE_UUID.fullmatch(name):
        return f"urn:uuid:{name.lower()}"
    return name if _IRI.fullmatch(name) else None


def holds_credentials(name: str) -> bool:
    """Return whether this is an address with a user or a password in it."""
    return _CREDENTIALS.match(name) is not None


def entry_name(entry: Entry) -> str:
    """Return the entry's id where that may be any text: the same in each feed, for ever."""
    return entry.uri or own_uri(entry.id, entry.first_seen)


def entry_uri(entry: Entry) -> str:
    """Return the entry's id where that has to be a URI or an IRI: the same in each feed, for ever."""
    return uri_of(entry.uri) or own_uri(entry.id, entry.first_seen)
