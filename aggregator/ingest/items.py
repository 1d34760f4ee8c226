"""What feedparser's parsers collected → ParsedFeed; pure, and imports nothing of feedparser."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from aggregator.ingest.episodes import about_from_xml, episode_from_xml
from aggregator.ingest.pace import pace_from
from aggregator.ingest.text import collapse, decode_references, escape, plain_from_guess, plain_from_html
from aggregator.ingest.urls import absolute, is_web
from aggregator.model import About, Enclosure, Pace, ParsedEntry, ParsedFeed, RawHtml

_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
_ALTERNATE = frozenset({"alternate", "http://www.iana.org/assignments/relation/alternate"})
_BYTES = "application/octet-stream"
_MOST_DIGITS = 19  # of a number below 2^63
_KIND_SCHEME = "#kind"
_PLAYER = "https://www.youtube.com/v/"
"""Where the Flash player was that YouTube still calls a video's content: no file, and not there any more."""
_AUTHOR_RANKS = {None: 0, "dc": 1, "itunes": 2}

Raw = Mapping[str, Any]
"""A dictionary of feedparser's. Its `get` invents values for some keys: read it by `_said` only."""


def feed_from(
    *,
    version: str,
    feed: Raw,
    entries: Iterable[Raw],
    url: str,
    problem: str | None,
    whole: bool,
    references_left: bool,
) -> ParsedFeed:
    """Return the feed of a document at `url`.

    `references_left` says that the loose parser was used, which leaves character references in plain texts.
    """
    is_atom = version.startswith("atom")
    document = _Document(is_atom=is_atom, url=url, feed=feed, references_left=references_left)
    return ParsedFeed(
        version=version,
        title=document.title(feed),
        link=document.site_url,
        language=document.text(_said(feed, "language")),
        about=document.about(feed),
        entries=tuple(map(document.entry, entries)),
        pace=document.pace(feed),
        problem=problem,
        whole=whole,
    )


