"""`add`: a feed becomes a source, given its own address or that of the site it belongs to."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from itertools import count
from urllib.parse import urlsplit

import click

from aggregator.cli.exits import FAILED, Failure, Misuse
from aggregator.cli.options import config_option, config_path, json_option, load_config
from aggregator.cli.output import counted, instant, print_json, print_table
from aggregator.config import Config
from aggregator.config.edit import add_source
from aggregator.daemon.polling import http_fetcher, parse_pool
from aggregator.ingest.examine import examine
from aggregator.ingest.finder import CheckedFeed, Finder, Findings, NothingFound
from aggregator.model import Fetched, FetchFailed, FetchRequest, NotModified, Outcome
from aggregator.printable import escape
from aggregator.rules.tagging import clean_tag

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_FEED = re.compile(r"^feed:(?://)?", re.IGNORECASE)
"""How pages mark links to subscribe to: in front of a whole URL, or in the place of its scheme."""
_NAME_LENGTH = 80
_UNPRINTABLE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]+")

_NOT_ENCRYPTED = frozenset({Outcome.CONNECTION_ERROR, Outcome.TLS_ERROR, Outcome.TIMEOUT})
"""How an attempt at https ends where a server only speaks http."""
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
    config = load_config()
    typed, found = _find(url, config)
    if only_list:
        _print_feeds(_found_or_fail(typed, found, "nothing was found"), as_json=as_json)
        return
    if isinstance(found, NothingFound) and name is not None and found.outcome is not Outcome.NOT_A_FEED:
        click.echo(escape(f"aggregator: {typed}: {found.message.rstrip('.')}; it is added unread"), err=True)
        _add(name, typed, tags)
        return
    feed = _chosen(_found_or_fail(typed, found, _nothing_added(found)), choose)
    if feed is not None:
        taken = {clean_tag(source.name) for source in config.sources}
        _add(_free_name(_title(feed), taken) if name is None else name, feed.url, tags)


def addresses(typed: str) -> tuple[str, ...]:
    """Return what a person means by an address: itself, or https and then http when it has no scheme."""
    plain = _FEED.sub("", typed.strip())
    return (plain,) if _SCHEME.match(plain) else (f"https://{plain}", f"http://{plain}")


def _find(typed: str, config: Config) -> tuple[str, Findings | NothingFound]:
    """Return the address that answered, and what is there."""
    url, *others = addresses(typed)
    if sys.stderr.isatty():
        click.echo(escape(f"Looking for feeds at {url} …"), err=True)
    with closing(parse_pool(config)) as readers:
        finder = Finder(
            fetch=_fetch_with(config),
            examine=lambda document: readers.run(examine, document),
            pause=lambda: time.sleep(config.polling.host_gap / 1000),
        )
        found = finder.find(url)
        for other in others:
            if isinstance(found, NothingFound) and found.outcome in _NOT_ENCRYPTED:
                unencrypted = finder.find(other)
                if isinstance(unencrypted, Findings):
                    why = found.message.rstrip(".")
                    click.echo(escape(f"aggregator: {url}: {why}; {other} is used instead"), err=True)
                    return other, unencrypted
    return url, found


def _fetch_with(config: Config) -> Callable[[str], Fetched | NotModified | FetchFailed]:
    fetcher, polling = http_fetcher(config), config.polling

    def fetch(url: str) -> Fetched | NotModified | FetchFailed:
        return fetcher.fetch(FetchRequest(url=url, timeout=polling.timeout, max_size=polling.max_size))

    return fetch


def _found_or_fail(url: str, found: Findings | NothingFound, consequence: str) -> Findings:
    if isinstance(found, NothingFound):
        raise Failure(f"{url}: {found.message.rstrip('.')}; {consequence}")
    return found


def _nothing_added(found: Findings | NothingFound) -> str:
    unread = isinstance(found, NothingFound) and found.outcome is not Outcome.NOT_A_FEED
    return "nothing was added" + (". With --name it is added unread" if unread else "")


def _chosen(found: Findings, choose: int | None) -> CheckedFeed | None:
    """Return the one feed, or the one of several that is chosen; None when the person wants none of them."""
    feeds = found.feeds
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


def _there_are(number: int) -> str:
    return f"there {'is' if number == 1 else 'are'} {counted(number, 'feed')}"


def _print_feeds(found: Findings, *, as_json: bool) -> None:
    if as_json:
        for feed in found.feeds:
            print_json(
                {
                    "url": feed.url,
                    "title": feed.title,
                    "type": feed.format,
                    "entries": feed.entries,
                    "newest": feed.newest,
                }
            )
    else:
        rows = [
            (number, feed.title, feed.format, feed.entries, instant(feed.newest), feed.url)
            for number, feed in enumerate(found.feeds, 1)
        ]
        print_table(_COLUMNS, rows)
    if found.unread:
        more = f"announced, too, but not looked at: {' '.join(found.unread)}"
        click.echo(escape(f"aggregator: {more}"), err=True)


def _add(name: str, url: str, tags: Sequence[str]) -> None:
    add_source(config_path(), name=name, url=url, tags=tags)
    click.echo(escape(f"{config_path()}: added {name!r}, {url}"))


def _title(feed: CheckedFeed) -> str:
    title = _UNPRINTABLE.sub(" ", feed.title or "").strip()[:_NAME_LENGTH].strip()
    return title or urlsplit(feed.url).hostname or feed.url


def _free_name(title: str, taken: Collection[str]) -> str:
    names = (title if number == 1 else f"{title} {number}" for number in count(1))
    return next(name for name in names if clean_tag(name) not in taken)
