"""A folder of posts → entries, in the order of their dates, in batches that are each one transaction.

    list ─► read all, for their dates ─┬► known, the same bytes ─► unchanged
                                       └► the rest ─► by date, then name ─► read again ─► draft ─► store

A batch is taken whole or not at all, so that what is broken off goes on where it was; and the same folder
gives the same IDs, however often that was. Each file is told of, with what is odd about it: each time, for
who broke off has not seen it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from types import MappingProxyType

from aggregator.archive.drafts import Drafter, link_keys
from aggregator.archive.listing import LeftOut, Listing, PostFile, read_post_file
from aggregator.model import Fate, ImportedPost, KnownPost, RawHtml, StoryPolicy, TakenPost, post_digest
from aggregator.protocols import Store
from aggregator.publish.jekyll.reading import ReadPost
from aggregator.store.postrows import first_usable

_BATCH = 250
_BATCH_SIZE = 8 * 1024 * 1024
"""Posts, and bytes of these, that are taken in one transaction: nobody else writes meanwhile."""

_LAST = 2**63


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What became of one file."""

    file_name: str
    fate: Fate | None
    """None when it was left out."""
    entry_id: int | None = None
    source: str = ""
    notes: tuple[str, ...] = ()
    """What is not as one might expect, and what was made of it: sentences for people, without a period."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """What is to be done with a folder's files."""

    to_take: tuple[PostFile, ...]
    """In the order of their dates, then of their names."""
    told: tuple[Told, ...]
    """What nothing is to be done with."""
    renamed: tuple[tuple[KnownPost, str], ...] = ()
    links: dict[bytes, str] = field(default_factory=dict)
    """Of posts that nothing is to be done with, and the first file of each."""


def sort_out(
    listing: Listing, known: Sequence[KnownPost], drafter: Drafter, *, now: int, on_file: Callable[[], object]
) -> Sorted:
    """Read every file of a folder and return what is to be done at `now` (ms); call `on_file` after each."""
    same = {(post.file_name, post.digest): post for post in known}
    present = {file.name for file in listing.posts}
    elsewhere = {post.digest: post for post in known if post.file_name not in present}
    to_take: list[tuple[int, str, PostFile]] = []
    unchanged: list[tuple[int, ReadPost, KnownPost]] = []
    told = [_left_out(each) for each in listing.left_out]
    renamed = []
    for file in listing.posts:
        body = read_post_file(file)
        on_file()
        if isinstance(body, LeftOut):
            told.append(_left_out(body))
            continue
        read = drafter.read(file.name, body)
        digest = post_digest(body)
        if (post := same.get((file.name, digest))) is not None:
            unchanged.append((_date(read), _without_content(read), post))
        elif (post := elsewhere.pop(digest, None)) is not None:
            unchanged.append((_date(read), _without_content(read), post))
            if PurePosixPath(post.file_name).name != PurePosixPath(file.name).name:
                renamed.append((post, file.name))
        elif read.hidden:
            told.append(_left_out(LeftOut(file.name, "says that it is not published")))
        else:
            to_take.append((_date(read), file.name, file))
    to_take.sort(key=lambda each: each[:2])
    unchanged.sort(key=lambda each: (each[0], each[1].file_name))
    links: dict[bytes, str] = {}
    told += [_known(read, post, drafter, links, now) for _, read, post in unchanged]
    return Sorted(
        to_take=tuple(file for *_, file in to_take), told=tuple(told), renamed=tuple(renamed), links=links
    )


def _without_content(post: ReadPost) -> ReadPost:
    return replace(post, content_html=RawHtml(""))  # which of a whole archive is more than memory has


def _date(post: ReadPost) -> int:
    """Return when a post stands in the order of intake (ms)."""
    return next((date for date in (post.dated, post.name_date) if date is not None), _LAST)


Take = Callable[[Sequence[ImportedPost]], list[TakenPost]]


