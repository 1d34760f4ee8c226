"""Lists of sources that are followed: looked at when they are due, as politely as sources are polled.

    due ─► fetch (conditional, in its host's turn) ─┬► Fetched ─► read (child process) ─► look_at ─┐
                                                    ├► NotModified ─► look_at_unchanged ───────────┼► store
                                                    └► FetchFailed ─► its sources stay; back off ──┘

Who polls asks whether lists name others by now, and takes them up.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from aggregator.clock import now_ms
from aggregator.config import Config
from aggregator.exceptions import StoreError
from aggregator.ingest.follow import SURE, Look, chosen, look_at, look_at_unchanged
from aggregator.ingest.listed import address_key, settle
from aggregator.ingest.opml import ACCEPT, FeedList
from aggregator.ingest.timing import next_poll_at, pause_of_host
from aggregator.model import (
    Fetched,
    FetchFailed,
    FetchRequest,
    FollowedList,
    ListedSource,
    NotModified,
    Outcome,
    Subscription,
    Unreadable,
    host_of,
)
from aggregator.model.document import ANY_PACE
from aggregator.printable import escape
from aggregator.protocols import Clock, Store
from aggregator.publish.urls import without_secrets

log = logging.getLogger(__name__)

LEAST_WAIT = 1.0
LONGEST_WAIT = 60.0
"""Seconds between two looks at what is due."""

TOLD = 10
"""Names of sources that one line of the log tells."""

Fetch = Callable[[FetchRequest], Fetched | NotModified | FetchFailed]
Read = Callable[[Fetched], FeedList | Unreadable]
"""`opml.read_opml`, out of reach of the service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFollower:
    """Looks at lists. For one thread."""

    store: Store
    fetch: Fetch
    read: Read
    clock: Clock
    dice: Callable[[], float] = random.random
    cut_off: Callable[[], bool] = lambda: False
    """Whether the service is stopping, so that a failure may be its own doing."""
    left_out: dict[str, int] = field(default_factory=dict)
    """How many sources of a list are beyond its limit, as was last told."""

    def look_at_due(self, config: Config) -> int | None:
        """Look at the lists of the config that are due, one after another.

        Returns when (ms) the next one will be; None without any. Raises `StoreError`.
        """
        known = {followed.url: followed for followed in self.store.lists.all()}
        nexts = []
        for subscription in config.subscriptions:
            followed = known.get(subscription.url) or FollowedList(url=subscription.url)
            due, now = _due(followed, subscription), self.clock()
            if now >= due and not self.store.lists.is_paused(host_of(followed.url), now=now):
                if self.cut_off():
                    break
                due = self._visit(followed, subscription, config)
            nexts.append(due)
        return min(nexts, default=None)

    def _visit(self, followed: FollowedList, subscription: Subscription, config: Config) -> int:
        """Look at a list; return when it is due again."""
        answer = self.fetch(_request(followed, config))
        said: FeedList | Unreadable | FetchFailed | NotModified
        said = self.read(answer) if isinstance(answer, Fetched) else answer
        if isinstance(said, FetchFailed | Unreadable):
            if self.cut_off():
                return followed.next_look_at
            return self._keep_failure(followed, subscription, config, answer, said)
        if isinstance(said, NotModified):
            look = look_at_unchanged(followed)
            validators, message = followed.validators, followed.message
        else:
            whole = said.problem is None
            look = look_at(followed, settle(said.feeds).sources, whole=whole)
            # What was cut short is asked for again, even if the server's validators stay the same.
            validators = answer.validators if whole and isinstance(answer, Fetched) else None
            message = said.problem or ""
        now = self.clock()
        kept = replace(
            look.followed,
            validators=validators,
            failures=0,
            looked_at=now,
            interval=subscription.interval,
            next_look_at=self._next_look(subscription, config, answer, failures=0, now=now),
            message=message,
        )
        self.store.lists.keep(kept)
        self._tell(look, message, of=followed)
        self._tell_left_out(kept, subscription, config)
        return kept.next_look_at

    def _keep_failure(
        self,
        followed: FollowedList,
        subscription: Subscription,
        config: Config,
        answer: Fetched | NotModified | FetchFailed,
        failure: FetchFailed | Unreadable,
    ) -> int:
        now = self.clock()
        if isinstance(failure, FetchFailed) and failure.outcome is Outcome.RATE_LIMITED:
            until = pause_of_host(retry_after=failure.retry_after, interval=subscription.interval, now=now)
            self.store.pause_host(host_of(failure.url or followed.url), until=until, now=now)
        failures = followed.failures + 1
        due = self._next_look(
            subscription, config, answer, failures=failures, now=now, outcome=failure.outcome
        )
        refuses = isinstance(failure, FetchFailed) and failure.refuses_validators
        self.store.lists.keep(
            replace(
                followed,
                failures=failures,
                next_look_at=due,
                message=failure.message,
                validators=None if refuses else followed.validators,
            )
        )
        stay = f" What it named stays ({_counted(followed.sources)})." if followed.sources else ""
        log.warning("%s: %s%s", _shown(followed), without_secrets(failure.message), stay)
        return due

    def _next_look(
        self,
        subscription: Subscription,
        config: Config,
        answer: Fetched | NotModified | FetchFailed,
        *,
        failures: int,
        now: int,
        outcome: Outcome = Outcome.OK,
    ) -> int:
        return next_poll_at(
            outcome=outcome,
            failures=failures,
            interval=subscription.interval,
            max_backoff=config.polling.max_backoff,
            retry_after=answer.retry_after,
            max_age=None if isinstance(answer, FetchFailed) else answer.max_age,
            pace=ANY_PACE,
            now=now,
            dice=self.dice(),
        )

    def _tell(self, look: Look, message: str, *, of: FollowedList) -> None:
        shown = _shown(of)
        if message and message != of.message:
            log.warning("%s: %s", shown, message)
        if look.doubted:
            log.warning(
                "%s: %d of its %d sources are not in it any more; they stay until that was seen %d times in a"
                " row (%d by now)",
                *(shown, look.doubted, len(of.sources), SURE, look.followed.doubts),
            )

    def _tell_left_out(self, followed: FollowedList, subscription: Subscription, config: Config) -> None:
        own = [address_key(source.url) for source in config.sources if source.subscription is None]
        unlimited = replace(subscription, limit=len(followed.sources))
        beyond = chosen(unlimited, followed.sources, own)[subscription.limit :]
        if len(beyond) != self.left_out.get(followed.url, 0):
            self.left_out[followed.url] = len(beyond)
            if beyond:
                said = f"{_counted(beyond)} {'is' if len(beyond) == 1 else 'are'} left out"
                shown, names = _shown(followed), _names(beyond)
                log.warning("%s: %s, beyond its limit of %d: %s", shown, said, subscription.limit, names)


