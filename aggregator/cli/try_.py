"""`try`: what selectors find in a web page, or what a feed holds, before it goes in the config."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import click

from aggregator.cli.addresses import addresses
from aggregator.cli.exits import Failure, Misuse
from aggregator.cli.options import config_option, json_option, load_config
from aggregator.cli.output import counted, instant, print_json, print_table
from aggregator.config import Config
from aggregator.config.names import source_name
from aggregator.config.selectors import of_elements, of_part
from aggregator.daemon.polling import http_fetcher, parse_pool
from aggregator.exceptions import UnknownSourceError
from aggregator.ingest.itemhints import ItemHint, item_hints
from aggregator.ingest.text import plain_from_html
from aggregator.ingest.workers import ParsePool
from aggregator.model import EntryDraft, Fetched, FetchRequest, Reading, Selectors, Source, Unreadable
from aggregator.printable import escape

_Command = TypeVar("_Command", bound=Callable[..., Any])

_BEGINNING = 80
"""Characters of an item's content."""
_NOT_UNDERSTOOD = "? "
_LONGEST_DATE = 30


def _selector_option(name: str, what: str, check: Callable[[str], str]) -> Callable[[_Command], _Command]:
    def checked(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
        try:
            return None if value is None else check(value)
        except ValueError as error:
            raise Misuse(f"--{name}: {error}") from error

    return click.option(f"--{name}", metavar="CSS", callback=checked, help=what)


@click.command("try")
@click.argument("target", metavar="URL|NAME")
@_selector_option("item", "Finds the items of a web page; the others look within one.", of_elements)
@_selector_option("title", "Its title; the first heading, else the link's text, when left out.", of_part)
@_selector_option("link", "Its address; that of the title, else the first link, when left out.", of_part)
@_selector_option("date", "Its date; the first <time> when left out.", of_part)
@_selector_option("content", "Its text; all of the item but title and date when left out.", of_part)
@click.option("--limit", metavar="N", type=click.IntRange(min=1), default=20, help="Items to print; 20.")
@json_option()
@config_option()
def try_command(*, target: str, limit: int, as_json: bool, **options: str | None) -> None:
    """Show what a source would bring, and store nothing.

    Selectors find the items of a web page; with --item, what to write into the config is printed below. They
    are CSS, and may name an attribute: `time@datetime`. Without any, a feed's items are shown. The NAME of a
    source stands for its URL and selectors, of which options replace some.
    """
    trial = _trial(target, load_config(), options)
    document = _fetched(trial)
    with closing(parse_pool(trial.config)) as readers:
        reading = readers.read(document, trial.selectors)
        if isinstance(reading, Unreadable):
            _print_what_there_is(trial, document, readers, as_json=as_json, limit=limit)
            raise Failure(f"{trial.source.url}: {reading.message}")
    _print_items(reading, as_json=as_json, limit=limit)
    if not as_json:
        _print_next_step(trial, reading)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trial:
    """What is tried."""

    target: str
    """As it was typed."""
    config: Config
    source: Source
    configured: bool
    """Whether the config has this very source, selectors included."""

    @property
    def selectors(self) -> Selectors | None:
        return self.source.selectors


def _trial(target: str, config: Config, options: Mapping[str, str | None]) -> _Trial:
    known = next((source for source in config.sources if source.name == target), None)
    source = known or _new_source(target, config)
    given = {key: selector for key, selector in options.items() if selector is not None}
    if given and source.selectors is None and "item" not in given:
        raise Misuse(f"--{next(iter(given))} needs --item beside it: it looks within one item")
    if given:
        base = source.selectors or Selectors(item=given["item"])
        source = replace(source, selectors=replace(base, **given))
    return _Trial(target=target, config=config, source=source, configured=source == known)


def _new_source(target: str, config: Config) -> Source:
    url = target.strip()
    if "://" not in url and not re.fullmatch(r"[^\s/]+(?:\.|:\d)[^\s]*", url):
        raise UnknownSourceError(target, names=[source.name for source in config.sources], config=config.path)
    return Source(
        name="", url=addresses(url)[0], timeout=config.polling.timeout, max_size=config.polling.max_size
    )


def _fetched(trial: _Trial) -> Fetched:
    source = trial.source
    request = FetchRequest(
        url=source.url,
        headers=source.headers,
        user=source.user,
        password=source.password,
        timeout=source.timeout,
        max_size=source.max_size,
    )
    answer = http_fetcher(trial.config).fetch(request)
    if not isinstance(answer, Fetched):
        raise Failure(
            f"{source.url}: {getattr(answer, 'message', 'The server answered without a document.')}"
        )
    return answer


def _print_what_there_is(
    trial: _Trial, document: Fetched, readers: ParsePool, *, as_json: bool, limit: int
) -> None:
    """Print what helps to choose other selectors than those that failed, or any at all."""
    selectors = trial.selectors
    if as_json:
        return
    if selectors is not None and selectors != Selectors(item=selectors.item):
        reading = readers.read(document, Selectors(item=selectors.item))
        if isinstance(reading, Reading):
            click.echo(escape(f"With --item {shlex.quote(selectors.item)} alone:"))
            _print_items(reading, as_json=False, limit=limit)
            return
    hints = readers.run(item_hints, document)
    if not isinstance(hints, Unreadable) and hints:
        _print_hints(hints)
        click.echo(
            escape(f"Try one: aggregator try {shlex.quote(trial.target)} --item {shlex.quote(hints[0].item)}")
        )


def _print_hints(hints: tuple[ItemHint, ...]) -> None:
    click.echo("These look like items of the page:")
    print_table(
        ("--item", ">items", "first title"), [(shlex.quote(h.item), h.items, h.example) for h in hints]
    )


def _print_items(reading: Reading, *, as_json: bool, limit: int) -> None:
    shown = reading.drafts[:limit]
    if as_json:
        for draft in shown:
            print_json(_record(draft))
    else:
        print_table(("title", "!date", "link", "content"), [_row(draft) for draft in shown])
        click.echo(_summary(reading, limit))
    if reading.problem:
        click.echo(f"aggregator: {reading.problem}", err=True)


def _row(draft: EntryDraft) -> tuple[str | None, ...]:
    beginning = plain_from_html(draft.content_html or "")
    if len(beginning) > _BEGINNING:
        beginning = f"{beginning[:_BEGINNING]}…"
    date = instant(draft.published)
    if draft.published is None and draft.date_text:
        date = f"{_NOT_UNDERSTOOD}{draft.date_text[:_LONGEST_DATE]}"
    return draft.title, date, draft.url, beginning


def _summary(reading: Reading, limit: int) -> str:
    drafts = reading.drafts
    said = [counted(len(drafts), "item") + (f" ({limit} shown)" if len(drafts) > limit else "")]
    lacking = {
        "without title": sum(not draft.title for draft in drafts),
        "without link": sum(draft.url is None for draft in drafts),
        "without date": sum(draft.date_text is None for draft in drafts),
        "with a date that is not understood (?)": sum(
            draft.published is None and draft.date_text is not None for draft in drafts
        ),
        "without content": sum(draft.content_html is None for draft in drafts),
    }
    return "; ".join([*said, *(f"{count} {what}" for what, count in lacking.items() if count)])


def _record(draft: EntryDraft) -> dict[str, object]:
    return {
        "title": draft.title,
        "url": draft.url,
        "published": draft.published,
        "date_text": draft.date_text,
        "guid": draft.guid,
        "authors": draft.authors,
        "categories": draft.categories,
        "language": draft.language,
        "summary": draft.summary,
        "content_html": draft.content_html,
    }


def _print_next_step(trial: _Trial, reading: Reading) -> None:
    if trial.configured:
        return
    url = trial.source.url
    if trial.selectors is None:
        click.echo(escape(f"To add it: aggregator add {shlex.quote(url)}"))
        return
    click.echo("\nFor the config:\n")
    for line in _toml(trial.source.name or source_name(reading.title, url), url, trial.selectors):
        click.echo(escape(line))


def _toml(name: str, url: str, selectors: Selectors) -> list[str]:
    """Return the lines of a source's table."""
    given = ((field.name, getattr(selectors, field.name)) for field in fields(selectors))
    inside = ", ".join(f"{key} = {_string(selector)}" for key, selector in given if selector is not None)
    return [
        "[[sources]]",
        f"name = {_string(name)}",
        f"url = {_string(url)}",
        'kind = "html"',
        f"selectors = {{ {inside} }}",
    ]


def _string(text: str) -> str:
    """Return a basic string of TOML: what JSON escapes, TOML escapes alike."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
