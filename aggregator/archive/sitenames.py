"""Where the files of a site are, and how they link to each other. Pure.

A feed of the config, or a tag, has the name that it has, where that is one for every file system and every
server: letters in lower case, digits, single `-` and `_` between them. Any other gets what can be read of it
and ten characters that stand for the whole name, as `c_…` for `C++`. No name is that of another on a disk
that takes capitals for small letters, or on one that writes accents in another way.
"""

from __future__ import annotations

import posixpath
import re
import unicodedata
from base64 import b32encode
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from urllib.parse import quote

from aggregator.publish.jekyll.names import portable_slug

_STEM_BYTES = 80
"""With all that comes behind it a name stays below 143 bytes, which some encrypted folders are limited to."""

_DEVICES = re.compile(r"con|prn|aux|nul|(?:com|lpt)[0-9]")
"""Names that Windows keeps for devices, whatever suffix they have."""

_MARKED = re.compile(r"_[a-z2-7]{10}$")
"""How the names end that are no longer as they were."""


@lru_cache(maxsize=4096)
def stem_of(name: str) -> str:
    """Return how the files of a feed or a tag begin: the same name gives the same for ever, no other does."""
    if _is_plain(name):
        return name
    readable = portable_slug(unicodedata.normalize("NFC", name).casefold(), size=_STEM_BYTES)
    digest = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=10).digest()
    return f"{readable or 'x'}_{b32encode(digest).decode().lower()[:10]}"


def _is_plain(name: str) -> bool:
    words = name.replace("_", "-")
    return (
        words != ""
        and words == portable_slug(words, size=_STEM_BYTES)
        and name == name.casefold() == name.upper().casefold()
        and _DEVICES.fullmatch(name) is None
        and _MARKED.search(name) is None
    )


@dataclass(frozen=True, slots=True)
class Place:
    """Where the files of one feed are, relative to the site's folder."""

    stem: str
    """With the folder: `feeds/news`, `tags/chips`, `all`."""

    def document(self, suffix: str) -> str:
        """Return the path of the feed in a format."""
        return f"{self.stem}.{suffix}"

    def page(self, name: str) -> str:
        """Return the path of a page for people; the newest has no name."""
        return f"{self.stem}/{name}.html" if name else f"{self.stem}.html"


ALL = Place("all")


def place_of_feed(slug: str) -> Place:
    """Return where the files of a feed of the config are."""
    return Place(f"feeds/{stem_of(slug)}")


def place_of_tag(tag: str) -> Place:
    """Return where the files of a tag's feed are."""
    return Place(f"tags/{stem_of(tag)}")


@dataclass(frozen=True, slots=True)
class Links:
    """How files link to each other: below the base URL, or relative to the file that the link is in."""

    base_url: str | None
    """Without a slash at its end."""

    def to(self, path: str, *, here: str) -> str:
        """Return the address of a file as a file says it, percent-encoded."""
        if self.base_url is None:
            return quote(posixpath.relpath(path, posixpath.dirname(here) or "."))
        return f"{self.base_url}/{quote(path)}"

    def home(self, *, here: str) -> str:
        """Return the address of the first page; a folder's own address shows no page where it is a file's."""
        return self.to("index.html", here=here) if self.base_url is None else f"{self.base_url}/"
