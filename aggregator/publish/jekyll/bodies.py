"""What comes after the front matter of a Jekyll post: comment, link line, and content. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape

from aggregator.model import Enclosure, RawHtml
from aggregator.publish.jekyll.markdown import html_of, paragraphs_of, without_liquid

_NUMBER = r"<!--[ \t]*+(?:(?P<said>[+-]?[0-9]{1,30})|(?:NaN|undefined|null|Invalid Date)?)[ \t]*+-->[ \t]*+"
_FIRST_COMMENT = re.compile(rf"\s*+{_NUMBER}(?:\n|\Z)")
_ANY_COMMENT = re.compile(rf"^[ \t]*+{_NUMBER}$", re.MULTILINE)
_COMMENT = re.compile(r"<!--((?:(?!-->)[^\n])*+)-->")
_COMMENTS = re.compile(rf"(?:\s*+{_COMMENT.pattern}[ \t]*+\n)++")
_INTEGER = re.compile(r"[+-]?[0-9]{1,30}")
_UNDERLINE = re.compile(r"[ \t]*(?:-{2,}|={2,})[ \t]*")
_DIV = re.compile(r"\s*+<div(?:[ \t][^<>]{0,200})?>", re.IGNORECASE)
_END = "</div>"
_UNDERLINED_DIV = re.compile(r"\n[ \t]*+(?:-{2,}+|={2,}+)[ \t]*+\n\s*+<div[ >]", re.IGNORECASE)
_RAW, _ENDRAW = "{% raw %}", "{% endraw %}"

_TITLE_BLOCK = re.compile(r'<h2 markdown="0">.*</h2>', re.DOTALL)
_CONTENT_BLOCK = re.compile(r'<div markdown="0">\n(.*)\n</div>', re.DOTALL)
_FILES_BLOCK = '<ul markdown="0">\n'
_FILE = re.compile(r'<a href="([^"]*)">[^<]*</a> \(([^,()]*)')
_MOST_BLOCKS = 4

_SHOWN = 60
_HTML_NAMES = (".html", ".htm", ".xhtml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The body of a post."""

    said: int | None
    """The number in the comment."""
    has_comment: bool
    """Whether there is one, whatever it says."""
    link_line: str | None
    """The line `[title](address)`, underlined as a heading or right before the content."""
    in_div: bool
    """Whether the content stands in a `div`, below a comment or a link line."""
    safe: bool = False
    """Whether it is of our own safe style."""
    enclosures: tuple[Enclosure, ...] = ()
    """The files that are listed below the content, in our own safe style."""
    html: RawHtml
    markdown: bool
    """Whether `html` was rendered from Markdown."""
    problems: tuple[str, ...]
    """Sentences for people."""


def read_body(body: str, file_name: str) -> Body:
    """Return what a body says; the ending of `file_name` tells whether it may be Markdown."""
    comment = _FIRST_COMMENT.match(body)
    if comment and comment["said"] and (safe := _safe_body(int(comment["said"]), body[comment.end() :])):
        return safe
    problems: list[str] = []
    comments, link_line, rest = _head(body)
    in_div = bool((comments or link_line is not None) and _DIV.match(rest))
    if in_div:
        html, tail = _in_div(rest, problems)
        outside = tail
    else:
        html, tail, outside = "", rest, rest
    if not comments and (comment := _ANY_COMMENT.search(outside)):
        problems.append("the comment with the date is not at the beginning")
        comments = _COMMENT.findall(comment[0])
        tail = _ANY_COMMENT.sub("", tail, count=1)
    markdown = bool(tail.strip()) and not file_name.lower().endswith(_HTML_NAMES)
    if in_div and tail.strip():
        problems.append("there is more text after the `div`: it is taken to the content")
    if tail.strip():
        html = f"{html}\n{_rendered(tail, problems) if markdown else tail}".strip("\n")
    if not in_div and _holds_form(rest):
        problems.append("there is something before the link line: all of it is taken to the content")
    return Body(
        said=_said(comments, problems),
        has_comment=bool(comments),
        link_line=link_line,
        in_div=in_div,
        html=RawHtml(html),
        markdown=markdown,
        problems=tuple(problems),
    )


