"""Podcasts' elements, alike in RSS and Atom: those that Apple's directory reads, and podcastindex.org's."""

from __future__ import annotations

from collections.abc import Sequence

from lxml.etree import SubElement, _Element

from aggregator.publish.episode import PublishedEpisode
from aggregator.publish.item import Item

_ITUNES = "http://www.itunes.com/dtds/podcast-1.0.dtd"
_PODCAST = "https://podcastindex.org/namespace/1.0"


def episode_prefixes(items: Sequence[Item]) -> dict[str, str]:
    """Return the name spaces, by prefix, of the elements that these items have; none without episodes."""
    episodes = [item.episode for item in items if item.episode]
    prefixes = {"itunes": _ITUNES} if episodes else {}
    if any(episode.chapters or episode.transcripts for episode in episodes):
        prefixes["podcast"] = _PODCAST
    return prefixes


def add_show(channel: _Element, items: Sequence[Item], icon: str | None) -> None:
    """Add what podcast players want to know of a feed with episodes, where it is known."""
    episodes = [item.episode for item in items if item.episode]
    if not episodes:
        return
    if icon:
        SubElement(channel, _itunes("image"), href=icon)
    said = {episode.explicit for episode in episodes}
    if True in said or said == {False}:
        SubElement(channel, _itunes("explicit")).text = _yes_or_no(True in said)


def add_episode(element: _Element, episode: PublishedEpisode) -> None:
    """Add an episode's facts to an RSS `item` or an Atom `entry`."""
    facts = {
        "duration": episode.duration,
        "episode": episode.number,
        "season": episode.season,
        "episodeType": episode.kind,
        "explicit": None if episode.explicit is None else _yes_or_no(episode.explicit),
    }
    for name, fact in facts.items():
        if fact is not None:
            SubElement(element, _itunes(name)).text = str(fact)
    if episode.image:
        SubElement(element, _itunes("image"), href=episode.image)
    if episode.chapters:
        SubElement(element, _podcast("chapters"), url=episode.chapters.url, type=episode.chapters.type)
    for file in episode.transcripts:
        SubElement(element, _podcast("transcript"), url=file.url, type=file.type)


def _yes_or_no(said: bool) -> str:
    return "true" if said else "false"


def _itunes(name: str) -> str:
    return f"{{{_ITUNES}}}{name}"


def _podcast(name: str) -> str:
    return f"{{{_PODCAST}}}{name}"
