"""The history of published feeds over HTTP (RFC 5005): documents from the newest entries to the oldest.

The current document names the newest archive document (`prev-archive`, `next`), each archive document the one
before it. All of them together hold every entry of the feed; an archive document never changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aggregator.model import Channel, Entry, FeedDocument, FrozenDocument, Series
from aggregator.protocols import Archives
from aggregator.publish.feeds import etag_of, render
from aggregator.publish.item import items_of
from aggregator.web.options import PLAIN, Options
from aggregator.web.selection import Selection
from aggregator.web.urls import FeedTarget, Kind


def with_history(
    archives: Archives, target: FeedTarget, selection: Selection, entries: Sequence[Entry]
) -> Channel:
    """Return the head of a feed's current document, which holds these entries, with its history.

    Only what has one document for everybody has a history, and no feed that entries leave as time goes by.
    """
    series = _series(target, selection)
    if target.options != PLAIN or series is None:
        return selection.channel
    newest = archives.latest(series, [entry.id for entry in entries])
    if newest is None:
        return selection.channel
    address = _address(selection, target, newest)
    links = (("first", selection.channel.self_url), ("next", address), ("prev-archive", address))
    return replace(selection.channel, links=links)


def archive_document(archives: Archives, target: FeedTarget, selection: Selection) -> FeedDocument | None:
    """Return the archive document that a target names; None when there is none.

    The first time it is made of the entries as they are then, and kept.
    """
    number, series = target.options.archive, _series(target, selection)
    if number is None or series is None:
        return None
    frozen = archives.frozen(series, number, target.suffix)
    if frozen is None:
        made = _made(archives, series, target, selection)
        frozen = None if made is None else archives.freeze(series, number, target.suffix, made)
    if frozen is None:
        return None
    return FeedDocument(
        body=frozen.body,
        content_type=frozen.content_type,
        etag=etag_of(frozen.body),
        last_modified=frozen.last_modified,
    )


def _made(
    archives: Archives, series: Series, target: FeedTarget, selection: Selection
) -> FrozenDocument | None:
    page = None if target.options.archive is None else archives.page(series, target.options.archive)
    if page is None:
        return None
    current = _address(selection, target, None)
    links = [("current", current), ("first", current)]
    if page.previous is not None:
        address = _address(selection, target, page.previous)
        links += [("next", address), ("prev-archive", address)]
    if page.following is not None:
        links.append(("next-archive", _address(selection, target, page.following)))
    channel = replace(selection.channel, links=tuple(links), archived=True)
    rendered = render(target.suffix, channel, items_of(page.entries, selection.content))
    return FrozenDocument(
        body=rendered.body, content_type=rendered.content_type, last_modified=rendered.last_modified
    )


def _series(target: FeedTarget, selection: Selection) -> Series | None:
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


def _address(selection: Selection, target: FeedTarget, number: int | None) -> str:
    base = selection.channel.home_url.removesuffix("/")
    return base + replace(target, options=Options(archive=number)).path
