"""What happened to sources, as items of a feed of its own. Pure."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from html import escape
from uuid import UUID, uuid5

from aggregator.model import Incident, SafeHtml
from aggregator.publish.item import Item
from aggregator.publish.text import excerpt, one_line, rfc3339
from aggregator.publish.urls import feed_url, without_secrets

_log = logging.getLogger(__name__)

_INCIDENTS = UUID("0d6f3e59-3b0a-5d0e-b7f4-61c6a8d1e3aa")
"""The name space of incidents' ids: another value would make every reader show every one again."""

_EXCERPT = 300


def status_items(incidents: Iterable[Incident]) -> list[Item]:
    """Return an item for each incident, the newest first.

    It says which source it is, what happened, when and why, and where its feed is: without anything
    that looks like a secret. One that cannot be published is left out and logged.
    """
    items = []
    for incident in sorted(incidents, key=lambda incident: (incident.at, incident.id), reverse=True):
        try:
            items.append(_item(incident))
        except Exception:  # noqa: BLE001 - whatever one incident holds, the others are published
            _log.exception("incident %d cannot be published and is left out of the feed", incident.id)
    return items


def _item(incident: Incident) -> Item:
    message = without_secrets(one_line(incident.message))
    address = feed_url(incident.url)
    name = without_secrets(one_line(incident.source)) or address or "Untitled"
    return Item(
        id=uuid5(_INCIDENTS, f"{incident.id} {incident.at}").urn,
        url=None,  # readers take items of one address for one
        title=f"{name}: {incident.kind}",
        content=_content(incident, message, address),
        summary=SafeHtml(""),
        excerpt=excerpt(message or f"{name}: {incident.kind}", _EXCERPT),
        authors=(),
        published=incident.at,
        updated=incident.at,
        changed=incident.at,
        tags=(str(incident.kind),),
        attachments=(),
        language=None,
        origins=(),
    )


def _content(incident: Incident, message: str, address: str | None) -> SafeHtml:
    seen = rfc3339(incident.at // 1000 * 1000).replace("T", " ").replace("Z", " UTC")
    paragraphs = [escape(message, quote=False)] if message else []
    paragraphs.append(f"Noticed at {seen}.")
    if address:
        link = escape(address)
        paragraphs.append(f'Its feed: <a href="{link}" rel="noopener noreferrer">{link}</a>')
    return SafeHtml("".join(f"<p>{paragraph}</p>" for paragraph in paragraphs))
