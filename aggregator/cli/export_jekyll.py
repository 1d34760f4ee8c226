"""`export jekyll`: entries as posts, once or for as long as somebody watches."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, SimpleQueue

import click

from aggregator.archive.following import Follower
from aggregator.archive.git import commit_archive
from aggregator.archive.places import POSTS
from aggregator.archive.posts import ExportTally, export_posts
from aggregator.cli.database import existing_store
from aggregator.cli.options import config_option, load_config
from aggregator.cli.output import counted, progress
from aggregator.config import Config
from aggregator.exceptions import ArchiveError, StoreError
from aggregator.model import ArchiveFolder, PostStyle
from aggregator.printable import escape
from aggregator.protocols import Store
from aggregator.rules.tagging import clean_tag

PATIENCE = 10.0
"""Seconds that another process may go on writing to the folder."""

LOOK = 1.0
"""Seconds between two looks at what has changed."""


@click.command("jekyll")
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
@click.option("--watch", is_flag=True, help="Go on: write what comes, until Ctrl-C or SIGTERM.")
@click.option(
    "--commit", is_flag=True, help="Commit what was written to the git repository that DIR is in; no push."
)
@config_option()
def jekyll_command(
    *, folder: Path, tag: str | None, style: str, update: bool, watch: bool, commit: bool
) -> None:
    """Write a Jekyll post of each entry to DIR/_posts.

    Only what is new is written, and what is missing. A post stays as it is, unless --update is given; none is
    removed, and nothing that is not ours is touched. DIR/.aggregator marks the folder.
    """
    archive = ArchiveFolder(
        folder=folder,
        style=PostStyle(style),
        all=() if tag is None else (clean_tag(tag),),
        update=update,
        commit=commit,
    )
    config = load_config()
    with existing_store(config) as store:
        if watch:
            _watch(store, config, archive)
        else:
            _once(store, archive)


def _once(store: Store, archive: ArchiveFolder) -> None:
    with progress("Exporting") as bar:
        task = bar.add_task("", total=None)
        tally = export_posts(
            store,
            archive,
            patience=PATIENCE,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    for line in _told(tally, archive.folder):
        click.echo(escape(line))
    if archive.commit:
        committed = commit_archive(store, archive, patience=PATIENCE)
        click.echo(f"{counted(committed, 'file')} committed" if committed else "nothing to commit")


def _watch(store: Store, config: Config, archive: ArchiveFolder) -> None:
    """Write what comes until a signal; what fails at first ends it, what fails later is told once."""
    signals: SimpleQueue[int] = SimpleQueue()  # its put is safe in a signal handler
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _frame: signals.put(number))
    follower = Follower(store, config, archive, patience=PATIENCE, stop=lambda: not signals.empty())
    problem: str | None = None
    is_first = True
    while True:
        try:
            followed = follower.look()
        except (ArchiveError, StoreError) as error:
            if not signals.empty():
                return
            if is_first:
                raise
            if str(error) != problem:
                problem = str(error)
                click.echo(f"aggregator: {escape(problem)} (it is tried again)", err=True)
        else:
            problem = None
            if followed is not None and (followed or is_first):
                click.echo(escape(f"{archive.folder / POSTS}: {followed}"))
            is_first = False
        try:
            signals.get(timeout=LOOK)
        except Empty:
            continue
        return


def _told(tally: ExportTally, folder: Path) -> Iterator[str]:
    updated = f", {tally.updated} updated" if tally.updated else ""
    written = counted(tally.written, "post")
    yield f"{written} written to {folder / POSTS}{updated}, {tally.unchanged} unchanged"
    if tally.renamed:
        yield f"{counted(tally.renamed, 'post')} with the ID in the name: another one has the same name"
    if tally.left:
        yield f"{counted(tally.left, 'post')} not updated: a person has changed the file"
