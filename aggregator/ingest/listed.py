"""Feeds of a list → sources: addresses that can be asked, each once, under names of their own; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from string import ascii_letters, digits
from types import MappingProxyType
from urllib.parse import urlsplit

from aggregator.config.problems import Refused, mask_credentials
from aggregator.config.urls import same_document, source_url
from aggregator.model import ListedSource
from aggregator.rules.tagging import clean_tag, union

LONGEST_URL = 8_000
"""Characters; more is nothing that servers take."""

_LONGEST_SHOWN = 200
_ESCAPE = re.compile("%[0-9A-Fa-f]{2}")
_UNRESERVED = frozenset(f"{ascii_letters}{digits}-._~")


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
            key = address_key(_askable(feed.url))
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

    Beyond what is the same by the standards (RFC 3986, section 6.2.2), http and https are alike, and so are a
    path with a slash at its end and without.
    """
    form = urlsplit(same_document(url) or url)
    port = "" if form.port in {80, 443, None} else f":{form.port}"
    query = f"?{form.query}" if form.query else ""
    return f"{form.hostname}{port}{_unescaped(form.path).rstrip('/')}{_unescaped(query)}"


def _unescaped(text: str) -> str:
    """Return a text without needless percent-encoding, and the needed one in upper case."""

    def plain(found: re.Match[str]) -> str:
        character = chr(int(found[0][1:], 16))
        return character if character in _UNRESERVED else found[0].upper()

    return _ESCAPE.sub(plain, text)


class Names:
    """Names that are taken, and new ones beside them. Two that are spelled alike but for spaces are one.

    `owners` tells of further names whose they are, by a URL: only sources at its address may take them. A
    name without a URL is that of imported posts, and nobody's: any source may take it, and them.
    """

    def __init__(self, taken: Iterable[str], *, owners: Mapping[str, str] = MappingProxyType({})) -> None:
        self._taken = set(map(clean_tag, taken))
        keys = {name: address_key(url) for name, url in owners.items() if url}
        self._owners = {clean_tag(name): key for name, key in keys.items()}
        self._own = {key: name for name, key in keys.items()}
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


def named_apart(
    sources: Sequence[ListedSource], taken: Iterable[str], *, owners: Mapping[str, str] = MappingProxyType({})
) -> list[ListedSource]:
    """Return the sources under names that are not taken, and none of which two have.

    `owners` are `Names.owners`.
    """
    names = Names(taken, owners=owners)
    return [replace(source, name=names.take(source.name, source.url)) for source in sources]


def _askable(url: str) -> str:
    if len(url) > LONGEST_URL:
        raise Refused(f"a URL of {len(url):,} characters; {LONGEST_URL:,} are the most")
    return source_url(url)


def _host(url: str) -> str:
    return urlsplit(url).hostname or url


def _refusal(feed: ListedSource, error: ValueError) -> Refusal:
    shown = mask_credentials(feed.url)
    if len(shown) > _LONGEST_SHOWN:
        shown = f"{shown[: _LONGEST_SHOWN - 1]}…"
    why = str(error) if isinstance(error, Refused) else f"expected {error}"
    return Refusal(name=feed.name, url=shown, why=why)
