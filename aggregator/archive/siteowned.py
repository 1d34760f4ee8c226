"""Which files of a site's folder are surely of an export: only those are replaced, and removed."""

from __future__ import annotations

import gzip
import re
import zlib

import brotli  # type: ignore[import-untyped]  # it ships no types

from aggregator.archive.folder import Folder
from aggregator.archive.sitehtml import GENERATOR

PACKED = (".br", ".gz")
"""How packed forms end, as nginx's `brotli_static` and `gzip_static` look for them."""

_FIXED = frozenset({"static/style.css", "static/icon.svg"})
"""They tell nothing of where they are from; a folder that had them was refused when it got its mark."""

_XML_GENERATOR = re.compile(rb"<generator[^<>]*>aggregator\b")
_OPML_OF_ALL = re.compile(rb'xmlUrl="(?:[^"]*/)?all\.atom"')
_XML_ITEM = re.compile(rb"<(?:item|entry)\b")
_FORMAT_OF_JSON = b"jsonfeed.org/version/"
_MOST_UNPACKED = 64_000_000
"""Bytes of a packed file that are looked at."""


def plain_name(name: str) -> str:
    """Return the name of the file that a packed form is of; any other name as it is."""
    for suffix in PACKED:
        name = name.removesuffix(suffix)
    return name


def is_ours(folder: Folder, name: str) -> bool:
    """Return whether an export wrote this file, or its packed forms where the file itself is missing.

    False where there is none of them, and for symbolic links. Raises ArchiveError.
    """
    if (folder.path / name).is_symlink():
        return False
    if name in _FIXED:
        return True
    body = folder.read(name)
    if body is not None:
        return _tells(folder, name, body)
    packed = [(suffix, folder.read(name + suffix)) for suffix in PACKED]
    found = [_unpacked(suffix, body) for suffix, body in packed if body is not None]
    return bool(found) and all(body is not None and _tells(folder, name, body) for body in found)


def is_free(folder: Folder, name: str) -> bool:
    """Return whether nothing is lost when a file and its packed forms are written under this name."""
    if is_ours(folder, name) or folder.read(name) == b"":
        return True
    paths = [folder.path / (name + suffix) for suffix in ("", *PACKED)]
    return not any(path.is_symlink() or path.is_file() for path in paths)


def _tells(folder: Folder, name: str, body: bytes) -> bool:
    """Return whether a file says that it is ours."""
    stem, _, suffix = name.rpartition(".")
    match suffix:
        case "html":
            return GENERATOR.encode() in body
        case "xml":
            return b"<opml " in body and _OPML_OF_ALL.search(body) is not None
        case "rss" | "atom":
            item = _XML_ITEM.search(body)
            return _XML_GENERATOR.search(body, 0, len(body) if item is None else item.start()) is not None
        case "json":
            # Feeds without items and digests say nothing of it.
            return _FORMAT_OF_JSON in body and (
                b'"_aggregator"' in body
                or any(_is_ours_beside(folder, f"{stem}.{other}") for other in ("html", "rss", "atom"))
            )
    return False


def _is_ours_beside(folder: Folder, name: str) -> bool:
    body = folder.read(name)
    return body is not None and _tells(folder, name, body)


def _unpacked(suffix: str, body: bytes) -> bytes | None:
    """Return what is in a packed file; None for one that is not packed so, or is far too long."""
    try:
        if suffix == ".gz":
            return gzip.decompress(body) if len(body) < _MOST_UNPACKED else None
        return bytes(brotli.decompress(body)) if len(body) < _MOST_UNPACKED else None
    except (OSError, EOFError, zlib.error, brotli.error):
        return None
