"""Which entries a published feed holds, and what its head says. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

from aggregator.config import Config
from aggregator.model import Channel, EntryQuery, FeedSpec
from aggregator.rules.tagging import clean_tag, union
from aggregator.web.urls import FeedTarget, Kind

_NEARBY = 20
"""Names that a message offers at most."""
_COMPARABLE = 100
"""Characters of a name that is still compared with others: the time grows with the square."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """There is no such feed: what there is instead, for the person who asked."""

    text: str


@dataclass(frozen=True, slots=True)
class Selection:
    """A feed's head and entries."""

    channel: Channel
    query: EntryQuery
    unknown: Unknown | None
    """What to say when no entry is selected; None where the feed then is an empty one."""


def select(target: FeedTarget, config: Config) -> Selection | Unknown:
    """Return what a target selects under this config."""
    match target.kind:
        case Kind.FEED:
            return _configured(target, config)
        case Kind.TAG:
            return _tagged(target, config)
        case Kind.ALL:
            spec = FeedSpec(slug="all", title=config.service.title, description="Everything")
            return _selection(target, config, spec)


def config_tags(config: Config) -> tuple[str, ...]:
    """Return the tags that the config mentions: a subscriber may come before their first entry."""
    sources = (source.tags for source in config.sources)
    feeds = ((*spec.any, *spec.all, *spec.none) for spec in config.feeds)
    return union(*(map(clean_tag, tags) for tags in (*sources, *feeds)))


def _configured(target: FeedTarget, config: Config) -> Selection | Unknown:
    for spec in config.feeds:
        if spec.slug == target.name:
            return _selection(target, config, spec)
    slugs = [spec.slug for spec in config.feeds]
    there = f"The feeds here are: {_listed(slugs)}" if slugs else "The config has no feeds yet."
    return Unknown(f"There is no feed named {target.name!r}. {there}\nEverything is at /all.{target.suffix}")


def _tagged(target: FeedTarget, config: Config) -> Selection:
    tag, mentioned = target.name, config_tags(config)
    spec = FeedSpec(
        slug="", title=f"{tag} – {config.service.title}", description=f"Entries tagged {tag}", all=(tag,)
    )
    unknown = None if tag in mentioned else Unknown(_no_such_tag(tag, mentioned))
    return _selection(target, config, spec, unknown)


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


def _selection(
    target: FeedTarget, config: Config, spec: FeedSpec, unknown: Unknown | None = None
) -> Selection:
    base = config.service.base_url
    channel = Channel(
        id=base + target.permanent_path,
        title=spec.title,
        description=spec.description or spec.title,
        home_url=f"{base}/",
        self_url=base + target.path,
        language=spec.language,
    )
    query = EntryQuery(
        any=spec.any,
        all=spec.all,
        none=spec.none,
        sources=spec.sources,
        limit=spec.limit if target.limit is None else target.limit,
        window=spec.window if target.limit is None else 0,
    )
    return Selection(channel, query, unknown)
