"""Which entries a published feed holds, and what its head says. Pure.

Whatever counts from the present instant counts from the last full minute: within it, equal requests get
equal documents.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TypedDict

from aggregator.config import Config
from aggregator.model import Channel, Content, EntryQuery, Expression, FeedSpec, Field, Order
from aggregator.publish.digest import next_period_end, periods_since
from aggregator.rules.membership import mentions, timeless
from aggregator.rules.tagging import clean_tag, union
from aggregator.web.access import public_feeds
from aggregator.web.digests import MAX_DIGESTED, Bounds, DigestPlan
from aggregator.web.options import MAX_LIMIT, Options, conjunction
from aggregator.web.urls import FeedTarget, Kind

_MINUTE = 60_000
_HOUR = 60 * _MINUTE
_GRACE = 10 * _MINUTE
"""Added to each window. Who looks once a day comes a little later every day and may get what is a minute old
(Cache-Control); and an entry can be seen some time after the instant it surfaced at, when it is committed."""
_PAGE = 100
"""Entries of a page that follows the current document, at least."""
_NEARBY = 20
"""Names that a message offers at most."""
_COMPARABLE = 100
"""Characters of a name that is still compared with others: the time grows with the square."""
_TITLE = 200
"""Characters that a title takes from what was asked for."""


class _Conditions(TypedDict):
    any: tuple[str, ...]
    all: tuple[str, ...]
    none: tuple[str, ...]
    feed: str | None


@dataclass(frozen=True, slots=True)
class Unknown:
    """There is no such feed: what there is instead, for the person who asked."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """A feed's head and entries, and how they are shown."""

    channel: Channel
    query: EntryQuery
    order: Order
    content: Content
    digest: DigestPlan | None
    expires: int | None
    """When another selection may be due (ms) although no entry changed; None when that cannot be."""
    unknown: Unknown | None
    """What to say where no entry has the tag `named` either; None where the feed then is an empty one."""
    named: str = ""


def select(target: FeedTarget, config: Config, now: int) -> Selection | Unknown:
    """Return what a target, of any kind but `STATUS`, selects under this config at an instant (ms)."""
    match target.kind:
        case Kind.FEED:
            return _configured(target, config, now)
        case Kind.TAG:
            return _tagged(target, config, now)
        case Kind.SEARCH:
            title = f"Search: {_shortened(target.options.search)}"
            spec = FeedSpec(slug="search", title=title)
        case _:
            spec = FeedSpec(slug="all", title=config.service.title, description="Everything")
    return _selection(target, config, _labelled(spec, target.options), now)


def channel_of(target: FeedTarget, config: Config, spec: FeedSpec) -> Channel:
    """Return the head of the feed that a target names."""
    base = config.service.base_url
    return Channel(
        id=base + target.permanent_path,
        title=spec.title,
        description=spec.description or spec.title,
        home_url=f"{base}/",
        self_url=base + target.path,
        updated=config.modified,
        language=spec.language,
        icon=spec.icon,
    )


def config_tags(config: Config) -> tuple[str, ...]:
    """Return the tags that the config mentions: a subscriber may come before their first entry."""
    sources = (source.tags for source in config.sources)
    feeds = ((*spec.any, *spec.all, *spec.none) for spec in public_feeds(config))
    rules = ((*rule.add, *(rule.set or ())) for rule in config.rules)
    return union(*(map(clean_tag, tags) for tags in (*sources, *feeds, *rules)))


def _configured(target: FeedTarget, config: Config, now: int) -> Selection | Unknown:
    for spec in config.feeds:
        if spec.slug == target.name:
            return _selection(target, config, spec, now)
    slugs = [spec.slug for spec in public_feeds(config)]
    there = f"The feeds here are: {_listed(slugs)}" if slugs else "No feeds are listed here."
    return Unknown(f"There is no feed named {target.name!r}. {there}\nEverything is at /all.{target.suffix}")


