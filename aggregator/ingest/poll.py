"""One poll of one source, from request to committed record.

    PollJob ─► fetch ─┬► Fetched ─► read (child process: parse ─► normalize) ─► tag ─┐
                      ├► NotModified ────────────────────────────────────────────────┼► PollCommit ─► store
                      └► FetchFailed ────────────────────────────────────────────────┘

What an answer says of where the source is (`moves`) and of when to ask again (`timing`) is kept with it. What
the source did becomes data; only the store's own failure leaves as an exception.
"""

from __future__ import annotations

import hashlib
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from aggregator.ingest import moves
from aggregator.ingest.failures import duration
from aggregator.ingest.rhythm import rhythm_after
from aggregator.ingest.timing import next_poll_at, pause_of_host, usual_interval
from aggregator.model import (
    Fetched,
    FetchFailed,
    FetchRequest,
    HostPause,
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
    host_of,
)
from aggregator.protocols import Clock, DocumentReader, Fetcher, Store
from aggregator.rules.tagging import tags_for

log = logging.getLogger(__name__)

UNCONDITIONAL_AFTER = 3
"""HTTP errors in a row after which a source is asked without validators: some servers trip over them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Result:
    """What one exchange with a source came to."""

    outcome: Outcome
    message: str = ""
    status: int | None = None
    size: int = 0
    url: str | None = None
    """Where a document was found."""
    refused_by: str | None = None
    """Where the answer came from that was none."""
    is_elsewhere: bool = False
    """Whether the address that failed is not asked any more, but the configured one."""
    moved_to: str | None = None
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
        state = job.state
        if state.url != source.url:  # the config has got another URL since the source was claimed
            state = SourceState(url=source.url)
        try:
            result = self._settled(self._ask(state, source), source)
        except Exception as error:  # whatever a document did to us, a poll leaves a record
            log.exception("source %r: a defect of the aggregator stopped the poll", source.name)
            message = (
                f"An internal error stopped the poll ({type(error).__name__}: {error}); the log has more."
            )
            result = _Result(outcome=Outcome.UNPARSEABLE, message=message, state=state)
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
        commit = self._commit(report, result, source, now)
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
                    refused_by=answer.url,
                    retry_after=answer.retry_after,
                    state=_after_failure(state, answer),
                )
            case NotModified():
                return _Result(
                    outcome=Outcome.NOT_MODIFIED,
                    status=answer.status,
                    url=answer.url,
                    moved_to=answer.moved_to,
                    retry_after=answer.retry_after,
                    state=replace(state, max_age=state.max_age if answer.max_age is None else answer.max_age),
                )
            case Fetched():
                return self._read(answer, state, source)

    def _read(self, document: Fetched, state: SourceState, source: Source) -> _Result:
        body_hash = _document_hash(document)
        good = replace(state, validators=document.validators, body_hash=body_hash, max_age=document.max_age)
        result = _Result(
            outcome=Outcome.UNCHANGED,
            status=document.status,
            size=len(document.body),
            url=document.url,
            moved_to=document.moved_to,
            retry_after=document.retry_after,
            state=good,
        )
        if body_hash == state.body_hash:
            return result
        reading = self.reader.read(document, source.selectors)
        match reading:
            case Unreadable():
                # The validators of a document that could not be read would keep us from asking again.
                return replace(result, outcome=reading.outcome, message=reading.message, state=state)
            case Reading():
                return replace(
                    result,
                    outcome=Outcome.OK,
                    message=reading.problem or "",
                    # What was cut short is asked for again, even if the server's validators stay the same.
                    state=replace(good, pace=reading.pace) if reading.whole else state,
                    feed=_tagged(reading, source),
                )

    def _settled(self, result: _Result, source: Source) -> _Result:
        """Return the result with what it means for where the source is asked next, and how often."""
        if result.outcome.is_failure:
            move = moves.lost(result.state, result.outcome, url=result.url)
        else:
            move = moves.found(result.state, url=result.url or source.url, moved_to=result.moved_to)
        wait = ""
        is_elsewhere = move.state.address != result.state.address and result.outcome.is_failure
        if result.outcome is Outcome.GONE and not is_elsewhere:
            often = duration(max(source.interval, self.max_backoff))
            wait = f"From now on it is asked once in {often} only."
        elif result.outcome.is_failure and result.retry_after:
            wait = f"It asks for a pause of {duration(result.retry_after)}."
        return replace(
            result,
            outcome=Outcome.MOVED if move.is_news else result.outcome,
            message=" ".join(said for said in (result.message, wait, move.message) if said),
            is_elsewhere=is_elsewhere,
            state=replace(move.state, host=_host(result, move.state)),
        )

    def _commit(self, report: PollReport, result: _Result, source: Source, now: int) -> PollCommit:
        dice = self.dice()
        news = None
        if result.feed is not None:
            published = (tagged.draft.published for tagged in result.feed.drafts)
            rhythm = rhythm_after(result.state.rhythm, published, now=now, least=source.interval)
            news = self._next_state(result, replace(result.state, rhythm=rhythm), source, now, dice)
        pause = None
        if result.outcome is Outcome.RATE_LIMITED:
            interval = usual_interval(source, result.state, now=now)
            until = pause_of_host(retry_after=result.retry_after, interval=interval, now=now)
            pause = HostPause(host=host_of(result.refused_by or result.state.address), until=until)
        return PollCommit(
            report=report,
            state=self._next_state(result, result.state, source, now, dice),
            state_if_new=news,
            feed=result.feed,
            host_pause=pause,
            full_text=source.full_text and not result.outcome.is_failure,
        )

    def _next_state(
        self, result: _Result, state: SourceState, source: Source, now: int, dice: float
    ) -> SourceState:
        failures = state.failures + 1 if result.outcome.is_failure else 0
        return replace(
            state,
            failures=failures,
            next_poll_at=next_poll_at(
                outcome=Outcome.HTTP_ERROR if result.is_elsewhere else result.outcome,
                failures=min(failures, 1) if result.is_elsewhere else failures,
                interval=usual_interval(source, state, now=now),
                max_backoff=self.max_backoff,
                retry_after=result.retry_after,
                max_age=state.max_age,
                pace=state.pace,
                now=now,
                dice=dice,
            ),
        )


def _request(state: SourceState, source: Source) -> FetchRequest:
    return FetchRequest(
        url=state.address,
        owner_url=source.url,
        validators=state.validators,
        headers=source.headers,
        user=source.user,
        password=source.password,
        timeout=source.timeout,
        max_size=source.max_size,
    )


def _after_failure(state: SourceState, failure: FetchFailed) -> SourceState:
    """Return the state without validators where they may be what keeps the source from answering."""
    goes_on = failure.outcome is Outcome.HTTP_ERROR and state.failures + 1 >= UNCONDITIONAL_AFTER
    return replace(state, validators=None) if failure.refuses_validators or goes_on else state


def _host(result: _Result, state: SourceState) -> str:
    """Return the host at the end of the redirects, or where the next poll begins elsewhere."""
    answered_by = None if result.is_elsewhere else result.url or result.refused_by
    return host_of(answered_by or state.address)


def _document_hash(document: Fetched) -> bytes:
    """Return what is alike for the same document: the same bytes elsewhere have other relative links.

    Queries are left out. They change no link, but some are made anew for each request.
    """
    base = urlsplit(document.url)._replace(query="", fragment="").geturl()
    return hashlib.blake2b(base.encode() + b"\0" + document.body, digest_size=16).digest()


def _tagged(reading: Reading, source: Source) -> ReadFeed:
    return ReadFeed(
        title=reading.title,
        site_url=reading.site_url,
        about=reading.about,
        drafts=tuple(
            TaggedDraft(draft=draft, tags=tags_for(source, draft.categories)) for draft in reading.drafts
        ),
    )
