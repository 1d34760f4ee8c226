"""What is published of an item as a podcast's episode or a film: pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from aggregator.model import About, Enclosure, Episode
from aggregator.publish.attachments import Attachment, attachments
from aggregator.publish.urls import web_url

_KINDS = frozenset({"full", "trailer", "bonus"})
_MAX_NUMBER = 2**31 - 1
"""Readers keep these numbers in 32 bits; no episode is as long as the 68 years that this is in seconds."""

_CHAPTERS_TYPE = "application/json+chapters"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedEpisode:
    """Facts that are valid in every format; at least one of them is there."""

    duration: int | None = None
    """Seconds, at least 1."""
    image: str | None = None
    number: int | None = None
    """At least 1, as `season` is."""
    season: int | None = None
    kind: str | None = None
    """`full`, `trailer` or `bonus`."""
    explicit: bool | None = None
    chapters: Attachment | None = None
    transcripts: tuple[Attachment, ...] = ()


_NOTHING = PublishedEpisode()


def published_episode(episode: Episode | None) -> PublishedEpisode | None:
    """Return what is valid of an episode's facts, or None when nothing is."""
    if episode is None:
        return None
    published = PublishedEpisode(
        duration=_counted(episode.duration),
        image=web_url(episode.image),
        number=_counted(episode.number),
        season=_counted(episode.season),
        kind=episode.kind if episode.kind in _KINDS else None,
        explicit=episode.explicit,
        chapters=_chapters(episode.chapters),
        transcripts=tuple(attachments(episode.transcripts)),
    )
    return None if published == _NOTHING else published


def with_show(episode: PublishedEpisode | None, shows: Sequence[About]) -> PublishedEpisode | None:
    """Return an episode with its show's picture and warning, where it has none of its own.

    `shows` are what the entry's sources say of themselves: the first that says something holds.
    """
    own = episode or _NOTHING
    images = (own.image, *(web_url(show.image) for show in shows))
    explicit = (own.explicit, *(show.explicit for show in shows))
    told = replace(
        own,
        image=next(filter(None, images), None),
        explicit=next((said for said in explicit if said is not None), None),
    )
    return None if told == _NOTHING else told


def _counted(number: int | None) -> int | None:
    return number if number is not None and 1 <= number <= _MAX_NUMBER else None


def _chapters(file: Enclosure | None) -> Attachment | None:
    if file is None:
        return None
    return next(attachments([replace(file, type=file.type or _CHAPTERS_TYPE)]), None)
