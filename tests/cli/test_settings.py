from __future__ import annotations

from tests.cli.conftest import Desk


def test_a_good_config_is_said_to_be_good(desk: Desk) -> None:
    desk.write(
        '[[sources]]\nname = "a"\nurl = "https://example.org/a"\n[[feeds]]\nslug = "x"\ntitle = "X"\n'
        '[[feeds]]\nslug = "y"\ntitle = "Y"\n'
    )
    assert desk.done("check") == f"{desk.config_file}: ok, 1 source, 2 feeds\n"


def test_every_problem_of_a_config_is_printed_on_its_own_line_and_the_code_is_2(desk: Desk) -> None:
    desk.write('[[sources]]\nname = "a"\nurl = "nonsense"\ntasg = []\n[[feeds]]\nslug = "x"\n')
    result = desk.type("check")
    assert result.exit_code == 2
    lines = result.stderr.splitlines()
    assert len(lines) == 3
    assert all(line.startswith(f"aggregator: {desk.config_file}: [[") for line in lines)


def test_a_config_that_is_not_there_is_named(desk: Desk) -> None:
    desk.config_file.unlink()
    for command in ("check", "sources", "entries", "poll", "run", "add"):
        result = desk.type(command, *(["https://example.org/"] if command == "add" else []))
        assert result.exit_code == 2
        assert result.stderr.startswith(f"aggregator: {desk.config_file}: there is no such file")
        assert result.stderr.count("\n") == 1
