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
from html import unescape

from aggregator.model import RawHtml
from aggregator.publish.jekyll.bodies import Body, read_body
from aggregator.publish.jekyll.decoding import decode
from aggregator.publish.jekyll.frontmatter import Value, read_front_matter, split_post, texts, unquoted
from aggregator.publish.text import language_tag, printable
from aggregator.rules.tagging import clean_tag, union

ParseDate = Callable[[str], int | None]
"""Text → milliseconds UTC, or None where it is no date that can be understood."""


class PostForm(StrEnum):
    """How a post was written."""

    SCRIPTS = "scripts"
    """As the scripts wrote it, or an earlier version of them: values unescaped, HTML in a `div`."""
    YAML = "yaml"
    """As any other post, and as we write them ourselves."""


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
    said: int | None
    """The number in the comment, whatever it is: what the source said, milliseconds UTC, as a rule."""
    name_date: int | None
    """Midnight UTC of the date that the file's name begins with."""
    content_html: RawHtml
    """What stands in the `div` of a post of the scripts, or the body of any other, rendered; may be empty."""
    markdown: bool
    """Whether the content was rendered from Markdown."""
    language: str | None
    """A tag of BCP 47."""
    hidden: bool
    """Whether it says `published: false` or `draft: true`, so that Jekyll shows it to nobody."""
    problems: tuple[str, ...]
    """What is not as a well-formed post has it, and what was made of it: sentences for people."""


_SCRIPTS_FRONT = re.compile(
    r"""
    (?:layout:[ ]*[^\n]*\n)?
    title:[ ]"(?P<title>[^\n]*)"[ ]*\n
    (?:date:(?P<date>[^\n]*)\n)?
    (?:author:(?P<author>[^\n]*)\n)?
    (?:from:(?P<url>[^\n]*)\n)?
    (?:tags:[ ]*\[(?P<tags>[^\n]*)\][ ]*\n)?
    (?:comments:[^\n]*\n)?
    (?:categories:[ ]*\[(?P<categories>[^\n]*)\][ ]*\n)?
    """,
    re.VERBOSE,
)

