"""`sources`, `feeds` and `tags`: what there is."""

from __future__ import annotations

from contextlib import closing

import click

from aggregator.cli.options import config_option, json_option, load_config
from aggregator.cli.output import instant, print_json, print_table, recent
from aggregator.cli.records import feed_record, listed_sources, source_record, tag_record
from aggregator.store import open_store

_SOURCE_COLUMNS = (
    *("name", "outcome", "!last poll", "!next poll"),
    *(">failures", ">entries", "message"),
)


@click.command("sources")
@json_option()
@config_option()
def sources_command(*, as_json: bool) -> None:
    """List the sources of the config with their state.

    A source that was never polled has no outcome yet.
    """
    config = load_config()
    with closing(open_store(config.service.database)) as store:
        statuses = listed_sources(config.sources, store.source_statuses())
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
            status.message,
        )
        for status in statuses
    ]
    print_table(_SOURCE_COLUMNS, rows)


@click.command("feeds")
@json_option()
@config_option()
def feeds_command(*, as_json: bool) -> None:
    """List the feeds of the config with their addresses."""
    config = load_config()
    if as_json:
        for feed in config.feeds:
            print_json(feed_record(feed, config.service.base_url))
        return
    rows = [
        (
            *(feed.slug, feed.title, feed.any, feed.all, feed.none, feed.sources, feed.limit),
            f"{config.service.base_url}/feeds/{feed.slug}.atom",
        )
        for feed in config.feeds
    ]
    print_table(("slug", "title", "any", "all", "none", "sources", ">limit", "address"), rows)


@click.command("tags")
@json_option()
@config_option()
def tags_command(*, as_json: bool) -> None:
    """List the tags that entries have, the most used first."""
    with closing(open_store(load_config().service.database)) as store:
        counts = store.tag_counts()
    if as_json:
        for count in counts:
            print_json(tag_record(count))
        return
    print_table(("tag", ">entries", "!newest"), [(c.tag, c.entries, instant(c.surfaced)) for c in counts])