class _Document:
    """What the entries of one document share."""

    def __init__(self, *, is_atom: bool, url: str, feed: Raw, references_left: bool) -> None:
        self.is_atom = is_atom
        self.url = url
        self.references_left = references_left
        self.site_url = self._alternate(feed, url)
        # what relative links stand for: in Atom the document (RFC 4287, section 2), in RSS, as used, the site
        self.bases = (url,) if is_atom else (self.site_url, url)
        self.authors = self._authors(feed) if is_atom else ()

    def entry(self, raw: Raw) -> ParsedEntry:
        """Return one item."""
        link = self._link(raw)
        content, summary = self._texts(raw)
        published, *further_dates = self._dates(raw) or (None,)
        return ParsedEntry(
            guid=self.text(_said(raw, "id")),
            link=link,
            title=self.title(raw),
            summary=summary,
            content=content,
            authors=self._authors(raw) or self._authors(_mapping(_said(raw, "source"))) or self.authors,
            published=published,
            further_dates=tuple(further_dates),
            updated=self.text(_said(raw, "updated")),
            categories=self._categories(raw),
            enclosures=self._enclosures(raw),
            episode=episode_from_xml(_mapping(_said(raw, "media_said")), self.text, self.bases),
            language=self._language(raw),
            base_url=self._declared_base(raw) or link or self.site_url or self.url,
        )

    def about(self, raw: Raw) -> About:
        """Return what the feed says of itself."""
        feed_id = self.text(_said(raw, "id")) if self.is_atom else None
        return about_from_xml(_mapping(_said(raw, "media_said")), self.text, self.bases, feed_id=feed_id)

    def pace(self, raw: Raw) -> Pace:
        """Return how often the feed asks to be polled."""
        hours, days = (_texts(_said(raw, f"{name}_all")) for name in ("skiphours", "skipdays"))
        return pace_from(
            ttl=self.text(_said(raw, "ttl")),
            period=self.text(_said(raw, "sy_updateperiod")),
            frequency=self.text(_said(raw, "sy_updatefrequency")),
            skip_hours=hours,
            skip_days=days,
        )

    def text(self, said: object) -> str | None:
        """Return a plain text that was said, trimmed; None when it is empty."""
        if not isinstance(said, str):
            return None
        return (decode_references(said) if self.references_left else said).strip() or None

    def title(self, raw: Raw) -> str | None:
        """Return the title as plain text on one line.

        Atom says what it is; RSS does not, and in practice it is either.
        """
        detail = _mapping(_said(raw, "title_detail"))
        said = _said(raw, "title")
        if not isinstance(said, str):
            return None
        # the detail is of the last title, which may be that of an extension deeper in the item
        kind = detail.get("type") if detail.get("value") == said else None
        if kind == "application/xhtml+xml" or (self.is_atom and kind in _HTML_TYPES):
            return plain_from_html(said) or None
        return (collapse(said) if self.is_atom else plain_from_guess(said)) or None

    def _alternate(self, raw: Raw, *bases: str | None) -> str | None:
        """Return the page that a feed or entry says it stands for."""
        links = [link for link in _mappings(_said(raw, "links")) if link.get("rel") in _ALTERNATE]
        pages = [link for link in links if str(link.get("type", "")) in _HTML_TYPES]
        for link in (*pages, *links):
            href = self.text(link.get("href"))
            if href and (found := absolute(href, *bases)):
                return found
        return None

    def _link(self, raw: Raw) -> str | None:
        """Return the item's link; without one, its guid where that is a permanent URL, or its text's page.

        FeedBurner's link only counts clicks and leads to the original one, which it names.
        """
        original = self.text(_said(raw, "feedburner_origlink"))
        if original and is_web(original):
            return original
        if link := self._alternate(raw, *self.bases):
            return link
        guid = self.text(_said(raw, "permalink"))
        if guid and (is_web(guid) or guid.startswith("/")):
            return absolute(guid, *self.bases)
        return self._page_with_content(raw)

    def _page_with_content(self, raw: Raw) -> str | None:
        """Return the page that holds an item's text in the place of the item."""
        for content in _mappings(_said(raw, "content")):
            source = self.text(content.get("src"))
            if source and str(content.get("type")) in _HTML_TYPES:
                return absolute(source, self.text(content.get("base")), *self.bases)
        return None

    def _texts(self, raw: Raw) -> tuple[RawHtml | None, RawHtml | None]:
        """Return the fullest text and the short one; either may be None."""
        contents = [text for content in _mappings(_said(raw, "content")) if (text := _markup(content))]
        summary = self._summary(raw)
        if summary is None and not contents:
            return None, self._spare_text(raw)
        if self.is_atom:
            return (max(contents, key=len) if contents else None), summary
        texts = sorted(dict.fromkeys(text for text in (*contents, summary) if text), key=len)
        return (texts[-1], texts[0]) if len(texts) > 1 else (texts[0] if contents else None, summary)

    def _summary(self, raw: Raw) -> RawHtml | None:
        detail = _mapping(_said(raw, "summary_detail"))
        if detail:
            return _markup(detail)
        said = _said(raw, "summary")
        contents = _mappings(_said(raw, "content"))
        copied = any(content.get("value") == said for content in contents)
        return RawHtml(said) if isinstance(said, str) and said and not copied else None

    def _spare_text(self, raw: Raw) -> RawHtml | None:
        """Return a text that is meant for something else, for an item that has no other."""
        for name in ("itunes_summary", "dc_description", "media_description"):
            said = _said(raw, name)
            if isinstance(said, str) and said:
                is_html = _said(raw, f"{name}_type") == "html" or name == "dc_description"
                return RawHtml(said) if is_html else escape(said)
        return None

    def _dates(self, raw: Raw) -> Sequence[str]:
        """Return the texts of all dates of publication, the one that counts first."""
        earlier = reversed(_texts(_said(raw, "published_all")))
        said = (_said(raw, "published"), *earlier, _said(raw, "dc_date"), _said(raw, "created"))
        return list(dict.fromkeys(text for date in said if (text := self.text(date))))

    def _authors(self, raw: Raw) -> tuple[str, ...]:
        """Return names: of `<author>`, then of `dc:creator`; iTunes' only where there are no others."""
        said = [author for author in _mappings(_said(raw, "authors")) if author.get("kind") != "editor"]
        ranks = {_AUTHOR_RANKS.get(author.get("kind"), 0) for author in said}
        if ranks != {_AUTHOR_RANKS["itunes"]}:
            said = [author for author in said if author.get("kind") != "itunes"]
        said.sort(key=lambda author: _AUTHOR_RANKS.get(author.get("kind"), 0))
        names = (self._name(author) for author in said)
        return tuple(dict.fromkeys(name for name in names if name))

    def _name(self, author: Raw) -> str | None:
        for part in ("name", "text", "email", "href"):
            said = author.get(part)
            if isinstance(said, str) and (name := person(plain_from_guess(said))):
                return name
        return None

    def _categories(self, raw: Raw) -> tuple[str, ...]:
        found = []
        for tag in _mappings(_said(raw, "tags")):
            term, label = (self.text(tag.get(part)) for part in ("term", "label"))
            if str(tag.get("scheme") or "").endswith(_KIND_SCHEME):
                continue  # Blogger's and Google's mark of what an entry is technically
            said = label if label and (term is None or is_web(term)) else term
            if said and (name := plain_from_guess(said)):
                found.append(name)
        return tuple(dict.fromkeys(found))

    def _enclosures(self, raw: Raw) -> tuple[Enclosure, ...]:
        links = [link for link in _mappings(_said(raw, "links")) if link.get("rel") == "enclosure"]
        media = _mappings(_said(raw, "media_content"))
        found: dict[str, Enclosure] = {}
        for said in (*links, *media):
            address = self.text(said.get("href") or said.get("url"))
            url = absolute(address, *self.bases) if address else None
            if url and not url.startswith(_PLAYER):
                length = said.get("length") or said.get("filesize")
                kind = self.text(said.get("type"))
                found.setdefault(url, Enclosure(url=url, type=kind, length=number(length)))
        return tuple(found.values())

    def _language(self, raw: Raw) -> str | None:
        details = (*_mappings(_said(raw, "content")), _mapping(_said(raw, "summary_detail")))
        declared = (detail.get("language") for detail in (*details, _mapping(_said(raw, "title_detail"))))
        return self.text(_said(raw, "language")) or next(filter(None, map(self.text, declared)), None)

    def _declared_base(self, raw: Raw) -> str | None:
        """Return the xml:base in force for the texts, when the document declares one."""
        details = (*_mappings(_said(raw, "content")), _mapping(_said(raw, "summary_detail")))
        for detail in details:
            base = detail.get("base")
            if isinstance(base, str) and base != self.url and is_web(base):
                return base
        return None