_NAME_DATE = re.compile(r"(?:.*/)?([0-9]{4}|[0-9]{2})-([0-9]{1,2})-([0-9]{1,2})-", re.DOTALL)
_ISO = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:(?:[Tt]|[ ]+)([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?"
    r"[ ]*(?:[Zz]|UTC|GMT|([+-])([0-9]{2}):?([0-9]{2})?)?)?"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)

_URL_KEYS = (
    "from", "link", "original_url", "canonical_url", "source_url", "external_url", "external-url", "source",
    "original", "url",
)  # fmt: skip
_DATE_KEYS = ("date", "published", "created", "created_at", "pubdate")
_LANGUAGE_KEYS = ("lang", "language", "locale")
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")
_ADDRESS = re.compile(r"\]\(<?(?=[A-Za-z][A-Za-z0-9+.-]*:)")
_UNESCAPED_QUOTE = re.compile(r'(?<!\\)"')
_QUOTED = re.compile(r""" "(?:[^"\\]|\\.)*" | '(?:[^']|'')*' """, re.VERBOSE)
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_NO_LETTER = re.compile(r"[\W_]+")
_NO = frozenset({"false", "no", "off", "n"})
_YES = frozenset({"true", "yes", "on", "y"})
_MOST_PEOPLE = 1_000
_SHOWN = 60
_CENTURY = 100


def read_post(
    file_name: str,
    body: bytes,
    *,
    parse_date: ParseDate | None = None,
    names: Collection[str] = frozenset(),
) -> ReadPost:
    """Return what the post of a file says; raises nothing, whatever the bytes are.

    `file_name` is relative to the folder of the posts, with `/`. ISO 8601 dates are understood here, any
    others by `parse_date`; without a zone they are UTC, as Jekyll has them. `names` are those of the sources
    that are known: the scripts wrote `Chips, Fabs` unquoted into a list, where one name looks like two tags.
    """
    decoded = decode(body)
    problems = list(decoded.problems)
    parts = split_post(decoded.text)
    if parts.front is None:
        problems.append("there is no front matter")
    elif not parts.closed:
        problems.append("the front matter has no end: a line `---` is missing")
    told = read_body(parts.body, file_name)
    problems += told.problems
    front = parts.front or ""
    scripts = _SCRIPTS_FRONT.fullmatch(front) if told.in_div else None
    if scripts and (told.has_comment or told.link_line is not None):
        said = _said_by_scripts(scripts, told, names, problems)
        form = PostForm.SCRIPTS
    else:
        said = _said_in_yaml(front, told, problems)
        form = PostForm.YAML
    name_date = _name_date(file_name)
    dated = _date(said.date, parse_date, name_date, problems)
    return ReadPost(
        file_name=file_name,
        form=form,
        title=said.title or _titled_by_name(file_name, problems),
        url=said.url,
        authors=said.authors,
        tags=said.tags,
        dated=dated,
        said=told.said,
        name_date=name_date,
        content_html=told.html,
        markdown=told.markdown,
        language=said.language,
        hidden=said.hidden,
        problems=tuple(dict.fromkeys(problems)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What front matter and link line say together."""

    title: str
    url: str | None
    authors: tuple[str, ...]
    tags: tuple[str, ...]
    date: str | None
    language: str | None = None
    hidden: bool = False


def _said_by_scripts(front: re.Match[str], told: Body, names: Collection[str], problems: list[str]) -> _Said:
    url = (front["url"] or "").strip()
    author = (front["author"] or "").strip()
    in_link, linked = _link(told.link_line, url)
    if url and linked and url != linked:
        problems.append("the link line has another address than the front matter, which is taken")
    if not told.has_comment:
        problems.append("there is no comment with the source's date")
    if told.link_line is None:
        problems.append("there is no link line: the title is the one of the front matter")
    lists = [
        _listed(said, author, names) for said in (front["tags"], front["categories"]) if said is not None
    ]
    if not any(lists):
        problems.append("there are no tags")
    return _Said(
        title=_plain(_script_title(front["title"], in_link, problems)),
        url=_url(url or linked, problems),
        authors=_authors([_unwrapped(author)]),
        tags=union(*(map(clean_tag, found) for found in lists)),
        date=(front["date"] or "").strip() or None,
    )


def _said_in_yaml(front: str, told: Body, problems: list[str]) -> _Said:
    read = read_front_matter(front)
    problems += read.problems
    values = read.values
    in_link, linked = _link(told.link_line, "")
    url = next((said for said in _texts(values, _URL_KEYS) if _ABSOLUTE.fullmatch(said)), None)
    return _Said(
        title=_plain(" ".join(texts(values.get("title")))) or _plain(in_link or ""),
        url=_url(url or linked, problems),
        authors=_authors([*_people(values.get("author")), *_people(values.get("authors"))]),
        tags=union(
            map(clean_tag, [*_labels(values, "tag", "tags"), *_labels(values, "category", "categories")])
        ),
        date=next(iter(_texts(values, _DATE_KEYS)), None),
        language=language_tag(next(iter(_texts(values, _LANGUAGE_KEYS)), None)),
        hidden=_flag(values.get("published")) in _NO or _flag(values.get("draft")) in _YES,
    )


def _link(line: str | None, url: str) -> tuple[str | None, str | None]:
    """Return title and address of a link line; `url` tells where the address begins, if it is the same."""
    if line is None:
        return None, None
    if url and line.endswith(f"]({url})"):
        return line[1 : -len(url) - 3].strip(), url
    edge = _ADDRESS.search(line, line.rfind(" ") + 1)
    start = edge.start() if edge else line.rfind("](")
    return line[1:start].strip(), line[start + 2 : -1].strip().removeprefix("<").removesuffix(">") or None


def _script_title(written: str, in_link: str | None, problems: list[str]) -> str:
    """Return the title: of the link line where the front matter's can be made of that one."""
    own = written.replace('\\"', '"').strip()
    if _UNESCAPED_QUOTE.search(written):
        problems.append("the title in the front matter holds an unescaped quote")
    if in_link is None:
        return own
    shortened = in_link.replace("...", "", 1)
    if written == shortened.replace('"', '\\"') or written == shortened:
        return in_link
    if _letters(own) == _letters(in_link):
        problems.append(
            "the title is written otherwise in the front matter than in the link line, which is taken"
        )
        return in_link
    problems.append("the link line has another title than the front matter, which is taken")
    return own or in_link


def _listed(raw: str, author: str, names: Collection[str]) -> list[str]:
    """Return the items of a list that may be one name with commas in it."""
    inner = raw.strip()
    if "," not in inner or inner == author or clean_tag(inner) in names:
        return [_unwrapped(inner)]
    if '"' in inner or "'" in inner:
        values = read_front_matter(f"list: [{inner}]\n")
        if not values.problems:
            return texts(values.values.get("list"))
    return [_unwrapped(item.strip()) for item in inner.split(",")]


def _labels(values: dict[str, Value], one: str, many: str) -> list[str]:
    """Return tags or categories: as Jekyll, which splits a text under the plural's key at its spaces."""
    found = texts(values.get(one))
    listed = values.get(many)
    if isinstance(listed, str):
        return found + (listed.split(",") if "," in listed else listed.split())
    return found + texts(listed)


def _people(value: Value) -> list[str]:
    if isinstance(value, list):
        return [name for item in value[:_MOST_PEOPLE] for name in _people_of(item)]
    return _people_of(value)


def _people_of(value: Value) -> list[str]:
    if isinstance(value, dict):
        return texts(value.get("name") or value.get("display_name") or value.get("nickname"))
    return texts(value)


def _authors(written: list[str]) -> tuple[str, ...]:
    return union(map(_plain, written))


def _texts(values: dict[str, Value], keys: tuple[str, ...]) -> list[str]:
    found = (values.get(key) for key in keys)
    return [said.strip() for said in found if isinstance(said, str) and said.strip()]


def _flag(value: Value) -> str:
    return value.strip().lower() if isinstance(value, str) else ""


def _url(said: str | None, problems: list[str]) -> str | None:
    if not said:
        problems.append("there is no link")
        return None
    if not _ABSOLUTE.fullmatch(said):
        problems.append("the link is no absolute address")
    return said


def _plain(written: str) -> str:
    """Return one line of text with its references decoded, those alone that end as they should."""
    line = " ".join(part.strip() for part in written.splitlines())
    return printable(_REFERENCE.sub(lambda found: unescape(found[0]), line)).strip()


def _unwrapped(raw: str) -> str:
    return unquoted(raw) if _QUOTED.fullmatch(raw) else raw


def _letters(title: str) -> str:
    return _NO_LETTER.sub("", title)


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
