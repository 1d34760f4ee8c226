"""Feeds of a list → sources: addresses that can be asked, each once, under names of their own; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from types import MappingProxyType
from urllib.parse import urlsplit

from aggregator.config.problems import Refused, mask_credentials
from aggregator.config.urls import same_document, source_url
from aggregator.model import ListedSource
from aggregator.rules.tagging import clean_tag, union

_LONGEST_SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A feed that can be no source."""

    name: str
    url: str
    """Without credentials, and shortened."""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The feeds of a list, sorted."""

    sources: tuple[ListedSource, ...]
    """Each with a valid URL that no other one has, and a name."""
    refused: tuple[Refusal, ...]
    repeated: int
    """How many feeds are named again, most often in another folder, whose tags the first got, too."""


def settle(feeds: Iterable[ListedSource]) -> Settled:
    """Return what of a list can be sources, in its order. A feed without a name gets its host's."""
    kept: dict[str, ListedSource] = {}
    refused = []
    repeated = 0
    for feed in feeds:
        try:
            key = address_key(source_url(feed.url))
        except ValueError as error:
            refused.append(_refusal(feed, error))
            continue
        if known := kept.get(key):
            repeated += 1
            kept[key] = replace(known, tags=union(known.tags, feed.tags))
        else:
            kept[key] = replace(feed, name=feed.name or _host(feed.url))
    return Settled(sources=tuple(kept.values()), refused=tuple(refused), repeated=repeated)


def address_key(url: str) -> str:
    """Return what is alike for two valid source URLs that most likely lead to the same feed.

    Beyond what is the same by the standards, http and https are alike, and so are a path with a slash at its
    end and without.
    """
    form = urlsplit(same_document(url) or url)
    port = "" if form.port in {80, 443, None} else f":{form.port}"
    query = f"?{form.query}" if form.query else ""
    return f"{form.hostname}{port}{form.path.rstrip('/')}{query}"


class Names:
    """Names that are taken, and new ones beside them. Two that are spelled alike but for spaces are one.

    `owners` tells of further names whose they are, as an `address_key`: only that one may take it.
    """

    def __init__(self, taken: Iterable[str], *, owners: Mapping[str, str] = MappingProxyType({})) -> None:
        self._taken = set(map(clean_tag, taken))
        self._owners = {clean_tag(name): key for name, key in owners.items()}
        self._own = {key: name for name, key in owners.items()}
        self._numbers: dict[str, count[int]] = {}

    def take(self, name: str, url: str) -> str:
        """Return the name, or one made of it that is free yet: it is taken from now on."""
        key = address_key(url)
        free = next(each for each in self._candidates(name, url) if self._is_free(each, key))
        self._taken.add(clean_tag(free))
        return free

    def _candidates(self, name: str, url: str) -> Iterator[str]:
        yield name
        own = self._own.get(address_key(url), "")
        if own.startswith(f"{name} "):  # made of it before: it stays
            yield own
        yield f"{name} ({_host(url)})"
        for number in self._numbers.setdefault(clean_tag(name), count(2)):
            yield f"{name} {number}"

    def _is_free(self, name: str, key: str) -> bool:
        form = clean_tag(name)
        return form not in self._taken and self._owners.get(form, key) == key


def named_apart(sources: Sequence[ListedSource], taken: Iterable[str]) -> list[ListedSource]:
    """Return the sources under names that are not taken, and none of which two have."""
    names = Names(taken)
    return [replace(source, name=names.take(source.name, source.url)) for source in sources]


def _host(url: str) -> str:
    return urlsplit(url).hostname or url


def _refusal(feed: ListedSource, error: ValueError) -> Refusal:
    shown = mask_credentials(feed.url)
    if len(shown) > _LONGEST_SHOWN:
        shown = f"{shown[: _LONGEST_SHOWN - 1]}…"
    why = str(error) if isinstance(error, Refused) else f"expected {error}"
    return Refusal(name=feed.name, url=shown, why=why)
