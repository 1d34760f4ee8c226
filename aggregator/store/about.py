"""What a source's document says of itself, as one column; pure."""

from __future__ import annotations

import json
from dataclasses import astuple
from functools import lru_cache

from aggregator.model import NOTHING_SAID, About
from aggregator.store.rows import to_json


def about_to_json(about: About) -> str | None:
    """Return it as a JSON list; None when nothing is said."""
    return None if about == NOTHING_SAID else to_json(astuple(about))


@lru_cache(maxsize=1024)
def about_from_json(text: str | None) -> About:
    """Return what `about_to_json` wrote."""
    if text is None:
        return NOTHING_SAID
    feed_id, image, explicit = json.loads(text)
    return About(id=feed_id, image=image, explicit=explicit)