def take_posts(
    files: Iterable[PostFile], drafter: Drafter, take: Take, links: Mapping[bytes, str] = MappingProxyType({})
) -> Iterator[list[Told]]:
    """Read files, have `take` make entries of them, and yield what became of each batch once it has.

    `links` are those of posts that were taken before, and the first file of each.
    """
    first_files = dict(links)
    for batch in _batches(files):
        left_out: list[Told] = []
        posts: list[ImportedPost] = []
        notes: dict[str, tuple[str, ...]] = {}
        for file, body in batch:
            if isinstance(body, LeftOut):
                left_out.append(_left_out(body))
                continue
            read = drafter.read(file.name, body)
            post, more = drafter.draft(read, body)
            posts.append(post)
            notes[file.name] = (*read.problems, *more, *_repeated(read, first_files))
        taken = take(posts)
        yield left_out + [
            _told(post, result, notes[post.file_name]) for post, result in zip(posts, taken, strict=True)
        ]


def taker(store: Store, policy: StoryPolicy, *, now: int, dry_run: bool) -> Take:
    """Return what takes posts into the store; or what tells what would become of them."""
    if not dry_run:
        return lambda posts: store.posts.take(posts, policy, now=now)
    given: set[int] = set()
    return lambda posts: store.posts.rehearse(posts, policy, now=now, given=given)


def _batches(files: Iterable[PostFile]) -> Iterator[list[tuple[PostFile, bytes | LeftOut]]]:
    batch: list[tuple[PostFile, bytes | LeftOut]] = []
    size = 0
    for file in files:
        body = read_post_file(file)
        batch.append((file, body))
        size += len(body) if isinstance(body, bytes) else 0
        if len(batch) == _BATCH or size > _BATCH_SIZE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _repeated(post: ReadPost, links: dict[bytes, str]) -> Iterator[str]:
    link = next(link_keys((post.url or "",)), None)
    if link is None:
        return
    if link in links:
        yield f"{links[link]!r} has the same link: each is an entry of its own"
    links.setdefault(link, post.file_name)


def _told(post: ImportedPost, taken: TakenPost, notes: tuple[str, ...]) -> Told:
    return Told(
        file_name=post.file_name,
        fate=taken.fate,
        entry_id=taken.entry_id,
        source=taken.source,
        notes=(*notes, *_notes_of(post, taken)),
    )


def _notes_of(post: ImportedPost, taken: TakenPost) -> Iterator[str]:
    match taken.fate:
        case Fate.NEW if post.said is not None and post.said != taken.entry_id:
            yield f"the ID {post.said} cannot be had, or is another entry's"
        case Fate.JOINED:
            yield "a poll has brought it already: it is that entry, which stays as its source says it"
        case Fate.UPDATED:
            yield "its file has changed: the entry says what it says now"
        case Fate.PURGED:
            yield _PURGED
    if taken.fate in {Fate.NEW, Fate.UPDATED}:
        yield from _notes_of_date(post, taken.dated)


def _notes_of_date(post: ImportedPost | ReadPost, dated: int | None) -> Iterator[str]:
    if post.dated is not None and post.dated != dated:
        other = {post.name_date: "the one in its name", post.said: "that of its comment"}.get(dated)
        told = f": {other} stands in" if dated is not None else ""
        yield f"its date is from before 1990, or in the future{told}"
    if dated is None:
        yield "it has no usable date: it stands below all that have one"


_PURGED = "its entry was deleted, as retention wants it: it is not taken again"


def _known(read: ReadPost, post: KnownPost, drafter: Drafter, links: dict[bytes, str], now: int) -> Told:
    if post.entry_id is None:
        return Told(file_name=read.file_name, fate=Fate.PURGED, notes=(_PURGED,))
    notes = [*read.problems, *drafter.notes(read), *_repeated(read, links)]
    if read.said is not None and read.said != post.entry_id:
        notes.append(f"it is an entry with another ID than {read.said}")
    notes += _notes_of_date(read, first_usable((read.dated, read.said, read.name_date), now))
    return Told(file_name=read.file_name, fate=Fate.UNCHANGED, entry_id=post.entry_id, notes=tuple(notes))


def _left_out(each: LeftOut) -> Told:
    return Told(file_name=each.name, fate=None, notes=(each.why,))
