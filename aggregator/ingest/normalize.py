"""ParsedFeed → Reading: dates become instants, texts clean, URLs absolute, items recognisable; pure.

ParsedEntry ─► texts, dates, URLs ─► keys (who it is) ─► revision (what it says) ─► EntryDraft
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import astuple, fields, replace
from hashlib import blake2b

from aggregator.ingest.dates import parse_instant
from aggregator.ingest.text import clean, collapse, sentence
from aggregator.ingest.titles import title_form
from aggregator.ingest.urls import absolute, canonical, guid_form, is_site_root, is_web, leads_to_part
from aggregator.model import (
    Enclosure,
    EntryDraft,
    IdentityKeys,
    ParsedEntry,
    ParsedFeed,
    RawHtml,
    Reading,
)

_LANGUAGE = re.compile(r"[a-z]{2,8}(?:-[a-z0-9]{1,8})*")
_LONGEST_LANGUAGE = 35  # RFC 5646, section 4.4.1
_LONGEST_DATE = 200
_ENOUGH_TITLES, _ENOUGH_OF_A_TITLE = 50, 200
_FIRST_KANA, _FIRST_HAN, _LAST_HAN = "\u3040", "\u3400", "\u9fff"
_MOST_BYTES = 2**63
_SEEN = tuple(
    field.name
    for field in fields(EntryDraft)
    if field.name not in {"keys", "revision", "date_text", "episode"}
)


def normalize(feed: ParsedFeed, *, url: str) -> Reading:
    """Return the drafts of a feed that was found at `url`, in the document's order.

    An item without a date of publication takes its date of change for one. `content_html` is the fullest text
    there is, `summary` the shorter one when it says something else. An item's language is its own, else the
    feed's; where neither says, dates in a feed whose titles are Chinese have China's zones. Enclosures keep
    http(s) URLs only.
    """
    site_url = _link(feed.link, url)
    language = _language(feed.language)
    written = language or _written_language(feed)
    drafts = [_draft(entry, language, written, (site_url, url)) for entry in feed.entries]
    return Reading(
        title=_line(feed.title) or None,
        site_url=site_url,
        language=language,
        about=feed.about,
        drafts=tuple(_without_shared_stories(drafts)),
        pace=feed.pace,
        problem=sentence(feed.problem or "") or None,
        whole=feed.whole,
    )


def _written_language(feed: ParsedFeed) -> str | None:
    """Return Chinese when most letters of the titles are Han, and hardly any kana or Hangul."""
    titles = (feed.title, *(entry.title for entry in feed.entries[:_ENOUGH_TITLES]))
    letters = [char for title in titles for char in (title or "")[:_ENOUGH_OF_A_TITLE] if char.isalpha()]
    han = sum(_FIRST_HAN <= char <= _LAST_HAN for char in letters)
    other_cjk = sum(_FIRST_KANA <= char < _FIRST_HAN or char > _LAST_HAN for char in letters)
    return "zh" if han > len(letters) / 2 and other_cjk <= han / 20 else None


def _draft(
    entry: ParsedEntry, feed_language: str | None, written: str | None, bases: tuple[str | None, ...]
) -> EntryDraft:
    summary, content = _html(entry.summary), _html(entry.content)
    language = _language(entry.language) or feed_language
    updated = parse_instant(entry.updated, language or written)
    published, date_text = _published(entry, language or written)
    url = _link(entry.link, *bases)
    draft = EntryDraft(
        keys=IdentityKeys(text=b""),
        revision=b"",
        guid=clean(entry.guid or "").strip() or None,
        url=url,
        title=_line(entry.title),
        authors=_once(entry.authors),
        published=updated if published is None else published,
        date_text=_line(date_text or entry.updated)[:_LONGEST_DATE] or None,
        updated=updated,
        language=language,
        summary=summary if summary != content and content else None,
        content_html=content or summary,
        categories=_once(entry.categories),
        enclosures=_enclosures(entry.enclosures, bases),
        episode=entry.episode,
        base_url=_link(entry.base_url, *bases) or url or bases[0] or bases[-1] or "",
    )
    return replace(draft, keys=identity_keys(draft), revision=_revision(draft))


def _published(entry: ParsedEntry, language: str | None) -> tuple[int | None, str | None]:
    """Return the first date of publication that can be understood, and its text; else none, and the first."""
    for text in (entry.published, *entry.further_dates):
        if (instant := parse_instant(text, language)) is not None:
            return instant, text
    return None, entry.published


def identity_keys(draft: EntryDraft) -> IdentityKeys:
    """Return what the item is recognised by.

    A link to a site's home page is no key: careless feeds give it to every item. A comment is another story
    than the article below which it stands. An item without title, as on a microblog, has its content in the
    title's place.
    """
    link = _canonical_link(draft.url)
    story = _canonical_story(draft.url)
    title = title_form(draft.title)
    text: tuple[str, ...] = (title, draft.content_html or "")
    if not any(text):  # a bare file is known by its address, what says nothing by its name
        text = (
            ("", "", *(file.url for file in draft.enclosures)) if draft.enclosures else ("", draft.guid or "")
        )
    named = (title,) if title else ("", draft.content_html) if draft.content_html else None
    dated = draft.published is not None
    return IdentityKeys(
        guid=_hash(guid_form(draft.guid)) if draft.guid else None,
        link=_hash(link) if link else None,
        text=_hash(*text),
        title_date=_hash(*named, str(draft.published)) if named and dated else None,
        story=_hash(story) if story else None,
    )


def link_key(said: str) -> bytes | None:
    """Return what an item is recognised by whose link is `said`; None for what can be no link, or no key."""
    link = _canonical_link(_link(said))
    return _hash(link) if link else None


def story_key(said: str) -> bytes | None:
    """Return what an item whose link is `said` is recognised by across sources; None where `link_key` is."""
    story = _canonical_story(_link(said))
    return _hash(story) if story else None


def _canonical_story(url: str | None) -> str | None:
    return canonical(url, fragment=leads_to_part(url)) if url and _canonical_link(url) else None


def _canonical_link(url: str | None) -> str | None:
    return None if url is None or is_site_root(url) else canonical(url, fragment=True)


def _without_shared_stories(drafts: list[EntryDraft]) -> Iterable[EntryDraft]:
    """Yield the drafts; those whose page several items share are no story of other sources.

    A page with several items on it (a changelog, a link blog) does not tell which of them is meant. One item
    that a document lists twice is not several: it has one guid, or one text where there is none.
    """
    items = {(draft.keys.story, draft.keys.guid or draft.keys.text) for draft in drafts if draft.keys.story}
    sharers = Counter(story for story, _ in items)
    for draft in drafts:
        shared = draft.keys.story is not None and sharers[draft.keys.story] > 1
        yield replace(draft, keys=replace(draft.keys, story=None)) if shared else draft


def _revision(draft: EntryDraft) -> bytes:
    said = [json.dumps([getattr(draft, name) for name in _SEEN], default=astuple)]
    if draft.episode is not None:  # an item without one keeps the hash it had before there were any
        said.append(json.dumps(astuple(draft.episode)))
    return _hash(*said)


def _hash(*texts: str) -> bytes:
    digest = blake2b(digest_size=16)
    for text in texts:
        encoded = text.encode("utf-8", "replace")
        digest.update(len(encoded).to_bytes(8, "big"))  # so that ("ab", "c") is not ("a", "bc")
        digest.update(encoded)
    return digest.digest()


def _line(text: str | None) -> str:
    return collapse(clean(text or ""))


def _once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line for text in texts if (line := _line(text))))


def _html(markup: RawHtml | None) -> RawHtml | None:
    cleaned = clean(markup or "").strip()
    return RawHtml(cleaned) if cleaned else None


def _link(said: str | None, *bases: str | None) -> str | None:
    return absolute(clean(said), *bases) if said else None


def _language(said: str | None) -> str | None:
    """Return a language tag in lower case when it has the shape of one (RFC 5646)."""
    tag = (said or "").strip().replace("_", "-").lower()
    return tag if len(tag) <= _LONGEST_LANGUAGE and _LANGUAGE.fullmatch(tag) else None


def _enclosures(said: Iterable[Enclosure], bases: tuple[str | None, ...]) -> tuple[Enclosure, ...]:
    found: dict[str, Enclosure] = {}
    for enclosure in said:
        url = _link(enclosure.url, *bases)
        if url is None or not is_web(url):
            continue
        length = enclosure.length
        sane = length is not None and 0 <= length < _MOST_BYTES
        kind = _line(enclosure.type) or None
        found.setdefault(url, Enclosure(url=url, type=kind, length=length if sane else None))
    return tuple(found.values())
