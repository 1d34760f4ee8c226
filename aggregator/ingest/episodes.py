"""What podcasts and videos say of an item beside its files → Episode, and of the feed → About.

Pure, and raises nothing on any text.

Read are Apple's podcast tags (`itunes:*`), Media RSS (`media:*`), the podcast namespace (podcastindex.org),
and JSON Feed 1.1. What says nothing, or nothing sensible, is as if it were not said. Texts are clean, URLs
absolute and http(s).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from math import isfinite
from typing import Any, TypeVar

from aggregator.ingest.text import clean, collapse
from aggregator.ingest.urls import absolute, is_web
from aggregator.model import About, Enclosure, Episode

Said = Mapping[str, Sequence[Mapping[str, str]]]
"""Elements of an item or feed, by prefix and local name in lower case: attributes of each, and its `text`."""
Read = Callable[[object], str | None]
"""Makes a text or an attribute plain, or None of it."""
Bases = tuple[str | None, ...]
_T = TypeVar("_T")

MOST_TRANSCRIPTS = 20
"""Of one item: one in each of its languages and formats."""
LONGEST_URL = 4_000
"""Characters of a picture's, a transcript's or the chapters' URL."""

_LONGEST_DURATION = 366 * 24 * 3600
_LONGEST_TEXT = 100
_HIGHEST_NUMBER = 2**31 - 1  # what programs of subscribers hold in an integer; some number by date
_CLOCK = re.compile(r"(?:(?:(\d{1,4}):)?(\d{1,6}):)?(\d{1,9})(?:[.,]\d*)?", re.ASCII)
_NUMBER = re.compile(r"\d{1,10}", re.ASCII)
_KINDS = frozenset({"full", "trailer", "bonus"})
_EXPLICIT = {"yes": True, "true": True, "explicit": True, "no": False, "false": False, "clean": False}


def about_from_xml(said: Said, read: Read, bases: Bases, *, feed_id: str | None) -> About:
    """Return what an RSS or Atom feed's own elements say; its cover goes before its logo and its icon."""
    values = _values(said, read)
    covers = (values("itunes_image", name) for name in ("href", "url", "text"))
    images = chain(*covers, values("logo"), values("image_url"), values("icon"))
    named = clean(feed_id or "")
    return About(
        id=named if 0 < len(named) <= LONGEST_URL else None,
        image=_first(lambda image: _web_url(image, bases), images),
        explicit=_first(_explicit, values("itunes_explicit")),
    )


def about_from_json(icon: str | None, bases: Bases) -> About:
    """Return what a JSON Feed's own `icon` says."""
    return About(image=_web_url(icon, bases))


def episode_from_xml(said: Said, read: Read, bases: Bases) -> Episode | None:
    """Return what the elements of an RSS or Atom item say; None when they say nothing.

    An image of the item's own (`itunes:image`) goes before a frame of the video (the widest
    `media:thumbnail`, else the first).
    """
    if not said:  # as of most items
        return None
    values = _values(said, read)

    def files(element: str) -> Iterator[Enclosure]:
        for one in said.get(element, ()):
            if url := _web_url(read(one.get("url")), bases):
                yield Enclosure(url=url, type=_media_type(read(one.get("type"))))

    thumbnails = sorted(said.get("media_thumbnail", ()), key=_width, reverse=True)
    images = chain(
        values("itunes_image", "href"),
        values("itunes_image", "url"),
        values("itunes_image"),
        (read(one.get("url") or one.get("text")) for one in thumbnails),
    )
    return _or_none(
        Episode(
            duration=_first(seconds, chain(values("itunes_duration"), values("media_content", "duration"))),
            image=_first(lambda image: _web_url(image, bases), images),
            number=_first(_number, chain(values("itunes_episode"), values("podcast_episode"))),
            season=_first(_number, chain(values("itunes_season"), values("podcast_season"))),
            kind=_first(_kind, values("itunes_episodetype")),
            explicit=_first(_explicit, values("itunes_explicit")),
            chapters=next(files("podcast_chapters"), None),
            transcripts=tuple(islice(dict.fromkeys(files("podcast_transcript")), MOST_TRANSCRIPTS)),
        )
    )


def episode_from_json(
    *, durations: Iterable[object], images: Iterable[str | None], bases: Bases
) -> Episode | None:
    """Return what an item of a JSON Feed says; of several durations and images the first that is one."""
    return _or_none(
        Episode(
            duration=_first(seconds, durations),
            image=_first(lambda image: _web_url(image, bases), images),
        )
    )


def seconds(said: object) -> int | None:
    """Return a duration: seconds, `mm:ss` or `hh:mm:ss`, with or without a fraction, or a JSON number.

    None for none at all (many say 0 where they do not know), more than a year, and anything else.
    """
    if isinstance(said, str):
        found = _CLOCK.fullmatch(said.strip())
        hours, minutes, rest = (int(part or 0) for part in found.groups()) if found else (0, 0, 0)
        total = hours * 3600 + minutes * 60 + rest
    elif isinstance(said, int | float) and not isinstance(said, bool) and isfinite(said):
        total = int(said)
    else:
        return None
    return total if 0 < total <= _LONGEST_DURATION else None


def _values(said: Said, read: Read) -> Callable[..., Iterator[str]]:
    def values(element: str, attribute: str = "text") -> Iterator[str]:
        return filter(None, (read(one.get(attribute)) for one in said.get(element, ())))

    return values


def _number(said: str) -> int | None:
    number = int(said) if _NUMBER.fullmatch(said) else -1
    return number if 0 <= number <= _HIGHEST_NUMBER else None


def _kind(said: str) -> str | None:
    kind = said.lower()
    return kind if kind in _KINDS else None


def _explicit(said: str) -> bool | None:
    return _EXPLICIT.get(said.lower())


def _width(thumbnail: Mapping[str, str]) -> int:
    return _number(thumbnail.get("width", "").strip()) or 0


def _web_url(said: str | None, bases: Bases) -> str | None:
    url = absolute(clean(said or ""), *bases)
    return url if url and is_web(url) and len(url) <= LONGEST_URL else None


def _media_type(said: str | None) -> str | None:
    kind = collapse(clean(said or ""))
    return kind if 0 < len(kind) <= _LONGEST_TEXT else None


def _first(understood: Callable[[Any], _T | None], said: Iterable[object]) -> _T | None:
    return next((value for one in said if one is not None and (value := understood(one)) is not None), None)


def _or_none(episode: Episode) -> Episode | None:
    return None if episode == Episode() else episode
