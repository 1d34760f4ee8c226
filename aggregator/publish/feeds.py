"""Items → a feed document that is ready to be sent, in any of the formats. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType

from aggregator.model import Channel, FeedDocument
from aggregator.publish.item import Item, last_change
from aggregator.publish.jsonfeed import json_feed
from aggregator.publish.xml import atom, rss


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One way to write a feed."""

    content_type: str
    write: Callable[[Channel, Sequence[Item]], bytes]


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "rss": Format(content_type="application/rss+xml; charset=utf-8", write=rss),
        "atom": Format(content_type="application/atom+xml; charset=utf-8", write=atom),
        "json": Format(content_type="application/feed+json; charset=utf-8", write=json_feed),
    }
)
"""The formats by the suffix of their URLs."""


def render(format_name: str, channel: Channel, items: Sequence[Item]) -> FeedDocument:
    """Return the items as a feed, in their order; the same items give the same bytes.

    `format_name` is a key of `FORMATS`; raises KeyError for any other.
    """
    form = FORMATS[format_name]
    body = form.write(channel, items)
    return FeedDocument(
        body=body,
        content_type=form.content_type,
        etag=etag_of(body),
        last_modified=last_change(items),
    )


def etag_of(body: bytes) -> str:
    """Return the strong ETag of these bytes, quotes included."""
    return f'"{sha256(body).hexdigest()[:32]}"'
