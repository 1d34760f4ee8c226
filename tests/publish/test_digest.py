"""Days and weeks of a feed, each as one item."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import html

from aggregator.model import Content, Digest, Entry, SourceRef
from aggregator.publish.digest import digest_items, next_period_end, period_start, periods_since
from aggregator.publish.feeds import FORMATS, render
from tests.publish.entries import CHANNEL, SOURCE, an_entry
from tests.publish.nasty import nasty_entries
from tests.publish.safety import assert_safe

DAY = 86_400_000
NEWS = replace(CHANNEL, title="World news", id="https://reader.example/feeds/news")


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def surfaced(text: str, **changes: Any) -> Entry:
    instant = at(text)
    return an_entry(**{"id": instant, "surfaced": instant, "changed": instant} | changes)


ENTRIES = [
    surfaced("2026-11-22T00:00:00", title="Today"),
    surfaced("2026-11-21T23:59:59.999", title="Late"),
    surfaced("2026-11-21T00:00:00", title="Early"),
    surfaced("2026-11-16T00:00:00", title="Monday"),
    surfaced("2026-11-15T23:59:59", title="Sunday"),
]
NOW = at("2026-11-22T10:00:00")


def titles(digest: Digest, now: int = NOW) -> dict[str, list[str]]:
    return {
        item.title: ["".join(map(str, link.itertext())) for link in html.fromstring(item.content).iter("a")]
        for item in digest_items(NEWS, ENTRIES, digest, now)
    }


def test_each_day_that_is_over_and_has_entries_is_one_item_the_newest_first() -> None:
    assert list(titles(Digest.DAILY).items()) == [
        ("World news, 2026-11-21", ["Late", "Early"]),
        ("World news, 2026-11-16", ["Monday"]),
        ("World news, 2026-11-15", ["Sunday"]),
    ]


def test_a_week_begins_on_monday() -> None:
    assert titles(Digest.WEEKLY) == {"World news, week of 2026-11-09": ["Sunday"]}
    assert list(titles(Digest.WEEKLY, at("2026-11-23T00:00:00")).items()) == [
        ("World news, week of 2026-11-16", ["Today", "Late", "Early", "Monday"]),
        ("World news, week of 2026-11-09", ["Sunday"]),
    ]


@pytest.mark.parametrize("digest", Digest)
def test_an_item_appears_in_the_instant_in_which_its_period_ends(digest: Digest) -> None:
    end = next_period_end(digest, NOW)
    assert next_period_end(digest, end - 1) == end < next_period_end(digest, end)
    before, after = (digest_items(NEWS, ENTRIES, digest, now) for now in (end - 1, end))
    assert before == digest_items(NEWS, ENTRIES, digest, NOW), "until then nothing changes"
    assert after[1:] == before
    assert (after[0].published, after[0].updated) == (end, end)


@given(st.sampled_from(Digest), st.integers(0, 2**42), st.integers(1, 50))
def test_periods_follow_each_other_without_a_gap(digest: Digest, now: int, count: int) -> None:
    start, end = period_start(digest, now), next_period_end(digest, now)
    assert start <= now < end
    assert end - start == (DAY if digest is Digest.DAILY else 7 * DAY)
    assert period_start(digest, end) == end
    assert datetime.fromtimestamp(start / 1000, UTC).isocalendar().weekday == 1 or digest is Digest.DAILY
    earliest = periods_since(digest, now, count)
    assert period_start(digest, earliest) == earliest == start - count * (end - start)


def test_an_item_is_known_by_its_feed_and_period_whatever_becomes_of_its_entries() -> None:
    (first, *_) = digest_items(NEWS, ENTRIES, Digest.DAILY, NOW)
    assert first.id == "urn:uuid:a32487df-ad4c-52ca-bb29-82d0c3768266", (
        "readers would show each of them again"
    )
    (renamed, *_) = digest_items(replace(NEWS, title="News"), ENTRIES[:2], Digest.DAILY, NOW)
    assert renamed.id == first.id
    (other, *_) = digest_items(replace(NEWS, id="https://reader.example/b"), ENTRIES, Digest.DAILY, NOW)
    assert other.id != first.id
    monday = surfaced("2026-11-16T01:00:00")
    ids = {item.id for digest in Digest for item in digest_items(NEWS, [monday], digest, NOW + 7 * DAY)}
    assert len(ids) == 2, "a day is not the week that begins with it"


def test_the_order_in_which_entries_come_and_the_time_of_day_change_nothing() -> None:
    items = digest_items(NEWS, ENTRIES, Digest.DAILY, NOW)
    assert digest_items(NEWS, ENTRIES[::-1], Digest.DAILY, NOW + 1) == items
    for form in FORMATS:
        assert render(form, NEWS, items) == render(
            form, NEWS, digest_items(NEWS, ENTRIES, Digest.DAILY, NOW + 9)
        )


def test_an_edited_entry_changes_the_document_but_makes_the_item_no_newer() -> None:
    edited = replace(ENTRIES[1], changed=NOW - 5, title="Edited")
    (item, *_) = digest_items(NEWS, [edited], Digest.DAILY, NOW)
    assert (item.updated, item.changed) == (at("2026-11-22"), NOW - 5)
    (item, *_) = digest_items(NEWS, [ENTRIES[1]], Digest.DAILY, NOW)
    assert item.changed == at("2026-11-22"), "the period's end brought the item"


def test_an_entry_is_listed_with_link_sources_and_the_beginning_of_its_text() -> None:
    two = SourceRef(name="Zweite & Quelle", url="https://two.example/feed")
    entry = surfaced(
        "2026-11-21", title="A <b> & C", url="https://a.example/?a=1&b=2", sources=(SOURCE, two, two)
    )
    (item,) = digest_items(NEWS, [entry], Digest.DAILY, NOW)
    assert item.content == (
        '<ul><li><p><a href="https://a.example/?a=1&amp;b=2" rel="noopener noreferrer">'
        "A &lt;b&gt; &amp; C</a> – 半導体だより, Zweite &amp; Quelle</p><p>工場ができました。</p></li></ul>"
    )
    assert item.excerpt == "A <b> & C"


def test_an_entry_without_a_link_or_a_text_is_listed_by_its_title() -> None:
    bare = surfaced("2026-11-21", url=None, summary=None, content_html=None, title="Bare")
    (item,) = digest_items(NEWS, [bare], Digest.DAILY, NOW)
    assert item.content == "<ul><li><p>Bare – 半導体だより</p></li></ul>"


def test_a_digest_without_texts_lists_titles_and_links() -> None:
    (item, *_) = digest_items(NEWS, ENTRIES, Digest.DAILY, NOW, Content.NONE)
    assert "工場" not in item.content
    assert item.content.count("<a href=") == 2


def test_an_entry_that_cannot_be_published_leaves_its_neighbours(caplog: pytest.LogCaptureFixture) -> None:
    broken = replace(ENTRIES[1], enclosures=(None,))  # type: ignore[arg-type]  # that is what is broken
    (item, *_) = digest_items(NEWS, [broken, ENTRIES[2]], Digest.DAILY, NOW)
    assert item.excerpt == "Early"
    assert digest_items(NEWS, [broken], Digest.DAILY, NOW) == [], "a period of which nothing can be told"
    assert str(broken.id) in caplog.text


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(nasty_entries, st.sampled_from(Digest))
def test_whatever_entries_hold_their_list_is_safe_and_whole(entries: list[Entry], digest: Digest) -> None:
    found = [replace(entry, surfaced=NOW - 30 * DAY) for entry in entries]
    items = digest_items(NEWS, found, digest, NOW)
    assert len(items) == bool(found)
    for item in items:
        assert item.content.count("<li>") == len(found)
        assert_safe(item.content)
