"""Which items of a document are known, and when new ones surface: pure deciders, used by every store.

Within a source an entry is recognised by its guid; else by what it says, by its link, or by title and date.
No key is believed blindly: each only where it names one item of the document, and where nothing that is said
beside it speaks against it. An entry that one item has claimed by a stronger key is not open to the others.
To take one article for another loses it; to miss that two are the same only doubles it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

from aggregator.ingest.titles import title_form
from aggregator.model import EntryDraft, StoryPolicy, TaggedDraft
from aggregator.store.sketch import Sketch, words

UNPOLLED = b""
"""The revision of what a source has not said itself yet: it is from an archive."""

_PLACE = re.compile(r"\d{1,3}", re.ASCII)
"""A guid that may well be the number of a place in a list."""

_WHOLESALE = 3
"""Items that must have changed alike before a change is taken for the source's, not the items'."""

_SPECIFIC = 200
"""Characters of HTML that are said twice only of the same article, if nothing else speaks against it."""

_HALF_A_DAY = 12 * 3_600_000
"""Within so many ms few items that say just what they said have been dated anew: notices are daily."""

_ALIKE = 0.8
"""Of the words of two texts, the share that must be common if one is the other with a counter or a notice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a store knows of an entry that one of a document's keys leads to.

    All but the ID is what the document's source last said of it; None where only other sources carry it.
    """

    id: int
    revision: bytes | None
    title: str | bytes | None
    """Of a purged entry what `title_hash` makes of it."""
    published: int | None
    guid: bytes | None
    link: bytes | None
    text: Callable[[], str | Sketch | None] = lambda: None
    """Reads the HTML (of a purged entry its sketch); only where the rest leaves doubt is it worth reading."""
    purged: bool = False
    """Whether the entry has been deleted: its items are known, and passed over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One item of a document with the keys that may be believed, each prefixed by its kind."""

    tagged: TaggedDraft
    guid: bytes | None = None
    text: bytes | None = None
    link: bytes | None = None
    title_date: bytes | None = None
    story: bytes | None = None
    """Shared with other sources: recognises nothing within its own."""

    @property
    def keys(self) -> tuple[bytes, ...]:
        """The usable keys, strongest first."""
        every = (self.guid, self.text, self.link, self.title_date, self.story)
        return tuple(key for key in every if key is not None)

    @property
    def draft(self) -> EntryDraft:
        """The item itself."""
        return self.tagged.draft


def candidates(drafts: Sequence[TaggedDraft]) -> list[Candidate]:
    """Return the document's distinct items, in its order, each with at least one key that names it alone.

    Of several versions of one item the upper one stays. A guid that different items share (some sources say
    the same one everywhere) is believed of none of them, nor is a shared link, nor a shared title and date;
    of items that say the same, the upper one stands for the text.
    """
    found = [_with_keys(tagged) for tagged in _without_repeats(drafts)]
    found = _believe_unique(found, lambda c: c.guid, lambda c: replace(c, guid=None))
    found = _believe_unique(found, lambda c: c.link, lambda c: replace(c, link=None, story=None))
    found = _believe_unique(found, lambda c: c.title_date, lambda c: replace(c, title_date=None))
    texts: set[bytes | None] = set()
    distinct = []
    for candidate in found:
        own = candidate if candidate.text not in texts else replace(candidate, text=None)
        texts.add(candidate.text)
        if own.keys:
            distinct.append(own)
    return distinct


def shared_keys(drafts: Sequence[TaggedDraft], items: Sequence[Candidate]) -> set[bytes]:
    """Return the guids and links that the document shows to name more than one item: forget them."""
    said = [_with_keys(tagged) for tagged in drafts]
    believed = {key for item in items for key in (item.guid, item.link)}
    return {key for item in said for key in (item.guid, item.link) if key is not None} - believed


def match(items: Sequence[Candidate], known: Mapping[bytes, Known]) -> list[Known | None]:
    """Return for each item the entry of the same source that it is, or None when it is new.

    `known` holds what each of the items' keys leads to within the source.
    """
    pairs = _Pairs(items, known)
    found: list[Known | None] = [None] * len(items)
    claimed: set[int] = set()
    for key_of, fits in _PASSES:
        for index, item in enumerate(items):
            entry = pairs.entry(key_of(item))
            if found[index] is not None or entry is None or entry.id in claimed:
                continue
            if fits(pairs, item, entry):
                found[index] = entry
                claimed.add(entry.id)
    return found


def match_stories(
    items: Sequence[Candidate], own: Sequence[Known | None], stories: Mapping[bytes, Known]
) -> list[Known | None]:
    """Return for each item the entry that another source brought before, or None.

    `own` is what `match` found. `stories` holds what each story's key leads to across sources. An entry that
    this source carries already is not another source's story.
    """
    claimed = {entry.id for entry in own if entry is not None}
    found: list[Known | None] = []
    for item, mine in zip(items, own, strict=True):
        story = stories.get(item.story) if mine is None and item.story is not None else None
        if story is not None and (story.revision is not None or story.id in claimed):
            story = None
        if story is not None:
            claimed.add(story.id)
        found.append(story)
    return found


def surfaces_at(dated: int | None, *, newest: int | None, policy: StoryPolicy, now: int) -> int:
    """Return the instant (ms) at which an entry that is new in a source becomes visible to subscribers.

    `dated` is its usable publication, never after `now`; `newest` is the newest publication that the source
    had before this document (None at its first). What a first document holds, and what is far older than the
    source's newest (an archive that was put back), surfaces at its publication: subscribers are not flooded.
    All else surfaces `now`, so that an item that comes late is not missed.
    """
    if dated is None:
        return now
    if newest is None or dated < newest - policy.backfill_after:
        return dated
    return now


def _with_keys(tagged: TaggedDraft) -> Candidate:
    keys = tagged.draft.keys
    return Candidate(
        tagged=tagged,
        guid=None if keys.guid is None else b"g" + keys.guid,
        text=b"t" + keys.text,
        link=None if keys.link is None else b"l" + keys.link,
        title_date=None if keys.title_date is None else b"d" + keys.title_date,
        story=None if keys.story is None else b"s" + keys.story,
    )


def _without_repeats(drafts: Sequence[TaggedDraft]) -> Iterable[TaggedDraft]:
    seen: set[tuple[object, ...]] = set()
    for tagged in drafts:
        marks = set(_marks(tagged.draft))
        if seen.isdisjoint(marks):
            yield tagged
        seen |= marks


def _marks(draft: EntryDraft) -> Iterable[tuple[object, ...]]:
    """Yield what two versions of one item share: its name, and enough that is said beside it."""
    keys = draft.keys
    name = keys.guid or keys.link
    yield (name, keys.text)
    if name is not None and draft.title and draft.published is not None:
        yield (name, keys.link, draft.title, draft.published)


def _believe_unique(
    items: list[Candidate],
    key_of: Callable[[Candidate], bytes | None],
    without: Callable[[Candidate], Candidate],
) -> list[Candidate]:
    count = Counter(key_of(item) for item in items)
    return [without(item) if key_of(item) is not None and count[key_of(item)] > 1 else item for item in items]


_Pair = tuple[Candidate, Known]


class _Pairs:
    """What speaks for and against that an item is the entry that one of its keys leads to."""

    def __init__(self, items: Sequence[Candidate], known: Mapping[bytes, Known]) -> None:
        self._known = known
        self.guids_are_places = any(self._is_elsewhere(item) for item in items)
        """Whether the document's guids are numbers of places in its list: what had one has another now."""
        same = self._with_entries(items, lambda item: item.text)
        self.links_rewritten = _links_rewritten(same, of=len(items))
        self.dates_rewritten = _all_differ(
            [(item.draft.published, entry.published) for item, entry in same], of=len(items)
        )

        self.few_said_again = len(same) == len(items) < _WHOLESALE
        dated = self._with_entries(items, lambda item: item.title_date)
        self._guids_anew = _guids_rewritten(dated, of=len(items))
        self._links_anew = _links_rewritten(dated, of=len(items))
        linked = [
            (item, entry)
            for item, entry in self._with_entries(items, lambda item: item.link)
            if _same_title(item, entry)
        ]
        self.guids_rewritten = _guids_rewritten(linked, of=len(items))

    def named_anew(self, item: Candidate, entry: Known) -> bool:
        """Return whether the source has changed everywhere what the item's names differ in."""
        draft = item.draft
        return (self._guids_anew or not _differ(draft.keys.guid, entry.guid)) and (
            self._links_anew or not _differ(draft.keys.link, entry.link)
        )

    def entry(self, key: bytes | None) -> Known | None:
        return None if key is None else self._known.get(key)

    def same_text(self, item: Candidate, entry: Known) -> bool:
        said = self.entry(item.text)
        return said is not None and said.id == entry.id

    def _with_entries(
        self, items: Sequence[Candidate], key_of: Callable[[Candidate], bytes | None]
    ) -> Sequence[_Pair]:
        return [(item, entry) for item in items if (entry := self.entry(key_of(item))) is not None]

    def _is_elsewhere(self, item: Candidate) -> bool:
        named, said = self.entry(item.guid), self.entry(item.text)
        if named is None or said is None or named.id == said.id:
            return False
        return not _same_title(item, named) and said.guid is not None


