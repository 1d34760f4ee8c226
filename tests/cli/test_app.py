from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import aggregator
from aggregator.cli.app import cli
from tests.cli.conftest import Desk
from tests.store.drafts import NOW, draft

COMMANDS = [
    *("run", "poll", "check", "plan", "rules", "sources", "show-source", "feeds", "tags", "entries"),
    *("show", "prune", "add", "try", "import", "export", "backup", "restore", "doctor"),
]


PACKAGES = {"PYTHONPATH": str(Path(aggregator.__file__).parent.parent)}


def python(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, cwd=cwd, env=PACKAGES
    )


def test_the_help_lists_every_command_and_the_exit_codes() -> None:
    text = CliRunner().invoke(cli, ["--help"]).stdout
    section = text.split("Commands:")[1].split("Exit codes:")[0]
    listed = [line.split()[0] for line in section.splitlines() if line.strip()]
    assert listed == COMMANDS
    assert "..." not in section
    assert [line.split()[0] for line in text.split("Exit codes:\n")[1].splitlines()[:3]] == ["0", "1", "2"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_help_page(command: str) -> None:
    result = CliRunner().invoke(cli, [command, "-h"])
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: cli {command} ")


def test_the_version_is_told() -> None:
    assert CliRunner().invoke(cli, ["--version"]).stdout.split()[-1] == aggregator.__version__


def test_a_mistyped_command_is_a_misuse() -> None:
    result = CliRunner().invoke(cli, ["pol"])
    assert result.exit_code == 2
    assert "No such command" in result.stderr


def test_the_config_is_named_before_or_after_the_command_or_by_the_environment(desk: Desk) -> None:
    good, bad = str(desk.config_file), str(desk.folder / "no.toml")
    run = CliRunner(env={"AGGREGATOR_CONFIG": good}).invoke
    assert run(cli, ["check"]).exit_code == 0
    assert run(cli, ["-c", bad, "check"]).exit_code == 2
    assert run(cli, ["-c", bad, "check", "--config", good]).exit_code == 0
    assert run(cli, ["check", "-c", bad]).exit_code == 2
    assert run(cli, ["export", "-c", bad, "jekyll", "posts"]).exit_code == 2
    assert "no.toml" in run(cli, ["export", "-c", bad, "jekyll", "posts"]).stderr
    assert run(cli, ["check"], env={"AGGREGATOR_CONFIG": bad}).exit_code == 2


def test_the_config_is_looked_for_in_the_working_directory(tmp_path: Path) -> None:
    result = python("-m", "aggregator", "check", cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr.startswith("aggregator: config/aggregator.toml: there is no such file")


def test_the_environment_overrides_keys_of_the_config(desk: Desk) -> None:
    result = desk.type("check", env={"AGGREGATOR_SERVICE__BIND": "nonsense"})
    assert result.exit_code == 2
    assert "AGGREGATOR_SERVICE__BIND" in result.stderr


def test_a_database_that_cannot_be_opened_is_one_line_and_no_traceback(desk: Desk) -> None:
    desk.database.mkdir()
    result = desk.type("entries")
    assert result.exit_code == 1
    assert result.stderr.startswith("aggregator: ")
    assert str(desk.database) in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_reader_that_leaves_early_hears_no_complaint(desk: Desk) -> None:
    desk.write('[[sources]]\nname = "a"\nurl = "https://example.org/a"\n')
    desk.bring("a", *(draft(f"n{number}", content="x" * 4000) for number in range(100)), now=NOW)
    command = f"{sys.executable} -m aggregator -c {desk.config_file} entries --limit 0"
    for options in ("", " --json"):
        result = subprocess.run(
            ["sh", "-c", f"{command}{options} | head -n 1"],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        assert result.stderr == ""
        assert len(result.stdout.splitlines()) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the device is Linux's")
@pytest.mark.parametrize("command", ["tags", "entries --json", "entries --limit 0 --json", "--help"])
def test_output_that_cannot_be_written_is_one_clear_line(desk: Desk, command: str) -> None:
    desk.write('[[sources]]\nname = "a"\nurl = "https://example.org/a"\ntags = ["t"]\n')
    desk.bring("a", *(draft(f"n{number}", content="x" * 40_000) for number in range(3)), now=NOW)
    arguments = [sys.executable, "-m", "aggregator", "-c", str(desk.config_file), *command.split()]
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            arguments, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60, env=PACKAGES
        )
    assert result.returncode == 1
    assert result.stderr == "aggregator: standard output: cannot be written: No space left on device\n"


def test_json_is_utf8_on_a_terminal_of_another_encoding_and_tables_do_not_fail(desk: Desk) -> None:
    desk.write('[[sources]]\nname = "日経"\nurl = "https://example.org/a"\n')
    command = [sys.executable, "-m", "aggregator", "-c", str(desk.config_file), "sources"]
    desk.bring("日経", now=NOW)
    env = {"PYTHONIOENCODING": "latin-1", **PACKAGES}
    table = subprocess.run(command, capture_output=True, check=True, timeout=60, env=env)
    assert b"\\u65e5\\u7d4c" in table.stdout
    lines = subprocess.run([*command, "--json"], capture_output=True, check=True, timeout=60, env=env)
    assert '"日経"'.encode() in lines.stdout


def test_processes_that_import_the_main_script_again_stay_small() -> None:
    result = python(
        "-c", "import aggregator.cli, sys; print('click' in sys.modules, 'pydantic' in sys.modules)"
    )
    assert result.stdout.split() == ["False", "False"]
