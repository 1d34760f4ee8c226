"""Characters that vendors put into encodings, and that Python's codecs of these leave out; pure.

They are added where a codec stops at them, by an error handler: all else stays as the codec has it.
"""

from __future__ import annotations

import codecs

_EUROS = {("gb18030", b"\x80"): "€", ("big5hkscs", b"\xa3\xe1"): "€"}
"""Of Microsoft's code pages 936 and 950."""
_EXTENDED = frozenset({"gb18030", "big5hkscs", "euc_jp"})
_MOST_FAULTS = 10_000
_MOST_CANDIDATES = 100_000
_NEC_ROW = 0xAD
"""The first byte in EUC-JP of ①, ㈱, Ⅱ: row 13 of JIS, which NEC filled before the standard did."""


def decode_strictly(body: bytes, encoding: str) -> str:
    """Return the text, vendors' characters with it; raise UnicodeError when any byte fits none.

    The euro of GBK is none here: its byte is a frequent one of UTF-8 that was broken.
    """
    try:
        return body.decode(encoding)
    except UnicodeError:
        if encoding == "gb18030" or not _may_hold(body, encoding):
            raise
    return body.decode(encoding, _STRICT)


def decode_leniently(body: bytes, encoding: str) -> str:
    """Return the text, vendors' characters with it; U+FFFD stands for what fits none."""
    return body.decode(encoding, _LENIENT if _may_hold(body, encoding) else "replace")


def _may_hold(body: bytes, encoding: str) -> bool:
    """Return whether to look for vendors' characters: not among so many faults that it would take seconds."""
    if encoding not in _EXTENDED and not encoding.startswith("iso2022_jp"):
        return False
    if max(body.count(b"\xad"), body.count(b"\xa3\xe1")) > _MOST_CANDIDATES:
        return False
    return 0 < body.decode(encoding, "replace").count("\ufffd") <= _MOST_FAULTS


def _extended(error: UnicodeError) -> tuple[str, int] | None:
    """Return the vendor's character at which a codec stopped, and where to go on."""
    if not isinstance(error, UnicodeDecodeError):
        return None
    one, two = (error.object[error.start : error.start + length] for length in (1, 2))
    for found in (one, two):
        if euro := _EUROS.get((error.encoding, found)):
            return euro, error.start + len(found)
    if error.encoding.startswith("iso2022_jp"):
        two = bytes(byte | 0x80 for byte in two)
    elif error.encoding != "euc_jp":
        return None
    character = two.decode("euc_jis_2004", "ignore") if one and two[0] == _NEC_ROW else ""
    return (character, error.start + len(two)) if len(character) == 1 and character > "\x7f" else None


def _strict(error: UnicodeError) -> tuple[str | bytes, int]:
    return _extended(error) or codecs.strict_errors(error)


def _lenient(error: UnicodeError) -> tuple[str | bytes, int]:
    return _extended(error) or codecs.replace_errors(error)


_STRICT, _LENIENT = "aggregator.strict", "aggregator.lenient"
codecs.register_error(_STRICT, _strict)
codecs.register_error(_LENIENT, _lenient)
