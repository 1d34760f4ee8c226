"""Lists of sources that are followed: looked at when they are due, as politely as sources are polled.

due ─► fetch (conditional, in its host's turn) ─┬► Fetched ─► read (child process) ─► settle ─► look_at ─┐
                                                ├► NotModified ──────────────────► look_at_unchanged ────┼─► store
                                                └► FetchFailed ─► all its sources stay; backs off ───────┘
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from aggregator.config import Config
from aggregator.exceptions import StoreError
from aggregator.ingest.follow import SURE, Look, chosen, look_at, look_at_unchanged
from aggregator.ingest.listed import address_key, settle
from aggregator.ingest.opml import ACCEPT, FeedList, read_opml
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
from aggregator.protocols import Clock, Fetcher, Store
from aggregator.publish.urls import without_secrets

log = logging.getLogger(__name__)

WATCH = 1.0
"""Seconds between two looks at what is due."""

TOLD = 20
"""Names of sources that one line of the log tells."""

Read = Callable[[Fetched], FeedList | Unreadable]
"""`read_opml`, out of reach of the service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFollower:
    """Looks at lists. For one thread."""

    store: Store
    fetcher: Fetcher
    read: Read
    clock: Clock
    dice: Callable[[], float] = random.random
    cut_off: Callable[[], bool] = lambda: False
    """Whether the service is stopping, so that a failure may be its own doing."""
    left_out: dict[str, int] = field(default_factory=dict)
    """How many sources of a list are beyond its limit, as was last told."""

    def look_at_due(self, config: Config) -> None:
        """Look at the lists of the config that are due, one after another. Raises `StoreError`."""
        known = {followed.url: followed for followed in self.store.lists.all()}
        for subscription in config.subscriptions:
            followed = known.get(subscription.url) or FollowedList(url=subscription.url)
            if self.cut_off():
                return
            if self._is_due(followed, subscription):
                self._visit(followed, subscription, config)

    def _is_due(self, followed: FollowedList, subscription: Subscription) -> bool:
        now = self.clock()
        due = followed.next_look_at
        if (
            followed.looked_at is not None
            and not followed.failures
            and subscription.interval < followed.interval
        ):
            due = min(due, followed.looked_at + subscription.interval)
        return now >= due and not self.store.lists.is_paused(host_of(subscription.url), now=now)

    def _visit(self, followed: FollowedList, subscription: Subscription, config: Config) -> None:
        answer = self.fetcher.fetch(_request(followed, config))
        said: FeedList | Unreadable | FetchFailed | NotModified
        said = self.read(answer) if isinstance(answer, Fetched) else answer
        if isinstance(said, FetchFailed | Unreadable):
            if not self.cut_off():
                self._keep_failure(followed, subscription, config, answer, said)
            return
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

    def _keep_failure(
        self,
        followed: FollowedList,
        subscription: Subscription,
        config: Config,
        answer: Fetched | NotModified | FetchFailed,
        failure: FetchFailed | Unreadable,
    ) -> None:
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
        stay = f" Its {len(followed.sources)} sources stay." if followed.sources else ""
        log.warning("%s: %s%s", _shown(followed), without_secrets(failure.message), stay)

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
        if look.added:
            log.info("%s: %d sources added: %s", shown, len(look.added), _names(look.added))
        if look.removed:
            gone = "%s: %d sources removed, their entries stay: %s"
            log.info(gone, shown, len(look.removed), _names(look.removed))

    def _tell_left_out(self, followed: FollowedList, subscription: Subscription, config: Config) -> None:
        own = [address_key(source.url) for source in config.sources if source.subscription is None]
        unlimited = replace(subscription, limit=len(followed.sources))
        beyond = chosen(unlimited, followed.sources, own)[subscription.limit :]
        if len(beyond) != self.left_out.get(followed.url, 0):
            self.left_out[followed.url] = len(beyond)
            if beyond:
                said = "%s: %d sources are beyond its limit of %d and left out: %s"
                log.warning(said, _shown(followed), len(beyond), subscription.limit, _names(beyond))


class ListService:
    """Follows the lists of the config in force, in a thread of its own."""

    def __init__(self, store: Store, config: Config, fetcher: Fetcher, read: Read, clock: Clock) -> None:
        self._store = store
        self._config = config
        self._stopping = threading.Event()
        self._follower = ListFollower(
            store=store, fetcher=fetcher, read=read, clock=clock, cut_off=self._stopping.is_set
        )
        self._thread = threading.Thread(target=self._run, name="lists", daemon=True)
        self._revision = store.lists.revision()

    def start(self) -> None:
        """Begin to look, at once."""
        self._thread.start()

    def reconfigure(self, config: Config) -> None:
        """Go on with another config. A look under way ends as it began."""
        self._config = config

    def has_news(self) -> bool:
        """Whether lists name other sources than when this was last asked. Raises `StoreError`."""
        if not self._config.subscriptions:
            return False
        before, self._revision = self._revision, self._store.lists.revision()
        return self._revision != before

    def stop(self) -> None:
        """Look no more; whoever aborts the fetcher ends a look under way."""
        self._stopping.set()

    def join(self, timeout: float) -> None:
        """Wait up to so many seconds for the thread to end."""
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _run(self) -> None:
        remembered: frozenset[str] | None = None
        while True:
            config = self._config
            urls = frozenset(subscription.url for subscription in config.subscriptions)
            try:
                if urls != remembered:
                    self._store.lists.forget_others(urls)
                    remembered = urls
                if urls:
                    self._follower.look_at_due(config)
            except StoreError as error:
                log.error("the lists that are followed could not be looked at: %s", error)  # noqa: TRY400 - the line says it all
            except Exception:
                log.exception("a defect of the aggregator stopped a look at the lists that are followed")
            if self._stopping.wait(WATCH):
                return


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


def _names(sources: Sequence[ListedSource]) -> str:
    told = ", ".join(escape(source.name) for source in sources[:TOLD])
    return told if len(sources) <= TOLD else f"{told} and {len(sources) - TOLD} more"
