"""The styles of posts by their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from aggregator.model import Entry, PostStyle
from aggregator.publish.jekyll.legacy import legacy_post
from aggregator.publish.jekyll.post import Post
from aggregator.publish.jekyll.safe import safe_post

STYLES: Mapping[PostStyle, Callable[[Entry], Post]] = MappingProxyType(
    {PostStyle.SAFE: safe_post, PostStyle.LEGACY: legacy_post}
)
"""What makes a post of an entry, in each style."""