def person(text: str) -> str:
    """Return the name out of `mail@host (Name)` or `Name <mail@host>`; anything else as it is."""
    said = text.strip()
    if said.endswith(")") and "(" in said:
        before, _, inside = said[:-1].partition("(")
        before, inside = before.strip(), inside.strip()
        if inside and _is_address(before):
            return inside
        if before and _is_address(inside):
            return before
    if said.endswith(">") and "<" in said:
        before, _, inside = said[:-1].partition("<")
        if before.strip() and _is_address(inside.strip()):
            return before.strip().strip('"')
    return said


def number(said: object) -> int | None:
    """Return a size in bytes, when that is what was said and it is one (below 2^63)."""
    if isinstance(said, str):
        digits = said.strip()
        said = int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS else None
    if isinstance(said, bool) or not isinstance(said, int):
        return None
    return said if 0 <= said < 2**63 else None


def _is_address(text: str) -> bool:
    name, at, host = text.partition("@")
    return bool(name and at and host) and not any(char.isspace() for char in text)


def _markup(detail: Raw) -> RawHtml | None:
    """Return a text construct as HTML; None when it is empty or of another media type."""
    said = detail.get("value")
    kind = str(detail.get("type") or "text/html")
    if not isinstance(said, str) or not said:
        return None
    if kind in _HTML_TYPES or "/" not in kind or (kind == _BYTES and not _is_binary(said)):
        return RawHtml(said)
    return escape(said) if kind.startswith("text/") else None


def _is_binary(said: str) -> bool:
    """Return whether this is still base64: feedparser decodes it where it is text, and only there."""
    if any(" " in line.strip() for line in said.splitlines()):
        return False
    try:
        b64decode("".join(said.split()), validate=True).decode("utf-8")
    except UnicodeDecodeError:
        return True
    except ValueError:
        return False
    return False


def _said(raw: Raw, key: str) -> object:
    """Return what was said under this very key: feedparser's `get` answers with other keys' values too."""
    return dict.get(cast("dict[str, object]", raw), key)


def _mapping(said: object) -> Raw:
    return cast("Raw", said) if isinstance(said, dict) else {}


def _mappings(said: object) -> Sequence[Raw]:
    return [_mapping(one) for one in said if isinstance(one, dict)] if isinstance(said, list) else []


def _texts(said: object) -> Sequence[str]:
    return [one for one in said if isinstance(one, str)] if isinstance(said, list) else []
