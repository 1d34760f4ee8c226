"""What went wrong in an exchange, told in an outcome and a sentence; no I/O.

Sentences name the host, never the whole URL: some feeds' URLs are secrets.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.client import HTTPException, IncompleteRead, RemoteDisconnected

from urllib3.exceptions import InvalidHeader, ProxyError

from aggregator.ingest.deadline import Ending, Exchange, Phase
from aggregator.model import FetchFailed, Outcome
from aggregator.printable import escape

_MAX_RETRY_AFTER = 365 * 86_400_000
_MAX_RETRY_PARTS = 8
_SECONDS = re.compile(r"([0-9]+)(?:\.[0-9]*)?")
_LONG_UNITS = (("days", 86_400_000), ("h", 3_600_000), ("min", 60_000))
_HTTP_PREFIX = re.compile(r"^\[[^]]*\]\s*|\s*\(_ssl\.c:\d+\)$")


class FetchError(Exception):
    """Ends one fetch: holds what it comes to."""

    def __init__(self, outcome: Outcome, message: str, *, size: int = 0) -> None:
        super().__init__(message)
        self.failure = FetchFailed(outcome=outcome, message=message, size=size)


def ended(exchange: Exchange, host: str, timeout: int, size: int) -> FetchFailed:
    """Tell of an exchange that was ended from outside. `timeout` in ms, `size` in bytes that had come."""
    if exchange.ended_by is Ending.ABORT:
        return FetchFailed(
            outcome=Outcome.CONNECTION_ERROR,
            message=f"The exchange with {host} was broken off because the service is stopping.",
            size=size,
        )
    came = f" ({size:,} bytes had come)" if exchange.phase is Phase.READING else ""
    return FetchFailed(
        outcome=Outcome.TIMEOUT,
        message=f"After {duration(timeout)} the exchange with {host} was still {exchange.phase.value}{came}.",
        size=size,
    )


def refused_status(
    status: int, host: str, retry_after: int | None, *, with_login: bool = False
) -> FetchFailed:
    """Tell of an answer that is no document. `retry_after` in ms; with `with_login` one was sent."""
    try:
        said = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        said = str(status)
    outcome, message = Outcome.HTTP_ERROR, f"{host} answered {said}."
    if status == HTTPStatus.GONE:
        outcome, message = Outcome.GONE, f"{host} answered {said}: this feed was taken down for good."
    elif status == HTTPStatus.TOO_MANY_REQUESTS:
        outcome, message = Outcome.RATE_LIMITED, f"{host} answered {said}: it wants to be polled less often."
    elif status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN) and with_login:
        message = f"{host} answered {said}: check the source's user, password and headers."
    elif status == HTTPStatus.UNAUTHORIZED:
        message = f"{host} answered {said}: it wants a user and a password."
    elif status == HTTPStatus.FORBIDDEN:
        message = f"{host} answered {said}: it wants a login, or lets no programs in."
    elif status == HTTPStatus.NOT_MODIFIED:
        message = f"{host} answered {said} although nothing was known of the document yet."
    elif status in (HTTPStatus.NO_CONTENT, HTTPStatus.RESET_CONTENT):
        outcome, message = Outcome.EMPTY, f"{host} answered {said}: there is no document."
    return FetchFailed(outcome=outcome, message=message, status=status, retry_after=retry_after)


def retry_after_ms(header: str | None, now: int) -> int | None:
    """Read a Retry-After (RFC 9110 section 10.2.3), seconds or a date, as ms from `now` (ms since 1970).

    Of several, the first that is understood; ISO 8601 and fractions are, too. Never negative, at most a year;
    None when there is none or it is not understood.
    """
    parts = (header or "").split(",", _MAX_RETRY_PARTS)[:_MAX_RETRY_PARTS]
    for number, part in enumerate(parts):
        with_next = ",".join(parts[number : number + 2])  # HTTP's dates have a comma
        for wait in (_seconds(part), _until(with_next, now), _until(part, now)):
            if wait is not None:
                return max(0, min(wait, _MAX_RETRY_AFTER))
    return None


def _seconds(text: str) -> int | None:
    said = _SECONDS.fullmatch(text.strip())
    return int(said[1][:12]) * 1000 if said else None


def _until(date: str, now: int) -> int | None:
    """Return the ms from `now` until this date, of HTTP or of ISO 8601; None when it is none."""
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(date.strip())
            return int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000) - now
        except (
            ValueError,
            TypeError,
            IndexError,
            OverflowError,
        ):  # the standard library's parser raises each
            continue
    return None


def max_age_ms(cache_control: str | None, age: str | None) -> int | None:
    """Return how much longer (ms) a document is fresh, by Cache-Control's max-age (RFC 9111 section 5.2.2.1).

    `age` is the Age header: seconds that a cache on the way had it for. None when nothing is said, when it is
    not understood, or when no-store or no-cache is said beside it; at most a year.
    """
    directives = [directive.strip().lower() for directive in (cache_control or "").split(",")]
    if {"no-store", "no-cache"} & set(directives):
        return None
    said = next((text[8:].strip('" ') for text in directives if text.startswith("max-age=")), "")
    if not (said.isascii() and said.isdigit()):
        return None
    elapsed = int(age[:12]) if age and age.isascii() and age.isdigit() else 0
    return max(0, min((int(said[:12]) - elapsed) * 1000, _MAX_RETRY_AFTER))


def duration(milliseconds: int) -> str:
    """Write a span of time as people say it: `300 ms`, `1.5 s`, `20 s`, `90 min`, `36 h`, `7 days`."""
    if milliseconds < 1000:  # noqa: PLR2004 - a second
        return f"{milliseconds} ms"
    for unit, length in _LONG_UNITS:
        if milliseconds >= 2 * length:
            return f"{round(milliseconds / length, 1):g} {unit}"
    return f"{milliseconds / 1000:g} s"


def translate(error: BaseException, exchange: Exchange, host: str, timeout: int, size: int) -> FetchFailed:
    """Tell of what a library raised in an exchange. `timeout` in ms, `size` in bytes that had come."""
    causes = list(_causes(error))
    own = next((cause for cause in causes if isinstance(cause, FetchError)), None)
    if exchange.ended_by is None and own is not None:
        return own.failure
    if exchange.ended_by is not None or any(isinstance(cause, TimeoutError) for cause in causes):
        return ended(exchange, host, timeout, size)
    outcome, message = _told(causes, exchange.phase, host)
    return FetchFailed(outcome=outcome, message=message, size=size)


def in_one_line(failure: FetchFailed) -> FetchFailed:
    """Return the failure with a message that steers no terminal, whatever the server put into it."""
    return replace(failure, message=escape(" ".join(failure.message.split())))


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _told(causes: list[BaseException], phase: Phase, host: str) -> tuple[Outcome, str]:
    for cause in causes:
        if isinstance(cause, ssl.SSLError) and phase is Phase.CONNECTING:
            return Outcome.TLS_ERROR, _handshake_told(cause, host)
        message = _broken_told(cause, phase, host)
        if message is not None:
            return Outcome.CONNECTION_ERROR, message
    return Outcome.CONNECTION_ERROR, f"The exchange with {host} failed: {_bare(causes[-1])}."


def _handshake_told(error: ssl.SSLError, host: str) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"The certificate of {host} cannot be trusted: {error.verify_message.rstrip('.')}."
    return f"No encrypted connection to {host} came about: {_bare(error)}."


def _broken_told(cause: BaseException, phase: Phase, host: str) -> str | None:
    match cause:
        case ProxyError():
            return f"The proxy did not connect to {host}: {_bare(cause.original_error)}."
        case RemoteDisconnected():
            return f"{host} closed the connection without an answer."
        case IncompleteRead():
            return f"{host} broke off in the middle of the document."
        case ConnectionError() | ssl.SSLError():
            return f"{host} broke the connection while {_OURS[phase]}."
        case InvalidHeader() | HTTPException():
            return f"What {host} answered is not HTTP: {_bare(cause)}."
        case _:
            return None


_OURS = {
    Phase.LOOKING_UP: "its name was looked up",
    Phase.CONNECTING: "it was connected to",
    Phase.WAITING: "it was waited for",
    Phase.READING: "the document was read",
}


def _bare(error: BaseException) -> str:
    """Return an error's text without what only the library's authors need."""
    text = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    return _HTTP_PREFIX.sub("", _HTTP_PREFIX.sub("", text))[:200].rstrip(".")
