"""`import`: the feeds of another reader become sources."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import click

from aggregator.cli.addresses import addresses
from aggregator.cli.database import existing_store, missing_database, names_in_use
from aggregator.cli.exits import Failure, Misuse
from aggregator.cli.options import config_option, config_path, json_option, load_config
from aggregator.cli.output import counted, print_json
from aggregator.config import Config
from aggregator.config.edit import add_sources
from aggregator.daemon.polling import http_fetcher, parse_pool
from aggregator.exceptions import OpmlError
from aggregator.ingest.listed import Refusal, address_key, named_apart, settle
from aggregator.ingest.opml import ACCEPT, FeedList, read_opml
from aggregator.model import Fetched, FetchRequest, ListedSource, Unreadable
from aggregator.printable import escape
from aggregator.rules.tagging import clean_tag, union

_URL = re.compile(r"(?:https?|feed):", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@click.group("import")
@config_option()
def import_command() -> None:
    """Add what other programs wrote to the config."""


@import_command.command("opml")
@click.argument("origin", metavar="FILE|URL")
@click.option("--tag", "tags", metavar="T", multiple=True, help="For each new source; may be repeated.")
@click.option("--dry-run", is_flag=True, help="Print what would be done; change nothing.")
@json_option()
@config_option()
def opml_command(*, origin: str, tags: Sequence[str], dry_run: bool, as_json: bool) -> None:
    """Add the feeds of a list (OPML) to the config file as sources.

    FILE may be `-` for standard input. Folders and categories become tags, behind those of --tag. The config
    keeps its comments and layout. A feed that it has already, also with http in place of https, with a slash
    at the end, or at the address that it has moved to, is left as it is. All new ones are written at once, or
    none. A running service takes them up by itself.
    """
    own = _checked_tags(tags)
    config = load_config()
    found = _read(origin, config)
    intake = _sorted(found, config, own)
    if not dry_run and intake.added:
        add_sources(config_path(), intake.added)
    for record in _records(intake):
        if as_json:
            print_json(record)
        else:
            click.echo(escape(_line(record)))
    if not as_json:
        click.echo(escape(_summary(intake, found, dry_run=dry_run)))
    if found.problem:
        click.echo(escape(f"aggregator: {origin}: {found.problem}"), err=True)
    if found.includes:
        included = counted(found.includes, "list")
        click.echo(f"aggregator: {included} that it includes: not followed; import each by itself", err=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Intake:
    """What becomes of the feeds of a list."""

    added: list[ListedSource]
    known: list[tuple[ListedSource, str]]
    """With the name that the config has for each."""
    refused: tuple[Refusal, ...]
    repeated: int


def _checked_tags(tags: Sequence[str]) -> tuple[str, ...]:
    if any(not clean_tag(tag) or _CONTROL.search(tag) for tag in tags):
        raise Misuse("--tag: expected text that is not empty and has no control characters")
    return union(map(clean_tag, tags))


def _read(origin: str, config: Config) -> FeedList:
    document = _fetched(origin, config) if _URL.match(origin) else _opened(origin, config)
    with closing(parse_pool(config)) as readers:
        found = readers.run(read_opml, document)
    if isinstance(found, Unreadable):
        raise OpmlError(f"{origin}: {found.message.rstrip('.')}; nothing was added")
    return found


def _fetched(origin: str, config: Config) -> Fetched:
    (url,) = addresses(origin)[:1]
    polling = config.polling
    request = FetchRequest(url=url, timeout=polling.timeout, max_size=polling.max_size, accept=ACCEPT)
    answer = http_fetcher(config).fetch(request)
    if not isinstance(answer, Fetched):
        said = getattr(answer, "message", "The server answered without a document.")
        raise OpmlError(f"{url}: {said.rstrip('.')}; nothing was added")
    return answer


def _opened(origin: str, config: Config) -> Fetched:
    most = config.polling.max_size
    try:
        if origin == "-":
            body = sys.stdin.buffer.read(most + 1)
        else:
            with Path(origin).open("rb") as file:
                body = file.read(most + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise Failure(f"{origin}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if len(body) > most:
        raise OpmlError(f"{origin}: is larger than {most:,} bytes ([polling] max_size); nothing was added")
    return Fetched(status=200, url="", content_type=None, body=body, validators=None)


def _sorted(found: FeedList, config: Config, own: Sequence[str]) -> _Intake:
    settled = settle(found.feeds)
    names = {address_key(url): name for name, url in _addresses_in_use(config)}
    new = [
        ListedSource(name=source.name, url=source.url, tags=union(own, source.tags))
        for source in settled.sources
        if address_key(source.url) not in names
    ]
    return _Intake(
        added=named_apart(new, (source.name for source in config.sources), owners=names_in_use(config)),
        known=[
            (source, names[key]) for source in settled.sources if (key := address_key(source.url)) in names
        ],
        refused=settled.refused,
        repeated=settled.repeated,
    )


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


def _records(intake: _Intake) -> Iterator[dict[str, object]]:
    for source in intake.added:
        yield {"action": "added", "name": source.name, "url": source.url, "tags": source.tags}
    for source, name in intake.known:
        yield {"action": "known", "name": name, "url": source.url, "tags": source.tags}
    for refusal in intake.refused:
        yield {"action": "skipped", "name": refusal.name, "url": refusal.url, "why": refusal.why}


def _line(record: dict[str, object]) -> str:
    match record["action"]:
        case "added":
            tags = record["tags"]
            tagged = f" [{', '.join(tags)}]" if isinstance(tags, tuple) and tags else ""
            return f"+ {record['name']!r}: {record['url']}{tagged}"
        case "known":
            return f"= {record['name']!r}: {record['url']} is there already"
        case _:
            return f"! {record['name']!r}: {record['url']}: {record['why']}; skipped"


def _summary(intake: _Intake, found: FeedList, *, dry_run: bool) -> str:
    if not found.feeds:
        return "The list names no feeds; nothing was added."
    parts = [f"{counted(len(intake.added), 'source')} {'would be added' if dry_run else 'added'}"]
    if intake.known:
        parts.append(f"{len(intake.known)} there already")
    if intake.repeated:
        parts.append(f"{intake.repeated} named more than once")
    if intake.refused:
        parts.append(f"{len(intake.refused)} skipped")
    return f"{config_path()}: {', '.join(parts)}"
