"""A web page → the feeds that it announces; pure.

Announced is what a link says of itself, by its relation and type (HTML, section 4.6.7.1; RSS Advisory Board,
"RSS Autodiscovery"). Only when a page announces nothing, links whose address looks like a feed's stand in.
The page is read as a stream of tags: no tree is built, so neither its depth nor its length matters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from aggregator.ingest.sites import channel_feed, is_youtube
from aggregator.ingest.tags import read_tags
from aggregator.ingest.text import clean, collapse
from aggregator.ingest.urls import absolute, canonical, is_web
from aggregator.model import Fetched

WEB_PAGE = "The address leads to a web page (HTML), not to a feed"
MOST_FEEDS = 200
"""So many of a page's feeds are told; a page may announce one for each of its comments."""
LONGEST_ADDRESS = 2_000
"""Characters; what is longer is nobody's address."""

_LONGEST_PAGE = 2 * 1024 * 1024
_LONGEST_SENTENCE_ADDRESS = 700
_LONGEST_TITLE = 200
_HALF_A_CHARACTER = bytes(range(0x80, 0x100))

_TYPES = frozenset(
    {
        *("application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml"),
        *("application/rss", "application/atom", "application/x-rss+xml", "application/x-atom+xml"),
        *("text/rss+xml", "text/atom+xml", "text/rss", "text/atom", "text/rdf+xml", "text/rdf"),
        *("application/xml", "text/xml", "application/json"),
    }
)
_NO_FEEDS = re.compile(
    r"/wp-json/|/oembed\b|/(?:sitemap|opensearch|manifest)[^/]*$|/xmlrpc\.php", re.IGNORECASE
)
"""Other things that pages announce in the general types: programs' interfaces, site maps."""
_LOOKS_LIKE_A_FEED = re.compile(
    r"(?:^|/)(?:feed|feeds|rss2?|atom)/?(?:$|\?)"
    r"|\.(?:rss2?|atom|rdf|xml)(?:$|\?)"
    r"|(?:^|/)(?:feed|jsonfeed)\.json(?:$|\?)"
    r"|/feeds/posts/default(?:$|[/?])"
    r"|[?&](?:feed|format|alt|type|output)=(?:rss2?|atom|rdf|feed)(?:&|$)",
    re.IGNORECASE,
)
_FEED_SCHEME = re.compile(r"feed:(?://)?(?=https?:)|feed(?=://)", re.IGNORECASE)
_COMMENTS = re.compile(r"/comments?/|/comments\b|=comments-|[/-]comments\.(?:xml|rss|atom)$", re.IGNORECASE)
_TITLES_OF_COMMENTS = re.compile(
    r"\bcomments?\b|kommentar|commentaire|comentario|comentário|commenti\b|комментари|コメント|评论|評論|댓글",
    re.IGNORECASE,
)
_UNUSABLE = re.compile(r"[\s\\\x00-\x20\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffd]")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFeed:
    """A feed as a web page tells of it: nobody has looked yet whether it is one."""

    url: str
    """Absolute, http or https, without credentials and fragment."""
    title: str | None = None
    type: str | None = None
    """The media type in lower case, without parameters."""

    @property
    def is_of_comments(self) -> bool:
        """Whether it holds what readers said, as those that WordPress announces beside the articles."""
        return bool(_COMMENTS.search(self.url) or _TITLES_OF_COMMENTS.search(self.title or ""))


def announced(page: Fetched) -> tuple[FoundFeed, ...]:
    """Return the feeds that an HTML page announces, in its order, those of comments last; each address once.

    When it announces none, links whose address looks like a feed's: these are guesses. At most `MOST_FEEDS`.
    Reads the first 2 MiB. Run it in a `ParsePool`: the page is a stranger's.
    """
    text = _text_of(page)
    links = _Links(text, page.url)
    feeds = links.announced or links.guessed
    if is_youtube(page.url) and (channel := channel_feed(text, links.canonical)):
        feeds = [FoundFeed(url=channel), *feeds]
    return _ranked(feeds)


