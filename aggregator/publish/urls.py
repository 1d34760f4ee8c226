"""URLs fit to be published: absolute, percent-encoded, without credentials. Pure."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, parse_qsl, quote, urlsplit, urlunsplit

_IGNORED = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""Browsers pass over tab and newline; the others cannot be sent."""

_SECRET = re.compile(
    r"(?:key|token|secret|auth|password|passwd|pass|pwd|sig|signature|hash|sid)$", re.IGNORECASE
)

_WRITTEN_URL = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?)]", re.IGNORECASE)

_STRAY_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")
_PATH_SAFE = "/:@!$&'()*+,;=~%"
_QUERY_SAFE = _PATH_SAFE + "?"
_MAX_HOST = 253
"""Characters of a domain name (RFC 1035, section 2.3.4)."""

_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?\.?|\[[0-9A-Fa-f:.]+\]", re.ASCII)


def web_url(url: str | None) -> str | None:
    """Return an absolute http or https URL that is valid by RFC 3986, or None when it cannot be made so.

    Spaces and other illegal characters are percent-encoded, an international host becomes its ASCII form,
    and user and password are left out. Nothing else changes: valid URLs come back as they are.
    """
    if not url:
        return None
    try:
        parts = urlsplit(_IGNORED.sub("", url).strip())
        if parts.scheme not in {"http", "https"}:
            return None
        netloc = _netloc(parts)
    except ValueError:  # unbalanced brackets, a port that is no number, a host that IDNA refuses
        return None
    if netloc is None:
        return None
    return urlunsplit(
        SplitResult(
            parts.scheme,
            netloc,
            _encode(parts.path, _PATH_SAFE),
            _encode(parts.query, _QUERY_SAFE),
            _encode(parts.fragment, _QUERY_SAFE),
        )
    )


def feed_url(url: str | None) -> str | None:
    """Return the address of a source's feed as it may be told to others: without what looks like a secret.

    A query with a parameter named like a key, token, password or signature is left out whole.
    """
    address = web_url(url)
    return urlsplit(address)._replace(query="").geturl() if address and holds_secret(address) else address


def holds_secret(address: str) -> bool:
    """Return whether the query of a URI has a parameter named like a key, token, password or signature."""
    query = address.partition("#")[0].partition("?")[2]
    names = (name for name, _ in parse_qsl(query, keep_blank_values=True))
    return any(map(_SECRET.search, names))


def without_secrets(text: str) -> str:
    """Return a text for people with each http or https URL in it as `feed_url` would tell it."""
    return _WRITTEN_URL.sub(lambda found: feed_url(found[0]) or "…", text)


def link_url(url: str | None) -> str | None:
    """Return the target of an item's link: a web URL or a mail address, else None."""
    if url and url.lstrip()[:7].lower() == "mailto:":
        return "mailto:" + _encode(_IGNORED.sub("", url).strip()[7:], _QUERY_SAFE)
    return web_url(url)


def _netloc(parts: SplitResult) -> str | None:
    host = parts.netloc.rpartition("@")[2]
    port = parts.port
    if port is not None:
        host = host.rpartition(":")[0]
    host = host.removesuffix(":")
    if not host.isascii():
        if len(host) > _MAX_HOST:
            return None
        host = host.encode("idna").decode("ascii")
    if len(host) > _MAX_HOST or not _HOST.fullmatch(host):
        return None
    return host if port is None else f"{host}:{port}"


def _encode(part: str, safe: str) -> str:
    return quote(_STRAY_PERCENT.sub("%25", part), safe=safe)
