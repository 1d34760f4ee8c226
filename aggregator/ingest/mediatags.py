"""Elements of podcasts and videos, as they stand in an item; mixed in before feedparser's classes.

feedparser keeps the last of several, none of the text beside attributes, and of a yes or no only some.
"""

from __future__ import annotations

from typing import Any

_MOST_OF_A_KIND = 200
"""Elements of one name, of one item."""
_LONGEST = 10_000
"""Characters of an attribute or a text."""
_KEPT = ("url", "href", "type", "duration", "width")

NAMESPACES = {
    "https://podcastindex.org/namespace/1.0": "podcast",
    "http://podcastindex.org/namespace/1.0": "podcast",
    "https://github.com/podcastindex-org/podcast-namespace/blob/main/docs/1.0.md": "podcast",
}
"""Usual prefixes of namespaces that feedparser does not know."""


class MediaReadings:
    """Notes them under `media_said` in the item (`episodes.Said`). What a feed says of itself is not noted.

    Method names are feedparser's: `_start_` or `_end_`, the namespace's usual prefix, and the element.
    """

    # of feedparser's parsers
    entries: list[dict[str, Any]]
    inentry: Any
    insource: Any
    pop: Any
    push: Any
    resolve_uri: Any
    _get_context: Any

    def _note(self, element: str, attributes: dict[str, str]) -> dict[str, str]:
        """Note an element of an item; return what holds its attributes, and can take its text."""
        noted = {name: said for name in _KEPT if (said := attributes.get(name)) and len(said) <= _LONGEST}
        for name in noted.keys() & {"url", "href"}:
            noted[name] = self.resolve_uri(noted[name])
        if self.inentry and not self.insource:
            others = self.entries[-1].setdefault("media_said", {}).setdefault(element, [])
            if len(others) < _MOST_OF_A_KIND:
                others.append(noted)
        return noted

    def _end_noted(self, element: str) -> None:
        text = self.pop(element)
        if text and len(text) <= _LONGEST:
            self._note(element, {})["text"] = text

    def _start_enclosure(self, attributes: dict[str, str]) -> None:
        if url := attributes.get("url"):
            attributes["url"] = self.resolve_uri(url)
        super()._start_enclosure(attributes)  # type: ignore[misc]  # of feedparser's class, next in line

    def _start_media_content(self, attributes: dict[str, str]) -> None:
        if url := attributes.get("url"):
            attributes["url"] = self.resolve_uri(url)
        self._note("media_content", attributes)
        super()._start_media_content(attributes)  # type: ignore[misc]  # of feedparser's class, next in line

    # Texts of their own, which feedparser would put in place of the description.

    def _push_text(self, name: str, attributes: dict[str, str]) -> None:
        self.push(name, 1)
        if self.inentry and "type" in attributes:
            self._get_context()[f"{name}_type"] = attributes["type"]

    def _start_media_description(self, attributes: dict[str, str]) -> None:
        self._push_text("media_description", attributes)

    def _end_media_description(self) -> None:
        self.pop("media_description")

    def _start_itunes_summary(self, attributes: dict[str, str]) -> None:
        self._push_text("itunes_summary", attributes)

    def _end_itunes_summary(self) -> None:
        self.pop("itunes_summary")

    def _end_media_keywords(self) -> None:
        self.pop("media_keywords")

    def _end_itunes_keywords(self) -> None:
        self.pop("itunes_keywords")


def _start(element: str) -> Any:
    def start(parser: MediaReadings, attributes: dict[str, str]) -> None:
        if any(attributes.get(name) for name in _KEPT):
            parser._note(element, attributes)  # noqa: SLF001 - a method of that class
        parser.push(element, 0)

    return start


def _end(element: str) -> Any:
    def end(parser: MediaReadings) -> None:
        parser._end_noted(element)  # noqa: SLF001 - a method of that class

    return end


for _element in (
    *("itunes_duration", "itunes_image", "itunes_episode", "itunes_season", "itunes_episodetype"),
    *("itunes_explicit", "media_thumbnail", "podcast_chapters", "podcast_transcript", "podcast_episode"),
    "podcast_season",
):
    setattr(MediaReadings, f"_start_{_element}", _start(_element))
    setattr(MediaReadings, f"_end_{_element}", _end(_element))
