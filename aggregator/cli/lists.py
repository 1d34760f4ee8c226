"""`sources`, `feeds` and `tags`: what there is."""

from __future__ import annotations

import click

from aggregator.cli.database import existing_store, missing_database, with_followed_lists
from aggregator.cli.options import config_option, json_option, load_config
from aggregator.cli.output import instant, print_json, print_table, recent
from aggregator.cli.records import (
    COUNTED,
    FeedState,
    feed_query,
    feed_record,
    feed_state,
    listed_sources,
    source_record,
    tag_record,
)
from aggregator.clock import now_ms
from aggregator.config import Config
from aggregator.model import SourceStatus
from aggregator.printable import escape
from aggregator.rules.grammar import written

_SOURCE_COLUMNS = (
    *("name", "outcome", "!last poll", "!next poll"),
    *(">failures", ">entries", ">http", ">bytes", ">ms", "message"),
)
_FEED_COLUMNS = (
    *("slug", "title", "any", "all", "none", "sources", "match"),
    *(">limit", ">entries", "!newest", "address"),
)


@click.command("sources")
@json_option()
@config_option()
def sources_command(*, as_json: bool) -> None:
    """List the sources of the config with their state.

    Those of the lists that it follows are among them. A source that was never polled has no outcome yet.
    """
    config = with_followed_lists(load_config())
    if missing := missing_database(config):
        click.echo(escape(f"aggregator: {missing}"), err=True)
    statuses = listed_sources(config.sources, () if missing else _stored_statuses(config))
    if as_json:
        for status in statuses:
            print_json(source_record(status))
        return
    rows = [
        (
            status.name,
            status.outcome,
            recent(status.last_poll),
            recent(status.next_poll) if status.enabled else "disabled",
            status.failures,
            status.entries,
            *(status.http_status, status.size, status.duration_ms),
            status.message,
        )
        for status in statuses
    ]
    print_table(_SOURCE_COLUMNS, rows)


@click.command("feeds")
@json_option()
@config_option()
def feeds_command(*, as_json: bool) -> None:
    """List the feeds of the config with their state.

    Entries are those that meet a feed's conditions, counted up to 1000.
    """
    config = load_config()
    states = _feed_states(config)
    if as_json:
        for feed, state in zip(config.feeds, states, strict=True):
            print_json(feed_record(feed, state, config.service.base_url))
        return
    rows = [
        (
            *(feed.slug, feed.title, feed.any, feed.all, feed.none, feed.sources),
            *(None if feed.match is None else written(feed.match), feed.limit),
            *(f"{COUNTED}+" if state.entries == COUNTED else state.entries, instant(state.last_surfaced)),
            f"{config.service.base_url}/feeds/{feed.slug}.atom",
        )
        for feed, state in zip(config.feeds, states, strict=True)
    ]
    print_table(_FEED_COLUMNS, rows)


@click.command("tags")
@json_option()
@config_option()
def tags_command(*, as_json: bool) -> None:
    """List the tags that entries have, the most used first."""
    with existing_store(load_config()) as store:
        counts = store.tag_counts()
    if as_json:
        for count in counts:
            print_json(tag_record(count))
        return
    print_table(("tag", ">entries", "!newest"), [(c.tag, c.entries, instant(c.surfaced)) for c in counts])


def _stored_statuses(config: Config) -> list[SourceStatus]:
    with existing_store(config) as store:
        return store.source_statuses()


def _feed_states(config: Config) -> list[FeedState]:
    if missing_database(config):
        return [FeedState() for _ in config.feeds]
    with existing_store(config) as store:
        return [feed_state(store.entries(feed_query(feed, now=now_ms()))) for feed in config.feeds]
