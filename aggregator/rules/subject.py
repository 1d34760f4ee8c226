"""What an entry says, in the forms that expressions look at: each found out once, when it is asked for. Pure.

Entry ─► Subject ─┬─► folded texts (see `rules.folding`): title, authors, summary, content, sources
                  ├─► facts: tags, categories, domain, urls, language, words, parts, published, id
                  └─► said(field): the texts as a reader sees them, for regular expressions
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Generic, Self, TypeVar, overload
from urllib.parse import unquote, urlsplit

from aggregator.model import Entry, Field, Part, Text
from aggregator.publish.attachments import attachments
from aggregator.publish.html import plain_text
from aggregator.rules.folding import caseless, count_words, fold, fold_prefix, fold_tag
from aggregator.rules.vocabulary import Vocabulary

MAX_MARKUP = 1_000_000
"""Characters of HTML that are looked at; what stands behind them is not found."""
MAX_TEXT = 100_000
"""Characters of plain text, likewise: some 16,000 words."""

JOINT = "\ue000"
"""Stands between texts of one field, so that no phrase runs across two: a character that no token has."""

Value = TypeVar("Value")


class _Once(Generic[Value]):
    """A property that is found out once for a subject and all that differ from it in tags only."""

    def __init__(self, find: Callable[[Subject], Value]) -> None:
        self._find = find
        self.__doc__ = find.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, subject: None, owner: type) -> Self: ...
    @overload
    def __get__(self, subject: Subject, owner: type) -> Value: ...
    def __get__(self, subject: Subject | None, owner: type) -> Self | Value:
        if subject is None:
            return self
        origin = subject._origin  # noqa: SLF001 - a part of the class, written for reuse within it
        value: Value = self._find(subject) if origin is None else getattr(origin, self._name)
        subject.__dict__[self._name] = value  # found there from now on, before this descriptor
        return value


class Subject:
    """An entry, as expressions look at it at one instant.

    `tags` can be others than the entry's own. Not for use by several threads at once.
    """

    def __init__(self, entry: Entry, now: int, tags: Iterable[str] | None = None) -> None:
        self.entry = entry
        self._origin: Subject | None = None
        self.id = entry.id
        self.published = entry.dated
        """Milliseconds."""
        self.age = now - entry.dated
        """Milliseconds from publication to now."""
        self.labels = tuple(entry.tags if tags is None else tags)
        """The tags as they are."""

    def with_tags(self, tags: Iterable[str]) -> Subject:
        """Return the same entry with other tags; what was and will be found out of the rest is shared."""
        other = Subject.__new__(Subject)
        other.__dict__.update(self.__dict__)
        other._origin = self._origin or self  # noqa: SLF001 - of the same class
        other.labels = tuple(tags)
        folded, had = other.__dict__.pop("tags", ""), len(self.labels)
        if folded and other.labels[:had] == self.labels:  # as when a hundred rules add one each
            other.tags = folded + _lines(other.labels[had:])[1:]
        return other

    @cached_property
    def tags(self) -> str:
        """Folded, each on a line of its own, with a line end before the first: see `needle`."""
        return _lines(self.labels)

    @_Once
    def title(self) -> str:
        """Folded."""
        return fold(self.plain_title)

    @_Once
    def authors(self) -> str:
        """Folded names with `JOINT` between them."""
        return JOINT.join(map(fold, self.entry.authors))

    @_Once
    def summary(self) -> str:
        """Folded plain text."""
        return fold(self.plain_summary)

    @_Once
    def content(self) -> str:
        """Folded plain text of what is published: the article where there is one."""
        return fold(self.plain_content)

    @_Once
    def vocabulary(self) -> Vocabulary:
        """The tokens of title, authors, summary and content."""
        return Vocabulary(lambda: (self.title, self.authors, self.summary, self.content))

    @_Once
    def sources(self) -> str:
        """Folded names of all sources that brought it, with `JOINT` between them."""
        return JOINT.join(fold(source.name) for source in self.entry.sources)

    @_Once
    def categories(self) -> str:
        """Like `tags`."""
        return _lines(self.entry.categories)

    @_Once
    def words(self) -> int:
        """How many tokens the content has."""
        return count_words(self.content)

    @_Once
    def domain(self) -> str:
        """The host of the entry's address with a dot before it, folded; "" when there is none."""
        return folded_domain(_host(self.entry.url))

    @_Once
    def urls(self) -> str:
        """The entry's addresses, here and at each source, folded: as they are, and percent-decoded; lines."""
        return "\n".join(dict.fromkeys(map(caseless, self.addresses)))

    @_Once
    def language(self) -> str:
        """As `folded_language` returns it; "" when the source told none."""
        return folded_language(self.entry.language or "")

    @_Once
    def _settled_parts(self) -> frozenset[Part]:
        return frozenset(_parts(self.entry))

    @property
    def parts(self) -> frozenset[Part]:
        """What the entry has."""
        return self._settled_parts | {Part.TAG} if self.labels else self._settled_parts

    @_Once
    def plain_title(self) -> str:
        """As a reader sees it."""
        return self.entry.title[:MAX_TEXT]

    @_Once
    def plain_summary(self) -> str:
        """As a reader sees it, on one line."""
        return _plain(self.entry.summary)

    @_Once
    def plain_content(self) -> str:
        """As a reader sees it, on one line: the article, where there is one."""
        entry = self.entry
        return _plain(entry.content_html if entry.article is None else entry.article)

    @_Once
    def addresses(self) -> tuple[str, ...]:
        """The entry's addresses, here and at each source; then percent-decoded, where that differs."""
        said = (self.entry.url, *(source.entry_url for source in self.entry.sources))
        urls = [url for url in said if url]
        return tuple(dict.fromkeys((*urls, *map(unquote, urls))))

    def said(self, field: Field) -> tuple[str, ...]:
        """Return the texts of a field, as a reader sees them; those of numbers and parts are none."""
        said = _SAID.get(field)
        return said(self) if said else ()

    def searched(self, field: Field) -> tuple[bytes, ...]:
        """Return where regular expressions search: each text of a field, and its NFKC form, in UTF-8."""
        if field is Field.TAG:
            return searchable(self.labels)
        if field not in self._searched:
            self._searched[field] = searchable(self.said(field))
        return self._searched[field]

    @_Once
    def _searched(self) -> dict[Field, tuple[bytes, ...]]:
        return {}


