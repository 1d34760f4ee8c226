"""The parts of a store: each is one role of it, of the same safety and errors as the whole."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from aggregator.model import (
    Applied,
    ArchivePage,
    Changes,
    DueEntry,
    FolderState,
    FollowedList,
    FrozenDocument,
    ImportedPost,
    InForce,
    KnownPost,
    OriginalPost,
    Position,
    Retention,
    Rule,
    Series,
    SiteFeed,
    SitePage,
    Source,
    StoredEntry,
    StoryPolicy,
    TakenPost,
    WrittenFile,
)


class Archives(Protocol):
    """The history of published feeds, in pages; part of a `Store`, of the same safety and errors.

    What is on a page is decided once. Its documents never change after they were first asked for, whatever
    becomes of the entries.
    """

    def latest(self, series: Series, current: Collection[int]) -> int | None:
        """Return the number of the newest page; None when the series has none, or is still being filled.

        `current` are the IDs of the entries that the series' current document holds: first, entries that are
        neither there nor on a page are put on new ones.
        """

    def page(self, series: Series, number: int) -> ArchivePage | None:
        """Return a page with its entries as they are now; None when there is no such page."""

    def frozen(self, series: Series, number: int, suffix: str) -> FrozenDocument | None:
        """Return what was first published of a page in a format; None when nothing was."""

    def freeze(self, series: Series, page: ArchivePage, documents: Mapping[str, FrozenDocument]) -> None:
        """Keep what is published of a page for ever, by suffix; what another has kept before stays.

        Keeps nothing when entries of the page have left the series since it was read, or come back.
        """


class FollowedLists(Protocol):
    """What is remembered of lists that are followed; part of a `Store`, of the same safety and errors."""

    def all(self) -> list[FollowedList]:
        """Return every list that was looked at, by URL."""

    def keep(self, followed: FollowedList) -> None:
        """Remember a list as it is now, in place of what was."""

    def forget_others(self, urls: Collection[str]) -> None:
        """Forget all lists but these."""

    def revision(self) -> int:
        """Return a number that is another one when a list names other sources than before."""

    def is_paused(self, host: str, *, now: int) -> bool:
        """Whether the host (as `host_of` tells it) wants to be left alone at `now`."""

    def names_in_use(self) -> dict[str, str]:
        """Return the URL of each source by its name, also of those that left the config.

        It is empty for those that are none of a config, but names of imported posts.
        """


class Curation(Protocol):
    """Rules and feeds over what is stored; part of a `Store`, of the same safety and errors."""

    def fill_feeds(self, *, limit: int) -> int:
        """Look at up to `limit` stored entries, newest surfaced first, for feeds that are new or changed.

        Returns how many are still to be looked at, counted up to a bound; 0 when every feed is filled. Can be
        broken off between two calls, and goes on where it was.
        """

    def apply_rules(self, rules: tuple[Rule, ...], *, span: int | None, now: int, limit: int) -> Applied:
        """Ask these rules about the next `limit` entries, newest first, and let them have what they say.

        Only entries dated (`Entry.dated`) within `span` ms before the `now` of the first call, when it is not
        None. What was broken off goes on where it was, with the same rules and span. Where entries have not
        been before they surface as they once did: nobody is flooded.
        """

    def in_force(self) -> InForce:
        """Return rules and feeds of the config that `sync_sources` last got, and what entries stand under."""

    def stored(self, *, since: int | None = None) -> Iterator[StoredEntry]:
        """Yield every entry, also dropped ones, by falling ID; those dated at `since` (ms) or later only."""

    def count_stored(self, *, since: int | None = None) -> int:
        """Return how many entries `stored` yields."""

    def stored_entry(self, entry_id: int) -> StoredEntry | None:
        """Return one entry as `stored` does."""


class Folders(Protocol):
    """What is remembered of folders that entries are written to; part of a `Store`, likewise safe.

    A folder is known by a mark, which is kept in it.
    """

    def changes(self, *, since: int) -> Changes:
        """Return what changed after that point; from 0 not everything that there is, only what was noted.

        So read `number` before what is there, for a folder that is written for the first time.
        """

    def number(self) -> int:
        """Return the point that the store's changes have come to: all later ones come after it."""

    def state(self, mark: str) -> FolderState | None:
        """Return how far a folder follows the store; None when it is not known."""

    def files(self, mark: str, entry_ids: Collection[int] | None = None) -> list[WrittenFile]:
        """Return what was written to a folder, by path; only the files of those entries, when given."""

    def keep(
        self,
        mark: str,
        files: Sequence[WrittenFile] = (),
        *,
        gone: Collection[str] = (),
        state: FolderState | None = None,
    ) -> None:
        """Remember files as written, others as gone, and how far the folder is now: in one transaction."""

    def forget(self, mark: str) -> None:
        """Forget a folder and its files."""


