"""A document's bytes → its text, whatever it says of its encoding; pure.

RFC 7303 gives the charset of Content-Type the last word after a byte order mark. Servers do not keep to it: a
default charset is sent with documents in any other. So the bytes are asked first: what is valid UTF-8 is
UTF-8, since text in another encoding hardly ever is by accident.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass

from aggregator.ingest.charsets import GUESSES, commonness, is_jumbled, likeness
from aggregator.ingest.extensions import decode_leniently, decode_strictly

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UNMARKED = (  # the first characters of a document that says nothing: XML 1.0, appendix F
    (re.compile(rb"\x00\x00\x00[<{\[\s]"), "utf-32-be"),
    (re.compile(rb"[<{\[\s]\x00\x00\x00"), "utf-32-le"),
    (re.compile(rb"\x00[<{\[\s]"), "utf-16-be"),
    (re.compile(rb"[<{\[\s]\x00"), "utf-16-le"),
)
_OPENING = re.compile(r"[<{\[]")  # no document is without
# Names stand for the superset that is really meant, as in the Encoding Standard of the WHATWG.
_SUPERSETS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "cp950": "big5hkscs",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}
_ALIASES = {
    "x-sjis": "cp932",
    "x-gbk": "gb18030",
    "x-euc-jp": "euc_jp",
    "x-x-big5": "big5hkscs",
    "windows-874": "cp874",
    "dos-874": "cp874",
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-8-e": "iso8859-8",
    "x-mac-roman": "mac-roman",
    "x-mac-cyrillic": "mac-cyrillic",
    "x-mac-ukrainian": "mac-cyrillic",
}
# Python knows more than these, and some are no character sets at all or take quadratic time (`idna`).
_KNOWN = re.compile(
    r"utf-8|cp125\d|cp(?:437|850|866|874|932|949)|iso8859-\d+|koi8-[rut]|mac-(?:roman|cyrillic)"
    r"|gb18030|hz|big5hkscs|euc_jp|euc_jis_2004|shift_jis_2004|iso2022_(?:jp|kr)\w*|johab"
)
_DOUBLE_BYTE = frozenset({"gb18030", "big5hkscs", "cp932", "euc_jp", "cp949"})
_SEVEN_BIT = frozenset({"iso2022_jp", "iso2022_jp_1", "iso2022_jp_2", "iso2022_kr", "hz"})

_DECLARATION = re.compile(
    rb"\s*<\?xml\b[^>]{0,200}?\bencoding\s*=\s*[\"']\s*([A-Za-z0-9_.:\-]{1,40})\s*[\"']"
)
_CHARSET = re.compile(r";\s*charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:\-]{1,40})", re.IGNORECASE)

_DEFAULTS = _SEVEN_BIT | {"utf-8", "cp1252"}
"""What servers and programs declare without looking: it speaks against no guess."""
_EUROPEAN = frozenset(
    {
        *(f"iso8859-{part}" for part in (2, 3, 4, 10, 13, 14, 15, 16)),
        *("cp1250", "cp1254", "cp1257", "cp437", "cp850", "mac-roman"),
    }
)
"""Latin ones in which nearly any bytes are letters: what looks much better in another is none of theirs."""
_SHIFTING = (b"\x1b$B", b"\x1b$@")
"""By these, ISO-2022-JP goes over to two bytes for a character; no other text holds them."""
_FOUR_BYTES = re.compile(rb"[\x81-\xfe][0-9][\x81-\xfe][0-9]")
_FEWEST_FOUR_BYTES = 4
_DECLARED_IS_LIKELY = 0.75
_DECLARED_IS_ALIKE = 0.5
_DECLARED_IS_POSSIBLE = 0.5
_ENOUGH = 100_000
_FEWEST_TELLING = 6
"""Characters that can speak against what is declared."""
_FEWEST_AGAINST = 12
"""Characters that can speak against the language that is said, or against a western encoding declared."""
_WEIGHT_OF_LANGUAGE = 1.5
_SHARE_OF_BROKEN = 0.03

# KS X 1001's syllables. Those that cp949 adds are pairs of a byte and a letter, as in western texts.
_KOREAN = re.compile(rb"[\xb0-\xc8][\xa1-\xfe]")
_FEWEST_SYLLABLES = 3
_SHARE_OF_SYLLABLES = 0.75
_FOREIGN = re.compile(rb"[\x80-\xff]")
_ALONE = re.compile(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])")
_BEFORE_LETTER = re.compile(rb"[\x80-\xff](?=[A-Za-z])")
_LANGUAGE = re.compile(
    rb"(?:<(?:dc:)?language>\s*|\bxml:lang=[\"'])([a-z]{2,3})\b[\-_]?(tw|hk|hant)?", re.IGNORECASE
)
_OF_LANGUAGES = {
    b"ja": ("euc_jp", "cp932"),
    b"ko": ("cp949",),
    b"zh": ("gb18030", "big5hkscs"),
    **dict.fromkeys((b"ru", b"uk", b"bg", b"be"), ("cp1251", "koi8-r", "iso8859-5")),
}
_TRADITIONAL = ("big5hkscs", "gb18030")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A document as text."""

    text: str
    encoding: str
    mistake: str | None = None
    """What the document or its server says wrongly of the encoding, as a sentence."""


