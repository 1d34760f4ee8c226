"""Which files a folder that holds a site should have: what is missing, and what is left from another time."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from aggregator.archive.folder import Folder
from aggregator.archive.sitenames import ALL, Place, place_of_feed, place_of_tag
from aggregator.archive.siteowned import PACKED, plain_name
from aggregator.model import Series
from aggregator.publish.feeds import FORMATS

_SUFFIXES = ("json", *sorted(set(FORMATS) - {"json"}), "html", "xml")
"""In the order in which they are removed: those of JSON are known by what lies beside them."""


@dataclass(frozen=True, slots=True)
class FilesOfFeed:
    """The names of a feed's files."""

    documents: tuple[str, ...]
    pages: Mapping[str, str]
    """Of each page, by its own name."""


def place_of(series: Series) -> Place:
    """Return where the files of a feed are."""
    if series.tag is not None:
        return place_of_tag(series.tag)
    return ALL if series.feed is None else place_of_feed(series.feed)


def files_of(series: Series, pages: Collection[str]) -> FilesOfFeed:
    """Return the names of the files of a feed that has these pages; the newest one it has in any case."""
    place = place_of(series)
    return FilesOfFeed(
        documents=tuple(place.document(suffix) for suffix in FORMATS),
        pages={name: place.page(name) for name in {"", *pages}},
    )


class Inventory:
    """The files that are in a folder."""

    def __init__(self, folder: Folder) -> None:
        """Look into all of it. Raises ArchiveError."""
        self._key = folder.key
        self._names = {folder.key(name): name for name in folder.names()}

    def has(self, name: str) -> bool:
        """Return whether a file and its packed forms are there."""
        return all(self._key(name + suffix) in self._names for suffix in ("", *PACKED))

    def others(self, published: Collection[str]) -> Iterator[str]:
        """Yield the names that files of a site may have and none of these has; not those of packed forms."""
        known = {self._key(name) for name in published}
        found = {plain_name(name) for name in self._names.values()}
        other = [name for name in found if self._key(name) not in known and _is_of_a_site(name)]
        yield from sorted(other, key=lambda name: (_SUFFIXES.index(name.rpartition(".")[2]), name))


def _is_of_a_site(name: str) -> bool:
    folder, _, last = name.rpartition("/")
    if last.rpartition(".")[2] not in _SUFFIXES:
        return False
    top = folder.partition("/")[0]
    return top in {"feeds", "tags", "all"} or (not folder and last in {"opml.xml", "tags.html"})
