"""What sources say of themselves is of the source: no entry changes with it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aggregator.model import (
    NOTHING_SAID,
    About,
    EntryQuery,
    Outcome,
    PollCommit,
    PollReport,
    PollTally,
    ReadFeed,
    Source,
    StoryPolicy,
    TaggedDraft,
)
from aggregator.protocols import Store
from tests.store.drafts import HOUR, NOW, draft

SHOW = Source(name="Show", url="https://show.example/feed")
SAID = About(id="tag:show.example,2024:feed", image="https://show.example/見出し.jpg", explicit=False)


def poll(store: Store, about: About, *, now: int = NOW) -> PollTally:
    (job,) = store.claim([SHOW.name], now=now, lease=60_000)
    report = PollReport(
        source_id=job.source_id, name=job.name, started_at=now, duration_ms=5, outcome=Outcome.OK
    )
    feed = ReadFeed(title="Show", site_url=None, drafts=(TaggedDraft(draft=draft(), tags=()),), about=about)
    return store.record(PollCommit(report=report, state=job.state, feed=feed), StoryPolicy(), now=now)


@pytest.mark.parametrize("said", [SAID, About(explicit=True), NOTHING_SAID])
def test_what_a_source_says_of_itself_is_read_as_it_was_written(store: Store, said: About) -> None:
    store.sync_sources([SHOW], now=NOW)
    poll(store, said)
    (entry,) = store.entries(EntryQuery())
    assert entry.source.about == said


@pytest.mark.parametrize("said", [replace(SAID, image="https://show.example/2.jpg"), NOTHING_SAID])
def test_another_picture_is_published_and_edits_no_entry(store: Store, said: About) -> None:
    store.sync_sources([SHOW], now=NOW)
    poll(store, SAID)
    (before,) = store.entries(EntryQuery())
    revision = store.revision()
    assert poll(store, SAID, now=NOW + HOUR) == PollTally()
    assert store.revision() == revision
    assert poll(store, said, now=NOW + 2 * HOUR) == PollTally()
    assert store.revision() > revision
    (after,) = store.entries(EntryQuery())
    assert after == replace(before, sources=(replace(before.source, about=said),))
