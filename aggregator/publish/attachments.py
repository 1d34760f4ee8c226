"""Files that belong to an item, with valid addresses, types and lengths. Pure."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from aggregator.model import Enclosure
from aggregator.publish.urls import web_url

_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+", re.ASCII)
_UNKNOWN_TYPE = "application/octet-stream"
_MAX_LENGTH = 2**63 - 1

_TYPES = mimetypes.MimeTypes()
"""The table that Python ships: not the machine's, so that feeds are alike on each."""
for _type, _suffix in (
    ("audio/mp4", ".m4a"),  # newer Pythons know all but the last
    ("image/webp", ".webp"),
    ("image/avif", ".avif"),
    ("text/vtt", ".vtt"),
    ("application/x-subrip", ".srt"),
):
    _TYPES.add_type(_type, _suffix)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that belongs to an item."""

    url: str
    type: str
    length: int | None
    """Bytes, when known."""

    @property
    def plays(self) -> bool:
        """Whether it is sound or film."""
        return self.type.startswith(("audio/", "video/")) or self.type == "application/ogg"


def attachments(enclosures: Iterable[Enclosure]) -> Iterator[Attachment]:
    """Return what can be fetched of a source's files, in their order, each address once.

    A type that is missing or none is guessed from the address, else `application/octet-stream`.
    """
    seen = set()
    for enclosure in enclosures:
        url = web_url(enclosure.url)
        if url is None or url in seen:
            continue
        seen.add(url)
        length = enclosure.length
        yield Attachment(
            url=url,
            type=_media_type(enclosure.type, url),
            length=length if length is not None and 0 <= length <= _MAX_LENGTH else None,
        )


def _media_type(said: str | None, url: str) -> str:
    said = (said or "").partition(";")[0].strip().lower()
    if _MEDIA_TYPE.fullmatch(said):
        return said
    return _TYPES.guess_type(url.partition("?")[0])[0] or _UNKNOWN_TYPE
