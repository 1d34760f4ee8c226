"""A source and its polls, as the pages show them; pure."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from aggregator.model import Outcome, PollReport, PollTally, SourceStatus
from aggregator.publish.urls import feed_url, web_url, without_secrets

_ACRONYMS = {"ok": "OK", "http": "HTTP", "dns": "DNS", "tls": "TLS"}


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source as the page lists it."""

    number: int
    name: str
    page: str
    """The address of its own page, relative to the overview."""
    site_url: str | None
    feed_url: str | None
    tags: tuple[str, ...]
    state: str
    """`good`, `failing`, `waiting` or `off`: names the row's look."""
    words: str
    """The state as a person reads it."""
    message: str
    moved_to: str | None
    """Where it is asked by now, if not at the address of the config; without a query that is a secret."""
    http_status: int | None
    duration_ms: int | None
    size: int | None
    """Bytes."""
    last_poll: int | None
    next_poll: int | None
    entries: int


@dataclass(frozen=True, slots=True)
class PollRow:
    """A poll as the page of its source lists it."""

    started_at: int
    state: str
    """`good` or `failing`."""
    words: str
    message: str
    http_status: int | None
    duration_ms: int
    size: int
    """Bytes."""
    new: int
    updated: int


def source_row(number: int, status: SourceStatus) -> SourceRow:
    """Return a source as the pages show it; `number` is its place in the config, from 1."""
    state, words = _state(status)
    return SourceRow(
        number=number,
        name=status.name,
        page=f"sources/{quote(status.name, safe='')}.html",
        site_url=web_url(status.site_url),
        feed_url=feed_url(status.url),
        tags=status.tags,
        state=state,
        words=words,
        message=without_secrets(status.message),
        moved_to=feed_url(status.moved_to),
        http_status=status.http_status,
        duration_ms=status.duration_ms,
        size=status.size,
        last_poll=status.last_poll,
        next_poll=status.next_poll if status.enabled else None,
        entries=status.entries,
    )


def _state(status: SourceStatus) -> tuple[str, str]:
    if not status.enabled:
        return "off", "Switched off"
    if status.outcome is None:
        return "waiting", "Not polled yet"
    words = _words(status.outcome, status.http_status)
    if not status.outcome.is_failure:
        return "good", words
    if status.failures > 1:
        words = f"{words}, {status.failures} times in a row"
    return "failing", words


def poll_row(report: PollReport, tally: PollTally) -> PollRow:
    """Return a poll as the page of its source shows it."""
    return PollRow(
        started_at=report.started_at,
        state="failing" if report.outcome.is_failure else "good",
        words=_words(report.outcome, report.http_status),
        message=without_secrets(report.message),
        http_status=report.http_status,
        duration_ms=report.duration_ms,
        size=report.size,
        new=tally.new,
        updated=tally.updated,
    )


def _words(outcome: Outcome, http_status: int | None) -> str:
    words = " ".join(_ACRONYMS.get(word, word) for word in outcome.value.split())
    words = words[0].upper() + words[1:]
    return f"{words} {http_status}" if outcome is Outcome.HTTP_ERROR and http_status is not None else words
