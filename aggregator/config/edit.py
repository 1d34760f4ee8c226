"""Changes to a config file that leave the rest as its owner wrote it: the only importer of tomlkit.

A new table's text is put between two lines; the file is never written anew from its values.
"""

from __future__ import annotations

import os
import re
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import tomlkit

from aggregator.config import parse, read_text
from aggregator.exceptions import ConfigError
from aggregator.model import ListedSource
from aggregator.rules.tagging import clean_tag, union

_LINE = re.compile(r"[^\n]*\n|[^\n]+")


def add_source(
    path: Path, *, name: str, url: str, tags: Sequence[str], environ: Mapping[str, str] = os.environ
) -> None:
    """Append a `[[sources]]` table to a config file; see `add_sources`."""
    add_sources(path, [ListedSource(name=name, url=url, tags=tuple(tags))], environ=environ)


def add_sources(
    path: Path, sources: Sequence[ListedSource], *, environ: Mapping[str, str] = os.environ
) -> None:
    """Append `[[sources]]` tables to a config file, behind the last one (at the end when there is none).

    All of them, or none. Every other byte stays: comments, layout, line ends. The result is validated, with
    `environ` like at every start, before it takes the file's place in one step; mode and owner are kept, and
    a symbolic link stays one. Raises `ConfigError`, the file untouched, when config or result is not valid,
    or the file is write-protected or cannot be replaced.
    """
    text = read_text(path)
    parse(text, path, environ)
    if not os.access(path, os.W_OK):  # putting another in its place would work, but is not what its mode says
        raise ConfigError([f"{path}: is write-protected; make it writable, or add what you want by hand"])
    tables = "\n".join(map(_source_text, sources))
    new = insert_table(text, "sources", tables) if sources else text
    if new is None:
        hint = "write each as a [[sources]] table, then one can be added"
        raise ConfigError([f"{path}: sources are written as one list in brackets: {hint}"])
    parse(new, path, environ)
    try:
        _replace(path.resolve(), new.encode())
    except OSError as error:
        raise ConfigError([f"{path}: cannot be written: {error.strerror}"]) from error


def insert_table(text: str, array: str, table: str) -> str | None:
    """Return a valid document with one more table of an array: `table` is its text, ending in a newline.

    It may be the text of several, with empty lines between them. It goes behind the array's last table, or to
    the end when there is none. None when the array is written as a value.
    """
    parts = _split_tables(text)
    owned = [index for index, part in enumerate(parts) if array in (_values(part) or {})]
    if 0 in owned:
        return None
    last = owned[-1] if owned else len(parts) - 1
    is_last = last == len(parts) - 1
    end = _end_of_table(parts[last], is_last=is_last) if owned else len(parts[last])
    before = "".join(parts[:last]) + parts[last][:end]
    after = parts[last][end:] + "".join(parts[last + 1 :])
    newline = "\r\n" if re.match(r"[^\n]*\r\n", text) else "\n"
    closing = newline if after and after[0] not in "\r\n" else ""
    return before + _gap(before, newline) + table.replace("\n", newline) + closing + after


def _gap(before: str, newline: str) -> str:
    """Return what makes an empty line after a text."""
    if not before.removeprefix("\ufeff") or before.endswith(("\n\n", "\n\r\n")):
        return ""
    return newline if before.endswith("\n") else newline * 2


def _source_text(source: ListedSource) -> str:
    table = tomlkit.table()
    table.add("name", source.name)
    table.add("url", source.url)
    if tags := union(map(clean_tag, source.tags)):
        table.add("tags", list(tags))
    document = tomlkit.document()
    document.add("sources", tomlkit.aot())
    document["sources"].append(table)
    return tomlkit.dumps(document)


def _split_tables(text: str) -> list[str]:
    """Return the text cut before each table's header; the first part is what stands before all tables.

    A line that begins with a bracket can also stand within a text or a list of several lines; then what
    comes before it is not complete.
    """
    parts = [""]
    for line in _LINE.findall(text):
        if line.lstrip().startswith("[") and _values(parts[-1]) is not None:
            parts.append("")
        parts[-1] += line
    return parts


def _end_of_table(part: str, *, is_last: bool) -> int:
    """Return where a table's own text ends: behind its last value and the comments right below that.

    Comments after an empty line, or right above the next header, belong to what follows.
    """
    lines = _LINE.findall(part)
    values = _values(part)
    end = len(lines)
    while end > 1 and _is_void(lines[end - 1]) and _values("".join(lines[: end - 1])) == values:
        end -= 1
    comments = end
    while comments < len(lines) and lines[comments].strip():
        comments += 1
    if is_last or comments < len(lines):
        end = comments
    return len("".join(lines[:end]))


def _is_void(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _values(text: str) -> dict[str, object] | None:
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except ValueError:
        return None


def _replace(path: Path, content: bytes) -> None:
    """Put a file in another's place, in one step, with its mode and owner."""
    status = path.stat()
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(handle, status.st_mode & 0o7777)
            with suppress(PermissionError):  # only root may give a file away; then it stays the caller's
                os.fchown(handle, status.st_uid, status.st_gid)
            os.fsync(handle)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
