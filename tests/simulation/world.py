"""Weeks of simulated sources and subscribers, around the real pipeline: poller, reader, store, web app.

The clock is a number. What happens lies in a heap by its instant: a source publishes, or does what sources
do; it is polled; a subscriber looks; the config changes. One seed is one history.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from heapq import heappop, heappush
from itertools import count
from pathlib import Path

from aggregator.config import Config
from aggregator.ingest.poll import Poller
from aggregator.ingest.read import read_document
from aggregator.model import (
    Content,
    EntryQuery,
    FeedSpec,
    Fetched,
    FetchFailed,
    FetchRequest,
    Order,
    Outcome,
    Reading,
    Rule,
    Selectors,
    Source,
    StoryPolicy,
    Unreadable,
)
from aggregator.rules.grammar import parse
from aggregator.store import open_store
from aggregator.web.app import create_app
from aggregator.web.metrics import Metrics
from tests.simulation.lives import Life
from tests.simulation.origins import DAY, HOUR, KINDS, Origin, Stories
from tests.simulation.subscribers import Reader, Site, Walk, story_in, walk
from tests.simulation.truth import RULES, Condition, Truth
from tests.web.site import config

START = 1_798_000_000_000 // DAY * DAY
DAYS = 18
END = START + DAYS * DAY
LATER = START + 8 * DAY
"""When one more feed comes into the config."""

RULES_IN_FORCE = tuple(Rule(name=name, match=parse(match), **deed) for name, match, deed in RULES)

CONDITIONS: dict[str, Condition] = {
    "all": lambda _: True,
    "tech": lambda seen: "tech" in seen.tags,
    "semis": lambda seen: "semis" in seen.tags,
    "chips": lambda seen: "chips" in seen.words,
    "any": lambda seen: bool(seen.tags & {"world", "tech"}) and "gossip" not in seen.tags,
    "both": lambda seen: seen.tags >= {"world", "tech"},
    "none": lambda seen: not seen.tags & {"world", "tech"},
    "from": lambda seen: bool(seen.sources & {"A", "D"}),
    "mixed": lambda seen: (
        "local" in seen.tags and bool(seen.sources & {"A", "B"}) and "quiet" not in seen.words
    ),
    "later": lambda seen: bool(seen.tags & {"tech", "semis"}),
    "dated": lambda seen: "world" in seen.tags or "quiet" in seen.words,
}

FEEDS = (
    FeedSpec(slug="chips", title="Chips", match=parse("title:chips"), limit=5),
    FeedSpec(slug="any", title="Any", any=("world", "tech"), none=("gossip",), limit=20),
    FeedSpec(slug="both", title="Both", all=("world", "tech"), limit=10),
    FeedSpec(slug="none", title="None", none=("world", "tech"), limit=20),
    FeedSpec(slug="from", title="From", sources=("A", "D"), limit=15),
    FeedSpec(
        slug="mixed",
        title="Mixed",
        all=("local",),
        sources=("A", "B"),
        match=parse("not title:quiet"),
        limit=5,
    ),
    FeedSpec(slug="later", title="Later", any=("tech", "semis"), limit=10),
    FeedSpec(
        slug="dated", title="Dated", match=parse("tag:world or title:quiet"), order=Order.PUBLISHED, limit=10
    ),
)

PATHS = {
    "all": "/all.json?content=none",
    "tech": "/tags/tech.json?content=none",
    "semis": "/tags/semis.json?content=none",
    "chips": "/feeds/chips.atom",
    "both": "/feeds/both.rss",
}
"""Where the truth's feeds are served; others are `/feeds/{feed}.json`."""


@dataclass
class _Net:
    """Asks origins, and reads their documents in this process."""

    origins: dict[str, Origin]

    def fetch(self, request: FetchRequest) -> Fetched | FetchFailed:
        return self.origins[request.url].fetch(request)

    def abort(self) -> None:
        pass

    def read(self, document: Fetched, selectors: Selectors | None = None) -> Reading | Unreadable:
        return read_document(document, selectors)

    def close(self) -> None:
        pass


@dataclass
class History:
    """What came of one seed."""

    truth: Truth
    readers: list[Reader]
    happened: Counter[str]
    stored: list[dict[int, int]]
    """Day by day: which story each stored ID tells."""
    walks: list[Walk]
    """Through the feed "any", at some days."""
    late_bytes: list[tuple[Reader, bytes]]
    """What a service that was started anew served when nothing had changed since the reader's last look."""


