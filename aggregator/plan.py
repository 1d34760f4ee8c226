"""What a config would change in what is polled, and what it had better say; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from aggregator.model import Source, SourceStatus


class Change(StrEnum):
    """What becomes of a source."""

    ADDED = "added"
    REMOVED = "removed"
    """No longer polled; its entries stay."""
    CHANGED = "changed"
    MOVED = "moved"
    """Nothing by itself: the source has a new address, which the config had better have, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change of one source."""

    change: Change
    source: str
    """Its name in the config; of a removed one, the name that it had."""
    key: str | None = None
    """The key of the config that is another."""
    before: str | None = None
    after: str | None = None


def plan(sources: Sequence[Source], known: Sequence[SourceStatus]) -> list[Step]:
    """Return what the sources of a config would change, in the config's order, the removed ones last.

    `known` are the sources of the config that was last in force. A new name with a known address is a source
    that was renamed.
    """
    statuses = {status.name: status for status in known}
    names = {source.name for source in sources}
    nameless = {status.url: status for status in known if status.name not in names}
    steps: list[Step] = []
    for source in sources:
        status = statuses.get(source.name) or nameless.pop(source.url, None)
        if status is None:
            steps.append(Step(change=Change.ADDED, source=source.name, after=source.url))
        else:
            steps.extend(_changes(source, status))
    gone = (status for status in known if status.name not in names and status.url in nameless)
    return [*steps, *(Step(change=Change.REMOVED, source=each.name, before=each.url) for each in gone)]


def _changes(source: Source, status: SourceStatus) -> Iterator[Step]:
    for key, before, after in (
        ("name", status.name, source.name),
        ("url", status.url, source.url),
        ("tags", ", ".join(status.tags), ", ".join(source.tags)),
        ("enabled", str(status.enabled).lower(), str(source.enabled).lower()),
    ):
        if before != after:
            yield Step(change=Change.CHANGED, source=source.name, key=key, before=before, after=after)
    if status.moved_to is not None and status.url == source.url:
        yield Step(
            change=Change.MOVED, source=source.name, key="url", before=source.url, after=status.moved_to
        )
