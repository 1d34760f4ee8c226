from __future__ import annotations

from collections.abc import Mapping

from aggregator.ingest.discover import FoundFeed
from aggregator.ingest.examine import FeedSummary, NoFeed
from aggregator.ingest.finder import CheckedFeed, Finder, Findings, NothingFound
from aggregator.model import Fetched, FetchFailed, Outcome, Unreadable

REPOSITORY = "https://github.com/o/r"
FEED = FeedSummary(title="T", format="Atom", entries=1, newest=None)
BLOG = "https://blog.example/"

Web = Mapping[str, FeedSummary | NoFeed | Unreadable | FetchFailed]


def page(*announced: str) -> NoFeed:
    return NoFeed(message="A page.", feeds=tuple(FoundFeed(url=url, title="announced") for url in announced))


def failed(outcome: Outcome, status: int | None = None) -> FetchFailed:
    return FetchFailed(outcome=outcome, message=f"{outcome}.", status=status)


class Visitor:
    """Looks for feeds in a small web of its own; any other address is not found."""

    def __init__(self, web: Web) -> None:
        self.web = web
        self.asked: list[str] = []
        self.pauses = 0

    def find(self, url: str) -> Findings | NothingFound:
        return Finder(fetch=self._fetch, examine=self._examine, pause=self._pause).find(url)

    def _fetch(self, url: str) -> Fetched | FetchFailed:
        self.asked.append(url)
        there = self.web.get(url, failed(Outcome.HTTP_ERROR, 404))
        if isinstance(there, FetchFailed):
            return there
        return Fetched(status=200, url=url, content_type=None, body=b"", validators=None)

    def _examine(self, document: Fetched) -> FeedSummary | NoFeed | Unreadable:
        there = self.web[document.url]
        assert not isinstance(there, FetchFailed)
        return there

    def _pause(self) -> None:
        self.pauses += 1


def found(web: Web, url: str) -> list[str]:
    findings = Visitor(web).find(url)
    return [feed.url for feed in findings.feeds] if isinstance(findings, Findings) else []


def test_what_a_site_is_known_for_comes_before_what_its_page_announces() -> None:
    commits = f"{REPOSITORY}/commits/main.atom"
    web: Web = {REPOSITORY: page(commits), f"{REPOSITORY}/releases.atom": FEED, commits: FEED}
    assert found(web, REPOSITORY) == [f"{REPOSITORY}/releases.atom", commits]


def test_a_known_site_that_shows_no_page_may_still_show_its_feeds() -> None:
    web: Web = {REPOSITORY: failed(Outcome.HTTP_ERROR, 403), f"{REPOSITORY}/tags.atom": FEED}
    assert found(web, REPOSITORY) == [f"{REPOSITORY}/tags.atom"]


def test_a_page_that_is_kept_from_programs_does_not_end_the_search() -> None:
    for answer in (
        failed(Outcome.HTTP_ERROR, 403),
        failed(Outcome.HTTP_ERROR, 500),
        failed(Outcome.GONE, 410),
    ):
        findings = Visitor({BLOG: answer, f"{BLOG}feed.xml": FEED}).find(BLOG)
        assert isinstance(findings, Findings)
        assert [feed.url for feed in findings.feeds] == [f"{BLOG}feed.xml"]
        assert findings.instead_of == answer.message


def test_what_wants_a_login_is_not_replaced_by_another_feed_of_its_site() -> None:
    visitor = Visitor({BLOG: failed(Outcome.HTTP_ERROR, 401), f"{BLOG}feed.xml": FEED})
    assert isinstance(visitor.find(BLOG), NothingFound)
    assert visitor.asked == [BLOG]


def test_where_a_redirect_leads_tells_the_site_too() -> None:
    class Redirected(Visitor):
        def _fetch(self, url: str) -> Fetched | FetchFailed:
            return super()._fetch(REPOSITORY if url == BLOG else url)

    findings = Redirected({REPOSITORY: page(), f"{REPOSITORY}/tags.atom": FEED}).find(BLOG)
    assert isinstance(findings, Findings)
    assert [feed.url for feed in findings.feeds] == [f"{REPOSITORY}/tags.atom"]


def test_a_site_that_wants_to_be_left_alone_is_asked_once() -> None:
    for answer in (
        failed(Outcome.RATE_LIMITED, 429),
        failed(Outcome.HTTP_ERROR, 503),
        failed(Outcome.TIMEOUT),
    ):
        visitor = Visitor({REPOSITORY: answer, f"{REPOSITORY}/tags.atom": FEED})
        assert isinstance(visitor.find(REPOSITORY), NothingFound)
        assert visitor.asked == [REPOSITORY]


def test_a_host_that_fails_is_left_alone_while_others_are_still_asked() -> None:
    elsewhere = "https://feeds.example/blog"
    visitor = Visitor(
        {
            BLOG: page(f"{BLOG}a", f"{BLOG}b", elsewhere),
            f"{BLOG}a": failed(Outcome.TIMEOUT),
            f"{BLOG}b": FEED,
            elsewhere: FEED,
        }
    )
    findings = visitor.find(BLOG)
    assert findings == Findings(
        feeds=(CheckedFeed(url=elsewhere, title="T", format="Atom", entries=1, newest=None),)
    )
    assert visitor.asked == [BLOG, f"{BLOG}a", elsewhere]


def test_no_address_is_asked_twice_and_a_pause_is_made_before_all_but_the_first() -> None:
    visitor = Visitor({BLOG: page(BLOG, f"{BLOG}feed", f"{BLOG}feed")})
    result = visitor.find(BLOG)
    assert isinstance(result, NothingFound)
    assert result.message == f"A page. {BLOG}feed: http error."
    assert len(visitor.asked) == len(set(visitor.asked)) == visitor.pauses + 1 == 9


def test_guessing_ends_with_the_first_feed() -> None:
    visitor = Visitor({BLOG: page(), f"{BLOG}rss": FEED, f"{BLOG}rss.xml": FEED})
    findings = visitor.find(BLOG)
    assert isinstance(findings, Findings)
    assert [feed.url for feed in findings.feeds] == [f"{BLOG}rss"]
    assert visitor.asked == [BLOG, f"{BLOG}feed", f"{BLOG}rss"]


def test_a_feed_that_cannot_be_read_is_no_reason_to_look_elsewhere() -> None:
    visitor = Visitor({BLOG: Unreadable(outcome=Outcome.UNPARSEABLE, message="Broken.")})
    assert visitor.find(BLOG) == NothingFound(outcome=Outcome.UNPARSEABLE, message="Broken.")
    assert visitor.asked == [BLOG]


def test_a_feed_without_a_title_keeps_that_of_its_announcement() -> None:
    untitled = FeedSummary(title=None, format="RSS", entries=0, newest=None)
    findings = Visitor({BLOG: page(f"{BLOG}f"), f"{BLOG}f": untitled}).find(BLOG)
    assert isinstance(findings, Findings)
    assert findings.feeds[0].title == "announced"
