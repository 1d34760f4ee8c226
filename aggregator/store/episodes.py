"""What an entry says of its files, as one column; pure."""

from __future__ import annotations

import json
from dataclasses import astuple, fields

from aggregator.model import Enclosure, Episode

_NOTHING = Episode()


def episode_to_json(episode: Episode | None) -> str | None:
    """Return what is known of an episode as a JSON object; None when that is nothing."""
    if episode is None:
        return None
    known = {
        field.name: value
        for field in fields(Episode)
        if (value := getattr(episode, field.name)) != getattr(_NOTHING, field.name)
    }
    return json.dumps(known, default=astuple, ensure_ascii=False, separators=(",", ":")) if known else None


def episode_from_json(text: str | None) -> Episode | None:
    """Return the episode that `episode_to_json` wrote."""
    if text is None:
        return None
    known = json.loads(text)
    chapters = known.get("chapters")
    return Episode(
        duration=known.get("duration"),
        image=known.get("image"),
        number=known.get("number"),
        season=known.get("season"),
        kind=known.get("kind"),
        explicit=known.get("explicit"),
        chapters=None if chapters is None else _file(*chapters),
        transcripts=tuple(_file(*said) for said in known.get("transcripts", ())),
    )


def _file(url: str, kind: str | None, length: int | None) -> Enclosure:
    return Enclosure(url=url, type=kind, length=length)
