"""What subscribers ought to see, told from what sources showed and when: knows nothing of store and keys."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from aggregator.model import Source
from tests.simulation.documents import Item
from tests.simulation.origins import DAY

_WORD = re.compile(r"\w+")

NEWS_FOR = 7 * DAY
"""How long ago a story has come at most that is news in a feed whose conditions it meets only now."""


@dataclass
class Story:
    """One story with all that its sources say of it."""

    number: int
    brought_by: str
    title: str
    surfaced: int
    """When it came, or was written where it did not come as news."""
    is_as_it_came: bool = True
    """Whether no source has said anything else of it since."""
    categories: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By source, in the order in which they told it."""


@dataclass(frozen=True)
class Seen:
    """What conditions are asked about."""

    words: frozenset[str]
    tags: frozenset[str]
    sources: frozenset[str]


@dataclass
class Stay:
    """A story's stay in a feed: from the instant at which it could be seen there, to the one when it left."""

    story: int
    begins: int
    is_news: bool
    written: int | None
    """Where it surfaces when it is no news; None when that is not told here."""
    ends: int | None = None

    @property
    def appears(self) -> int:
        """Where it stands among the others."""
        return self.begins if self.is_news or self.written is None else self.written


Condition = Callable[[Seen], bool]


class Truth:
    """Follows each story through the feeds with these conditions."""

    def __init__(self, feeds: dict[str, Condition]) -> None:
        self._feeds = feeds
        self.stories: dict[int, Story] = {}
        self.stays: dict[str, list[Stay]] = {feed: [] for feed in feeds}
        self._inside: dict[tuple[str, int], Stay] = {}
        self._read: set[str] = set()
        self.changes = 0
        """Rises when anything may be published otherwise than before."""
        self._gossip_is_kept_apart = True
        self._last_shown: dict[str, list[Item]] = {}

    def shown(self, source: Source, items: Sequence[Item], now: int) -> None:
        """Take up what a source's document held when it was read at `now`."""
        shown = [replace(item) for item in items]
        if shown == self._last_shown.get(source.name):
            return
        self._last_shown[source.name] = shown
        self.changes += 1
        first = source.name not in self._read
        self._read.add(source.name)
        for item in items:
            dated = now if item.date is None else min(item.date, now)
            is_news = item.is_news and (not first or item.date is None)
            story = self.stories.get(item.story)
            is_new = story is None or source.name not in story.categories
            if story is None:
                surfaced = now if is_news else dated
                story = Story(item.story, source.name, item.title, surfaced)
                self.stories[item.story] = story
            elif not is_new:
                is_news = story.surfaced >= now - NEWS_FOR
            said = (*source.tags, *item.categories)
            if story.categories and (said != story.categories.get(source.name) or item.title != story.title):
                story.is_as_it_came = False
            story.categories[source.name] = said
            if story.brought_by == source.name:
                story.title = item.title
            self._settle(story, now, is_news=is_news, written=dated if is_new else None)

    def no_longer_keep_gossip_apart(self, now: int) -> None:
        """Lift the last rule for all that has come so far: what that brings into feeds is no news."""
        self._gossip_is_kept_apart = False
        self.changes += 1
        for story in self.stories.values():
            self._settle(story, now, is_news=False, written=story.surfaced if story.is_as_it_came else None)

    def _settle(self, story: Story, now: int, *, is_news: bool, written: int | None) -> None:
        seen = look_at(story, gossip_is_kept_apart=self._gossip_is_kept_apart)
        for feed, condition in self._feeds.items():
            key = (feed, story.number)
            inside = self._inside.get(key)
            belongs = seen is not None and condition(seen)
            if belongs and inside is None:
                stay = Stay(story.number, now, is_news, written)
                self._inside[key] = stay
                self.stays[feed].append(stay)
            elif not belongs and inside is not None:
                inside.ends = now
                del self._inside[key]


def look_at(story: Story, *, gossip_is_kept_apart: bool) -> Seen | None:
    """Return what feeds see of a story when the rules below were asked; None when it is dropped."""
    words = frozenset(_WORD.findall(story.title))
    tags = {tag for said in story.categories.values() for tag in said}
    if "advert" in words:
        return None
    if "chips" in words:
        tags.add("semis")
    if gossip_is_kept_apart and "gossip" in tags:
        tags.discard("world")
    return Seen(words, frozenset(tags), frozenset(story.categories))


RULES = (
    ("no adverts", "title:advert", {"drop": True}),
    ("chips", "title:chips", {"add": ("semis",)}),
    ("no gossip of the world", "tag:gossip", {"remove": ("world",)}),
)
"""Name, expression and deed of the rules that `look_at` states in other words."""
