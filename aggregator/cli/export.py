"""`export`: entries and sources as files."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from aggregator.archive.posts import export_jekyll
from aggregator.cli.database import existing_store, missing_database, with_followed_lists
from aggregator.cli.exits import Failure
from aggregator.cli.options import config_option, load_config
from aggregator.cli.output import counted, progress
from aggregator.model import Entry, EntryQuery
from aggregator.printable import escape
from aggregator.protocols import Store
from aggregator.publish.jekyll.legacy import legacy_post
from aggregator.publish.opml import opml_of_sources
from aggregator.rules.tagging import clean_tag

_STYLES = {"legacy": legacy_post}


@click.group("export")
@config_option()
def export_command() -> None:
    """Write entries, or the list of sources, as files."""


@export_command.command("jekyll")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--tag", metavar="T", help="Only entries that have this tag.")
@click.option(
    "--style",
    type=click.Choice(list(_STYLES)),
    default="legacy",
    show_default=True,
    help="legacy: the source's HTML as it came, so for sources that you trust.",
)
@config_option()
def jekyll_command(*, folder: Path, tag: str | None, style: str) -> None:
    """Write a Jekyll post of each entry to DIR/_posts.

    Posts that are there already are written again only when they changed; none is removed.
    """
    wanted = None if tag is None else clean_tag(tag)
    with existing_store(load_config()) as store:
        tally = export_jekyll(
            _watched(store),
            folder,
            style=_STYLES[style],
            selected=lambda entry: wanted is None or wanted in entry.tags,
        )
    written = counted(tally.written, "post")
    click.echo(escape(f"{written} written to {folder / '_posts'}, {tally.unchanged} unchanged"))
    if tally.renamed:
        same = counted(tally.renamed, "post")
        click.echo(f"{same} with the ID in the name: an earlier entry of that day has the same title")


@export_command.command("opml")
@click.argument("file", metavar="[FILE]", default="-", type=click.Path(path_type=Path, allow_dash=True))
@config_option()
def opml_command(*, file: Path) -> None:
    """Write the sources as a list (OPML) that other readers, and `import opml`, take.

    To standard output, when no FILE is named. Each source lies in a folder named by its first tag. Users,
    passwords and headers are left out, but URLs are whole: keys and tokens in them are for you alone. Web
    pages that are read with selectors are no feeds, and left out.
    """
    config = with_followed_lists(load_config())
    sites: dict[str, str | None] = {}
    if not missing_database(config):
        with existing_store(config) as store:
            sites = {status.name: status.site_url for status in store.source_statuses()}
    feeds = [source for source in config.sources if source.selectors is None]
    document = opml_of_sources(f"Sources of {config.service.title}", feeds, sites)
    if str(file) == "-":
        sys.stdout.buffer.write(document)
    else:
        try:
            file.write_bytes(document)
        except OSError as error:
            raise Failure(f"{file}: cannot be written: {error.strerror}") from error
        click.echo(escape(f"{counted(len(feeds), 'source')} written to {file}"))
    if pages := len(config.sources) - len(feeds):
        click.echo(f"aggregator: {counted(pages, 'web page')} left out: no feeds", err=True)


def _watched(store: Store) -> Iterator[Entry]:
    with progress("Exporting") as bar:
        yield from bar.track(store.walk(EntryQuery()), total=store.entry_count(), description="")
