"""Where the feeds of a site are: fetches its page, and what may be a feed, one after the other.

    address ─► fetch ─► examine ─┬─► a feed: that is it
                                 └─► a page ─► what its site is known for, what it announces ─┬─► examined
                   no answer to use: ─────────► else what its path says, else common addresses ─┘

Only for a person who asks: polls fetch nothing but their source's address.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from aggregator.ingest.discover import FoundFeed
from aggregator.ingest.examine import FeedSummary, NoFeed
from aggregator.ingest.sites import common_feeds, known_feeds, likely_feeds
from aggregator.model import Fetched, FetchFailed, NotModified, Outcome, Unreadable

MOST_CANDIDATES = 6
"""Addresses that a page or its site names are looked at up to this number."""

_OF_ONE_ADDRESS = frozenset(
    {
        Outcome.HTTP_ERROR,
        Outcome.GONE,
        Outcome.NOT_A_FEED,
        Outcome.EMPTY,
        Outcome.UNPARSEABLE,
        Outcome.TOO_LARGE,
    }
)
"""After these, another address of the host may still do; any other outcome speaks for the host itself."""
_UNAVAILABLE = 503
_WANTS_LOGIN = 401
_NONE_GUESSED = "No feed was found at the usual addresses either."

Fetch = Callable[[str], Fetched | NotModified | FetchFailed]
Examine = Callable[[Fetched], FeedSummary | NoFeed | Unreadable]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedFeed:
    """A feed that was fetched and read."""

    url: str
    title: str | None
    """Its own, else the one that it was announced with."""
    format: str
    """As in `FeedSummary`."""
    entries: int
    newest: int | None
    """The latest publication (ms UTC) that it tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a search brought: one feed or more."""

    feeds: tuple[CheckedFeed, ...]
    """The likeliest first."""
    unread: tuple[FoundFeed, ...] = ()
    """What is announced, too, but was not looked at."""
    instead_of: str | None = None
    """Why the address itself could not be read, when these were found without its help: a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingFound:
    """Why there is no feed."""

    outcome: Outcome
    message: str
    """A sentence."""
    of_host: bool = False
    """Whether it speaks for the host, so that its other addresses are not to be tried now."""
    is_page: bool = False
    """Whether a web page was read there."""


class Finder:
    """Looks for feeds. `pause` is called before every request but a search's first, and waits politely."""

    def __init__(self, *, fetch: Fetch, examine: Examine, pause: Callable[[], None]) -> None:
        self._fetch = fetch
        self._examine = examine
        self._pause = pause

    def find(self, url: str) -> Findings | NothingFound:
        """Return the feeds of a page, each read; the address of a feed gives that one.

        At most `MOST_CANDIDATES` of what page and site name are tried, then a few of what the path says, then
        common addresses up to the first feed. Raises nothing for the fault of sites.
        """
        answer = self._fetch(url)
        if not isinstance(answer, Fetched):
            return self._without_page(url, _failed(answer), wants_login=answer.status == _WANTS_LOGIN)
        found = self._examine(answer)
        if isinstance(found, FeedSummary):
            return Findings(feeds=(_checked(FoundFeed(url=url), url, found),))
        if isinstance(found, Unreadable):
            return NothingFound(outcome=found.outcome, message=found.message)
        known = (*known_feeds(url), *known_feeds(answer.url))
        itself = {url, answer.url}
        named = [feed for feed in _each_once([*map(_unseen, known), *found.feeds]) if feed.url not in itself]
        search = _Search(self._look, itself)
        if feeds := search.all(named[:MOST_CANDIDATES]):
            return Findings(feeds=feeds, unread=tuple(named[MOST_CANDIDATES:]))
        disappointment = search.disappointment
        if feed := search.guess(answer.url):
            return Findings(feeds=(feed,))
        message = f"{found.message} {disappointment or _NONE_GUESSED}"
        return NothingFound(outcome=Outcome.NOT_A_FEED, message=message, is_page=found.is_page)

    def check(self, announced: FoundFeed) -> CheckedFeed | NothingFound:
        """Return what one of the unread feeds of an earlier search is."""
        looked = self._look(announced)
        return looked if isinstance(looked, NothingFound) else looked[1]

    def _without_page(self, url: str, failed: NothingFound, *, wants_login: bool) -> Findings | NothingFound:
        """Some sites show their pages to browsers only, and their feeds to everybody."""
        if failed.of_host:
            return failed
        search = _Search(self._look, {url})
        feeds = search.all(map(_unseen, known_feeds(url)))
        if not feeds and not wants_login and (feed := search.guess(url)):
            feeds = (feed,)
        return Findings(feeds=feeds, instead_of=failed.message) if feeds else failed

    def _look(self, candidate: FoundFeed) -> tuple[str, CheckedFeed] | NothingFound:
        """Return a feed and where it was found in the end, or why there is none."""
        self._pause()
        answer = self._fetch(candidate.url)
        if not isinstance(answer, Fetched):
            return _failed(answer)
        found = self._examine(answer)
        if isinstance(found, Unreadable):
            return NothingFound(outcome=found.outcome, message=found.message)
        if isinstance(found, NoFeed):
            return NothingFound(outcome=Outcome.NOT_A_FEED, message=found.message)
        return answer.url, _checked(candidate, answer.moved_to or candidate.url, found)


