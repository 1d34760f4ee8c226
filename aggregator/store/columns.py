"""Drafts → columns of `entries`, most of which `entry_sources` has, too."""

from __future__ import annotations

from aggregator.model import EntryDraft
from aggregator.store.episodes import episode_to_json
from aggregator.store.rows import to_json


def columns_of(draft: EntryDraft, dated: int | None) -> dict[str, object]:
    """Return what a draft says, by the names of columns; `dated` is its usable publication (ms)."""
    return {
        "published": dated,
        "source_published": draft.published,
        "url": draft.url,
        "title": draft.title,
        "authors": to_json(draft.authors),
        "date_text": draft.date_text,
        "updated": draft.updated,
        "categories": to_json(draft.categories),
        "language": draft.language,
        "summary": draft.summary,
        "content_html": draft.content_html,
        "enclosures": to_json([[file.url, file.type, file.length] for file in draft.enclosures]),
        "episode": episode_to_json(draft.episode),
        "base_url": draft.base_url,
    }
