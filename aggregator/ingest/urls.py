"""URLs: made absolute, made canonical, told apart; pure, and raises nothing on any text."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes, urljoin

_TRACKING_PREFIXES = ("utm_", "mtm_", "hsa_", "_hs", "fb_action_")
_TRACKING = frozenset(
    {
        # advertising clicks: Google, Meta, Microsoft, Yandex, X, TikTok, LinkedIn, Reddit, Instagram
        *(
            "gclid",
            "gclsrc",
            "dclid",
            "gbraid",
            "wbraid",
            "srsltid",
            "fbclid",
            "fb_source",
            "fb_ref",
            "msclkid",
        ),
        *("yclid", "ysclid", "_openstat", "twclid", "ttclid", "li_fat_id", "rdt_cid", "igshid", "igsh"),
        # mailings: Mailchimp, Marketo, Vero, Omeda, HubSpot, Klaviyo
        *(
            "mc_cid",
            "mc_eid",
            "mkt_tok",
            "vero_id",
            "vero_conv",
            "oly_anon_id",
            "oly_enc_id",
            "hsctatracking",
        ),
        *("_ke", "_kx"),
        # analytics: Google, AT Internet, Adobe, Alibaba, and what sites call their own
        *("_ga", "_gl", "xtor", "at_medium", "at_campaign", "s_cid", "spm", "wickedid", "guccounter"),
        *("guce_referrer", "guce_referrer_sig", "__twitter_impression", "ref_src", "cmpid", "echobox"),
        *("pk_campaign", "pk_kwd", "pk_source", "pk_medium", "pk_content"),
    }
)
"""Query parameters that tell where a reader came from and never what the page shows. A name that any site
could use for its content (`id`, `ref`, `source`, `from`) must not be here: two articles would become one."""

_OWN_ITEM = re.compile(r"\d|comm?ent|kommentar|respon[ds]|repl[iy]|answer|antwort|message|msg", re.IGNORECASE)
"""What stands in a fragment that leads to one item of a page: its number, or what people write below it."""

_LINKABLE = frozenset({"http", "https", "ftp", "gemini", "gopher", "magnet", "mailto", "news"})

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):(?://([^/?#\\]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL)
_REMOVED = re.compile(r"[\x00-\x1f\x7f]")
_PERCENT = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_.\-]*[a-z0-9_\-])?")
_IP_LITERAL = re.compile(r"\[[0-9a-fA-F:.]+\]|\[v[0-9a-fA-F]+\.[\w.:~-]+\]")
_LONGEST_HOST = 253


class _Parts(NamedTuple):
    scheme: str
    authority: str
    path: str
    query: str
    fragment: str


def absolute(url: str, *bases: str | None) -> str | None:
    """Return `url` resolved against the first of `bases` that is an http(s) URL, or as it is when absolute.

    White space around it and line ends and tabs in it are dropped, spaces in it are percent-encoded; the rest
    stays as the source said it. None for an empty or relative result, and for schemes that are no links
    (`javascript:`, `data:`).
    """
    said = _REMOVED.sub("", url.strip()).strip().replace(" ", "%20")
    if not said:
        return None
    if _scheme(said) is None:
        base = next((base.strip() for base in bases if base and is_web(base.strip())), None)
        if base is None:
            return None
        try:
            said = urljoin(base, said)
        except ValueError:  # such as `//[` – a host that cannot be
            return None
    return said if _scheme(said) in _LINKABLE else None


def is_web(url: str) -> bool:
    """Return whether this is an absolute http or https URL with a host."""
    parts = _split(url)
    return parts is not None and parts.scheme in {"http", "https"} and bool(parts.authority)


def is_site_root(url: str) -> bool:
    """Return whether a link leads to a home page: a bare host, without path, query or routing fragment.

    Items of careless feeds all link there; it says nothing of which story they are.
    """
    canonized = canonical(url)
    if canonized is None or not is_web(canonized):
        return False
    parts = _split(canonized)
    return parts is not None and parts.path == "/" and not parts.query and not parts.fragment


def leads_to_part(url: str) -> bool:
    """Return whether a link's fragment may name an item of its own on a page: `#comment-5`, `#v1.2`.

    Any number makes it one, as two items taken for one would lose one. Not so what tracks readers
    (`#xtor=RSS-1`), nor a highlighted text (`#:~:text=…`).
    """
    said = url.partition("#")[2]
    if said.startswith(":~:") or all(_tracks(pair) for pair in said.split("&")):
        return False
    return (
        _OWN_ITEM.search(unquote_to_bytes(said.encode("utf-8", "replace")).decode("utf-8", "replace"))
        is not None
    )


def canonical(url: str, *, fragment: bool = False) -> str | None:
    """Return the one form of an http(s) URL by which two links are known to lead to the same page.

    Following RFC 3986, section 6: host in lower case and IDNA, without trailing dot; no default port, no
    userinfo; dot segments removed; percent-encoding only where needed, in upper case; an empty path is `/`.
    Beyond it: http and https are alike (the result says https), a backslash in a path is a slash, as browsers
    take it, tracking parameters are dropped and the others kept in their order, and a fragment is dropped
    unless it routes (`#/…`, `#!…`), or is asked for by `fragment`: then it tells the items of one page apart.

    A slash at the end of a path is kept: sites do answer differently, and a story stored twice is better than
    one that is lost. For the same reason `www.` and index pages stay. URLs of other schemes are returned as
    they are; None for what is no absolute URL, or one without a usable host. Idempotent.
    """
    said = _REMOVED.sub("", url).strip()
    parts = _split(said)
    if parts is None:
        return None
    if parts.scheme not in {"http", "https"}:
        return said
    authority = _authority(parts.authority)
    if authority is None:
        return None
    slashed = parts.path.replace("\\", "/")
    path = _without_dot_segments(_encoded(slashed, also="/:@!$&'()*+,;="))
    query = "&".join(
        _encoded(pair, also="/?:@!$'()*+,;=") for pair in parts.query.split("&") if pair and not _tracks(pair)
    )
    kept = fragment or parts.fragment.startswith(("/", "!"))
    part = _encoded(parts.fragment, also="/?:@!$&'()*+,;=") if kept else ""
    return f"https://{authority}{path or '/'}" + (query and f"?{query}") + (part and f"#{part}")


def guid_form(guid: str) -> str:
    """Return a guid in the form by which it is recognised: an http(s) URL's scheme, host and port made alike.

    Path, query and fragment stay to the letter: a source may tell two items apart by them alone. Any other
    guid is returned trimmed.
    """
    said = guid.strip()
    parts = _split(said)
    if parts is None or parts.scheme not in {"http", "https"}:
        return said
    authority = _authority(parts.authority)
    if authority is None or "@" in parts.authority:
        return said
    rest = said[said.index("//") + 2 + len(parts.authority) :]
    return f"https://{authority}{rest if rest.startswith('/') else '/' + rest}"


def _split(url: str) -> _Parts | None:
    found = _URL.fullmatch(url)
    if not found:
        return None
    scheme, authority, path, query, fragment = found.groups(default="")
    return _Parts(scheme.lower(), authority, path, query, fragment)


def _scheme(url: str) -> str | None:
    parts = _split(url)
    return parts.scheme if parts else None


def _authority(said: str) -> str | None:
    """Return host and port in canonical form, or None when there is no usable host."""
    hostport = said.rpartition("@")[2]
    if hostport.startswith("["):
        host, closing, rest = hostport.partition("]")
        host, port = host + closing, rest.removeprefix(":")
        if not _IP_LITERAL.fullmatch(host) or (rest and not rest.startswith(":")):
            return None
        host = host.lower()
    else:
        name, _, port = hostport.partition(":")
        host = _host(name)
    if not host or not ((port.isascii() and port.isdigit()) or not port) or len(port) > 5:  # noqa: PLR2004
        return None
    number = int(port or 0)
    return host if number in {0, 80, 443} else f"{host}:{number}"


def _host(said: str) -> str:
    """Return a host name in lower case and IDNA, or nothing when it cannot be one."""
    name = unquote_to_bytes(said).decode("utf-8", "replace") if "%" in said else said
    name = name.rstrip(".")
    if not name.isascii():
        if len(name) > _LONGEST_HOST:  # no name is that long, and the codec takes quadratic time
            return ""
        try:
            name = _idna(name)
        except UnicodeError:
            return ""
    name = name.lower()
    return name if _HOST.fullmatch(name) and ".." not in name else ""


@lru_cache(maxsize=1024)
def _idna(name: str) -> str:
    """Return a name in ASCII; raises UnicodeError. Kept, as all links of a site ask for it: it is slow."""
    return name.encode("idna").decode("ascii")


def _tracks(pair: str) -> bool:
    name = (
        unquote_to_bytes(pair.partition("=")[0].encode("utf-8", "replace")).decode("utf-8", "replace").lower()
    )
    return name in _TRACKING or name.startswith(_TRACKING_PREFIXES)


def _encoded(text: str, *, also: str) -> str:
    """Return the text with unreserved characters and `also` bare, everything else percent-encoded."""
    pieces = _PERCENT.split(text)
    result = [quote(pieces[0], safe=also, errors="replace")]
    for code, plain in zip(pieces[1::2], pieces[2::2], strict=True):
        char = chr(int(code, 16))
        result.append(char if char in _UNRESERVED else f"%{code.upper()}")
        result.append(quote(plain, safe=also, errors="replace"))
    return "".join(result)


def _without_dot_segments(path: str) -> str:
    """Return a path as RFC 3986, section 5.2.4, makes it."""
    if "/." not in path and not path.startswith("."):
        return path if path.startswith("/") or not path else f"/{path}"
    kept: list[str] = []
    segments = path.removeprefix("/").split("/")
    for segment in segments:
        if segment == "..":
            if kept:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in {".", ".."}:
        kept.append("")
    return "/" + "/".join(kept)