def decode(body: bytes, content_type: str | None, *, inside: str | None = None) -> Decoded:
    """Return the text of a document, without byte order mark; what fits no encoding is U+FFFD.

    `inside` is the encoding that the document itself names in another way than by an XML declaration.

    Tried in turn: byte order mark (unless the rest is plainly in another encoding), UTF-16/32 by the pattern
    of the first bytes, a seven-bit encoding, UTF-8, the encoding that the XML declaration names, the charset
    of `content_type`, a guess at East Asian and Cyrillic ones (before a declared one in which the text looks
    like none), UTF-8 with some broken characters, the declared encoding likewise, windows-1252. Text that was
    encoded twice stays so.
    """
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            text = body[len(mark) :].decode(encoding, "replace")
            if _keeps_its_mark(text, encoding):
                return Decoded(text, encoding)
            body = body[len(mark) :]
            break
    for pattern, encoding in _UNMARKED:
        if pattern.match(body):
            return Decoded(body.decode(encoding, "replace"), encoding)
    declared = [name for name in (_declared(body), _known(inside or ""), _charset(content_type)) if name]
    text, encoding = _read(body, declared)
    mistake = None
    if declared and encoding not in declared and not body.isascii():
        mistake = f"It is said to be encoded in {declared[0]}, but is in {encoding}."
    return Decoded(text, encoding, mistake)


def _keeps_its_mark(text: str, encoding: str) -> bool:
    """Return whether a text makes sense as its byte order mark says: programs put marks before anything."""
    if encoding != "utf-8":
        return not text or _OPENING.search(text) is not None
    broken = text.count("\ufffd")
    return _foreign(text) >= 2 * broken


def _read(body: bytes, declared: list[str]) -> tuple[str, str]:
    for name in declared:
        if name in _SEVEN_BIT and (text := _strictly(body, name)) is not None:
            return text, name
    if any(mark in body for mark in _SHIFTING) and (text := _strictly(body, "iso2022_jp_2")) is not None:
        return text, "iso2022_jp_2"
    text = _strictly(body, "utf-8")
    if text is not None and not (_may_be_double_byte(text, declared) and is_jumbled(text)):
        return text, "utf-8"
    return _as_declared_or_guessed(body, declared) or (
        (text, "utf-8") if text is not None else _leniently(body, _telling(declared) or "cp1252")
    )


