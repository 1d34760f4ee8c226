"""`backup` and `restore`: the database to a file and back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
from rich.progress import Progress

from aggregator import logs
from aggregator.cli.database import missing_database
from aggregator.cli.exits import Failure
from aggregator.cli.options import config_option, load_config
from aggregator.cli.output import counted, progress
from aggregator.clock import now_ms
from aggregator.printable import escape
from aggregator.store import database_file
from aggregator.store.backup import back_up
from aggregator.store.copies import CopyTally
from aggregator.store.restore import restore


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace a file that is no backup.")
@config_option()
def backup_command(*, file: Path, force: bool) -> None:
    """Back the database up to FILE.

    Also while the service runs. The backup is a plain SQLite database, read back whole before it takes the
    place of an older one. For backups by the clock, see [backup] in the config.
    """
    logs.set_up(style="human", level="warning")
    config = load_config()
    if missing := missing_database(config):
        raise Failure(missing)
    with progress("Backing up") as bar:
        database = database_file(config.service.database)
        tally = back_up(database, file, force=force, on_progress=_pages(bar))
    click.echo(escape(f"{file}: {_told(tally)}"))


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path))
@config_option()
def restore_command(*, file: Path) -> None:
    """Put a backup in the place of the database. The service must be stopped.

    The backup is read whole first. The present database is kept beside the restored one; delete it when you
    no longer need it.
    """
    logs.set_up(style="human", level="warning")
    database = database_file(load_config().service.database)
    with progress("Restoring") as bar:
        done = restore(file, database, now=now_ms(), on_progress=_pages(bar))
    click.echo(escape(f"{database}: restored from {file}: {_told(done.tally)}"))
    if done.kept is not None:
        click.echo(escape(f"{done.kept}: what was there before"))


def _told(tally: CopyTally) -> str:
    said = f"{counted(tally.entries, 'entry')}, {tally.size:,} bytes, verified"
    if tally.lost:
        said = f"{said}; missing: {', '.join(tally.lost)}, see `aggregator doctor`"
    if tally.loose:
        said = f"{said}; rows that belong to nothing: {tally.loose}, see `aggregator doctor`"
    return said


def _pages(bar: Progress) -> Callable[[int, int], None]:
    task = bar.add_task("", total=None)
    return lambda done, total: bar.update(task, completed=done, total=total)
