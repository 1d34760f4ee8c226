"""Invented entries and a channel to publish them in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aggregator.model import Channel, Enclosure, Entry, RawHtml, SourceRef

PUBLISHED = 1_712_108_792_000
"""2024-04-03T01:46:32Z"""

SOURCE = SourceRef(
    name="半導体だより", url="https://chips.example/feed.xml", site_url="https://chips.example/"
)

CHANNEL = Channel(
    id="https://reader.example/feeds/chips",
    title="Chips & 半導体",
    description="Everything about chips",
    home_url="https://reader.example/",
    self_url="https://reader.example/feeds/chips.rss",
    language="en",
)


def an_entry(**changes: Any) -> Entry:
    """Return an entry that has everything, with some fields changed."""
    return replace(
        Entry(
            id=PUBLISHED,
            sources=(SOURCE,),
            guid="chips-1",
            url="https://chips.example/2024/new-fab",
            title="A new fab — 新しい工場 & 新厂房",
            authors=("Ada Example", "例 花子"),
            published=PUBLISHED,
            source_published=PUBLISHED,
            date_text=None,
            updated=PUBLISHED + 3_600_000,
            first_seen=PUBLISHED + 60_000,
            surfaced=PUBLISHED + 60_000,
            changed=PUBLISHED + 3_700_000,
            tags=("chips", "半導体", "C++", "中参馆"),
            categories=("chips",),
            language="ja",
            summary=RawHtml("<p>工場ができました。</p>"),
            content_html=RawHtml(
                "<p>The <b>fab</b> opens today. 工場は今日開きます。</p>"
                '<p>新厂房今天启用。 <a href="/plan">plan</a> <img src="/fab.jpg" alt="fab"></p>'
            ),
            article=None,
            enclosures=(Enclosure(url="https://chips.example/fab.mp3", type="audio/mpeg", length=12_345),),
            base_url="https://chips.example/2024/new-fab",
        ),
        **changes,
    )
