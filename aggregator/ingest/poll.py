"""One poll of one source, from request to committed record.

    PollJob ─► fetch ─┬► Fetched ─► read (child process: parse ─► normalize) ─► tag ─┐
                      ├► NotModified ────────────────────────────────────────────────┼► PollCommit ─► store
                      └► FetchFailed ────────────────────────────────────────────────┘

What the source did becomes data; only the store's own failure leaves as an exception.
"""

from __future__ import annotations

import hashlib
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from aggregator.ingest.timing import next_poll_at
from aggregator.model import (
    Fetched,
    FetchFailed,
    FetchRequest,
    NotModified,
    Outcome,
    PollCommit,
    PollJob,
    PollReport,
    PollTally,
    ReadFeed,
    Reading,
    Source,
    SourceState,
    StoryPolicy,
    TaggedDraft,
    Unreadable,
)
from aggregator.protocols import Clock, DocumentReader, Fetcher, Store
from aggregator.rules.tagging import tags_for

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Result:
    """What one exchange with a source came to."""

    outcome: Outcome
    message: str = ""
    status: int | None = None
    size: int = 0
    retry_after: int | None = None
    state: SourceState
    feed: ReadFeed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Poller:
    """Polls sources. Safe to call from several threads at once, as its parts are."""

    store: Store
    fetcher: Fetcher
    reader: DocumentReader
    clock: Clock
    policy: StoryPolicy
    max_backoff: int
    """Milliseconds; the longest wait after failures."""
    dice: Callable[[], float] = random.random
    cut_off: Callable[[], bool] = lambda: False
    """Whether the service is stopping, so that a failure may be its own doing."""

    def poll(self, job: PollJob, source: Source) -> tuple[PollReport, PollTally] | None:
        """Poll the claimed source and commit what came of it; return its record and what changed.

        Returns None, and records nothing, when the service's stop cut the poll off: it is repeated at the
        next start. Raises `StoreError` when the record could not be written: then the poll has left no
        trace, and is repeated when its claim runs out.
        """
        started = self.clock()
        try:
            result = self._ask(job.state, source)
        except Exception as error:  # whatever a document did to us, a poll leaves a record
            log.exception("source %r: a defect of the aggregator stopped the poll", source.name)
            message = (
                f"An internal error stopped the poll ({type(error).__name__}: {error}); the log has more."
            )
            result = _Result(outcome=Outcome.UNPARSEABLE, message=message, state=job.state)
        if result.outcome.is_failure and self.cut_off():
            return None
        now = self.clock()
        report = PollReport(
            source_id=job.source_id,
            name=source.name,
            started_at=started,
            duration_ms=max(0, now - started),
            outcome=result.outcome,
            message=result.message,
            http_status=result.status,
            size=result.size,
        )
        commit = PollCommit(report=report, state=self._next_state(result, source, now), feed=result.feed)
        return report, self.store.record(commit, self.policy, now=now)

    def _ask(self, state: SourceState, source: Source) -> _Result:
        answer = self.fetcher.fetch(_request(state, source))
        match answer:
            case FetchFailed():
                return _Result(
                    outcome=answer.outcome,
                    message=answer.message,
                    status=answer.status,
                    size=answer.size,
                    retry_after=answer.retry_after,
                    state=state,
                )
            case NotModified():
                return _Result(
                    outcome=Outcome.NOT_MODIFIED,
                    status=answer.status,
                    state=replace(state, validators=answer.validators),
                )
            case Fetched():
                return self._read(answer, state, source)

    def _read(self, document: Fetched, state: SourceState, source: Source) -> _Result:
        body_hash = hashlib.blake2b(document.body, digest_size=16).digest()
        good = replace(state, validators=document.validators, body_hash=body_hash)
        size = len(document.body)
        if body_hash == state.body_hash:
            return _Result(outcome=Outcome.UNCHANGED, status=document.status, size=size, state=good)
        reading = self.reader.read(document, source.selectors)
        match reading:
            case Unreadable():
                # The validators of a document that could not be read would keep us from asking again.
                return _Result(
                    outcome=reading.outcome,
                    message=reading.message,
                    status=document.status,
                    size=size,
                    state=state,
                )
            case Reading():
                return _Result(
                    outcome=Outcome.OK,
                    message=reading.problem or "",
                    status=document.status,
                    size=size,
                    # What was cut short is asked for again, even if the server's validators stay the same.
                    state=good if reading.whole else state,
                    feed=_tagged(reading, source),
                )

    def _next_state(self, result: _Result, source: Source, now: int) -> SourceState:
        failures = result.state.failures + 1 if result.outcome.is_failure else 0
        return replace(
            result.state,
            failures=failures,
            next_poll_at=next_poll_at(
                outcome=result.outcome,
                failures=failures,
                interval=source.interval,
                max_backoff=self.max_backoff,
                retry_after=result.retry_after,
                now=now,
                dice=self.dice(),
            ),
        )


def _request(state: SourceState, source: Source) -> FetchRequest:
    same = state.url == source.url  # the config may have got another URL since the source was claimed
    return FetchRequest(
        url=source.url,
        validators=state.validators if same else None,
        headers=source.headers,
        user=source.user,
        password=source.password,
        timeout=source.timeout,
        max_size=source.max_size,
    )


def _tagged(reading: Reading, source: Source) -> ReadFeed:
    return ReadFeed(
        title=reading.title,
        site_url=reading.site_url,
        drafts=tuple(
            TaggedDraft(draft=draft, tags=tags_for(source, draft.categories)) for draft in reading.drafts
        ),
    )
