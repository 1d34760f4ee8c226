"""Invented items and polls for tests of the store."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from aggregator.model import (
    EntryDraft,
    IdentityKeys,
    Outcome,
    PollCommit,
    PollReport,
    PollTally,
    RawHtml,
    ReadFeed,
    Source,
    StoryPolicy,
    TaggedDraft,
    Validators,
)
from aggregator.protocols import Store
from aggregator.rules.tagging import tags_for

NOW = 1_800_000_000_000
HOUR = 3_600_000
DAY = 24 * HOUR


def key(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def draft(
    name: str = "a",
    *,
    guid: str | None = "",
    url: str | None = "",
    title: str | None = None,
    content: str = "text",
    published: int | None = NOW - HOUR,
    categories: tuple[str, ...] = (),
) -> EntryDraft:
    """An item whose guid, link and title follow from `name` where they are not said; None for none."""
    guid = f"guid-{name}" if guid == "" else guid
    url = f"https://example.org/{name}" if url == "" else url
    title = f"Title of {name}" if title is None else title
    said = (guid, url, title, content, published, categories)
    return EntryDraft(
        keys=IdentityKeys(
            guid=None if guid is None else key(guid),
            link=None if url is None else key(url),
            story=None if url is None else key(url.partition("#")[0]),
            text=key(title + "\0" + content),
            title_date=None if published is None or not title else key(f"{title}\0{published}"),
        ),
        revision=key(repr(said)),
        guid=guid,
        url=url,
        title=title,
        published=published,
        content_html=RawHtml(content),
        categories=categories,
    )


def poll(
    store: Store,
    source: Source,
    drafts: Sequence[EntryDraft] | None,
    *,
    now: int = NOW,
    policy: StoryPolicy | None = None,
    outcome: Outcome = Outcome.OK,
    title: str | None = None,
    etag: str | None = None,
    failures: int = 0,
    next_poll_at: int | None = None,
) -> PollTally:
    """Record a poll of a configured source that brought these items; None for a poll without a document."""
    (job,) = store.claim([source.name], now=now, lease=60_000)
    feed = None
    if drafts is not None:
        tagged = tuple(TaggedDraft(draft=item, tags=tags_for(source, item.categories)) for item in drafts)
        said = f"{source.name}'s own title" if title is None else title
        feed = ReadFeed(title=said, site_url="https://example.org/", drafts=tagged)
    commit = PollCommit(
        report=PollReport(
            source_id=job.source_id,
            name=job.name,
            started_at=now,
            duration_ms=5,
            outcome=outcome,
            message="",
            http_status=200,
            size=100,
        ),
        state=replace(
            job.state,
            validators=Validators(url=job.state.url, etag=etag) if etag else None,
            failures=failures,
            next_poll_at=now + source.interval if next_poll_at is None else next_poll_at,
        ),
        feed=feed,
        full_text=source.full_text and not outcome.is_failure,
    )
    return store.record(commit, policy or StoryPolicy(), now=now)
