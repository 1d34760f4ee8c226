"""Web pages without a feed, polled again and again by the real thing: server, parse process and store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from aggregator.ingest.fetch import HttpFetcher
from aggregator.ingest.guard import AddressGuard
from aggregator.ingest.poll import Poller
from aggregator.ingest.workers import ParsePool
from aggregator.model import Entry, EntryQuery, Outcome, PollReport, PollTally, Selectors, Source, StoryPolicy
from aggregator.protocols import Store
from aggregator.store import open_store
from tests.origin import Origin

NOW = 1_800_000_000_000
HOUR = 3_600_000


@pytest.fixture(scope="module")
def readers() -> Iterator[ParsePool]:
    pool = ParsePool(workers=1, timeout=20_000, memory=512 * 2**20)
    yield pool
    pool.close()


class Site:
    """A page of a source, and the store that its polls fill."""

    def __init__(self, origin: Origin, store: Store, readers: ParsePool) -> None:
        self.origin = origin
        self.store = store
        self.selectors = Selectors(item="li")
        self._now = NOW
        self.poller = Poller(
            store=store,
            fetcher=HttpFetcher(
                guard=AddressGuard((ip_network("127.0.0.0/8"),)), user_agent="test", proxy=None
            ),
            reader=readers,
            clock=lambda: self._now,
            policy=StoryPolicy(),
            max_backoff=HOUR,
        )

    def poll(self, *items: str) -> tuple[PollReport, PollTally]:
        """Serve a page with these items and poll it, an hour after the last time."""
        self._now += HOUR
        url = self.origin.serve(
            "/news", "<ul>" + "".join(f"<li>{item}" for item in items), content_type="text/html"
        )
        source = Source(name="News", url=url, selectors=self.selectors)
        self.store.sync_sources([source], now=self._now)
        (job,) = self.store.claim(["News"], now=self._now, lease=1)
        polled = self.poller.poll(job, source)
        assert polled is not None
        return polled

    def new_and_updated(self, *items: str) -> tuple[int, int]:
        report, tally = self.poll(*items)
        assert report.outcome is Outcome.OK, report.message
        return tally.new, tally.updated

    def entries(self) -> list[Entry]:
        return sorted(self.store.entries(EntryQuery()), key=lambda entry: entry.id)


@pytest.fixture
def site(origin: Origin, tmp_path: Path, readers: ParsePool) -> Iterator[Site]:
    store = open_store(str(tmp_path / "x.db"))
    yield Site(origin, store, readers)
    store.close()


ONE = "<h2><a href=/1>One</a></h2><time>2024-04-03</time><p>first"
TWO = "<h2><a href=/2>Two</a></h2><time>2024-04-04</time><p>second"


def test_a_page_becomes_entries_like_a_feed(site: Site) -> None:
    assert site.new_and_updated(TWO, ONE) == (2, 0)
    one, two = site.entries()
    assert (one.title, one.url, one.content_html) == ("One", f"{site.origin.url}/1", "<p>first</p>")
    assert (one.id, two.id) == (1_712_102_400_000, 1_712_188_800_000)
    assert one.guid is None


def test_an_unchanged_page_is_unchanged(site: Site) -> None:
    site.poll(ONE)
    report, tally = site.poll(ONE)
    assert (report.outcome, tally) == (Outcome.UNCHANGED, PollTally())


def test_a_new_item_comes_beside_the_known_ones(site: Site) -> None:
    site.poll(ONE)
    assert site.new_and_updated(TWO, ONE) == (1, 0)
    assert len(site.entries()) == 2


def test_an_edited_item_is_updated_and_keeps_its_id(site: Site) -> None:
    site.poll(ONE)
    (before,) = site.entries()
    assert site.new_and_updated(ONE.replace("first", "mended").replace("One", "Uno")) == (0, 1)
    (after,) = site.entries()
    assert (after.id, after.title, after.content_html) == (before.id, "Uno", "<p>mended</p>")


def test_what_changes_around_the_words_is_no_edit(site: Site) -> None:
    site.poll(ONE.replace("2024-04-03", "3 hours ago") + "<script>nonce(1)</script><!-- 0.1 s -->")
    later = ONE.replace("2024-04-03", "4 hours ago") + "<script>nonce(2)</script><!-- 0.2 s -->"
    report, tally = site.poll(later)
    assert report.outcome is Outcome.OK
    assert tally.new == 0
    (entry,) = site.entries()
    assert entry.content_html == "<p>first</p>"


@pytest.mark.parametrize("link", ["{}", "<a href='#'>{}</a>", "<a href='javascript:open()'>{}</a>"])
def test_items_that_lead_nowhere_are_known_by_what_they_say(site: Site, link: str) -> None:
    items = [link.format(f"Notice {number}") for number in range(5)]
    assert site.new_and_updated(*items) == (5, 0)
    assert site.new_and_updated(*reversed(items)) == (0, 0)
    assert site.new_and_updated(link.format("Notice 5"), *items[1:]) == (1, 0)
    assert len(site.entries()) == 6
    assert all(entry.url is None for entry in site.entries())


def test_items_that_share_a_link_are_known_by_what_they_say(site: Site) -> None:
    items = [f"<h2>Offer {number}</h2><a href=/shop>to the shop</a>" for number in range(5)]
    assert site.new_and_updated(*items) == (5, 0)
    assert site.new_and_updated("<h2>Offer 5</h2><a href=/shop>to the shop</a>", *items[:4]) == (1, 0)
    assert len(site.entries()) == 6


def test_two_items_that_say_the_same_are_one(site: Site) -> None:
    assert site.new_and_updated("Closed today", "Closed today") == (1, 0)


def test_a_redesign_is_a_failure_that_says_so_and_no_entry_is_lost(site: Site) -> None:
    site.poll(ONE)
    site.selectors = Selectors(item="article")
    report, _ = site.poll(ONE, TWO)
    assert report.outcome is Outcome.UNPARSEABLE
    assert report.message == 'No element of the page matches item = "article": has the page changed?'
    assert len(site.entries()) == 1
    site.selectors = Selectors(item="li")
    assert site.new_and_updated(ONE, TWO) == (1, 0)


@pytest.mark.parametrize(
    "item", ["<div>" * 10_000, "<ul><li>" * 1_000, "&#0;" * 1_000, "<li " + "a=1 " * 3_000]
)
def test_an_odd_page_costs_nobody_anything(site: Site, item: str) -> None:
    site.poll(item)
    assert site.new_and_updated(ONE) == (1, 0)


def test_other_selectors_are_tried_at_once_on_a_page_that_has_not_changed(site: Site) -> None:
    site.poll(ONE)
    assert site.poll(ONE)[0].outcome is Outcome.UNCHANGED
    site.selectors = Selectors(item="li", content="h2, p")
    report, tally = site.poll(ONE)
    assert (report.outcome, tally.updated) == (Outcome.OK, 1)


def test_a_page_that_takes_too_long_ends_at_its_deadline(origin: Origin, site: Site) -> None:
    impatient = ParsePool(workers=1, timeout=500, memory=512 * 2**20)
    site.poller = replace(site.poller, reader=impatient)
    site.selectors = Selectors(item="li ~ li")
    report, _ = site.poll(*("x" for _ in range(30_000)))
    impatient.close()
    assert report.outcome is Outcome.UNPARSEABLE
    assert report.message == "The document took longer than 0.5 s to parse."
