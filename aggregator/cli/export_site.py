"""`export site`: everything that is published, as files."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from aggregator.archive.site import SiteTally, export_site
from aggregator.archive.sitefeeds import settled_base
from aggregator.cli.database import existing_store, with_followed_lists
from aggregator.cli.options import config_option, load_config
from aggregator.cli.output import counted, progress
from aggregator.clock import now_ms
from aggregator.config import Config
from aggregator.config.urls import base_url as checked_base_url
from aggregator.model import ArchiveKind
from aggregator.printable import escape

PATIENCE = 10.0
"""Seconds that another process may go on writing to the folder."""


@click.command("site")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--base-url", metavar="URL", help="Where the files are served; else links are relative.")
@config_option()
def site_command(*, folder: Path, base_url: str | None) -> None:
    """Write every feed in every format, and pages for people, to DIR: to be served as they are.

    Only what has changed since the last time is written, each file whole or not at all; what is gone is
    removed, and nothing that is not ours is touched. DIR/.aggregator marks the folder. Feeds with a token of
    their own are left out. Without --base-url, the URL of the [[archives]] table of this folder counts, else
    [service] base_url.
    """
    config = with_followed_lists(load_config())
    given = _base_url(config, folder, base_url)
    with existing_store(config) as store, _shown() as shown:
        tally = export_site(
            store,
            config,
            folder,
            base_url=given,
            now=now_ms(),
            progress=shown,
            patience=PATIENCE,
        )
    click.echo(escape(f"{_told(tally)}; {counted(tally.feeds, 'feed')} in {folder}"))
    for name in tally.left:
        click.echo(escape(f"aggregator: {folder / name}: is not of an export, and was left alone"), err=True)
    if settled_base(config, given) is None:
        click.echo(
            "aggregator: without --base-url addresses in feeds and in opml.xml are relative,"
            " which many readers do not take",
            err=True,
        )
    if config.service.token is not None:
        click.echo(
            "aggregator: [service] token guards no files: who can read them can read everything", err=True
        )


@contextmanager
def _shown() -> Iterator[Callable[[int, int], None]]:
    """Lend what shows how far it is; where nobody looks, bars are not even loaded."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    with progress("Exporting") as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _told(tally: SiteTally) -> str:
    removed = f", {tally.removed} removed" if tally.removed else ""
    return f"{counted(tally.written, 'file')} written{removed}, {tally.unchanged} unchanged"


def _base_url(config: Config, folder: Path, given: str | None) -> str | None:
    """Return the base URL that was typed, or that the config has for this folder; None for neither."""
    if given is not None:
        try:
            return checked_base_url(given)
        except ValueError as error:
            raise click.UsageError(f"--base-url: {error}") from None
    for archive in config.archives:
        if archive.kind is ArchiveKind.SITE and archive.folder.absolute() == folder.absolute():
            return archive.base_url
    return None
