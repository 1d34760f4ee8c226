"""JSON Feed 1.0 and 1.1 (jsonfeed.org) → ParsedFeed; pure.

A member of a wrong type is passed over, never its item; an item that is no object is passed over, never its
neighbours.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from aggregator.ingest.decode import decode
from aggregator.ingest.episodes import about_from_json, episode_from_json
from aggregator.ingest.items import number
from aggregator.ingest.limits import MOST_VALUES
from aggregator.ingest.text import collapse, escape
from aggregator.ingest.urls import absolute, is_web
from aggregator.model import Enclosure, Outcome, ParsedEntry, ParsedFeed, RawHtml, Unreadable

_VERSIONS = {"1": "json10", "1.0": "json10", "1.1": "json11"}
_VERSION_URL = "jsonfeed.org/version/"
_MOST_DIGITS = 100
_VALUE = re.compile(r'(?:[^"\[{,]++|"(?:[^"\\]++|\\.?)*+(?:"|\Z))*+(?:[\[{,]|\Z)', re.DOTALL)
"""Up to where the next value begins: brackets and commas within texts do not count."""

Object = Mapping[str, Any]


def parse_json(body: bytes, *, content_type: str | None, url: str) -> ParsedFeed | Unreadable:
    """Return what a JSON document at `url` holds, or why it is no feed. Raises nothing for odd documents.

    Relative URLs are resolved against `home_page_url`, else the document's URL. `content_text` and `summary`
    become HTML that shows the same. Dates stay text. Extensions are left out, and so is what the feed says of
    itself beside its title, site, language, authors and icon.
    """
    decoded = decode(body, content_type)
    if _holds_too_much(decoded.text):
        message = f"The JSON cannot be parsed: it holds more than {MOST_VALUES} values."
        return Unreadable(outcome=Outcome.UNPARSEABLE, message=message)
    try:
        document = json.loads(decoded.text, strict=False, parse_int=_integer)
    except (ValueError, RecursionError) as error:
        return Unreadable(outcome=Outcome.UNPARSEABLE, message=f"The JSON is broken: {_reason(error)}.")
    version = _version(document)
    if version is None:
        return Unreadable(outcome=Outcome.NOT_A_FEED, message="The document is JSON, but no JSON Feed.")
    site_url = _url(document, "home_page_url", url)
    authors = tuple(_authors(document))
    return ParsedFeed(
        version=version,
        title=_title(document),
        link=site_url,
        language=_text(document, "language"),
        about=about_from_json(_text(document, "icon"), (site_url, url)),
        entries=tuple(_entry(item, site_url, url, authors) for item in _objects(document, "items")),
        problem=decoded.mistake,
    )


def _holds_too_much(text: str) -> bool:
    """Return whether there are more values than can be meant: each takes up to a hundred times its length."""
    if sum(map(text.count, "[{,")) <= MOST_VALUES:
        return False
    return next(islice(_VALUE.finditer(text), MOST_VALUES, None), None) is not None


def _integer(digits: str) -> int | str:
    """Return a number; as text where it is a long one, which Python refuses to read or write."""
    return int(digits) if len(digits) <= _MOST_DIGITS else digits


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno}: {error.msg}"
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)


def _version(document: object) -> str | None:
    """Return the version of a JSON Feed; a document without one counts when it looks like a feed."""
    if not isinstance(document, dict):
        return None
    said = document.get("version")
    if isinstance(said, str) and _VERSION_URL in said:
        return _VERSIONS.get(said.rpartition(_VERSION_URL)[2].strip("/ "), "json11")
    looks_like_one = isinstance(document.get("items"), list) and isinstance(document.get("title"), str)
    return "json11" if looks_like_one else None


def _entry(item: Object, site_url: str | None, url: str, feed_authors: tuple[str, ...]) -> ParsedEntry:
    bases = (site_url, url)
    guid = _identifier(item.get("id"))
    permalink = guid if guid and is_web(guid) else None
    link = _url(item, "url", *bases) or _url(item, "external_url", *bases) or permalink
    html = _text(item, "content_html")
    text = _text(item, "content_text")
    summary = _text(item, "summary")
    return ParsedEntry(
        guid=guid,
        link=link,
        title=_title(item),
        summary=escape(summary) if summary else None,
        content=RawHtml(html) if html else escape(text) if text else None,
        authors=tuple(_authors(item)) or feed_authors,
        published=_identifier(item.get("date_published")),
        updated=_identifier(item.get("date_modified")),
        categories=tuple(dict.fromkeys(_tags(item))),
        enclosures=tuple(_enclosures(item, bases)),
        episode=episode_from_json(
            durations=(file.get("duration_in_seconds") for file in _objects(item, "attachments")),
            images=(_text(item, "image"), _text(item, "banner_image")),
            bases=bases,
        ),
        language=_text(item, "language"),
        base_url=link or site_url or url,
    )


def _title(said: Object) -> str | None:
    title = _text(said, "title")
    return collapse(title) if title else None


def _text(said: Object, key: str) -> str | None:
    value = said.get(key)
    return value.strip() or None if isinstance(value, str) else None


def _identifier(value: object) -> str | None:
    """Return an id (or date) as text: version 1.0 tells readers to take numbers too."""
    if isinstance(value, bool) or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, int | float):
        return str(value)
    return value.strip() or None if isinstance(value, str) else None


def _url(said: Object, key: str, *bases: str | None) -> str | None:
    value = _text(said, key)
    return absolute(value, *bases) if value else None


def _authors(said: Object) -> Iterator[str]:
    """Yield names; `author` is version 1.0's, `authors` 1.1's: some mistake one for the other."""
    seen = set()
    for author in [*_objects(said, "authors")] or [*_objects(said, "author")]:
        name = _text(author, "name") or _text(author, "url")
        if name and name not in seen:
            seen.add(name)
            yield collapse(name)


def _tags(item: Object) -> Iterator[str]:
    tags = item.get("tags")
    for tag in tags if isinstance(tags, list) else ():
        if isinstance(tag, str) and tag.strip():
            yield collapse(tag)


def _enclosures(item: Object, bases: tuple[str | None, ...]) -> Iterator[Enclosure]:
    for attachment in _objects(item, "attachments"):
        if url := _url(attachment, "url", *bases):
            size = attachment.get("size_in_bytes")
            length = number(int(size) if isinstance(size, float) and size.is_integer() else size)
            yield Enclosure(url=url, type=_text(attachment, "mime_type"), length=length)


def _objects(said: Object, key: str) -> Iterator[Object]:
    value = said.get(key)
    for one in value if isinstance(value, list) else (value,):
        if isinstance(one, dict):
            yield one