def _as_declared_or_guessed(body: bytes, declared: list[str]) -> tuple[str, str] | None:
    """Return the text in the encoding that is declared, unless it looks much better in another."""
    valid = [(text, name) for name in declared if (text := _strictly(body, name)) is not None]
    valid.sort(key=lambda read: read[1] in _EUROPEAN)
    sample = _sample(body)
    western = _looks_western(sample) or _stands_alone(sample)
    told = next((read for read in valid if _is_told(*read, body, western=western)), None)
    if told and told[1] in _EUROPEAN and not western:
        told = next((read for read in valid if read[1] in _DOUBLE_BYTE and _is_likely(*read)), told)
    named = _telling(declared)
    if told and told[1] not in _EUROPEAN:
        return told
    guess = _guess(body)
    contradicted = guess is not None and _speaks_for_itself(*guess)
    if told and not contradicted:
        return told
    if not valid and named and not (named in _EUROPEAN and contradicted) and _mostly_valid(body, named):
        return None
    if guess:
        return guess
    possible = [read for read in valid if commonness(*read) >= _DECLARED_IS_POSSIBLE]
    if western:
        return next(iter(possible), (body.decode("cp1252", "replace"), "cp1252"))
    return next((read for read in possible if read[1] == named), next(iter(possible or valid), None))


def _is_told(text: str, name: str, body: bytes, *, western: bool) -> bool:
    """Return whether nothing in a text speaks against the encoding that is declared."""
    if name in _DEFAULTS:
        return False
    if name == "gb18030" and _is_proved(text, body):
        return True
    if not _is_likely(text, name):
        return False
    too_short_to_tell = not western and _foreign(text) < _FEWEST_TELLING
    return too_short_to_tell or name not in GUESSES or likeness(text, name) >= _DECLARED_IS_ALIKE


def _is_likely(text: str, name: str) -> bool:
    return commonness(text, name) >= _DECLARED_IS_LIKELY


def _is_proved(text: str, body: bytes) -> bool:
    """Return whether GB18030 has most of a text in four bytes a character, as in no other encoding."""
    return 2 * len(_FOUR_BYTES.findall(body)) >= max(_FEWEST_FOUR_BYTES, _foreign(text))


def _speaks_for_itself(text: str, name: str) -> bool:
    """Return whether a guess is good enough to speak against what is declared."""
    return _foreign(text) >= _FEWEST_AGAINST and likeness(text, name) >= 1


def _mostly_valid(body: bytes, name: str) -> bool:
    """Return whether a few broken bytes are all that speaks against an encoding."""
    text = (_mostly(body, name) or "").replace("\ufffd", "")
    return not text.isascii() and _is_likely(text, name)


def _mostly(body: bytes, name: str) -> str | None:
    """Return the text with U+FFFD for what is broken, unless that is more than a few characters."""
    text = decode_leniently(body, name)
    broken = text.count("\ufffd")
    return text if broken <= 1 + (len(text) - broken) * _SHARE_OF_BROKEN else None


def _telling(declared: list[str]) -> str | None:
    return next((name for name in declared if name not in _DEFAULTS), None)


def _may_be_double_byte(text: str, declared: list[str]) -> bool:
    """Return whether valid UTF-8 may yet be a short East Asian text.

    Some pairs of bytes of theirs are valid UTF-8 too, but never of a character beyond U+07FF: what holds one
    is no accident.
    """
    return not text.isascii() and max(text) <= "\u07ff" and any(name in _DOUBLE_BYTE for name in declared)


def _guess(body: bytes) -> tuple[str, str] | None:
    """Return the text in the encoding that its commonest characters speak for, else its language.

    Some characters may be broken, as where a description was cut, when no encoding has them all whole.
    """
    said = _LANGUAGE.search(body)
    names = _of_language(said)
    fewest = _FEWEST_AGAINST if said and not names else 1
    if guess := _likeliest(body, names, _strictly, fewest=fewest):
        return guess
    if not _mostly_utf_8(body) and (guess := _likeliest(body, names, _mostly, fewest=_FEWEST_AGAINST)):
        return guess
    return _by_language(body, names)


