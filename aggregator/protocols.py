"""The few seams of the house: what stands behind each can be another thing, or a test's fake."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from aggregator.model import (
    Applied,
    ArchivePage,
    Budget,
    Changes,
    DueEntry,
    Entry,
    EntryQuery,
    Fetched,
    FetchFailed,
    FetchRequest,
    FolderState,
    FollowedList,
    FrozenDocument,
    ImportedPost,
    Incident,
    InForce,
    KnownPost,
    NotModified,
    OriginalPost,
    PollCommit,
    PollJob,
    PollReport,
    PollTally,
    Position,
    RawHtml,
    Reading,
    Retention,
    Rule,
    Selectors,
    Series,
    SiteFeed,
    SitePage,
    Source,
    SourceStatus,
    StoredEntry,
    StoryPolicy,
    TagCount,
    TakenPost,
    Unreadable,
    WantedPage,
    WrittenFile,
)

NO_POLICY = StoryPolicy()
"""No rules, and no feeds but those of tags, sources and everything."""

Clock = Callable[[], int]
"""Tells the time: milliseconds since 1970 UTC."""


class Fetcher(Protocol):
    """Brings documents from sources. Safe to call from several threads at once."""

    def fetch(self, request: FetchRequest) -> Fetched | NotModified | FetchFailed:
        """Return what the source answered within the request's limits; raises nothing for its faults."""

    def abort(self) -> None:
        """End every exchange under way, soon: each returns a `FetchFailed`. Later ones fail at once."""


class DocumentReader(Protocol):
    """Turns documents into drafts, out of reach of the service. Safe to call from several threads."""

    def read(self, document: Fetched, selectors: Selectors | None = None) -> Reading | Unreadable:
        """Return the document's items, or why there are none; raises nothing for the document's faults.

        With `selectors` the document is a web page, and they find its items.
        """

    def close(self) -> None:
        """End the work under way and give back its processes. Not usable afterwards."""


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
        """Return the URL of each source by its name, also of those that left the config."""


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


class Store(Protocol):
    """Keeps sources' state, polls and entries. Safe to call from several threads at once.

    Every method raises `StoreError` when the database cannot be read or written.
    """

    @property
    def archives(self) -> Archives:
        """The history of what is published."""

    @property
    def folders(self) -> Folders:
        """The folders that entries are written to."""

    @property
    def posts(self) -> Posts:
        """The posts that entries were imported from."""

    @property
    def pruning(self) -> Pruning:
        """What is deleted for its age or number."""

    @property
    def sites(self) -> Sites:
        """The pages of folders that hold a site."""

    @property
    def lists(self) -> FollowedLists:
        """The lists of sources that are followed."""

    @property
    def curation(self) -> Curation:
        """Rules and feeds over what is stored."""

    def sync_sources(self, sources: Sequence[Source], *, now: int, policy: StoryPolicy = NO_POLICY) -> None:
        """Make the stored sources those of the config, and its rules and feeds those in force.

        New ones are due at `now`; those that went keep their entries and are no longer polled or listed; a
        changed URL is due at `now` and forgets its validators, unless it is the address that the source has
        moved to; a shorter interval holds at once, but for sources that fail and what servers and documents
        asked for; changed tags are given to the entries that the source brought before, and rules are asked
        about these. Feeds that are new, or whose conditions are, hold the newest entries at once, and the
        rest when `Curation.fill_feeds` has come to it.
        """

    def spread_due(self, *, now: int, apart: int, over: int = 0) -> None:
        """Make sources that are due, and not claimed, due one after the other, at least `apart` ms apart.

        Few are spread over `over` ms. The longest overdue is due at `now`; none is put off by more than half
        of its interval.
        """

    def claim_due(
        self, *, now: int, limit: int, lease: int, busy: Collection[str] | None = None
    ) -> list[PollJob]:
        """Claim up to `limit` enabled sources that are due, longest overdue first, for `lease` ms.

        At most one of each host, and none of the `busy` hosts; with None, hosts do not matter.
        """

    def claim(self, names: Sequence[str], *, now: int, lease: int) -> list[PollJob]:
        """Claim these sources, due or not, in the given order; unknown names are passed over."""

    def release(self, jobs: Sequence[PollJob]) -> None:
        """Give up the claims of these jobs: they were not, and will not be, polled."""

    def take_schedule(self) -> None:
        """Become the process that claims due sources, until `close`; forget claims of those before.

        Raises `StoreError` when another living process is that already.
        """

    def record(self, commit: PollCommit, policy: StoryPolicy, *, now: int) -> PollTally:
        """Write everything of one poll in one transaction, and give up its claim.

        `now` is the first-seen time of entries that are new. A pause that the host asked for holds for every
        source of that host, whatever later polls, configs and restarts say.
        """

    def revision(self) -> int:
        """Return a number that grows whenever entries, or what feeds say of sources, change."""

    def entries(self, query: EntryQuery, budget: Budget | None = None) -> list[Entry]:
        """Return the selected entries, newest surfaced first, equal ones by falling ID.

        Raises `CostError` when that costs more than the budget.
        """

    def walk(self, query: EntryQuery) -> Iterator[Entry]:
        """Yield every entry that meets the query's conditions (its limits aside), by rising ID."""

    def entry(self, entry_id: int) -> Entry | None:
        """Return one entry."""

    def source_statuses(self) -> list[SourceStatus]:
        """Return the configured sources in the config's order."""

    def polls(self, name: str, *, limit: int) -> list[tuple[PollReport, PollTally]]:
        """Return the last polls of a source that is, or was, configured; newest first."""

    def incidents(self, *, limit: int) -> list[Incident]:
        """Return the last turns in sources' lives, newest first; the newest 500 are kept.

        A source counts as failing when three polls in a row failed, but not while none of the hosts, or next
        to none, gives an answer: then it is our own network.
        """

    def wanted_pages(self, source_id: int, *, now: int, limit: int) -> list[WantedPage]:
        """Return up to `limit` pages of a source's entries that may be fetched at `now`, the newest first.

        Those of hosts that want a pause may not.

        They are those of entries that were new when a poll with `full_text` was recorded, a bounded number.
        """

    def keep_article(self, entry_id: int, article: RawHtml, policy: StoryPolicy, *, now: int) -> None:
        """Keep an entry's article beside what its source says; its page is no longer wanted.

        The rules are asked about what the entry says now.
        """

    def note_page_failure(self, entry_id: int, problem: str, *, final: bool) -> bool:
        """Remember why a page gave no article; return whether it was its last try, as it is when `final`."""

    def pause_host(self, host: str, *, until: int, now: int) -> None:
        """Let no source and no page of the host (as `host_of` tells it) be asked for before `until`."""

    def tag_counts(self) -> list[TagCount]:
        """Return every tag that an entry has, by falling number of entries, then by name."""

    def entry_count(self) -> int:
        """Return how many entries are published: dropped ones do not count."""

    def ping(self) -> None:
        """Return when the database answers a read; raises `StoreError` when it does not."""

    def close(self) -> None:
        """Finish writing and let go of the database."""
