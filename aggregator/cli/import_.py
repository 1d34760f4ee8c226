"""`import`: what other programs wrote. The feeds of another reader become sources here."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import click

from aggregator.cli.addresses import addresses
from aggregator.cli.exits import Failure, Misuse
from aggregator.cli.import_jekyll import jekyll_command
from aggregator.cli.import_lists import subs_command, urls_command
from aggregator.cli.options import config_option, json_option, load_config
from aggregator.cli.output import counted
from aggregator.cli.sourcelists import add_and_tell, list_summary, sort_feeds
from aggregator.config import Config
from aggregator.daemon.polling import http_fetcher, parse_pool
from aggregator.exceptions import OpmlError
from aggregator.ingest.opml import ACCEPT, FeedList, read_opml
from aggregator.model import Fetched, FetchRequest, Unreadable
from aggregator.printable import escape
from aggregator.rules.tagging import clean_tag, union

_URL = re.compile(r"(?:https?|feed):", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@click.group("import")
@config_option()
def import_command() -> None:
    """Take over what other programs wrote: feeds, posts, known links."""


import_command.add_command(jekyll_command)
import_command.add_command(subs_command)
import_command.add_command(urls_command)


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
    intake = sort_feeds(found.feeds, config, own)
    add_and_tell(intake, dry_run=dry_run, as_json=as_json)
    if not as_json:
        nothing = "The list names no feeds; nothing was added."
        click.echo(escape(list_summary(intake, dry_run=dry_run)) if found.feeds else nothing)
    if found.problem:
        click.echo(escape(f"aggregator: {origin}: {found.problem}"), err=True)
    if found.includes:
        included = counted(found.includes, "list")
        click.echo(f"aggregator: {included} that it includes: not followed; import each by itself", err=True)


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
