"""JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/): pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from aggregator.model import Channel
from aggregator.publish.attachments import Attachment
from aggregator.publish.item import Item, Origin, head, render_each
from aggregator.publish.text import rfc3339


def json_feed(channel: Channel, items: Sequence[Item]) -> bytes:
    """Return a JSON Feed document, UTF-8, its items in their order.

    Where an item came from is said by an extension of ours, `_aggregator.sources`, since the format has no
    words for it. Of the feed's other documents it can name the `next` one, and of an episode its picture and
    how long its main file plays. An item that cannot be written is left out and logged.
    """
    top = head(channel, items)
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": top.title,
        "description": top.description,
        "home_page_url": top.home_url,
        "feed_url": top.self_url,
        "next_url": dict(top.links).get("next"),
        "icon": top.icon,
        "language": top.language,
        "items": render_each(items, _item),
    }
    return json.dumps(_said(feed), ensure_ascii=False, indent=None, separators=(",", ":")).encode()


def _item(item: Item) -> dict[str, Any]:
    html = item.content or item.summary
    return _said(
        {
            "id": item.id,
            "url": item.url,
            "title": item.title,
            "content_html": html or None,
            "content_text": None if html else item.title,
            "summary": item.excerpt or None,
            "image": item.episode.image if item.episode else None,
            "date_published": rfc3339(item.published),
            "date_modified": rfc3339(item.updated),
            "authors": [{"name": author} for author in item.authors] or None,
            "tags": list(item.tags) or None,
            "language": item.language,
            "attachments": [_file(file, item) for file in item.attachments] or None,
            "_aggregator": {"sources": list(map(_source, item.origins))} if item.origins else None,
        }
    )


def _file(file: Attachment, item: Item) -> dict[str, Any]:
    length = item.episode.duration if item.episode and file == item.main_file else None
    return _said(
        {
            "url": file.url,
            "mime_type": file.type,
            "size_in_bytes": file.length,
            "duration_in_seconds": None if file.type.startswith(("image/", "text/")) else length,
        }
    )


def _source(origin: Origin) -> dict[str, Any]:
    return _said(
        {
            "name": origin.name,
            "url": origin.item_url,
            "feed_url": origin.feed_url,
            "home_page_url": origin.site_url,
        }
    )


def _said(members: dict[str, Any]) -> dict[str, Any]:
    """Return the members that have a value: the format has no nulls."""
    return {name: value for name, value in members.items() if value is not None}
