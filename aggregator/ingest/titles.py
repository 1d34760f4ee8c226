"""The form of a title by which two versions of it are known to be one: pure."""

from __future__ import annotations

import re
import unicodedata

_MARKS = str.maketrans(
    {
        **dict.fromkeys("'\"`´‘’‚‛“”„‟«»‹›「」『』《》〈〉"),
        **dict.fromkeys("()[]{}【】〔〕〖〗—―", " "),
        **dict.fromkeys("‐‑‒–−", "-"),
    }
)
_LONGEST = 10_000
_PAUSES = ".,;:!?、。・·"
_PAUSE = re.compile(
    # Beside a space, or in a script that writes none: `1.2`, `3:1`, `-5`, `C++` and `Node.js` stay.
    rf"(?<!\S)[{_PAUSES}]+|[{_PAUSES}]+(?!\S)|(?<!\S)-+(?!\S)"
    rf"|(?<=[^\x00-\x7f])[{_PAUSES}]+|[{_PAUSES}]+(?=[^\x00-\x7f])"
)


def title_form(title: str) -> str:
    """Return a title without what an editor's or a program's taste changes: case, quotes, dashes, pauses.

    Unicode's compatibility forms become one (NFKC), pauses between words go, those within a word or number
    stay. A title that has nothing else is returned as it is. Idempotent. What is beyond 10,000 characters is
    left out: forms take many times their length in memory.
    """
    title = title[:_LONGEST]
    if title.isascii() and title.isalnum():
        return title.casefold()
    said = unicodedata.normalize("NFKC", title).casefold().translate(_MARKS)
    words = " ".join(_PAUSE.sub(" ", said).split())
    return words or title
