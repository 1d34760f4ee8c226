"""What a source is called where nobody says it; pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import count
from urllib.parse import urlsplit

from aggregator.rules.tagging import clean_tag

_LONGEST = 80
_UNPRINTABLE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]+")


def source_name(title: str | None, url: str) -> str:
    """Return a name that the config takes: the feed's title, shortened to 80 characters, else its host."""
    name = _UNPRINTABLE.sub(" ", title or "").strip()[:_LONGEST].strip()
    return name or urlsplit(url).hostname or url


def free_name(name: str, taken: Collection[str]) -> str:
    """Return the name, with a number behind it where it is one of `taken`, as `clean_tag` has these."""
    names = (name if number == 1 else f"{name} {number}" for number in count(1))
    return next(each for each in names if clean_tag(each) not in taken)
