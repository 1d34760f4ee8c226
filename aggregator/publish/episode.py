"""What is published of an item as a podcast's episode or a film: pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from aggregator.model import Enclosure, Episode
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


def _counted(number: int | None) -> int | None:
    return number if number is not None and 1 <= number <= _MAX_NUMBER else None


def _chapters(file: Enclosure | None) -> Attachment | None:
    if file is None:
        return None
    return next(attachments([replace(file, type=file.type or _CHAPTERS_TYPE)]), None)
