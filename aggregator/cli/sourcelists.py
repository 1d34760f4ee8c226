"""Lists of feeds that others keep → sources of the config: which are new, and what is told of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import click

from aggregator.cli.database import existing_store, missing_database, names_in_use
from aggregator.cli.options import config_path
from aggregator.cli.output import counted, print_json
from aggregator.config import Config
from aggregator.config.edit import add_sources
from aggregator.ingest.listed import Refusal, address_key, named_apart, settle
from aggregator.model import ListedSource
from aggregator.printable import escape
from aggregator.rules.tagging import union


@dataclass(frozen=True, slots=True, kw_only=True)
class ListIntake:
    """What becomes of the feeds of a list."""

    added: list[ListedSource]
    known: list[tuple[ListedSource, str]]
    """With the name that the config has for each."""
    refused: tuple[Refusal, ...]
    repeated: int


def sort_feeds(feeds: Sequence[ListedSource], config: Config, own: Sequence[str] = ()) -> ListIntake:
    """Return what becomes of a list's feeds; those that are added get the tags `own` before theirs.

    Raises StoreError.
    """
    settled = settle(feeds)
    names = {address_key(url): name for name, url in _addresses_in_use(config)}
    new = [
        ListedSource(name=source.name, url=source.url, tags=union(own, source.tags))
        for source in settled.sources
        if address_key(source.url) not in names
    ]
    return ListIntake(
        added=named_apart(new, (source.name for source in config.sources), owners=names_in_use(config)),
        known=[
            (source, names[key]) for source in settled.sources if (key := address_key(source.url)) in names
        ],
        refused=settled.refused,
        repeated=settled.repeated,
    )


def add_and_tell(intake: ListIntake, *, dry_run: bool, as_json: bool) -> None:
    """Add the feeds that are new to the config file, all at once, and print what becomes of each."""
    if not dry_run and intake.added:
        add_sources(config_path(), intake.added)
    for record in _records(intake):
        if as_json:
            print_json(record)
        else:
            click.echo(escape(_line(record)))


def _records(intake: ListIntake) -> Iterator[dict[str, object]]:
    """Yield what `--json` prints of each feed."""
    for source in intake.added:
        yield {"action": "added", "name": source.name, "url": source.url, "tags": source.tags}
    for source, name in intake.known:
        yield {"action": "known", "name": name, "url": source.url, "tags": source.tags}
    for refusal in intake.refused:
        yield {"action": "skipped", "name": refusal.name, "url": refusal.url, "why": refusal.why}


def _line(record: dict[str, object]) -> str:
    """Return a record as people read it."""
    match record["action"]:
        case "added":
            tags = record["tags"]
            tagged = f" [{', '.join(tags)}]" if isinstance(tags, tuple) and tags else ""
            return f"+ {record['name']!r}: {record['url']}{tagged}"
        case "known":
            return f"= {record['name']!r}: {record['url']} is there already"
        case _:
            url = f"{record['url']}: " if record["url"] else ""
            return f"! {record['name']!r}: {url}{record['why']}; skipped"


def list_summary(intake: ListIntake, *, dry_run: bool) -> str:
    """Return what all came to, in one line."""
    parts = [f"{counted(len(intake.added), 'source')} {'would be added' if dry_run else 'added'}"]
    if intake.known:
        parts.append(f"{len(intake.known)} there already")
    if intake.repeated:
        parts.append(f"{intake.repeated} named more than once")
    if intake.refused:
        parts.append(f"{len(intake.refused)} skipped")
    return f"{config_path()}: {', '.join(parts)}"


def _addresses_in_use(config: Config) -> Iterator[tuple[str, str]]:
    """Yield name and URL of each source, those in the config last: they win."""
    if not missing_database(config):
        configured = {source.name for source in config.sources}
        with existing_store(config) as store:
            for status in store.source_statuses():
                if status.moved_to and status.name in configured:
                    yield status.name, status.moved_to
    for source in config.sources:
        yield source.name, source.url