def hint(text: str, url: str) -> str:
    """Return what to say of a page's announced feeds behind `WEB_PAGE`: a piece of a sentence.

    Empty when it announces none but the page's own address. One beside feeds of comments counts as the
    only one.
    """
    feeds = [feed for feed in _ranked(_Links(text, url).announced) if feed.url != url]
    told = [feed for feed in feeds if not feed.is_of_comments] or feeds
    if not told:
        return ""
    if len(told) == 1 and len(told[0].url) <= _LONGEST_SENTENCE_ADDRESS:
        return f"; it announces one: {told[0].url}"
    count = f"{len(told)} feeds" if len(told) > 1 else "one"
    return f'; it announces {count}: "aggregator add --list" with this address tells which'


class _Links:
    """The links of a page, by what they say."""

    def __init__(self, text: str, url: str) -> None:
        self.canonical: str | None = None
        self._base: str | None = None
        self._hrefs: list[tuple[str, str | None, str | None]] = []
        self._guesses: list[tuple[str, str | None, str | None]] = []
        read_tags(text[:_LONGEST_PAGE], self._take)
        base = absolute(self._base, url) if self._base else None
        self.announced = _found(self._hrefs, base, url)
        self.guessed = _found(self._guesses, base, url)

    def _take(self, tag: str, attributes: dict[str, str]) -> None:
        href = attributes.get("href")
        if tag == "base" and href and self._base is None:
            self._base = href
        if tag not in {"link", "a", "area"} or not href or len(href) > LONGEST_ADDRESS:
            return
        relations = attributes.get("rel", "").lower().split()
        type_ = attributes.get("type", "").partition(";")[0].strip().lower()
        found = (href, attributes.get("title"), type_ or None)
        if "canonical" in relations and self.canonical is None:
            self.canonical = href
        if len(self._hrefs) < MOST_FEEDS and _announces(relations, type_, href):
            self._hrefs.append(found)
        elif len(self._guesses) < MOST_FEEDS and "stylesheet" not in relations and _may_be_feed(href):
            self._guesses.append(found)


def _announces(relations: list[str], type_: str, href: str) -> bool:
    if "feed" in relations and type_ != "text/html":
        return True
    return (
        "alternate" in relations
        and "stylesheet" not in relations
        and type_ in _TYPES
        and not _NO_FEEDS.search(href.partition("?")[0])
    )


def _may_be_feed(href: str) -> bool:
    address = href.partition("#")[0].strip()
    if _FEED_SCHEME.match(address):
        return True
    return bool(_LOOKS_LIKE_A_FEED.search(address)) and not _NO_FEEDS.search(address.partition("?")[0])


def _found(links: list[tuple[str, str | None, str | None]], base: str | None, url: str) -> list[FoundFeed]:
    feeds = []
    for href, title, type_ in links:
        address = _address(href, base, url)
        if address is not None:
            said = collapse(clean(title or ""))[:_LONGEST_TITLE].strip()
            feeds.append(FoundFeed(url=address, title=said or None, type=type_))
    return feeds


def _address(href: str, base: str | None, url: str) -> str | None:
    plain = _FEED_SCHEME.sub(lambda mark: "" if ":" in mark[0] else "http", href.strip(), count=1)
    resolved = absolute(plain, base, url)
    if resolved is None or not is_web(resolved) or canonical(resolved) is None:
        return None
    address = resolved.partition("#")[0]
    authority = address.split("/", 3)[2].partition("?")[0]
    usable = len(address) <= LONGEST_ADDRESS and "@" not in authority and not _UNUSABLE.search(address)
    return address if usable else None


def _ranked(feeds: list[FoundFeed]) -> tuple[FoundFeed, ...]:
    """Return the feeds in their order, each address once, those of comments last."""
    once = list({feed.url: feed for feed in reversed(feeds)}.values())[::-1]
    return tuple(sorted(once, key=lambda feed: feed.is_of_comments)[:MOST_FEEDS])


def _text_of(page: Fetched) -> str:
    from aggregator.ingest.html import html_text  # noqa: PLC0415 - it brings an HTML parser, which few need

    if len(page.body) > _LONGEST_PAGE:
        page = replace(page, body=page.body[:_LONGEST_PAGE].rstrip(_HALF_A_CHARACTER))
    return html_text(page)
