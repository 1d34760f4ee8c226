"""`export`: entries and sources as files."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from aggregator.cli.database import existing_store, missing_database, with_followed_lists
from aggregator.cli.exits import Failure
from aggregator.cli.export_jekyll import jekyll_command
from aggregator.cli.export_site import site_command
from aggregator.cli.options import config_option, load_config
from aggregator.cli.output import counted
from aggregator.printable import escape
from aggregator.publish.opml import opml_of_sources


@click.group("export")
@config_option()
def export_command() -> None:
    """Write entries, or the list of sources, as files."""


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


export_command.add_command(jekyll_command)
export_command.add_command(site_command)
