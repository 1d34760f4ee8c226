"""What rules take away is gone from what is served, also from what was kept rendered."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from aggregator.model import FeedSpec, Rule
from aggregator.rules.grammar import parse
from tests.web.site import NOW, Site, config, item, open_site, poll, source

PATHS = ("/all.json", "/tags/hot.json", "/feeds/f.json", "/search.json?q=item")


def titles(site: Site, path: str) -> Sequence[str]:
    return [found["title"] for found in json.loads(site.get(path).body)["items"]]


@pytest.mark.parametrize(
    ("rule", "left"),
    [
        (Rule(name="r", match=parse("title:1"), drop=True), (1, 1, 1, 1)),
        (Rule(name="r", match=parse("title:1"), remove=("hot",)), (2, 1, 1, 2)),
    ],
    ids=["drop", "remove"],
)
def test_rules_that_only_take_away_are_seen_at_once(tmp_path: Path, rule: Rule, left: Sequence[int]) -> None:
    feed = FeedSpec(slug="f", title="F", any=("hot",))
    with open_site(tmp_path, config(sources=[source("News")], feeds=[feed])) as site:
        poll(site.store, "News", item(1, "hot"), item(2, "hot"))
        assert [len(titles(site, path)) for path in PATHS] == [2, 2, 2, 2]
        site.store.curation.apply_rules((rule,), span=None, now=NOW, limit=100)
        assert tuple(len(titles(site, path)) for path in PATHS) == left
        site.store.close()
