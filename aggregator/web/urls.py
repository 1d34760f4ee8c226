"""Where things are served: from a request's path to what it stands for, and back. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from urllib.parse import quote, unquote_to_bytes, urlsplit

from aggregator.publish.feeds import FORMATS
from aggregator.rules.tagging import clean_tag
from aggregator.web.options import PLAIN, Options, OptionsError, read_options

OPML_PATH = "/opml.xml"

_SHORTCUTS = {b"/feed.xml": "rss", b"/rss.xml": "rss", b"/atom.xml": "atom"}
_NOTHING = "There is no such feed. The page at / lists the feeds, tags and sources."
_UNNAMED = ("/all", "/search", "/status")
"""Paths, without format, of feeds that are one of a kind."""
_OUR_PATHS = frozenset(
    {
        *(b"/", b"/healthz", b"/readyz", b"/metrics", OPML_PATH.encode()),
        *(path.encode() for path in _UNNAMED),
        *_SHORTCUTS,
    },
)
_OUR_ROOTS = (b"/feeds/", b"/tags/", b"/static/", *(f"{path}.".encode() for path in _UNNAMED))
_DOTS = (".", "..")
"""Tags that a path cannot end in: there they stand for folders (RFC 3986 section 5.2.4), however encoded."""
_REMEMBERED_BYTES = 2_000
"""Longer addresses are read anew at each request, so that few of them cannot take much memory."""


class Kind(StrEnum):
    """What a feed's path names."""

    FEED = "feed"
    TAG = "tag"
    ALL = "all"
    SEARCH = "search"
    STATUS = "status"
    """What happens to sources: its items are no entries."""


@dataclass(frozen=True, slots=True)
class FeedTarget:
    """One published document: a feed in a format, perhaps narrowed down by options."""

    kind: Kind
    name: str
    """The slug or the tag; empty for feeds that are one of a kind."""
    suffix: str
    options: Options = PLAIN

    @property
    def permanent_path(self) -> str:
        """The path without format, length and look: what stays the same in every form of the feed."""
        if self.kind is Kind.TAG and self.name in _DOTS:
            return _with_query("/tags/", "&".join(filter(None, (f"tag={self.name}", self.options.selecting))))
        return _with_query(self._stem, self.options.selecting)

    @property
    def path(self) -> str:
        """The one spelling of where this document is served, with its options."""
        return _with_query(f"{self._stem}.{self.suffix}", self.options.query_string)

    @property
    def _stem(self) -> str:
        match self.kind:
            case Kind.FEED:
                return f"/feeds/{quote(self.name, safe='')}"
            case Kind.TAG:
                return f"/tags/{quote(self.name, safe='')}"
            case Kind.ALL | Kind.SEARCH | Kind.STATUS:
                return f"/{self.kind}"


def _with_query(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path


@dataclass(frozen=True, slots=True)
class OpmlTarget:
    """The list of the published feeds."""

    opened: tuple[str, ...] = ()
    """The slugs of those with a token of their own that are listed, too."""


@dataclass(frozen=True, slots=True)
class Misdirected:
    """A path among the feeds that names none: why, for the person who asked."""

    status: int
    text: str


def resolve(raw_path: bytes, query: bytes) -> FeedTarget | OpmlTarget | Misdirected | None:
    """Return what a request asks for; None when the path does not lie among the feeds.

    Takes the path as it was sent, still percent-encoded: only there can the tag `%2F` be told from `/`.
    """
    if len(raw_path) + len(query) > _REMEMBERED_BYTES:
        return _resolve(raw_path, query)
    return _remembered(raw_path, query)


def _resolve(raw_path: bytes, query: bytes) -> FeedTarget | OpmlTarget | Misdirected | None:
    if raw_path == OPML_PATH.encode():
        return OpmlTarget()
    target = _target(raw_path)
    if not isinstance(target, FeedTarget) or target.kind is Kind.STATUS:
        return target
    try:
        options = read_options(query, search=target.kind is Kind.SEARCH)
    except OptionsError as error:
        return Misdirected(400, str(error))
    return FeedTarget(target.kind, target.name, target.suffix, options)


_remembered = lru_cache(maxsize=512)(_resolve)


def _target(raw_path: bytes) -> FeedTarget | Misdirected | None:
    if (suffix := _SHORTCUTS.get(raw_path)) is not None:
        return FeedTarget(Kind.ALL, "", suffix)
    for root, kind in ((b"/feeds/", Kind.FEED), (b"/tags/", Kind.TAG)):
        if raw_path.startswith(root):
            return _named(kind, raw_path[len(root) :])
    for kind in (Kind.ALL, Kind.SEARCH, Kind.STATUS):
        path = f"/{kind}".encode()
        if raw_path == path or raw_path.startswith(path + b"."):
            return _named(kind, raw_path[1:])
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
    if kind not in (Kind.FEED, Kind.TAG):
        # `/all.x.rss` begins as the feed of everything does, but is none.
        return FeedTarget(kind, "", suffix) if name == kind else Misdirected(404, _NOTHING)
    name = clean_tag(name) if kind is Kind.TAG else name
    if not name:
        return Misdirected(404, f"The path names no {kind}.")
    return FeedTarget(kind, name, suffix)


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
