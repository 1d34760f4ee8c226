"""Which part of the house may import which: read from the code itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "aggregator"

FLOORS = (
    {"model", "exceptions", "clock"},
    {"protocols", "config", "rules", "publish", "logs", "printable", "css", "units", "identity"},
    {"ingest", "store", "plan", "foresight"},
    {"web"},
    {"archive"},
    {"daemon"},
    {"cli"},
)
"""Imports point up this list only, or stay on a floor: a floor's rooms are listed from below."""

ONLY_IMPORTERS = {
    "requests": {"ingest/fetch.py"},
    "feedparser": {"ingest/parsers.py"},
    "feedgen": {"publish/xml.py"},
    "sqlite_utils": {"store/steps.py", "store/migrations.py"},
    "apscheduler": {"daemon/scheduler.py"},
    "nh3": {"publish/html.py"},
    "pydantic": {"config/schema.py"},
    "tomlkit": {"config/edit.py"},
    "trafilatura": {"ingest/article.py"},
    "cssselect": {"css.py"},
    "re2": {"rules/regex.py"},
    "regex": {"publish/jekyll/names.py"},
    "ada_url": {"publish/jekyll/legacy.py"},
    "yaml": {"publish/jekyll/frontmatter.py"},
    "markdown_it": {"publish/jekyll/markdown.py"},
}


@lru_cache
def imports() -> dict[str, frozenset[str]]:
    """Every module of ours, by its path, with the full names that it imports, anywhere in it."""
    return {
        path.relative_to(PACKAGE).as_posix(): frozenset(_names(ast.parse(path.read_text("utf-8"))))
        for path in sorted(PACKAGE.rglob("*.py"))
    }


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            members = {f"{node.module}.{alias.name}" for alias in node.names}
            submodules = {name for name in members if _is_module(name)}
            yield from submodules
            if members - submodules:
                yield node.module


def _is_module(name: str) -> bool:
    path = ROOT / name.replace(".", "/")
    return path.is_dir() or path.with_suffix(".py").is_file()


def room(module: str) -> str:
    """The part of the house that a path or a dotted name of ours belongs to."""
    return module.removeprefix("aggregator.").replace(".py", "").replace("/", ".").split(".")[0]


def floor(room: str) -> int:
    return next(number for number, rooms in enumerate(FLOORS) if room in rooms)


def ours() -> list[tuple[str, str]]:
    return [
        (path, name)
        for path, names in imports().items()
        for name in names
        if name.startswith("aggregator.") and not name.startswith("aggregator.__")
    ]


def test_every_room_has_its_floor() -> None:
    rooms = {room(path) for path in imports()} - {"__init__", "__main__"}
    assert rooms == set().union(*FLOORS)


def test_imports_point_down_only() -> None:
    wrong = [
        f"{path} imports {name}"
        for path, name in ours()
        if path not in {"__init__.py", "__main__.py"} and floor(room(name)) > floor(room(path))
    ]
    assert wrong == []


def test_nothing_on_the_left_of_the_way_through_imports_what_is_on_its_right() -> None:
    way = ("ingest", "store", "publish", "web")
    wrong = [
        f"{path} imports {name}"
        for path, name in ours()
        if room(path) in way and room(name) in way and way.index(room(name)) > way.index(room(path))
    ]
    assert wrong == []


@pytest.mark.parametrize(("library", "importers"), ONLY_IMPORTERS.items())
def test_a_library_has_its_only_importers(library: str, importers: set[str]) -> None:
    found = {
        path for path, names in imports().items() if any(name.split(".")[0] == library for name in names)
    }
    assert found == importers


def test_no_modules_import_each_other_in_a_circle() -> None:
    modules = {"aggregator." + path.removesuffix(".py").replace("/", "."): path for path in imports()}
    modules |= {name.removesuffix(".__init__"): path for name, path in modules.items()}
    edges = {
        path: {modules[name] for name in names if name in modules} - {path}
        for path, names in imports().items()
    }
    done: set[str] = set()

    def visit(path: str, way: tuple[str, ...]) -> None:
        assert path not in way, " → ".join((*way, path))
        if path not in done:
            for target in edges[path]:
                visit(target, (*way, path))
            done.add(path)

    for path in edges:
        visit(path, ())


def test_no_file_has_grown_past_four_hundred_lines() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in PACKAGE.rglob("*.py")
        if (lines := len(path.read_text().splitlines())) > 400
    }
    assert long == {}
