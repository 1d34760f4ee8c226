"""The articles of a source's entries, from their own pages: what follows a poll that was recorded.

    wanted_pages ─► fetch (each in its host's turn) ─► extract (parse process) ─┬► keep_article
                                                                                └► note_page_failure

The entries are published with the feed's own text until then, and for good when no article can be had.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from aggregator.ingest.timing import pause_of_host
from aggregator.model import (
    Fetched,
    FetchFailed,
    FetchRequest,
    NotModified,
    Outcome,
    RawHtml,
    Source,
    StoryPolicy,
    Unreadable,
    WantedPage,
    host_of,
)
from aggregator.protocols import NO_POLICY, Clock, Fetcher, Store

log = logging.getLogger(__name__)

PAGES_PER_POLL = 10
TIME_PER_POLL = 60_000
"""Milliseconds after which no other page is begun."""

_ACCEPT = "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"
_LASTING = frozenset({Outcome.GONE, Outcome.TOO_LARGE, Outcome.REFUSED_ADDRESS, Outcome.NOT_A_FEED})
"""Failures that another try would not change."""

Extract = Callable[[Fetched, str | None, RawHtml | None], RawHtml | Unreadable]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleFetcher:
    """Fetches the pages that a source's new entries want. Safe to call from several threads at once."""

    store: Store
    fetcher: Fetcher
    extract: Extract
    """`article.extract_article`, out of reach of the service."""
    clock: Clock
    policy: StoryPolicy = NO_POLICY
    """Its rules are asked again when an article is there."""
    cut_off: Callable[[], bool] = lambda: False
    """Whether the service is stopping, so that a failure may be its own doing."""

    def fetch_wanted(self, source_id: int, source: Source) -> int:
        """Fetch pages that the source's entries want, one after another; return how many articles were kept.

        Ends early at the stop, when time is up, and when a host wants a pause. A page that fails is tried
        again after the following polls, a few times. Raises `StoreError`.
        """
        began = self.clock()
        kept = 0
        for page in self.store.wanted_pages(source_id, now=began, limit=PAGES_PER_POLL):
            if self.cut_off() or self.clock() - began >= TIME_PER_POLL:
                break
            article = self._visit(page, source)
            if isinstance(article, str):
                self.store.keep_article(page.entry_id, article, self.policy, now=self.clock())
                kept += 1
                continue
            if self.cut_off():
                break
            self._note(article, page, source)
            if isinstance(article, FetchFailed) and self._pauses(article, page, source):
                break
        if kept:
            log.info("full text of %s: %d kept", source.name, kept)
        return kept

    def _visit(self, page: WantedPage, source: Source) -> RawHtml | FetchFailed | Unreadable:
        try:
            answer = self.fetcher.fetch(_request(page, source))
            if isinstance(answer, Fetched):
                return self.extract(answer, source.selector, page.said)
        except Exception as error:  # one page must not stand in the way of the next ones at each poll
            log.exception("full text of %s: a defect of the aggregator stopped a visit", source.name)
            message = f"An internal error stopped the visit ({type(error).__name__}: {error})."
            return Unreadable(outcome=Outcome.UNPARSEABLE, message=message)
        if isinstance(answer, NotModified):
            message = "The server says that the page has not changed, which nobody asked."
            return Unreadable(outcome=Outcome.HTTP_ERROR, message=message)
        return answer

    def _note(self, failure: FetchFailed | Unreadable, page: WantedPage, source: Source) -> None:
        given_up = self.store.note_page_failure(
            page.entry_id, failure.message, final=failure.outcome in _LASTING
        )
        log.log(
            logging.WARNING if given_up else logging.INFO,
            "full text of %s: %s: %s %s",
            source.name,
            page.url,
            failure.message,
            "The feed's own text stays." if given_up else "It is tried again after the next poll.",
            extra={"source": source.name, "entry": page.entry_id},
        )

    def _pauses(self, failure: FetchFailed, page: WantedPage, source: Source) -> bool:
        """Leave the host alone for as long as it wants; return whether it wants that."""
        if failure.outcome is not Outcome.RATE_LIMITED and failure.retry_after is None:
            return False
        now = self.clock()
        until = pause_of_host(retry_after=failure.retry_after, interval=source.interval, now=now)
        self.store.pause_host(host_of(failure.url or page.url), until=until, now=now)
        return True


def _request(page: WantedPage, source: Source) -> FetchRequest:
    return FetchRequest(
        url=page.url,
        owner_url=source.url,
        # What the source is to answer with is said of its feed.
        headers=tuple((name, text) for name, text in source.headers if name.lower() != "accept"),
        user=source.user,
        password=source.password,
        timeout=source.timeout,
        max_size=source.max_size,
        accept=_ACCEPT,
    )
