"""`check` and `add`: the config."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from contextlib import closing
from itertools import count
from urllib.parse import urlsplit

import click

from aggregator.cli.exits import Failure
from aggregator.cli.options import config_option, config_path, load_config
from aggregator.cli.output import counted
from aggregator.config import Config
from aggregator.config.edit import add_source
from aggregator.daemon.polling import http_fetcher, parse_pool
from aggregator.model import Fetched, FetchRequest, Unreadable
from aggregator.printable import escape
from aggregator.rules.tagging import clean_tag

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_FEED = re.compile(r"^feed:(?://)?", re.IGNORECASE)
"""How pages mark links to subscribe to: in front of a whole URL, or in the place of its scheme."""
_NAME_LENGTH = 80
_UNPRINTABLE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]+")


@click.command("check")
@config_option()
def check_command() -> None:
    """Check the config and print every problem that it has.

    Ends with exit code 2 when there is one.
    """
    config = load_config()
    found = f"{counted(len(config.sources), 'source')}, {counted(len(config.feeds), 'feed')}"
    click.echo(escape(f"{config_path()}: ok, {found}"))


@click.command("add")
@click.argument("url")
@click.option("--name", metavar="N", help="Unique among the sources; the title of its feed when left out.")
@click.option("--tag", "tags", metavar="T", multiple=True, help="For each of its entries; may be repeated.")
@config_option()
def add_command(*, url: str, name: str | None, tags: Sequence[str]) -> None:
    """Add a source to the config file.

    The file keeps its comments and layout. Without --name the feed at URL is read for its title. A running
    service takes the new source up by itself.
    """
    url = _absolute(url)
    if name is None:
        config = load_config()
        name = _free_name(_title(url, config), {clean_tag(source.name) for source in config.sources})
    add_source(config_path(), name=name, url=url, tags=tags)
    click.echo(escape(f"{config_path()}: added {name!r}, {url}"))


def _absolute(url: str) -> str:
    url = _FEED.sub("", url.strip())
    return url if _SCHEME.match(url) else f"https://{url}"


def _title(url: str, config: Config) -> str:
    request = FetchRequest(url=url, timeout=config.polling.timeout, max_size=config.polling.max_size)
    answer = http_fetcher(config).fetch(request)
    if not isinstance(answer, Fetched):
        raise _nameless(url, getattr(answer, "message", "it answered without a document"))
    with closing(parse_pool(config)) as readers:
        reading = readers.read(answer)
    if isinstance(reading, Unreadable):
        raise _nameless(url, reading.message)
    title = _UNPRINTABLE.sub(" ", reading.title or "").strip()[:_NAME_LENGTH].strip()
    return title or urlsplit(url).hostname or url


def _nameless(url: str, why: str) -> Failure:
    return Failure(f"{url}: {why.rstrip('.')}; nothing was added. With --name it is added unread")


def _free_name(title: str, taken: Collection[str]) -> str:
    names = (title if number == 1 else f"{title} {number}" for number in count(1))
    return next(name for name in names if clean_tag(name) not in taken)
