"""How long entries are kept, and where they are written to beside the database."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from aggregator.model.expression import Expression
from aggregator.model.source import Source

_DAY = 86_400_000


class ArchiveKind(StrEnum):
    """What is written to a folder."""

    JEKYLL = "jekyll"
    """A post of each entry."""
    SITE = "site"
    """Every published feed, with pages for people."""


class PostStyle(StrEnum):
    """How posts are written."""

    SAFE = "safe"
    """For any parser of YAML, any renderer of Markdown and any file system."""
    LEGACY = "legacy"
    """As the scripts wrote them which this service replaces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveFolder:
    """A folder that is kept up to date: one `[[archives]]` table. Its conditions combine with *and*."""

    folder: Path
    """Relative to the working directory."""
    kind: ArchiveKind = ArchiveKind.JEKYLL
    style: PostStyle = PostStyle.SAFE
    any: tuple[str, ...] = ()
    """An entry has at least one of these tags (no condition when empty)."""
    all: tuple[str, ...] = ()
    none: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    match: Expression | None = None
    update: bool = False
    """Whether posts follow edited entries; else a post stays as it was first written."""
    commit: bool = False
    """Whether what was written is committed to the git repository that the folder is in."""
    interval: int = 60_000
    """Milliseconds between two looks at what has changed."""
    base_url: str | None = None
    """Where a site is served; its links are relative wherever they can be when None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Which entries are deleted: the `[retention]` table. By default, none ever."""

    max_age: int | None = None
    """Milliseconds since an entry surfaced."""
    max_entries: int | None = None
    """Of the whole store: the newest surfaced so many are kept."""
    per_source: int | None = None
    """Of each source that does not say otherwise: its newest surfaced so many are kept."""
    keep_tags: tuple[str, ...] = ()
    """Entries with one of these tags are kept for ever."""
    keep: Expression | None = None
    """And entries that meet this expression."""


def keeps_everything(retention: Retention, sources: Iterable[Source]) -> bool:
    """Return whether there is no limit that lets an entry go."""
    limits = (retention.max_age, retention.max_entries, retention.per_source)
    return all(limit is None for limit in limits) and all(
        source.max_age is None and source.max_entries is None for source in sources
    )


class PurgeReason(StrEnum):
    """Why an entry is to be deleted."""

    AGE = "age"
    """It surfaced too long ago."""
    SOURCE = "source"
    """Its source has enough newer ones."""
    STORE = "store"
    """The whole store has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DueEntry:
    """An entry that retention lets go."""

    id: int
    title: str
    source: str
    """The name of the source that brought it first, as it is stored."""
    surfaced: int
    reason: PurgeReason


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupPlan:
    """When the running service backs the database up: the `[backup]` table."""

    folder: Path
    interval: int = _DAY
    """Milliseconds."""
    keep: int = 7
    """So many backups are kept, the newest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What changed in the store after some point."""

    number: int
    """The point up to which this tells everything; ask from there the next time."""
    entries: tuple[int, ...]
    """IDs of entries that are new, or changed in any way, or gone; rising."""
    tags: tuple[str, ...]
    """Tags that an entry got or lost."""
    feeds: tuple[str, ...]
    """Slugs of configured feeds that an entry entered or left."""
    sources: bool
    """Whether what is published of a source (name, address, site, picture) has changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFile:
    """A file that was written to a folder."""

    path: str
    """Relative to the folder, with `/`."""
    digest: bytes
    """Of its bytes."""
    entry_id: int | None = None
    """The entry that it holds, when it holds just one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderState:
    """How far a folder follows the store."""

    number: int = 0
    """All changes up to this one are written."""
    made_with: str = ""
    """What else its files depend on, such as the config: where it is another now, all are made anew."""
