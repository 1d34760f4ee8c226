"""`entries` and `show`: what is stored."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

from aggregator.cli.database import existing_store, with_followed_lists
from aggregator.cli.expressions import read_expression
from aggregator.cli.options import config_option, json_option, load_config
from aggregator.cli.output import instant, print_json, print_table
from aggregator.cli.reasons import deeds
from aggregator.cli.records import entry_record
from aggregator.clock import now_ms
from aggregator.exceptions import UnknownEntryError, UnknownSourceError
from aggregator.model import Entry, EntryQuery, Episode, Expression, SafeHtml
from aggregator.printable import escape
from aggregator.publish.html import plain_text, sanitize
from aggregator.publish.item import content_of
from aggregator.rules.tagging import clean_tag

_DEFAULT_LIMIT = 50
_BLOCK_END = re.compile(r"</(?:p|div|h[1-6]|li|tr|blockquote|pre|figcaption|dt|dd)>|<(?:br|hr)>")


@click.command("entries")
@click.option("--tag", metavar="T", help="Only entries that have this tag.")
@click.option("--source", metavar="S", help="Only entries of the source of this name.")
@click.option(
    "--match", metavar="EXPR", callback=read_expression, help="Only entries that meet this expression."
)
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=_DEFAULT_LIMIT,
    show_default=True,
    metavar="N",
    help="At most this many; 0 for all.",
)
@json_option()
@config_option()
def entries_command(
    *, tag: str | None, source: str | None, match: Expression | None, limit: int, as_json: bool
) -> None:
    """List entries, the newest surfaced first.

    All of --tag, --source and --match hold together. Entries that a rule has dropped are not listed.
    """
    config = load_config()
    with existing_store(config) as store:
        query = EntryQuery(
            all=(clean_tag(tag),) if tag is not None else (),
            sources=(source,) if source is not None else (),
            match=match,
            now=now_ms(),
            limit=limit or max(1, store.entry_count()),
        )
        entries = store.entries(query)
    names = [each.name for each in with_followed_lists(config).sources]
    if source is not None and not entries and source not in names:
        raise UnknownSourceError(source, names=names, config=config.path)
    if as_json:
        for entry in entries:
            print_json(entry_record(entry))
        return
    rows = [
        (entry.id, instant(entry.dated), entry.source.name, entry.title or "(untitled)", entry.tags)
        for entry in entries
    ]
    print_table((">id", "!published", "source", "title", "tags"), rows)


@click.command("show")
@click.argument("entry_id", metavar="ID", type=click.IntRange(min=1))
@json_option()
@config_option()
def show_command(*, entry_id: int, as_json: bool) -> None:
    """Show one entry with its text."""
    with existing_store(load_config()) as store:
        entry = store.entry(entry_id)
    if entry is None:
        raise UnknownEntryError(f"there is no entry {entry_id}; `aggregator entries` lists those there are")
    if as_json:
        print_json(entry_record(entry))
        return
    for line in _page(entry):
        click.echo(escape(line))


def _page(entry: Entry) -> Iterator[str]:
    problem = entry.article_problem
    full_text = "from the entry's page" if entry.article else problem and f"not from its page: {problem}"
    yield entry.title or "(untitled)"
    facts = {
        "link": entry.url,
        "published": instant(entry.published),
        "updated": instant(entry.updated),
        "first seen": instant(entry.first_seen),
        "surfaced": instant(entry.surfaced),
        "authors": ", ".join(entry.authors),
        "dropped": "by a rule: no feed has it" if entry.dropped else None,
        "tags": ", ".join(entry.tags),
        "source": ", ".join(source.name for source in entry.sources),
        "id": str(entry.id),
        "full text": full_text,
    }
    for name, fact in facts.items():
        if fact:
            yield f"{name + ':':<12}{fact}"
    for source in entry.sources:
        if source.entry_url:
            yield f"{'also at:':<12}{source.entry_url} ({source.name})"
    for ruling in entry.rulings:
        yield f"{'rule:':<12}{ruling.rule}: {deeds(ruling)}"
    for enclosure in entry.enclosures:
        yield f"{'file:':<12}{enclosure.url}"
    for name, fact in _told_of(entry.episode or Episode()):
        yield f"{name + ':':<12}{fact}"
    yield ""
    yield from _paragraphs(content_of(entry) or sanitize(entry.summary, entry.base_url))


def _told_of(episode: Episode) -> Iterator[tuple[str, str]]:
    """Yield what is known of an episode, each with its name."""
    if episode.duration is not None:
        minutes, seconds = divmod(episode.duration, 60)
        yield "duration", f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    place = {"season": episode.season, "episode": episode.number}
    told = [f"{name} {number}" for name, number in place.items() if number is not None]
    if episode.kind:
        told.append(episode.kind)
    if told:
        yield "episode", ", ".join(told)
    if episode.explicit is not None:
        yield "explicit", "yes" if episode.explicit else "no"
    if episode.image:
        yield "image", episode.image
    if episode.chapters:
        yield "chapters", episode.chapters.url
    for transcript in episode.transcripts:
        yield "transcript", transcript.url


def _paragraphs(html: SafeHtml) -> Iterator[str]:
    for block in _BLOCK_END.split(html):
        if text := plain_text(block):
            yield text
