"""The history of published feeds over HTTP (RFC 5005).

A feed leads to all that it ever held in two ways, of which no document belongs to both:

    current ─ next ─► ?before=… ─ next ─► ?before=…     section 3: as it is now, in the order of the feed
    current ─ prev-archive ─► ?archive=2 ─► ?archive=1  section 4: documents that never change

The pages follow the current document without overlap. What the archive documents hold may be in the current
document, too; each of them holds other entries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aggregator.model import ArchivePage, Channel, Entry, FeedDocument, FrozenDocument, Series
from aggregator.protocols import Archives, Store
from aggregator.publish.feeds import FORMATS, etag_of, render
from aggregator.publish.item import items_of
from aggregator.web.options import PLAIN, Options
from aggregator.web.selection import Selection
from aggregator.web.urls import FeedTarget, Kind


def has_history(target: FeedTarget, selection: Selection) -> bool:
    """Tell whether a feed leads to what it held before.

    Only what has one document for everybody does, and no feed that entries leave as time goes by.
    """
    return series_of(target, selection) is not None


def with_history(store: Store, target: FeedTarget, selection: Selection, entries: Sequence[Entry]) -> Channel:
    """Return the head of a feed's document with its history.

    The document holds these entries, newest surfaced first.
    """
    series, options = series_of(target, selection), target.options
    if series is None or options not in (PLAIN, Options(before=options.before)):
        return selection.channel
    links = []
    following = _following(store, selection, entries)
    if following is not None:
        links.append(("next", _address(selection, target, Options(before=following))))
    if following is not None or options != PLAIN:
        links.append(("first", _address(selection, target, PLAIN)))
    if options == PLAIN:
        newest = store.archives.latest(series, [entry.id for entry in entries])
        if newest is not None:
            links.append(("prev-archive", _address(selection, target, Options(archive=newest))))
    return replace(selection.channel, links=tuple(links))


def _following(store: Store, selection: Selection, entries: Sequence[Entry]) -> tuple[int, int] | None:
    """Return after which entry the next page begins; None when nothing comes after these."""
    if len(entries) < selection.query.limit:
        return None
    last = (entries[-1].surfaced, entries[-1].id)
    return last if store.entries(replace(selection.query, before=last, limit=1, window=0)) else None


def archive_document(archives: Archives, target: FeedTarget, selection: Selection) -> FeedDocument | None:
    """Return the archive document that a target names; None when there is none.

    The first time it is made of the entries as they are then, in all formats, and kept.
    """
    number, series = target.options.archive, series_of(target, selection)
    if number is None or series is None:
        return None
    frozen = archives.frozen(series, number, target.suffix)
    while frozen is None:
        page = archives.page(series, number)
        if page is None:
            return None
        archives.freeze(series, page, {suffix: _made(page, target, selection, suffix) for suffix in FORMATS})
        frozen = archives.frozen(series, number, target.suffix)
    return FeedDocument(
        body=frozen.body,
        content_type=frozen.content_type,
        etag=etag_of(frozen.body),
        last_modified=frozen.last_modified,
    )


def _made(page: ArchivePage, target: FeedTarget, selection: Selection, suffix: str) -> FrozenDocument:
    target = replace(target, suffix=suffix)
    links = [("current", _address(selection, target, PLAIN))]
    if page.previous is not None:
        links.append(("prev-archive", _address(selection, target, Options(archive=page.previous))))
    if page.following is not None:
        links.append(("next-archive", _address(selection, target, Options(archive=page.following))))
    own = _address(selection, target, Options(archive=page.number))
    channel = replace(selection.channel, self_url=own, links=tuple(links), archived=True)
    rendered = render(suffix, channel, items_of(page.entries, selection.content))
    return FrozenDocument(
        body=rendered.body, content_type=rendered.content_type, last_modified=rendered.last_modified
    )


def series_of(target: FeedTarget, selection: Selection) -> Series | None:
    """Return the series that a feed's document is the newest part of; None where it has no history."""
    if selection.digest or selection.expires is not None or selection.query.per_source is not None:
        return None
    match target.kind:
        case Kind.FEED:
            return Series(feed=target.name)
        case Kind.TAG:
            return Series(tag=target.name)
        case Kind.ALL:
            return Series()
        case _:
            return None


def _address(selection: Selection, target: FeedTarget, options: Options) -> str:
    base = selection.channel.home_url.removesuffix("/")
    return base + replace(target, options=options).path
