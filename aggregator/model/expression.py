"""What an expression says of an entry, as a tree: what `rules.grammar` reads and writes.

Texts stand here as they were written; how they are compared is told in `rules.folding`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Field(StrEnum):
    """What of an entry a term looks at, by the name that it has in expressions."""

    ANY = "any"
    """Title, authors, summary and content: a term without a field."""
    TAG = "tag"
    SOURCE = "source"
    TITLE = "title"
    AUTHOR = "author"
    CONTENT = "content"
    SUMMARY = "summary"
    URL = "url"
    DOMAIN = "domain"
    CATEGORY = "category"
    LANG = "lang"
    AGE = "age"
    PUBLISHED = "published"
    WORDS = "words"
    HAS = "has"
    ID = "id"


class Operator(StrEnum):
    """How a number is compared."""

    BELOW = "<"
    AT_MOST = "<="
    ABOVE = ">"
    AT_LEAST = ">="
    EQUAL = "="


class Part(StrEnum):
    """What an entry can have, as `has:` names it."""

    ENCLOSURE = "enclosure"
    AUDIO = "audio"
    VIDEO = "video"
    IMAGE = "image"
    TITLE = "title"
    URL = "url"
    AUTHOR = "author"
    SUMMARY = "summary"
    CONTENT = "content"
    TAG = "tag"
    CATEGORY = "category"
    DATE = "date"
    LANG = "lang"
    FULLTEXT = "fulltext"


@dataclass(frozen=True, slots=True)
class Text:
    """The field says this: a word or phrase, a whole tag, a part of a URL, as the field has it."""

    field: Field
    text: str
    prefix: bool = False
    """Written with a `*` at its end: the last word may go on."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """The field holds a match of this regular expression (RE2 syntax)."""

    field: Field
    pattern: str
    flags: str = ""
    """Of `i`, `m` and `s`, sorted."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The field's number compares like this; an entry without one does not.

    Age is a span in ms between publication and now, `published` an instant in ms, `words` a count of the
    content's words, `id` the entry's ID.
    """

    field: Field
    operator: Operator
    value: int


@dataclass(frozen=True, slots=True)
class Has:
    """The entry has this."""

    part: Part


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    term: Expression


@dataclass(frozen=True, slots=True)
class And:
    """Each of the terms; with none of them, everything."""

    terms: tuple[Expression, ...] = ()


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of the terms; with none of them, nothing."""

    terms: tuple[Expression, ...] = ()


Expression = Text | Pattern | Comparison | Has | Not | And | Or
