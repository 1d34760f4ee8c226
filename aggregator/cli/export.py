"""`export`: entries and sources as files."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from aggregator.cli.database import existing_store, missing_database, with_followed_lists
from aggregator.cli.exits import Failure
from aggregator.cli.modules import imported
from aggregator.cli.options import config_option, load_config
from aggregator.cli.output import counted
from aggregator.printable import escape
from aggregator.publish.opml import opml_of_sources

_MODULES = {"jekyll": "aggregator.cli.export_jekyll", "site": "aggregator.cli.export_site"}


class _ExportGroup(click.Group):
    """Imports the command that is used: each needs much that the others do not."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the help page."""
        return [*_MODULES, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command, or None when there is none of that name."""
        if cmd_name not in _MODULES:
            return super().get_command(ctx, cmd_name)
        command: click.Command = getattr(imported(_MODULES[cmd_name]), f"{cmd_name}_command")
        return command


@click.group("export", cls=_ExportGroup)
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
