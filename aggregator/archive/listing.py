"""Folders → the posts in them, and what is left out: every file has its place in one of both."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from aggregator.exceptions import ArchiveError

POSTS = "_posts"
_DRAFTS = "_drafts"
_ENDINGS = (".md", ".markdown", ".mkdown", ".mkdn", ".mkd", ".html", ".htm")
_NOT_WRITTEN = frozenset({"node_modules", "vendor"})
"""Where packages lie, some with posts of their own."""

MAX_SIZE = 16 * 1024 * 1024
"""Bytes of a post."""

_DEEPEST = 100
"""Folders within one another."""


@dataclass(frozen=True, slots=True)
class PostFile:
    """A file that is a post by its name."""

    name: str
    """Relative to the folder of the posts, with `/`; bytes that are not UTF-8 as lone surrogates."""
    path: Path


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file, or a folder with all that it holds, that is not imported, and why not."""

    name: str
    """Like `PostFile.name`; a folder's ends with `/`."""
    why: str


@dataclass(slots=True)
class Listing:
    """What a folder holds."""

    posts: list[PostFile] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


def list_posts(folder: Path) -> Listing:
    """Return what a folder holds: a site's own one, one named `_posts`, or any other with posts in it.

    Where there is a `_posts` folder in it, at any depth, only what such folders hold is meant; else whatever
    is there. Hidden files, drafts, links and what is no post by its name are left out. Raises ArchiveError
    when the folder cannot be read.
    """
    inside = _place_in_posts(folder)
    try:
        with os.scandir(folder):
            pass
    except OSError as error:
        raise ArchiveError(f"{folder}: cannot be read: {error.strerror or error}") from error
    if inside is None:
        site = Listing()
        if _walk_site(folder, "", site):
            return site
    listing = Listing()
    _walk(folder, inside or "", listing)
    return listing


def read_post_file(file: PostFile) -> bytes | LeftOut:
    """Return the bytes of a post, or why it cannot be had."""
    try:
        handle = os.open(file.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as opened:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                return LeftOut(file.name, "is no regular file")
            body = opened.read(MAX_SIZE + 1)
    except OSError as error:
        return LeftOut(file.name, f"cannot be read: {error.strerror or error}")
    if len(body) > MAX_SIZE:
        return LeftOut(file.name, f"is larger than {MAX_SIZE // 1024 // 1024} MiB")
    return body


def _place_in_posts(folder: Path) -> str | None:
    """Return where a folder lies in the nearest one named `_posts` above it; None when there is none."""
    parts = Path(os.path.abspath(folder)).parts  # noqa: PTH100 - `resolve` would follow a link to another name
    if POSTS not in parts:
        return None
    within = parts[len(parts) - parts[::-1].index(POSTS) :]
    return "".join(f"{_utf8(part)}/" for part in within)


def _walk_site(folder: Path, place: str, listing: Listing) -> bool:
    """List what lies in folders named `_posts`, and drafts; return whether there is such a folder."""
    found = False
    for item in _sorted(folder, place, listing=None):
        if item.is_symlink() or not item.is_dir(follow_symlinks=False):
            continue
        inner, path = f"{place}{_utf8(item.name)}/", Path(item.path)
        if item.name == POSTS:
            found = True
            _walk(path, "" if not place else inner, listing)
        elif item.name == _DRAFTS:
            _leave_out_drafts(path, inner, listing)
        elif not item.name.startswith((".", "_")) and item.name not in _NOT_WRITTEN:
            found |= place.count("/") < _DEEPEST and _walk_site(path, inner, listing)
    return found


def _walk(folder: Path, place: str, listing: Listing) -> None:
    for item in _sorted(folder, place, listing):
        name, path = f"{place}{_utf8(item.name)}", Path(item.path)
        if item.is_symlink():
            listing.left_out.append(LeftOut(name, "is a symbolic link"))
        elif item.is_dir(follow_symlinks=False):
            if item.name == _DRAFTS:
                _leave_out_drafts(path, f"{name}/", listing)
            elif item.name.startswith("."):
                listing.left_out.append(LeftOut(f"{name}/", "is hidden"))
            elif place.count("/") >= _DEEPEST:
                listing.left_out.append(LeftOut(f"{name}/", "lies too deep"))
            else:
                _walk(path, f"{name}/", listing)
        elif item.name.startswith("."):
            listing.left_out.append(LeftOut(name, "is hidden"))
        elif not item.is_file(follow_symlinks=False):
            listing.left_out.append(LeftOut(name, "is no regular file"))
        elif item.name.lower().endswith(_ENDINGS):
            listing.posts.append(PostFile(name, path))
        else:
            listing.left_out.append(LeftOut(name, "is no post: its name ends otherwise"))


def _leave_out_drafts(folder: Path, place: str, listing: Listing) -> None:
    drafts = Listing()
    _walk(folder, place, drafts)
    listing.left_out += [LeftOut(draft.name, "is a draft") for draft in drafts.posts]
    listing.left_out += drafts.left_out


def _sorted(folder: Path, place: str, listing: Listing | None) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as items:
            found = sorted(items, key=lambda item: item.name)
    except OSError as error:
        if listing is not None:
            listing.left_out.append(LeftOut(place, f"cannot be read: {error.strerror or error}"))
        return
    yield from found


def _utf8(name: str) -> str:
    """Return a name as text that stands for its bytes, whatever encoding this process has for names."""
    return os.fsencode(name).decode("utf-8", "surrogateescape")
