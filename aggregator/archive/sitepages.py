"""Writes all files of one feed of a site: its pages, then its documents, which link to them.

Whatever is interrupted is made up for by the next run: where pages begin is remembered before they are
written, and that they are written after they are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from aggregator.archive import siteplan
from aggregator.archive.sitefeeds import Publication, Shelf, channel_of, digest
from aggregator.archive.sitehtml import ITEMS_SHOWN, Pages
from aggregator.archive.sitenames import Links, Place
from aggregator.archive.siteplan import Neighbours
from aggregator.archive.sitewriter import SiteWriter
from aggregator.identity import entry_name
from aggregator.model import Entry, Position, SiteFeed, SitePage
from aggregator.protocols import Sites, Store
from aggregator.publish.feeds import FORMATS, render

_REMEMBERED_TOGETHER = 20
"""Pages that are written before it is remembered that they are."""

_ALONE = Neighbours(newer=None, older=None, oldest=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What has changed of a feed."""

    entries: frozenset[int]
    """IDs of all entries that changed, in the feed or not."""
    standing: Sequence[Position]
    """Where those of them stand that are in the feed."""


class FeedFiles:
    """Writes the files of feeds into one folder."""

    def __init__(
        self,
        store: Store,
        mark: str,
        *,
        writer: SiteWriter,
        pages: Pages,
        links: Links,
        step: Callable[[], None],
    ) -> None:
        """Take `step`, which is called before each file of entries, and may raise to end the work."""
        self._store = store
        self._sites: Sites = store.sites
        self._mark = mark
        self._writer = writer
        self._pages = pages
        self._links = links
        self._step = step
        self._shelf = Shelf()

    def write(self, publication: Publication, known: SiteFeed | None, changed: Changed) -> SiteFeed:
        """Write what has changed of a feed; return what is remembered of it."""
        looks_alike = known is not None and known.look == publication.look
        contents = known.contents if known is not None and looks_alike else ""
        if publication.is_paged:
            entries, leave = self._write_pages(publication, changed)
        else:
            pages = self._sites.pages(self._mark, publication.series)
            entries, leave = known.entries if known else 0, [page.name for page in pages]
        contents, shown = self._write_documents(publication, contents)
        if shown is not None and not publication.is_paged:
            entries = shown
        self._remove_pages(publication, leave)
        feed = SiteFeed(look=publication.look, contents=contents, entries=entries)
        if feed != known:
            self._writer.then(lambda: self._sites.keep(self._mark, publication.series, feed=feed))
        return feed

    def remove(self, place: Place, pages: Sequence[SitePage]) -> None:
        """Remove all files of a feed."""
        for suffix in FORMATS:
            self._writer.remove(place.document(suffix))
        for name in {"", *(page.name for page in pages)}:
            self._writer.remove(place.page(name))

    def _write_pages(self, publication: Publication, changed: Changed) -> tuple[int, list[str]]:
        """Return how many entries there are, and which pages have none any more."""
        series = publication.series
        before = self._sites.pages(self._mark, series) or siteplan.new_pages()
        touched = siteplan.concerned(before, changed.entries, changed.standing)
        pages, cut = self._cut(publication, before, touched)
        if cut:
            self._sites.keep(self._mark, series, pages=cut)
        around = siteplan.neighbours(pages)
        renewed = {before[index].name for index in touched}
        stale = [
            index
            for index, page in enumerate(pages)
            if page.name in renewed or page.made_with != around[index].made_with(publication.look)
        ]
        done: list[SitePage] = []
        for index in siteplan.in_order_of_writing(pages, stale):
            self._step()
            pages[index] = self._write_page(publication, pages, index, around[index])
            done.append(pages[index])
            if len(done) >= _REMEMBERED_TOGETHER:
                self._remember(publication, done)
        self._remember(publication, done)
        names = {page.name for page in pages}
        return sum(len(page.entries) for page in pages), [
            page.name for page in before if page.name not in names
        ]

    def _cut(
        self, publication: Publication, before: Sequence[SitePage], touched: Collection[int]
    ) -> tuple[list[SitePage], list[SitePage]]:
        """Return all pages as they shall be, and those of them that begin anew."""
        names = {page.name for page in before}
        pages: list[SitePage] = []
        new: list[SitePage] = []
        for index, page in enumerate(before):
            if index not in touched:
                pages.append(page)
                continue
            since, until = siteplan.span_of(before, index)
            members = self._sites.members(publication.series, since=since, until=until)
            parts = siteplan.cut(page, members, names)
            names |= {part.name for part in parts}
            pages += parts
            new += [] if parts == [page] and page.made_with else parts
        return pages, new

    def _write_page(
        self, publication: Publication, pages: Sequence[SitePage], index: int, around: Neighbours
    ) -> SitePage:
        page = pages[index]
        entries = self._entries_of(publication, *siteplan.span_of(pages, index))
        items = self._shelf.in_document(publication.selection, entries)
        by_id = {entry_name(entry): entry for entry in entries}
        html = self._pages.feed(publication, page.name, around=around, items=items, entries=by_id)
        self._writer.put(publication.place.page(page.name), html)
        made_with = around.made_with(publication.look)
        return siteplan.written(page, sorted(entry.id for entry in entries), made_with)

    def _entries_of(
        self, publication: Publication, since: Position | None, until: Position | None
    ) -> list[Entry]:
        members = self._sites.members(publication.series, since=since, until=until)
        if not members:
            return []
        query = replace(publication.selection.query, before=until, limit=len(members), window=0)
        # What has come since the members were counted takes the place of the last; the next run sees it.
        return [
            entry
            for entry in self._store.entries(query)
            if since is None or (entry.surfaced, entry.id) >= since
        ]

    def _remember(self, publication: Publication, done: list[SitePage]) -> None:
        if done:
            pages = tuple(done)
            self._writer.then(lambda: self._sites.keep(self._mark, publication.series, pages=pages))
            done.clear()

    def _write_documents(self, publication: Publication, known: str) -> tuple[str, int | None]:
        """Return a digest of what the documents are made of, and how many items there are.

        None in place of the number where the documents are written already.
        """
        selection = publication.selection
        entries = self._store.entries(selection.query)
        items = None if selection.digest is None else self._shelf.in_document(selection, entries)
        contents = digest(publication.look, entries if items is None else items)
        if contents == known:
            return contents, None
        self._step()
        items = self._shelf.in_document(selection, entries) if items is None else items
        if not publication.is_paged:
            by_id = {entry_name(entry): entry for entry in entries}
            shown = items[:ITEMS_SHOWN]
            html = self._pages.feed(publication, "", around=_ALONE, items=shown, entries=by_id)
            self._writer.put(publication.place.page(""), html)
        for suffix in FORMATS:
            document = render(suffix, channel_of(publication, suffix, self._links), items)
            self._writer.put(publication.place.document(suffix), document.body)
        return contents, len(items)

    def _remove_pages(self, publication: Publication, names: Collection[str]) -> None:
        """Remove pages that nothing links to any more; the newest one's file is written by then."""
        if not names:
            return
        for name in filter(None, names):
            self._writer.remove(publication.place.page(name))
        self._sites.keep(self._mark, publication.series, gone=names)
