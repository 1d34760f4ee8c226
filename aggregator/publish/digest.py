"""A feed in digests: one item for each day or week that is over, with a list of its entries. Pure.

Days and weeks are UTC's; a week begins on Monday (ISO 8601). An entry belongs to the period in which it
surfaced: later ones never join a period that is over, but for entries that surface in the past, as those of
a new source do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from uuid import UUID, uuid5

from aggregator.model import Channel, Content, Digest, Entry, SafeHtml
from aggregator.publish.item import Item, items_of
from aggregator.publish.text import excerpt, one_line, rfc3339

_DIGESTS = UUID("5b1d4c0e-9a0f-5c53-8a8e-2f7f6a1c9d20")
"""The name space of digests' ids: another value would make every reader show every digest again."""

_DAY = 86_400_000
_LENGTH = {Digest.DAILY: _DAY, Digest.WEEKLY: 7 * _DAY}
_BEGINNING = {Digest.DAILY: 0, Digest.WEEKLY: -3 * _DAY}
"""Where one period begins: 1970 began on a Thursday."""

_EXCERPT = 300


def digest_items(
    channel: Channel,
    entries: Iterable[Entry],
    digest: Digest,
    now: int,
    content: Content = Content.FULL,
) -> list[Item]:
    """Return an item for each period that was over at `now` (ms) and has entries, newest first.

    `entries` may be in any order; those of the period that is under way are passed over. An item lists title,
    link and sources of its entries, newest surfaced first, and the beginning of their texts unless `content`
    asks for none. It is published as of the end of its period, and its id is made of the channel's id, the
    kind of period and its start. An entry that cannot be published is left out and logged.
    """
    under_way = period_start(digest, now)
    by_start: defaultdict[int, list[Entry]] = defaultdict(list)
    for entry in entries:
        if (start := period_start(digest, entry.surfaced)) < under_way:
            by_start[start].append(entry)
    return [
        item
        for start in sorted(by_start, reverse=True)
        for item in _digest_of(channel, by_start[start], digest, start, content)
    ]


def period_start(digest: Digest, instant: int) -> int:
    """Return when the period began (ms) that an instant (ms) is in; it ends where the next one begins."""
    beginning, length = _BEGINNING[digest], _LENGTH[digest]
    return (instant - beginning) // length * length + beginning


def next_period_end(digest: Digest, now: int) -> int:
    """Return when (ms, after `now`) the period that is under way ends, and its item can appear."""
    return period_start(digest, now) + _LENGTH[digest]


def periods_since(digest: Digest, now: int, count: int) -> int:
    """Return when (ms) the earliest of the last `count` periods that were over at `now` began.

    With all entries that surfaced since then, each of the items is whole.
    """
    return period_start(digest, now) - count * _LENGTH[digest]


def _digest_of(
    channel: Channel, entries: Sequence[Entry], digest: Digest, start: int, content: Content
) -> Iterator[Item]:
    newest_first = sorted(entries, key=lambda entry: (entry.surfaced, entry.id), reverse=True)
    listed = items_of(newest_first, Content.NONE if content is Content.NONE else Content.SUMMARY)
    if not listed:
        return
    end = start + _LENGTH[digest]
    day = rfc3339(start)[:10]
    period = day if digest is Digest.DAILY else f"week of {day}"
    yield Item(
        id=uuid5(_DIGESTS, f"{channel.id} {digest} {start}").urn,
        url=None,  # readers take items of one address for one
        title=f"{one_line(channel.title) or 'Untitled'}, {period}",
        content=_list(listed),
        summary=SafeHtml(""),
        excerpt=excerpt(" · ".join(item.title for item in listed), _EXCERPT),
        authors=(),
        published=end,
        updated=end,
        changed=max(end, *(item.changed for item in listed)),
        tags=(),
        attachments=(),
        language=None,
        origins=(),
    )


def _list(items: Sequence[Item]) -> SafeHtml:
    return SafeHtml(f"<ul>{''.join(map(_listed, items))}</ul>")


def _listed(item: Item) -> str:
    title = escape(item.title, quote=False)
    if item.url:
        title = f'<a href="{escape(item.url)}" rel="noopener noreferrer">{title}</a>'
    names = ", ".join(dict.fromkeys(origin.name for origin in item.origins))
    text = "" if item.excerpt in {"", item.title} else f"<p>{escape(item.excerpt, quote=False)}</p>"
    return f"<li><p>{title} – {escape(names, quote=False)}</p>{text}</li>"
