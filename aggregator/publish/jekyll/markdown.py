"""Markdown → HTML, as far as posts of Jekyll need it. Pure."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_LONGEST = 300_000
"""Characters: rendering takes about a second for each million of them, and more in small blocks."""
_MOST_BRACKETS = 10_000
"""Each may begin a link, for whose end all that follows is searched."""
_HIGHLIGHT = re.compile(
    r"^\{%-?[ \t]{0,9}highlight[ \t]+([\w+#.-]{1,40})[^\n%]{0,100}%\}[ \t]*$", re.MULTILINE
)
_END_HIGHLIGHT = re.compile(r"^\{%-?[ \t]{0,9}endhighlight[ \t]{0,9}-?%\}[ \t]*$", re.MULTILINE)
_RAW = re.compile(r"\{%-?[ \t]{0,9}(?:end)?raw[ \t]{0,9}-?%\}")
_BLANK_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")


def html_of(markdown: str) -> str | None:
    """Return CommonMark with tables and strikethrough as HTML, raw HTML in it as it is: nothing is sanitized.

    None for what would take seconds to render.
    """
    if len(markdown) > _LONGEST or markdown.count("[") > _MOST_BRACKETS:
        return None
    return str(_renderer().render(markdown))


def without_liquid(markdown: str) -> str:
    """Return Markdown in which Liquid's blocks of code are Markdown's, and the marks of `raw` gone."""
    if "{%" not in markdown:
        return markdown
    fenced = _END_HIGHLIGHT.sub("```", _HIGHLIGHT.sub(r"```\1", markdown))
    return _RAW.sub("", fenced)


def paragraphs_of(markdown: str) -> str:
    """Return Markdown as paragraphs of HTML: with what HTML is in it, and all other marks as written."""
    parts = (part.strip("\n") for part in _BLANK_LINES.split(markdown))
    return "\n".join(f"<p>{part}</p>" for part in parts if part)


@cache
def _renderer() -> MarkdownIt:
    from markdown_it import MarkdownIt  # noqa: PLC0415 - few archives hold Markdown, and it takes its time

    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