def _likeliest(
    body: bytes, names: tuple[str, ...], read: Callable[[bytes, str], str | None], *, fewest: int
) -> tuple[str, str] | None:
    """Return the text that looks most like its encoding's language, those of `names` before others."""
    sample = _sample(body)
    western = _looks_western(sample)
    best, guess = 1.0, None
    for name in dict.fromkeys((*names, *GUESSES)):
        if name not in names and (western or not _may_be_korean(sample, name)):
            continue
        text = read(body, name)
        if text is None or _foreign(text) < fewest:
            continue
        score = likeness(text, name) * (_WEIGHT_OF_LANGUAGE if name in names else 1)
        if score > best or (score == best and guess is None):
            best, guess = score, (text, name)
    return guess


def _of_language(said: re.Match[bytes] | None) -> tuple[str, ...]:
    if said is None:
        return ()
    return _TRADITIONAL if said[2] else _OF_LANGUAGES.get(said[1].lower(), ())


def _by_language(body: bytes, names: tuple[str, ...]) -> tuple[str, str] | None:
    """Return a text too short to tell by its characters in the likeliest encoding of its language."""
    texts = [(text, name) for name in names if (text := _strictly(body, name)) is not None]
    return max(texts, key=lambda read: (_is_likely(*read), likeness(*read)), default=None)


def _looks_western(body: bytes) -> bool:
    """Return whether a foreign byte is mostly a letter between others, not half of a character."""
    return 2 * len(_BEFORE_LETTER.findall(body)) >= len(_FOREIGN.findall(body))


def _stands_alone(body: bytes) -> bool:
    """Return whether most foreign bytes have no other beside them, as accented letters do."""
    return 2 * len(_ALONE.findall(body)) > len(_FOREIGN.findall(body))


def _may_be_korean(sample: bytes, name: str) -> bool:
    """Return whether a guess at Korean has its commonest syllables; any other may always be made."""
    if name != "cp949":
        return True
    characters = len(_FOREIGN.findall(sample)) / 2
    return len(_KOREAN.findall(sample)) >= max(_FEWEST_SYLLABLES, _SHARE_OF_SYLLABLES * characters)


def _sample(body: bytes) -> bytes:
    """Return enough of a document to judge it by, from its first foreign byte on."""
    first = _FOREIGN.search(body)
    return body[first.start() : first.start() + _ENOUGH] if first else b""


def _foreign(text: str) -> int:
    return sum(1 for char in text if char > "\x7f")


def _leniently(body: bytes, name: str) -> tuple[str, str]:
    """Return the text with U+FFFD for what is broken: in UTF-8 when most of it is, else in that encoding."""
    text = _mostly_utf_8(body)
    return (decode_leniently(body, name), name) if text is None else (text, "utf-8")


def _mostly_utf_8(body: bytes) -> str | None:
    """Return the text in UTF-8 when more of its foreign characters are whole than broken."""
    text = body.decode("utf-8", "replace")
    return text if _foreign(text) > 2 * text.count("\ufffd") else None


def _strictly(body: bytes, encoding: str) -> str | None:
    try:
        return decode_strictly(body, encoding)
    except UnicodeError:
        return None


def _declared(body: bytes) -> str | None:
    found = _DECLARATION.match(body)
    return _known(found[1].decode("ascii")) if found else None


def _charset(content_type: str | None) -> str | None:
    found = _CHARSET.search(content_type or "")
    return _known(found[1]) if found else None


def _known(label: str) -> str | None:
    """Return Python's name of the encoding that a label means, or None when it is none for documents."""
    label = label.lower()
    try:
        name = codecs.lookup(_ALIASES.get(label, label)).name
    except (LookupError, ValueError):
        return None
    name = _SUPERSETS.get(name, name)
    return name if _KNOWN.fullmatch(name) else None
