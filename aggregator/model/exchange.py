"""One exchange with a source."""

from __future__ import annotations

from dataclasses import dataclass, field

from aggregator.model.outcome import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What makes the next request for a document conditional."""

    url: str
    """Where the document was found, after redirects: they are sent nowhere else."""
    etag: str | None = None
    """Exactly as the server sent it."""
    last_modified: str | None = None
    """Exactly as the server sent it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRequest:
    """One conditional GET, with its limits."""

    url: str
    owner_url: str | None = None
    """The URL that headers, user and password are for, where it is not `url`: no other host is told them."""
    validators: Validators | None = None
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout: int
    max_size: int
    accept: str | None = None
    """The media types that are wanted (RFC 9110 section 12.5.1); None for those of feeds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A 200 answer, read whole and decompressed."""

    status: int
    url: str
    """Where the document was found, after redirects."""
    content_type: str | None
    body: bytes
    validators: Validators | None
    """None when the server sent none."""
    moved_to: str | None = None
    """Where permanent redirects led before any other kind did; None without one."""
    max_age: int | None = None
    """Milliseconds that the server calls the document fresh for (Cache-Control)."""
    retry_after: int | None = None
    """Milliseconds that the server asked us to wait."""
    max_size: int | None = None
    """Bytes that the request allowed: what a gzip file in the body may inflate to; None for the default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotModified:
    """A 304 answer to a conditional request: the validators that were sent stay.

    Any others that come with it (RFC 9111 section 4.3.4) would be those of a document that was never read.
    """

    status: int
    url: str
    moved_to: str | None = None
    """As in `Fetched`."""
    max_age: int | None = None
    """As in `Fetched`."""
    retry_after: int | None = None
    """As in `Fetched`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchFailed:
    """No document: why, in a word and in a sentence that a person understands."""

    outcome: Outcome
    message: str
    status: int | None = None
    """Of the last answer that came, if only its head did, or if it was a redirect's."""
    size: int = 0
    """Bytes of body that had come by then."""
    retry_after: int | None = None
    """Milliseconds that the server asked us to wait."""
    url: str | None = field(default=None, repr=False)
    """Where the last request went."""
    refuses_validators: bool = False
    """Whether it may be the validators that the server did not take: they are to be forgotten."""
