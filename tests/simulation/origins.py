"""Simulated sources: what they publish, and everything that sources are known to do to their documents.

At most one thing is changed everywhere between two polls of a source: of an item that changes its link, its
date and its text at once nothing is left to tell that it is the same one.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from aggregator.model import Fetched, FetchFailed, FetchRequest, Outcome, Source
from tests.simulation.documents import Item, atom, rss

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

USUAL = 12
"""Items of most documents."""

_WORDS = """
    harbour council engine winter signal market river committee voltage garden museum bridge patient
    orchard railway glacier senate fabric island theatre harvest coalition satellite library mountain
    contract protein archive border lantern diesel quarry parliament copper violin tunnel surgeon
    vineyard treaty
""".split()  # noqa: SIM905 - a list of them would take 40 lines
TOPICS = ("world", "tech", "gossip", "local")


class Stories:
    """Makes up stories; each has a number that stands in its title and nowhere else."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._last = 0

    def item(self, base: str, *, date: int, kind: Kind) -> Item:
        """Return an item of a new story as a source of that kind says it."""
        self._last += 1
        number, dice = self._last, self._dice
        link = f"http://{base}/{number}" if kind.linked else None
        guid = {"link": link, "opaque": f"{base}-{number:06}", "none": None}[kind.guids]
        topics = tuple(dice.sample(TOPICS, dice.randint(0, 2)))
        words = dice.sample(_WORDS, 4)
        words += [word for word in ("chips", "advert", "quiet") if dice.random() < 0.12]
        return Item(
            story=number,
            guid=guid,
            link=link,
            title=f"s{number} {' '.join(words)}",
            body=f"<p>{' '.join(dice.choices(_WORDS, k=25))}.</p>",
            date=date // 1000 * 1000 if kind.dated else None,
            categories=topics,
        )


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What the items of a source have."""

    guids: str = "opaque"
    """`link`, `opaque` or `none`."""
    linked: bool = True
    dated: bool = True
    write: Callable[[str, list[Item]], bytes] = rss


KINDS = (
    Kind(guids="link"),
    Kind(write=atom),
    Kind(guids="none"),
    Kind(dated=False, guids="link"),
    Kind(linked=False),
    Kind(guids="link", write=atom),
)


@dataclass
class Origin:
    """One source's server. Most methods are something that happens there."""

    source: Source
    kind: Kind
    stories: Stories
    dice: random.Random
    clock: Callable[[], int]
    capacity: int = USUAL
    """Items that its document has room for: more for a while, when it has much to say at once."""
    items: list[Item] = field(default_factory=list)
    """As the document lists them."""
    down: bool = False
    shortened: int | None = None
    """Its document holds the first so many only, for a while."""
    changed: bool = False
    """Something was changed everywhere, or in an item, since the last poll."""
    silent: bool = False
    """Nothing new comes until its document was seen."""
    has_unseen_copies: bool = False
    has_unseen_items: bool = True
    edits: int = 0

    def __post_init__(self) -> None:
        self.base = f"{self.source.name.lower()}.example"
        self._told = set[int]()

    @property
    def now(self) -> int:
        return self.clock()

    @property
    def shown(self) -> list[Item]:
        return self.items[: self.shortened]

    def fetch(self, request: FetchRequest) -> Fetched | FetchFailed:
        """Return what a poll gets."""
        if self.down:
            return FetchFailed(outcome=Outcome.TIMEOUT, message="No answer.", url=request.url)
        body = self.kind.write(self.source.name, self.shown)
        return Fetched(status=200, url=request.url, content_type="text/xml", body=body, validators=None)

    # --- what it publishes ----------------------------------------------------------------------------

    def publish(self, count: int, *, until: int | None = None, since: int = 3 * HOUR) -> None:
        """Put new items on top, dated within `since` ms before `until`, the newest first."""
        until = self.now if until is None else until
        dates = sorted((until - self.dice.randrange(since) for _ in range(count)), reverse=True)
        self._add([self._new(date) for date in dates])

    def burst(self) -> None:
        count = self.dice.randint(60, 260)
        self.capacity += count
        self.publish(count)

    def publish_late(self) -> None:
        """Items that it dates days before they are there, but not so far back that they are an archive."""
        self._add([self._new(self.now - 5 * DAY - self.dice.randrange(DAY)) for _ in range(3)])

    def publish_future(self) -> None:
        self._add([self._new(self.now + self.dice.randrange(30 * DAY)) for _ in range(2)])

    def publish_undated(self) -> None:
        self._add([replace(self._new(self.now), date=None) for _ in range(2)])

    def backfill(self) -> None:
        """Put back an archive: where its document ends, or on top of it."""
        dates = (self.now - self.dice.randint(30 * DAY, 300 * DAY) for _ in range(self.dice.randint(15, 50)))
        old = [replace(self._new(date), is_news=False) for date in dates]
        self.capacity += len(old)
        self.changed = True  # a new date before they were seen would make news of them
        self.items = old + self.items if self.dice.random() < 0.5 else self.items + old

    def copy_from(self, other: Origin) -> None:
        """Tell some of another source's stories, too, with their links."""
        fresh = (item for item in other.shown[:6] if item.link and item.is_news)
        told = [item for item in fresh if item.story not in self._told]
        self._told |= set(numbers(told))
        self.has_unseen_copies = True
        other.changed = True  # it does not move before they were seen there, too
        self._add(
            [
                replace(
                    item,
                    guid=None if self.kind.guids == "none" else f"{self.base}/copy/{item.story}",
                    body=f"<p>Seen elsewhere: {' '.join(self.dice.choices(_WORDS, k=12))}</p>",
                    date=self.now // 1000 * 1000 if self.kind.dated else None,
                    categories=self.dice.choice([(), ("tech",), ("world", "tech")]),
                )
                for item in told
            ]
        )

    def come_back(self) -> None:
        """Answer again."""
        self.down = False

    # --- what it changes everywhere -------------------------------------------------------------------

    def redate(self) -> None:
        self._rewrite(lambda item: replace(item, date=self.now // 1000 * 1000))

    def shift_zone(self) -> None:
        hours = self.dice.choice((-9, -7, 1, 8))
        self._rewrite(lambda item: replace(item, date=item.date and item.date + hours * HOUR))

    def new_guids(self) -> None:
        self.edits += 1
        self._rewrite(lambda item: replace(item, guid=f"v{self.edits}:{item.story * 7919}"))

    def to_https(self) -> None:
        self._rewrite(lambda item: _at_urls(item, lambda url: url.replace("http://", "https://")))

    def to_http(self) -> None:
        self._rewrite(lambda item: _at_urls(item, lambda url: url.replace("https://", "http://")))

    @property
    def is_free_to_move(self) -> bool:
        """Whether its items can be told when their links are others.

        All that is left of undated items are their texts, which are believed where the whole document moves:
        where no item is new, nor links to elsewhere.
        """
        own = (f"//{self.base}/" in (item.link or f"//{self.base}/") for item in self.items)
        return not self.has_unseen_items and (all(item.date for item in self.items) or all(own))

    def move(self) -> None:
        """Go to another domain, own links and guids included, and say nothing new until it was seen there.

        Links of before are forgotten when nobody says them any more: who tells a story by such a link later
        tells another.
        """
        self.edits += 1
        self.silent = True
        before, self.base = f"//{self.base}/", f"{self.source.name.lower()}{self.edits}.example"
        self._rewrite(lambda item: _at_urls(item, lambda url: url.replace(before, f"//{self.base}/")))

    def track(self) -> None:
        self._rewrite(
            lambda item: replace(item, link=item.link and f"{item.link.partition('?')[0]}?utm_id={self.now}")
        )

    def punctuate(self) -> None:
        self._rewrite(lambda item: replace(item, title=f"“{plain(item.title)}”!"))

    def reorder(self) -> None:
        self.dice.shuffle(self.items)

    def shorten(self) -> None:
        """Show hardly anything, or nothing."""
        self.changed = True
        self.shortened = self.dice.choice((0, 3))

    def show_all(self) -> None:
        """Show everything again, some of it as other software would."""
        self.shortened = None
        self.dice.choice((self.new_guids, self.redate, self.to_https, self.reorder))()

    def seen(self) -> None:
        """Note that somebody has got its document."""
        if self.shortened is None:
            self.changed = self.silent = self.has_unseen_copies = self.has_unseen_items = False
            self.capacity = USUAL

    # --- what it changes in single items, and leaves out ----------------------------------------------

    def correct(self) -> None:
        """Edit some titles; some stories become what rules and feeds look for, others cease to be."""
        self.changed = True
        for item in self.dice.sample(self.items[:20], min(4, len(self.items[:20]))):
            word = self.dice.choice(("chips", "advert", "quiet", "corrected"))
            said = plain(item.title).split()
            item.title = " ".join([w for w in said if w != word] if word in said else [*said, word])

    def recategorize(self) -> None:
        self.changed = True
        for item in self.dice.sample(self.items[:20], min(4, len(self.items[:20]))):
            topic = self.dice.choice(TOPICS)
            item.categories = tuple(sorted({*item.categories} ^ {topic}))

    def _new(self, date: int) -> Item:
        item = self.stories.item(self.base, date=date, kind=self.kind)
        self._told.add(item.story)
        return item

    def _add(self, new: list[Item]) -> None:
        if not self.silent:
            self.has_unseen_items = True
            self.items = (new + self.items)[: self.capacity]

    def _rewrite(self, change: Callable[[Item], Item]) -> None:
        self.changed = True
        self.items = [change(item) for item in self.items]


def _at_urls(item: Item, change: Callable[[str], str]) -> Item:
    return replace(
        item,
        link=item.link and change(item.link),
        guid=change(item.guid) if item.guid and item.guid.startswith("http") else item.guid,
    )


def plain(title: str) -> str:
    """Return a title without punctuation."""
    return title.strip("“”!")


def numbers(items: Iterable[Item]) -> list[int]:
    """Return which stories they tell."""
    return [item.story for item in items]
