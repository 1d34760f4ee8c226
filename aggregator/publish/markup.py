"""HTML as a stream of tags and text, read in one pass whose cost grows with the length only. Pure.

HTML's rules for ill-nested markup make a parser's work, or its output, grow with the square of a document
that is crafted for it: thousands of attributes, deep nesting, unclosed formatting that is opened again in
each paragraph. `bounded` takes such shapes away before a parser sees them, and `text_of` needs no parser.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping

from lxml import etree

from aggregator.publish.text import printable

_LARGE = 64 * 1024
_MANY_TAGS = 8_000
"""Documents up to here cannot cost a parser more than a blink, formatting aside."""

_TOO_MANY_TAGS = 60_000
_TOO_MANY_REFERENCES = 50_000
"""Ampersands, each of which costs a parser the more time the longer the text around it is (measured)."""
_MANY_ATTRIBUTES = 2_000
"""Characters of one tag's attributes that separate them."""

_REOPENED = 500_000
"""Formatting elements that a parser may have to open again, over all tags of the document."""

_RAW_TEXT = "iframe|noembed|noframes|plaintext|script|style|template|textarea|title|xmp"
"""Elements whose content is no markup, or is never shown."""

_OTHER_RULES = frozenset({"math", "noscript", "svg", *_RAW_TEXT.split("|")})
"""Elements that change how what follows is read."""

_INLINE_NAMES = """
    a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd mark q rp rt ruby s samp small span
    strike strong sub sup time tt u var wbr
"""
_INLINE = frozenset(_INLINE_NAMES.split())

_GAP = r"[ \t\n\r\f]"
_NAMED = r"[^ \t\n\r\f/>=]"
_VALUE = r"""(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^ \t\n\r\f>"'][^ \t\n\r\f>]*+)"""
_ATTRIBUTES = rf"(?:[ \t\n\r\f/]++|(?:={_NAMED}*+|{_NAMED}++)(?:{_GAP}*+={_GAP}*+{_VALUE}?+)?+)*+"

_TOKEN = re.compile(
    rf"""<(?:
        !--(?:-?>|.*?(?:--!?>|\Z))
      | ({_RAW_TEXT})(?=[ \t\n\r\f/>]).*?(?:</\1(?=[ \t\n\r\f/>])[^>]*+>?+|\Z)
      | /?([a-z][^ \t\n\r\f/>]*+)({_ATTRIBUTES})(?:>|\Z)
      | [/!?][^>]*+>?+
    )?""",
    re.ASCII | re.DOTALL | re.IGNORECASE | re.VERBOSE,
)
"""What HTML's tokenizer (section 13.2.5 of its standard) takes for one tag or comment; or a stray `<`."""

_MAYBE_EMBED = re.compile("<(?:iframe|embed)", re.ASCII | re.IGNORECASE)
_EMBED = re.compile(rf"<(?:iframe|embed)({_ATTRIBUTES})>", re.ASCII | re.IGNORECASE)
_ATTRIBUTE = re.compile(rf"({_NAMED}++)(?:{_GAP}*+={_GAP}*+({_VALUE}))?+", re.ASCII)

_FORMATTING = "b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u"
"""The formatting elements of the standard (section 13.2.4.3), except `a`, which is never open twice."""

_FORMATTING_TAG = re.compile(rf"<(/?)(?:{_FORMATTING})(?=[\s/>])", re.ASCII | re.IGNORECASE)
_FORMATTING_START = re.compile(
    rf"<(?:{_FORMATTING})(?=[\s/>])"
    r"((?:\s++[\w:-]++(?:\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s\"'<>=`]++))?+)*+\s*+/?>)?",
    re.ASCII | re.IGNORECASE,
)

_LONG_REFERENCE = re.compile(r"&#(?:x[0-9a-f]{8,}|[0-9]{8,});?", re.ASCII | re.IGNORECASE)
"""Beyond Unicode; Python refuses to convert thousands of digits."""

_SEPARATOR = re.compile("[ \t\n\r\f/\"']")
_NOSCRIPT = re.compile(r"</?noscript(?=[\s/>])[^>]*+>?+", re.ASCII | re.IGNORECASE)


def bounded(markup: str) -> str | None:
    """Return the document in a shape that a parser can read in a time that grows with its length.

    Ordinary documents come back as they are, except that what stands in `noscript` becomes visible: lazily
    loaded pictures have their true address there. None when there is no such shape that keeps the structure.
    """
    markup = _NOSCRIPT.sub("", markup)
    tags = markup.count("<")
    if tags > _TOO_MANY_TAGS or markup.count("&") > _TOO_MANY_REFERENCES:
        return None
    if len(markup) > _LARGE or tags > _MANY_TAGS:
        rebuilt = _rebuilt(_TOKEN.sub(_plain_tag, markup))
        if rebuilt is None:
            return None
        markup = rebuilt
    if _reopenings(markup) > _REOPENED:
        markup = _FORMATTING_TAG.sub(r"<\1span", markup)
    return markup


def with_embeds_as(write: Callable[[Mapping[str, str]], str], markup: str) -> str:
    """Return the document with `write(attributes)` in the place of each `iframe` and `embed`.

    The attributes' names are in lower case, their values decoded.
    """
    if not _MAYBE_EMBED.search(markup):
        return markup

    def replaced(token: re.Match[str]) -> str:
        embed = _EMBED.match(token[0])
        return write(_attributes(embed[1])) if embed else token[0]

    return _TOKEN.sub(replaced, markup)


def _attributes(written: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in _ATTRIBUTE.findall(written):
        text = value[1:].removesuffix(value[0]) if value[:1] in {'"', "'"} else value
        found.setdefault(name.lower(), _decoded(text))  # the first one counts (section 13.2.5.33)
    return found


def _decoded(text: str) -> str:
    return html.unescape(_LONG_REFERENCE.sub("\ufffd", text))


def text_of(markup: str, *, block: str) -> str:
    """Return the text outside of tags and scripts, entities decoded; `block` stands for each block's edge."""

    def gap(token: re.Match[str]) -> str:
        if token[0] == "<":
            return "<"
        name = token[2]
        return "" if name is None or name.lower() in _INLINE else block

    text = _TOKEN.sub(gap, markup)
    return printable(_decoded(text))


def _plain_tag(token: re.Match[str]) -> str:
    if token[0] == "<":
        return "&lt;"
    name = token[2]
    if name is None or name.lower() in _OTHER_RULES:
        return ""
    if len(_SEPARATOR.findall(token[3])) <= _MANY_ATTRIBUTES:
        return token[0]
    return f"</{name}>" if token[0].startswith("</") else f"<{name}>"


def _rebuilt(markup: str) -> str | None:
    """Return the document as libxml2 nests it, at most 256 levels deep; None when it is beyond that."""
    parser = etree.HTMLParser(no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(f"<body>{markup}</body>", parser)
    except (etree.LxmlError, ValueError):
        return None
    if root is None or any(entry.level_name == "FATAL" for entry in parser.error_log):
        return None
    return etree.tostring(root, encoding="unicode", method="html")


def _reopenings(markup: str) -> int:
    """Return an upper bound of the formatting elements that a parser opens again, over all tags.

    At most three that are alike are open at once (section 13.2.4.3); a tag that is not
    plainly written is like no other.
    """
    alike: set[str] = set()
    unlike = 0
    for start in _FORMATTING_START.finditer(markup):
        if start[1] is None:
            unlike += 1
        else:
            alike.add(start[0])
    return (3 * len(alike) + unlike) * markup.count("<")
