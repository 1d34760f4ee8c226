"""Which tags an entry has."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from aggregator.model import Source


def tags_for(source: Source, categories: Iterable[str]) -> tuple[str, ...]:
    """Return the tags of an item of `source`: the source's own first, then its categories when kept."""
    said = (*source.tags, *categories) if source.keep_categories else source.tags
    return union(map(clean_tag, said))


def clean_tag(text: str) -> str:
    """Return the tag in the one form it is stored and looked up in: NFC, single spaces, none around it."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def union(*groups: Iterable[str]) -> tuple[str, ...]:
    """Return every tag once, in order of first appearance, empty ones left out."""
    return tuple(dict.fromkeys(tag for group in groups for tag in group if tag))