class Posts(Protocol):
    """Posts of archives, that become entries; part of a `Store`, of the same safety and errors."""

    def known(self) -> list[KnownPost]:
        """Return every post that was taken, also those whose entries were deleted since."""

    def take(self, posts: Sequence[ImportedPost], policy: StoryPolicy, *, now: int) -> list[TakenPost]:
        """Make entries of posts, in their order and in one transaction; return what became of each.

        One whose file name is known and whose bytes are others brings its entry up to date. One whose link or
        text an entry has that was polled, and that no other post is, is that entry. Every other one is an
        entry of its own, whatever else is the same, and surfaced when it was published. `now` is when an
        entry is first seen that has no date at all.
        """

    def rehearse(
        self, posts: Sequence[ImportedPost], policy: StoryPolicy, *, now: int, given: set[int]
    ) -> list[TakenPost]:
        """Return what would become of posts, and write nothing.

        The IDs that they would get, or whose entries they would be, are added to `given`, and are taken for
        those that come next with the same set.
        """

    def rename(self, names: Sequence[tuple[KnownPost, str]]) -> None:
        """Give known posts other file names."""

    def know_links(self, keys: Sequence[bytes]) -> int:
        """Make links known from before; return how many were not known yet.

        Items of any source that have one, and that no entry is, are passed over. Keys are those that
        `ingest.normalize` makes of an item's link (`IdentityKeys.link`).
        """

    def originals(self, entry_ids: Collection[int]) -> dict[int, OriginalPost]:
        """Return the posts that entries were imported from, by ID; other entries are not among them."""


class Pruning(Protocol):
    """What is deleted for its age or number; part of a `Store`, likewise safe.

    An entry goes when each of its sources lets it go, or when the whole store has enough newer ones; unless
    it is one of those that are kept. Sources that are not configured have the general limits.
    """

    def due(self, retention: Retention, sources: Sequence[Source], *, now: int) -> Iterator[DueEntry]:
        """Yield the entries that would be deleted at `now`, each once; the oldest of each source first."""

    def purge(
        self, retention: Retention, sources: Sequence[Source], *, now: int, limit: int
    ) -> Iterator[Sequence[DueEntry]]:
        """Delete what is due at `now`: look at up to `limit` entries in a transaction, yield what is gone.

        There may be nothing between two yields that was due. What is broken off goes on with the next call.
        Items that sources still list are known: they do not come back. IDs are not given again.
        """

    def are_applied(self, retention: Retention, sources: Sequence[Source]) -> bool:
        """Return whether the last run of `purge` that came to its end was under the same limits."""

    def compact(self) -> None:
        """Give the space of what was deleted back to the file system; takes as much again for a while.

        Raises `StoreError` when the service runs on the database: it would have to wait for minutes.
        """


class Sites(Protocol):
    """What is remembered of folders that hold a site; part of a `Store`, of the same safety and errors.

    A folder is known by its mark, as `Folders` knows it, and forgotten with it.
    """

    def feeds(self, mark: str) -> dict[Series, SiteFeed]:
        """Return what was last written of each feed that the folder has."""

    def pages(self, mark: str, series: Series) -> list[SitePage]:
        """Return the pages of a feed, the oldest first; the one without a name is the last."""

    def keep(
        self,
        mark: str,
        series: Series,
        *,
        feed: SiteFeed | None = None,
        pages: Iterable[SitePage] = (),
        gone: Collection[str] = (),
    ) -> None:
        """Remember a feed and some of its pages, and forget those named as gone: in one transaction."""

    def forget(self, mark: str, series: Series) -> None:
        """Forget a feed and its pages."""

    def standing(self, entry_ids: Collection[int]) -> dict[Series, list[Position]]:
        """Return where these entries stand in everything, in feeds and under tags; dropped ones nowhere."""

    def members(
        self, series: Series, *, since: Position | None = None, until: Position | None = None
    ) -> list[Position]:
        """Return where the entries of a series stand, rising, from `since` on and before `until`."""