def _all_differ(pairs: Sequence[tuple[object, object]], *, of: int) -> bool:
    """Return whether a source has changed this everywhere: a move to another domain, dates made anew.

    The pairs are what the `of` items of a document say and what was known, wherever the text is the same.
    Where most of a document is known by its texts, and hardly anything beside them has stayed, it is the
    source that has changed; a notice that it repeats is one among others.
    """
    said = [one == other for one, other in pairs if one is not None and other is not None]
    differing = said.count(False)
    stayed = len(said) - differing
    return differing >= _WHOLESALE and 4 * stayed <= differing and 3 * len(pairs) >= 2 * of


def _guids_rewritten(pairs: Sequence[_Pair], *, of: int) -> bool:
    return _all_differ([(item.draft.keys.guid, entry.guid) for item, entry in pairs], of=of)


def _links_rewritten(pairs: Sequence[_Pair], *, of: int) -> bool:
    return _all_differ([(item.draft.keys.link, entry.link) for item, entry in pairs], of=of)


def title_hash(title: str) -> bytes:
    """Return what stays of the title of a purged entry: empty when it has none."""
    return blake2b(title_form(title).encode("utf-8", "replace"), digest_size=8).digest() if title else b""


def _same_title(item: Candidate, entry: Known) -> bool:
    title = item.draft.title
    if title == "" or not entry.title:
        return False
    if isinstance(entry.title, bytes):
        return title_hash(title) == entry.title
    return title == entry.title or title_form(title) == title_form(entry.title)


