"""The objects of `--json`: keys that programs rely on, in a fixed order. Pure.

Instants and spans of time are integers of milliseconds, instants in UTC; what is not known is null.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from aggregator.model import (
    Entry,
    EntryQuery,
    FeedSpec,
    PollReport,
    PollTally,
    Ruling,
    Source,
    SourceStatus,
    TagCount,
)
from aggregator.rules.grammar import written

Record = dict[str, object]

COUNTED = 1000
"""So many entries of a feed are counted: each is read for it."""

_NEVER_POLLED = SourceStatus(
    name="",
    url="",
    tags=(),
    enabled=True,
    title=None,
    site_url=None,
    outcome=None,
    message="",
    http_status=None,
    last_poll=None,
    duration_ms=None,
    size=None,
    next_poll=None,
    failures=0,
    entries=0,
)


@dataclass(frozen=True, slots=True)
class FeedState:
    """What a configured feed holds; nothing is known without a database."""

    entries: int | None = None
    """How many meet its conditions, counted up to `COUNTED`."""
    last_surfaced: int | None = None


def listed_sources(sources: Sequence[Source], statuses: Sequence[SourceStatus]) -> list[SourceStatus]:
    """Return a status per source of the config, in its order and words, with what the store knows of each."""
    known = {status.name: status for status in statuses}
    return [
        replace(
            known.get(source.name, _NEVER_POLLED),
            name=source.name,
            url=source.url,
            tags=source.tags,
            enabled=source.enabled,
            subscription=source.subscription,
        )
        for source in sources
    ]


def source_record(status: SourceStatus) -> Record:
    """Return the record of a source."""
    return {
        "name": status.name,
        "url": status.url,
        "tags": status.tags,
        "outcome": status.outcome,
        "message": status.message,
        "http_status": status.http_status,
        "last_poll": status.last_poll,
        "next_poll": status.next_poll,
        "failures": status.failures,
        "entries": status.entries,
        "bytes": status.size,
        "duration_ms": status.duration_ms,
        "moved_to": status.moved_to,
        "subscription": status.subscription,
    }


def poll_record(report: PollReport, tally: PollTally) -> Record:
    """Return the record of one poll."""
    return {
        "name": report.name,
        "outcome": report.outcome,
        "message": report.message,
        "http_status": report.http_status,
        "new": tally.new,
        "updated": tally.updated,
        "bytes": report.size,
        "duration_ms": report.duration_ms,
    }


def past_poll_record(report: PollReport, tally: PollTally) -> Record:
    """Return the record of a poll of the past."""
    return {"started_at": report.started_at, **poll_record(report, tally)}


def feed_query(feed: FeedSpec, *, now: int) -> EntryQuery:
    """Return the query for what meets a feed's conditions at `now` (ms), however few it publishes."""
    return EntryQuery(
        any=feed.any,
        all=feed.all,
        none=feed.none,
        sources=feed.sources,
        match=feed.match,
        published_since=None if feed.max_age is None else now - feed.max_age,
        now=now,
        limit=COUNTED,
    )


def feed_state(entries: Sequence[Entry]) -> FeedState:
    """Return the state of a feed whose conditions select these entries."""
    return FeedState(len(entries), max((entry.surfaced for entry in entries), default=None))


def feed_record(feed: FeedSpec, state: FeedState, base_url: str) -> Record:
    """Return the record of a configured feed, with the addresses that readers subscribe to."""
    return {
        "slug": feed.slug,
        "title": feed.title,
        "any": feed.any,
        "all": feed.all,
        "none": feed.none,
        "sources": feed.sources,
        "match": None if feed.match is None else written(feed.match),
        "limit": feed.limit,
        "window": feed.window,
        "max_age": feed.max_age,
        "per_source": feed.per_source,
        "order": feed.order,
        "content": feed.content,
        "digest": feed.digest,
        "private": feed.token is not None,
        "entries": state.entries,
        "last_surfaced": state.last_surfaced,
        "urls": {form: f"{base_url}/feeds/{feed.slug}.{form}" for form in ("rss", "atom", "json")},
    }


def ruling_record(ruling: Ruling) -> Record:
    """Return the record of what a rule did to an entry."""
    return asdict(ruling)


def tag_record(count: TagCount) -> Record:
    """Return the record of a tag."""
    return {"tag": count.tag, "entries": count.entries, "surfaced": count.surfaced}


def entry_record(entry: Entry) -> Record:
    """Return the record of an entry; its texts are as source and page said them, not sanitized.

    `source` brought it first; `sources` are all that tell the same story, that one first. `source_urls` has a
    link for each of these, null where that is the entry's own `url` or not known. A
    duration in `episode` is in seconds, as podcasts say it.
    """
    return {
        "id": entry.id,
        "source": entry.source.name,
        "guid": entry.guid,
        "url": entry.url,
        "title": entry.title,
        "authors": entry.authors,
        "published": entry.published,
        "updated": entry.updated,
        "first_seen": entry.first_seen,
        "surfaced": entry.surfaced,
        "tags": entry.tags,
        "categories": entry.categories,
        "language": entry.language,
        "summary": entry.summary,
        "content_html": entry.content_html,
        "article_html": entry.article,
        "article_problem": entry.article_problem,
        "enclosures": [asdict(enclosure) for enclosure in entry.enclosures],
        "sources": [source.name for source in entry.sources],
        "source_urls": [source.entry_url for source in entry.sources],
        "episode": entry.episode and asdict(entry.episode),
        "dropped": entry.dropped,
        "rulings": [ruling_record(ruling) for ruling in entry.rulings],
    }