class World:
    """One history in the making."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.dice = random.Random(seed)
        self.now = START
        self.truth = Truth(CONDITIONS)
        self.happened: Counter[str] = Counter()
        self.readers = self._subscribers()
        self.stored: list[dict[int, int]] = []
        self.walks: list[Walk] = []
        self.rules = RULES_IN_FORCE
        self._heap: list[tuple[int, int, Callable[[], object]]] = []
        self._order = count()
        self.store = open_store(str(folder / "world.db"))
        stories = Stories(self.dice)
        self.origins = [self._origin(place, stories) for place in range(len(KINDS))]
        self.config = self._config(self.origins[:-1])
        self._net = _Net({origin.source.url: origin for origin in self.origins})
        self._sync()

    def _origin(self, place: int, stories: Stories) -> Origin:
        name = "ABCDEFGH"[place]
        feed = Source(
            name=name, url=f"http://{name.lower()}.example/feed", tags=("local",) if name == "B" else ()
        )
        return Origin(feed, KINDS[place], stories, self.dice, lambda: self.now)

    def _config(self, origins: list[Origin]) -> Config:
        feeds = tuple(
            replace(spec, content=Content.NONE) for spec in FEEDS if spec.slug != "later" or self.now >= LATER
        )
        made = config(sources=[origin.source for origin in origins], feeds=feeds)
        return replace(made, stories=StoryPolicy(rules=self.rules, feeds=feeds))

    def _sync(self) -> None:
        self.store.sync_sources(self.config.sources, now=self.now, policy=self.config.stories)
        while self.store.curation.fill_feeds(limit=200):
            pass
        self.truth.changes += 1

    def run(self) -> History:
        """Let everything happen."""
        with closing(self.store):
            with closing(self._serve()) as site:
                self._begin(site)
                while self._heap and self._heap[0][0] <= END:
                    self.now, _, deed = heappop(self._heap)
                    deed()
            with closing(self._serve()) as site:
                late_bytes = [
                    (reader, site.get(reader.path))
                    for reader in self.readers
                    if reader.visits[-1].changes == self.truth.changes
                ]
        return History(self.truth, self.readers, self.happened, self.stored, self.walks, late_bytes)

    def at(self, instant: int, deed: Callable[[], object]) -> None:
        """Let something happen at an instant (ms)."""
        heappush(self._heap, (instant, next(self._order), deed))

    def _begin(self, site: Site) -> None:
        *first, added = self.origins
        gone = first[2]
        for origin in first:
            self._lead(origin, START, before=20)
        self._lead(added, START + 9 * DAY, before=150)
        self.at(LATER, partial(self._configure, first))
        self.at(START + 9 * DAY, partial(self._configure, self.origins))
        self.at(
            START + 12 * DAY, partial(self._configure, [each for each in self.origins if each is not gone])
        )
        self.at(START + 15 * DAY, partial(self._configure, self.origins))
        self.at(START + 16 * DAY, self._lift_rule)
        for _ in range(3):
            bursts = Life(self.dice.choice(first), self).burst
            self.at(START + self.dice.randrange(2 * DAY, DAYS * DAY), bursts)
        for day in range(2, DAYS + 1):
            self.at(START + day * DAY, self._look_into_store)
        for day in range(3, DAYS, 3):
            self.at(START + day * DAY, lambda: self.walks.append(walk(site, "/feeds/any.atom", at=self.now)))
        for reader in self.readers:
            self._visit_forever(reader, site)

    def _lead(self, origin: Origin, begin: int, *, before: int) -> None:
        """Let a source live, with what it published `before` days before it is polled, and poll it."""
        life = Life(origin, self)
        life.remember(before, until=begin)
        life.go_on(begin)
        every = self.dice.choice((3, 4, 6)) * HOUR

        def poll() -> None:
            self._poll(origin)
            self.at(self.now + every, poll)

        self.at(begin + self.dice.randrange(HOUR), poll)

    def _poll(self, origin: Origin) -> None:
        jobs = self.store.claim([origin.source.name], now=self.now, lease=1)
        if not jobs:
            return  # the config is without it
        lag = self.dice.choice((0, 0, 5_000))  # between the instant that counts and the commit
        poller = Poller(
            store=self.store,
            fetcher=self._net,
            reader=self._net,
            clock=lambda: self.now - lag,
            policy=self.config.stories,
            max_backoff=DAY,
        )
        polled = poller.poll(jobs[0], origin.source)
        assert polled is not None
        assert polled[0].outcome in ({Outcome.TIMEOUT} if origin.down else {Outcome.OK, Outcome.UNCHANGED})
        if not origin.down:
            self.truth.shown(origin.source, origin.shown, self.now)
            origin.seen()

    def _configure(self, origins: list[Origin]) -> None:
        self.config = self._config(origins)
        self._sync()

    def _lift_rule(self) -> None:
        self.rules = self.rules[:-1]
        self._configure(self.origins)
        curation = self.store.curation
        while not curation.apply_rules(self.rules, span=None, now=self.now, limit=200).done:
            pass
        self.truth.no_longer_keep_gossip_apart(self.now)

    def _look_into_store(self) -> None:
        entries = ((entry.id, story_in(entry.title)) for entry in self.store.walk(EntryQuery()))
        self.stored.append(dict(entries))

    # --- subscribers ----------------------------------------------------------------------------------

    def _subscribers(self) -> list[Reader]:
        """One who looks every 24 hours, and one who looks at any time, of each feed; one hourly."""
        every: list[Callable[[], int]] = [lambda: DAY, lambda: self.dice.randint(1, DAY)]
        paths = {feed: PATHS.get(feed, f"/feeds/{feed}.json") for feed in CONDITIONS}
        readers = [Reader(path, feed, gap) for feed, path in paths.items() for gap in every]
        return [*readers, Reader(paths["any"], "any", lambda: HOUR)]

    def _visit_forever(self, reader: Reader, site: Site) -> None:
        def visit() -> None:
            reader.visit(site, at=self.now, changes=self.truth.changes)
            self.at(self.now + reader.gap(), visit)

        begin = LATER if reader.feed == "later" else START + 2 * DAY
        self.at(begin + self.dice.randrange(DAY), visit)

    def _serve(self) -> Site:
        def clock() -> int:
            return self.now

        return Site(
            create_app(
                store=self.store,
                config=lambda: self.config,
                ready=lambda: None,
                metrics=Metrics(self.store, clock=clock),
                clock=clock,
            )
        )
