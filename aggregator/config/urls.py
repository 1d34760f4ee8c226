"""URLs and addresses of the config: checked, and brought into one form; pure.

Each function takes the text of a value and returns it in the form to keep, or raises `ValueError`, whose
text says what is expected (`Refused`: why it cannot be).
"""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from aggregator.config.problems import Refused, show

_SOURCE = 'an absolute http or https URL such as "https://example.org/feed.xml"'
_BASE = 'an absolute http or https URL without query and fragment, such as "https://feeds.example.org"'
_PROXY = 'an http or https URL such as "http://proxy.example.org:3128"'
_BIND = '"host:port" such as "127.0.0.1:8080" or "[::1]:8080"'
_NETWORK = 'a network such as "192.168.0.0/16", or an address'

_DEFAULT_PORTS = {"http": 80, "https": 443}
_HIGHEST_PORT = 65535
_ADDRESS = re.compile(r"(?:\[(?P<v6>[^\]]+)\]|(?P<host>[^:\[\]/]+)):(?P<port>[0-9]{1,5})")
_HOST = re.compile(r"[A-Za-z0-9_.-]+")
_UNSAFE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\ud800-\udfff\\]")


def source_url(text: str) -> str:
    """Return the URL of a source's document as it is written."""
    if "@" in _split(text, _SOURCE).netloc:
        raise Refused('a URL must not hold credentials: use the keys "user" and "password"')
    return text


def base_url(text: str) -> str:
    """Return the URL that subscribers reach us at, maybe with a path, without slashes at its end."""
    parts = _split(text, _BASE)
    if "@" in parts.netloc:
        raise Refused("a URL that subscribers see must not hold credentials")
    if "?" in text or "#" in text:
        raise ValueError(_BASE)
    return text.rstrip("/")


def proxy_url(text: str) -> str:
    """Return the URL of an HTTP proxy; it may hold the proxy's credentials."""
    _split(text, _PROXY)
    return text


def bind_address(text: str) -> str:
    """Return the address to listen on: `host:port` or `[v6]:port`, port 0 included."""
    match = _ADDRESS.fullmatch(text)
    if match is None or int(match["port"]) > _HIGHEST_PORT or not _is_host(match["v6"] or match["host"]):
        raise ValueError(_BIND)
    if match["v6"] and ":" not in match["v6"]:
        raise ValueError(_BIND)
    return text


def base_url_of(bind: str) -> str:
    """Return the URL that this machine reaches a checked bind address at.

    "Any address" is nothing that one can connect to, so loopback stands for it.
    """
    host, _, port = bind.rpartition(":")
    return f"http://{'127.0.0.1' if host in {'0.0.0.0', '[::]'} else host}:{port}"  # noqa: S104 - compared, not bound


def network(text: str) -> IPv4Network | IPv6Network:
    """Return a network in CIDR notation; a lone address is the network of itself."""
    try:
        return ip_network(text)
    except ValueError:
        pass
    try:
        meant = ip_network(text, strict=False)
    except ValueError:
        raise ValueError(_NETWORK) from None
    raise Refused(f'{show(text)} has bits set behind its prefix; did you mean "{meant}"?')


def same_document(url: str) -> str | None:
    """Return a form that is alike for URLs which ask the same server for the same thing.

    Scheme and host in lower case, without default port and fragment (RFC 3986, section 6.2.2 and 6.2.3);
    None for what is no URL of a source.
    """
    try:
        parts = _split(url, _SOURCE)
    except ValueError:
        return None
    port = parts.port or _DEFAULT_PORTS[parts.scheme]
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{parts.hostname}:{port}{parts.path or '/'}{query}"


def _split(text: str, expected: str) -> SplitResult:
    if _UNSAFE.search(text):  # urlsplit would drop some of these silently
        raise ValueError(expected)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(expected) from None
    if parts.scheme not in _DEFAULT_PORTS or port == 0 or not _is_host(parts.hostname or ""):
        raise ValueError(expected)
    return parts


def _is_host(host: str) -> bool:
    """Whether this can be a name or an address of a machine: internationalized names included."""
    try:
        if ":" in host:
            return isinstance(ip_address(host), IPv6Address)
        return _HOST.fullmatch(host.encode("idna").decode("ascii")) is not None
    except ValueError:  # UnicodeError, for empty and long labels, is one
        return False
