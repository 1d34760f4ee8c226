"""Text that any format can carry, and instants as the formats write them: pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST = -62_135_596_800_000
_LATEST = 253_402_300_799_999
"""0001-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z: years outside have no four digits."""

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*", re.ASCII)


def printable(text: str) -> str:
    """Return `text` without the characters that XML 1.0 (section 2.2) forbids or discourages.

    Lone surrogates, U+FFFE, U+FFFF and control characters go; tab, newline and carriage return stay.
    """
    return _UNPRINTABLE.sub("", text)


def one_line(text: str) -> str:
    """Return printable `text` with white space collapsed to single spaces and none around it."""
    return " ".join(printable(text).split())


def excerpt(text: str, limit: int) -> str:
    """Return the beginning of one line of text: at most `limit` characters, cut between words if it can."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    space = cut.rfind(" ")
    if space > limit // 2:  # scripts without spaces are cut between any two characters
        cut = cut[:space]
    return cut.rstrip() + "…"


def language_tag(text: str | None) -> str | None:
    """Return a language in the form of BCP 47 (`en_US` becomes `en-US`), or None when it is no such tag."""
    if text is None:
        return None
    tag = text.strip().replace("_", "-")
    return tag if len(tag) <= 35 and _LANGUAGE.fullmatch(tag) else None  # noqa: PLR2004 - RFC 5646, 4.4.1


def _moment(ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=min(max(ms, _EARLIEST), _LATEST))


@lru_cache(maxsize=4096)  # most items have one instant in several places
def rfc3339(ms: int) -> str:
    """Return an instant as Atom and JSON Feed write it; years outside 1 to 9999 are clamped."""
    moment = _moment(ms)
    precision = "milliseconds" if moment.microsecond else "seconds"
    return moment.replace(tzinfo=None).isoformat(timespec=precision) + "Z"


def rfc822(ms: int) -> str:
    """Return an instant as RSS writes it, GMT, whatever the locale; years outside 1 to 9999 are clamped."""
    return format_datetime(_moment(ms), usegmt=True)
