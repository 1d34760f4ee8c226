from __future__ import annotations

import json
import logging
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from aggregator.cli.app import cli
from aggregator.config import Config, load
from aggregator.model import EntryDraft, Outcome
from aggregator.store import open_store
from tests.store.drafts import poll


class Desk:
    """A person at a terminal with a config file and a database of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config_file = folder / "aggregator.toml"
        self.database = folder / "aggregator.db"
        self.write("")

    def write(self, text: str) -> None:
        """Write a config with these sources and feeds."""
        head = (
            "# my own words\n"
            '[service]\nbase_url = "https://feeds.example"\nbind = "127.0.0.1:0"\n'
            f'database = "{self.database}"\n'
            '[polling]\nallow_private = ["127.0.0.0/8"]\ntimeout = "5s"\nhost_gap = "0s"\n'
        )
        self.config_file.write_text(head + text, encoding="utf-8")

    @property
    def config(self) -> Config:
        return load(self.config_file, {})

    def bring(self, name: str, *drafts: EntryDraft, now: int, outcome: Outcome = Outcome.OK) -> None:
        """Record a poll of a configured source."""
        (source,) = (source for source in self.config.sources if source.name == name)
        with closing(open_store(str(self.database))) as store:
            store.sync_sources(self.config.sources, now=now, policy=self.config.stories)
            policy = self.config.stories
            documents = None if outcome.is_failure else drafts
            poll(store, source, documents, now=now, outcome=outcome, policy=policy)

    def type(self, *arguments: str | Path, env: dict[str, str | None] | None = None) -> Result:
        """Run a command on the config; an error that is no `AggregatorError` fails the test."""
        typed = ["--config", str(self.config_file), *map(str, arguments)]
        return CliRunner(env=env).invoke(cli, typed, catch_exceptions=False)

    def done(self, *arguments: str | Path) -> str:
        """Return what a command that succeeds prints."""
        result = self.type(*arguments)
        assert result.exit_code == 0, result.output
        assert not result.stderr
        return result.stdout

    def json(self, *arguments: str | Path) -> list[dict[str, Any]]:
        """Return the records that a command prints with `--json`."""
        return [json.loads(line) for line in self.done(*arguments, "--json").splitlines()]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """`poll` and `run` set up logging and signals of their process; they are put back for the next tests."""
    root = logging.getLogger()
    signals = (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)
    handled = [signal.getsignal(number) for number in signals]
    handlers, level = list(root.handlers), root.level
    yield Desk(tmp_path)
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)
    for number, handler in zip(signals, handled, strict=True):
        signal.signal(number, handler)
