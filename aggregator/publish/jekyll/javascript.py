"""What JavaScript does to text, where it is not what Python does. Pure."""

from __future__ import annotations

_WHITE_SPACE = (
    "\t\n\v\f\r \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
"""ECMA-262, WhiteSpace and LineTerminator: Python strips others, too, and leaves U+FEFF."""

_BYTES_PER_UNIT = 2


def trim(text: str) -> str:
    """Return the text as `String.prototype.trim` does."""
    return text.strip(_WHITE_SPACE)


def outer_space(text: str) -> tuple[str, str]:
    """Return what `trim` would take away at either end; of nothing but white space, all at the first."""
    start = len(text) - len(text.lstrip(_WHITE_SPACE))
    return text[:start], text[start:][len(trim(text)) :]


def first_units(text: str, count: int) -> str:
    """Return the first `count` UTF-16 units; a pair of surrogates cut in two ends as U+FFFD."""
    return text.encode("utf-16-le", "surrogatepass")[: _BYTES_PER_UNIT * count].decode("utf-16-le", "replace")
