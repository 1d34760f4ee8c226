"""Keeps a folder that a whole site is published from: every feed as files, and pages for people.

    changes since the last run ─► which feeds they concern ─► of each: pages, then documents
        ─► the first page and the lists ─► what is gone ─► the folder is up to now

Only what these changes concern is read and written, but for selections that depend on the clock, which are
looked at each time. The folder's state moves on at the end of a run: one that was killed is made up for by
the next.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from aggregator import __version__
from aggregator.archive.folder import Folder, digest_of, open_folder
from aggregator.archive.sitefeeds import (
    Publication,
    feed_list,
    published_feeds,
    published_tag,
    settled_base,
)
from aggregator.archive.sitehtml import GENERATOR, TAGS_SHOWN, Pages, icon, look_of_site, stylesheet
from aggregator.archive.siteinventory import FilesOfFeed, Inventory, files_of, place_of
from aggregator.archive.sitenames import Links
from aggregator.archive.sitepages import Changed, FeedFiles
from aggregator.archive.siteplan import PAGE
from aggregator.archive.siterecord import FolderRecord
from aggregator.archive.sitewriter import SiteWriter
from aggregator.config import Config
from aggregator.exceptions import ArchiveError
from aggregator.model import ArchiveKind, Changes, Position, Series, SiteFeed, WrittenFile
from aggregator.protocols import Store

_FILLED_TOGETHER = 200
"""Entries that are looked at in one transaction for a feed that is new in the config."""


_FEED_LIST = "opml.xml"
_TAG_LIST = "tags.html"
_SHARED = ("static/style.css", "static/icon.svg", "404.html")
_OUR_NAMES = ("index.html", "404.html", _FEED_LIST, _TAG_LIST, "all.html", "all", "feeds", "tags", "static")


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteTally:
    """What an export did, in files; their packed forms are not counted."""

    written: int = 0
    unchanged: int = 0
    """They were made anew and came out as they were."""
    removed: int = 0
    feeds: int = 0
    """How many feeds the site has."""
    finished: bool = True
    """False when it was told to stop; the next run goes on from there."""
    left: tuple[str, ...] = ()
    """Names of files that could not be written: files of somebody else have them, and were left alone."""


class _StoppedError(Exception):
    """The work is to end."""


def export_site(
    store: Store,
    config: Config,
    folder: Path,
    *,
    base_url: str | None = None,
    now: int,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    stop: Callable[[], bool] = lambda: False,
    patience: float = 0.0,
    look_for_missing: bool = True,
) -> SiteTally:
    """Bring a folder up to date with the store; it is made when it is missing.

    `base_url` is where it is served: links are relative wherever they can be when neither this nor `[service]
    base_url` says it. `now` (ms) is what selections count from that depend on the clock; nothing else of the
    files does. `progress` is told how many files of entries are done, of about how many. `stop` is asked
    before each of them. Waits up to `patience` seconds for another process that writes to the folder.
    With `look_for_missing`, files that somebody removed are made again.

    Feeds with a token of their own are left out. Raises ArchiveError, and StoreError.
    """
    with open_folder(folder, ArchiveKind.SITE, patience=patience, vet=_vet) as opened:
        record = FolderRecord(store.folders, opened)
        with SiteWriter(opened, record.begin) as writer:
            site = _Site(
                store, config, opened, writer, record, base_url=settled_base(config, base_url), now=now
            )
            site.progress, site.stop = progress, stop
            try:
                feeds = site.bring_up_to_date(look_for_missing=look_for_missing)
                finished = True
            except _StoppedError:
                writer.flush()
                feeds = len(store.sites.feeds(opened.mark))
                finished = False
    return SiteTally(
        written=writer.written,
        unchanged=writer.unchanged,
        removed=writer.removed,
        feeds=feeds,
        finished=finished,
        left=tuple(writer.left),
    )


def _vet(path: Path) -> None:
    """Refuse a folder with something in it that would be lost, unless an export wrote it."""
    first = path / "index.html"
    try:
        found = first.read_bytes() if first.is_file() else b""
    except OSError as error:
        raise ArchiveError(f"{first}: cannot be read ({error.strerror}); choose another folder") from error
    if GENERATOR.encode() in found:
        return
    for name in _OUR_NAMES:
        if (path / name).exists():
            raise ArchiveError(
                f"{path / name}: is not of an export, and would be lost; choose an empty folder"
            )


class _Site:
    """One run."""

    def __init__(
        self,
        store: Store,
        config: Config,
        folder: Folder,
        writer: SiteWriter,
        record: FolderRecord,
        *,
        base_url: str | None,
        now: int,
    ) -> None:
        self.progress: Callable[[int, int], None]
        self.stop: Callable[[], bool]
        self._store = store
        self._config = config
        self._folder = folder
        self._writer = writer
        self._record = record
        self._now = now
        self._links = Links(base_url)
        self._look = look_of_site(__version__, base_url, config.service.title, PAGE)
        self._known: dict[Series, SiteFeed] = {}
        self._tags: set[str] = set()
        """Those that have pages, or get them in this run."""
        self._done = self._total = 0

    def bring_up_to_date(self, *, look_for_missing: bool) -> int:
        """Return how many feeds there are then."""
        while self._store.curation.fill_feeds(limit=_FILLED_TOGETHER):
            self._look_whether_to_stop()
        changes = self._store.folders.changes(since=self._record.number)
        is_whole = self._record.look != self._look
        is_first = self._record.look == ""
        mark = self._folder.mark
        self._known = self._store.sites.feeds(mark)
        look_for_missing = look_for_missing or (not is_first and self._folder.read("index.html") is None)
        is_bare = look_for_missing and self._forget_missing()
        standing = self._store.sites.standing(changes.entries)
        feeds = published_feeds(self._config, self._now, site=self._look)
        wanted = self._wanted_tags(changes, standing, is_whole=is_whole)
        gone = self._gone(feeds, wanted, is_whole=is_whole, changes=changes)
        self._tags = ({series.tag for series in self._known if series.tag} | wanted) - {
            series.tag for series in gone if series.tag
        }
        pages = Pages(title=self._config.service.title, links=self._links, known_tags=lambda: self._tags)
        if is_whole or is_bare:
            self._write_shared(pages)
        files = FeedFiles(
            self._store, mark, writer=self._writer, pages=pages, links=self._links, step=self._step
        )
        tags = [published_tag(tag, self._config, self._now, site=self._look) for tag in sorted(wanted)]
        self._write_feeds(files, [*feeds, *tags], changes, standing)
        lists = self._write_lists(pages, feeds)
        for series in gone:
            files.remove(place_of(series), self._store.sites.pages(mark, series))
            self._store.sites.forget(mark, series)
            del self._known[series]
        self._writer.flush()
        if is_first:
            self._sweep(lists)
        self._record.finish(changes.number, self._look)
        return len(self._known)

    def _files(self) -> dict[Series, FilesOfFeed]:
        """Return the files of all feeds that are remembered."""
        pages, mark = self._store.sites.pages, self._folder.mark
        return {
            # One entry is on one page.
            series: files_of(series, [page.name for page in pages(mark, series)] if known.entries > 1 else ())
            for series, known in self._known.items()
        }

    def _forget_missing(self) -> bool:
        """Forget that missing files were written; return whether any are missing that all pages need."""
        there, sites, mark = Inventory(self._folder), self._store.sites, self._folder.mark
        for series, files in self._files().items():
            pages = {name for name, path in files.pages.items() if not there.has(path)}
            if pages:
                missing = [page for page in sites.pages(mark, series) if page.name in pages]
                sites.keep(mark, series, pages=[replace(page, made_with="") for page in missing])
            if pages or not all(map(there.has, files.documents)):
                self._known[series] = replace(self._known[series], contents="")
        return not all(map(there.has, _SHARED))

    def _sweep(self, lists: Collection[str]) -> None:
        """Remove what exports wrote that nothing remembers, and that is published no more."""
        published = {*lists, "index.html", *_SHARED}
        for files in self._files().values():
            published.update(files.documents, files.pages.values())
        for name in Inventory(self._folder).others(published):
            self._writer.remove(name)

    def _wanted_tags(
        self, changes: Changes, standing: dict[Series, list[Position]], *, is_whole: bool
    ) -> set[str]:
        """Return the tags whose feeds are looked at: all, or those that changed and those that are new."""
        if is_whole or changes.sources:
            return {count.tag for count in self._store.tag_counts()}
        changed = {series.tag for series in standing if series.tag is not None}
        for tag in changes.tags:
            if tag not in changed and self._has_entries(tag):
                changed.add(tag)
        missing = {
            series.tag for series, known in self._known.items() if known.entries and not known.contents
        }
        return changed | {tag for tag in missing if tag is not None and tag not in changes.tags}

    def _has_entries(self, tag: str) -> bool:
        return bool(self._store.sites.members(Series(tag=tag)))

    def _gone(
        self, feeds: Iterable[Publication], wanted: set[str], *, is_whole: bool, changes: Changes
    ) -> list[Series]:
        """Return the feeds that the folder has and that are published no more."""
        there = {publication.series for publication in feeds}
        looked_at = is_whole or changes.sources
        gone = []
        for series, known in self._known.items():
            if series.tag is None:
                is_gone = series not in there
            elif series.tag in wanted:
                is_gone = False
            else:
                is_gone = looked_at or series.tag in changes.tags or known.entries == 0
            if is_gone:
                gone.append(series)
        return gone

    def _write_feeds(
        self,
        files: FeedFiles,
        publications: Iterable[Publication],
        changes: Changes,
        standing: dict[Series, list[Position]],
    ) -> None:
        changed = frozenset(changes.entries)
        due = []
        for publication in publications:
            series = publication.series
            known = self._known.get(series)
            is_touched = series in standing or series.tag in changes.tags or series.feed in changes.feeds
            is_touched = is_touched or (series == Series() and bool(changed))
            is_moving = publication.selection.expires is not None
            is_new = known is None or known.look != publication.look or not known.contents
            if is_touched or is_moving or is_new or changes.sources:
                due.append((publication, known, is_touched))
        self._total = sum(
            1
            if known is not None and known.look == each.look
            else 1 + len(self._store.sites.members(each.series)) // PAGE
            for each, known, _ in due
        )
        # New ones first, since others may link to them; then what is longest, to be packed beside the rest.
        due.sort(
            key=lambda each: (
                each[1] is not None and each[1].look != "",
                each[0].series.tag is not None,
            )
        )
        for publication, known, is_touched in due:
            self._look_whether_to_stop()
            self._known[publication.series] = files.write(
                publication,
                known,
                Changed(
                    entries=changed if is_touched else frozenset(),
                    standing=standing.get(publication.series, ()),
                ),
            )

    def _write_shared(self, pages: Pages) -> None:
        """Write what every page needs. GitHub Pages would else look at the folder with Jekyll."""
        if not os.path.lexists(self._folder.path / ".nojekyll"):
            self._record.begin()
            self._folder.write(".nojekyll", b"")
        self._writer.put("static/style.css", stylesheet().encode())
        self._writer.put("static/icon.svg", icon())
        self._writer.put("404.html", pages.missing())

    def _write_lists(self, pages: Pages, feeds: list[Publication]) -> Collection[str]:
        """Write what lists feeds; return the names of those lists that there need not be."""
        counts = [
            (series.tag, known.entries)
            for series, known in self._known.items()
            if series.tag in self._tags and series.tag is not None and known.entries
        ]
        counts.sort(key=lambda count: (-count[1], count[0]))
        names = sorted((tag for tag, _ in counts), key=lambda tag: (tag.casefold(), tag))
        lists = {_FEED_LIST: feed_list(self._config, feeds, self._links)}
        if len(names) > TAGS_SHOWN:
            lists[_TAG_LIST] = pages.tags(names)
        self._keep_files(lists)  # before they are written, so that it is known that they are ours
        for name, body in lists.items():
            self._writer.put(name, body)
        rows = [(each, self._known[each.series].entries) for each in feeds]
        self._writer.put("index.html", pages.front(rows, counts))
        self._writer.flush()
        self._remove_others(lists)
        return lists.keys()

    def _keep_files(self, bodies: dict[str, bytes]) -> None:
        written = [WrittenFile(path=name, digest=digest_of(body)) for name, body in bodies.items()]
        known = self._store.folders.files(self._folder.mark)
        if new := [file for file in written if file not in known]:
            self._store.folders.keep(self._folder.mark, new)

    def _remove_others(self, there: Collection[str]) -> None:
        """Remove the lists that there were, and are not any more."""
        mark, folders = self._folder.mark, self._store.folders
        for name in [file.path for file in folders.files(mark) if file.path not in there]:
            self._writer.remove(name)
            folders.keep(mark, gone=[name])

    def _step(self) -> None:
        self._look_whether_to_stop()
        self._done += 1
        self.progress(min(self._done, self._total), self._total)

    def _look_whether_to_stop(self) -> None:
        if self.stop():
            raise _StoppedError
