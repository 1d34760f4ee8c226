"""Options and arguments that several commands have."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from aggregator.config import Config

DEFAULT_CONFIG = Path("config/aggregator.toml")

_META_KEY = "aggregator.config"
_Command = TypeVar("_Command", bound=Callable[..., Any])


def config_option(*, envvar: str | None = None) -> Callable[[_Command], _Command]:
    """Return the `-c/--config` option. Given after the command's name, it wins over the one before."""
    return click.option(
        "-c",
        "--config",
        type=click.Path(path_type=Path),
        envvar=envvar,
        expose_value=False,
        callback=_remember,
        help=f"The config file; also AGGREGATOR_CONFIG.  [default: {DEFAULT_CONFIG}]",
    )


def json_option() -> Callable[[_Command], _Command]:
    """Return the `--json` option, given to the command as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON Lines instead of a table.")


def config_path() -> Path:
    """Return the path of the config of the running command."""
    path: Path = click.get_current_context().meta.get(_META_KEY, DEFAULT_CONFIG)
    return path


def load_config() -> Config:
    """Return the config of the running command; raises ConfigError."""
    from aggregator.config import load  # noqa: PLC0415 - `run` handles signals before it loads so much

    return load(config_path(), os.environ)


def _remember(ctx: click.Context, _param: click.Parameter, path: Path | None) -> None:
    if path is not None:
        ctx.meta[_META_KEY] = path
