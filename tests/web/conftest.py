from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator.model import FeedSpec
from tests.web.site import Site, Stage, config, item, open_site, poll, source

ODD_TAGS = (
    "C++",
    "a b",
    "中参馆",
    "a/b",
    "..",
    ".",
    "%2F",
    "x.rss",
    "v1.2",
    "?",
    "#1",
    "&amp;",
    "é",
    "日本 経済",
)

SOURCES = (source("News", "news"), source("Quiet", "never-used"))
FEEDS = (
    FeedSpec(slug="chips", title="Chips", any=("chips",), limit=2, window=0),
    FeedSpec(slug="by.news", title="From News", sources=("News",), language="en"),
    FeedSpec(slug="silent", title="Silent", all=("nothing has this",)),
)


@pytest.fixture(scope="session", autouse=True)
def _servers() -> Iterator[None]:
    yield
    for stage in Stage.free:
        stage.server.stop(2)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site whose entries no test changes."""
    with open_site(tmp_path_factory.mktemp("site"), config(sources=SOURCES, feeds=FEEDS)) as site:
        chips = [item(number, "chips") for number in range(4)]
        odd = [item(10 + number, tag) for number, tag in enumerate(ODD_TAGS)]
        poll(site.store, "News", *chips, *odd)
        yield site
    site.store.close()


@pytest.fixture
def own_site(tmp_path: Path) -> Iterator[Site]:
    """A site for one test to change: one source, not yet polled."""
    with open_site(tmp_path, config(sources=[source("News", "news")], feeds=FEEDS[:1])) as site:
        yield site
    site.store.close()
