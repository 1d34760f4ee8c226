"""Where requests go: URLs made fit for the wire, and where redirects lead; pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urljoin

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from aggregator.ingest.failures import FetchError
from aggregator.model import Outcome

_DEFAULT_PORTS = {"http": 80, "https": 443}
_AUTHORITY = re.compile(r"^((?:[^:/?#]+:)?//)([^/?#\\]+)")


@dataclass(frozen=True, slots=True)
class Target:
    """A URL as it is requested: IDN host and path encoded, without credentials and fragment."""

    url: str
    path: str
    """With the query: what the request line says."""
    scheme: str
    host: str
    """As it is looked up: in ASCII, an IPv6 address without brackets."""
    port: int

    def may_know_secrets_of(self, source: Target) -> bool:
        """Whether it has the source's origin (RFC 6454), or is that same host, moved from http to https."""
        ours, theirs = (self.scheme, self.host, self.port), (source.scheme, source.host, source.port)
        return ours == theirs or (theirs, ours) == (
            ("http", source.host, _DEFAULT_PORTS["http"]),
            ("https", source.host, _DEFAULT_PORTS["https"]),
        )


@lru_cache(maxsize=4096)
def target_of(url: str) -> Target:
    """Return where this URL is requested; raises FetchError when it is none that can be."""
    try:
        parts = parse_url(_AUTHORITY.sub(_host_composed, url.strip()))
    except LocationParseError as error:
        raise FetchError(Outcome.HTTP_ERROR, "The URL cannot be understood: check its spelling.") from error
    if parts.scheme not in _DEFAULT_PORTS:
        said = f"not {parts.scheme}:" if parts.scheme else "this URL has neither"
        raise FetchError(Outcome.REFUSED_ADDRESS, f"Only http:// and https:// are fetched; {said}.")
    if not parts.host:
        raise FetchError(Outcome.HTTP_ERROR, "The URL names no host: check its spelling.")
    if "%" in parts.host and ":" in parts.host:  # RFC 6874
        raise FetchError(Outcome.REFUSED_ADDRESS, "The URL names a network interface of this machine.")
    fit = parts._replace(auth=None, fragment=None, path=parts.path or "/")
    return Target(
        url=fit.url,
        path=fit.request_uri,
        scheme=parts.scheme,
        host=parts.host.strip("[]"),
        port=parts.port if parts.port is not None else _DEFAULT_PORTS[parts.scheme],
    )


def _host_composed(authority: re.Match[str]) -> str:
    """Return the authority with the digits, letters and dots of its host in the form that they stand for.

    So do browsers (UTS 46), and so would some resolvers, which makes an address of what looks like a name.
    """
    userinfo, at, host = authority[2].rpartition("@")
    composed = unicodedata.normalize("NFKC", host).replace("\u3002", ".")
    if any(composed.count(mark) != host.count(mark) for mark in "/?#@:\\[]%"):
        raise LocationParseError("the host holds characters that stand for delimiters")
    return authority[1] + userinfo + at + composed


def redirected(source: Target, location: str | None) -> Target:
    """Return where a Location header (RFC 9110 section 10.2.2), decoded as latin-1, leads from here.

    Raises FetchError when it leads nowhere that may be requested.
    """
    if not location or not location.strip():
        raise FetchError(Outcome.HTTP_ERROR, f"{source.host} redirects, but does not say where to.")
    sent = location.strip().encode("latin-1", "replace")
    try:
        text = sent.decode()
    except UnicodeDecodeError:  # a path in some older charset: to be given back byte for byte
        text = "".join(chr(byte) if byte < 0x80 else f"%{byte:02X}" for byte in sent)  # noqa: PLR2004 - ASCII
    try:
        absolute = urljoin(source.url, text)
    except ValueError as error:
        raise FetchError(
            Outcome.HTTP_ERROR, f"{source.host} redirects to a URL that cannot be understood."
        ) from error
    try:
        return target_of(absolute)
    except FetchError as error:
        told = error.failure
        raise FetchError(
            told.outcome, f"{source.host} redirects to a URL that is not followed. {told.message}"
        ) from error
