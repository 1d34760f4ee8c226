"""Which file of a folder is whose post, and where the next one goes.

What was written is known by the store. What else lies in the folder is somebody else's, unless it tells by
its bytes that it is a post of ours: after the folder lost its mark, or the store was restored from a backup.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from aggregator.archive.folder import Folder
from aggregator.exceptions import ArchiveError
from aggregator.model import PostStyle, WrittenFile

POSTS = "_posts"

_COMMENT = re.compile(rb"^<!--([0-9]{1,17}|NaN)-->[ \t\r]*$", re.MULTILINE)
_ID = re.compile(r"-([0-9]{1,17})\.md$")
_LINK = re.compile(rb"^from:[ \t]*(\S.*?)[ \t\r]*$", re.MULTILINE)

_DIGEST = 16
"""Bytes of one."""

_HEADS = {
    PostStyle.LEGACY: re.compile(
        rb'(?:\xef\xbb\xbf)?---\r?\nlayout: post\r?\ntitle: ".*"[ \t]*\r?\ndate: [^"\n]*\nauthor: .*\nfrom: '
    ),
    PostStyle.SAFE: re.compile(
        rb'---\nlayout: post\ntitle: "(?s:.)*\nrender_with_liquid: false\n---\n<!--[0-9]+-->\n'
    ),
}
"""What posts of a style begin with."""

_HEAD = 8192
"""Bytes that are looked at for that."""

_NOT_UTF8 = "//"
"""Begins what the store is told of a name whose bytes are no UTF-8: no name begins so."""


class Places:
    """The files of one folder: `written` as the store knows, `imported` the names of entries' own files."""

    def __init__(self, folder: Folder, written: Iterable[WrittenFile], imported: Mapping[str, int]) -> None:
        self._folder = folder
        self._files: defaultdict[int, dict[str, bytes]] = defaultdict(dict)
        self._owners: dict[str, int] = {}
        self._assigned: dict[int, str] = {}
        for file in written:
            if file.entry_id is not None:
                self._files[file.entry_id][from_stored(file.path)] = file.digest
        for entry_id, files in self._files.items():
            for name in files:
                self._owners[folder.key(name)] = entry_id
        self._imported = frozenset(imported.values())
        for name, entry_id in imported.items():
            self._owners.setdefault(folder.key(name), entry_id)
        rooms = {POSTS} | {_room(name) for files in self._files.values() for name in files}
        rooms |= {_room(name) for name in imported}
        self._there = {folder.key(name): name for room in rooms for name in folder.names(room)}
        self._by_id: dict[int, str] | None = None
        self._by_link: dict[tuple[bytes, bytes], str] | None = None

    @property
    def count(self) -> int:
        """How many entries have a post."""
        return len(self._files)

    def files(self, entry_id: int) -> Mapping[str, bytes]:
        """Return the names of an entry's files, with what the store knows of their bytes.

        They are several when it was broken off while a post got another name.
        """
        return self._files.get(entry_id, {})

    def is_imported(self, entry_id: int) -> bool:
        """Return whether an entry has a file of its own, and so its name."""
        return entry_id in self._imported

    def is_there(self, name: str) -> bool:
        """Return whether something lies in the folder by that name."""
        return self._folder.key(name) in self._there

    def unsettled(self) -> set[int]:
        """Return entries whose file is missing, or that have several."""
        return {
            entry_id
            for entry_id, files in self._files.items()
            if len(files) > 1 or not all(map(self.is_there, files))
        }

    def assign(self, entry_id: int, name: str) -> str:
        """Return the name for an entry's post: that one, or with the ID if it is the name of another's."""
        if entry_id not in self._assigned:
            while self._owners.get(key := self._folder.key(name), entry_id) != entry_id:
                name = with_id(name, entry_id)
            self._assigned[entry_id] = name
            self._owners[key] = entry_id
        return self._assigned[entry_id]

    def settle(self, entry_id: int, name: str, body: bytes, *, by_link: bool) -> str:
        """Return the name for an entry's post, as `assign`: not that of a file which is not ours.

        A file that is the entry's post, as its bytes tell, is taken for it: one of that name, or one with the
        ID in its name, or with `by_link` one of any name with the same instant and link.
        """
        name = self.assign(entry_id, name)
        while self.is_there(name):
            said = self._folder.read(name)
            if said is not None and _is_post_of(said, body):
                return name
            name = self._reassign(entry_id, with_id(name, entry_id))
        found = self._with_id_of(entry_id, body) or (self._with_link_of(body) if by_link else None)
        return self._reassign(entry_id, found) if found else name

    def replace(self, entry_id: int, files: Mapping[str, bytes]) -> None:
        """Note what files an entry has now."""
        for name in self._files.pop(entry_id, {}):
            if name not in files:
                self._owners.pop(self._folder.key(name), None)
                self._there.pop(self._folder.key(name), None)
        if files:
            self._files[entry_id] = dict(files)
        for name in files:
            self._owners[self._folder.key(name)] = entry_id
            self._there[self._folder.key(name)] = name

    def _reassign(self, entry_id: int, name: str) -> str:
        if (before := self._assigned.pop(entry_id, None)) is not None:
            self._owners.pop(self._folder.key(before), None)
        return self.assign(entry_id, name)

    def _with_id_of(self, entry_id: int, body: bytes) -> str | None:
        """Return the name of the entry's post as it was under another title."""
        if self._by_id is None:
            self._by_id = {int(said[1]): name for name in self._strangers() if (said := _ID.search(name))}
        name = self._by_id.get(entry_id)
        if name is None or self._folder.key(name) in self._owners:
            return None
        instant = _instant(self._folder.read(name) or b"")
        return name if instant is not None and instant == _instant(body) else None

    def _with_link_of(self, body: bytes) -> str | None:
        """Return the name of the same post as it was under another title."""
        if self._by_link is None:
            self._by_link = {
                said: name
                for name in self._strangers()
                if (said := _signature(self._folder.read(name) or b""))
            }
        signature = _signature(body)
        name = None if signature is None else self._by_link.get(signature)
        return None if name is None or self._folder.key(name) in self._owners else name

    def _strangers(self) -> list[str]:
        """Return the names of what is nobody's."""
        return [name for key, name in sorted(self._there.items()) if key not in self._owners]


