"""Elements of podcasts and videos, of an item or the feed; mixed in before feedparser's classes.

feedparser keeps the last of several, none of the text beside attributes, and of a yes or no only some.
"""

from __future__ import annotations

from typing import Any

_MOST_OF_A_KIND = 200
"""Elements of one name, of one item or the feed."""
_LONGEST = 10_000
"""Characters of an attribute or a text."""
_PICTURES = frozenset({"logo", "icon"})
"""Whose text is an address, for feedparser to resolve."""
_KEPT = ("url", "href", "type", "duration", "width")

NAMESPACES = {
    "https://podcastindex.org/namespace/1.0": "podcast",
    "http://podcastindex.org/namespace/1.0": "podcast",
    "https://github.com/podcastindex-org/podcast-namespace/blob/main/docs/1.0.md": "podcast",
}
"""Usual prefixes of namespaces that feedparser does not know."""


class MediaReadings:
    """Notes them under `media_said` in the item or the feed (`episodes.Said`), with the feed's pictures.

    Method names are feedparser's: `_start_` or `_end_`, the namespace's usual prefix, and the element.
    """

    # of feedparser's parsers
    entries: list[dict[str, Any]]
    feeddata: dict[str, Any]
    inentry: Any
    inimage: Any
    insource: Any
    pop: Any
    push: Any
    resolve_uri: Any
    _get_context: Any

    def _note(self, element: str, attributes: dict[str, str]) -> dict[str, str]:
        """Note an element; return what holds its attributes, and can take its text."""
        noted = {name: said for name in _KEPT if (said := attributes.get(name)) and len(said) <= _LONGEST}
        for name in noted.keys() & {"url", "href"}:
            noted[name] = self.resolve_uri(noted[name])
        if not self.insource:
            noted_of = self.entries[-1] if self.inentry else self.feeddata
            others = noted_of.setdefault("media_said", {}).setdefault(element, [])
            if len(others) < _MOST_OF_A_KIND:
                others.append(noted)
        return noted

    def _end_noted(self, element: str) -> None:
        text = self.pop(element)
        if text and len(text) <= _LONGEST:
            self._note(element, {})["text"] = text

    def _end_url(self) -> None:
        text = self.pop("href") if self.inimage and not self.inentry else None
        if text and len(text) <= _LONGEST:
            self._note("image_url", {})["text"] = text
        super()._end_url()  # type: ignore[misc]  # of feedparser's class, next in line

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
        parser.push(element, element in _PICTURES)

    return start


def _end(element: str) -> Any:
    def end(parser: MediaReadings) -> None:
        parser._end_noted(element)  # noqa: SLF001 - a method of that class

    return end


for _element in (
    *("itunes_duration", "itunes_image", "itunes_episode", "itunes_season", "itunes_episodetype"),
    *("itunes_explicit", "media_thumbnail", "podcast_chapters", "podcast_transcript", "podcast_episode"),
    *("podcast_season", *_PICTURES),
):
    setattr(MediaReadings, f"_start_{_element}", _start(_element))
    setattr(MediaReadings, f"_end_{_element}", _end(_element))
