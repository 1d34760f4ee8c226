"""Which items of a document are known, and when new ones surface: pure deciders, used by every store.

Within a source an entry is recognised by its guid; else by its link; else by title and date; an item that has
neither guid nor link, by its text. Weaker keys let a source rewrite its guids or addresses without bringing
anything twice; each is believed only where it names one item of the document, and never against a
stronger one: an entry that one item has claimed is not open to the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from aggregator.model import EntryDraft, StoryPolicy, TaggedDraft


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a store knows of an entry that one of a document's keys leads to."""

    id: int
    title: str
    source_published: int | None
    guid: str | None
    revision: bytes | None
    """Of the version that this source last said; None when only other sources carry the entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One item of a document with the keys that may be believed, each prefixed by its kind."""

    tagged: TaggedDraft
    guid: bytes | None = None
    link: bytes | None = None
    title_date: bytes | None = None
    text: bytes | None = None

    @property
    def keys(self) -> tuple[bytes, ...]:
        """The usable keys, strongest first; never empty."""
        return tuple(key for key in (self.guid, self.link, self.title_date, self.text) if key is not None)

    @property
    def draft(self) -> EntryDraft:
        """The item itself."""
        return self.tagged.draft


def candidates(drafts: Sequence[TaggedDraft]) -> list[Candidate]:
    """Return the document's distinct items, in its order, each with at least one key that names it alone.

    Of several versions of one item the upper one stays. A guid that different items share (some sources say
    the same one everywhere) is believed of none of them, nor is a shared link, nor a shared title and date.
    """
    found = [_with_keys(tagged) for tagged in _without_repeats(drafts)]
    found = _believe_unique(found, lambda c: c.guid, lambda c: replace(c, guid=None))
    found = _believe_unique(found, lambda c: c.link, lambda c: replace(c, link=None))
    found = _believe_unique(found, lambda c: c.title_date, lambda c: replace(c, title_date=None))
    # The text is the identity only of what has no other: a notice may say the same every day.
    found = [replace(c, text=None) if c.guid or c.link else c for c in found]
    texts: set[bytes] = set()
    distinct = []
    for candidate in found:
        if candidate.text in texts:
            continue
        if candidate.text is not None:
            texts.add(candidate.text)
        distinct.append(candidate)
    return distinct


def match(items: Sequence[Candidate], known: Mapping[bytes, Known]) -> list[Known | None]:
    """Return for each item the entry of the same source that it is, or None when it is new.

    `known` holds what each of the items' keys leads to within the source.
    """
    found: list[Known | None] = [None] * len(items)
    claimed: set[int] = set()
    for key_of, fits in _PASSES:
        for index, item in enumerate(items):
            key = key_of(item)
            if found[index] is not None or key is None:
                continue
            entry = known.get(key)
            if entry is not None and entry.id not in claimed and fits(item.draft, entry):
                found[index] = entry
                claimed.add(entry.id)
    return found


def match_stories(
    items: Sequence[Candidate], own: Sequence[Known | None], stories: Mapping[bytes, Known]
) -> list[Known | None]:
    """Return for each item the entry that another source brought before, or None.

    `own` is what `match` found. `stories` holds what each link leads to across sources. An entry that this
    source carries already is not another source's story.
    """
    claimed = {entry.id for entry in own if entry is not None}
    found: list[Known | None] = []
    for item, mine in zip(items, own, strict=True):
        story = stories.get(item.link) if mine is None and item.link is not None else None
        if story is not None and (story.revision is not None or story.id in claimed):
            story = None
        if story is not None:
            claimed.add(story.id)
        found.append(story)
    return found


def surfaces_at(dated: int | None, *, newest: int | None, policy: StoryPolicy, now: int) -> int:
    """Return the instant (ms) at which an entry that is new in a source becomes visible to subscribers.

    `dated` is its usable publication; `newest` is the newest publication that the source had before this
    document (None at its first). What a first document holds, and what is far older than the source's
    newest (an archive that was put back), surfaces at its publication: subscribers are not flooded. All
    else surfaces `now`, so that an item that comes late is not missed.
    """
    if dated is None or dated > now:
        return now
    if newest is None or dated < newest - policy.backfill_after:
        return dated
    return now


def _with_keys(tagged: TaggedDraft) -> Candidate:
    keys = tagged.draft.keys
    return Candidate(
        tagged=tagged,
        guid=None if keys.guid is None else b"g" + keys.guid,
        link=None if keys.link is None else b"l" + keys.link,
        title_date=None if keys.title_date is None else b"d" + keys.title_date,
        text=b"t" + keys.text,
    )


def _without_repeats(drafts: Sequence[TaggedDraft]) -> Iterable[TaggedDraft]:
    seen: set[tuple[object, ...]] = set()
    for tagged in drafts:
        draft, keys = tagged.draft, tagged.draft.keys
        marks: set[tuple[object, ...]]
        if keys.guid is not None:
            marks = {("title", keys.guid, draft.title), ("date", keys.guid, keys.link, draft.published)}
        elif keys.link is not None:
            marks = {("link", keys.link, draft.title)}
        else:
            marks = {("text", keys.text)}
        if seen.isdisjoint(marks):
            yield tagged
        seen |= marks


def _believe_unique(
    items: list[Candidate],
    key_of: Callable[[Candidate], bytes | None],
    without: Callable[[Candidate], Candidate],
) -> list[Candidate]:
    count = Counter(key_of(item) for item in items)
    return [without(item) if key_of(item) is not None and count[key_of(item)] > 1 else item for item in items]


def _always(_draft: EntryDraft, _entry: Known) -> bool:
    return True


def _same_behind_link(draft: EntryDraft, entry: Known) -> bool:
    """Whether a shared link is enough: with two different guids, title or date must agree as well."""
    if draft.guid is None or entry.guid is None:
        return True
    return draft.title == entry.title or (
        draft.published is not None and draft.published == entry.source_published
    )


_PASSES: tuple[
    tuple[Callable[[Candidate], bytes | None], Callable[[EntryDraft, Known], bool]],
    ...,
] = (
    (lambda item: item.guid, _always),
    (lambda item: item.link, _same_behind_link),
    (lambda item: item.title_date, _always),
    (lambda item: item.text, _always),
)
