"""`export`: entries and sources as files."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from aggregator.archive.places import POSTS
from aggregator.archive.posts import ExportTally, export_posts
from aggregator.cli.database import existing_store, missing_database, with_followed_lists
from aggregator.cli.exits import Failure
from aggregator.cli.export_site import site_command
from aggregator.cli.options import config_option, load_config
from aggregator.cli.output import counted, progress
from aggregator.model import ArchiveFolder, PostStyle
from aggregator.printable import escape
from aggregator.publish.opml import opml_of_sources
from aggregator.rules.tagging import clean_tag

PATIENCE = 10.0
"""Seconds that another process may go on writing to the folder."""


@click.group("export")
@config_option()
def export_command() -> None:
    """Write entries, or the list of sources, as files."""


@export_command.command("jekyll")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--tag", metavar="T", help="Only entries that have this tag.")
@click.option(
    "--style",
    type=click.Choice([style.value for style in PostStyle]),
    default=PostStyle.SAFE.value,
    show_default=True,
    help="safe: for any site. legacy: as the scripts wrote them that this service replaces, with the source's"
    " HTML as it came, so for sources that you trust; imported posts come back as they were.",
)
@click.option("--update", is_flag=True, help="Let posts follow entries that were edited since.")
@config_option()
def jekyll_command(*, folder: Path, tag: str | None, style: str, update: bool) -> None:
    """Write a Jekyll post of each entry to DIR/_posts.

    Only what is new is written. A post stays as it is, unless --update is given; none is removed, and nothing
    that is not ours is touched. DIR/.aggregator marks the folder.
    """
    archive = ArchiveFolder(
        folder=folder,
        style=PostStyle(style),
        all=() if tag is None else (clean_tag(tag),),
        update=update,
    )
    with existing_store(load_config()) as store, progress("Exporting") as bar:
        task = bar.add_task("", total=None)
        tally = export_posts(
            store,
            archive,
            patience=PATIENCE,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    for line in _told(tally, folder):
        click.echo(escape(line))


def _told(tally: ExportTally, folder: Path) -> Iterator[str]:
    updated = f", {tally.updated} updated" if tally.updated else ""
    written = counted(tally.written, "post")
    yield f"{written} written to {folder / POSTS}{updated}, {tally.unchanged} unchanged"
    if tally.renamed:
        yield f"{counted(tally.renamed, 'post')} with the ID in the name: another one has the same name"
    if tally.left:
        yield f"{counted(tally.left, 'post')} not updated: a person has changed the file"


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


export_command.add_command(site_command)