def with_id(name: str, entry_id: int) -> str:
    """Return the name that a post gets when the plain one is taken."""
    return f"{name.removesuffix('.md')}-{entry_id}.md"


def place_of_import(file_name: str) -> str:
    """Return where in a folder the post goes that was imported under a name, relative to its archive."""
    return file_name if POSTS in file_name.split("/")[:-1] else f"{POSTS}/{file_name}"


def digests(known: bytes) -> list[bytes]:
    """Return the digests of all that a file may have in it: while it is being replaced they are two."""
    return [known[start : start + _DIGEST] for start in range(0, len(known), _DIGEST)]


def refuse_other_style(path: Path, wanted: PostStyle) -> None:
    """Raise ArchiveError for a folder with posts of another style, of which ours would be doubles."""
    for style, head in _HEADS.items():
        if style is not wanted and (found := _first_with(path / POSTS, head)) is not None:
            raise ArchiveError(
                f"{path}: has posts in the style {style}, such as {found}; go on with that one"
                f' (--style {style}, or style = "{style}" in [[archives]]), or choose another folder'
            )


def to_stored(name: str) -> str:
    """Return the name of a file as the store can keep it: any bytes, as text."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return _NOT_UTF8 + name.encode(errors="surrogateescape").hex()
    return name


def from_stored(path: str) -> str:
    """Return the name that `to_stored` was given."""
    if path.startswith(_NOT_UTF8):
        return bytes.fromhex(path.removeprefix(_NOT_UTF8)).decode(errors="surrogateescape")
    return path


def _first_with(posts: Path, head: re.Pattern[bytes]) -> str | None:
    for path in posts.rglob("*.md"):
        try:
            with path.open("rb") as file:
                if head.match(file.read(_HEAD)):
                    return path.name
        except OSError:  # told when it is in the way
            continue
    return None


def _room(name: str) -> str:
    """Return the folder of posts that a name is in."""
    parts = name.split("/")
    return "/".join(parts[: parts.index(POSTS) + 1]) if POSTS in parts[:-1] else "/".join(parts[:-1])


def _said(pattern: re.Pattern[bytes], body: bytes) -> bytes | None:
    found = pattern.search(body)
    return None if found is None else found[1]


def _instant(body: bytes) -> bytes | None:
    """Return the number in a post's comment."""
    comment = _said(_COMMENT, body)
    return None if comment == b"NaN" else comment


def _signature(body: bytes) -> tuple[bytes, bytes] | None:
    """Return what tells a post from all others, whatever its title: the comment's instant and the link."""
    instant, link = _instant(body), _said(_LINK, body)
    return None if instant is None or link is None else (instant, link)


def _is_post_of(said: bytes, body: bytes) -> bool:
    """Return whether a file with that very name is the same post, in whatever state."""
    if said == body:
        return True
    if (instant := _instant(said)) is not None:
        return instant == _instant(body)
    link = _said(_LINK, said)
    return link is not None and link == _said(_LINK, body)
