"""Entries as posts in a folder: what is new is written, what is there stays.

    changes since the last time ─► entries that are to have a post ─► rendered, named (`places`)
        ─► told to the store ─► written ─► told to the store

What is to be written is told first: after a crash the next run knows what it finds, and writes what is
missing. A post stays as it was first written, unless posts are to follow edited entries; it stays when its
entry is deleted, dropped, or no longer selected. A file that a person has changed is left to them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

from aggregator.archive.folder import Folder, NameRefusedError, digest_of, open_folder
from aggregator.archive.places import (
    POSTS,
    Places,
    digests,
    from_stored,
    place_of_import,
    refuse_other_style,
    to_stored,
    with_id,
)
from aggregator.model import (
    And,
    ArchiveFolder,
    ArchiveKind,
    Comparison,
    Entry,
    EntryQuery,
    Field,
    FolderState,
    Operator,
    OriginalPost,
    PostStyle,
    WrittenFile,
)
from aggregator.protocols import Store
from aggregator.publish.jekyll.styles import STYLES
from aggregator.rules.grammar import written as expression_text
from aggregator.rules.membership import Conditions, timeless
from aggregator.rules.subject import Subject

BATCH = 100
"""Posts that are written between two transactions."""

_STAGED = 25
"""Posts that are brought to the disk together."""

_MANY = 2000
"""Of more changed entries than this, all entries are read in one go rather than each by itself."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportTally:
    """What an export did, in posts."""

    written: int = 0
    """New ones, and those whose file was missing."""
    updated: int = 0
    """Their entries were edited."""
    unchanged: int = 0
    """All others that entries have in the folder."""
    renamed: int = 0
    """Of those written or found: the ID is in the file's name, because another one has the plain name."""
    left: int = 0
    """Not updated, because a person has changed the file."""
    finished: bool = True
    """Whether it came to its end."""


