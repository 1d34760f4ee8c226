"""`import jekyll`: an archive of posts moves in, with the lists that the scripts kept beside it."""

from __future__ import annotations

import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TextIO

import click

from aggregator.archive.drafts import Drafter, Naming, SourceFrom
from aggregator.archive.intake import Told, sort_out, take_posts, taker
from aggregator.archive.listing import POSTS, Listing, list_posts
from aggregator.cli.database import missing_database
from aggregator.cli.exits import Failure
from aggregator.cli.import_lists import add_subs, know_urls, read_known_urls_file, read_subs_file
from aggregator.cli.options import config_option, json_option, load_config
from aggregator.cli.output import counted, print_json, progress
from aggregator.clock import now_ms
from aggregator.config import Config
from aggregator.ingest.follow import with_lists
from aggregator.model import Fate
from aggregator.printable import escape
from aggregator.protocols import Store
from aggregator.store import open_store

_SUBS, _URLS = "subs.json", "allurls.dat"
_LEFT_OUT = "skipped"


@click.command("jekyll")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option(
    "--source-from",
    type=click.Choice([kind.value for kind in SourceFrom]),
    default=SourceFrom.TAGS.value,
    show_default=True,
    help="What names a post's source: its first tag, author, or the host of its link.",
)
@click.option("--posts-only", is_flag=True, help=f"Leave DIR/{_SUBS} and DIR/{_URLS} alone.")
@click.option("--dry-run", is_flag=True, help="Print what would be done; change nothing.")
@json_option()
@config_option()
def jekyll_command(*, folder: Path, source_from: str, posts_only: bool, dry_run: bool, as_json: bool) -> None:
    """Make an entry of each post in DIR: a site's own folder, its _posts, or any other folder of posts.

    Entries have the IDs that the comments of their posts say, where these can be had, and are surfaced when
    they were published. Each file that is no plain post, or is left out, is told of. A post that was imported
    before is known by its name and bytes: it stays, or is brought up to date, and is told of again. Can be
    broken off at any time; the next run goes on. Files are only read, and kept whole in the database.

    DIR/subs.json and DIR/allurls.dat are imported, too, as `import subs` and `import urls` do.
    """
    config = load_config()
    subs = None if posts_only or not (folder / _SUBS).is_file() else read_subs_file(folder / _SUBS)
    urls = None if posts_only or not (folder / _URLS).is_file() else read_known_urls_file(folder / _URLS)
    if subs is not None:
        add_subs(subs, config, dry_run=dry_run, as_json=as_json)
        config = load_config()
    taken_along = {name for name, there in ((_SUBS, subs), (_URLS, urls)) if there is not None}
    report = _Report(as_json=as_json, passed_over=taken_along)
    with _store(config, dry_run=dry_run) as store:
        names = subs.names if subs is not None else ()
        config = with_lists(config, store)
        drafter = _drafter(store, config, folder, by=SourceFrom(source_from), names=names)
        try:
            with _signals() as check:
                listing = list_posts(folder)
                _import(store, config, listing, drafter, report=report, check=check, dry_run=dry_run)
        finally:
            report.end(folder, dry_run=dry_run)
    if urls is not None:
        know_urls(folder / _URLS, urls, config, dry_run=dry_run, as_json=as_json)


@contextmanager
def _signals() -> Iterator[Callable[[], None]]:
    """Lend what ends the command if SIGINT or SIGTERM has come, for the moments when nothing is half done.

    A second one does what it did before, at once.
    """
    came: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def put_back() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def note(number: int, _frame: object) -> None:
        came.append(number)
        put_back()

    def check() -> None:
        if came:
            raise Failure("broken off; the same command goes on from there")

    for number in before:
        signal.signal(number, note)
    try:
        yield check
    finally:
        put_back()


@contextmanager
def _store(config: Config, *, dry_run: bool) -> Iterator[Store]:
    """Lend the config's store, which is made when there is none; but not to try something out."""
    if dry_run and missing_database(config):
        with tempfile.TemporaryDirectory() as folder, closing(open_store(f"{folder}/tried.db")) as store:
            yield store
        return
    with closing(open_store(config.service.database)) as store:
        yield store