class ListService:
    """Follows the lists of the config in force, in a thread of its own."""

    def __init__(self, store: Store, config: Config, *, fetch: Fetch, read: Read, taken: int) -> None:
        """Take the config without the sources of lists, and the `FollowedLists.revision` in force."""
        self._store = store
        self._config = config
        self._taken = taken
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._follower = ListFollower(
            store=store, fetch=fetch, read=read, clock=now_ms, cut_off=self._stopping.is_set
        )

    def start(self) -> None:
        """Begin to look, at once."""
        threading.Thread(target=self._run, name="lists", daemon=True).start()

    def stop(self) -> None:
        """Look no more. A look under way is ended by who aborts the fetcher, and leaves no record."""
        self._stopping.set()
        self._wake.set()

    def take(self, config: Config, *, taken: int) -> None:
        """Go on with another config, or with the same one and what lists named at that revision."""
        self._config, self._taken = config, taken
        self._wake.set()

    def have_news(self) -> bool:
        """Whether lists name other sources than when they were last taken; False when that is not known."""
        if not self._config.subscriptions:
            return False
        try:
            return self._store.lists.revision() != self._taken
        except StoreError:
            return False

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            self._wake.wait(self._look())

    def _look(self) -> float:
        """Look at what is due; return for how many seconds nothing will be."""
        config = self._config
        urls = {subscription.url for subscription in config.subscriptions}
        lists = self._store.lists
        try:
            if any(followed.url not in urls for followed in lists.all()):
                lists.forget_others(urls)
            due = self._follower.look_at_due(config)
        except StoreError as error:
            if not self._stopping.is_set():
                log.error("the lists could not be looked at: %s", error)  # noqa: TRY400 - the line says it all
            return LONGEST_WAIT
        except Exception:
            log.exception("a defect of the aggregator stopped a look at the lists that are followed")
            return LONGEST_WAIT
        wait = LONGEST_WAIT if due is None else (due - now_ms()) / 1000
        return min(max(wait, LEAST_WAIT), LONGEST_WAIT)


def _due(followed: FollowedList, subscription: Subscription) -> int:
    """Return when a list is due: a shorter interval holds at once where nothing else makes it wait."""
    if followed.looked_at is None or followed.failures or subscription.interval >= followed.interval:
        return followed.next_look_at
    return min(followed.next_look_at, followed.looked_at + subscription.interval)


def _request(followed: FollowedList, config: Config) -> FetchRequest:
    return FetchRequest(
        url=followed.url,
        validators=followed.validators,
        timeout=config.polling.timeout,
        max_size=config.polling.max_size,
        accept=ACCEPT,
    )


def _shown(followed: FollowedList) -> str:
    return f"list {escape(without_secrets(followed.url))}"


def _counted(sources: Sequence[ListedSource]) -> str:
    return f"{len(sources)} source{'' if len(sources) == 1 else 's'}"


def _names(sources: Sequence[ListedSource]) -> str:
    told = ", ".join(escape(source.name) for source in sources[:TOLD])
    return told if len(sources) <= TOLD else f"{told} and {len(sources) - TOLD} more"