class _Search:
    """One search's memory: what was tried, where it led, and what went wrong first."""

    def __init__(
        self, look: Callable[[FoundFeed], tuple[str, CheckedFeed] | NothingFound], tried: set[str]
    ) -> None:
        self.disappointment: str | None = None
        """The first address that gave no feed, and why."""
        self._look = look
        self._tried = tried
        self._places: set[str] = set()
        self._hosts_to_leave: set[str | None] = set()

    def all(self, candidates: Iterable[FoundFeed]) -> tuple[CheckedFeed, ...]:
        """Return every feed among the candidates."""
        return tuple(self._feeds(candidates))

    def first(self, candidates: Iterable[FoundFeed]) -> CheckedFeed | None:
        """Return the first feed among the candidates, and try no further."""
        return next(self._feeds(candidates), None)

    def guess(self, url: str) -> CheckedFeed | None:
        """Return the first feed where this page's path, or custom, has it."""
        return self.first(map(_unseen, (*likely_feeds(url), *common_feeds(url))))

    def _feeds(self, candidates: Iterable[FoundFeed]) -> Iterator[CheckedFeed]:
        for candidate in candidates:
            host = urlsplit(candidate.url).hostname
            if candidate.url in self._tried or host in self._hosts_to_leave:
                continue
            self._tried.add(candidate.url)
            looked = self._look(candidate)
            if isinstance(looked, NothingFound):
                if looked.of_host:
                    self._hosts_to_leave.add(host)
                self.disappointment = self.disappointment or f"{candidate.url}: {looked.message}"
                continue
            place, feed = looked
            if place not in self._places:
                self._places.add(place)
                yield feed


def _unseen(url: str) -> FoundFeed:
    return FoundFeed(url=url)


def _each_once(feeds: Iterable[FoundFeed]) -> list[FoundFeed]:
    once: dict[str, FoundFeed] = {}
    for feed in feeds:
        once.setdefault(feed.url, feed)
    return list(once.values())


def _failed(answer: NotModified | FetchFailed) -> NothingFound:
    if isinstance(answer, NotModified):  # said of an address that nothing was known of
        return NothingFound(outcome=Outcome.EMPTY, message="The server answered without a document.")
    wants_rest = answer.status == _UNAVAILABLE or answer.retry_after is not None
    of_host = wants_rest or answer.outcome not in _OF_ONE_ADDRESS
    return NothingFound(outcome=answer.outcome, message=answer.message, of_host=of_host)


def _checked(candidate: FoundFeed, url: str, found: FeedSummary) -> CheckedFeed:
    return CheckedFeed(
        url=url,
        title=found.title or candidate.title,
        format=found.format,
        entries=found.entries,
        newest=found.newest,
    )
