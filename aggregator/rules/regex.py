"""Regular expressions of people we do not know: RE2, which needs no more than linear time.

The only importer of RE2. Its syntax is that of Perl without what needs backtracking: no lookaheads and no
backreferences. `\\b`, `\\w`, `\\d` and `\\s` know ASCII only; `\\pL` or `\\p{Han}` are for other scripts.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2

MAX_PROGRAM = 4_000
"""Instructions of a compiled expression: what a search can cost at most for each character."""

_MAX_MEMORY = 4 * 1024 * 1024
"""Bytes of a compiled expression with its caches; hundreds may be in use."""

_NO_BACKTRACKING = (
    "RE2, which takes linear time, has no lookaheads, lookbehinds, atomic groups and backreferences"
)


class Regex:
    """A compiled expression, to be used from any thread."""

    def __init__(self, pattern: str, flags: str) -> None:
        self._compiled = _compiled(pattern, flags)

    def matches(self, text: bytes) -> bool:
        """Tell whether a text in UTF-8 holds a match."""
        return self._compiled.search(text) is not None

    def find(self, text: str) -> tuple[int, int] | None:
        """Return where the first match starts and ends, in characters; None when there is none."""
        found = self._compiled.search(text)
        if found is None:
            return None
        start, end = found.span()
        return start, end


@lru_cache(maxsize=512)
def regex(pattern: str, flags: str) -> Regex:
    """Return the expression, compiled.

    `flags` are of `i` (case does not matter), `m` (`^` and `$` match at the ends of each line) and `s` (`.`
    matches line ends). Raises `ValueError`, whose text says what is wrong with the pattern.
    """
    return Regex(pattern, flags)


def _compiled(pattern: str, flags: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MAX_MEMORY
    try:
        compiled = re2.compile(f"(?{flags}){pattern}" if flags else pattern, options)
    except re2.error as error:
        raise ValueError(_explained(error)) from error
    except UnicodeEncodeError as error:
        raise ValueError("half of a surrogate pair is no character") from error
    if compiled.programsize > MAX_PROGRAM:
        raise ValueError("it is too large: fewer or smaller repetitions such as {100}, please")
    return compiled


def _explained(error: re2.error) -> str:
    said = error.args[0] if error.args else "not understood"
    said = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    kind, _, where = said.partition(": ")
    if kind == "invalid perl operator":
        return f"{where}…) is not known; {_NO_BACKTRACKING}"
    if kind == "invalid escape sequence" and where[1:].isdigit():
        return f"{where} is not known; {_NO_BACKTRACKING}"
    if kind == "pattern too large - compile failed":
        return "it is too large: fewer or smaller repetitions such as {100}, please"
    return said
