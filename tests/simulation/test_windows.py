"""Who looks once in 24 hours: what came to be seen only just after the look."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from aggregator.model import FeedSpec, StoryPolicy
from aggregator.store import open_store
from aggregator.web.selection import Selection, select
from aggregator.web.urls import FeedTarget, Kind
from tests.simulation.origins import DAY
from tests.web.site import NOW, config, item, poll, source

FEW = FeedSpec(slug="few", title="Few", limit=2)


def test_what_is_committed_after_a_look_and_surfaced_before_it_is_seen_a_day_later(tmp_path: Path) -> None:
    with closing(open_store(str(tmp_path / "store.db"))) as store:
        store.sync_sources([source("News")], now=0, policy=StoryPolicy(feeds=(FEW,)))
        poll(store, "News", item(1), now=NOW - DAY)
        poll(store, "News", item(2), now=NOW - 5_000)
        poll(store, "News", *(item(number) for number in range(3, 9)), now=NOW + DAY - 2_000)
        selection = select(FeedTarget(Kind.FEED, "few", "atom"), config(feeds=[FEW]), NOW + DAY)
        assert isinstance(selection, Selection)
        assert "Item 2" in {entry.title for entry in store.entries(selection.query)}
