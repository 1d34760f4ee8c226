"""The bytes of a post → text; pure, and takes any bytes."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass

Guess = Callable[[bytes], tuple[str, str]]
"""Bytes that are no UTF-8 → their text, and the encoding that they seem to be in."""

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UNMARKED = ((b"-\0-\0-\0", "utf-16-le"), (b"\0-\0-\0-", "utf-16-be"))
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
_FOREIGN = re.compile("[^\x00-\x7f\ufffd]")


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedPost:
    """The text of a post; its lines end in `\\n`."""

    text: str
    problems: tuple[str, ...] = ()
    """Sentences for people."""


def decode(body: bytes, guess: Guess | None = None) -> DecodedPost:
    """Return the text of a post: UTF-8, as Jekyll has it, or what it evidently is otherwise.

    That is UTF-16 and UTF-32 with their marks, UTF-8 where broken characters are fewer than whole ones, or
    what `guess` makes of it; without that, windows-1252. Control characters are taken out, which no form of a
    post can carry.
    """
    text, problem = _text(body, guess)
    problems = [problem] if problem else []
    if "\r" in text:
        problems.append("its lines end in CRLF or CR")
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if _CONTROL.search(text):
        problems.append("it holds control characters: they are left out")
        text = _CONTROL.sub("", text)
    return DecodedPost(text=text, problems=tuple(problems))


def _text(body: bytes, guess: Guess | None) -> tuple[str, str | None]:
    if body.startswith(codecs.BOM_UTF8):
        text, problem = _eight_bits(body.removeprefix(codecs.BOM_UTF8), guess)
        return text, problem or "it begins with a byte order mark"
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(
                encoding, "replace"
            ), f"it is in {encoding[:6].upper()}, not UTF-8"
    for beginning, encoding in _UNMARKED:
        if body.startswith(beginning):
            return body.decode(encoding, "replace"), "it is in UTF-16, not UTF-8"
    return _eight_bits(body, guess)


def _eight_bits(body: bytes, guess: Guess | None) -> tuple[str, str | None]:
    try:
        return body.decode("utf-8"), None
    except UnicodeDecodeError:
        text = body.decode("utf-8", "replace")
    if len(_FOREIGN.findall(text)) < text.count("\ufffd"):  # in other encodings, few bytes make whole ones
        text, encoding = guess(body) if guess else (body.decode("cp1252", "replace"), "cp1252")
        if encoding != "utf-8":
            return text, f"it is no UTF-8: it is read as {encoding.replace('cp125', 'windows-125')}"
    return text, "it holds bytes that are no UTF-8: a replacement character stands for each"
