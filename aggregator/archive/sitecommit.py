"""What a commit of a site's folder holds, and what it says: which files are ours, which entries came.

Which entries came is told by the feed of everything: as it is in the last commit, and as it is now. So it is
right whatever happened in between: commits that failed, restarts, exports by hand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aggregator.archive.folder import Folder
from aggregator.archive.sitehtml import GENERATOR
from aggregator.archive.siteinventory import place_of
from aggregator.archive.sitenames import ALL, Place
from aggregator.archive.siteowned import is_ours
from aggregator.protocols import Store

EVERYTHING = ALL.document("json")
"""The file that tells which entries there are."""


_NO_JEKYLL = ".nojekyll"
_SHARED = frozenset({"index.html", "404.html", "static/style.css", "static/icon.svg"})
_LISTS = frozenset({"opml.xml", "tags.html"})

_OF_FEED = re.compile(
    r"(?P<stem>all|(?:feeds|tags)/[^/]+?)(?:\.(?:rss|atom|json|html)|/(?P<page>[0-9]+(?:-[0-9]+)?)\.html)",
    re.DOTALL,
)
"""Names of the files of a feed."""


class SiteFiles:
    """Tells which files of a folder are those of its site."""

    def __init__(self, store: Store, folder: Folder, committed: Callable[[str], bytes | None]) -> None:
        """Take what returns the bytes of a file in the last commit; None where that does not have it."""
        mark = folder.mark
        self._store = store
        self._folder = folder
        self._committed = committed
        self._series = {place_of(series).stem: series for series in store.sites.feeds(mark)}
        self._lists = {file.path for file in store.folders.files(mark)}
        self._pages: dict[str, set[str]] = {}
        self._were: dict[str, bool] = {}

    def has(self, name: str) -> bool:
        """Return whether this is a file of the site, and not one of somebody else that has its name."""
        return name == _NO_JEKYLL or (self._has_name(name) and is_ours(self._folder, name))

    def _has_name(self, name: str) -> bool:
        if name in _SHARED or (name in _LISTS and name in self._lists):
            return True
        of_feed = _OF_FEED.fullmatch(name)
        if of_feed is None or of_feed["stem"] not in self._series:
            return False
        return of_feed["page"] is None or of_feed["page"] in self._pages_of(of_feed["stem"])

    def had(self, name: str) -> bool:
        """Return whether this is the name of a file that the site had when it was last committed."""
        if name in _LISTS:
            return True
        of_feed = _OF_FEED.fullmatch(name)
        if of_feed is None or self._has_name(name):
            return False
        stem = of_feed["stem"]
        if stem not in self._were:
            newest = self._committed(Place(stem).page(""))
            self._were[stem] = newest is not None and GENERATOR.encode() in newest
        return self._were[stem]

    def _pages_of(self, stem: str) -> set[str]:
        if stem not in self._pages:
            self._pages[stem] = {
                page.name for page in self._store.sites.pages(self._folder.mark, self._series[stem])
            }
        return self._pages[stem]


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteNews:
    """Which entries came since the last commit, and which changed: titles and sources, newest first."""

    added: tuple[tuple[str, str], ...] = ()
    updated: tuple[tuple[str, str], ...] = ()
    count: int = 0
    """How many were added."""
    is_all: bool = True
    """Whether it was no more: the feed holds the newest only."""


def site_news(before: bytes | None, now: bytes | None, *, entries: int) -> SiteNews:
    """Compare the feed of everything, as JSON, in the last commit and now; None where there is none.

    `entries` is how many the site has in all. Entries that fell out of the feed, and older ones that came up
    to its end for that, are no news.
    """
    old, new = _items(before), _items(now)
    names = list(new)
    known = [index for index, name in enumerate(names) if name in old]
    end = known[-1] if known and len(old) >= len(new) else len(names)
    added = [name for name in names[:end] if name not in old]
    return SiteNews(
        added=tuple(_told(new[name]) for name in added),
        updated=tuple(_told(new[name]) for name in names if name in old and old[name] != new[name]),
        count=len(added) if old else max(entries, len(added)),
        is_all=not old or bool(known),
    )


def _items(document: bytes | None) -> dict[str, dict[str, Any]]:
    """Return the items of a JSON Feed by their IDs; none where a person has put something else."""
    try:
        return {str(item["id"]): item for item in json.loads(document or b"{}").get("items", ())}
    except (ValueError, LookupError, TypeError, AttributeError):
        return {}


def _told(item: dict[str, Any]) -> tuple[str, str]:
    title = item.get("title") or item.get("summary") or item.get("url") or item["id"]
    sources = item.get("_aggregator", {}).get("sources", [])
    return str(title), ", ".join(str(source["name"]) for source in sources)
