"""Jekyll posts → what they say; pure, and takes any bytes.

Three forms are told apart. The scripts that this service replaces wrote one that looks like YAML and is none:
its values stand in their lines unescaped, so that they are read to the end of the line, and the link line of
the body, which has the title unabridged, settles what the front matter leaves open. Our own safe style is
YAML. And any other post is YAML and Markdown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from aggregator.model import Enclosure, RawHtml
from aggregator.publish.jekyll.bodies import read_body
from aggregator.publish.jekyll.decoding import Guess, decode
from aggregator.publish.jekyll.frontmatter import split_post
from aggregator.publish.jekyll.said import plain, said_in
from aggregator.publish.text import printable

ParseDate = Callable[[str], int | None]
"""Text → milliseconds UTC, or None where it is no date that can be understood."""

PlainTitle = Callable[[str], str]
"""A title, which may be text or HTML → one line of plain text."""


class PostForm(StrEnum):
    """How a post was written."""

    SCRIPTS = "scripts"
    """As the scripts wrote it, or an earlier version of them: values unescaped, HTML in a `div`."""
    SAFE = "safe"
    """As we write them ourselves, for any site."""
    OTHER = "other"
    """As anybody writes posts: YAML, with Markdown or HTML below."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPost:
    """What a post says."""

    file_name: str
    """As given: relative to the folder of the posts."""
    form: PostForm
    title: str
    """One line of plain text, references decoded; may be empty."""
    url: str | None
    """As written, mostly an absolute web address."""
    authors: tuple[str, ...]
    """As written: one of them may be the source's name, which the scripts put where a feed named nobody."""
    tags: tuple[str, ...]
    """The tags of the front matter, then its categories: cleaned, each once."""
    dated: int | None
    """The date of the front matter: milliseconds UTC."""
    updated: int | None
    """When it was last changed, in milliseconds UTC: our own safe style tells it."""
    said: int | None
    """The number in the comment, whatever it is: what the source said, milliseconds UTC, as a rule."""
    name_date: int | None
    """Midnight UTC of the date that the file's name begins with."""
    content_html: RawHtml
    """What stands in the `div` of a post of the scripts, or the body of any other, rendered; may be empty."""
    markdown: bool
    """Whether the content was rendered from Markdown."""
    enclosures: tuple[Enclosure, ...]
    """The files that are listed below the content: in our own safe style alone."""
    language: str | None
    """A tag of BCP 47."""
    hidden: bool
    """Whether it says `published: false` or `draft: true`, so that Jekyll shows it to nobody."""
    problems: tuple[str, ...]
    """What is not as a well-formed post has it, and what was made of it: sentences for people."""


_NAME_DATE = re.compile(r"(?:.*/)?([0-9]{4}|[0-9]{2})-([0-9]{1,2})-([0-9]{1,2})-", re.DOTALL)
_ISO = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:(?:[Tt]|[ ]+)([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?"
    r"[ ]*(?:[Zz]|UTC|GMT|([+-])([0-9]{2}):?([0-9]{2})?)?)?"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)

_SHOWN = 60
_CENTURY = 100


def read_post(
    file_name: str,
    body: bytes,
    *,
    parse_date: ParseDate | None = None,
    plain_title: PlainTitle | None = None,
    guess: Guess | None = None,
    names: Collection[str] = frozenset(),
) -> ReadPost:
    """Return what the post of a file says; raises nothing, whatever the bytes are.

    `file_name` is relative to the folder of the posts, with `/`. ISO 8601 dates are understood here, any
    others by `parse_date`; without a zone they are UTC, as Jekyll has them. `plain_title` makes text of a
    title, except in the safe style, where it is text; without it only references are decoded. `guess` reads
    what is neither in Unicode nor said to be anything else. `names` are the known sources', in the form of
    tags: the scripts wrote `Chips, Fabs` unquoted into a list, where one name looks like two tags. Liquid is
    not run, and only Markdown's own marks are rendered, not kramdown's.
    """
    decoded = decode(body, guess)
    problems = list(decoded.problems)
    parts = split_post(decoded.text)
    if parts.front is None:
        problems.append("there is no front matter")
    elif not parts.closed:
        problems.append("the front matter has no end: a line `---` is missing")
    told = read_body(parts.body, file_name)
    problems += told.problems
    said = said_in(parts.front or "", told, names, problems)
    written = _titled_by_name(file_name, problems) if said.title is None else said.title
    name_date = _name_date(file_name)
    dated = _date(said.date, parse_date, name_date, problems)
    return ReadPost(
        file_name=file_name,
        form=_form(safe=told.safe, by_scripts=said.by_scripts),
        title=written if told.safe else (plain_title or plain)(written),
        url=said.url,
        authors=said.authors,
        tags=said.tags,
        dated=dated,
        updated=_from_iso(said.updated or ""),
        said=told.said,
        name_date=name_date,
        content_html=told.html,
        markdown=told.markdown,
        enclosures=told.enclosures,
        language=said.language,
        hidden=said.hidden,
        problems=tuple(dict.fromkeys(problems)),
    )


def _form(*, safe: bool, by_scripts: bool) -> PostForm:
    return PostForm.SAFE if safe else PostForm.SCRIPTS if by_scripts else PostForm.OTHER


def _titled_by_name(file_name: str, problems: list[str]) -> str:
    name = _NAME_DATE.sub("", file_name).rpartition("/")[2]
    title = printable((name.rpartition(".")[0] or name).replace("-", " ")).strip()
    problems.append("there is no title: it is made of the file's name" if title else "there is no title")
    return title


def _date(
    said: str | None, parse_date: ParseDate | None, name_date: int | None, problems: list[str]
) -> int | None:
    instant = None
    if said:
        instant = _from_iso(said)
        if instant is None and parse_date is not None:
            instant = parse_date(said)
    if instant is None:
        what = f"the date `{said[:_SHOWN]}` cannot be understood" if said else "there is no date"
        then = (
            "the one in the file's name stands in" if name_date is not None else "nor one in the file's name"
        )
        problems.append(f"{what}: {then}")
    return instant


def _from_iso(said: str) -> int | None:
    found = _ISO.fullmatch(said)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, sign, hours, minutes = found.groups()
    try:
        moment = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=UTC
        )
    except ValueError:  # there is no such day or time
        return None
    offset = (int(hours or 0) * 60 + int(minutes or 0)) * 60_000
    instant = (moment - _EPOCH) // _MS + int((fraction or "")[:3].ljust(3, "0"))
    return instant + offset if sign == "-" else instant - offset


def _name_date(file_name: str) -> int | None:
    found = _NAME_DATE.match(file_name)
    if found is None:
        return None
    year, month, day = map(int, found.groups())
    try:
        return (datetime(year + 2000 * (year < _CENTURY), month, day, tzinfo=UTC) - _EPOCH) // _MS
    except ValueError:  # there is no such day
        return None
