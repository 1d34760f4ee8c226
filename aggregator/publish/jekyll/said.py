"""What front matter and link line of a post say together: as the scripts wrote them, or in YAML. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from html import unescape

from aggregator.publish.jekyll.bodies import Body
from aggregator.publish.jekyll.frontmatter import Value, line_of, read_front_matter, texts, unquoted
from aggregator.publish.text import language_tag, printable
from aggregator.rules.tagging import clean_tag, union

_SCRIPTS_FRONT = re.compile(
    r"""
    (?P<layout>layout:[^\n]*\n)?
    title:[ ]"(?P<title>[^\n]*)"[ ]*\n
    (?:date:(?P<date>[^\n]*)\n)?
    (?:author:(?P<author>[^\n]*)\n)?
    (?:from:(?P<url>[^\n]*)\n)?
    (?:tags:[ ]*\[(?P<tags>[^\n]*)\][ ]*\n)?
    (?P<comments>comments:[^\n]*\n)?
    (?:categories:[ ]*\[(?P<categories>[^\n]*)\][ ]*\n)?
    """,
    re.VERBOSE,
)
_KEYS = {
    "layout": "layout", "author": "author", "url": "from", "tags": "tags", "comments": "comments",
    "categories": "categories",
}  # fmt: skip
"""What the scripts always wrote beside title and date: groups of the pattern, and their keys."""

_URL_KEYS = (
    "from", "link", "original_url", "canonical_url", "source_url", "external_url", "external-url", "source",
    "original", "url",
)  # fmt: skip
_DATE_KEYS = ("date", "published", "created", "created_at", "pubdate")
_UPDATED_KEYS = ("last_modified_at", "updated", "modified")
_LANGUAGE_KEYS = ("lang", "language", "locale")

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")
_ADDRESS = re.compile(r"\]\(<?(?=[A-Za-z][A-Za-z0-9+.-]*:)")
_UNESCAPED_QUOTE = re.compile(r'(?<!\\)"')
_QUOTED = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^']|'')*'""")
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_REMARK = re.compile(r"[ \t]#.*")
_NO_LETTER = re.compile(r"[\W_]+")
_NO = frozenset({"false", "no", "off", "n"})
_YES = frozenset({"true", "yes", "on", "y"})
_FLAGS = _NO | _YES
_MOST_PEOPLE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a post says beside its content."""

    by_scripts: bool
    """Whether its front matter is in the form of the scripts, so that its values are no YAML."""
    title: str | None
    """As written, text or HTML; None where there is none at all."""
    url: str | None
    authors: tuple[str, ...]
    tags: tuple[str, ...]
    """Those of the categories, too."""
    date: str | None
    updated: str | None = None
    language: str | None = None
    hidden: bool = False


def said_in(front: str, told: Body, names: Collection[str], problems: list[str]) -> Said:
    """Return what a front matter says, together with the body's link line; `problems` gets what is odd.

    `names` are those of known sources, cleaned as tags are.
    """
    if told.in_div and not told.safe:
        scripts = _SCRIPTS_FRONT.fullmatch(front)
        if scripts:
            return _said_by_scripts(scripts, told, names, problems)
    return _said_in_yaml(front, told, problems)


def _said_by_scripts(front: re.Match[str], told: Body, names: Collection[str], problems: list[str]) -> Said:
    missing = [f"`{key}`" for group, key in _KEYS.items() if front[group] is None]
    if missing:
        problems.append(f"the front matter lacks {', '.join(missing)}")
    if not told.has_comment:
        problems.append("there is no comment with the source's date")
    if told.link_line is None:
        problems.append("there is no link line: the title is the one of the front matter")
    url = (front["url"] or "").strip()
    author = (front["author"] or "").strip()
    in_link, linked = _link(told.link_line, url)
    if url and linked and url != linked:
        problems.append("the link line has another address than the front matter, which is taken")
    tags, categories = (
        map(clean_tag, _listed(front[group] or "", author, names)) for group in ("tags", "categories")
    )
    return Said(
        by_scripts=True,
        title=_script_title(front["title"], in_link, problems),
        url=_checked(url or linked, problems),
        authors=_authors([_unwrapped(author)]),
        tags=_told(union(tags, categories), problems),
        date=_unwrapped(_REMARK.sub("", front["date"] or "").strip()) or None,
    )


def _said_in_yaml(front: str, told: Body, problems: list[str]) -> Said:
    read = read_front_matter(front)
    problems += read.problems
    values = read.values
    in_link, linked = _link(told.link_line, "")
    urls = (said for said in _texts(values, _URL_KEYS) if _ABSOLUTE.fullmatch(said))
    dates = (said for said in _texts(values, _DATE_KEYS) if said.lower() not in _FLAGS)
    title = " ".join(texts(values.get("title")))
    if in_link is not None and (not title or title.strip() == _shortened(in_link).strip()):
        title = in_link
    people = _people(values.get("authors")) or _people(values.get("author"))
    if told.in_div and told.link_line is not None:  # other scripts, but they did not quote either
        people = [_unwrapped(line_of(front, "author"))] if line_of(front, "author") else people
    labels = [*_labels(values, "tag", "tags"), *_labels(values, "category", "categories")]
    return Said(
        by_scripts=False,
        title=title if title or in_link is not None else None,
        url=_checked(next(urls, None) or linked, problems),
        authors=union(people) if told.safe else _authors(people),
        tags=_told(union(map(clean_tag, labels)), problems),
        date=next(dates, None),
        updated=next(iter(_texts(values, _UPDATED_KEYS)), None),
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
    shortened = _shortened(in_link).strip()
    if written.strip() in {shortened.replace('"', '\\"'), shortened, in_link.replace('"', '\\"')}:
        return in_link
    if _letters(own) == _letters(in_link):
        problems.append("the title is not alike in front matter and link line: the latter is taken")
        return in_link
    problems.append("the link line has another title than the front matter, which is taken")
    return own or in_link


def _shortened(title: str) -> str:
    return title.replace("...", "", 1)


def _listed(raw: str, author: str, names: Collection[str]) -> list[str]:
    """Return the items of a list that may be one name with commas in it."""
    inner = raw.strip()
    if "," not in inner or inner == author or clean_tag(inner) in names:
        return [_unwrapped(inner)]
    if '"' in inner or "'" in inner:
        read = read_front_matter(f"list: [{inner}]\n")
        if not read.problems:
            return texts(read.values.get("list"))
    return [_unwrapped(item.strip()) for item in inner.split(",")]


def _labels(values: dict[str, Value], one: str, many: str) -> list[str]:
    """Return tags or categories: as Jekyll, which splits a text under the plural's key at its spaces."""
    found = texts(values.get(one))
    listed = values.get(many)
    if isinstance(listed, str):
        return found + (listed.split(",") if "," in listed else listed.split())
    return found + texts(listed)


