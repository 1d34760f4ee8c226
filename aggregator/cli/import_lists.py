"""`import subs` and `import urls`: the lists that the scripts kept beside their posts."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import closing
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import click

from aggregator.archive.subs import KnownUrls, Subs, read_known_urls, read_subs
from aggregator.cli.exits import Failure
from aggregator.cli.options import config_option, json_option, load_config
from aggregator.cli.output import counted, print_json
from aggregator.cli.sourcelists import ListIntake, add_and_tell, list_summary, sort_feeds
from aggregator.config import Config
from aggregator.ingest.guard import AddressGuard
from aggregator.model import ListedSource
from aggregator.printable import escape
from aggregator.store import open_store

_LARGEST = 512 * 1024 * 1024
"""Bytes of a list: some millions of links."""

_LINES_SHOWN = 20


@click.command("subs")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--dry-run", is_flag=True, help="Print what would be done; change nothing.")
@json_option()
@config_option()
def subs_command(*, file: Path, dry_run: bool, as_json: bool) -> None:
    """Add the feeds of a subs.json to the config file as sources.

    FILE is a list such as [{"site": "News", "url": "https://news.example/rss"}], or `-` for standard input.
    Each source has its site's name, which is its tag, too, as it is of the site's posts. The config keeps its
    comments and layout, and the sources that it has. All new ones are written at once, or none.
    """
    add_subs(read_subs_file(file), load_config(), dry_run=dry_run, as_json=as_json)


@click.command("urls")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--dry-run", is_flag=True, help="Print what would be done; change nothing.")
@json_option()
@config_option()
def urls_command(*, file: Path, dry_run: bool, as_json: bool) -> None:
    """Make links known: no source brings an item with such a link, unless an entry has it.

    FILE is a list such as allurls.dat, with one link in each line, or `-` for standard input.
    """
    know_urls(file, read_known_urls_file(file), load_config(), dry_run=dry_run, as_json=as_json)


def read_subs_file(file: Path) -> Subs:
    """Return what a subs.json says. Raises Failure."""
    try:
        return read_subs(_read(file))
    except ValueError as error:
        raise Failure(f"{file}: {error}; nothing was added") from error


def read_known_urls_file(file: Path) -> KnownUrls:
    """Return what an allurls.dat says. Raises Failure."""
    return read_known_urls(_read(file))


def add_subs(subs: Subs, config: Config, *, dry_run: bool, as_json: bool) -> ListIntake:
    """Add what the config lacks to its file, and tell what is done."""
    sorted_feeds = sort_feeds(subs.feeds, config)
    intake = ListIntake(added=sorted_feeds.added, known=sorted_feeds.known, refused=subs.refused, repeated=0)
    add_and_tell(intake, dry_run=dry_run, as_json=as_json)
    if not as_json:
        click.echo(escape(list_summary(intake, dry_run=dry_run)))
    for source, address in _private(intake.added, config):
        message = f"{source.name!r}: {address} is polled only when [polling] allow_private has it"
        click.echo(escape(f"aggregator: {message}"), err=True)
    return intake


def know_urls(file: Path, urls: KnownUrls, config: Config, *, dry_run: bool, as_json: bool) -> None:
    """Make links known in the store, and tell how many there are."""
    new = None
    if not dry_run:
        with closing(open_store(config.service.database)) as store:
            new = store.posts.know_links(urls.keys)
            store.posts.know_links(urls.further_keys)
    if as_json:
        for number, line in urls.refused:
            print_json({"action": "skipped", "line": number, "text": line, "why": "is no link of an item"})
        print_json({"action": "known links", "links": urls.links, "new": new, "skipped": len(urls.refused)})
        return
    for number, line in urls.refused[:_LINES_SHOWN]:
        click.echo(escape(f"! line {number}: {line!r} is no link of an item; skipped"))
    if (more := len(urls.refused) - _LINES_SHOWN) > 0:
        click.echo(f"! {counted(more, 'more line')} with no link of an item; skipped")
    done = "would be known" if new is None else f"known, {new} of them new"
    skipped = f", {counted(len(urls.refused), 'line')} skipped" if urls.refused else ""
    click.echo(escape(f"{file}: {counted(urls.links, 'link')} {done}{skipped}"))


def _private(sources: Iterable[ListedSource], config: Config) -> Iterable[tuple[ListedSource, str]]:
    """Yield the sources whose addresses, as they are written, are not connected to."""
    guard = AddressGuard(config.polling.allow_private)
    for source in sources:
        host = urlsplit(source.url).hostname or ""
        try:
            address = ip_address("127.0.0.1" if host == "localhost" else host)
        except ValueError:
            continue
        if guard.refusal(address):
            yield source, host


def _read(file: Path) -> bytes:
    try:
        if str(file) == "-":
            body = sys.stdin.buffer.read(_LARGEST + 1)
        else:
            with file.open("rb") as opened:
                body = opened.read(_LARGEST + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise Failure(f"{file}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if len(body) > _LARGEST:
        raise Failure(f"{file}: is larger than {_LARGEST // 1024 // 1024} MiB")
    return body
