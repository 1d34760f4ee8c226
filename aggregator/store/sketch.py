"""What is kept of a text that is gone, so that a later version of it is still known: pure.

Of the words of its beginning the least hashes, and how many there are: two texts share such hashes in the
proportion in which they share words. Nobody can read the text from them.
"""

from __future__ import annotations

import re
import struct
from collections import Counter
from dataclasses import dataclass
from hashlib import blake2b

from aggregator.ingest.text import plain_from_html

MARKUP = 4_000
"""Characters at the beginning of a text's HTML whose words are compared: a poll must stay short."""

_KEPT = 48
"""Hashes of a sketch: the share of common words is known to some six in a hundred."""

_UNSPACED = r"\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff"
_WORD = re.compile(rf"[^\W{_UNSPACED}]+|(?=(\w\w?))\w")
"""A word; where a script has no spaces between words (Thai, Chinese, Japanese), two letters in a row."""


def words(html: str | None) -> Counter[str]:
    """Return the words at the beginning of a text, and how often each is there."""
    plain = plain_from_html((html or "")[:MARKUP])
    return Counter(word[1] or word[0] for word in _WORD.finditer(plain))


@dataclass(frozen=True, slots=True)
class Sketch:
    """A text's words, numbers aside: a counter in it makes no other text."""

    distinct: int
    """Words, each counted once."""
    least: tuple[int, ...]
    """The least of their hashes, rising."""

    @classmethod
    def of(cls, html: str) -> Sketch:
        """Return the sketch of a text."""
        distinct = {word for word in words(html) if not word.isdecimal()}
        return cls(len(distinct), tuple(sorted(map(_hash, distinct))[:_KEPT]))

    @classmethod
    def from_bytes(cls, stored: bytes) -> Sketch:
        """Return the sketch that `to_bytes` gave."""
        distinct, *least = struct.unpack(f">{len(stored) // 4}I", stored)
        return cls(distinct, tuple(least))

    def to_bytes(self) -> bytes:
        """Return it in four bytes for each number."""
        return struct.pack(f">{1 + len(self.least)}I", self.distinct, *self.least)

    def common(self, html: str | None) -> float:
        """Return how much of the longer text the other one has, too, about; exact for short texts and 1.0."""
        other = Sketch.of(html or "")
        longer = max(self.distinct, other.distinct)
        if longer == 0:
            return 0.0
        union = sorted({*self.least, *other.least})[:_KEPT]
        both = len({*self.least} & {*other.least} & {*union})
        similarity = both / len(union)
        shared = similarity / (1 + similarity) * (self.distinct + other.distinct)
        return min(1.0, shared / longer)


def _hash(word: str) -> int:
    return int.from_bytes(blake2b(word.encode("utf-8", "replace"), digest_size=4).digest(), "big")
