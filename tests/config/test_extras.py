"""What the config asks for without the extra that brings it, in a Python that really lacks it."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from aggregator.config import parse
from aggregator.exceptions import ConfigError

ROOT = Path(__file__).parents[2]
SOURCE = '[[sources]]\nname = "A"\nurl = "https://a.example/feed"\n'


@pytest.fixture(scope="module")
def without_trafilatura(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which everything can be imported that is installed here, but not trafilatura."""
    folder = tmp_path_factory.mktemp("packages")
    for site in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        for package in Path(site).iterdir():
            if not package.name.startswith(("trafilatura", "_")) and not (folder / package.name).exists():
                (folder / package.name).symlink_to(package)
    return {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}"}


def check(tmp_path: Path, environ: dict[str, str], config: str) -> subprocess.CompletedProcess[str]:
    path = tmp_path / "aggregator.toml"
    path.write_text(config, encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-S", "-P", "-m", "aggregator", "check", "-c", str(path)],
        env=environ,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_full_text_without_its_extra_is_a_problem_that_says_what_to_install(
    tmp_path: Path, without_trafilatura: dict[str, str]
) -> None:
    done = check(tmp_path, without_trafilatura, SOURCE + "full_text = true\n")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "full_text" in done.stderr
    assert "pip install '.[fulltext]'" in done.stderr


def test_a_selector_needs_no_extra(tmp_path: Path, without_trafilatura: dict[str, str]) -> None:
    config = SOURCE + 'full_text = true\nselector = "article"\n'
    assert check(tmp_path, without_trafilatura, config).returncode == 0


def test_full_text_with_its_extra_is_configured_from_the_file_and_from_the_environment() -> None:
    (source,) = parse(SOURCE + "full_text = true\n", Path("x.toml"), {}).sources
    assert source.full_text
    environ = {"AGGREGATOR_SOURCES__0__FULL_TEXT": "TRUE"}
    (source,) = parse(SOURCE + 'selector = "article"\n', Path("x.toml"), environ).sources
    assert source.full_text
    assert source.selector == "article"


def test_full_text_of_a_wrong_kind_is_told_beside_the_selector_that_needs_it() -> None:
    with pytest.raises(ConfigError, match=r"full_text: expected true or false"):
        parse(SOURCE + 'full_text = ["yes"]\nselector = "article"\n', Path("x.toml"), {})
