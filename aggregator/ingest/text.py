"""Texts as sources write them → plain text and raw HTML; pure."""

from __future__ import annotations

import html
import re

from aggregator import printable
from aggregator.model import RawHtml

_LONGEST_SENTENCE = 1_000
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")

_INLINE = "a abbr acronym b bdi bdo big cite code del dfn em font i ins kbd mark q s samp small span strike \
strong sub sup time tt u var"
_BREAKING = "br hr img wbr p div h1 h2 h3 h4 h5 h6 li ol ul dl dt dd blockquote pre center table tbody thead \
tr td th section article header footer figure figcaption video audio picture source iframe"
_INLINE_NAMES = frozenset(_INLINE.split())
_NAMES = "|".join(sorted(_INLINE_NAMES | set(_BREAKING.split()), key=len, reverse=True))

_TAG = re.compile(rf"<(/?)({_NAMES})(?=[\s/>])[^<>]*>", re.IGNORECASE)
_HIDDEN = re.compile(
    r"<(script|style)(?=[\s>])[^<>]*>.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)", re.IGNORECASE | re.DOTALL
)
_REFERENCE = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_PAIR = re.compile(rf"<({'|'.join(_INLINE_NAMES)}|p|div|h[1-6])(?=[\s>])[^<>]*>", re.IGNORECASE)
_VOID = re.compile(r"<(?:br|wbr|hr)\s*/?>|<img\s[^<>]*>", re.IGNORECASE)


def clean(text: str) -> str:
    """Return the text without C0 controls (tab and line ends stay), lone surrogates replaced by U+FFFD.

    Databases, XML and UTF-8 itself refuse these; no reader could show them.
    """
    return _SURROGATES.sub("\ufffd", _CONTROLS.sub("", text))


def collapse(text: str) -> str:
    """Return the text on one line, runs of white space made one space, none at the ends."""
    return " ".join(text.split())


def sentence(text: str) -> str:
    """Return what is said of a document, perhaps in its own words, in one line that steers no terminal.

    At most 1,000 characters, so that it stays a sentence.
    """
    said = printable.escape(collapse(text))
    return said if len(said) <= _LONGEST_SENTENCE else f"{said[: _LONGEST_SENTENCE - 1]}…"


def escape(text: str) -> RawHtml:
    """Return plain text as HTML that shows the same, its line ends kept as breaks."""
    lines = html.escape(text.strip(), quote=False).splitlines()
    return RawHtml("<br>\n".join(lines))


def plain_from_html(markup: str) -> str:
    """Return what a reader sees of a title in HTML: one line, known tags gone, references decoded.

    Only elements of HTML count as tags, so that a sloppily escaped `List<T>` keeps its `<T>`. The result is
    plain text, not safe HTML: escape it before it is put into a page.
    """
    shown = _HIDDEN.sub(" ", markup)
    shown = _TAG.sub(lambda tag: "" if tag[2].lower() in _INLINE_NAMES else " ", shown)
    return collapse(decode_references(shown))


def plain_from_guess(text: str) -> str:
    """Return a title whose format does not say whether it is text or HTML (RSS) as plain text on one line.

    It is taken for HTML when it holds a matched pair of HTML tags, a void one, or a character reference that
    HTML knows; else it stays as it is, so `1 < 2`, `C<T>` and `AT&T` are right.
    """
    return plain_from_html(text) if _looks_like_html(text) else collapse(text)


def decode_references(text: str) -> str:
    """Return the text with its character references decoded; those without a semicolon are left alone.

    HTML lets some go without (`&copy`), but titles and URLs hold such letters by accident: `?a=1&copy=2`.
    """
    return _REFERENCE.sub(lambda reference: html.unescape(reference[0]), text)


def _looks_like_html(text: str) -> bool:
    if "<" not in text and "&" not in text:
        return False
    lowered = text.lower()
    opened = {tag[1].lower() for tag in _PAIR.finditer(text)}
    return (
        any(f"</{name}>" in lowered for name in opened)
        or _VOID.search(text) is not None
        or any(html.unescape(found[0]) != found[0] for found in _REFERENCE.finditer(text))
    )
