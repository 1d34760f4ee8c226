"""The data types of the house; imports nothing of ours.

Every instant is an integer of milliseconds since 1970 UTC, every span of time an integer of milliseconds,
every size an integer of bytes. A new name stands for each state of the data:

    Source + SourceState ─► PollJob ─► Fetched | NotModified | FetchFailed
        ─► ParsedFeed ─► Reading (EntryDraft…) | Unreadable ─► TaggedDraft ─► PollCommit ─► Entry
    FeedSpec ─► EntryQuery ─► Entry… ─► FeedDocument

An `Expression` says which entries a `Rule` changes and a feed holds.
"""

from aggregator.model.archive import ArchivePage, FrozenDocument, Series
from aggregator.model.article import WantedPage
from aggregator.model.document import (
    NOTHING_SAID,
    About,
    Enclosure,
    EntryDraft,
    Episode,
    IdentityKeys,
    Pace,
    ParsedEntry,
    ParsedFeed,
    Reading,
    TaggedDraft,
    Unreadable,
)
from aggregator.model.entry import (
    Budget,
    Entry,
    EntryQuery,
    Given,
    SourceRef,
    SourceStatus,
    StoredEntry,
    TagCount,
)
from aggregator.model.exchange import Fetched, FetchFailed, FetchRequest, NotModified, Validators
from aggregator.model.expression import (
    And,
    Comparison,
    Expression,
    Field,
    Has,
    Not,
    Operator,
    Or,
    Part,
    Pattern,
    Text,
)
from aggregator.model.feed import Channel, FeedDocument
from aggregator.model.imported import (
    Fate,
    ImportedPost,
    KnownPost,
    OriginalPost,
    TakenPost,
    post_digest,
)
from aggregator.model.incident import Incident, IncidentKind
from aggregator.model.keeping import (
    ArchiveFolder,
    ArchiveKind,
    BackupPlan,
    Changes,
    DueEntry,
    FolderState,
    PostStyle,
    PurgeReason,
    Retention,
    WrittenFile,
    keeps_everything,
)
from aggregator.model.listed import FollowedList, ListedSource
from aggregator.model.outcome import Outcome
from aggregator.model.poll import (
    Dedupe,
    HostPause,
    PollCommit,
    PollJob,
    PollReport,
    PollTally,
    ReadFeed,
    SourceState,
    StoryPolicy,
)
from aggregator.model.rule import Applied, InForce, Rule, Ruling
from aggregator.model.site import Position, SiteFeed, SitePage
from aggregator.model.source import (
    Content,
    Digest,
    FeedSpec,
    Order,
    Selectors,
    Source,
    Subscription,
    host_of,
)
from aggregator.model.text import RawHtml, SafeHtml

__all__ = [
    "NOTHING_SAID",
    "About",
    "And",
    "Applied",
    "ArchiveFolder",
    "ArchiveKind",
    "ArchivePage",
    "BackupPlan",
    "Budget",
    "Changes",
    "Channel",
    "Comparison",
    "Content",
    "Dedupe",
    "Digest",
    "DueEntry",
    "Enclosure",
    "Entry",
    "EntryDraft",
    "EntryQuery",
    "Episode",
    "Expression",
    "Fate",
    "FeedDocument",
    "FeedSpec",
    "FetchFailed",
    "FetchRequest",
    "Fetched",
    "Field",
    "FolderState",
    "FollowedList",
    "FrozenDocument",
    "Given",
    "Has",
    "HostPause",
    "IdentityKeys",
    "ImportedPost",
    "InForce",
    "Incident",
    "IncidentKind",
    "KnownPost",
    "ListedSource",
    "Not",
    "NotModified",
    "Operator",
    "Or",
    "Order",
    "OriginalPost",
    "Outcome",
    "Pace",
    "ParsedEntry",
    "ParsedFeed",
    "Part",
    "Pattern",
    "PollCommit",
    "PollJob",
    "PollReport",
    "PollTally",
    "Position",
    "PostStyle",
    "PurgeReason",
    "RawHtml",
    "ReadFeed",
    "Reading",
    "Retention",
    "Rule",
    "Ruling",
    "SafeHtml",
    "Selectors",
    "Series",
    "SiteFeed",
    "SitePage",
    "Source",
    "SourceRef",
    "SourceState",
    "SourceStatus",
    "StoredEntry",
    "StoryPolicy",
    "Subscription",
    "TagCount",
    "TaggedDraft",
    "TakenPost",
    "Text",
    "Unreadable",
    "Validators",
    "WantedPage",
    "WrittenFile",
    "host_of",
    "keeps_everything",
    "post_digest",
]