def _head(body: str) -> tuple[list[str], str | None, str]:
    """Return what the comments at the beginning say, the link line, and what comes after these.

    Any comment that has its line to itself, and the link line below, stands where the scripts wrote theirs.
    """
    if comments := _COMMENTS.match(body):
        link_line, rest = _link_line(body[comments.end() :])
        if link_line is not None:
            return _COMMENT.findall(comments[0]), link_line, rest
    comment = _FIRST_COMMENT.match(body)
    link_line, rest = _link_line(body[comment.end() :] if comment else body)
    return _COMMENT.findall(comment[0]) if comment else [], link_line, rest


def _said(comments: list[str], problems: list[str]) -> int | None:
    """Return the first number among what comments say; what else they say goes to `problems`."""
    said = [comment.strip() for comment in comments]
    number = next((int(each) for each in said if _INTEGER.fullmatch(each)), None)
    why = "the source's date could not be understood" if number is None else "it is left out"
    problems += [
        f"the comment says `{each[:_SHOWN]}`: {why}" for each in said if not _INTEGER.fullmatch(each)
    ]
    return number


def _holds_form(body: str) -> bool:
    """Return whether there is a link line and a `div` anywhere."""
    for found in _UNDERLINED_DIV.finditer(body):
        if _is_link_line(body[body.rfind("\n", 0, found.start()) + 1 : found.start()].strip()):
            return True
    return False


def _rendered(written: str, problems: list[str]) -> str:
    markdown = without_liquid(written)
    if "{%" in markdown or "{{" in markdown:
        problems.append("what Liquid would make of it is not known: its marks stay as they are written")
    html = html_of(markdown)
    if html is not None:
        return html
    problems.append("it is too much Markdown to be rendered: it is shown as it is written, in paragraphs")
    return paragraphs_of(markdown)


def _safe_body(said: int, rest: str) -> Body | None:
    """Return the body if it is of our own safe style, whose blocks have no blank line in them."""
    blocks = rest.strip("\n").split("\n\n", _MOST_BLOCKS)
    if not _TITLE_BLOCK.fullmatch(blocks.pop(0)):
        return None
    files = blocks.pop() if blocks and blocks[-1].startswith(_FILES_BLOCK) else ""
    content = _CONTENT_BLOCK.fullmatch(blocks.pop(0)) if blocks else None
    if blocks:
        return None
    return Body(
        said=said,
        has_comment=True,
        link_line=None,
        in_div=True,
        safe=True,
        enclosures=tuple(
            Enclosure(url=unescape(url), type=unescape(type_)) for url, type_ in _FILE.findall(files)
        ),
        html=RawHtml(content[1].replace("&#123;", "{") if content else ""),
        markdown=False,
        problems=(),
    )


def _link_line(body: str) -> tuple[str | None, str]:
    """Return the link line, and what comes after it and the line under it."""
    line, _, rest = body.lstrip().partition("\n")
    line = line.rstrip()
    if not _is_link_line(line):
        return None, body
    under, _, below = rest.partition("\n")
    if _UNDERLINE.fullmatch(under):
        return line, below
    return (line, rest) if _DIV.match(rest) else (None, body)


def _is_link_line(line: str) -> bool:
    return line.startswith("[") and line.endswith(")") and "](" in line


def _in_div(rest: str, problems: list[str]) -> tuple[str, str]:
    """Return what stands in the `div`, up to the last end of one, and what comes after it."""
    opened = _DIV.match(rest)
    start = opened.end() if opened else 0
    end = rest.rfind(_END)
    if end < start:
        problems.append("the `div` of the content has no end")
        return rest[start:].strip("\n"), ""
    inner = rest[start:end].removeprefix("\n").removesuffix("\n")
    if inner.startswith(_RAW) and inner.endswith(_ENDRAW):
        inner = inner.removeprefix(_RAW).removesuffix(_ENDRAW)
    return inner, rest[end + len(_END) :]
