"""Safe HTML → a block of HTML within Markdown that CommonMark, kramdown and Liquid leave as it is. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_TAG = re.compile(r'(<[A-Za-z/](?:[^<>"]|"[^"]*")*+>)')
_BLANK_LINE = re.compile(r"(?<=\n)([ \t]*)\n")
_BLANK_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*)*\n")

_EMPTY = re.compile(r"<(?:br|col|hr|img|source|wbr)\b")
"""Elements without an end tag, of those that sanitized HTML may have."""

_DEEPEST = 100
"""Levels of elements: with some more, kramdown runs out of stack, and the whole site is not built."""

_LONG_LINE = 2_000
"""Characters: at each tag, kramdown looks for the end of the line: a book in one line takes it minutes."""


def html_block(html: str) -> str:
    """Return well-formed HTML of the same meaning, in which no renderer looks for Markdown or Liquid.

    It has no line of white space only, which would end a block of HTML in CommonMark (section 4.6): where
    white space means something, in `pre` and in attributes, the line's end becomes a reference. So does each
    `{`: Jekyll 3, as on GitHub Pages, knows no `render_with_liquid` and would run `{{ … }}` and `{% … %}`.
    Very long lines are broken within tags. Of elements that are nested very deeply only the text is left.
    """
    html = html.replace("\r\n", "\n").replace("\r", "\n").replace("{", "&#123;")
    if html.count("</") > _DEEPEST:
        html = "".join(_without_depth(_TAG.split(html)))
    if _BLANK_LINE.search(html):
        html = "".join(_without_blank_lines(_TAG.split(html)))
    if max(map(len, html.split("\n"))) > _LONG_LINE:
        html = re.sub(r"\n>\Z", ">", "".join(_with_short_lines(_TAG.split(html))))
    return html


def _without_depth(parts: Iterable[str]) -> Iterator[str]:
    depth = 0
    for part in parts:
        if not part.startswith("<") or _EMPTY.match(part):
            yield part
        elif part.startswith("</"):
            if depth <= _DEEPEST:
                yield part
            depth -= 1
        else:
            depth += 1
            if depth <= _DEEPEST:
                yield part


def _without_blank_lines(parts: Iterable[str]) -> Iterator[str]:
    preformatted = 0
    for part in parts:
        is_tag = part.startswith("<")
        if is_tag:
            preformatted += part.startswith("<pre") - part.startswith("</pre")
        if is_tag or preformatted:
            yield _BLANK_LINE.sub(r"\1&#10;", part)
        else:
            yield _BLANK_LINES.sub("\n", part)


def _with_short_lines(parts: Iterable[str]) -> Iterator[str]:
    length = 0
    for part in parts:
        end = part.rfind("\n")
        length = len(part) - end if end >= 0 else length + len(part)
        if length > _LONG_LINE and part.startswith("<"):
            yield part[:-1] + "\n>"
            length = 1
        else:
            yield part