def _told(tags: tuple[str, ...], problems: list[str]) -> tuple[str, ...]:
    if not tags:
        problems.append("there are no tags")
    return tags


def _people(value: Value) -> list[str]:
    if isinstance(value, list):
        return [name for item in value[:_MOST_PEOPLE] for name in _people_of(item)]
    return _people_of(value)


def _people_of(value: Value) -> list[str]:
    if isinstance(value, dict):
        return texts(value.get("name") or value.get("display_name") or value.get("nickname"))
    return texts(value)


def _authors(written: list[str]) -> tuple[str, ...]:
    return union(map(plain, written))


def _texts(values: dict[str, Value], keys: tuple[str, ...]) -> list[str]:
    found = (values.get(key) for key in keys)
    return [said.strip() for said in found if isinstance(said, str) and said.strip()]


def _flag(value: Value) -> str:
    return value.strip().lower() if isinstance(value, str) else ""


def _checked(url: str | None, problems: list[str]) -> str | None:
    if not url:
        problems.append("there is no link")
        return None
    if not _ABSOLUTE.fullmatch(url):
        problems.append("the link is no absolute address")
    return url


def plain(written: str) -> str:
    """Return one line of text with its character references decoded, those alone that have their `;`."""
    line = " ".join(part.strip() for part in written.split("\n"))
    return printable(_REFERENCE.sub(lambda found: unescape(found[0]), line)).strip()


def _unwrapped(raw: str) -> str:
    return unquoted(raw) if _QUOTED.fullmatch(raw) else raw


def _letters(title: str) -> str:
    return _NO_LETTER.sub("", title)
