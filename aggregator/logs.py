"""Logs: one line per event to stderr, for people or for machines; without the secrets of URLs.

Logs are sent on and shown around: what servers, sources and tracebacks say may name URLs with keys in them.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TextIO

from aggregator.printable import escape
from aggregator.publish.urls import without_secrets

FORMATS = ("human", "json")
LEVELS = ("debug", "info", "warning", "error")

_CHATTY = ("apscheduler", "asyncio", "uvicorn")
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


def set_up(*, style: str, level: str, stream: TextIO | None = None) -> None:
    """Send everything that is logged from `level` on to `stream` (stderr when None), in one of `FORMATS`.

    Replaces what was set up before. Libraries that report their own doings at length are heard from
    warning on, at level `debug` from info on; urllib3 for errors only. Python's warnings are logged, too.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines() if style == "json" else HumanLines())
    root = logging.getLogger()
    for former in list(root.handlers):
        root.removeHandler(former)
    root.addHandler(handler)
    root.setLevel(level.upper())
    chatty_level = logging.INFO if level == "debug" else max(logging.WARNING, root.level)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(chatty_level)
    # Its warnings name whole URLs, some of which are secrets, and a poll tells of whatever they are about.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    # It warns of each malformed request of every port scanner.
    logging.getLogger("uvicorn.error").setLevel(logging.NOTSET if level == "debug" else logging.ERROR)
    logging.captureWarnings(capture=True)


class HumanLines(logging.Formatter):
    """`2026-01-31 13:31:05 WARNING message`, in local time; tracebacks are folded into the same line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's one line; characters that could end it or steer a terminal are escaped."""
        moment = datetime.fromtimestamp(record.created, tz=UTC).astimezone()
        parts = [record.getMessage(), *_failure(record, self.formatException).splitlines()]
        message = " | ".join(part.strip() for part in parts if part.strip())
        return f"{moment:%Y-%m-%d %H:%M:%S} {record.levelname:<7} {escape(without_secrets(message))}"


class JsonLines(logging.Formatter):
    """One JSON object: `ts` (ms UTC), `level`, `logger`, `message`, and whatever was given as `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's object. A field that JSON has no form for is given as its text."""
        fields: dict[str, object] = {
            "ts": int(record.created * 1000),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        fields |= {key: value for key, value in vars(record).items() if key not in _STANDARD | fields.keys()}
        if failure := _failure(record, self.formatException):
            fields["exception"] = failure
        told = {key: without_secrets(text) if isinstance(text, str) else text for key, text in fields.items()}
        return escape(json.dumps(told, ensure_ascii=False, default=str))


def _failure(record: logging.LogRecord, format_exception: Callable[..., str]) -> str:
    if record.exc_info and record.exc_info[0] is not None:
        return format_exception(record.exc_info)
    return record.exc_text or ""
