"""Markdown → HTML, as far as posts of Jekyll need it. Pure."""

from __future__ import annotations

from functools import cache
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_LONGEST = 2_000_000


def html_of(markdown: str) -> str:
    """Return CommonMark with tables and strikethrough as HTML, raw HTML in it as it is: nothing is sanitized.

    What is beyond two million characters comes out as it was written: rendering takes a second for each.
    """
    if len(markdown) > _LONGEST:
        return f"<pre>{escape(markdown)}</pre>"
    return str(_renderer().render(markdown))


@cache
def _renderer() -> MarkdownIt:
    from markdown_it import MarkdownIt  # noqa: PLC0415 - few archives hold Markdown, and it takes its time

    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
