"""The lists that the scripts kept beside their posts: feeds (`subs.json`), links (`allurls.dat`); pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aggregator.archive.drafts import known_link_keys
from aggregator.config.problems import mask_credentials
from aggregator.ingest.listed import Refusal, address_key, settle
from aggregator.model import ListedSource
from aggregator.rules.tagging import clean_tag

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_LONGEST_LINK = 8_000
_SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Subs:
    """What such a list of feeds says."""

    feeds: tuple[ListedSource, ...]
    """Each with an address of its own, tagged with its site's name, as its posts are."""
    refused: tuple[Refusal, ...]
    names: tuple[str, ...]
    """Of all its sites, also of those without a feed."""


def read_subs(body: bytes) -> Subs:
    """Return the feeds of a list `[{"site": …, "url": …}, …]`.

    Raises ValueError, with a sentence for people, when it is none.
    """
    try:
        said = json.loads(body.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ValueError("is no UTF-8") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"is no JSON: line {error.lineno}, column {error.colno}: {error.msg}") from None
    except (RecursionError, ValueError):  # ValueError: a number of thousands of digits
        raise ValueError("is no list of feeds") from None
    if not isinstance(said, list):
        raise ValueError(  # noqa: TRY004 - of the file, not of our call
            'is no list of feeds: expected [{"site": …, "url": …}, …]'
        )
    feeds: dict[str, ListedSource] = {}
    refused, names = [], []
    for number, entry in enumerate(said, start=1):
        site, url, why = _feed(entry)
        if site:
            names.append(site)
        if why:
            refused.append(Refusal(name=site or f"entry {number}", url=_shown(url), why=why))
            continue
        settled = settle([ListedSource(name=site, url=url, tags=(site,) if site else ())])
        refused += settled.refused
        for feed in settled.sources:
            known = feeds.setdefault(address_key(feed.url), feed)
            if known is not feed:
                why = f"is the feed of {known.name!r} already"
                refused.append(Refusal(name=feed.name, url=_shown(feed.url), why=why))
    return Subs(feeds=tuple(feeds.values()), refused=tuple(refused), names=tuple(names))


def _feed(entry: object) -> tuple[str, str, str]:
    """Return the site's name and the URL of an entry, and what is wrong with it: empty when nothing is."""
    if not isinstance(entry, dict):
        return "", "", 'expected {"site": …, "url": …}'
    site, url = entry.get("site"), entry.get("url")
    name = clean_tag(_CONTROL.sub(" ", site)) if isinstance(site, str) else ""
    if url is None or url == "":
        return name, "", "has no URL, so there is nothing to poll"
    if not isinstance(url, str):
        return name, "", "its URL is no text"
    return name, url.strip(), ""


def _shown(url: str) -> str:
    shown = mask_credentials(url)
    return shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 1]}…"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownUrls:
    """What a list of known links says."""

    keys: Sequence[bytes]
    """What items that have one of the links are recognised by: one key for each page."""
    further_keys: Sequence[bytes]
    """Of other ways to write the links."""
    links: int
    """Links that can be an item's."""
    refused: tuple[tuple[int, str], ...]
    """Lines that hold none: their numbers, from 1, and their beginnings."""


def read_known_urls(body: bytes) -> KnownUrls:
    """Return the links of a list with one in each line; bytes that are not UTF-8 stand for no letters."""
    keys: dict[bytes, None] = {}
    further_keys: dict[bytes, None] = {}
    refused = []
    links = 0
    for number, line in _lines(body):
        found = list(known_link_keys([line])) if len(line) <= _LONGEST_LINK else []
        if found:
            links += 1
            keys[found[0]] = None
            further_keys.update(dict.fromkeys(found[1:]))
        else:
            refused.append((number, line[:_SHOWN]))
    return KnownUrls(keys=tuple(keys), further_keys=tuple(further_keys), links=links, refused=tuple(refused))


def _lines(body: bytes) -> Iterator[tuple[int, str]]:
    text = body.decode("utf-8-sig", "replace")
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), start=1):
        if line := line.strip():
            yield number, line
