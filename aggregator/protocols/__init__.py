"""The few seams of the house: what stands behind each can be another thing, or a test's fake."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Protocol

from aggregator.model import (
    Budget,
    Entry,
    EntryQuery,
    Fetched,
    FetchFailed,
    FetchRequest,
    Incident,
    NotModified,
    PollCommit,
    PollJob,
    PollReport,
    PollTally,
    RawHtml,
    Reading,
    Selectors,
    Source,
    SourceStatus,
    StoryPolicy,
    TagCount,
    Unreadable,
    WantedPage,
)
from aggregator.protocols.roles import (
    Archives,
    Curation,
    Folders,
    FollowedLists,
    Posts,
    Pruning,
    Sites,
)

__all__ = [
    "NO_POLICY",
    "Archives",
    "Clock",
    "Curation",
    "DocumentReader",
    "Fetcher",
    "Folders",
    "FollowedLists",
    "Posts",
    "Pruning",
    "Sites",
    "Store",
]

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
