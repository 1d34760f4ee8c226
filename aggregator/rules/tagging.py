"""Which tags an entry has."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

from aggregator.model import Given, Source


def tags_for(source: Source, categories: Iterable[str]) -> tuple[str, ...]:
    """Return the tags of an item of `source`: the source's own first, then its categories when kept."""
    said = (*source.tags, *categories) if source.keep_categories else source.tags
    return union(map(clean_tag, said))


class ConfiguredTags:
    """Which tags the sources of a config would give to entries that are stored."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._by_name = {source.name: source for source in sources}
        self._by_url = {source.url: source for source in sources}

    def of(self, given: Iterable[Given]) -> tuple[str, ...]:
        """Return the tags of an entry. Of a source that is not configured they stay what they were.

        A source of another name at the same address is the one that was renamed.
        """
        return union(*map(self._given_now, given))

    def name_of(self, given: Given) -> str:
        """Return the name that the source of what is given has in the config; its own when it has none."""
        source = self._source(given)
        return given.source if source is None else source.name

    def _given_now(self, given: Given) -> tuple[str, ...]:
        source = self._source(given)
        return given.tags if source is None else tags_for(source, given.categories)

    def _source(self, given: Given) -> Source | None:
        return self._by_name.get(given.source) or self._by_url.get(given.url)


def clean_tag(text: str) -> str:
    """Return the tag in the one form it is stored and looked up in: NFC, single spaces, none around it."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def union(*groups: Iterable[str]) -> tuple[str, ...]:
    """Return every tag once, in order of first appearance, empty ones left out."""
    return tuple(dict.fromkeys(tag for group in groups for tag in group if tag))
