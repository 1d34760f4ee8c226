"""Writes entries as files. The shell around `publish.jekyll`."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from aggregator.exceptions import ArchiveError
from aggregator.model import Entry
from aggregator.publish.jekyll.post import Post


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportTally:
    """What an export did, in posts."""

    written: int = 0
    unchanged: int = 0
    """The file had these very bytes already."""
    renamed: int = 0
    """Of both: the entry's ID is in the file's name, because an earlier entry has the plain one."""


def export_jekyll(
    entries: Iterable[Entry],
    folder: Path,
    *,
    style: Callable[[Entry], Post],
    selected: Callable[[Entry], bool] = lambda _: True,
) -> ExportTally:
    """Write a post of each selected entry to `folder/_posts`, and return what was done.

    Give every entry of the store, by rising ID, and choose with `selected`: the first entry of a file name
    gets it, later ones get `-ID` before the `.md`, so that names do not depend on what is chosen and no
    entry's post takes the place of another's. Each file is replaced whole or not at all, and only when its
    bytes differ. Removes nothing: the post of an entry whose title was edited stays beside the new one.
    Raises ArchiveError.
    """
    posts = folder / "_posts"
    try:
        posts.mkdir(parents=True, exist_ok=True)
        same_name = _fold if _ignores_case(posts) else str
    except OSError as error:
        raise _unwritable(posts, error) from error
    taken: set[str] = set()
    written = unchanged = renamed = 0
    for entry in entries:
        post = style(entry)
        name = post.file_name
        while same_name(name) in taken:
            name = f"{name.removesuffix('.md')}-{entry.id}.md"
        taken.add(same_name(name))
        if not selected(entry):
            continue
        renamed += name != post.file_name
        if _write(posts / name, post.body, draft=posts / f".{entry.id}.tmp"):
            written += 1
        else:
            unchanged += 1
    return ExportTally(written=written, unchanged=unchanged, renamed=renamed)


def _write(path: Path, body: bytes, *, draft: Path) -> bool:
    """Return whether the file had to be written."""
    try:
        if path.is_file() and path.read_bytes() == body:
            return False
        draft.write_bytes(body)
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise _unwritable(path, error) from error
    return True


def _ignores_case(posts: Path) -> bool:
    return posts.with_name(posts.name.upper()).exists()


def _fold(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _unwritable(path: Path, error: OSError) -> ArchiveError:
    return ArchiveError(
        f"{path}: cannot be written ({error.strerror or error}); "
        "choose a folder that you may write to, with space left"
    )
