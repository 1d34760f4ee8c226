"""What sources see of us, poll after poll: a real server, fetcher and store; only the clock is ours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler

import pytest

from aggregator.ingest.fetch import HttpFetcher
from aggregator.ingest.poll import Poller
from aggregator.model import EntryQuery, Outcome, PollReport, Source, SourceStatus, StoryPolicy, host_of
from aggregator.protocols import Store
from tests.ingest.polling import NOW, RSS, CountingReader
from tests.origin import Answer, Origin, Seen

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
PAGE = b"<!doctype html><html><body><form action='/login'>Please log in</form></body></html>"


def rss(head: str, *titles: str) -> bytes:
    items = "".join(f"<item><title>{title}</title><guid>{title}</guid></item>" for title in titles)
    return f'<rss version="2.0"><channel><title>A</title>{head}{items}</channel></rss>'.encode()


@dataclass
class Visitor:
    """Polls one source of a store whenever it is told to."""

    store: Store
    fetcher: HttpFetcher
    source: Source
    now: int = NOW

    def poll(self) -> PollReport:
        poller = Poller(
            store=self.store,
            fetcher=self.fetcher,
            reader=CountingReader(),
            clock=lambda: self.now,
            policy=StoryPolicy(),
            max_backoff=DAY,
            dice=lambda: 0.0,
        )
        (job,) = self.store.claim([self.source.name], now=self.now, lease=1)
        polled = poller.poll(job, self.source)
        assert polled is not None
        return polled[0]

    def outcomes(self, count: int) -> list[Outcome]:
        return [self.poll().outcome for _ in range(count)]

    @property
    def status(self) -> SourceStatus:
        return self.store.source_statuses()[0]

    @property
    def wait(self) -> int:
        assert self.status.next_poll is not None
        return self.status.next_poll - self.now


@pytest.fixture
def visitor(store: Store, fetcher: HttpFetcher, origin: Origin) -> Visitor:
    return visiting(store, fetcher, Source(name="A", url=origin.url + "/feed"))


@pytest.fixture
def elsewhere() -> Iterator[Origin]:
    """Another server: another port is another origin."""
    with Origin() as origin:
        yield origin


def visiting(store: Store, fetcher: HttpFetcher, source: Source) -> Visitor:
    store.sync_sources([source], now=NOW)
    return Visitor(store, fetcher, source)


def moved(origin: Origin, path: str, to: str, status: int = 301) -> str:
    return origin.serve(path, b"moved", status=status, headers={"Location": to})


def paths(*origins: Origin) -> list[str]:
    return [seen.path for origin in origins for seen in origin.requests]


# --- moved for good -------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 308])
def test_a_permanent_redirect_is_asked_directly_at_the_third_poll(
    visitor: Visitor, origin: Origin, status: int
) -> None:
    new = origin.serve("/new", RSS, etag='"1"')
    moved(origin, "/feed", "/new", status)
    assert visitor.outcomes(2) == [Outcome.MOVED, Outcome.MOVED]
    assert f"moved permanently to {new}; from now on" in visitor.status.message
    assert visitor.status.moved_to == new
    assert len(visitor.store.entries(EntryQuery())) == 1, "its entries are stored as ever"
    assert visitor.outcomes(2) == [Outcome.NOT_MODIFIED] * 2
    assert (visitor.status.message, visitor.status.failures) == ("", 0)
    assert paths(origin) == ["/feed", "/new", "/feed", "/new", "/new", "/new"]


@pytest.mark.parametrize("status", [302, 303, 307])
def test_a_temporary_redirect_is_never_remembered(visitor: Visitor, origin: Origin, status: int) -> None:
    origin.serve("/new", RSS)
    moved(origin, "/feed", "/new", status)
    assert visitor.outcomes(4) == [Outcome.OK, *[Outcome.UNCHANGED] * 3]
    assert visitor.status.moved_to is None
    assert paths(origin) == ["/feed", "/new"] * 4


def test_of_a_chain_only_the_permanent_beginning_is_remembered(visitor: Visitor, origin: Origin) -> None:
    moved(origin, "/feed", "/second", 301)
    moved(origin, "/second", "/third", 308)
    moved(origin, "/third", "/fourth", 302)
    moved(origin, "/fourth", "/fifth", 301)
    origin.serve("/fifth", RSS)
    visitor.outcomes(2)
    origin.requests.clear()
    visitor.poll()
    assert paths(origin) == ["/third", "/fourth", "/fifth"]


def test_validators_go_only_to_the_address_that_gave_them(visitor: Visitor, origin: Origin) -> None:
    origin.serve("/feed", RSS, etag='"same"')
    visitor.poll()
    moved(origin, "/feed", "/new")
    origin.serve("/new", RSS, etag='"same"')
    visitor.outcomes(3)
    sent = [(seen.path, seen.headers.get("if-none-match")) for seen in origin.requests]
    assert sent == [
        ("/feed", None),
        *(("/feed", '"same"'), ("/new", None)),
        *(("/feed", None), ("/new", '"same"')),
        ("/new", '"same"'),
    ]


def test_a_page_behind_a_permanent_redirect_is_no_new_address(visitor: Visitor, origin: Origin) -> None:
    moved(origin, "/feed", "/login")
    origin.serve("/login", PAGE, content_type="text/html", etag='"login"')
    assert visitor.outcomes(4) == [Outcome.NOT_A_FEED] * 4
    assert paths(origin) == ["/feed", "/login"] * 4
    assert visitor.status.moved_to is None


def test_a_source_whose_new_address_is_gone_is_asked_at_its_own_again(
    visitor: Visitor, origin: Origin
) -> None:
    origin.serve("/new", RSS)
    moved(origin, "/feed", "/new")
    visitor.outcomes(3)
    origin.serve("/new", b"", status=410)
    report = visitor.poll()
    assert report.outcome is Outcome.GONE
    assert "24 h" not in report.message
    assert "asked at the configured URL again" in report.message
    assert visitor.wait == 45 * MINUTE, "nothing is known of the configured one yet"
    origin.serve("/feed", RSS)
    assert visitor.poll().outcome is Outcome.OK, "relative links lead elsewhere, so it is read again"
    assert (visitor.status.moved_to, visitor.status.failures) == (None, 0)
    assert len(visitor.store.entries(EntryQuery())) == 1


def test_a_source_whose_new_address_fails_three_times_is_asked_at_its_own_again(
    visitor: Visitor, origin: Origin
) -> None:
    origin.serve("/new", RSS)
    moved(origin, "/feed", "/new")
    visitor.outcomes(2)
    origin.serve("/new", b"", status=500)
    origin.requests.clear()
    visitor.outcomes(4)
    assert paths(origin) == ["/new", "/new", "/new", "/feed", "/new"]


def test_a_source_that_moves_twice_does_not_need_its_first_address_any_more(
    visitor: Visitor, origin: Origin
) -> None:
    origin.serve("/new", RSS)
    moved(origin, "/feed", "/new")
    visitor.outcomes(2)
    origin.serve("/feed", b"the domain was sold", status=404)
    moved(origin, "/new", "/newer")
    origin.serve("/newer", RSS)
    origin.requests.clear()
    assert visitor.outcomes(3) == [Outcome.MOVED, Outcome.MOVED, Outcome.UNCHANGED]
    assert paths(origin) == ["/new", "/newer", "/new", "/newer", "/newer"]


def test_the_same_bytes_at_another_address_are_read_again_as_their_links_lead_elsewhere(
    visitor: Visitor, origin: Origin
) -> None:
    body = b"<rss version='2.0'><channel><item><guid>1</guid><link>one</link></item></channel></rss>"
    origin.serve("/feed", body)
    visitor.poll()
    moved(origin, "/feed", "/new/feed")
    origin.serve("/new/feed", body)
    visitor.outcomes(2)
    (entry,) = visitor.store.entries(EntryQuery())
    assert entry.url == origin.url + "/new/one"


# --- secrets --------------------------------------------------------------------------------------------

SECRETS = ("authorization", "x-api-key", "cookie", "referer")


def secret(origin: Origin) -> Source:
    return Source(name="A", url=origin.url + "/feed", user="me", password="p", headers=(("X-Api-Key", "k"),))


def test_no_secret_cookie_or_referrer_goes_to_another_server_even_when_it_is_asked_directly(
    store: Store, fetcher: HttpFetcher, origin: Origin, elsewhere: Origin
) -> None:
    visitor = visiting(store, fetcher, secret(origin))
    origin.serve(
        "/feed",
        b"moved",
        status=301,
        headers={"Location": elsewhere.url + "/feed", "Set-Cookie": "id=1; Path=/"},
    )
    elsewhere.serve("/feed", RSS, headers={"Set-Cookie": "id=2; Path=/"})
    visitor.outcomes(4)
    assert (len(origin.requests), len(elsewhere.requests)) == (2, 4)
    assert [name for seen in elsewhere.requests for name in SECRETS if name in seen.headers] == []
    for seen in origin.requests:
        assert {name for name in SECRETS if name in seen.headers} == {"authorization", "x-api-key"}


def test_a_remembered_address_that_redirects_back_is_told_no_secret_either(
    store: Store, fetcher: HttpFetcher, origin: Origin, elsewhere: Origin
) -> None:
    visitor = visiting(store, fetcher, secret(origin))
    moved(origin, "/feed", elsewhere.url + "/feed")
    elsewhere.serve("/feed", RSS)
    visitor.outcomes(2)
    origin.serve("/feed", RSS)
    moved(elsewhere, "/feed", origin.url + "/feed", 302)
    origin.requests.clear()
    report = visitor.poll()
    assert "leads back to the configured URL" in report.message
    assert "authorization" not in origin.requests[0].headers, "another server has chosen this request"
    visitor.poll()
    assert "authorization" in origin.requests[1].headers


def test_a_source_that_moved_on_its_own_server_is_still_told_its_secrets(
    store: Store, fetcher: HttpFetcher, origin: Origin
) -> None:
    visitor = visiting(store, fetcher, secret(origin))
    moved(origin, "/feed", "/new")
    origin.serve("/new", RSS)
    visitor.outcomes(3)
    assert paths(origin)[-1] == "/new"
    assert all("authorization" in seen.headers for seen in origin.requests)


# --- when to come back ----------------------------------------------------------------------------------


def test_a_document_is_not_asked_for_again_while_it_is_fresh(visitor: Visitor, origin: Origin) -> None:
    origin.serve("/feed", RSS, etag='"1"', headers={"Cache-Control": "public, max-age=7200", "Age": "1800"})
    assert visitor.poll().outcome is Outcome.OK
    assert visitor.wait == 90 * MINUTE


def test_not_modified_that_says_nothing_of_freshness_leaves_it_as_it_was(
    visitor: Visitor, origin: Origin
) -> None:
    origin.serve("/feed", RSS, etag='"1"', headers={"Cache-Control": "max-age=7200"})
    visitor.poll()
    origin.serve("/feed", RSS, etag='"1"')
    assert (visitor.poll().outcome, visitor.wait) == (Outcome.NOT_MODIFIED, 2 * HOUR)
    origin.serve("/feed", RSS, etag='"1"', headers={"Cache-Control": "max-age=10800"})
    assert (visitor.poll().outcome, visitor.wait) == (Outcome.NOT_MODIFIED, 3 * HOUR)
    origin.serve("/feed", RSS, etag='"2"')
    assert (visitor.poll().outcome, visitor.wait) == (Outcome.UNCHANGED, 30 * MINUTE)


def test_ttl_and_hours_to_skip_hold_until_a_document_takes_them_back(
    visitor: Visitor, origin: Origin
) -> None:
    hour = datetime.fromtimestamp(NOW / 1000, UTC).hour
    head = f"<ttl>120</ttl><skipHours><hour>{hour + 2}</hour></skipHours>"
    origin.serve("/feed", rss(head, "One"), etag='"1"')
    assert (visitor.poll().outcome, visitor.wait) == (Outcome.OK, 3 * HOUR)
    assert (visitor.poll().outcome, visitor.wait) == (Outcome.NOT_MODIFIED, 3 * HOUR)
    origin.serve("/feed", b"", status=500)
    assert (visitor.poll().outcome, visitor.wait) == (Outcome.HTTP_ERROR, 3 * HOUR)
    origin.serve("/feed", rss("", "One"), etag='"2"')
    assert (visitor.poll().outcome, visitor.wait) == (Outcome.OK, 30 * MINUTE)


def test_a_source_without_validators_is_asked_less_often(visitor: Visitor, origin: Origin) -> None:
    origin.serve("/feed", RSS)
    visitor.poll()
    assert visitor.wait == 45 * MINUTE


@pytest.mark.parametrize(("status", "outcome"), [(429, Outcome.RATE_LIMITED), (503, Outcome.HTTP_ERROR)])
def test_the_pause_that_a_server_asks_for_is_kept_and_told(
    visitor: Visitor, origin: Origin, status: int, outcome: Outcome
) -> None:
    origin.serve("/feed", b"", status=status, headers={"Retry-After": "7200"})
    report = visitor.poll()
    assert (report.outcome, visitor.wait) == (outcome, 2 * HOUR)
    assert report.message.endswith("It asks for a pause of 2 h.")


def test_a_pause_can_be_asked_for_as_a_date_and_beside_a_document(visitor: Visitor, origin: Origin) -> None:
    date = format_datetime(datetime.now(UTC).replace(year=2099), usegmt=True)
    origin.serve("/feed", RSS, etag='"1"', headers={"Retry-After": date})
    assert (visitor.poll().outcome, visitor.wait) == (Outcome.OK, 7 * DAY)
    origin.serve("/feed", RSS, etag='"1"', headers={"Retry-After": "7200"})
    assert (visitor.poll().outcome, visitor.wait) == (Outcome.NOT_MODIFIED, 2 * HOUR)


def test_too_many_requests_slow_the_whole_host(store: Store, fetcher: HttpFetcher, origin: Origin) -> None:
    sources = [Source(name=name, url=f"{origin.url}/{name}") for name in "AB"]
    store.sync_sources(sources, now=NOW)
    visitor = Visitor(store, fetcher, sources[0])
    origin.serve("/A", b"", status=429, headers={"Retry-After": "600"})
    visitor.poll()
    assert [job.name for job in store.claim_due(now=NOW + 10 * MINUTE - 1, limit=9, lease=1)] == []
    assert [job.name for job in store.claim_due(now=NOW + 10 * MINUTE, limit=9, lease=1)] == ["B"]


def test_too_many_requests_slow_the_host_that_says_so_not_the_one_that_sent_us_there(
    store: Store, fetcher: HttpFetcher, origin: Origin, elsewhere: Origin
) -> None:
    url = elsewhere.serve("/B", b"", status=429, headers={"Retry-After": "600"})
    origin.serve("/A", b"", status=302, headers={"Location": url})
    sources = [Source(name="A", url=f"{origin.url}/A"), Source(name="A2", url=f"{origin.url}/A2")]
    sources.append(Source(name="B", url=url))
    store.sync_sources(sources, now=NOW)
    Visitor(store, fetcher, sources[0]).poll()
    assert [job.name for job in store.claim_due(now=NOW, limit=9, lease=1)] == ["A2"]
    (job,) = store.claim(["A"], now=NOW, lease=1)
    assert job.host == host_of(url), "its next poll waits for the turn of the host that it ends at"
    assert [job.name for job in store.claim_due(now=NOW + 10 * MINUTE, limit=9, lease=1)] == ["A2", "B"]


def test_a_source_that_fails_is_asked_less_and_less_often_and_recovers_at_once(
    visitor: Visitor, origin: Origin
) -> None:
    origin.serve("/feed", b"", status=500)
    waits = []
    for _ in range(8):
        visitor.poll()
        waits.append(visitor.wait)
    assert waits == [30 * MINUTE * 2**n for n in range(6)] + [DAY, DAY]
    origin.serve("/feed", RSS, etag='"1"')
    assert (visitor.poll().outcome, visitor.wait) == (Outcome.OK, 30 * MINUTE)


def test_an_adaptive_source_is_asked_as_it_publishes(
    store: Store, fetcher: HttpFetcher, origin: Origin
) -> None:
    adaptive = Source(
        name="A", url=origin.url + "/feed", interval=15 * MINUTE, adaptive=True, max_interval=DAY
    )
    visitor = visiting(store, fetcher, adaptive)
    titles = ["One"]
    origin.serve("/feed", rss("", *titles), etag='"1"')
    visitor.poll()
    assert visitor.wait == 30 * MINUTE, "of its rhythm nothing is known yet"
    for number in range(2, 5):
        visitor.now += 4 * HOUR
        titles.append(f"Number {number}")
        origin.serve("/feed", rss("", *titles), etag=f'"{number}"')
        visitor.poll()
        assert visitor.wait == 2 * HOUR, "half of the four hours between its items"
    visitor.now += 4 * HOUR
    origin.serve("/feed", rss("<!-- rebuilt -->", *titles), etag='"rebuilt"')
    assert (visitor.poll().outcome, visitor.wait) == (Outcome.OK, 2 * HOUR)
    visitor.now += 6 * DAY - 4 * HOUR
    visitor.poll()
    assert visitor.wait == 6 * DAY // 10, "a tenth of its silence"


def test_nothing_but_the_sources_document_is_asked_for(visitor: Visitor, origin: Origin) -> None:
    base = origin.url
    origin.answer("/feed", _linked(base))
    assert visitor.poll().outcome is Outcome.OK
    assert paths(origin) == ["/feed"]


def _linked(base: str) -> Answer:
    body = f"""<?xml version="1.0"?><?xml-stylesheet href="{base}/style.xsl"?>
<!DOCTYPE rss SYSTEM "{base}/rss.dtd" [<!ENTITY e SYSTEM "{base}/entity">]>
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>A</title>
<image><url>{base}/image.png</url></image><cloud domain="{base}" path="/cloud"/>
<atom:link rel="hub" href="{base}/hub"/><atom:link rel="self" href="{base}/self"/>
<item><title>One</title><link>{base}/1</link><enclosure url="{base}/a.mp3" length="1" type="audio/mpeg"/>
<description>&lt;img src="{base}/pixel.gif"&gt;</description></item></channel></rss>""".encode()

    def answer(_seen: Seen, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Link", f'<{base}/hub>; rel="hub", <{base}/icon>; rel="icon"; rel=preload')
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer
