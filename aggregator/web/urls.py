"""Where things are served: from a request's path to what it stands for, and back. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from urllib.parse import parse_qsl, quote, unquote_to_bytes, urlsplit

from aggregator.publish.feeds import FORMATS
from aggregator.rules.tagging import clean_tag

MAX_LIMIT = 1000

OPML_PATH = "/opml.xml"

_SHORTCUTS = {b"/feed.xml": "rss", b"/rss.xml": "rss", b"/atom.xml": "atom"}
_LIMIT = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)
_OUR_PATHS = frozenset(
    {b"/", b"/healthz", b"/readyz", b"/metrics", OPML_PATH.encode(), b"/all", *_SHORTCUTS},
)
_OUR_ROOTS = (b"/feeds/", b"/tags/", b"/static/", b"/all.")


class Kind(StrEnum):
    """What a feed's path names."""

    FEED = "feed"
    TAG = "tag"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class FeedTarget:
    """One published document: a feed in a format, perhaps cut to a length."""

    kind: Kind
    name: str
    """The slug or the tag; empty for the feed of everything."""
    suffix: str
    limit: int | None = None

    @property
    def permanent_path(self) -> str:
        """The path without format and limit: what stays the same in every format of the feed."""
        match self.kind:
            case Kind.FEED:
                return f"/feeds/{quote(self.name, safe='')}"
            case Kind.TAG:
                return f"/tags/{quote(self.name, safe='')}"
            case Kind.ALL:
                return "/all"

    @property
    def path(self) -> str:
        """The one spelling of where this document is served, with its limit."""
        query = "" if self.limit is None else f"?limit={self.limit}"
        return f"{self.permanent_path}.{self.suffix}{query}"


@dataclass(frozen=True, slots=True)
class OpmlTarget:
    """The list of the published feeds."""


@dataclass(frozen=True, slots=True)
class Misdirected:
    """A path among the feeds that names none: why, for the person who asked."""

    status: int
    text: str


def resolve(raw_path: bytes, query: bytes) -> FeedTarget | OpmlTarget | Misdirected | None:
    """Return what a request asks for; None when the path does not lie among the feeds.

    Takes the path as it was sent, still percent-encoded: only there can the tag `%2F` be told from `/`.
    """
    if raw_path == OPML_PATH.encode():
        return OpmlTarget()
    target = _target(raw_path)
    if not isinstance(target, FeedTarget):
        return target
    try:
        limit = _limit(query)
    except ValueError as error:
        return Misdirected(400, str(error))
    return FeedTarget(target.kind, target.name, target.suffix, limit)


def _target(raw_path: bytes) -> FeedTarget | Misdirected | None:
    if (suffix := _SHORTCUTS.get(raw_path)) is not None:
        return FeedTarget(Kind.ALL, "", suffix)
    for root, kind in ((b"/feeds/", Kind.FEED), (b"/tags/", Kind.TAG)):
        if raw_path.startswith(root):
            return _named(kind, raw_path[len(root) :])
    if raw_path == b"/all" or raw_path.startswith(b"/all."):
        return _named(Kind.ALL, raw_path[1:])
    return None


def _named(kind: Kind, encoded: bytes) -> FeedTarget | Misdirected:
    try:
        text = unquote_to_bytes(encoded).decode()
    except UnicodeDecodeError:
        return Misdirected(400, "The path is not UTF-8 text, percent-encoded.")
    name, _, suffix = text.rpartition(".")
    if suffix not in FORMATS:
        known = ", ".join(f".{suffix}" for suffix in FORMATS)
        return Misdirected(404, f"There is no such format. The path of a feed ends in one of {known}")
    name = clean_tag(name) if kind is Kind.TAG else name
    if not name:
        return Misdirected(404, f"The path names no {kind}.")
    return FeedTarget(kind, "" if kind is Kind.ALL else name, suffix)


def _limit(query: bytes) -> int | None:
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    values = [value for key, value in pairs if key == "limit"]
    if not values:
        return None
    if len(values) > 1 or not _LIMIT.fullmatch(values[0]) or int(values[0]) > MAX_LIMIT:
        raise ValueError(f"limit must be one whole number from 1 to {MAX_LIMIT}, as in ?limit=20")
    return int(values[0])


@lru_cache(maxsize=4)
def path_prefix(base_url: str) -> bytes:
    """Return the path of the base URL as a request sends it, without a slash at its end."""
    return quote(urlsplit(base_url).path.rstrip("/"), safe="/%").encode()


def below_prefix(raw_path: bytes, prefix: bytes) -> bytes:
    """Return the path without the base URL's own: for proxies that pass it on, and those that remove it.

    It is taken off only where one of our own paths is left, since a base URL may well end in `/feeds`.
    """
    if not prefix or not raw_path.startswith(prefix + b"/"):
        return raw_path
    rest = raw_path[len(prefix) :]
    return rest if rest in _OUR_PATHS or rest.startswith(_OUR_ROOTS) else raw_path
