"""Tells in the log which sources came and went, under the names that they are polled by."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from aggregator.ingest.listed import address_key
from aggregator.model import Source

log = logging.getLogger(__name__)

TOLD = 10
"""Names of sources that one line of the log tells."""


def tell_changes(before: Sequence[Source], after: Sequence[Source]) -> None:
    """Log what polling goes on with, and without, a line for each list and one for the config's own."""
    for said, some, others in (("added", after, before), ("removed, entries stay", before, after)):
        keys = {address_key(source.url) for source in others}
        groups: dict[str | None, list[str]] = {}
        for source in some:
            if address_key(source.url) not in keys:
                groups.setdefault(source.subscription, []).append(source.name)
        for origin, names in groups.items():
            counted = f"{len(names)} source{'' if len(names) == 1 else 's'}"
            more = f" and {len(names) - TOLD} more" if len(names) > TOLD else ""
            place = f"list {origin}" if origin else "config"
            log.info("%s: %s %s: %s%s", place, counted, said, ", ".join(names[:TOLD]), more)