def export_posts(
    store: Store,
    archive: ArchiveFolder,
    *,
    patience: float = 0.0,
    stop: Callable[[], bool] = lambda: False,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> ExportTally:
    """Bring the posts of a folder up to date with the store, and return what was done.

    Looks at what changed since the last time only, unless the folder is new, or what it is to hold is other
    than then. Names of the legacy style are given in the order of IDs: the first entry of a name gets it,
    whether or not it is selected, later ones get `-ID`. Once given, a name stays: of two entries whose lower
    ID came later, that one has `-ID`, while a new folder would have it the other way round. Names of imported
    posts are theirs in any case. Terms on `age` in an expression count as met.

    `stop` is asked between posts, and ends the work early when it says so; the next call goes on.
    `progress` is told how many entries were looked at, and of about how many. Waits up to `patience` seconds
    for another process that writes to the folder. Raises ArchiveError and StoreError.
    """
    with open_folder(
        archive.folder,
        ArchiveKind.JEKYLL,
        style=archive.style.value,
        patience=patience,
        vet=lambda path: refuse_other_style(path, archive.style),
    ) as folder:
        return _Export(store, archive, folder, stop, progress).run()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Action:
    """A post that is to be as said."""

    entry: Entry
    name: str
    body: bytes
    had: Mapping[str, bytes]
    """The files that the entry has, with what is known of their bytes."""


class _Export:
    def __init__(
        self,
        store: Store,
        archive: ArchiveFolder,
        folder: Folder,
        stop: Callable[[], bool],
        progress: Callable[[int, int], None],
    ) -> None:
        self._store = store
        self._archive = archive
        self._folder = folder
        self._stop = stop
        self._progress = progress
        self._is_legacy = archive.style is PostStyle.LEGACY
        self._conditions = Conditions(
            any=archive.any,
            all=archive.all,
            none=archive.none,
            sources=archive.sources,
            match=None if archive.match is None else timeless(archive.match),
        )
        self._named_days: set[int] = set()
        self._counts: Counter[str] = Counter()
        imported: dict[str, int] = {}
        if self._is_legacy:
            for post in sorted(store.posts.known(), key=lambda post: post.entry_id or 0):
                if post.entry_id is not None:
                    imported.setdefault(place_of_import(post.file_name), post.entry_id)
        self._places = Places(folder, store.folders.files(folder.mark), imported)

    def run(self) -> ExportTally:
        folders, mark = self._store.folders, self._folder.mark
        state, made_with = folders.state(mark), self._made_with()
        wanted: set[int] | None = None
        if state is None or not _covers(state.made_with, made_with):
            number = folders.number()
        else:
            changes = folders.changes(since=state.number)
            number = changes.number
            wanted = self._places.unsettled()
            wanted.update(
                each for each in changes.entries if self._archive.update or not self._places.files(each)
            )
        finished = self._go_through(wanted)
        if finished and state != (reached := FolderState(number=number, made_with=made_with)):
            folders.keep(mark, state=reached)
        done = self._counts
        return ExportTally(
            written=done["written"],
            updated=done["updated"],
            unchanged=self._places.count - done["written"] - done["updated"] - done["left"],
            renamed=done["renamed"],
            left=done["left"],
            finished=finished,
        )

    def _made_with(self) -> str:
        """Return what decides which posts there are, as JSON; names of sources only where these matter."""
        archive = self._archive
        has_names = archive.update or archive.sources or archive.match is not None
        return json.dumps(
            {
                "of": [
                    *map(list, (archive.any, archive.all, archive.none, archive.sources)),
                    None if archive.match is None else expression_text(archive.match),
                ],
                "update": archive.update,
                "names": sorted(self._store.lists.names_in_use()) if has_names else [],
            },
            ensure_ascii=False,
        )

    def _go_through(self, wanted: set[int] | None) -> bool:
        """Look at these entries, at all of them if None; return whether that came to its end."""
        total = self._store.entry_count() if wanted is None else len(wanted)
        entries = self._store.walk(EntryQuery()) if wanted is None else self._read(wanted)
        looked: set[int] = set()
        while chunk := list(islice(entries, BATCH)):
            originals = self._store.posts.originals([entry.id for entry in chunk]) if self._is_legacy else {}
            actions = []
            for entry in chunk:
                if self._stop():
                    return False
                if action := self._action(entry, originals.get(entry.id), is_whole=wanted is None):
                    actions.append(action)
            looked.update(entry.id for entry in chunk)
            if not self._do(actions):
                return False
            self._progress(len(looked), total)
        for entry_id in (wanted or set()) - looked:
            self._forget_missing(entry_id)
        return True

    def _read(self, wanted: set[int]) -> Iterator[Entry]:
        """Yield these entries by rising ID, but those that are published nowhere."""
        if len(wanted) > _MANY:
            yield from (entry for entry in self._store.walk(EntryQuery()) if entry.id in wanted)
            return
        for entry_id in sorted(wanted):
            entry = self._store.entry(entry_id)
            if entry is not None and not entry.dropped:
                yield entry

    # --- one entry ------------------------------------------------------------------------------------

    def _action(self, entry: Entry, original: OriginalPost | None, *, is_whole: bool) -> _Action | None:
        """Return what is to be done for an entry."""
        had = self._places.files(entry.id)
        if not had:
            return self._first(entry, original, is_whole=is_whole)
        is_settled = len(had) == 1 and all(map(self._places.is_there, had))
        if is_settled and not self._archive.update:
            return None
        if not any(map(self._places.is_there, had)) and not self._selects(entry):
            self._forget_missing(entry.id)
            return None
        name, body = self._rendered(entry, original)
        if self._archive.update:
            return self._edit(entry, name, body, had)
        there = sorted(filter(self._places.is_there, had)) or sorted(had)
        kept = next((each for each in there if each in {name, with_id(name, entry.id)}), there[0])
        return _Action(entry=entry, name=kept, body=self._folder.read(kept) or body, had=had)

    def _first(self, entry: Entry, original: OriginalPost | None, *, is_whole: bool) -> _Action | None:
        """Return what is to be done for an entry that is not known to have a post here."""
        is_selected = self._selects(entry)
        if not is_selected and not (self._is_legacy and is_whole):
            return None
        name, body = self._rendered(entry, original)
        if not is_selected:
            self._places.assign(entry.id, name)
            return None
        if self._is_legacy and not is_whole and self._conditions != Conditions():
            self._name_day_of(entry)
        by_link = self._is_legacy and original is None
        place = self._places.settle(entry.id, name, body, by_link=by_link)
        self._counts["renamed"] += place == with_id(name, entry.id)
        said = self._folder.read(place) if self._places.is_there(place) else None
        if said is None:
            return _Action(entry=entry, name=place, body=body, had={})
        had = {place: digest_of(said)}
        return _Action(entry=entry, name=place, body=body if self._archive.update else said, had=had)

    def _edit(self, entry: Entry, name: str, body: bytes, had: Mapping[str, bytes]) -> _Action | None:
        """Return what is to be done for an entry whose post follows it."""
        digest = digest_of(body)
        if list(had.values()) == [digest] and all(map(self._places.is_there, had)):
            return None
        for each, known in had.items():
            said = self._folder.read(each)
            if said is not None and said != body and digest_of(said) not in digests(known):
                self._counts["left"] += 1
                return None
        place = next((each for each in had if each in {name, with_id(name, entry.id)}), None)
        if place is None:
            place = self._places.settle(entry.id, name, body, by_link=False)
        return _Action(entry=entry, name=place, body=body, had=had)

    def _selects(self, entry: Entry) -> bool:
        names = [source.name for source in entry.sources]
        return self._conditions.met_now(entry.tags, names, Subject(entry, now=0))

    def _rendered(self, entry: Entry, original: OriginalPost | None) -> tuple[str, bytes]:
        """Return the name that an entry's post has unless another one has it, and its bytes."""
        if original is not None and (original.current or not self._archive.update):
            return place_of_import(original.file_name), original.body
        post = STYLES[self._archive.style](entry)
        name = f"{POSTS}/{post.file_name}" if original is None else place_of_import(original.file_name)
        return name, post.body

    def _name_day_of(self, entry: Entry) -> None:
        """Give names to all entries of a day, so that those that are not selected matter alike."""
        day = entry.dated // _DAY
        if day in self._named_days:
            return
        self._named_days.add(day)
        of_day = And(
            (
                Comparison(Field.PUBLISHED, Operator.AT_LEAST, day * _DAY),
                Comparison(Field.PUBLISHED, Operator.BELOW, (day + 1) * _DAY),
            )
        )
        for other in self._store.walk(EntryQuery(match=of_day)):
            if not self._places.files(other.id) and not self._places.is_imported(other.id):
                self._places.assign(other.id, self._rendered(other, None)[0])

    # --- files ----------------------------------------------------------------------------------------

    def _do(self, actions: Sequence[_Action]) -> bool:
        """Write posts; return whether none is left to be written."""
        keep, mark = self._store.folders.keep, self._folder.mark
        intended = [_intent(action) for action in actions]
        if news := [file for file in intended if self._is_news(file)]:
            keep(mark, news)
        done: list[WrittenFile] = []
        gone: list[str] = []
        finished = True
        for number, action in enumerate(actions):
            if self._stop():
                finished = False
                break
            if number % _STAGED == 0:
                self._folder.stage([(each.name, each.body) for each in actions[number : number + _STAGED]])
            name = self._write(action)
            was = [action.name, *action.had]
            for other in dict.fromkeys(was):
                if other != name:
                    self._folder.remove(other)
                    gone.append(to_stored(other))
            file = _file(name, action.entry.id, digest_of(action.body))
            if self._is_news(file) and (action.had or name != action.name):
                done.append(file)
            self._places.replace(action.entry.id, {name: file.digest})
        if self._archive.commit:  # whatever commits is to know of them
            done += [WrittenFile(path=path, digest=b"") for path in gone]
            gone = []
        if done or gone:
            keep(mark, done, gone=gone)
        return finished

    def _write(self, action: _Action) -> str:
        """Write one post and return its name: a short one where the file system does not take its own."""
        was_there = any(map(self._places.is_there, action.had))
        name = action.name
        try:
            wrote = self._folder.write(name, action.body)
        except NameRefusedError:
            day = (_EPOCH + timedelta(milliseconds=action.entry.dated)).strftime("%Y-%m-%d")
            name = f"{name.rpartition('/')[0]}/{day}-{action.entry.id}.md"
            wrote = self._folder.write(name, action.body)
        self._counts["updated" if was_there else "written"] += wrote
        return name

    def _is_news(self, file: WrittenFile) -> bool:
        known = self._places.files(file.entry_id or 0)
        return known.get(from_stored(file.path)) != file.digest

    def _forget_missing(self, entry_id: int) -> None:
        """Forget files that are not there, and have nothing that they could be made of again."""
        files = self._places.files(entry_id)
        left = {name: digest for name, digest in files.items() if self._places.is_there(name)}
        if gone := [to_stored(name) for name in files if name not in left]:
            self._store.folders.keep(self._folder.mark, gone=gone)
            self._places.replace(entry_id, left)


def _intent(action: _Action) -> WrittenFile:
    """Return what the store is told before a post is written: the file has these bytes, or still those."""
    had = digests(action.had.get(action.name, b""))
    both = dict.fromkeys([*had, digest_of(action.body)])
    return _file(action.name, action.entry.id, b"".join(both))


def _file(name: str, entry_id: int, digest: bytes) -> WrittenFile:
    return WrittenFile(path=to_stored(name), entry_id=entry_id, digest=digest)


def _covers(before: str, now: str) -> bool:
    """Return whether a folder that was made with the one needs no look at all entries for the other."""
    try:
        had, has = json.loads(before), json.loads(now)
        return (
            had["of"] == has["of"]
            and had["update"] >= has["update"]
            and set(had["names"] if has["names"] else ()) <= set(has["names"])  # none has got another name
        )
    except (ValueError, LookupError, TypeError):
        return False
