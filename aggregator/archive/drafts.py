"""Posts that were read → drafts like those that polls make of the same items; pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from aggregator.ingest.dates import MAX_INSTANT, MIN_INSTANT, parse_instant
from aggregator.ingest.decode import decode
from aggregator.ingest.normalize import link_key, normalize, story_key
from aggregator.ingest.text import decode_references, plain_from_guess
from aggregator.model import ImportedPost, ParsedEntry, ParsedFeed, Source
from aggregator.publish.jekyll.reading import ReadPost, read_post
from aggregator.rules.tagging import clean_tag, name_form

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_NAME = 200
_PUNYCODE = "xn--"
_AFTER_HOST = re.compile(r"[/?#]")


class SourceFrom(StrEnum):
    """What of a post names its source."""

    TAGS = "tags"
    """Its first tag."""
    AUTHOR = "author"
    """Its first author."""
    HOST = "host"
    """The host that its link leads to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """How the sources of an archive's posts are found."""

    by: SourceFrom
    folder: str
    """The archive's own name: for posts that say nothing of where they are from."""
    sources: Sequence[Source]
    """Those of the config."""
    further_names: Collection[str] = ()
    """Of other sources that are known."""


class Drafter:
    """Makes drafts of an archive's posts."""

    def __init__(self, naming: Naming) -> None:
        self._naming = naming
        self._sources = {name_form(source.name): source for source in reversed(naming.sources)}
        names = (*(source.name for source in naming.sources), *naming.further_names)
        self._names = frozenset(map(clean_tag, names))

    def read(self, file_name: str, body: bytes) -> ReadPost:
        """Return what a post says."""
        return read_post(
            file_name,
            body,
            parse_date=parse_instant,
            plain_title=plain_from_guess,
            guess=_guessed,
            names=self._names,
        )

    def draft(self, post: ReadPost, body: bytes) -> tuple[ImportedPost, tuple[str, ...]]:
        """Return a post with what makes an entry of it, and what is to be told of it beside its problems."""
        by, name = next(_names_of(post, self._naming))
        form = name_form(name)
        source = self._sources.get(form) or Source(name=name, url="", tags=() if post.tags else (name,))
        said = post.said if post.said is not None and MIN_INSTANT <= post.said <= MAX_INSTANT else None
        item = ParsedEntry(
            link=post.url,
            title=post.title,
            content=post.content_html,
            authors=tuple(author for author in post.authors if name_form(author) != form),
            published=_iso(post.dated if said is None else said),
            updated=None if post.updated is None else _iso(post.updated),
            categories=post.tags,
            enclosures=post.enclosures,
            language=post.language,
        )
        (draft,) = normalize(ParsedFeed(version="jekyll", entries=(item,)), url="").drafts
        spellings = list(_other_spellings(draft.url or ""))
        imported = ImportedPost(
            file_name=post.file_name,
            body=body,
            draft=replace(draft, date_text=None),
            further_links=tuple(link_keys(spellings)),
            further_stories=tuple(key for key in map(story_key, spellings) if key is not None),
            source=source,
            site_url=_site_of(draft.url) if by == SourceFrom.HOST else None,
            dated=post.dated,
            said=post.said,
            name_date=post.name_date,
        )
        return imported, tuple(_notes(post, name, by, self._naming))

    def notes(self, post: ReadPost) -> tuple[str, ...]:
        """Return what is to be told of a post beside its problems, as `draft` does."""
        by, name = next(_names_of(post, self._naming))
        return tuple(_notes(post, name, by, self._naming))


def link_keys(urls: Iterable[str]) -> Iterator[bytes]:
    """Yield what items are recognised by that have these links; nothing for what can be no item's link."""
    yield from (key for key in map(link_key, urls) if key is not None)


def known_link_keys(urls: Iterable[str]) -> Iterator[bytes]:
    """Yield the keys of links that scripts have written, in each spelling that a feed may have them in."""
    for url in urls:
        yield from link_keys((url, *_other_spellings(url)))


def _guessed(body: bytes) -> tuple[str, str]:
    decoded = decode(body, None)
    return decoded.text, decoded.encoding


def _names_of(post: ReadPost, naming: Naming) -> Iterator[tuple[str, str]]:
    """Yield what the source may be called, the best first, each with where that is from."""
    host = _host(post.url)
    told = {
        SourceFrom.TAGS: post.tags[0] if post.tags else "",
        SourceFrom.AUTHOR: post.authors[0] if post.authors else "",
        SourceFrom.HOST: host,
    }
    for kind in (naming.by, *SourceFrom):
        if name := clean_tag(told[kind])[:_LONGEST_NAME].strip():
            yield kind.value, name
    yield "folder", clean_tag(naming.folder) or "archive"


def _notes(post: ReadPost, name: str, by: str, naming: Naming) -> Iterator[str]:
    if by != naming.by:
        missing = {"tags": "no tag", "author": "no author", "host": "no link"}[naming.by]
        yield f"{missing} names its source: by its {'host' if by == 'host' else by}, it is {name!r}"
    if post.name_date is None:
        yield "its name does not begin with a date"
    if post.said is not None and post.dated is not None and post.said > post.dated:
        yield "the source's date is later than the post's: both are kept"


def _iso(instant: int | None) -> str | None:
    """Return an instant (ms) as text that is read as that very instant; None where it is beyond reason."""
    if instant is None or not MIN_INSTANT <= instant <= MAX_INSTANT:
        return None
    return (_EPOCH + timedelta(milliseconds=instant)).isoformat(timespec="milliseconds")


def _host(url: str | None) -> str:
    try:
        host = urlsplit(url or "").hostname or ""
    except ValueError:  # brackets that hold no address
        return ""
    return host.removeprefix("www.")


def _site_of(url: str | None) -> str | None:
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    return f"{parts.scheme}://{parts.netloc}/" if parts.scheme in {"http", "https"} and parts.netloc else None


def _other_spellings(href: str) -> Iterator[str]:
    """Yield what a feed may have said where `new URL(…).href` is this, and nothing else makes both alike.

    Browsers encode `'` in queries (URL Standard, special-query percent-encode set), and names in Unicode by
    other rules than RFC 3490 where these take `ß` for `ss`. Feeds that escape twice leave character
    references in links: the scripts wrote them, and polls decode them.
    """
    scheme, slashes, rest = href.partition("://")
    host = _AFTER_HOST.split(rest, maxsplit=1)[0]
    named = _in_unicode(host) if _PUNYCODE in host else host
    once = decode_references(href)
    decoded = (href, once, decode_references(once))
    for spelling in dict.fromkeys((*decoded, *map(_with_apostrophes, decoded))):
        for known_as in dict.fromkeys((host, named)):
            other = f"{scheme}{slashes}{known_as}{spelling[len(scheme) + len(slashes) + len(host) :]}"
            if other != href:
                yield other


def _with_apostrophes(href: str) -> str:
    before, mark, query = href.partition("?")
    return f"{before}{mark}{query.replace('%27', chr(39))}"


def _in_unicode(host: str) -> str:
    labels: list[str] = []
    for label in host.split("."):
        try:
            is_coded = label.startswith(_PUNYCODE)
            labels.append(label[len(_PUNYCODE) :].encode().decode("punycode") if is_coded else label)
        except UnicodeError:
            return host
    return ".".join(labels)
