"""What single texts of the config may be: each check returns the text as it is kept, or says what it expects.

A `ValueError` says what was expected, to be put behind "expected"; `Refused` is a whole message of its own.
"""

from __future__ import annotations

import re

from aggregator.config.problems import Refused, pointed
from aggregator.exceptions import ExpressionError
from aggregator.rules.grammar import parse as parse_expression
from aggregator.rules.tagging import clean_tag, union

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_SLUG = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FIELD_VALUE = re.compile(r"[\x21-\x7e]([\x20-\x7e\t]*[\x21-\x7e])?")
_OWN_HEADERS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "if-modified-since",
        "if-none-match",
        "range",
        "transfer-encoding",
    }
)
"""Set for each request by what makes it; another value would break polling or reading the answer."""


def plain(text: str) -> str:
    """Return a text of one line, maybe empty. Raises `ValueError` when it holds control characters."""
    if _CONTROL.search(text):
        raise ValueError("text without control characters")
    return text


def named(text: str) -> str:
    """Return a text of one line that is not empty, without white space around it."""
    if not text.strip() or _CONTROL.search(text):
        raise ValueError("text that is not empty and has no control characters")
    return text.strip()


def paragraphs(text: str) -> str:
    """Return a text, maybe of several lines, without white space around it."""
    plain(re.sub(r"[\r\n\t]", " ", text))
    return text.strip()


def tag(text: str) -> str:
    """Return a tag as it is stored and looked up."""
    tag = clean_tag(text)
    if not tag or _CONTROL.search(text.strip()):
        raise ValueError("a tag: text that is not empty and has no control characters")
    return tag


def once(texts: list[str]) -> list[str]:
    """Return the texts, each once."""
    return list(union(texts))


def slug(text: str) -> str:
    """Return a name that can stand in an address as it is."""
    if not _SLUG.fullmatch(text):
        raise ValueError('a slug of letters (a-z), digits, "-", "_" and ".", not beginning with a dot')
    return text


def language(text: str) -> str:
    """Return a language tag (BCP 47)."""
    if not _LANGUAGE.fullmatch(text):
        raise ValueError('a language tag such as "en" or "zh-Hant"')
    return text


def contact(text: str) -> str:
    """Return a text that can be sent in the User-Agent."""
    if not _FIELD_VALUE.fullmatch(text):
        raise ValueError("a URL or mail address in ASCII: it is sent in a header")
    return text


def secret(text: str) -> str:
    """Return a token as it is, white space included."""
    if not text.strip() or _CONTROL.search(text):
        raise ValueError("text that is not empty and has no control characters")
    return text


def expression(text: str) -> str:
    """Return the text of an expression that can be read."""
    try:
        parse_expression(text)
    except ExpressionError as error:
        raise Refused(pointed(text, error)) from None
    return text


def user(text: str) -> str:
    """Return a name for HTTP Basic authentication."""
    if not text or ":" in text or _CONTROL.search(text):  # RFC 7617, section 2
        raise ValueError("a user's name that is not empty and has no colon and no control characters")
    return text


def header_name(text: str) -> str:
    """Return a header's name that may be configured."""
    if not _TOKEN.fullmatch(text):  # RFC 9110, section 5.1
        raise ValueError("a header's name of ASCII letters, digits and hyphens")
    if text.lower() in _OWN_HEADERS:
        raise Refused("this header is set for each request and cannot be configured")
    return text


def header_value(text: str) -> str:
    """Return a header's value."""
    if not _FIELD_VALUE.fullmatch(text):  # RFC 9110, section 5.5; line breaks would add headers of their own
        raise ValueError("one line of visible ASCII characters, without white space around it")
    return text


def headers(headers: dict[str, str]) -> dict[str, str]:
    """Return headers of which none is given twice."""
    if len({name.lower() for name in headers}) < len(headers):
        raise Refused("a header is given twice: capitals make no difference in headers' names")
    return headers