def _tagged(target: FeedTarget, config: Config, now: int) -> Selection:
    tag, mentioned, options = target.name, config_tags(config), target.options
    # It is in the path: naming it once more makes no other feed.
    options = replace(options, all=tuple(other for other in options.all if other != tag))
    target = replace(target, options=options)
    spec = FeedSpec(slug="", title=tag, description=f"Entries tagged {tag}")
    spec = replace(_labelled(spec, options), all=(tag, *options.all))
    spec = replace(spec, title=f"{spec.title} – {config.service.title}")
    unknown = None if tag in mentioned else Unknown(_no_such_tag(tag, mentioned))
    return replace(_selection(target, config, spec, now), unknown=unknown, named=tag)


def _labelled(spec: FeedSpec, options: Options) -> FeedSpec:
    """Return a feed narrowed down to the tags that are asked for, and saying so in its title."""
    said = [*options.all, *filter(None, [" or ".join(options.any)]), *(f"not {tag}" for tag in options.none)]
    title = ", ".join([spec.title, *said]) if said else spec.title
    return replace(spec, title=_shortened(title), all=options.all, any=options.any, none=options.none)


def _no_such_tag(tag: str, mentioned: tuple[str, ...]) -> str:
    said = f"No entry has the tag {tag!r}."
    near = [other for other in mentioned if other.casefold() == tag.casefold()]
    if not near and len(tag) <= _COMPARABLE:
        near = get_close_matches(tag, [other for other in mentioned if len(other) <= _COMPARABLE])
    if near:
        said += f" Did you mean {_listed(near)}?"
    return f"{said}\nThe page at / lists the tags that there are."


def _listed(names: list[str]) -> str:
    more = len(names) - _NEARBY
    return ", ".join(names[:_NEARBY]) + (f" and {more} more" if more > 0 else "")


def _shortened(text: str) -> str:
    return text if len(text) <= _TITLE else f"{text[: _TITLE - 1]}…"


def _selection(target: FeedTarget, config: Config, spec: FeedSpec, now: int) -> Selection:
    options = target.options
    instant = now // _MINUTE * _MINUTE
    bounds = Bounds(
        match=conjunction([_left_of(target, spec), options.match]),
        max_age=_shortest(spec.max_age, options.filter_time and options.filter_time * 1000),
        per_source=spec.per_source,
        since=None if options.hours is None else instant - options.hours * _HOUR,
    )
    limit = options.limit or (MAX_LIMIT if options.hours else spec.limit)
    if options.before is not None:
        limit = max(limit, _PAGE)
    conditions = _conditions(target, spec)
    if spec.digest is None:
        moving = bounds.is_moving
        query = EntryQuery(
            **conditions,
            match=bounds.match,
            published_since=None if bounds.max_age is None else instant - bounds.max_age,
            surfaced_since=bounds.since,
            before=options.before,
            per_source=bounds.per_source,
            now=instant if moving else 0,
            limit=limit,
            window=spec.window + _GRACE
            if spec.window and not (options.limit or options.hours or options.before)
            else 0,
        )
        expires = instant + _MINUTE if moving else None
    else:
        query = EntryQuery(
            **conditions,
            match=options.match and timeless(options.match),
            surfaced_since=periods_since(spec.digest, instant, limit),
            limit=MAX_DIGESTED,
        )
        expires = instant + _MINUTE if options.hours else next_period_end(spec.digest, instant)
    return Selection(
        channel=channel_of(target, config, spec),
        query=query,
        order=options.order or spec.order,
        content=options.content or spec.content,
        digest=None if spec.digest is None else DigestPlan(digest=spec.digest, now=instant, bounds=bounds),
        expires=expires,
        unknown=None,
    )


def _conditions(target: FeedTarget, spec: FeedSpec) -> _Conditions:
    if target.kind is not Kind.FEED:
        return {"any": spec.any, "all": spec.all, "none": spec.none, "feed": None}
    options = target.options
    return {"any": options.any, "all": options.all, "none": options.none, "feed": spec.slug}


def _left_of(target: FeedTarget, spec: FeedSpec) -> Expression | None:
    """Return what is still to be asked of a feed's own expression: its entries are noted, but for ages."""
    asked = spec.match is not None and (target.kind is not Kind.FEED or mentions(spec.match, Field.AGE))
    return spec.match if asked else None


def _shortest(*spans: int | None) -> int | None:
    return min((span for span in spans if span is not None), default=None)
