"""The documents say what is true."""

from __future__ import annotations

import json
import os
import re
import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from aggregator.cli import exits
from aggregator.cli.app import cli
from aggregator.config import load
from aggregator.config.schema import ARRAY_TABLES, PLAIN_TABLES

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
RUN = "python3 -m venv .venv && .venv/bin/pip install -q . && .venv/bin/aggregator run"
TEST = "python3 -m venv .venv && .venv/bin/pip install -q -e '.[test]' && .venv/bin/python -m pytest --cov"

TABLES = [f"[{table}]" for table in PLAIN_TABLES] + [f"[[{table}]]" for table in ARRAY_TABLES]


def section(title: str) -> str:
    """Return the text below a heading, up to the next one of its level or above."""
    level, _, _ = title.partition(" ")
    return re.split(rf"^#{{1,{len(level)}}} ", README.split(f"\n{title}\n")[1], flags=re.MULTILINE)[0]


def first_cells(text: str) -> list[str]:
    """Return the first cell of each row of a Markdown table, its head left out."""
    return [re.split(r"(?<!\\)\|", line)[1] for line in text.splitlines() if line.startswith("|")][2:]


def code_of(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def commands(group: click.Group, prefix: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix} {name}")
        elif command is not None:
            yield f"{prefix} {name}", command


COMMANDS = dict(commands(cli, "aggregator"))


def documented() -> dict[str, str]:
    """Return the README's usage of each command, by the command's name."""
    usages = [code_of(cell)[0] for cell in first_cells(section("## Command line").split("| exit code")[0])]
    return {name: usage for usage in usages for name in COMMANDS if f"{usage} ".startswith(f"{name} ")}


def test_the_start_has_exactly_two_commands_each_in_one_line() -> None:
    lines = [line.strip() for line in section("## Start").splitlines() if line.startswith("    ")]
    assert lines == [RUN, TEST]


def test_the_check_script_runs_the_very_test_command_and_lint_and_types() -> None:
    script = (ROOT / ".ci/run").read_text()
    assert f"\n{TEST} || " in script
    assert all(f"\n.venv/bin/{tool}" in script for tool in ("ruff check", "ruff format --check", "mypy"))
    assert (ROOT / ".ci/run").stat().st_mode & stat.S_IXUSR


def test_every_command_is_documented_and_no_other() -> None:
    assert list(documented()) == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_documented_with_its_own_options(name: str) -> None:
    everywhere = {"--config", "--json", "--help"}
    options = {
        option
        for parameter in COMMANDS[name].params
        if isinstance(parameter, click.Option)
        for option in parameter.opts
        if option.startswith("--")
    }
    assert options - everywhere == set(re.findall(r"--[a-z-]+", documented()[name]))
    assert "--config" in options


def test_the_commands_that_print_json_are_named() -> None:
    with_json = [name for name, command in COMMANDS.items() if "as_json" in {p.name for p in command.params}]
    (sentence,) = re.findall(r"([^.]*)print JSON Lines with\s`--json`", section("## Command line"))
    named = [code for code in code_of(sentence) if not code.startswith("-")]
    assert sorted(f"aggregator {name}" for name in named) == sorted(with_json)


def test_every_exit_code_is_documented() -> None:
    table = section("## Command line").split("| exit code")[1]
    rows = [int(line.split("|")[1]) for line in table.splitlines() if re.match(r"\| \d", line)]
    assert rows == [0, exits.FAILED, exits.MISUSED]


@pytest.mark.parametrize("table", TABLES)
def test_every_key_of_the_config_is_documented_and_no_other(table: str) -> None:
    documented_keys = [key for cell in first_cells(section(f"### `{table}`")) for key in code_of(cell)]
    assert sorted(documented_keys) == sorted({**PLAIN_TABLES, **ARRAY_TABLES}[table.strip("[]")])


@pytest.mark.parametrize("table", ["[service]", "[polling]", "[stories]", "[backup]"])
def test_the_documented_defaults_are_those_of_a_config_that_says_nothing(table: str, tmp_path: Path) -> None:
    rows = [line.split("|")[1:3] for line in section(f"### `{table}`").splitlines() if line.startswith("| `")]
    said = {code_of(key)[0]: code_of(default)[0] for key, default in rows if default.strip().startswith("`")}
    said.pop("base_url", None)  # follows from bind
    least = '[backup]\nfolder = "b"\n' if table == "[backup]" else ""
    (tmp_path / "empty.toml").write_text(least)
    text = (least or f"{table}\n") + "".join(f"{key} = {default}\n" for key, default in said.items())
    (tmp_path / "said.toml").write_text(text)
    empty, spoken = (load(tmp_path / name, {}) for name in ("empty.toml", "said.toml"))
    tables = ("service", "polling", "stories", "backup")
    assert [getattr(spoken, name) for name in tables] == [getattr(empty, name) for name in tables]
    assert said


def test_the_shipped_config_is_valid() -> None:
    config = load(ROOT / "config/aggregator.toml", {})
    assert config.sources
    assert config.feeds


def test_the_image_says_what_the_service_understands(tmp_path: Path) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    variables = dict(re.findall(r"(AGGREGATOR_\w+)=(\S+)", dockerfile))
    config = load(ROOT / "config/aggregator.toml", variables)
    assert config.service.bind == "0.0.0.0:8080"
    assert config.service.database == "/data/aggregator.db"
    assert f"COPY config/aggregator.toml {variables['AGGREGATOR_CONFIG']}\n" in dockerfile
    (entry, default) = re.findall(r"^(?:ENTRYPOINT|CMD) (\[.*\])$", dockerfile, flags=re.MULTILINE)
    assert " ".join(json.loads(entry) + json.loads(default)) in COMMANDS


def test_the_image_is_built_from_files_that_are_let_in() -> None:
    let_in = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    assert sorted(" ".join(copied).split()) == sorted(let_in)
    assert all((ROOT / name).exists() for name in let_in)


def test_the_docker_command_is_one_line_that_mounts_what_the_image_expects() -> None:
    (line,) = [line for line in section("## Run it for good").splitlines() if line.startswith("    ")]
    assert line.strip().startswith("docker build -t aggregator . && docker run ")
    for part in ("-p 127.0.0.1:8080:8080", "-v aggregator-data:/data", '-v "$PWD/config:/config:ro"'):
        assert part in line


def test_the_version_in_the_package_is_that_of_the_program() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f'__version__ = "{project["version"]}"' in (ROOT / "aggregator/__init__.py").read_text()


def test_what_goes_into_the_source_distribution_exists() -> None:
    targets = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]
    for name in targets["sdist"]["include"]:
        assert (ROOT / name).is_file() or any((ROOT / name).iterdir()), name


def test_files_that_the_documents_name_exist() -> None:
    for document in ("README.md", "CONTRIBUTING.md"):
        named = code_of((ROOT / document).read_text("utf-8"))
        paths = [name for name in named if re.fullmatch(r"(?:\.ci|aggregator|config|tests)/[\w./]*\w", name)]
        assert paths, document
        assert not [path for path in paths if not os.path.lexists(ROOT / path)]
