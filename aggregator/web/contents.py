"""What a feed's document is made of: its head, and items that are made only when they are needed. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from aggregator.config import Config
from aggregator.model import Channel, Entry, FeedSpec, Incident
from aggregator.publish.digest import digest_items
from aggregator.publish.item import Item, items_of, ordered
from aggregator.publish.status import status_items
from aggregator.web.digests import digested
from aggregator.web.selection import Selection, channel_of
from aggregator.web.urls import FeedTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """A feed's head and items."""

    channel: Channel
    fingerprint: int
    """Equal for what gives equal items, within this process."""
    items: Callable[[], list[Item]] = field(repr=False)
    """Makes the items, in the document's order: that takes far longer than to select them."""
    expires: int | None = None
    """When other entries may be due (ms) although none changed; None when that cannot be."""


def contents_of(selection: Selection, entries: Sequence[Entry]) -> Contents:
    """Return the contents of a feed of these entries, which its selection gave."""
    channel, plan = selection.channel, selection.digest
    listed = ordered(entries, selection.order) if plan is None else digested(plan, entries)

    def items() -> list[Item]:
        if plan is None:
            return items_of(listed, selection.content)
        return digest_items(channel, listed, plan.digest, plan.now, selection.content)

    look = (channel, selection.content, plan and plan.digest)
    return Contents(
        channel=channel,
        fingerprint=hash((look, tuple(listed))),
        items=items,
        expires=selection.expires,
    )


def status_contents(target: FeedTarget, config: Config, incidents: Sequence[Incident]) -> Contents:
    """Return the contents of the feed of what happened to sources."""
    spec = FeedSpec(
        slug="status",
        title=f"{config.service.title}: sources",
        description="Sources that fail for good, move, are gone or recover",
        language="en",
    )
    channel = channel_of(target, config, spec)
    return Contents(
        channel=channel,
        fingerprint=hash((channel, tuple(incidents))),
        items=lambda: status_items(incidents),
    )