def _drafter(store: Store, config: Config, folder: Path, *, by: SourceFrom, names: Sequence[str]) -> Drafter:
    stored = (status.name for status in store.source_statuses())
    resolved = folder.resolve()
    own_name = (resolved.parent if resolved.name == POSTS else resolved).name
    return Drafter(Naming(by=by, folder=own_name, sources=config.sources, further_names=[*names, *stored]))


def _import(
    store: Store,
    config: Config,
    listing: Listing,
    drafter: Drafter,
    *,
    report: _Report,
    check: Callable[[], None],
    dry_run: bool,
) -> None:
    now = now_ms()
    with progress("Reading") as bar:
        task = bar.add_task("", total=len(listing.posts))

        def on_file() -> None:
            bar.advance(task)
            check()

        work = sort_out(listing, store.posts.known(), drafter, now=now, on_file=on_file)
    report.add(work.told)
    if not dry_run:
        if work.renamed:
            store.posts.rename(work.renamed)
        if work.to_take and _differs(store, config):
            store.sync_sources(config.sources, now=now, policy=config.stories)
    take = taker(store, config.stories, now=now, dry_run=dry_run)
    with progress("Importing") as bar:
        task = bar.add_task("", total=len(work.to_take))
        for told in take_posts(work.to_take, drafter, take, work.links):
            report.add(told)
            bar.advance(task, len(told))
            check()


def _differs(store: Store, config: Config) -> bool:
    """Return whether the store has other sources than the config: then rules and feeds may be others, too."""
    stored = [(status.name, status.url, status.tags) for status in store.source_statuses()]
    return not stored or stored != [(source.name, source.url, source.tags) for source in config.sources]


class _Report:
    """Tells what becomes of files: at once, or below the progress bar where both are on one terminal."""

    def __init__(self, *, as_json: bool, passed_over: set[str]) -> None:
        self._as_json = as_json
        self._passed_over = passed_over
        self._out: TextIO = sys.stdout  # which a progress bar puts something else in place of
        self._waiting: list[Told] | None = [] if self._out.isatty() else None
        self._counts: Counter[str] = Counter()

    def add(self, told: Sequence[Told]) -> None:
        """Take what became of some files."""
        wanted = [each for each in told if each.fate is not None or each.file_name not in self._passed_over]
        self._counts.update(_action(each) for each in wanted)
        if self._waiting is None:
            self._print(wanted)
        else:
            self._waiting += wanted

    def end(self, folder: Path, *, dry_run: bool) -> None:
        """Tell what was not told yet, and what all came to."""
        self._print(self._waiting or [])
        counts = {action: self._counts[action] for action in _WORDS}
        if self._as_json:
            print_json({"action": "summary", **counts})
            return
        words = {**_WORDS, **(_WOULD if dry_run else {})}
        number = counts.pop(Fate.NEW.value)
        parts = [f"{counted(number, 'post')} {words[Fate.NEW.value]}"]
        parts += [f"{count} {words[action]}" for action, count in counts.items() if count]
        click.echo(escape(f"{folder}: {', '.join(parts)}"), file=self._out)

    def _print(self, told: Sequence[Told]) -> None:
        for each in told:
            if self._as_json:
                print_json(
                    {
                        "action": _action(each),
                        "file": each.file_name,
                        "id": each.entry_id,
                        "source": each.source or None,
                        "notes": each.notes,
                    }
                )
            elif each.notes:
                sign = {None: "!", Fate.UNCHANGED: "="}.get(each.fate, "~")
                known = "" if each.entry_id is None else f" (ID {each.entry_id})"
                end = "; left out" if each.fate is None else ""
                click.echo(
                    escape(f"{sign} {each.file_name}{known}: {'; '.join(each.notes)}{end}"), file=self._out
                )


def _action(told: Told) -> str:
    return _LEFT_OUT if told.fate is None else told.fate.value


_WORDS = {
    Fate.NEW.value: "imported",
    Fate.JOINED.value: "that polls had brought",
    Fate.UPDATED.value: "brought up to date",
    Fate.UNCHANGED.value: "unchanged",
    Fate.PURGED.value: "deleted since",
    _LEFT_OUT: "left out",
}
_WOULD = {Fate.NEW.value: "would be imported", Fate.UPDATED.value: "would be brought up to date"}
