"""The data types of the house; imports nothing of ours.

Every instant is an integer of milliseconds since 1970 UTC, every span of time an integer of milliseconds,
every size an integer of bytes. A new name stands for each state of the data:

    Source + SourceState ─► PollJob ─► Fetched | NotModified | FetchFailed
        ─► ParsedFeed ─► Reading (EntryDraft…) | Unreadable ─► TaggedDraft ─► PollCommit ─► Entry
    FeedSpec ─► EntryQuery ─► Entry… ─► FeedDocument
"""

from aggregator.model.article import WantedPage
from aggregator.model.document import (
    Enclosure,
    EntryDraft,
    IdentityKeys,
    Pace,
    ParsedEntry,
    ParsedFeed,
    Reading,
    TaggedDraft,
    Unreadable,
)
from aggregator.model.entry import Entry, EntryQuery, SourceRef, SourceStatus, TagCount
from aggregator.model.exchange import Fetched, FetchFailed, FetchRequest, NotModified, Validators
from aggregator.model.feed import Channel, FeedDocument
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
from aggregator.model.source import FeedSpec, Selectors, Source, host_of
from aggregator.model.text import RawHtml, SafeHtml

__all__ = [
    "Channel",
    "Dedupe",
    "Enclosure",
    "Entry",
    "EntryDraft",
    "EntryQuery",
    "FeedDocument",
    "FeedSpec",
    "FetchFailed",
    "FetchRequest",
    "Fetched",
    "HostPause",
    "IdentityKeys",
    "NotModified",
    "Outcome",
    "Pace",
    "ParsedEntry",
    "ParsedFeed",
    "PollCommit",
    "PollJob",
    "PollReport",
    "PollTally",
    "RawHtml",
    "ReadFeed",
    "Reading",
    "SafeHtml",
    "Selectors",
    "Source",
    "SourceRef",
    "SourceState",
    "SourceStatus",
    "StoryPolicy",
    "TagCount",
    "TaggedDraft",
    "Unreadable",
    "Validators",
    "WantedPage",
    "host_of",
]
