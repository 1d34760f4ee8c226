"""Who may have what: the tokens of the service and of feeds. Pure.

    [service] token   guards every feed, list and page; it opens everything
    [[feeds]] token   guards that feed; it opens that feed, and nothing else

A token is said as `?token=T`, as `Authorization: Bearer T`, or as the password of `Authorization: Basic`,
with any user name.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from hmac import compare_digest
from urllib.parse import quote, unquote_to_bytes

from aggregator.config import Config
from aggregator.model import FeedSpec
from aggregator.web.answers import Answer, HeaderList, text
from aggregator.web.negotiation import Headers

_OPEN_PATHS = frozenset({b"/healthz", b"/readyz"})
_OPEN_ROOT = b"/static/"

_CHALLENGES = [
    (b"www-authenticate", b'Basic realm="Aggregator", charset="UTF-8"'),
    (b"www-authenticate", b'Bearer realm="Aggregator"'),
]
"""In this order: some programs look at the first one only (RFC 9110, section 11.6.1, allows any)."""

_REFUSAL = (
    "This asks for a token: add it to the address as ?token=…, or say it as the password of any user name."
)

Said = tuple[bytes, ...]
"""What a request says as tokens, right or wrong."""


@dataclass(frozen=True, slots=True)
class Access:
    """What is known of a request and what it asks for, before anything is looked up."""

    is_granted: bool
    is_private: bool
    """Whether the answer is for those alone who say a token."""


PUBLIC = Access(is_granted=True, is_private=False)


def tokens_said(headers: Headers, query: bytes) -> Said:
    """Return the tokens that a request says, none of them empty.

    Two of a kind say nothing, and neither do other schemes or what is not of the form of RFC 6750 or
    RFC 7617. What is no use takes nothing from what is said in another way: a proxy may have its own use for
    the Authorization header.
    """
    credentials = [value for name, value in headers if name == b"authorization"]
    return (*_in_query(query), *(_in_header(credentials[0]) if len(credentials) == 1 else ()))


def without_tokens(query: bytes) -> bytes:
    """Return a request's query as it would be if no token were said in it."""
    if b"token" not in query:
        return query
    return b"&".join(pair for pair in query.split(b"&") if pair.partition(b"=")[0] != b"token")


def access_to_service(config: Config, path: bytes, said: Said) -> Access:
    """Return the access to a path that is no configured feed's, as it was sent below the base URL's own."""
    if config.service.token is None or path in _OPEN_PATHS or path.startswith(_OPEN_ROOT):
        return PUBLIC
    return Access(is_granted=_fits(config.service.token, said), is_private=True)


def access_to_feed(config: Config, slug: str, said: Said) -> Access:
    """Return the access to everything of a feed of the config, be there such a feed or not."""
    own = next((spec.token for spec in config.feeds if spec.slug == slug), None)
    if own is None and config.service.token is None:
        return PUBLIC
    fits = [_fits(token, said) for token in (config.service.token, own)]
    return Access(is_granted=any(fits), is_private=True)


def opened_feeds(config: Config, said: Said) -> tuple[str, ...]:
    """Return the slugs of the feeds with a token that are open to who says this, in the config's order."""
    everything = _fits(config.service.token, said)
    fits = [(spec, _fits(spec.token, said)) for spec in config.feeds]
    return tuple(spec.slug for spec, fit in fits if spec.token is not None and (fit or everything))


def public_feeds(config: Config) -> tuple[FeedSpec, ...]:
    """Return the feeds that all may know of who may see anything: those without a token of their own."""
    return tuple(spec for spec in config.feeds if spec.token is None)


def token_query(config: Config, spec: FeedSpec | None = None) -> str:
    """Return what to add to a feed's address, or that of everything, for readers that say no passwords."""
    token = config.service.token if spec is None or spec.token is None else spec.token
    return "" if token is None else "?token=" + quote(token, safe="", errors="surrogateescape")


def refusal(method: str) -> Answer:
    """Return the answer to a request without the token that it needs, be it that it says another or none."""
    return text(401, _REFUSAL, _CHALLENGES, method=method)


def private_headers(headers: HeaderList) -> HeaderList:
    """Return the headers of an answer that is for those alone who say a token.

    No shared cache keeps it (RFC 9111, section 5.2.2.7), no other site's script gets to read it, and no link
    in it tells its address.
    """
    kept = [
        (name, _private(value) if name == b"cache-control" else value)
        for name, value in headers
        if not name.startswith(b"access-control-")
    ]
    if all(name != b"referrer-policy" for name, _ in kept):
        kept.append((b"referrer-policy", b"no-referrer"))
    return varying_headers(kept)


def varying_headers(headers: HeaderList) -> HeaderList:
    """Return the headers of an answer that would be another one with another Authorization."""
    varies = [value for name, value in headers if name == b"vary"]
    others = [(name, value) for name, value in headers if name != b"vary"]
    return [*others, (b"vary", b", ".join([*varies, b"Authorization"]))]


def _private(cache_control: bytes) -> bytes:
    if b"no-store" in cache_control:
        return cache_control
    directives = (each.strip() for each in cache_control.split(b","))
    return b", ".join([b"private", *(each for each in directives if each not in {b"public", b"private"})])


def _fits(token: str | None, said: Said) -> bool:
    """Compare a token with each of those said, in a time that tells nothing of it."""
    if token is None:
        return False
    expected = token.encode(errors="surrogateescape")  # the environment may hold other bytes than UTF-8
    return sum(compare_digest(expected, each) for each in said) > 0  # each of them, whichever fits


def _in_query(query: bytes) -> Iterator[bytes]:
    pairs = (pair.partition(b"=") for pair in query.split(b"&"))
    values = [value for name, _, value in pairs if name == b"token"]
    if len(values) == 1 and values[0]:
        # A plus sign is a space, or itself where a person pasted the token as it is.
        yield from {unquote_to_bytes(values[0]), unquote_to_bytes(values[0].replace(b"+", b" "))}


def _in_header(credentials: bytes) -> Iterator[bytes]:
    scheme, _, rest = credentials.strip().partition(b" ")
    said = rest.strip()
    if scheme.lower() == b"basic":
        said = _password(said)
    elif scheme.lower() != b"bearer":
        return
    if said:
        yield said


def _password(encoded: bytes) -> bytes:
    try:
        return b64decode(encoded, validate=True).partition(b":")[2]
    except binascii.Error:
        return b""
