"""`add`: a feed becomes a source, given its own address or that of the site it belongs to."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager

import click

from aggregator.cli.addresses import addresses
from aggregator.cli.database import names_in_use
from aggregator.cli.exits import FAILED, Failure, Misuse
from aggregator.cli.options import config_option, config_path, json_option, load_config
from aggregator.cli.output import counted, instant, print_json, print_table
from aggregator.config import Config
from aggregator.config.edit import add_source
from aggregator.config.names import free_name, source_name
from aggregator.config.urls import same_document
from aggregator.daemon.polling import http_fetcher, parse_pool
from aggregator.ingest.discover import FoundFeed
from aggregator.ingest.examine import examine
from aggregator.ingest.finder import CheckedFeed, Finder, Findings, NothingFound
from aggregator.ingest.listed import address_key
from aggregator.model import Fetched, FetchFailed, FetchRequest, NotModified, Outcome
from aggregator.printable import escape
from aggregator.rules.tagging import clean_tag

_NOT_ENCRYPTED = frozenset({Outcome.CONNECTION_ERROR, Outcome.TLS_ERROR, Outcome.TIMEOUT})
"""How an attempt at https ends where a server only speaks http."""
_NO_HTTP = _NOT_ENCRYPTED | {Outcome.DNS_ERROR, Outcome.REFUSED_ADDRESS}
"""How an attempt at http ends where nobody speaks it either."""
_COLUMNS = (">", "title", "type", ">entries", "!newest", "address")


@click.command("add")
@click.argument("url")
@click.option("--name", metavar="N", help="Unique among the sources; the title of its feed when left out.")
@click.option("--tag", "tags", metavar="T", multiple=True, help="For each of its entries; may be repeated.")
@click.option(
    "--choose", metavar="N", type=click.IntRange(min=1), help="Which feed of a page; 1 is the first."
)
@click.option("--list", "only_list", is_flag=True, help="Print the feeds that there are; add nothing.")
@json_option()
@config_option()
def add_command(
    *, url: str, name: str | None, tags: Sequence[str], choose: int | None, only_list: bool, as_json: bool
) -> None:
    """Add a source to the config file.

    URL is a feed's, or that of a web page whose feeds are then looked for; of several you choose one, by
    --choose where there is no terminal to ask at. The file keeps its comments and layout. A running service
    takes the new source up by itself. With --name, a URL that cannot be read is added nevertheless.
    """
    if only_list and (name is not None or tags or choose is not None):
        raise click.UsageError("--list adds nothing: it goes with no --name, --tag or --choose.")
    if as_json and not only_list:
        raise click.UsageError("--json goes with --list.")
    config, meant = load_config(), addresses(url)
    if not only_list:
        _refuse_known(config, name, () if choose else meant)
    typed, found = _find(meant, config)
    if only_list:
        _print_feeds(_found_or_fail(typed, found, "nothing was found"), as_json=as_json)
        return
    if isinstance(found, NothingFound) and name is not None and found.outcome is not Outcome.NOT_A_FEED:
        click.echo(escape(f"aggregator: {typed}: {found.message.rstrip('.')}; it is added unread"), err=True)
        _add(name, typed, tags)
        return
    feed = _chosen(_found_or_fail(typed, found, _nothing_added(typed, found)), choose)
    if isinstance(feed, FoundFeed):
        feed = _checked(feed, config)
    if feed is not None:
        _refuse_known(config, None, [feed.url])
        _add(_free_name(config, feed) if name is None else name, feed.url, tags)


def _refuse_known(config: Config, name: str | None, urls: Sequence[str]) -> None:
    """Raise `Misuse` when a source has this name, or one of these addresses, already."""
    wanted = {same_document(url) for url in urls}
    for source in config.sources:
        if same_document(source.url) in wanted:
            raise Misuse(f"{source.name!r} has this address already: {source.url}; nothing was added")
        if name is not None and clean_tag(source.name) == clean_tag(name):
            raise Misuse(f"--name: there is a source named {source.name!r} already; nothing was added")


def _find(addresses: Sequence[str], config: Config) -> tuple[str, Findings | NothingFound]:
    """Return the address that answered, and what is there."""
    url, *others = addresses
    if sys.stderr.isatty():
        click.echo(escape(f"Looking for feeds at {url} …"), err=True)
    with _finder(config) as finder:
        found = finder.find(url)
        for other in others:
            if isinstance(found, NothingFound) and found.outcome in _NOT_ENCRYPTED:
                unencrypted = finder.find(other)
                if isinstance(unencrypted, Findings) or unencrypted.outcome not in _NO_HTTP:
                    why = found.message.rstrip(".")
                    click.echo(escape(f"aggregator: {url}: {why}; {other} is used instead"), err=True)
                    return other, unencrypted
    return url, found


@contextmanager
def _finder(config: Config) -> Iterator[Finder]:
    with closing(parse_pool(config)) as readers:
        yield Finder(
            fetch=_fetch_with(config),
            examine=lambda document: readers.run(examine, document),
            pause=lambda: time.sleep(config.polling.host_gap / 1000),
        )


def _fetch_with(config: Config) -> Callable[[str], Fetched | NotModified | FetchFailed]:
    fetcher, polling = http_fetcher(config), config.polling

    def fetch(url: str) -> Fetched | NotModified | FetchFailed:
        return fetcher.fetch(FetchRequest(url=url, timeout=polling.timeout, max_size=polling.max_size))

    return fetch


def _found_or_fail(url: str, found: Findings | NothingFound, consequence: str) -> Findings:
    if isinstance(found, NothingFound):
        raise Failure(f"{url}: {found.message.rstrip('.')}; {consequence}")
    if found.instead_of:
        why = f"{url}: {found.instead_of.rstrip('.')}; this was found beside it: {found.feeds[0].url}"
        click.echo(escape(f"aggregator: {why}"), err=True)
    return found


def _nothing_added(url: str, found: Findings | NothingFound) -> str:
    if isinstance(found, NothingFound) and found.is_page:
        command = f"aggregator try {shlex.quote(url)}"
        return f'nothing was added. `{command}` shows what selectors find in it (kind = "html")'
    unread = isinstance(found, NothingFound) and found.outcome is not Outcome.NOT_A_FEED
    return "nothing was added" + (". With --name it is added unread" if unread else "")


def _checked(feed: FoundFeed, config: Config) -> CheckedFeed:
    with _finder(config) as finder:
        checked = finder.check(feed)
    if isinstance(checked, NothingFound):
        raise Failure(f"{feed.url}: {checked.message.rstrip('.')}; nothing was added")
    return checked


def _chosen(found: Findings, choose: int | None) -> CheckedFeed | FoundFeed | None:
    """Return the one feed, or the one of several that is chosen; None when the person wants none of them."""
    feeds: Sequence[CheckedFeed | FoundFeed] = (*found.feeds, *found.unread)
    if choose is not None:
        if choose > len(feeds):
            raise Misuse(f"--choose {choose}: {_there_are(len(feeds))}; nothing was added")
        return feeds[choose - 1]
    if len(feeds) == 1:
        return feeds[0]
    _print_feeds(found, as_json=False)
    if not sys.stdin.isatty():
        click.echo(f"aggregator: {_there_are(len(feeds))}; choose one with --choose N", err=True)
        click.get_current_context().exit(FAILED)
    answer: int = click.prompt(
        "Which one? (0 adds none)", type=click.IntRange(0, len(feeds)), default=1, err=True
    )
    if answer == 0:
        click.echo("Nothing was added.", err=True)
        return None
    return feeds[answer - 1]


def _free_name(config: Config, feed: CheckedFeed) -> str:
    """Return the feed's title, unless another source has or had that name."""
    own = address_key(feed.url)
    others = [name for name, url in names_in_use(config).items() if url and address_key(url) != own]
    taken = {clean_tag(name) for name in (*others, *(source.name for source in config.sources))}
    return free_name(source_name(feed.title, feed.url), taken)


def _there_are(number: int) -> str:
    return f"there {'is' if number == 1 else 'are'} {counted(number, 'feed')}"


def _print_feeds(found: Findings, *, as_json: bool) -> None:
    rows = [
        *((feed.title, feed.format, feed.entries, feed.newest, feed.url) for feed in found.feeds),
        *((feed.title, None, None, None, feed.url) for feed in found.unread),
    ]
    if as_json:
        for title, format_, entries, newest, url in rows:
            print_json({"url": url, "title": title, "type": format_, "entries": entries, "newest": newest})
        return
    print_table(
        _COLUMNS,
        [
            (number, title, format_, entries, instant(newest), url)
            for number, (title, format_, entries, newest, url) in enumerate(rows, 1)
        ],
    )
    if found.unread:
        first, last = len(found.feeds) + 1, len(rows)
        numbers = f"{first} to {last} are" if first < last else f"{first} is"
        click.echo(f"{numbers} announced, too, and read only when chosen.", err=True)


def _add(name: str, url: str, tags: Sequence[str]) -> None:
    add_source(config_path(), name=name, url=url, tags=tags)
    click.echo(escape(f"{config_path()}: added {name!r}, {url}"))
