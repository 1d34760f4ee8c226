"""The front matter of a Jekyll post → its values; pure, and takes any text.

text ─► the lines between `---` and `---` ─► YAML ─► values
                                              └► that is none: key by key, each as YAML or as it stands

Values are read as text, never as numbers, dates or booleans: `title: 1984` and `author: NO` are what people
wrote. What a hostile file may cost is bounded: YAML comes as a stream of events from a parser that is asked
for no more than some thousands of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import yaml

try:
    from yaml import CSafeLoader as _Loader
except ImportError:  # PyYAML was built without libyaml: slower, else the same
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]

Value: TypeAlias = "str | list[Value] | dict[str, Value] | None"

_DELIMITED = re.compile(r"---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_OPENED = re.compile(r"---[ \t]*\n")
_KEY = re.compile(r"(?P<key>[^\W\d][\w.-]{0,99})[ \t]*:(?:[ \t]+(?P<value>.*)|[ \t]*)")
_NULL = frozenset({"", "~", "null", "Null", "NULL"})

_MOST_EVENTS = 20_000
_DEEPEST = 32
_MOST_PIECES = 2_000
_MOST_KEYS = 500
_SHOWN = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A post in its two parts."""

    front: str | None
    """Without the lines around it; None when the post has no front matter."""
    body: str
    closed: bool = True
    """Whether the front matter has its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontMatter:
    """What a front matter says."""

    values: dict[str, Value]
    """By key, in lower case."""
    problems: tuple[str, ...] = ()
    """Sentences for people."""


def split_post(text: str) -> Split:
    """Return the front matter of a post and what comes after it; lines end in `\\n`.

    A front matter without an end ends before the first line that is no part of one.
    """
    start = len(text) - len(text.lstrip())
    if found := _DELIMITED.match(text, start):
        return Split(front=found[1], body=text[found.end() :])
    opened = _OPENED.match(text, start)
    if opened is None:
        return Split(front=None, body=text)
    end = opened.end()
    for line in text[end:].split("\n"):
        if not (_KEY.match(line) or line.startswith(("- ", " ", "\t", "#"))):
            break
        end += len(line) + 1
    return Split(front=text[opened.end() : end], body=text[end:], closed=False)


def read_front_matter(front: str) -> FrontMatter:
    """Return the values of a front matter: as YAML has them, or key by key where it is none."""
    problems: list[str] = []
    try:
        return FrontMatter(values=_mapping(front, problems), problems=tuple(problems))
    except _NoYamlError:
        return _key_by_key(front)


def texts(value: Value) -> list[str]:
    """Return the texts in a value, in their order: of a list its items', of a mapping `key: value`."""
    found: list[str] = []
    ahead: list[Value] = [value]
    for _ in range(_MOST_PIECES):
        if not ahead:
            break
        piece = ahead.pop()
        if isinstance(piece, str):
            found.append(piece)
        elif isinstance(piece, list):
            ahead.extend(reversed(piece))
        elif isinstance(piece, dict):
            ahead.extend(
                f"{key}: {said}" if isinstance(said, str) else key
                for key, said in reversed(list(piece.items())[:_MOST_PIECES])
            )
    return found


def unquoted(raw: str) -> str:
    """Return a value as it stands in a line, without the quotes that are around the whole of it."""
    raw = raw.strip()
    if len(raw) > 1 and raw[0] == raw[-1] == '"':
        return raw[1:-1].replace('\\"', '"')
    if len(raw) > 1 and raw[0] == raw[-1] == "'":
        return raw[1:-1].replace("''", "'")
    return raw


def line_of(front: str, key: str) -> str:
    """Return what stands after a key in its line, as it stands; empty where that is nothing."""
    found = re.search(rf"^{re.escape(key)}:[ \t]+(.+)$", front, re.MULTILINE)
    return found[1].strip() if found else ""


class _NoYamlError(Exception):
    pass


def _mapping(text: str, problems: list[str]) -> dict[str, Value]:
    try:
        value = _Builder(problems).build(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _NoYamlError from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _NoYamlError
    return value


class _Builder:
    """Makes values of the events of YAML, with no recursion."""

    def __init__(self, problems: list[str]) -> None:
        self._problems = problems
        self._anchors: dict[str, Value] = {}
        self._open: list[tuple[list[Value], str | None, bool]] = []
        """Of each collection that is not complete: its items, its anchor, whether it is a mapping."""

    def build(self, text: str) -> Value:
        for number, event in enumerate(yaml.parse(text, Loader=_Loader)):
            if number > _MOST_EVENTS or len(self._open) > _DEEPEST:
                raise _NoYamlError
            if isinstance(event, yaml.CollectionStartEvent):
                self._open.append(([], event.anchor, isinstance(event, yaml.MappingStartEvent)))
                continue
            if isinstance(event, yaml.ScalarEvent):
                plain_null = event.implicit[0] and event.value in _NULL
                value: Value = None if plain_null else event.value
                anchor = event.anchor
            elif isinstance(event, yaml.AliasEvent):
                value, anchor = self._anchors.get(event.anchor or ""), None
            elif isinstance(event, yaml.CollectionEndEvent):
                items, anchor, is_mapping = self._open.pop()
                value = self._paired(items) if is_mapping else items
            else:
                continue
            if anchor is not None:
                self._anchors[anchor] = value
            if not self._open:
                return value
            self._open[-1][0].append(value)
        return None

    def _paired(self, items: list[Value]) -> dict[str, Value]:
        found: dict[str, Value] = {}
        merged: dict[str, Value] = {}
        for key, value in zip(items[::2], items[1::2], strict=True):
            name = key.strip() if isinstance(key, str) else ", ".join(texts(key))
            if not self._open:
                name = name.lower()
            if name == "<<" and isinstance(value, dict) and not self._open:
                merged |= value
                continue
            if name in found and not self._open:
                self._problems.append(f"the front matter has `{name[:_SHOWN]}` twice: the last one counts")
            found[name] = value
        return {**merged, **found}


def _key_by_key(front: str) -> FrontMatter:
    values: dict[str, Value] = {}
    problems: list[str] = []
    for number, (key, raw, segment) in enumerate(_segments(front)):
        if number == _MOST_KEYS:
            problems.append(f"the front matter has more than {_MOST_KEYS} keys: the others are passed over")
            break
        if key in values:
            problems.append(f"the front matter has `{key}` twice: the last one counts")
        try:
            values[key] = _mapping(segment, []).get(key)
        except _NoYamlError:
            problems.append(f"`{key}` in the front matter is no valid YAML: it is taken as it stands")
            values[key] = _as_it_stands(raw)
    return FrontMatter(values=values, problems=tuple(problems))


def _segments(front: str) -> Iterator[tuple[str, str, str]]:
    """Yield each key of the outermost level with its value on one line, and with its lines."""
    key: str | None = None
    lines: list[str] = []
    raw: list[str] = []
    for line in front.split("\n"):
        if found := _KEY.fullmatch(line):
            if key is not None:
                yield key, " ".join(raw), "\n".join(lines)
            key, lines, raw = found["key"].lower(), [], [found["value"] or ""]
        elif key is not None:
            raw.append(line.strip())
        lines.append(line)
    if key is not None:
        yield key, " ".join(raw), "\n".join(lines)


def _as_it_stands(raw: str) -> Value:
    raw = raw.strip()
    if raw.startswith("[") and raw.endswith("]"):
        return [unquoted(item) for item in raw[1:-1].split(",") if item.strip()]
    return unquoted(raw)
