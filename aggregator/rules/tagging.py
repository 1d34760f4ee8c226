"""Which tags an entry has, and which sources of a config are those that brought it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from aggregator.model import Entry, Given, Source


def tags_for(source: Source, categories: Iterable[str]) -> tuple[str, ...]:
    """Return the tags of an item of `source`: the source's own first, then its categories when kept."""
    said = (*source.tags, *categories) if source.keep_categories else source.tags
    return union(map(clean_tag, said))


def predecessors(sources: Sequence[Source], known: Mapping[str, str]) -> dict[str, str]:
    """Return which known source each one of a config is, by its name: the name that this one has had so far.

    `known` are the URLs of all known sources by name. A source is the one of its name. A new name with a
    known URL is a source renamed, where the name before is gone from the config or stands at another URL by
    now: who got that name begins anew. One without a URL has never been more than a name on imported posts:
    the first source that is called so, by its `name_form`, goes on with them. What is new altogether is left
    out.
    """
    urls = {source.name: source.url for source in sources}
    unknown = {source.url: source.name for source in sources if source.name not in known}
    found: dict[str, str] = {}
    nameless: dict[str, str] = {}
    imported: dict[str, str] = {}
    for name, url in known.items():
        if name not in urls and not url:
            imported[name_form(name)] = name
        elif name not in urls:
            nameless[url] = name
        elif urls[name] != url and url in unknown:
            found[unknown.pop(url)] = name
        else:
            found[name] = name
    for source in sources:
        if source.name not in found and source.url in nameless:
            found[source.name] = nameless.pop(source.url)
        elif source.name not in found and name_form(source.name) in imported:
            found[source.name] = imported.pop(name_form(source.name))
    return found


class ConfiguredSources:
    """What stored entries would be with the sources of a config; `known` is as for `predecessors`."""

    def __init__(self, sources: Sequence[Source], known: Mapping[str, str]) -> None:
        before = predecessors(sources, known)
        self._by_name = {before[source.name]: source for source in sources if source.name in before}

    def tags_of(self, given: Iterable[Given]) -> tuple[str, ...]:
        """Return the tags of an entry. Of a source that is not configured they stay what they were."""
        return union(*map(self._given_now, given))

    def named(self, entry: Entry) -> Entry:
        """Return an entry with its sources by the names that they have in the config."""
        if all(self._name_now(source.name) == source.name for source in entry.sources):
            return entry
        return replace(
            entry,
            sources=tuple(replace(source, name=self._name_now(source.name)) for source in entry.sources),
        )

    def _name_now(self, name: str) -> str:
        source = self._by_name.get(name)
        return name if source is None else source.name

    def _given_now(self, given: Given) -> tuple[str, ...]:
        source = self._by_name.get(given.source)
        return given.tags if source is None else tags_for(source, given.categories)


def clean_tag(text: str) -> str:
    """Return the tag in the one form it is stored and looked up in: NFC, single spaces, none around it."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def name_form(name: str) -> str:
    """Return what is alike for two names of one source: case, spaces and Unicode's forms do not count."""
    return clean_tag(clean_tag(name).casefold())


def union(*groups: Iterable[str]) -> tuple[str, ...]:
    """Return every tag once, in order of first appearance, empty ones left out."""
    return tuple(dict.fromkeys(tag for group in groups for tag in group if tag))