_SAID: dict[Field, Callable[[Subject], tuple[str, ...]]] = {
    Field.ANY: lambda subject: (
        subject.plain_title,
        *subject.entry.authors,
        subject.plain_summary,
        subject.plain_content,
    ),
    Field.TITLE: lambda subject: (subject.plain_title,),
    Field.AUTHOR: lambda subject: subject.entry.authors,
    Field.SUMMARY: lambda subject: (subject.plain_summary,),
    Field.CONTENT: lambda subject: (subject.plain_content,),
    Field.SOURCE: lambda subject: tuple(source.name for source in subject.entry.sources),
    Field.TAG: lambda subject: subject.labels,
    Field.CATEGORY: lambda subject: subject.entry.categories,
    Field.URL: lambda subject: subject.addresses,
    Field.DOMAIN: lambda subject: (subject.domain[1:],) if subject.domain else (),
    Field.LANG: lambda subject: (subject.entry.language,) if subject.entry.language else (),
}


def needle(condition: Text) -> str:
    """Return what an entry has in its folded field when it meets the condition; "" when none can.

    Of `domain` it is at the end, of `language` at the beginning, of the others (tags and categories: lines)
    anywhere.
    """
    text = condition.text
    match condition.field:
        case Field.TAG | Field.CATEGORY:
            tag = fold_tag(text)
            return f"\n{tag}" + "\n" * (not condition.prefix) if tag else ""
        case Field.DOMAIN:
            return folded_domain(text)
        case Field.LANG:
            return folded_language(text)
        case Field.URL:
            return caseless(text)
        case _:
            return fold_prefix(text) if condition.prefix else fold(text)


def folded_domain(host: str) -> str:
    """Return a domain with a dot before it, folded, in Unicode; "" for "".

    An address is of a domain when its own, so folded, ends with the domain's.
    """
    labels = [_label(label) for label in caseless(host).strip(".").split(".")]
    return "." + ".".join(labels) if any(labels) else ""


def folded_language(tag: str) -> str:
    """Return a language's tag folded, with a hyphen behind it; "" for "".

    One is a more special one of another, or the same, when it begins with the other's.
    """
    folded = caseless(tag).strip().replace("_", "-")
    return f"{folded}-" if folded else ""


def _lines(tags: Sequence[str]) -> str:
    return "\n{}\n".format("\n".join(map(fold_tag, tags))) if tags else ""


def _label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return caseless(label[4:].encode("ascii").decode("punycode"))
    except UnicodeError:
        return label


def _host(url: str | None) -> str:
    try:
        return urlsplit(url or "").hostname or ""
    except ValueError:  # brackets that are no IPv6 address
        return ""


def _plain(html: str | None) -> str:
    return plain_text(html[:MAX_MARKUP])[:MAX_TEXT] if html else ""


def searchable(texts: Iterable[str]) -> tuple[bytes, ...]:
    """Return what regular expressions are searched in: each text and its NFKC form, in UTF-8."""
    forms: dict[str, None] = {}
    for text in texts:
        forms[text] = None
        if not text.isascii():
            forms[unicodedata.normalize("NFKC", text)] = None
    return tuple(form.encode("utf-8", "replace") for form in forms)


def _parts(entry: Entry) -> Iterable[Part]:
    there = {
        Part.ENCLOSURE: entry.enclosures,
        Part.TITLE: entry.title.strip(),
        Part.URL: entry.url,
        Part.AUTHOR: entry.authors,
        Part.SUMMARY: entry.summary,
        Part.CONTENT: entry.article or entry.content_html,
        Part.CATEGORY: entry.categories,
        Part.DATE: entry.published is not None,
        Part.LANG: entry.language,
        Part.FULLTEXT: entry.article is not None,
        Part.IMAGE: _shows_image(entry),
    }
    yield from (part for part, value in there.items() if value)
    kinds = {attachment.type.partition("/")[0] for attachment in attachments(entry.enclosures)}
    yield from (part for part in (Part.AUDIO, Part.VIDEO, Part.IMAGE) if part.value in kinds)


def _shows_image(entry: Entry) -> bool:
    if entry.episode is not None and entry.episode.image:
        return True
    markup = (entry.content_html if entry.article is None else entry.article) or ""
    return "<img" in markup[:MAX_MARKUP].casefold()