def _differ(one: object, other: object) -> bool:
    return one is not None and other is not None and one != other


def _agree(one: object, other: object) -> bool:
    return one is not None and one == other


def _alike(item: Candidate, entry: Known, share: float = _ALIKE) -> bool:
    """Return whether both texts are there and have so many words in common, as with a counter in one."""
    said = entry.text()
    if isinstance(said, Sketch):
        return said.common(item.draft.content_html) >= share
    one, other = words(item.draft.content_html), words(said)
    longer = max(one.total(), other.total())
    return longer > 0 and (one & other).total() >= share * longer


def _have_texts(item: Candidate, entry: Known) -> bool:
    return bool(item.draft.content_html and entry.text())


def _differ_in_numbers(item: Candidate, entry: Known) -> bool:
    """Return whether nothing but numbers has changed in a text, as when points are counted."""
    said = entry.text()
    if isinstance(said, Sketch):
        return said.common(item.draft.content_html) >= 1.0
    one, other = words(item.draft.content_html), words(said)
    return all(word.isdecimal() for word in (one - other) + (other - one)) and bool(one & other)


def _same_half_day(one: int | None, other: int | None) -> bool:
    return one is not None and other is not None and abs(one - other) < _HALF_A_DAY


def _fits_guid(pairs: _Pairs, item: Candidate, entry: Known) -> bool:
    """A guid under which title, link and date have become others is a place in a list, no name."""
    if _same_title(item, entry) or pairs.same_text(item, entry):
        return True
    draft = item.draft
    if pairs.guids_are_places:
        return False
    if _PLACE.fullmatch(draft.guid or ""):
        return _agree(draft.keys.link, entry.link) and _agree(draft.published, entry.published)
    return not (_differ(draft.keys.link, entry.link) and _differ(draft.published, entry.published))


def _fits_text(pairs: _Pairs, item: Candidate, entry: Known) -> bool:
    """A notice may say the same every day; what has no name of its own is known by its text alone."""
    if item.guid is None and item.link is None:
        return True
    draft = item.draft
    if _differ(draft.published, entry.published) and not (
        pairs.dates_rewritten or (pairs.few_said_again and _same_half_day(draft.published, entry.published))
    ):
        return False
    if not _differ(draft.keys.link, entry.link) or pairs.links_rewritten:
        return True
    undated = draft.published is None and entry.published is None
    same_guid = not _differ(draft.keys.guid, entry.guid)
    return undated and same_guid and len(draft.content_html or "") >= _SPECIFIC


def _fits_link(pairs: _Pairs, item: Candidate, entry: Known) -> bool:
    """A page may carry one article today and another tomorrow.

    Under another guid it is the same one where two of title, date and text are as they were. An archive has
    each page once.
    """
    draft = item.draft
    same_title, same_date = _same_title(item, entry), _agree(draft.published, entry.published)
    other_date = _differ(draft.published, entry.published)
    if pairs.same_text(item, entry) or (same_title and same_date) or entry.revision == UNPOLLED:
        return True
    if not _differ(draft.keys.guid, entry.guid):
        return same_title or not other_date
    if same_title and not other_date and (pairs.guids_rewritten or not _have_texts(item, entry)):
        return True
    if not (same_title or same_date):
        return False
    if _alike(item, entry):
        return True
    return same_title and (pairs.guids_rewritten or not other_date) and _differ_in_numbers(item, entry)


def _fits_title_date(pairs: _Pairs, item: Candidate, entry: Known) -> bool:
    """Two warnings of one day, two merges of one second have one title; their names and texts differ."""
    if pairs.named_anew(item, entry):
        return True
    if item.draft.content_html and pairs.same_text(item, entry):
        return True
    keys = item.draft.keys
    both = _differ(keys.guid, entry.guid) and _differ(keys.link, entry.link)
    return _alike(item, entry, 1.0 if both else _ALIKE)


_PASSES: tuple[
    tuple[Callable[[Candidate], bytes | None], Callable[[_Pairs, Candidate, Known], bool]], ...
] = (
    (lambda item: item.guid, _fits_guid),
    (lambda item: item.text, _fits_text),
    (lambda item: item.link, _fits_link),
    (lambda item: item.title_date, _fits_title_date),
)
