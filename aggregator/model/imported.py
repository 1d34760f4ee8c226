"""Posts that came from an archive of files: on their way into the store, and what it has kept of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b

from aggregator.model.document import EntryDraft
from aggregator.model.source import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedPost:
    """A post that was read, with what makes an entry of it."""

    file_name: str
    """Relative to the folder of the posts, with `/`; bytes that are not UTF-8 as lone surrogates."""
    body: bytes
    """The whole file."""
    draft: EntryDraft
    """As a poll would make it of the same item; `published` is what the source said, as far as is known."""
    further_links: tuple[bytes, ...] = ()
    """Like `draft.keys.link`: of other ways to write the link that lead to the same page."""
    further_stories: tuple[bytes, ...] = ()
    """Like `draft.keys.story`, of the same."""
    source: Source
    """Whose entry it is: a source of the config, else one of that name, most often without an address."""
    site_url: str | None = None
    """Of the source's site, for a source that is not known yet."""
    dated: int | None = None
    """When it was published (ms), as the archive has it."""
    said: int | None = None
    """The ID that it asks for: what the source said in ms."""
    name_date: int | None = None
    """Midnight (ms) of the day that the file's name begins with."""


class Fate(StrEnum):
    """What became of a post."""

    NEW = "new"
    """It is an entry of its own."""
    JOINED = "joined"
    """It is an entry that a source had brought already."""
    UPDATED = "updated"
    """Its entry says now what the file says."""
    UNCHANGED = "unchanged"
    PURGED = "purged"
    """Its entry was deleted, as retention wants it: it is not taken again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenPost:
    """A post that was looked at, and what became of it."""

    file_name: str
    fate: Fate
    entry_id: int | None
    """None when the entry was deleted."""
    source: str = ""
    """The name under which the store has its source; empty where it was not looked up."""
    dated: int | None = None
    """When it is taken to be published (ms); None when nothing usable says so, or it was not looked up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPost:
    """What the store knows a post by."""

    file_name: str
    digest: bytes
    """Of its bytes, as `post_digest` makes it."""
    entry_id: int | None
    """None when its entry was deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginalPost:
    """The file that an entry was imported from, to the letter."""

    entry_id: int
    file_name: str
    """As it was when it was last imported, relative to the folder of the posts, with `/`.

    It may hold what no file system but its own takes; bytes that are not UTF-8 are lone surrogates.
    """
    body: bytes
    current: bool
    """Whether the entry is still what the post said: nothing that readers see was edited since."""


def post_digest(body: bytes) -> bytes:
    """Return what the bytes of a post are known by: 16 bytes."""
    return blake2b(body, digest_size=16).digest()
