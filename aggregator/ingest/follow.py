"""Lists that are followed: what a look at one means for its sources, and which sources are polled; pure.

    config's sources ─┐
    followed lists ───┴─► effective ─► the sources that the service polls

A list that names far fewer sources than before, or is ill-formed, may be a mistake of the person or program
that keeps it: what it does not name any more stays until it was missing at `SURE` looks in a row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from aggregator.config import Config, Polling
from aggregator.ingest.listed import Names, address_key
from aggregator.model import FollowedList, ListedSource, Source, Subscription
from aggregator.protocols import Store
from aggregator.rules.tagging import union

SURE = 3
FEW = 4
"""A list of so many sources may lose most of them at once: people do change such."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a look at a list means."""

    followed: FollowedList
    """What to remember."""
    added: tuple[ListedSource, ...] = ()
    removed: tuple[ListedSource, ...] = ()
    doubted: int = 0
    """How many sources are not named any more, and stay for now."""


def look_at(known: FollowedList, said: Sequence[ListedSource], *, whole: bool) -> Look:
    """Return what follows from a list that was read: `said` are its sources, each address once.

    With `whole` it was read without complaint. A source keeps its place, and may get another name, other tags
    and another address of the same feed.
    """
    named = {address_key(source.url): source for source in said}
    gone = [source for source in known.sources if address_key(source.url) not in named]
    many = len(known.sources) > FEW and 2 * len(gone) > len(known.sources)
    if gone and (many or not said or not whole):
        look = _doubted(known, [source.url for source in gone])
    else:
        urls = {source.url for source in gone}
        look = Look(followed=_without(known, urls), removed=tuple(gone))
    places = {address_key(source.url): source for source in look.followed.sources}
    added = tuple(source for key, source in named.items() if key not in places)
    kept = (named.get(key, source) for key, source in places.items())
    return replace(look, followed=replace(look.followed, sources=(*kept, *added)), added=added)


def look_at_unchanged(known: FollowedList) -> Look:
    """Return what follows from a list that is as it was at the last look: its doubts are confirmed."""
    return _doubted(known, known.missing) if known.doubts else Look(followed=known)


def _doubted(known: FollowedList, gone: Sequence[str]) -> Look:
    missing = [url for url in gone if not known.doubts or url in set(known.missing)]
    if known.doubts + 1 >= SURE:
        urls = set(missing)
        removed = tuple(source for source in known.sources if source.url in urls)
        return Look(followed=_without(known, urls), removed=removed)
    followed = replace(known, missing=tuple(missing), doubts=known.doubts + 1)
    return Look(followed=followed, doubted=len(gone))


def _without(known: FollowedList, urls: set[str]) -> FollowedList:
    sources = tuple(source for source in known.sources if source.url not in urls)
    return replace(known, sources=sources, missing=(), doubts=0)


def with_lists(config: Config, store: Store) -> Config:
    """Return the config with the sources of its lists as the store knows them. Raises `StoreError`."""
    if not config.subscriptions:
        return config
    return effective(config, store.lists.all(), store.lists.names_in_use())


def effective(config: Config, lists: Iterable[FollowedList], names: Mapping[str, str]) -> Config:
    """Return the config with the sources of its lists behind its own.

    What the config has itself is left out, and so is what is beyond a subscription's limit: those that a list
    has named longest come first. `names` are those that sources have or had, with their URLs: nobody gets
    the name of another, whose entries would become its own.
    """
    sources = list(config.sources)
    keys = {address_key(source.url) for source in sources}
    free = Names((source.name for source in sources), owners=names)
    known = {followed.url: followed for followed in lists}
    for subscription in config.subscriptions:
        followed = known.get(subscription.url)
        for listed in chosen(subscription, followed.sources if followed else (), keys):
            keys.add(address_key(listed.url))
            name = free.take(listed.name, listed.url)
            sources.append(_source(name, listed, subscription, config.polling))
    return replace(config, sources=tuple(sources))


def chosen(
    subscription: Subscription, listed: Iterable[ListedSource], keys: Iterable[str]
) -> list[ListedSource]:
    """Return what is taken of a list, given the `address_key` of each source that there is already."""
    known = set(keys)
    return [source for source in listed if address_key(source.url) not in known][: subscription.limit]


def _source(name: str, listed: ListedSource, subscription: Subscription, polling: Polling) -> Source:
    return Source(
        name=name,
        url=listed.url,
        tags=union(subscription.tags, listed.tags),
        interval=polling.min_interval if polling.adaptive else polling.interval,
        adaptive=polling.adaptive,
        max_interval=polling.max_interval,
        timeout=polling.timeout,
        max_size=polling.max_size,
        subscription=subscription.url,
    )
